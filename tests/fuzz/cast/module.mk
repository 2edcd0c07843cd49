$(call fuzz_target,cast,cast json base,jansson)
