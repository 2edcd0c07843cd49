$(eval $(call library,ingotcli,conductor/cli,jansson yaml-0.1 zlib,$(filter-out conductor/cli/main.c,$(wildcard conductor/cli/*.c))))
$(eval $(call installed,ingot,conductor/cli/main.c,ingotcli cli cast http hwid yaml json base,jansson yaml-0.1 zlib libcurl gnutls nettle))
