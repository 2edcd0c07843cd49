$(eval $(call library,flow,conductor/flow,jansson libuv libarchive zlib libcrypt))
