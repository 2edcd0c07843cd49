$(call fuzz_target,grub,agentsystem agenterase agentinspect agentnvram base,jansson)
