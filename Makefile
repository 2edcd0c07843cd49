# Ingot: one non-recursive Makefile; every folder says what it holds in its module.mk.
#
#   make            the programs and the agent image        make check       everything CI runs (root)
#   make deps       install what the machine lacks (root)   make check-unit  no root, under a minute
#   make demo       a rack of three machines, end to end    make check-all   every combination (root)
#   make lint       layers, layout, analysers               make bench       measurements beside peers
#   make install    into PREFIX, with a systemd unit        make fuzz MIN=5  every fuzz target so long
#   make openapi    openapi.yaml as the tables say          make fuzz-api    mutated requests, ten minutes
#   make check-contract  beside Debian's Ironic (root)
#   make repeat N=20                                        every simulated scenario so many times
#
# VARIANT=release|debug|asan|tsan|fuzz; release lands in build/, the others in build/<variant>/.

VARIANT ?= release
PREFIX  ?= /usr/local
all:

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
export PYTHONDONTWRITEBYTECODE := 1

out := build$(if $(filter-out release,$(VARIANT)),/$(VARIANT))
obj := build/obj/$(VARIANT)

cc.release := $(or $(filter-out cc,$(CC)),gcc)
cc.debug   := $(cc.release)
cc.asan    := $(cc.release)
cc.tsan    := $(cc.release)
cc.fuzz    := clang
flags.release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
flags.debug   := -Og -g3
flags.asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
flags.tsan    := -O1 -g -fsanitize=thread
flags.fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
                 -fprofile-instr-generate -fcoverage-mapping
ifeq ($(flags.$(VARIANT)),)
$(error VARIANT=$(VARIANT) is unknown: use release, debug, asan, tsan or fuzz)
endif

VERSION := 0.1.0
WERROR  ?= -Werror
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wno-unused-parameter $(WERROR)
CC := $(cc.$(VARIANT))
cflags := -std=gnu17 -D_GNU_SOURCE -DINGOT_VERSION='"$(VERSION)"' -I. -pthread $(warnings) $(flags.$(VARIANT)) $(CFLAGS)
# sanitizers define crypt_r() and others to wrap them, which makes the library itself look unneeded
ldflags := -pthread $(if $(findstring sanitize,$(flags.$(VARIANT))),,-Wl,--as-needed) $(filter -fsanitize%,$(flags.$(VARIANT))) \
           $(filter -fprofile-instr-generate,$(flags.$(VARIANT))) $(LDFLAGS)

# A module is a folder: $(call library,NAME,FOLDER,PACKAGES) makes $(obj)/libNAME.a of its *.c;
# $(call program,NAME,SOURCES,LIBRARIES,PACKAGES) makes $(out)/NAME. Packages are pkg-config names,
# or -lNAME for a library that has none.
pkg_names  = $(filter-out -l%,$(1))
pkg_cflags = $(if $(pkg_names),$(shell pkg-config --cflags $(pkg_names)))
pkg_libs   = $(if $(pkg_names),$(shell pkg-config --libs $(pkg_names))) $(filter -l%,$(1))
objects    = $(patsubst %.c,$(obj)/%.o,$(1))

define library
lib.$(1).objs := $$(call objects,$$(or $(4),$$(wildcard $(2)/*.c)))
lib.$(1).pkgs := $(3)
$$(lib.$(1).objs): pkgs := $(3)
$(obj)/lib$(1).a: $$(lib.$(1).objs)
	@mkdir -p $$(@D); rm -f $$@; ar rcs $$@ $$^
modules += $(1)
sources += $$(or $(4),$$(wildcard $(2)/*.c))
endef

# Libraries may name each other, so they are linked as one group.
define program
prog.$(5)$(1).objs := $$(call objects,$(2))
$$(prog.$(5)$(1).objs): pkgs := $(4)
$(5)$(1): $$(prog.$(5)$(1).objs) $$(foreach l,$(3),$(obj)/lib$$(l).a)
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	@$$(CC) $$(ldflags) -o $$@ $$(prog.$(5)$(1).objs) -Wl,--start-group $$(foreach l,$(3),$(obj)/lib$$(l).a) -Wl,--end-group \
	  $$(call pkg_libs,$$(sort $(4) $$(foreach l,$(3),$$(lib.$$(l).pkgs)))) $(6)
sources += $(2)
endef
# $(call installed,NAME,SOURCES,LIBRARIES,PACKAGES,EXTRA LINK FLAGS): a program users get.
installed = $(call program,$(1),$(2),$(3),$(4),$(out)/,$(5))$(eval programs += $(out)/$(1))

# $(call unit_tests,FOLDER,LIBRARIES,PACKAGES): every FOLDER/test_*.c is one TAP program.
define unit_test
$(call program,$(basename $(notdir $(1))),$(1),$(2),$(3),$(obj)/tests/$(dir $(1)))
unit_programs += $(obj)/tests/$(dir $(1))$(basename $(notdir $(1)))
endef
unit_tests = $(foreach t,$(wildcard $(1)/test_*.c),$(eval $(call unit_test,$(t),$(2),$(3))))

# $(call fuzz_target,NAME,LIBRARIES,PACKAGES): tests/fuzz/NAME/fuzz_NAME.c with its corpus/ beside it.
# With VARIANT=fuzz it is a libFuzzer program, otherwise it replays the files it is given.
fuzz_main := $(if $(filter fuzz,$(VARIANT)),,tests/fuzz/replay.c)
define fuzz_rule
$(call program,fuzz_$(1),tests/fuzz/$(1)/fuzz_$(1).c $(fuzz_main),$(2),$(3),$(obj)/tests/fuzz/,$(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer))
fuzz_names += $(1)
fuzz_programs += $(obj)/tests/fuzz/fuzz_$(1)
endef
fuzz_target = $(eval $(call fuzz_rule,$(1),$(2),$(3)))

modules :=
programs :=
sources :=
unit_programs :=
fuzz_names :=
fuzz_programs :=
test_programs :=
scenario_programs :=
manuals :=
include $(sort $(shell find lib hwdb conductor boot firmware agent tests -name module.mk))

$(obj)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(cflags) $(call pkg_cflags,$(pkgs)) -MMD -MP -c -o $@ $<

-include $(patsubst %.c,$(obj)/%.d,$(sort $(sources)))

help:
	@sed -n '1,/^VARIANT/s/^# \{0,1\}//p' Makefile

.PHONY: help all man openapi programs deps clean check check-unit check-all check-contract check-variant lint demo bench fuzz fuzz-api fuzz-report repeat install
programs: $(programs)
all: programs man build/api.html
deps:
	@./deps.sh
clean:
	rm -rf build

# --- manual pages: conductor/ingotd.8 and its kind, and those that are made of what a program knows ---
man: build/man/ingot.1 build/man/ingot.conf.5 $(addprefix build/man/,$(notdir $(manuals)))
build/man/ingot.1: $(out)/ingot
	@mkdir -p $(@D)
	@$< man >$@
build/man/ingot.conf.5: conductor/conf-man.awk conductor/ingot.conf
	@mkdir -p $(@D)
	@awk -f $^ >$@
$(foreach m,$(manuals),$(eval build/man/$(notdir $(m)): $(m); @mkdir -p build/man && cp $$< $$@))

# --- the API: conductor/api/openapi.yaml, which make openapi brings in line with the tables, and its page ---
api_tables := $(obj)/tests/api/api-tables
openapi: $(api_tables)
	@$(api_tables) >build/api-tables.json && python3 conductor/api/openapi.py write build/api-tables.json
build/api.html: conductor/api/openapi.yaml conductor/api/openapi.py
	@mkdir -p $(@D)
	@python3 conductor/api/openapi.py page >$@

# --- tests ---------------------------------------------------------------------------------------
# Every test is a TAP program. tests/check.sh runs them in stages, shows what it runs and how long
# it took, and ends with one line of totals.

test_programs += $(unit_programs)
tests: $(test_programs) $(scenario_programs) $(fuzz_programs)

check-unit: programs tests
	@tests/check.sh unit $(VARIANT) $(unit_programs) -- $(foreach f,$(fuzz_names),$(obj)/tests/fuzz/fuzz_$(f)=tests/fuzz/$(f)/corpus)

check: deps
	@tests/check.sh all
check-all: deps
	@tests/check.sh everything

# The same questions to Debian's Ironic and to Ingot; tests/contract/README.md.
check-contract: deps
	@$(MAKE) --no-print-directory programs
	@tests/contract/check.py

# Ends non-zero on a finding; MIN is minutes for each target.
MIN ?= 1
fuzz: deps
	@tests/fuzz/run.sh $(MIN) $(fuzz_names)
# Mutated requests over HTTP to an ingotd with the address sanitizer; FUZZ_SECONDS is how long.
FUZZ_SECONDS ?= 600
fuzz-api: deps
	@$(MAKE) --no-print-directory VARIANT=asan programs
	@INGOT_OUT=$(CURDIR)/build/asan tests/api/fuzz.t --seconds $(FUZZ_SECONDS)
fuzz-report: deps
	@tests/fuzz/report.sh $(fuzz_names)

# Ends non-zero when one run of one scenario failed; seeds are printed.
N ?= 20
repeat: programs tests
	@tests/scenarios/repeat.sh $(N)

lint:
	@tests/lint/lint.sh

demo: deps
	@$(MAKE) --no-print-directory all
	@tests/scenarios/demo.py
bench: deps
	@$(MAKE) --no-print-directory all tests
	@tests/bench/bench.py

# --- installation --------------------------------------------------------------------------------
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/ingot/agent \
	  $(DESTDIR)$(PREFIX)/share/ingot/firmware $(DESTDIR)$(PREFIX)/share/ingot/hwdb \
	  $(DESTDIR)/etc/ingot $(DESTDIR)/lib/systemd/system
	install -m 755 $(out)/ingotd $(DESTDIR)$(PREFIX)/sbin/ingotd
	install -m 755 $(out)/ingot $(out)/ingot-vrack $(DESTDIR)$(PREFIX)/bin/
	for m in build/man/*.[158]; do install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	$(out)/ingot completion bash | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ingot
	$(out)/ingot completion zsh | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ingot
	$(out)/ingot completion fish | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ingot.fish
	install -m 644 build/agent/vmlinuz build/agent/initramfs $(DESTDIR)$(PREFIX)/share/ingot/agent/
	install -m 644 $(wildcard build/firmware/*.efi) $(DESTDIR)$(PREFIX)/share/ingot/firmware/
	install -m 644 $(wildcard hwdb/*.hwdb) $(DESTDIR)$(PREFIX)/share/ingot/hwdb/
	test -e $(DESTDIR)/etc/ingot/ingot.conf || install -m 640 conductor/ingot.conf $(DESTDIR)/etc/ingot/ingot.conf
	sed 's|@PREFIX@|$(PREFIX)|g' conductor/ingotd.service > $(DESTDIR)/lib/systemd/system/ingotd.service
