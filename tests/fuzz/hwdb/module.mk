$(call fuzz_target,hwdb,hwdb base,)
