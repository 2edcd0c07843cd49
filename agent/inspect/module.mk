$(eval $(call library,agentinspect,agent/inspect,jansson))
