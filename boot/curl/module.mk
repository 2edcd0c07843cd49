# The agent's libcurl in the ramdisk, with HTTP and HTTPS only: build/cache/curl/.stamp.
# LIBCURL=debian takes Debian's own with all its libraries instead, 2.7 MB more.
LIBCURL ?= small
build/cache/curl/.stamp: boot/curl/build.sh
	@boot/curl/build.sh build/cache
