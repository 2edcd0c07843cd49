$(call fuzz_target,agentpost,flow driver agentlink ipmi model hwid httpasync http json base,libarchive zlib jansson libuv)
