$(eval $(call library,flow,conductor/flow,jansson libuv zlib libcrypt))
