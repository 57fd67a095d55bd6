/* Points without a run behind them. */
#include "tests/points_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

enum { UNITS = 64 };

static char *swept_both[] = { "objects", "workload.object_size" };

void made_init(struct made *made)
{
	*made = (struct made){ .points = { .name = "by-hand", .title = "", .version = "1.0", .models = "", .hash = "0123456789abcdef",
					   .swept = swept_both, .swepts = 2 } };
	made->points.point = made->list;
}

void made_free(struct made *made)
{
	for (size_t i = 0; i < made->points.count; i++) {
		struct point *point = made->list[i];

		for (size_t k = 0; k < point->keys; k++) {
			free(point->key[k].key);
			free(point->key[k].value);
		}
		free(point->key);
		free(point->objects);
		free(point->pages);
		free(point->workload);
		free(point->machine);
		free(point->result->cpu);
		free(point->result->line);
		free(point->result->holder);
		free(point->result->order);
		free(point->result->member);
		free(point->result->lock);
		free(point->result->site);
		free(point->result);
		free(point);
	}
}

void made_key(struct point *point, const char *key, const char *value)
{
	point->key = xrealloc(point->key, (point->keys + 1) * sizeof *point->key);
	point->key[point->keys++] = (struct point_key){ xstrdup(key), xstrdup(value), true };
}

struct point *made_add(struct made *made, const char *objects, const char *size, uint64_t seed, uint64_t bounces, uint64_t cycles)
{
	struct point *point = xalloc(sizeof *point);
	struct result *result = xalloc(sizeof *result);

	*point = (struct point){ .objects = xstrdup(objects), .pages = xstrdup("buddy"), .workload = xstrdup("w"), .machine = xstrdup("textbook"),
				 .cpus = 2, .seed = seed, .result = result };
	made_key(point, "objects", objects);
	made_key(point, "workload.object_size", size);
	*result = (struct result){ .cpus = 2, .operations = 1000, .elapsed_units = 10000 * UNITS };
	result->total.bounces[CLASS_ALLOCATOR] = bounces;
	result->op[OP_ALLOC] = (struct op_stats){ .count = 500, .total_units = 500 * cycles * UNITS };
	result->op[OP_FREE] = (struct op_stats){ .count = 500, .total_units = 500 * cycles * UNITS };
	result->total.cause_units[CAUSE_TRANSFER_SAME] = cycles * UNITS;
	result->total.cause_units[CAUSE_COMPUTE] = 100 * UNITS;
	result->total.cause_units[CAUSE_IDLE] = 5000 * UNITS;
	made->list[made->points.count++] = point;
	made->points.expected = made->points.count;
	return point;
}

void made_cpus(struct point *point, uint64_t count)
{
	point->cpus = count;
	point->result->cpus = (unsigned)count;
}

void made_workload(struct point *point, const char *name)
{
	free(point->workload);
	point->workload = xstrdup(name);
}

void made_holders(struct point *point, const struct holder *holders, size_t count)
{
	point->result->holder = xalloc(count * sizeof *holders);
	memcpy(point->result->holder, holders, count * sizeof *holders);
	point->result->holders = count;
}
