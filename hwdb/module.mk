$(eval $(call library,hwdb,hwdb,))
