/* An access as others remember it: which CPU's, where in its line, where in the source. */
#ifndef SIM_ORIGIN_H
#define SIM_ORIGIN_H

#include <stdint.h>

struct site;

struct origin {
	const struct site *site;        /* NULL: there was none */
	uint32_t context;               /* of the operation that issued it */
	uint16_t cpu;
	uint8_t offset, size;           /* in the line, bytes */
};

#endif
