/* Measures of a point. */
#include "experiment/measures.h"

#include <math.h>

enum { UNITS = 64 };

static double mean_cycles(const struct op_stats *op)
{
	return op->count ? (double)op->total_units / UNITS / (double)op->count : NAN;
}

double measure_per_operation(const struct result *result, double sum)
{
	return result->operations ? sum / (double)result->operations : NAN;
}

double measure_half_cycles(const struct point *point, unsigned part)
{
	const struct op_stats *op = point->result->op;
	bool objects = op[OP_ALLOC].count || op[OP_FREE].count;
	double mean = mean_cycles(&op[objects ? OP_ALLOC + part : OP_PAGE_ALLOC + part]);
	double other = mean_cycles(&op[objects ? OP_FREE - part : OP_PAGE_FREE - part]);

	return isnan(mean) && !isnan(other) ? 0 : mean;
}
_Static_assert(OP_FREE == OP_ALLOC + 1 && OP_PAGE_FREE == OP_PAGE_ALLOC + 1,
	       "measure_half_cycles counts on it");

double measure_pair_cycles(const struct point *point)
{
	return measure_half_cycles(point, 0) + measure_half_cycles(point, 1);
}

bool measure_turns(const struct points *points)
{
	for (size_t i = 0; i < points->count; i++)
		for (int op = OP_ALLOC; op <= OP_PAGE_FREE; op++)
			if (points->point[i]->result->op[op].count)
				return false;
	return true;
}

double measure_turn_cycles(const struct point *point)
{
	return mean_cycles(&point->result->op[OP_WORK]);
}
