$(eval $(call library,cli,lib/cli,jansson))
