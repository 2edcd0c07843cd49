$(eval $(call library,driver,conductor/driver,jansson libuv))
