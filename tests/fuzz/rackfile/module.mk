$(call fuzz_target,rackfile,vrackdata base,inih nettle)
