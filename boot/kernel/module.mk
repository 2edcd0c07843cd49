# Debian's signed kernel and its modules, unpacked and not installed: build/cache/linux/.stamp.
build/cache/linux/.stamp: boot/kernel/fetch.sh
	@boot/kernel/fetch.sh build/cache
