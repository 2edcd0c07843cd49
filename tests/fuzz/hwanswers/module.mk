$(call fuzz_target,hwanswers,agentinspect json base,jansson)
