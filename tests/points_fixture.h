/* Points of a sweep over objects and workload.object_size, made by hand. */
#ifndef TESTS_POINTS_FIXTURE_H
#define TESTS_POINTS_FIXTURE_H

#include "experiment/store.h"

struct made {
	struct points points;
	struct point *list[64];
};

void made_init(struct made *made);
void made_free(struct made *made);
/* One run of 1000 operations on two CPUs with that many bounces of the allocator's lines; an
 * allocation costs `cycles`, a free as much. */
struct point *made_add(struct made *made, const char *objects, const char *size, uint64_t seed, uint64_t bounces, uint64_t cycles);
/* One more swept key of a point. */
void made_key(struct point *point, const char *key, const char *value);
void made_workload(struct point *point, const char *name);
void made_cpus(struct point *point, uint64_t count);
void made_holders(struct point *point, const struct holder *holders, size_t count);

#endif
