$(eval $(call library,http,lib/http,libmicrohttpd libcurl gnutls))
$(eval $(call library,httpasync,lib/http/async,libcurl libuv))
