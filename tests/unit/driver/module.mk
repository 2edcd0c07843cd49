$(call unit_tests,tests/unit/driver,driver child cast agentlink ipmi hwdb model hwid httpasync http json base,jansson libuv)
