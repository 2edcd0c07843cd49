$(call fuzz_target,config,config base,inih)
