$(call fuzz_target,agentmsg,agent agentchroot agentsystem agentnvram agentinit agentreport agentinspect agenterase image hwid http json base,jansson gnutls)
