$(call unit_tests,tests/unit/flow,flow driver agentlink ipmi model hwid httpasync http json base,libarchive zlib jansson libuv)
