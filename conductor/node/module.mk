$(eval $(call library,node,conductor/node,jansson libuv))
