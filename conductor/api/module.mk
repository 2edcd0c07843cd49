$(eval $(call library,api,conductor/api,jansson libuv nettle libcrypt))
