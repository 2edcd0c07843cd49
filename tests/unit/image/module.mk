$(call unit_tests,tests/unit/image,image http json base,libcurl gnutls jansson libmicrohttpd libzstd zlib -l:libdeflate.a)
