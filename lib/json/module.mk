$(eval $(call library,json,lib/json,jansson))
