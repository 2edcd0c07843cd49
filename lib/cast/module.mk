$(eval $(call library,cast,lib/cast,jansson))
