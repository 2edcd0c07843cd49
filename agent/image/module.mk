$(eval $(call library,image,agent/image,libcurl gnutls libzstd liblzma zlib -lbz2))
