/*
 * What all versions of SLUB have: an era's constants, the settings, and the constants of a run. The
 * story is in story.h.
 *
 * A model includes one era_*.h, which brings the structs and the constants of its version, and then
 * the steps that it shares with others (partial.h, new_slab.h, locked.h, ...). These are written
 * once, over the names of members, and compiled anew for each version.
 */
#ifndef MODELS_SLUB_SLUB_H
#define MODELS_SLUB_SLUB_H

#include "models/model.h"
#include "models/slub/check.h"
#include "models/slub/geometry.h"
#include "models/slub/kmalloc.h"
#include "models/slub/story.h"

enum { WORD = 8 };

struct kmem_cache_cpu;
struct slab_page;

enum list_end { LIST_HEAD, LIST_TAIL };

/* The constants of a version, `era` in the steps, where the compiler knows them. The diff of two
 * eras is what changed. */
struct slub_era {
	uint64_t min_partial;           /* empty slabs are kept up to so many partial ones; 0: by
					 * the size of objects */
	unsigned min_partial_bits;      /* then one for so many bits of that size, from 5 to 10 */
	bool min_objects_by_cpus;       /* a slab should hold more where there are more CPUs */
	size_t kmalloc_max;             /* larger ones come from the page allocator */
	unsigned too_many;              /* objects: a slab has fewer, for inuse to count them */
	unsigned waste;                 /* a slab wastes 1/waste of its bytes at most, if it can */
	size_t cpu_slab_bytes;          /* of an element of cpu_slab[]; 0: there is none */
	enum bit_lock slab_lock;
	enum lock_kind list_lock;
	enum list_end refilled;         /* where a full slab goes that gets an object back */
	enum list_end given_up;         /* where a slab goes that its CPU gives up */
	bool slab_over_mapping;         /* page->slab lies over page->mapping, NULL at the end */
	bool clears_debug;              /* a slab that goes loses its debug bit */
	bool counts_remote;             /* a slab given up: looks whether others freed into it */
	bool page_pair;                 /* freelist and counters of a page are exchanged as one */
	bool cpu_partial;               /* CPUs may keep partial slabs of their own */
	bool links_irqs_off;            /* interrupts come on for the page allocator only */
	bool links_once;                /* each object; else the first twice */
	bool new_reads_order;           /* of a slab that was just made */
	bool checks_pfmemalloc;         /* may everybody have the slab? a bit of page->flags */
	bool walk_prefetches;           /* a walk of the partial list asks for the next slab */
	bool reuses;                    /* released with the bug that 05aa345034d mended */
	bool loses;                     /* released with a bug that loses objects */
	bool forgets_recheck;           /* released without a second look at the CPU's freelist */
	bool rc1_to_head;               /* 3.1-rc1 put refilled slabs to the head */
	bool loads_under_lock;          /* the CPU's freelist is set while list_lock is held */
	bool keeps_list_lock;           /* over the retries of a free */
	bool discards_at_limit;         /* empty slabs, when partial ones are as many as the limit */
	bool clears_cpu_later;          /* a slab given up: its CPU's struct, after the slab */
	bool new_all_inuse;             /* a slab that was just made */
	bool forgets_drained;           /* the CPU's partial slabs, once they are drained */
	bool puts_freelist_back;        /* of a slab for the CPU's partial list: taken, then put back */
	bool fast_reads_page;           /* the fast path of an allocation looks for a slab, too */
	bool prefetches;                /* the next object, when one was taken */
	bool leaks;                     /* loses slabs: frozen, and no CPU knows them */
	bool stores_address;            /* a slab knows where it begins */
	bool tagged;                    /* lists end in an address with bit 0 set, not in NULL */
	bool counts_before_link;        /* nr_partial changes before a slab is put on the list */
	bool frozen_pages;              /* of slabs and of large kmallocs: nobody refers to them */
};

struct slub_settings {
	uint64_t min_objects, min_order, max_order;     /* min_objects 0: by the number of CPUs */
	uint64_t min_partial;           /* 0: that of the version */
	int variant;                    /* of a model that has some */
	int bugs;                       /* enum bugs */
	bool own_lines;                 /* kmalloc's caches do not share lines */
	uint64_t nr_cpus;               /* as nr_cpus() has it */
	bool cmpxchg16b;                /* the CPUs have it */
	bool cpu_partial;               /* CPUs keep partial slabs of their own */
};

enum bugs { BUGS_RELEASED, BUGS_FIXED, BUGS_3_1_RC1 };
static const char *const bugs_words[] = {
	[BUGS_RELEASED] = "released", [BUGS_FIXED] = "fixed", NULL
};

#define SLUB_SETTINGS \
	SETTING(struct slub_settings, min_objects, COUNT, .min = 1, .max = 512, .fallback = "4", \
		.help = "a slab should hold so many objects"), \
	SETTING(struct slub_settings, min_order, COUNT, .min = 0, .max = 10, .fallback = "0", \
		.help = "slabs are 2^min_order pages or larger"), \
	SETTING(struct slub_settings, max_order, COUNT, .min = 0, .max = 10, .fallback = "1", \
		.help = "slabs are 2^max_order pages or smaller, unless one object needs more"), \
	SETTING(struct slub_settings, own_lines, SWITCH, .fallback = "false", \
		.help = "kmalloc's caches begin on lines of their own; else they are packed: the " \
			"end of cpu_slab[] of one and the list_lock of the next share a line"), \
	SETTING(struct slub_settings, nr_cpus, COUNT, .min = 1, .max = 4096, .fallback = "-", \
		.help = "NR_CPUS of the kernel, at least the CPUs of the run: kmalloc's caches " \
			"have room for so many in cpu_slab[]; default the CPUs of the run " \
			"rounded up to 8")

/* Constants of the run: what the kernel knows by symbol or by configuration. */
struct slub {
	struct sim *sim;
	const struct pages *pages;
	struct memory *memory;
	const struct slub_era *era;
	const struct slub_views *views;
	struct slub_settings settings;
	size_t cpu_slab_offset;         /* of cpu_slab[] in struct kmem_cache */
	unsigned caches;
	uint64_t tid_step;              /* from one transaction id of a CPU to the next */
	uint64_t cache_bytes;           /* of all caches, with their cpu_slab[] */
	struct list_head cache_list;
	struct kmem_cache *kmalloc_96, *kmalloc_192, *kmalloc[NR_KMALLOC];
	struct { void *slab; unsigned left; } *node_slab;       /* by node */
	void *own;                      /* the model's */
};

#endif
