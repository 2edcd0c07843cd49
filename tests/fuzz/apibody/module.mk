$(call fuzz_target,apibody,api http store model hwid json base,sqlite3 jansson libmicrohttpd libcurl gnutls libuv)
