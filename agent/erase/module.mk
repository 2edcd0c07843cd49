$(eval $(call library,agenterase,agent/erase,jansson))
