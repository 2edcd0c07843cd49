$(call fuzz_target,clouds,ingotcli cli http hwid json base,jansson yaml-0.1 libcurl gnutls nettle)
