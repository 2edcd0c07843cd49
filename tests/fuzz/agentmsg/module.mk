$(call fuzz_target,agentmsg,agent agentsystem agentnvram agentinit agentreport agentinspect agenterase image hwid http json base,jansson gnutls)
