$(call fuzz_target,driverinfo,driver child cast agentlink ipmi hwdb model hwid httpasync http json base,jansson libuv)
