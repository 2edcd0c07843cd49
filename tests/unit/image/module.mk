$(call unit_tests,tests/unit/image,image http json base,libcurl gnutls libmicrohttpd libzstd zlib)
