$(eval $(call library,agentinit,agent/init,jansson))
