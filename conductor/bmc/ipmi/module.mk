$(eval $(call library,ipmi,conductor/bmc/ipmi,libuv nettle -lm))
