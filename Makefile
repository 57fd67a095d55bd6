# bounce: one Makefile. CC, CFLAGS, CPPFLAGS, LDFLAGS from outside only ever add.
# B=DIR builds elsewhere (the sanitizer and second-compiler builds use it).
#
#	make            the program            make demo      a first experiment, with plots
#	make check      the tests              make verify    the long tests
#	make sanitize   tests under ASan/UBSan make bench     speed, as ratios
#	make fuzz       fuzzers, FUZZ_SECONDS  make install   prefix=/usr/local, DESTDIR=
#	make litmus     litmus tests, RUNS of each, without and with a store buffer
#	make verify-explore                    millions of schedules of each allocator
#	make -s golden CPUS=8, make -s quantiles
#	                                       make plots     all shipped experiments and figures
#	make machines                          the microbenchmarks on all machines, docs/machines.md

prefix       ?= /usr/local
B            ?= build
CPUS         ?= 8
FUZZ_SECONDS ?= 600
RUNS         ?= 1000000
EXPLORE_SECONDS ?= 1800

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)
# Points of equal models are interchangeable: their version is the hash of what can change one.
MODELS  := $(shell cat $(sort $(wildcard sim/*.[ch] sim/verbs/*.[ch] models/*.h models/*/*.[ch] workloads/*.[ch])) | sha256sum | cut -c1-12)

# A backend of the verbs: its own folder, and models and workloads compiled once more for it.
SHARED   := $(wildcard sim/verbs/*.c models/*.c models/*/*.c workloads/*.c)
EXPLORED := $(patsubst %.c,$(B)/for-explored/%.o,$(wildcard explored/*.c) $(SHARED))
VERSION_explored := $(shell cat $(sort $(wildcard explored/*.[ch] sim/verbs/*.[ch] models/*.h models/*/*.[ch])) | sha256sum | cut -c1-12)
OBJCOPY  ?= objcopy

ALL_CFLAGS   = -std=gnu17 -O2 -g -fno-omit-frame-pointer -ffp-contract=off -fwrapv $(WARN) $(CFLAGS)
ALL_CPPFLAGS = -I. -D_GNU_SOURCE -MMD -MP $(CPPFLAGS)
LDLIBS       = -lyaml -lzstd -lm

SOURCES := $(wildcard sim/*.c sim/verbs/*.c models/*.c models/*/*.c workloads/*.c experiment/*.c litmus/*.c cli/*.c)
OBJECTS := $(SOURCES:%.c=$(B)/%.o) $(B)/explored.o
LIBRARY := $(filter-out $(B)/cli/main.o,$(OBJECTS))
TESTS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))
SCRIPTS := $(wildcard tests/check_*.sh)
HELPERS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/*_fixture.c))
PARALLEL := -j$(shell nproc 2>/dev/null || echo 2)
DEMO    := configs/remote-free.yaml configs/socket-recorded.yaml
SHIPPED := $(wildcard configs/*.yaml)

all: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce

$(B)/bounce: $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
	@[ "$(B)" != build ] || ln -sf build/bounce bounce

$(B)/tests/test_%: $(B)/tests/test_%.o $(HELPERS) $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(B)/docs/machine_table: $(B)/docs/machine_table.o $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/bench $(B)/tests/golden $(B)/tests/quantiles: %: %.o %_fixture.o $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# One relocatable object for each backend: what it defines is its own but for its door.
$(B)/for-explored/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -DBOUNCE_BACKEND='"sim/verbs/calls.h"' $(ALL_CFLAGS) -c -o $@ $<
$(B)/for-explored/explored/backend.o: ALL_CPPFLAGS += -DVERSION_OF_BACKEND='"$(VERSION_explored)"'
$(B)/for-explored/explored/backend.o: $(B)/version
$(B)/explored.o: $(EXPLORED)
	$(LD) -r -o $@.all $^
	$(OBJCOPY) --keep-global-symbol=backend_explored $@.all $@
	@rm $@.all

# A change of compiler or flags rebuilds everything; a new version only what prints it.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS)' > $@
$(B)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(MODELS) $(VERSION_explored)' | cmp -s - $@ || echo '$(VERSION) $(MODELS) $(VERSION_explored)' > $@
$(B)/experiment/version.o: ALL_CPPFLAGS += -DBOUNCE_VERSION='"$(VERSION)"' -DVERSION_OF_MODELS='"$(MODELS)"'
$(B)/experiment/version.o: $(B)/version

need-build need-plots need-tests: need-%:
	@./need.sh build $*

demo: need-plots
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce
	@for f in $(DEMO); do $(B)/bounce run $$f || exit 1; echo; done
	@echo 'Look at these:'
	@for f in $(DEMO); do ls results/$$(basename $$f .yaml)/*.png results/$$(basename $$f .yaml)/results.csv; done | sed 's/^/    /'
	@echo 'and ask:'
	@echo '    ./bounce report results/remote-free'

check: need-plots need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce $(B)/tests/golden $(TESTS)
	@$(MAKE) $(PARALLEL) --no-print-directory CC=clang B=$(B)/clang $(B)/clang/bounce
	@BOUNCE=$(B)/bounce BOUNCE_CLANG=$(B)/clang/bounce GOLDEN=$(B)/tests/golden tests/run.sh 300 $(TESTS) $(SCRIPTS)

# The long tests: deeper exploration, all shipped experiments with the shortcuts off.
verify: need-plots need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce $(B)/tests/golden $(TESTS)
	@$(MAKE) $(PARALLEL) --no-print-directory CC=clang B=$(B)/clang $(B)/clang/bounce
	@BOUNCE_VERIFY=1 BOUNCE=$(B)/bounce BOUNCE_CLANG=$(B)/clang/bounce GOLDEN=$(B)/tests/golden \
		tests/run.sh 7200 $(TESTS) $(SCRIPTS) $(wildcard tests/verify_*.sh)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
sanitize: need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory B=$(B)/sanitize CFLAGS='$(CFLAGS) -O1 $(SANITIZE)' sanitized
sanitized: $(TESTS) $(B)/bounce
	@BOUNCE=$(B)/bounce tests/run.sh 1200 $(TESTS)

# A million schedules of each allocator by priorities, and all with two preemptions; each has its
# time limit, EXPLORE_SECONDS.
verify-explore: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce
	@BOUNCE=$(B)/bounce tests/explore.sh $(EXPLORE_SECONDS)

bench: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/tests/bench
	@$(B)/tests/bench $(BENCH_ACCESSES)

golden: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory -s $(B)/tests/golden
	@$(B)/tests/golden $(CPUS)

quantiles: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory -s $(B)/tests/quantiles
	@$(B)/tests/quantiles

litmus: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce
	@for depth in 0 8; do $(B)/bounce litmus tests/litmus/*.litmus --depth $$depth --runs $(RUNS) || status=$$?; done; exit $$status

# libFuzzer; a finding is left in fuzz/.
fuzz: need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory CC=clang B=$(B)/fuzz CFLAGS='-O1 $(SANITIZE) -fsanitize=fuzzer-no-link' fuzzed
fuzzed: $(patsubst tests/fuzz_%.c,fuzz-%,$(wildcard tests/fuzz_*.c))
fuzz-%: $(B)/tests/fuzz_%.o $(LIBRARY)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $(B)/tests/$@ $^ $(LDLIBS)
	@mkdir -p fuzz/$*
	$(B)/tests/$@ -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=fuzz/ -print_final_stats=1 fuzz/$* $(wildcard tests/seeds/$*)

machines: need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce $(B)/docs/machine_table
	@docs/machines.sh $(B)

plots: all need-plots
	$(B)/bounce run $(SHIPPED)

install: all
	install -d '$(DESTDIR)$(prefix)/bin' '$(DESTDIR)$(prefix)/share/doc/bounce'
	install -m 755 $(B)/bounce '$(DESTDIR)$(prefix)/bin/bounce'
	for d in configs configs/explore configs/machines configs/micro plots workloads/traces; do \
		install -d "$(DESTDIR)$(prefix)/share/bounce/$$d"; \
		find $$d -maxdepth 1 -type f -exec install -m 644 {} "$(DESTDIR)$(prefix)/share/bounce/$$d/" ';'; \
	done
	install -m 644 README.md LICENSE docs/*.md '$(DESTDIR)$(prefix)/share/doc/bounce/'

uninstall:
	rm -rf '$(DESTDIR)$(prefix)/bin/bounce' '$(DESTDIR)$(prefix)/share/bounce' '$(DESTDIR)$(prefix)/share/doc/bounce'

clean:
	rm -rf build bounce

.PHONY: all demo check verify verify-explore sanitize sanitized bench golden quantiles litmus fuzz fuzzed machines plots install uninstall \
	clean FORCE need-build need-plots need-tests
.SECONDARY:
FORCE:

-include $(B)/docs/machine_table.d $(OBJECTS:.o=.d) $(EXPLORED:.o=.d) $(TESTS:=.d) $(HELPERS:.o=.d) $(B)/tests/bench.d $(B)/tests/golden.d $(B)/tests/quantiles.d
