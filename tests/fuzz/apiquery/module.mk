$(call fuzz_target,apiquery,api cast http store model hwid json base,sqlite3 jansson libmicrohttpd libcurl gnutls libuv)
