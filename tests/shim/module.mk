# Preloaded into ingotd by scenarios; never with a sanitizer of its own.
shim := $(obj)/tests/shim/libshim.so
$(shim): tests/shim/shim.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(cc.release) -std=gnu17 -D_GNU_SOURCE $(warnings) -O2 -g -fPIC -shared -pthread -o $@ $< -ldl
test_programs += $(shim)
# Preloaded into ingot-agent: a disk that fails.
diskshim := $(obj)/tests/shim/libdiskshim.so
$(diskshim): tests/shim/disk.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(cc.release) -std=gnu17 -D_GNU_SOURCE $(warnings) -O2 -g -fPIC -shared -o $@ $<
test_programs += $(diskshim)
