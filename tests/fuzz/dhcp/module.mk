$(call fuzz_target,dhcp,agentinit hwid base,)
