/*
 * What the workload `struct` is to do, read from its settings: an outline, and groups of CPUs each
 * of which goes through its list of accesses again and again.
 *
 *	workload:
 *	  kind: struct
 *	  members: {f_mode: int, f_count: {offset: 8, size: 8}}   # or  layout: file.pahole
 *	  edit: [none, {move: {f_count: own-line}}]
 *	  threads:
 *	    writer:  {cpus: 1, loop: [add f_count, compute 100]}
 *	    readers: {loop: [load f_mode, "load f_op 0.1"]}
 */
#ifndef WORKLOADS_STRUCT_PLAN_H
#define WORKLOADS_STRUCT_PLAN_H

#include "workloads/outline.h"
#include "workloads/struct_outline.h"

enum struct_which { WHICH_OWN, WHICH_RANDOM, WHICH_TURN };

struct struct_settings {
	char layout[SETTING_NAME_BYTES], struct_name[SETTING_NAME_BYTES];
	char sequence[SETTING_NAME_BYTES];
	const struct tree *members, *threads, *edit;
	uint64_t instances, start, work_cycles;
	bool per_cpu;
	int which;                      /* enum struct_which */
	int lock;                       /* enum lock_kind */
	struct distribution work;
};

enum access_kind {
	ACCESS_LOAD, ACCESS_STORE, ACCESS_ADD, ACCESS_ADD_LOCAL, ACCESS_CAS, ACCESS_EXCHANGE,
	ACCESS_READ_MOSTLY, ACCESS_SUM, ACCESS_LOCK, ACCESS_UNLOCK, ACCESS_COMPUTE, ACCESS_FENCE,
	ACCESS_KINDS
};
extern const char *const access_words[ACCESS_KINDS + 1];

/* Rates are shares of 2^32: always is 2^32. */
enum { RATE_BITS = 32 };
#define RATE_ALWAYS ((uint64_t)1 << RATE_BITS)

struct listed {
	enum access_kind kind;
	struct outline_spot spot;
	uint64_t rate, cycles;          /* cycles: of compute */
	struct site site;               /* group, place in its list, the access as written, kind */
};

struct group {
	const char *name;
	struct listed *access;
	unsigned accesses;
	uint64_t work_cycles;
	unsigned cpus;                  /* how many */
};

struct struct_plan {
	struct outline *outline;            /* edited */
	struct group *group;
	unsigned groups;
	unsigned *group_of;             /* [cpus]: of each CPU; `groups`: it has no work */
};

/* Words of it point into the settings. NULL: mistakes were told. */
struct struct_plan *struct_plan_new(const struct struct_settings *set, unsigned cpus,
				    workload_tell *tell, void *to);
void struct_plan_free(struct struct_plan *plan);

/* Does the group write what it accesses so? */
bool access_writes(enum access_kind kind);
#endif
