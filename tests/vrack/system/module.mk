# The part of the system's own program that reads foreign data, for the unit tests.
$(eval $(call library,vracksystem,tests/vrack/system,,tests/vrack/system/meta.c))
