$(call fuzz_target,csv,ingotcli cli cast http hwid yaml json base,jansson yaml-0.1 libcurl gnutls nettle)
