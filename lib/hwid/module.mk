$(eval $(call library,hwid,lib/hwid,jansson))
