$(eval $(call library,agentlink,conductor/agentlink,jansson libuv))
