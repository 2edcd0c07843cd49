$(call fuzz_target,netdata,agentinit agentreport http json hwid base,jansson)
