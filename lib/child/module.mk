$(eval $(call library,child,lib/child,libuv))
