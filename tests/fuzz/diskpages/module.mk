$(call fuzz_target,diskpages,agentinspect json base,jansson)
