$(eval $(call library,image,agent/image,libcurl gnutls jansson libzstd liblzma zlib -lbz2 -l:libdeflate.a,$(wildcard agent/image/*.c agent/image/*/*.c)))
