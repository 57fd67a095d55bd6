/*
 * What the native verbs need of an x86-64 processor beyond C11's atomics: read-modify-writes
 * without LOCK, 16 bytes at once, its clock. Included by native/verbs.h only.
 */
#ifndef NATIVE_X86_64_H
#define NATIVE_X86_64_H

#include <emmintrin.h>

static inline void native_pause(void)
{
	__asm__ volatile("pause");
}

static inline void native_fence(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

static inline uint64_t native_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Not before all that precedes it has been done, and nothing that follows is begun before it. */
static inline uint64_t native_ticks_begin(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t native_ticks_end(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp; lfence" : "=a"(low), "=d"(high)::"rcx", "memory");
	return (uint64_t)high << 32 | low;
}

/* No cache has the line any more. */
static inline void native_flush_line(const void *p)
{
	_mm_clflush(p);
}

/* One cycle each, one after the other. */
static inline uint64_t native_add_sixteen(uint64_t x)
{
	__asm__ volatile("add $1, %0; add $1, %0; add $1, %0; add $1, %0;"
			 "add $1, %0; add $1, %0; add $1, %0; add $1, %0;"
			 "add $1, %0; add $1, %0; add $1, %0; add $1, %0;"
			 "add $1, %0; add $1, %0; add $1, %0; add $1, %0"
			 : "+r"(x)::"cc");
	return x;
}

/* cmpxchg without LOCK on *p; `seen` has what is expected and gets what was there. */
#define NATIVE_CAS_LOCAL(p, seen, new, same) \
	__asm__ volatile("cmpxchg %3, %1" \
			 : "+a"(seen), "+m"(*(p)), "=@ccz"(same) \
			 : "r"(new) \
			 : "memory")

/* bts or btr, `lock` "lock; " or ""; of 2, 4 and 8 bytes. */
#define NATIVE_BIT_(lock, name, type, p, bit, was) \
	__asm__ volatile(lock name " %2, %0" \
			 : "+m"(*(type *)(p)), "=@ccc"(was) \
			 : "Jr"((type)(bit)) \
			 : "memory")
#define NATIVE_BIT(name, type, p, bit, locked, was) \
	do { \
		if (locked) \
			NATIVE_BIT_("lock; ", name, type, p, bit, was); \
		else \
			NATIVE_BIT_("", name, type, p, bit, was); \
	} while (0)

/* The old bit. Of a byte, which no bit instruction has, always with LOCK. */
static inline __attribute__((always_inline)) bool native_bit(void *p, size_t size, unsigned bit,
							      bool set, bool locked)
{
	bool was = false;

	if (size == 8 && set)
		NATIVE_BIT("btsq", native_8, p, bit, locked, was);
	else if (size == 8)
		NATIVE_BIT("btrq", native_8, p, bit, locked, was);
	else if (size == 4 && set)
		NATIVE_BIT("btsl", native_4, p, bit, locked, was);
	else if (size == 4)
		NATIVE_BIT("btrl", native_4, p, bit, locked, was);
	else if (size == 2 && set)
		NATIVE_BIT("btsw", native_2, p, bit, locked, was);
	else if (size == 2)
		NATIVE_BIT("btrw", native_2, p, bit, locked, was);
	else if (set)
		was = __atomic_fetch_or((native_1 *)p, (native_1)(1 << bit), __ATOMIC_SEQ_CST) >> bit & 1;
	else
		was = __atomic_fetch_and((native_1 *)p, (native_1)~(1 << bit), __ATOMIC_SEQ_CST) >> bit & 1;
	return was;
}

/* 16 bytes at once: so do aligned moves where the processor has AVX (checked at the start). */
static inline void native_load_pair(const void *p, void *value)
{
	_mm_storeu_si128(value, *(const volatile __m128i *)p);
}

static inline void native_store_pair(void *p, const void *value)
{
	*(volatile __m128i *)p = _mm_loadu_si128(value);
}

static inline __attribute__((always_inline)) bool
native_cas_pair(void *p, const void *expected, const void *operand, void *old, bool locked)
{
	uint64_t seen[2], new[2];
	bool same;

	memcpy(seen, expected, sizeof seen);
	memcpy(new, operand, sizeof new);
	if (locked)
		__asm__ volatile("lock; cmpxchg16b %0"
				 : "+m"(*(struct pair *)p), "=@ccz"(same), "+a"(seen[0]),
				   "+d"(seen[1])
				 : "b"(new[0]), "c"(new[1])
				 : "memory");
	else
		__asm__ volatile("cmpxchg16b %0"
				 : "+m"(*(struct pair *)p), "=@ccz"(same), "+a"(seen[0]),
				   "+d"(seen[1])
				 : "b"(new[0]), "c"(new[1])
				 : "memory");
	memcpy(old, seen, sizeof seen);
	return same;
}

/* NULL, or what this processor lacks. */
static inline const char *native_lacks(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx"))
		return "aligned loads of 16 bytes at once (AVX)";
	return NULL;
}

#endif
