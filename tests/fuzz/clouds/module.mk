$(call fuzz_target,clouds,ingotcli cli cast http hwid yaml json base,jansson yaml-0.1 libcurl gnutls nettle)
