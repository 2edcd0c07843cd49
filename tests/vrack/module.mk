# What is data and no system call is a library of its own, for the unit tests and the fuzzer.
vrack_data := $(addprefix tests/vrack/,rackderive.c rackfile.c rackvalue.c qemuargs.c csv.c)
$(eval $(call library,vrackdata,tests/vrack,inih nettle,$(vrack_data)))
$(eval $(call installed,ingot-vrack,$(filter-out $(vrack_data),$(wildcard tests/vrack/*.c)),vrackdata bmcfarm bmcemu json base,inih libuv jansson nettle))
manuals += tests/vrack/ingot-vrack.1
