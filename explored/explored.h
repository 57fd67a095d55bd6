/*
 * The explored backend from outside: every order of accesses that a schedule explorer can think
 * of, over programs of a few operations on any allocator.
 *
 * A program is a few operations per CPU, from a start state that some operations before it made:
 *
 *	a | f0 a        CPU 0 allocates; CPU 1 frees object 0, then allocates
 *
 * Objects have numbers: those of the start state first, then those of the program in reading
 * order. Whoever frees an object of another CPU waits until it is there.
 *
 * Or a workload without an allocator is run (locks, queues), with so many operations of each CPU; it
 * says itself what must be true.
 */
#ifndef EXPLORED_EXPLORED_H
#define EXPLORED_EXPLORED_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/verbs/backend.h"
#include "sim/verbs/setting.h"

enum { EXPLORE_CPUS_MAX = 4, PROGRAM_BYTES = SETTING_NAME_BYTES };

enum strategy { STRATEGY_EXHAUSTIVE, STRATEGY_PCT, STRATEGY_RUNS, STRATEGY_UNIFORM };

/* How a run can go wrong. */
enum finding_kind {
	FOUND_NOTHING,
	FOUND_BUG,                      /* a BUG of the model, or of an access */
	FOUND_TWICE,                    /* an object handed out that somebody has */
	FOUND_OUTSIDE,                  /* handed out, but in no live slab */
	FOUND_INVARIANT,                /* check() says no */
	FOUND_LOST,                     /* not back at the end */
	FOUND_GUARD,                    /* a member touched without its lock */
	FOUND_DEADLOCK,
	FOUND_LIVELOCK,
	FOUND_MEMORY,                   /* the machine has no memory left */
	FOUND_ASTRAY,                   /* the same choices led elsewhere than before */
	FINDING_KINDS,
};

/* What is explored: the section `explore:`, whose keys are explained in settings.c, and on what. */
struct explore_options {
	char program[SETTING_NAME_BYTES];
	uint64_t cpus, nodes, memory_mib, operations, object_size;
	int start, strategy;            /* of their words */
	uint64_t preemptions, depth, schedules, store_buffer, interrupts;
	const char *objects, *pages;    /* names of models; objects NULL: the page allocator alone */
	const void *objects_settings, *pages_settings;
	const char *workload;           /* instead of both and of programs; NULL: none */
	const void *workload_settings;
	bool preempt;                   /* CONFIG_PREEMPT */
	const char *plant;              /* NULL: none */
	char fault[SETTING_NAME_BYTES]; /* by place, "no-lock@zone.c:12"; empty: none */
	bool places;                    /* the report is to name the places for faults */
	const volatile sig_atomic_t *stop;      /* not NULL: ends when it is not 0 */
	uint64_t seed;
};

/* Where a lock is taken, or a word compared and exchanged; a fault there is "HOW@FILE:LINE". */
enum { PLACES_MAX = 128 };
struct fault_place {
	const char *how;                /* "no-lock", "no-compare", "low-word" */
	const struct site *site;
	char fault[64];
};

struct coverage {
	uint64_t pairs, both_orders;    /* of accesses of two CPUs to one word, by site */
	unsigned paths;
	const char *path[64];
	/* Of slabs, lists and pages, while nobody is inside: "slab, some free, on the list". */
	unsigned states;
	char state[128][64];
	unsigned places;                /* if options->places */
	struct fault_place place[PLACES_MAX];
};

struct finding;

struct explore_report {
	uint64_t programs, schedules, steps;
	bool complete;                  /* exhaustive: nothing within the bound was left out */
	bool stopped;                   /* by options->stop */
	uint64_t longest;               /* verbs of the longest run */
	unsigned entities;              /* pct: n */
	uint64_t k;                     /* pct: most steps of the trial runs */
	uint64_t beyond;                /* pct: runs longer than k */
	double bound;                   /* pct: probability of finding a bug of that depth, per run */
	struct coverage coverage;
	struct finding *finding;        /* NULL: none; finding_free */
};

/* A run that went wrong: who went on, in order. */
struct finding {
	enum finding_kind kind;
	char message[256];
	char program[PROGRAM_BYTES];
	int start;
	unsigned switches;
	char *schedule;                 /* "0*12 1*3 i0 b1": entities, and how often in a row */
	char *story;                    /* the interleaving by CPU, as text */
	uint64_t at;                    /* number of the schedule that found it, from 1 */
};

struct litmus;

/* A step of a run as it happened, for whoever shows it; texts live until the callback returns. */
enum explored_kind {
	EXPLORED_LOAD, EXPLORED_STORE, EXPLORED_RMW, EXPLORED_FENCE,
	EXPLORED_DRAIN,                 /* a store leaves its buffer */
	EXPLORED_INTERRUPT              /* one arrives */
};

struct explored_value {
	uint64_t word;                  /* a pointer into simulated memory: its offset there */
	const char *instance, *member;  /* what it points to; NULL: it is no such pointer */
};

struct explored_step {
	enum explored_kind kind;
	unsigned cpu, size;
	bool handler;                   /* of an interrupt that runs */
	bool buffered;                  /* a store that went into the buffer: nobody else sees it yet */
	uint64_t address;               /* offset in the arena */
	const char *instance, *member;
	const struct site *site;        /* NULL: none */
	struct explored_value old, now;
};

struct plant {
	const char *name, *summary, *models;    /* models: names, separated by spaces */
	const char *function, *text, *member;   /* of the site; NULL: any */
	int instead;                    /* see machine.h */
	uint64_t constant;              /* what a load gives */
	bool forgotten;                 /* a lock: nobody notes that it is held, either */
	const char *file;               /* of a place, without folders; NULL: function and so on say */
	unsigned line;
};

/* `key`: of the experiment, "explore.program". */
typedef void explore_tell(void *to, const char *key, const char *text);

struct explorer {
	const struct plant *plants;     /* ends with one without a name */
	bool (*plant_is_for)(const struct plant *plant, const char *model);
	const struct setting *settings; /* of struct explore_options */
	const char *const *strategies, *const *starts;  /* words; NULL-terminated */
	const char *const *findings;                    /* by enum finding_kind */
	/* Do the options fit? All that do not are told. */
	bool (*check)(const struct explore_options *options, explore_tell *tell, void *to);
	/* NULL in `why`[0]: done. Otherwise the options do not fit. The caller frees the finding. */
	bool (*explore)(const struct explore_options *options, struct explore_report *report,
			char *why, size_t size);
	/* Runs one schedule of options->program from options->start; the report has its finding. */
	bool (*replay)(const struct explore_options *options, const char *schedule,
		       struct explore_report *report, char *why, size_t size);
	/* The same, and all of its steps afterwards, with names. */
	bool (*watch)(const struct explore_options *options, const char *schedule,
		      void (*step)(void *to, const struct explored_step *step), void *to,
		      struct explore_report *report, char *why, size_t size);
	void (*finding_free)(struct finding *finding);
	/* All final outcomes of a litmus test, without or with store buffers, some of them often.
	 * False: it has more than EXPLORE_CPUS_MAX threads, or loops. */
	bool (*litmus)(const struct litmus *test, bool store_buffer,
		       void (*outcome)(void *to, const int64_t *outcome), void *to,
		       uint64_t *schedules);
};

#endif
