$(call fuzz_target,fileview,http base,libmicrohttpd)
