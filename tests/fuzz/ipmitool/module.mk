$(call fuzz_target,ipmitool,driver child cast agentlink ipmi hwdb model hwid httpasync http json base,jansson libuv)
