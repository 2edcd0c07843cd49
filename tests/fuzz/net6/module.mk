$(call fuzz_target,net6,agentinit hwid base,)
