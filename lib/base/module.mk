$(eval $(call library,base,lib/base,nettle))
