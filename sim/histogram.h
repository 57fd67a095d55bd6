/* How often each value came, within 1/64 of it: percentiles. */
#ifndef SIM_HISTOGRAM_H
#define SIM_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BINS = 64 * 64 };      /* 64 to each power of two */

struct histogram {                      /* zeroed: empty */
	uint64_t bin[HISTOGRAM_BINS];
};

static inline unsigned histogram_bin_(uint64_t value)
{
	unsigned exponent;

	if (value < 64)
		return (unsigned)value;
	exponent = 63 - (unsigned)__builtin_clzll(value);
	return (exponent - 5) * 64 + (unsigned)(value >> (exponent - 6) & 63);
}

static inline uint64_t histogram_start_(unsigned bin)
{
	unsigned exponent = bin / 64 + 5;

	return bin < 64 ? bin : (uint64_t)(64 | bin % 64) << (exponent - 6);
}

static inline void histogram_add(struct histogram *h, uint64_t value, uint64_t times)
{
	h->bin[histogram_bin_(value)] += times;
}

/* The value that `percent` of the `count` values do not exceed; 0 of none. */
static inline uint64_t histogram_percentile(const struct histogram *h, uint64_t count,
					    unsigned percent)
{
	uint64_t wanted = (count * percent + 99) / 100, seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BINS; i++) {
		seen += h->bin[i];
		if (seen >= wanted && seen)
			return histogram_start_(i);
	}
	return 0;
}

#endif
