$(call fuzz_target,jsonscan,json base,jansson)
