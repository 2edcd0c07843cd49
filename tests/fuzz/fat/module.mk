$(call fuzz_target,fat,agentsystem agentnvram base,jansson)
