$(call fuzz_target,smbios,agentinspect json base,jansson)
