/* Random bits from numbers: the same on every host. */
#ifndef SIM_VERBS_RANDOM_H
#define SIM_VERBS_RANDOM_H

#include <stdint.h>

/* An odd number: steps of it visit all of 2^64 before one comes again. */
#define RANDOM_STEP 0x9e3779b97f4a7c15u

/* Scatters: numbers that differ give numbers that differ in about half of their bits. */
static inline uint64_t random_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* 64 random bits as a number in 0..limit-1, all equally likely. */
static inline uint64_t random_share(uint64_t bits, uint64_t limit)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint64_t)((wide)bits * limit >> 64);
}

#endif
