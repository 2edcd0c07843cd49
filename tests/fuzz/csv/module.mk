$(call fuzz_target,csv,ingotcli cli http hwid json base,jansson yaml-0.1 libcurl gnutls nettle)
