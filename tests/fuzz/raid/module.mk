$(call fuzz_target,raid,driver child cast agentlink ipmi hwdb model hwid httpasync http json base,jansson libuv)
