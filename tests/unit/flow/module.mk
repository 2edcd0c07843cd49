$(call unit_tests,tests/unit/flow,flow driver agentlink ipmi hwdb model hwid httpasync http json base,libarchive zlib jansson libuv)
