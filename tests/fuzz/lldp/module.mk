$(call fuzz_target,lldp,agentinspect json base,jansson)
