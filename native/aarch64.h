/*
 * The same of an aarch64 processor; see x86_64.h. It has no read-modify-writes that are weaker than
 * exclusive ones, so those "without LOCK" are relaxed atomics: what they cost says nothing of x86.
 */
#ifndef NATIVE_AARCH64_H
#define NATIVE_AARCH64_H

static inline void native_pause(void)
{
	__asm__ volatile("yield");
}

static inline void native_fence(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}

static inline uint64_t native_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

static inline uint64_t native_ticks_begin(void)
{
	__asm__ volatile("dsb ish; isb" ::: "memory");
	return native_ticks();
}

static inline uint64_t native_ticks_end(void)
{
	__asm__ volatile("dmb ishld; isb" ::: "memory");
	return native_ticks();
}

static inline void native_flush_line(const void *p)
{
	__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
}

static inline uint64_t native_add_sixteen(uint64_t x)
{
	__asm__ volatile("add %0, %0, #1; add %0, %0, #1; add %0, %0, #1; add %0, %0, #1;"
			 "add %0, %0, #1; add %0, %0, #1; add %0, %0, #1; add %0, %0, #1;"
			 "add %0, %0, #1; add %0, %0, #1; add %0, %0, #1; add %0, %0, #1;"
			 "add %0, %0, #1; add %0, %0, #1; add %0, %0, #1; add %0, %0, #1"
			 : "+r"(x));
	return x;
}

#define NATIVE_CAS_LOCAL(p, seen, new, same) \
	((same) = __atomic_compare_exchange_n((p), &(seen), (new), false, __ATOMIC_RELAXED, \
					      __ATOMIC_RELAXED))

#define NATIVE_BIT(type, p, bit, set, order) \
	((set) ? __atomic_fetch_or((type *)(p), (type)((type)1 << (bit)), order) \
	       : __atomic_fetch_and((type *)(p), (type)~((type)1 << (bit)), order))

static inline __attribute__((always_inline)) bool native_bit(void *p, size_t size, unsigned bit,
							      bool set, bool locked)
{
	uint64_t old;

	if (size == 8)
		old = locked ? NATIVE_BIT(native_8, p, bit, set, __ATOMIC_SEQ_CST)
			     : NATIVE_BIT(native_8, p, bit, set, __ATOMIC_RELAXED);
	else if (size == 4)
		old = locked ? NATIVE_BIT(native_4, p, bit, set, __ATOMIC_SEQ_CST)
			     : NATIVE_BIT(native_4, p, bit, set, __ATOMIC_RELAXED);
	else if (size == 2)
		old = locked ? NATIVE_BIT(native_2, p, bit, set, __ATOMIC_SEQ_CST)
			     : NATIVE_BIT(native_2, p, bit, set, __ATOMIC_RELAXED);
	else
		old = NATIVE_BIT(native_1, p, bit, set, __ATOMIC_SEQ_CST);
	return old >> bit & 1;
}

/* Exclusive, acquiring and releasing: the old pair; *same: it was the expected one and is replaced. */
static inline bool native_cas_pair(void *p, const void *expected, const void *operand, void *old,
				   bool locked)
{
	uint64_t was[2], want[2], new[2], low, high;
	uint32_t failed;

	(void)locked;
	memcpy(want, expected, sizeof want);
	memcpy(new, operand, sizeof new);
	do {
		__asm__ volatile("ldaxp %0, %1, [%2]"
				 : "=&r"(was[0]), "=&r"(was[1])
				 : "r"(p)
				 : "memory");
		bool same = was[0] == want[0] && was[1] == want[1];

		low = same ? new[0] : was[0];
		high = same ? new[1] : was[1];
		__asm__ volatile("stlxp %w0, %1, %2, [%3]"
				 : "=&r"(failed)
				 : "r"(low), "r"(high), "r"(p)
				 : "memory");
	} while (failed);
	memcpy(old, was, sizeof was);
	return was[0] == want[0] && was[1] == want[1];
}

/* A pair that is compared with itself: whole, whatever the processor's loads are. */
static inline void native_load_pair(const void *p, void *value)
{
	static const uint64_t nothing[2];

	native_cas_pair((void *)(uintptr_t)p, nothing, nothing, value, true);
}

static inline void native_store_pair(void *p, const void *value)
{
	uint64_t old[2], seen[2];

	native_load_pair(p, seen);
	while (!native_cas_pair(p, seen, value, old, true))
		memcpy(seen, old, sizeof seen);
}

static inline const char *native_lacks(void)
{
	return NULL;
}

#endif
