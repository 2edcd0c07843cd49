$(eval $(call library,report,conductor/report,libuv jansson))
