$(eval $(call library,model,conductor/model,jansson))
