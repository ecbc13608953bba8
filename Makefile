# mlp: model deployment pipelines as Unix tools. `make help` lists the targets.
SHELL   := /bin/bash
VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
Q       := $(if $(V),,@)
CC      ?= gcc
TOOLS   := mlp-validate mlp-package mlp-register mlp-serve mlp-drift mlp-promote
MODULES := base text crypt table stat report rule model oci http registry policy serve

PKGS    := libuv yaml-0.1 libarchive libcrypto libssl zlib libzstd libpcre2-8
PKGC    := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKGL    := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wcast-qual -Wformat=2 -Wundef -Wvla -Wwrite-strings -Werror
OPT     ?= -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN  := -fstack-protector-strong -fPIE
CFLAGS  += -std=c11 -D_GNU_SOURCE -DMLP_VERSION='"$(VERSION)"' -Ilib $(WARN) $(OPT) $(HARDEN) \
           -ffp-contract=off $(PKGC) $(SAN)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(SAN)
LDLIBS  += $(PKGL) -lpthread -lm

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

.PHONY: unit
unit: $(UNIT) ## build and run the unit tests (T=suite for one)
	@CK_RUN_SUITE=$(T) $(UNIT)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

-include $(OBJ:.o=.d) $(wildcard $(BUILD)/obj/cmd/*/*.d $(BUILD)/obj/tests/*/*.d)
