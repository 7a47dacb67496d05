# SPDX-License-Identifier: GPL-2.0-only
#
# writetrace. `make help` lists the targets; `make run` and `make check` need nothing done before.

VERSION := 0.1.0

PREFIX  ?= /usr/local
DESTDIR ?=
SBINDIR  = $(PREFIX)/sbin
DOCDIR   = $(PREFIX)/share/doc/writetrace
UNITDIR  = $(PREFIX)/lib/systemd/system
MANDIR   = $(PREFIX)/share/man
BASHDIR  = $(PREFIX)/share/bash-completion/completions
FISHDIR  = $(PREFIX)/share/fish/vendor_completions.d
# Debian's zsh looks into site-functions below /usr/local only.
ZSHDIR   = $(PREFIX)/share/zsh/$(if $(and $(filter /usr,$(PREFIX)),$(wildcard /etc/debian_version)),vendor-completions,site-functions)

# For other processors, as in CROSS_COMPILE=aarch64-linux-gnu- SYSROOT=DIR BUILD=build/arm64
CROSS_COMPILE ?=
SYSROOT       ?=

ifneq ($(CROSS_COMPILE),)
  CC := $(CROSS_COMPILE)gcc
endif
CC           ?= cc
CLANG        ?= clang
BPFTOOL      ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
PKG_CONFIG   ?= pkg-config
RST2MAN      ?= $(shell command -v rst2man || echo rst2man.py)
CLANG_FORMAT ?= clang-format

BUILD   := build
# What runs in the kernel may be shared by builds that differ in the rest.
BPF_BUILD = $(BUILD)
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null | sed 's/-.*//' | grep . || uname -m)
ARCH    := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(MACHINE)))

ifneq ($(SYSROOT),)
  export PKG_CONFIG_SYSROOT_DIR := $(SYSROOT)
  export PKG_CONFIG_LIBDIR := $(SYSROOT)/usr/lib/$(MACHINE)-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig
  CC += --sysroot=$(SYSROOT)
endif

ifeq ($(V),1)
  Q   :=
  say := @:
else
  Q   := @
  say := @printf '  %-7s %s\n'
endif

# --- Flags ----------------------------------------------------------------------------------------

# BTF has the names of source files, which shall not say where we were built.
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Werror \
	      -ffile-prefix-map=$(CURDIR)=. \
	      $(addprefix -I,$(wildcard $(SYSROOT)/usr/include/$(MACHINE)-linux-gnu))

CFLAGS ?= -O2 -g
# Rows of tables leave out at their end what they do not have.
WT_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DWT_VERSION='"$(VERSION)"' -Wall -Wextra -Werror \
	    -Wno-missing-field-initializers -pthread \
	    -I. -iquote common -I$(BPF_BUILD) $(shell $(PKG_CONFIG) --cflags libbpf libelf zlib smartcols ncursesw)
WT_LIBS   = -pthread $(shell $(PKG_CONFIG) --libs libbpf libelf zlib smartcols ncursesw)

ifeq ($(SANITIZE),1)
  BUILD     := build/sanitize
  WT_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
  WT_LIBS   += -fsanitize=address,undefined
endif

# --- What is built --------------------------------------------------------------------------------

OBJS      := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/*.c common/*.c))
OBJECTS   := writetrace writetrace_direct writetrace_no_fetch
SKELETONS := $(OBJECTS:%=$(BPF_BUILD)/%.skel.h)
PAGES     := $(patsubst man/%.rst,$(BUILD)/man/%.8,$(wildcard man/*.rst))
UNITS     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
WORKLOADS := $(BUILD)/tests/workload
# of x86's 64-bit compilers, those that can
COMPAT := $(if $(filter x86_64,$(shell uname -m)),$(if $(CROSS_COMPILE),,$(BUILD)/tests/compat32))

.PHONY: all man run check check-long check-kernels check-compilers check-build bench bench-deps install uninstall dist deb deps lint format clean help
.DELETE_ON_ERROR:
.PRECIOUS: $(BPF_BUILD)/%.skel.h $(BPF_BUILD)/%.bpf.o

all: $(BUILD)/writetrace

$(BUILD)/writetrace: $(OBJS)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(WT_LIBS)

$(BUILD)/%.o: %.c
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WT_CFLAGS) -MMD -MP -c -o $@ $<

# Types of the kernel that our programs know (bpf/kernel.h), sorted by name
$(BPF_BUILD)/kernel_type_names.h: $(BPF_BUILD)/writetrace.bpf.o $(BPF_BUILD)/writetrace_direct.bpf.o
	$(say) NAMES $@
	$(Q)for object in $^; do $(BPFTOOL) btf dump file $$object format raw || exit; done > $@.tmp
	$(Q)echo '#define KERNEL_TYPE_NAMES \' > $@
	$(Q)sed -n "s/^\[[0-9]*\] STRUCT '\([a-z0-9_]*\)'.*/\1/p" $@.tmp | grep -v '^wt_' | LC_ALL=C sort -u | \
		sed 's/.*/	"&", \\/' >> $@
	$(Q)echo >> $@
	$(Q)rm $@.tmp

$(BUILD)/common/kernel_btf.o $(BUILD)/fuzz/obj/common/kernel_btf.o: $(BPF_BUILD)/kernel_type_names.h

# The skeletons must be there before the files that include them are compiled for the first time.
$(patsubst %.c,$(BUILD)/%.o,$(wildcard common/session*.c)): $(SKELETONS)

# clang compiles, bpftool strips what only debuggers want, and turns the rest into a C header.
$(OBJECTS:%=$(BPF_BUILD)/%.bpf.o): bpf/writetrace.bpf.c Makefile
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@.tmp $<
	$(Q)$(BPFTOOL) gen object $@ $@.tmp
	$(Q)rm $@.tmp

# The same once more for kernels that allow plain loads of kernel memory, and for those before 5.12, without atomic
# operations that tell the old value. (One object for all would be mostly what the verifier has to throw out.)
$(BPF_BUILD)/writetrace_direct.bpf.o: BPF_CFLAGS += -DWT_DIRECT
$(BPF_BUILD)/writetrace_no_fetch.bpf.o: BPF_CFLAGS += -DWT_NO_FETCH

$(BPF_BUILD)/%.skel.h: $(BPF_BUILD)/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# docutils leaves space before a section's first paragraph, and names a font that troff does not have.
$(BUILD)/man/%.8: man/%.rst $(wildcard man/*.inc)
	$(say) MAN $@
	$(Q)mkdir -p $(@D)
	$(Q)$(RST2MAN) --halt=2 $< > $@.tmp
	$(Q)sed -e '/^\.SH /{n;/^\.sp$$/d;}' $@.tmp | sed -e 's/^\.ft C$$/.ft CR/' > $@
	$(Q)rm $@.tmp

man: $(PAGES)

# --- Tests ----------------------------------------------------------------------------------------

$(BUILD)/tests/unit/%: tests/unit/%.c $(filter $(BUILD)/common/%,$(OBJS))
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WT_CFLAGS) -MMD -MP -o $@ $< $(filter %.o,$^) \
		$(WT_LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

$(BUILD)/tests/workload: $(wildcard tests/workload*.c) tests/workload.h
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -Wall -Wextra -Werror -o $@ $(filter %.c,$^) -lpthread

# Fuzz targets: libFuzzer's, with everything of common/ compiled once more for them.
FUZZ_FLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(filter-out tests/fuzz/fuzz.c,$(wildcard tests/fuzz/*.c)))

$(BUILD)/fuzz/obj/%.o: %.c | $(SKELETONS)
	$(say) FUZZ $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g $(WT_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

.PRECIOUS: $(BUILD)/fuzz/obj/%.o

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/obj/tests/fuzz/fuzz.o \
		$(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(wildcard common/*.c))
	$(say) LINK $@
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(WT_LIBS)

# What writetrace costs, and what it cannot cost less than: see tests/bench/run.
BENCH := $(BUILD)/bench/meter $(BUILD)/bench/floor

$(BUILD)/bench/meter: tests/bench/meter.c
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -Wall -Wextra -Werror -o $@ $< -lpthread

$(BUILD)/bench/floor.bpf.o: tests/bench/floor.bpf.c
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) '-DWT_FLOOR_WRITE="__$(patsubst x86,x64,$(ARCH))_sys_write"' -c -o $@ $<

$(BUILD)/bench/floor.skel.h: $(BUILD)/bench/floor.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name floor_bpf > $@

$(BUILD)/bench/floor: tests/bench/floor.c $(BUILD)/bench/floor.skel.h
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(WT_CFLAGS) -o $@ $< $(WT_LIBS)

# Unless whoever calls has said how many jobs there may be
BUILD_JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# Static: guests have no 32-bit libraries. The kernel's headers for both are the same, but only gcc-multilib, which does not
# go with a cross compiler, puts them where -m32 looks. Tests say what they skip without this program.
$(BUILD)/tests/compat32: tests/compat32.c
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -m32 -static -idirafter /usr/include/$(shell $(CC) -print-multiarch) -o $@ $< || rm -f $@

check-build: all man $(BENCH) $(UNITS) $(WORKLOADS) $(FUZZERS) $(COMPAT)

# Everything: units, bats on this kernel, the same bats files in guests (see tests/run). With SANITIZE=1, units and bats on
# this kernel with what that builds; workloads are the ordinary ones.
check:
	$(Q).ci/deps build check
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) SANITIZE=0 check-build
ifeq ($(SANITIZE),1)
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) all $(UNITS)
	$(Q)WT_BUILD=$(CURDIR)/$(BUILD) tests/run units host
else
	$(Q)tests/run
endif

# The bats files in guests of the kernels that we support. Takes five hours or so on two processors; ends with a table.
check-kernels:
	$(Q).ci/deps build check
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) check-build
	$(Q)tests/kernels

# Builds with other compilers and the newest libbpf, tried in guests.
check-compilers:
	$(Q).ci/deps build check
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) check-build
	$(Q)tests/compilers

# The same tests at their full size on this machine's kernel, an hour or two; then those of other kernels, of which check
# runs a part.
check-long:
	$(Q).ci/deps build check
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) check-build
	$(Q)status=0; WT_LONG=1 tests/run units host || status=1; tests/kernels || status=1; exit $$status

bench:
	$(Q).ci/deps build check
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) all $(BENCH)
	$(Q)tests/bench/run $(ROWS)

bench-deps:
	$(Q).ci/deps build check peers

# --- For people -----------------------------------------------------------------------------------

# Traces a real program: git, making a commit.
run:
	$(Q).ci/deps build
	$(Q)$(MAKE) --no-print-directory $(BUILD_JOBS) all
	$(Q)rm -rf $(BUILD)/run && mkdir -p $(BUILD)/run
	$(Q)git init -q $(BUILD)/run && echo hello > $(BUILD)/run/hello.txt
	$(Q)git -C $(BUILD)/run add hello.txt
	$(BUILD)/writetrace trace -- git -C $(BUILD)/run -c user.name=me -c user.email=me@localhost \
		commit -q -m 'first commit'

deps:
	$(Q).ci/deps build check

# Where things will be is known here only, so this file is made anew each time.
$(BUILD)/writetrace@.service: common/writetrace@.service.in FORCE
	$(Q)sed 's,@SBINDIR@,$(SBINDIR),' $< > $@

FORCE:

install: all man $(BUILD)/writetrace@.service
	install -D -m 0755 $(BUILD)/writetrace $(DESTDIR)$(SBINDIR)/writetrace
	install -D -m 0644 -t $(DESTDIR)$(DOCDIR) README.md LICENSE
	install -D -m 0644 -t $(DESTDIR)$(UNITDIR) $(BUILD)/writetrace@.service
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man8 $(PAGES)
	install -D -m 0644 completions/writetrace.bash $(DESTDIR)$(BASHDIR)/writetrace
	install -D -m 0644 -t $(DESTDIR)$(FISHDIR) completions/writetrace.fish
	install -D -m 0644 -t $(DESTDIR)$(ZSHDIR) completions/_writetrace

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/writetrace $(DESTDIR)$(UNITDIR)/writetrace@.service
	rm -f $(DESTDIR)$(BASHDIR)/writetrace $(DESTDIR)$(FISHDIR)/writetrace.fish $(DESTDIR)$(ZSHDIR)/_writetrace
	rm -f $(PAGES:$(BUILD)/man/%=$(DESTDIR)$(MANDIR)/man8/%)
	rm -rf $(DESTDIR)$(DOCDIR)

# The source of the last commit, and a package for Debian and Ubuntu: into build/
dist:
	$(Q).ci/dist

deb:
	$(Q).ci/deps build package
	$(Q).ci/deb $(VERSION)

SOURCES = $(wildcard cmd/*.[ch] common/*.[ch] bpf/*.[ch] tests/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] \
	  tests/bench/*.[ch])
SHELLS  = completions/writetrace.bash $(wildcard tests/*.bash) $(shell grep -lE '^\#!.*[/ ](bash|sh|bats)( |$$)' $$(git ls-files .ci tests completions))

lint:
	$(Q).ci/deps build check
	$(say) FORMAT 'clang-format --dry-run'
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(SOURCES)
	$(say) CPPCHECK 'cmd common'
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem "-DLIBBPF_OPTS(type,name,...)=struct type name = {}" -D_GNU_SOURCE -D__x86_64__ \
		-DWT_VERSION='"0"' -I. cmd common
	$(say) SHELL 'shellcheck'
	$(Q)shellcheck $(SHELLS)

format:
	$(Q)$(CLANG_FORMAT) -i $(SOURCES)

clean:
	$(Q)[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name vm ! -name root -exec rm -rf {} +

help:
	@echo 'all             build build/writetrace (the default)'
	@echo 'man             build the man pages'
	@echo 'run             install what is missing, build, trace a real program'
	@echo 'check           install what is missing, build, pass all tests'
	@echo 'check-kernels   what depends on the kernel, in guests of all that we support (hours)'
	@echo 'check-compilers builds with gcc, clang, and the newest libbpf, tried in guests'
	@echo 'check-long      tests of this kernel at full size, the package in a fresh Debian; then check-kernels'
	@echo 'bench           what tracing costs, as a table (half an hour; ROWS="null rate" for some)'
	@echo 'bench-deps      install other tracers, to be measured beside it'
	@echo 'install         to PREFIX ($(PREFIX)) below DESTDIR; uninstall undoes it'
	@echo 'deb             a package for Debian and Ubuntu: build/writetrace_$(VERSION)_ARCH.deb'
	@echo 'dist            the source of the last commit: build/writetrace-$(VERSION).tar.xz'
	@echo 'deps            install what is missing to build and test'
	@echo 'lint            clang-format, cppcheck, shellcheck'
	@echo 'format          let clang-format lay out the code'
	@echo 'clean           remove what was built; guest kernels stay in build/vm, tests'\'' roots in build/root'
	@echo
	@echo 'V=1 shows commands, SANITIZE=1 builds build/sanitize/writetrace with ASan and UBSan; with check, that is tested.'

-include $(OBJS:.o=.d) $(SKELETONS:.skel.h=.bpf.d) $(UNITS:=.d) \
	$(wildcard $(BUILD)/fuzz/obj/*/*.d $(BUILD)/fuzz/obj/*/*/*.d)
