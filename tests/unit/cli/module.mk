$(call unit_tests,tests/unit/cli,ingotcli cli cast http hwid yaml json base,jansson yaml-0.1 zlib libcurl gnutls nettle)
