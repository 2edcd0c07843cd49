$(eval $(call library,agentinit,agent/init,jansson,$(wildcard agent/init/*.c agent/init/*/*.c)))
