$(eval $(call library,rule,conductor/model/rule,jansson libpcre2-8))
