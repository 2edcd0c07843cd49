$(call unit_tests,tests/unit/report,report store httpasync http model json base,libuv sqlite3 jansson libcurl gnutls)
