# bounce: one Makefile. CC, CFLAGS, CPPFLAGS, LDFLAGS from outside only ever add.
# B=DIR builds elsewhere (the sanitizer and second-compiler builds use it).
#
#	make            the program            make demo      a first experiment, with plots
#	make check      the tests              make verify    the long tests
#	make quick      the tests but the slowest, for after every edit
#	make sanitize   tests under ASan/UBSan make bench     speed, beside that of commit BASE
#	make same       SAME_CASES results equal to those of commit BASE
#	make fuzz       fuzzers, FUZZ_SECONDS  make install   prefix=/usr/local, DESTDIR=
#	make litmus     litmus tests, RUNS of each, without and with a store buffer
#	make verify-explore                    millions of schedules of each allocator
#	make -s golden CPUS=8, make -s quantiles
#	                                       make plots     all shipped experiments and figures
#	make machines                          the microbenchmarks on all machines, docs/machines.md
#	make published                         published numbers beside bounce's, docs/published.md

prefix       ?= /usr/local
B            ?= build
CPUS         ?= 8
FUZZ_SECONDS ?= 600
RUNS         ?= 1000000
EXPLORE_SECONDS ?= 1800
BASE         ?= HEAD~1
SAME_CASES   ?= 2000

WARN    := -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
RELEASED := $(if $(SOURCE_DATE_EPOCH),$(shell date -u -d @$(SOURCE_DATE_EPOCH) +%Y-%m-%d),$(shell git log -1 --format=%cs 2>/dev/null))
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)

# A backend of the verbs: its own folder, and models and workloads compiled once more for it.
SHARED   := $(wildcard sim/verbs/*.c models/*.c models/*/*.c workloads/*.c)
BACKENDS := explored native
SOURCES_explored := $(wildcard explored/*.c) $(SHARED) litmus/execute.c
SOURCES_native   := $(wildcard native/*.c) $(filter-out workloads/ledger.c,$(SHARED))
VERBS_explored   := sim/verbs/calls.h
VERBS_native     := native/verbs.h
PARTS_explored   := explored/*.[ch] sim/verbs/*.[ch] models/*.h models/*/*.[ch]
PARTS_native     := native/*.[ch] sim/verbs/*.[ch] models/*.h models/*/*.[ch] workloads/*.[ch]
OBJCOPY  ?= objcopy

# Short lines, "CC sim/event.c"; V=1 shows the commands.
silent := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V),,@$(if $(silent),,printf '%-3s %s\n' $(1) $(2) &&))

ALL_CFLAGS   = -std=gnu17 -O2 -g -fno-omit-frame-pointer -ffp-contract=off -fwrapv $(WARN) $(CFLAGS)
ALL_CPPFLAGS = -I. -D_GNU_SOURCE -MMD -MP $(CPPFLAGS)
LDLIBS       = -lyaml -lzstd -lm -pthread

SOURCES := $(wildcard sim/*.c sim/verbs/*.c models/*.c models/*/*.c workloads/*.c experiment/*.c litmus/*.c figures/*.c steps/*.c cli/*.c)
OBJECTS := $(SOURCES:%.c=$(B)/%.o) $(BACKENDS:%=$(B)/%.o)
LIBRARY := $(filter-out $(B)/cli/main.o,$(OBJECTS))
TESTS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))
SCRIPTS := $(wildcard tests/check_*.sh)
HELPERS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/*_fixture.c))
PARALLEL := -j$(shell nproc 2>/dev/null || echo 2)
DEMO    := configs/demo.yaml
SHIPPED := $(wildcard configs/*.yaml configs/pages/*.yaml)

all: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce

$(B)/bounce: $(OBJECTS)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
	@[ "$(B)" != build ] || ln -sf build/bounce bounce

$(B)/tests/test_%: $(B)/tests/test_%.o $(HELPERS) $(LIBRARY)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(B)/docs/machine_table: $(B)/docs/machine_table.o $(LIBRARY)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/bench $(B)/tests/golden $(B)/tests/quantiles: %: %.o %_fixture.o $(LIBRARY)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/tests/hashes: %: %.o $(B)/tests/engine_fixture.o $(B)/tests/program_fixture.o $(LIBRARY)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# One relocatable object for each backend: what it defines is its own but for its door.
define rules_of_backend
OBJECTS_$(1) := $$(SOURCES_$(1):%.c=$(B)/for-$(1)/%.o)
VERSION_$(1) := $$(shell cat $$(sort $$(wildcard $$(PARTS_$(1)))) | sha256sum | cut -c1-12)
$(B)/for-$(1)/%.o: %.c $(B)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$<) $$(CC) $$(ALL_CPPFLAGS) -DBOUNCE_BACKEND='"$(VERBS_$(1))"' $$(ALL_CFLAGS) -c -o $$@ $$<
$(B)/for-$(1)/$(1)/backend.o: ALL_CPPFLAGS += -DVERSION_OF_BACKEND='"$$(VERSION_$(1))"'
$(B)/for-$(1)/$(1)/backend.o: $(B)/$(1).version
$(B)/$(1).version: FORCE
	@mkdir -p $$(@D)
	@echo '$$(VERSION_$(1))' | cmp -s - $$@ || echo '$$(VERSION_$(1))' > $$@
$(B)/$(1).o: $$(OBJECTS_$(1))
	$$(call say,LD,$$@) $$(LD) -r -o $$@.all $$^
	$$(if $$(V),,@)$$(OBJCOPY) --keep-global-symbol=backend_$(1) $$@.all $$@
	@rm $$@.all
-include $$(OBJECTS_$(1):.o=.d)
endef
$(foreach one,$(BACKENDS),$(eval $(call rules_of_backend,$(one))))

# A test from inside the native backend: a part of it, linked with nothing else of the program.
$(B)/tests/test_native_verbs: $(B)/for-native/tests/test_native_verbs.o $(OBJECTS_native) $(B)/sim/xalloc.o
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# A change of compiler or flags rebuilds everything; a new version only what prints it.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS)' > $@
$(B)/version.h: FORCE
	@mkdir -p $(@D)
	@./versions.sh '$(VERSION)' >$@.new && { cmp -s $@.new $@ && rm $@.new || mv $@.new $@; }
$(B)/experiment/version.o: ALL_CPPFLAGS += -DVERSION_FILE='"$(abspath $(B))/version.h"'
$(B)/experiment/version.o: $(B)/version.h

need-build need-plots need-tests: need-%:
	@./need.sh build $*

demo: need-plots
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce
	@for f in $(DEMO); do $(B)/bounce run $$f || exit 1; echo; done
	@echo 'Look at these:'
	@for f in $(DEMO); do ls results/$$(basename $$f .yaml)/*.png results/$$(basename $$f .yaml)/results.csv; done | sed 's/^/    /'
	@echo 'and ask:'
	@echo '    ./bounce report results/demo'
	@for f in $(DEMO); do echo; $(B)/bounce report results/$$(basename $$f .yaml) members --top 5 || exit 1; done

# Programs that take most of the time. They come first, so that none of them is left running alone.
SLOWEST := $(B)/tests/test_explore tests/check_litmus.sh tests/check_same_bytes.sh $(B)/tests/test_shortcuts \
	$(B)/tests/test_buddy
PROGRAMS = $(SLOWEST) $(filter-out $(SLOWEST),$(TESTS) $(SCRIPTS))
RUN_TESTS = BOUNCE=$(B)/bounce BOUNCE_CLANG=$(B)/clang/bounce GOLDEN=$(B)/tests/golden tests/run.sh

tested: need-plots need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce $(B)/tests/golden $(TESTS)
	@$(MAKE) $(PARALLEL) --no-print-directory CC=clang B=$(B)/clang $(B)/clang/bounce

check: tested
	@$(RUN_TESTS) 1080 $(PROGRAMS)

quick: need-plots need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce $(B)/tests/golden $(filter-out $(SLOWEST),$(TESTS))
	@$(RUN_TESTS) 300 $(filter-out $(SLOWEST),$(PROGRAMS))

# The long tests: deeper exploration, all shipped experiments with the shortcuts off.
verify: tested
	@BOUNCE_VERIFY=1 $(RUN_TESTS) 7200 $(wildcard tests/verify_*.sh) $(PROGRAMS)

# Scripts too, but those that compare compilers or count allocations.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
sanitize: need-plots need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory B=$(B)/sanitize CFLAGS='$(CFLAGS) -O1 $(SANITIZE)' sanitized
sanitized: $(TESTS) $(B)/bounce $(B)/tests/golden
	@BOUNCE=$(B)/bounce GOLDEN=$(B)/tests/golden tests/run.sh 1800 \
		$(filter-out tests/check_same_bytes.sh tests/check_memory.sh tests/check_versions.sh,$(PROGRAMS))

# A million schedules of each allocator by priorities, and all with two preemptions; each has its
# time limit, EXPLORE_SECONDS.
verify-explore: need-build
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce
	@BOUNCE=$(B)/bounce tests/explore.sh $(EXPLORE_SECONDS)

# Another commit beside this one: its sources, and the programs of this one that compare the two.
BEFORE = $(B)/before-$(shell git rev-parse --short $(BASE))
before-%: need-build
	@tests/before.sh '$(BASE)' '$(BEFORE)' '$*'
	@$(MAKE) $(PARALLEL) --no-print-directory -C '$(BEFORE)' B=build build/tests/$*
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/tests/$*

bench: before-bench
	@tests/bench.sh '$(BEFORE)/build/tests/bench' $(B)/tests/bench $(BENCH_JOBS)

# Whole results of random programs on random machines, of that commit and of this tree.
same: before-hashes
	@tests/same.sh '$(BEFORE)/build/tests/hashes' $(B)/tests/hashes $(SAME_CASES)

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
SEEDS_machine := configs/machines
MAX_LEN_machine := 16384
MAX_LEN_point := 65536
fuzz: need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory CC=clang B=$(B)/fuzz CFLAGS='-O1 $(SANITIZE) -fsanitize=fuzzer-no-link' fuzzed
fuzzed: $(patsubst tests/fuzz_%.c,fuzz-%,$(wildcard tests/fuzz_*.c))
fuzz-%: $(B)/tests/fuzz_%.o $(LIBRARY)
	$(call say,LD,$@) $(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $(B)/tests/$@ $^ $(LDLIBS)
	@mkdir -p fuzz/$*
	$(B)/tests/$@ -max_total_time=$(FUZZ_SECONDS) $(addprefix -len_control=0 -max_len=,$(MAX_LEN_$*)) \
		-artifact_prefix=fuzz/ -print_final_stats=1 fuzz/$* $(SEEDS_$*) $(wildcard tests/seeds/$*)

machines: need-tests
	@$(MAKE) $(PARALLEL) --no-print-directory $(B)/bounce $(B)/docs/machine_table
	@docs/machines.sh $(B)

published: all need-tests
	docs/published.sh $(B) >docs/published.md.new && mv docs/published.md.new docs/published.md

plots: all need-plots
	$(B)/bounce run $(SHIPPED)

# Manual pages and completion are made of the program's own tables.
REFERENCE := $(B)/bounce.1 $(B)/bounce-experiment.5 $(B)/completion
$(REFERENCE): $(B)/%: $(B)/bounce docs/reference.sh docs/completion.bash configs/demo.yaml
	docs/reference.sh $* $(B)/bounce '$(RELEASED)' >$@.new && mv $@.new $@

install: all
	@$(MAKE) --no-print-directory $(REFERENCE)
	install -d '$(DESTDIR)$(prefix)/bin' '$(DESTDIR)$(prefix)/share/doc/bounce' '$(DESTDIR)$(prefix)/share/man/man1' \
		'$(DESTDIR)$(prefix)/share/man/man5' '$(DESTDIR)$(prefix)/share/bash-completion/completions'
	install -m 644 $(B)/bounce.1 '$(DESTDIR)$(prefix)/share/man/man1/bounce.1'
	install -m 644 $(B)/bounce-experiment.5 '$(DESTDIR)$(prefix)/share/man/man5/bounce-experiment.5'
	install -m 644 $(B)/completion '$(DESTDIR)$(prefix)/share/bash-completion/completions/bounce'
	install -m 755 $(B)/bounce '$(DESTDIR)$(prefix)/bin/bounce'
	for d in configs configs/explore configs/layouts configs/machines configs/micro configs/native configs/pages labs plots workloads/traces \
		models models/bonwick models/objects models/pages models/slab models/slub sim/verbs workloads steps; do \
		install -d "$(DESTDIR)$(prefix)/share/bounce/$$d"; \
		find $$d -maxdepth 1 -type f -exec install -m 644 {} "$(DESTDIR)$(prefix)/share/bounce/$$d/" ';'; \
	done
	install -m 644 README.md LICENSE docs/*.md '$(DESTDIR)$(prefix)/share/doc/bounce/'

uninstall:
	rm -rf '$(DESTDIR)$(prefix)/bin/bounce' '$(DESTDIR)$(prefix)/share/bounce' '$(DESTDIR)$(prefix)/share/doc/bounce' \
		'$(DESTDIR)$(prefix)/share/man/man1/bounce.1' '$(DESTDIR)$(prefix)/share/man/man5/bounce-experiment.5' \
		'$(DESTDIR)$(prefix)/share/bash-completion/completions/bounce'

clean:
	rm -rf build bounce

.PHONY: all demo tested check quick verify verify-explore sanitize sanitized bench same golden quantiles litmus fuzz fuzzed machines published plots install uninstall \
	clean FORCE need-build need-plots need-tests
.SECONDARY:
FORCE:

-include $(B)/for-native/tests/test_native_verbs.d $(B)/docs/machine_table.d $(OBJECTS:.o=.d) $(TESTS:=.d) $(HELPERS:.o=.d) $(B)/tests/bench.d $(B)/tests/hashes.d $(B)/tests/golden.d $(B)/tests/quantiles.d
