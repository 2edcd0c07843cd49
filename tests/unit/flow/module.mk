$(call unit_tests,tests/unit/flow,flow iso driver child cast agentlink ipmi hwdb model hwid httpasync http json base,libarchive zlib jansson libuv)
