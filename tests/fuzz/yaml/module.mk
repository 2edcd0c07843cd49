$(call fuzz_target,yaml,yaml json base)
