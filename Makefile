# bounce: one Makefile. CC, CFLAGS, CPPFLAGS, LDFLAGS from outside only ever add.
# B=DIR builds elsewhere (the sanitizer and second-compiler builds use it).

prefix  ?= /usr/local
B       ?= build

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
ifneq (,$(findstring clang,$(shell $(CC) --version 2>/dev/null)))
WARN    += -Wno-gnu-statement-expression -Wno-gnu-auto-type
endif
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)

ALL_CFLAGS   = -std=gnu17 -O2 -g -fno-omit-frame-pointer -ffp-contract=off -fwrapv $(WARN) $(CFLAGS)
ALL_CPPFLAGS = -I. -I$(B) -D_GNU_SOURCE -MMD -MP $(CPPFLAGS)
LDLIBS       = -lyaml -lzstd -lm

SOURCES := $(wildcard sim/*.c sim/verbs/*.c models/*.c models/*/*.c workloads/*.c experiment/*.c cli/*.c)
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
LIBRARY := $(filter-out $(B)/cli/main.o,$(OBJECTS))
TESTS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))
HELPERS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/*_fixture.c))

all: $(B)/bounce

$(B)/bounce: $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
	@[ "$(B)" != build ] || ln -sf build/bounce bounce

$(B)/tests/test_%: $(B)/tests/test_%.o $(HELPERS) $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(B)/tests/bench $(B)/tests/golden: %: %.o $(HELPERS) $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# A change of compiler or flags rebuilds everything.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' > $@

tests: $(TESTS)

clean:
	rm -rf build bounce

.PHONY: all tests clean FORCE
.SECONDARY:
FORCE:

-include $(OBJECTS:.o=.d) $(TESTS:=.d)
