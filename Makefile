# mlp: model deployment pipelines as Unix tools. `make help` lists the targets.
SHELL   := /bin/bash
VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
Q       := $(if $(V),,@)
CC      ?= gcc
TOOLS   := mlp-validate mlp-package mlp-register mlp-serve mlp-drift mlp-promote
MODULES := base text crypt table stat report rule forest net model oci http registry policy serve stream

PKGS    := libuv yaml-0.1 libcrypto libssl libnghttp2 zlib libzstd libpcre2-8 liblzma liblz4
PKGC    := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKGL    := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wcast-qual -Wformat=2 -Wundef -Wvla -Wwrite-strings -Werror \
           $(if $(findstring clang,$(CC)),-Wno-pass-failed)
OPT     ?= -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN  := -fstack-protector-strong -fPIE
CFLAGS  += -std=c11 -D_GNU_SOURCE -DMLP_VERSION='"$(VERSION)"' -Ilib $(WARN) $(OPT) $(HARDEN) \
           -ffp-contract=off $(PKGC) $(SAN)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SAN)
LDLIBS  += $(PKGL) -lbz2 -lpthread -lm

SRC     := $(foreach m,$(MODULES),$(wildcard lib/$(m)/*.c))
OBJ     := $(SRC:%.c=$(BUILD)/obj/%.o)
LIB     := $(BUILD)/libmlp.a
HAVE    := $(foreach t,$(TOOLS),$(if $(wildcard cmd/$(t)/main.c),$(t)))
BIN     := $(HAVE:%=$(BUILD)/bin/%)
UNIT    := $(BUILD)/bin/unit

.PHONY: all
all: $(BIN) ## build the six programs into build/bin

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(OBJ)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

define tool_rule
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard cmd/$(1)/*.c)) $(LIB)
	@mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$^ $(LDLIBS)
endef
$(foreach t,$(HAVE),$(eval $(call tool_rule,$(t))))

$(UNIT): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/*.c)) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check 2>/dev/null)

# Small programs that tests use: one source each. preload_*.c become libraries for LD_PRELOAD.
TESTSRC := $(filter-out tests/fault/preload_%,$(wildcard tests/conformance/*.c tests/fault/*.c \
           tests/bench/*.c tests/cli/*.c))
TESTBIN := $(patsubst %.c,$(BUILD)/bin/%,$(notdir $(TESTSRC)))
PRELOAD := $(patsubst tests/fault/%.c,$(BUILD)/bin/%.so,$(wildcard tests/fault/preload_*.c))
$(foreach s,$(TESTSRC),$(eval $(BUILD)/bin/$(notdir $(s:.c=)): $(BUILD)/obj/$(s:.c=.o) $(LIB)))
$(TESTBIN):
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/bin/preload_%.so: tests/fault/preload_%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $< -ldl

.PHONY: test-programs
test-programs: $(TESTBIN) $(PRELOAD) $(UNIT)

.PHONY: unit
unit: $(UNIT) ## run the unit tests (T=suite for one)
	@CK_DEFAULT_TIMEOUT=120 $(if $(T),CK_RUN_SUITE=$(T)) $(UNIT)

.PHONY: cli
cli: all test-programs ## run the tests of the programs (T=name for one)
	@tests/cli/run $(T)

CONFORM := json validate drift models convert
.PHONY: conformance
conformance: all test-programs ## run others' cases (skipped by name where absent)
	@for s in $(CONFORM); do tests/conformance/run $$s || exit 1; done

.PHONY: lint
lint: all ## check the house rules, the man pages, the scripts and what is generated
	@tests/lint/run

# deps may install the libraries that this Makefile looked for when it was read: read it again.
.PHONY: demo
demo: deps ## install what is missing, build, run the whole pipeline on real data
	@$(MAKE) --no-print-directory all
	@examples/flights/demo

.PHONY: check
check: test-deps ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory all test-programs
	@tests/run

.PHONY: debug
debug: ## everything again under ASan and UBSan, in build/debug
	@$(MAKE) --no-print-directory BUILD=build/debug OPT='-O1 -g' \
	    SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' \
	    $(or $(GOALS),all unit)

.PHONY: tsan
tsan: ## the threads under TSan, in build/tsan
	@$(MAKE) --no-print-directory BUILD=build/tsan OPT='-O1 -g' SAN='-fsanitize=thread' \
	    $(or $(GOALS),all unit)

.PHONY: clang
clang: ## everything again with clang, in build/clang
	@$(MAKE) --no-print-directory BUILD=build/clang CC=$(or $(CLANG),clang-14) $(or $(GOALS),all unit)

FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
build/fuzz/bin/%: tests/fuzz/fuzz_%.c $(SRC) $(wildcard lib/*/*.h)
	@$(MAKE) --no-print-directory BUILD=build/fuzz CC=$(or $(CLANG),clang-14) OPT='-O1 -g' \
	    SAN='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' \
	    build/fuzz/libmlp.a
	@mkdir -p $(@D)
	@$(or $(CLANG),clang-14) $(CFLAGS) -O1 -g -fsanitize=address,undefined,fuzzer $< \
	    build/fuzz/libmlp.a $(LDLIBS) -o $@

.PHONY: fuzz
fuzz: $(addprefix build/fuzz/bin/,$(or $(T),$(FUZZERS))) ## fuzz every parser S seconds each (T=one S=60; SEED=1 for the same inputs each time)
	@tests/fuzz/run $(or $(S),10) $(or $(T),$(FUZZERS))

.PHONY: soak
soak: all ## half load on a server while its models are swapped (S=1800 seconds)
	@SOAK_SECONDS=$(or $(S),1800) tests/soak/serve-soak.sh

.PHONY: cover
cover: ## line and branch coverage of lib by all tests, in build/cover
	@$(MAKE) --no-print-directory BUILD=build/cover OPT='-O0 -g --coverage' SAN=--coverage \
	    all unit test-programs
	@MLP_BIN=$(CURDIR)/build/cover/bin tests/cli/run >/dev/null || true
	@for suite in json validate drift models; do \
	    MLP_BIN=$(CURDIR)/build/cover/bin tests/conformance/run $$suite; done
	@lcov -q --rc lcov_branch_coverage=1 -c -d build/cover/obj/lib -o build/cover/all.info
	@lcov -q --rc lcov_branch_coverage=1 -e build/cover/all.info '*/lib/*' -o build/cover/lib.info
	@lcov --rc lcov_branch_coverage=1 --summary build/cover/lib.info

.PHONY: bench
bench: all ## measure against the named peers, paired in one run
	@tests/bench/run

.PHONY: man
man: all ## make the man pages and completions from the option tables
	@mkdir -p man completions/bash completions/zsh completions/fish
	@for t in $(HAVE); do \
	    $(BUILD)/bin/$$t --generate man >man/$$t.1 && \
	    $(BUILD)/bin/$$t --generate bash >completions/bash/$$t && \
	    $(BUILD)/bin/$$t --generate zsh >completions/zsh/_$$t && \
	    $(BUILD)/bin/$$t --generate fish >completions/fish/$$t.fish || exit 1; done

.PHONY: install
install: all ## install under PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 man/man5 \
	    man/man7 bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	install -m 755 -s $(BIN) $(DESTDIR)$(PREFIX)/bin
	for s in 1 5 7; do install -m 644 man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s || exit 1; done
	install -m 644 completions/bash/* $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 completions/zsh/* $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 completions/fish/* $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

# One row a system: the command that installs, then the packages that build, then those that test.
APT := pkg-config libuv1-dev libyaml-dev libssl-dev libnghttp2-dev zlib1g-dev libzstd-dev \
       libpcre2-dev liblzma-dev liblz4-dev libbz2-dev check python3 python3-venv curl
DNF := pkgconf libuv-devel libyaml-devel openssl-devel libnghttp2-devel zlib-devel libzstd-devel \
       pcre2-devel xz-devel lz4-devel bzip2-devel check-devel python3 curl
APK := pkgconf libuv-dev yaml-dev openssl-dev nghttp2-dev zlib-dev zstd-dev pcre2-dev xz-dev lz4-dev \
       bzip2-dev check-dev linux-headers bash coreutils grep python3 curl
BREW := pkg-config libuv libyaml openssl libnghttp2 zlib zstd pcre2 xz lz4 bzip2 check python3 curl
APT_TEST := mandoc shellcheck strace valgrind clang-14 libclang-rt-14-dev wrk nghttp2-client skopeo lcov jq librdkafka1

.PHONY: deps
deps: ## install what building and the demo need (apt, dnf, apk or brew)
	@tests/deps "$(APT)" "$(DNF)" "$(APK)" "$(BREW)" ""

.PHONY: test-deps
test-deps: ## install what every test needs as well
	@tests/deps "$(APT)" "$(DNF)" "$(APK)" "$(BREW)" "$(APT_TEST)"

.PHONY: dist
dist: ## a reproducible source archive in build/
	@mkdir -p $(BUILD)
	git archive --format=tar --prefix=mlp-$(VERSION)/ HEAD | gzip -9n >$(BUILD)/mlp-$(VERSION).tar.gz
	@sha256sum $(BUILD)/mlp-$(VERSION).tar.gz

.PHONY: deb
deb: all ## a Debian package in build/
	@tests/deb $(BUILD) $(VERSION)

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

-include $(OBJ:.o=.d) $(wildcard $(BUILD)/obj/cmd/*/*.d $(BUILD)/obj/tests/*/*.d)
