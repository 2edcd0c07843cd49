$(call fuzz_target,agentmsg,agent agentinit agentreport agentinspect agenterase image hwid http json base,jansson gnutls)
