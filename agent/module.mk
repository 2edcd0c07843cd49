$(eval $(call library,agent,agent,jansson,$(filter-out agent/main.c,$(wildcard agent/*.c))))
agent_libs := agent iso agentchroot agentsystem agentnvram agentinit agentreport agentinspect agenterase image cli hwid http json base
$(eval $(call installed,ingot-agent,agent/main.c,$(agent_libs),jansson gnutls))
manuals += agent/ingot-agent.8
$(eval $(call library,agentnvram,agent/nvram,))
$(eval $(call library,agentsystem,agent/system,jansson))
