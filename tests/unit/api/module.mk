$(call unit_tests,tests/unit/api,api cast http store model hwid json base,sqlite3 jansson libmicrohttpd libcurl gnutls libuv)
