$(eval $(call library,boot,boot,libuv))
# the templates are copied in by the assembler, which names no dependencies
$(obj)/boot/script.o: $(wildcard boot/script/*.ipxe)
