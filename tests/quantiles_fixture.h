/* The quantiles of workloads/quantiles.c, made anew in floating point. */
#ifndef TESTS_QUANTILES_FIXTURE_H
#define TESTS_QUANTILES_FIXTURE_H

#include "workloads/work.h"

void quantiles_make_exponential(uint32_t quantile[QUANTILES]);
void quantiles_make_lognormal(uint32_t quantile[QUANTILES]);        /* sigma 1 */

#endif
