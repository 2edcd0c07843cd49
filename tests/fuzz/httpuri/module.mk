$(call fuzz_target,httpuri,http base,libmicrohttpd)
