$(eval $(call library,model,conductor/model,jansson libpcre2-8,$(wildcard conductor/model/*.c conductor/model/rule/*.c)))
