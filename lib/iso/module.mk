$(eval $(call library,iso,lib/iso,jansson))
