$(call fuzz_target,hints,hwid json base,jansson)
