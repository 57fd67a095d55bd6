/*
 * What verbs do to their words: the same in every backend that does it itself.
 */
#ifndef SIM_VERBS_RMW_H
#define SIM_VERBS_RMW_H

#include <string.h>

#include "sim/verbs/verbs.h"

/* A word or a pair, in moves of its size, which a call of memcpy would cost more than; less usual
 * sizes (of host_change) by such a call. */
static inline void copy_bytes(void *to, const void *from, size_t size)
{
	if (size == 8) {                /* mostly */
		memcpy(to, from, 8);
		return;
	}
	switch (size) {
	case 1:
		memcpy(to, from, 1);
		break;
	case 2:
		memcpy(to, from, 2);
		break;
	case 4:
		memcpy(to, from, 4);
		break;
	case sizeof(struct pair):
		memcpy(to, from, sizeof(struct pair));
		break;
	default:
		memcpy(to, from, size);
	}
}

/* Pointers to `size` bytes each; `expected` of RMW_CAS only. `old` may be one of the other two: it is
 * written when they have been read. */
struct modify {
	void *p, *old;
	const void *expected, *operand;
	size_t size;
	enum rmw how;
	bool result;                    /* see verb_rmw */
};

static inline void modify_pair_(struct modify *m)
{
	unsigned char operand[sizeof(struct pair)];

	memcpy(operand, m->operand, m->size);
	m->result = m->how != RMW_CAS || !memcmp(m->p, m->expected, m->size);
	memcpy(m->old, m->p, m->size);
	if (m->result)
		memcpy(m->p, operand, m->size);
}

static inline void modify(struct modify *m)
{
	uint64_t word = 0, operand = 0, expected = 0;

	if (m->size == sizeof(struct pair)) {
		modify_pair_(m);
		return;
	}
	memcpy(&word, m->p, m->size);           /* little-endian hosts; checked at start-up */
	memcpy(&operand, m->operand, m->size);
	if (m->how == RMW_CAS)
		memcpy(&expected, m->expected, m->size);
	memcpy(m->old, &word, m->size);
	m->result = true;
	switch (m->how) {
	case RMW_EXCHANGE:
		word = operand;
		break;
	case RMW_ADD:
		word += operand;
		break;
	case RMW_CAS:
		m->result = word == expected;
		if (m->result)
			word = operand;
		break;
	case RMW_BIT_SET:
		m->result = word >> operand & 1;
		word |= 1ull << operand;
		break;
	case RMW_BIT_CLEAR:
		m->result = word >> operand & 1;
		word &= ~(1ull << operand);
		break;
	}
	memcpy(m->p, &word, m->size);
}

#endif
