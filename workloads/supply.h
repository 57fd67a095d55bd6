/*
 * Where a workload's objects come from and how they are used: their sizes, their cache, the bytes
 * touched, the work around them, in settings that several workloads have.
 */
#ifndef WORKLOADS_SUPPLY_H
#define WORKLOADS_SUPPLY_H

#include "workloads/work.h"
#include "workloads/workload.h"

/* Members of a workload's settings, and their entries in its table. */
#define SUPPLY_MEMBERS \
	struct sizes object_size; \
	uint64_t write_bytes, read_bytes, work_cycles; \
	int cache, gfp; \
	struct distribution work

#define SUPPLY_SETTINGS(type, size_) \
	SETTING(type, object_size, SIZES, .min = 8, .max = 65536, .fallback = size_, .unit = "bytes", \
		.help = "size of the objects; where it is drawn, and beyond 8192, they are kmalloc's"), \
	SETTING(type, cache, WORD, .words = supply_words, .fallback = "kmem_cache", \
		.help = "a cache of the workload's own, or kmalloc and kfree"), \
	SETTING(type, gfp, WORD, .words = gfp_words, .fallback = "kernel", \
		.help = "kernel: an allocation may sleep; atomic: interrupts stay as they are"), \
	SETTING(type, write_bytes, BYTES, .min = 0, .max = 65536, .fallback = "8", .unit = "bytes", \
		.help = "of a new object that are written, one access per line; at most its size"), \
	SETTING(type, read_bytes, BYTES, .min = 0, .max = 65536, .fallback = "8", .unit = "bytes", \
		.help = "of an object that are read before it is freed; at most its size"), \
	SETTING(type, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "100", \
		.unit = "cycles", .help = "work around each object, in the mean"), \
	SETTING_WORK(type, "exponential")

enum gfp_word { GFP_WORD_KERNEL, GFP_WORD_ATOMIC };
extern const char *const gfp_words[];
extern const char *const supply_words[];        /* kmem_cache, kmalloc: of enum source_kind */

struct supply_options {
	SUPPLY_MEMBERS;
};
#define SUPPLY_OPTIONS(set) \
	(struct supply_options){ (set)->object_size, (set)->write_bytes, (set)->read_bytes, \
				 (set)->work_cycles, (set)->cache, (set)->gfp, (set)->work }

/* What a workload takes from; the same for all CPUs. */
struct supply {
	struct traffic *traffic;
	struct supply_options set;
	struct kmem_cache *cache;       /* NULL: kmalloc */
	struct work *work;
};

/* A CPU's: draws of its own. */
struct supplied {
	struct draws work, size;
};

/* Set-up; also sets traffic->gfp. */
struct supply supply_new(struct traffic *traffic, const struct supply_options *options);
void supply_free(struct supply *supply);
/* The draws that a CPU uses for other purposes are of streams below 16. */
struct supplied supplied_new(const struct sim *sim, unsigned cpu);
/* Work, then an object, written to; `size` gets its size. */
void *supply_get(struct cpu *cpu, const struct supply *supply, struct supplied *mine,
		 uint32_t *size);
/* It is read and goes. */
void supply_put(struct cpu *cpu, const struct supply *supply, void *object, uint32_t size);
/* One that is drawn, in bytes. */
uint32_t sizes_draw(struct draws *draws, const struct sizes *sizes);

#endif
