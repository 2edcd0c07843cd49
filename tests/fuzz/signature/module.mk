$(call fuzz_target,signature,agenterase json base,jansson)
