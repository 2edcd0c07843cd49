$(call unit_tests,tests/unit/http,httpasync http json base,libmicrohttpd libcurl libuv gnutls)
