$(call fuzz_target,machine,cli hwid json base,jansson)
