$(eval $(call library,agentinit,agent/init,))
