/*
 * An experiment: read from its file, checked, and multiplied out into points.
 */
#ifndef EXPERIMENT_EXPERIMENT_H
#define EXPERIMENT_EXPERIMENT_H

#include "experiment/diagnostic.h"
#include "experiment/expect.h"
#include "experiment/lab.h"
#include "experiment/sha256.h"
#include "experiment/store.h"
#include "experiment/weak.h"
#include "explored/explored.h"
#include "models/model.h"
#include "sim/machine.h"
#include "sim/sim.h"
#include "workloads/stand.h"

/* The words of `placement`: those of the simulator, then those that become lists of cores. */
enum {
	PLACEMENT_PAIRS_APART_1 = PLACEMENT_APART_4 + 1, PLACEMENT_PAIRS_APART_4 = PLACEMENT_PAIRS_APART_1 + 3,
	PLACEMENT_LISTED,
};

enum scale { SCALE_NONE, SCALE_SOCKETS };
enum preempt { PREEMPT_AUTO, PREEMPT_TRUE, PREEMPT_FALSE };
enum struct_page { STRUCT_PAGE_AUTO, STRUCT_PAGE_PACKED, STRUCT_PAGE_ALIGNED };

/* The top level of an experiment; machine, workload and the sections of models are apart. */
enum { PAGES_AUTO, PAGES_FIRST };       /* settings.pages; the registry follows */

struct settings {
	char name[SETTING_NAME_BYTES], title[SETTING_NAME_BYTES];
	char machine[SETTING_NAME_BYTES], workload[SETTING_NAME_BYTES];
	int placement;                  /* enum placement up to APART_4, and the above */
	uint64_t cpus;
	int scale;                      /* enum scale */
	int objects, pages;             /* index into the registries, from 1; 0: none, auto */
	uint64_t operations, warmup;    /* operations 0: not given */
	uint64_t repeat, seed;
	struct wordlist plots;
	uint64_t memory_mib;
	int struct_page;                /* enum struct_page */
	int preempt;                    /* enum preempt; see combination_preempt */
	uint64_t second_cycles;
	struct interrupts interrupts;
	uint64_t jitter_cycles;
	uint64_t max_cycles;
	bool run_ahead, parking;
	struct explore_options explore; /* the section; what is no key of it is not filled in */
	int plant;                      /* 0: none; else one more than the index in its table */
	struct expect_keys expect;      /* for its keys only: what is expected is the experiment's */
	struct lab_keys lab;            /* likewise */
};

/* One combination of swept values; a point is a combination and a seed. */
struct combination {
	struct settings settings;
	struct machine machine;
	char machine_name[SETTING_NAME_BYTES];  /* with its overrides: "core2-2s+l1d.kib=64" */
	char *machine_text;                     /* as the effective experiment has it */
	const struct object_allocator *objects; /* NULL: none */
	const struct page_allocator *pages;
	const struct workload *workload;
	void *objects_settings, *pages_settings, *workload_settings;
	void *pages_fitted;             /* what `auto` became in pages_settings */
	unsigned *core;                         /* of each CPU, [cores]; NULL: the simulator's word */
	size_t cores;
	uint64_t warmup, operations;            /* as the workload wants them */
	char input[SHA256_HEX_BYTES]; /* content of the workload's input; "" without one */
	bool scaled;                            /* got more sockets than its machine has */
	bool seedless;                          /* no seed can change it */
	char identity[POINT_NAME_BYTES];        /* of what it simulates, in whatever words */
	size_t *turn;                           /* of each swept list the value it has */
	struct place *place;                    /* and where that stands */
	struct point_key *key;                  /* settings as text, in table order */
	size_t keys;
};

struct planned {
	const struct combination *combination;
	uint64_t seed;
	char name[POINT_NAME_BYTES];
};

struct experiment {
	char *path;                             /* of its file */
	char name[SETTING_NAME_BYTES], title[SETTING_NAME_BYTES];
	char hash[SHA256_HEX_BYTES];            /* of the effective experiment */
	char *effective;                        /* as YAML, reads back the same */
	struct combination **combination;
	size_t combinations;
	struct planned *point;                  /* in file order of the product, seeds innermost */
	size_t points;
	char **swept;                           /* keys given as lists, in file order */
	size_t swepts;
	char **plot;
	size_t plots;
	char **set;
	size_t sets;
	struct expectations expect;
	struct lab *lab;                        /* NULL: it is none */
	size_t left_out;                        /* combinations that cannot be, beside those that can */
	bool explores;                          /* says what is explored, or planted */
	struct place program, fault, plant;     /* where; live as `compared` does */
	struct place about;                     /* where the workload is; lives as `compared` does */
	struct place compared;                  /* where allocators are named; lives as long as the
						 * diagnostics of its load */
};

/*
 * Reads and checks the file, with `sets` (KEY=VALUE) put over it. NULL: all mistakes are in
 * `diagnostics`.
 */
struct experiment *experiment_load(const char *path, char *const *sets, size_t set_count,
				   struct diagnostics *diagnostics);
/* The same on machines whose uncertain numbers are changed; NULL as change: on those of the file. */
struct experiment *experiment_load_changed(const char *path, char *const *sets, size_t set_count,
					   const struct weak_change *change,
					   struct diagnostics *diagnostics);
/* The same from text in memory; `path` names it and is where relative paths start from. */
struct experiment *experiment_parse(const char *path, const char *text, size_t length,
				    char *const *sets, size_t set_count,
				    struct diagnostics *diagnostics);
void experiment_free(struct experiment *experiment);

/* Where a combination has its value of a swept key that `text` names in quotes, 'batch'; else
 * where the workload is. Lives as long as the diagnostics of the load. */
struct place experiment_blame(const struct experiment *experiment,
			      const struct combination *combination, const char *text);
/* In front of why a combination is left out, in notes. */
#define LEFT_OUT "left out: "
/* Takes out combinations, and their points: those of which `out` is true. One has to stay. */
void experiment_leave_out(struct experiment *experiment, const bool *out);

/* Machine, placement and cores of the simulator's options. */
void combination_place(const struct combination *combination, struct sim_options *options);
/* Of simulated memory that a machine with so many nodes needs. */
uint64_t combination_bytes(const struct combination *combination, uint64_t nodes);
/* Models, workload and their settings, as its machine stands ready to run them. */
void combination_plan(const struct combination *combination, struct stand_plan *plan);
/* Does the kernel count preemption? `auto`: as kernels like its allocators' do. */
bool combination_preempt(const struct combination *combination);
/* Does the key determine a point? Others are about the experiment; the seed comes apart. */
bool effective_is_of_point(const char *key);

#endif
