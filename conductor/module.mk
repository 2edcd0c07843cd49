conductor.libs := api node flow iso driver child cast agentlink report store model ipmi hwdb boot hwid httpasync http yaml json base
$(eval $(call library,config,conductor,inih,conductor/config.c))
$(eval $(call library,wire,conductor/wire,libuv))
$(eval $(call installed,ingotd,conductor/main.c,wire config $(conductor.libs),libuv))
manuals += conductor/ingotd.8
