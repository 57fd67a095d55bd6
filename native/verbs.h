/*
 * The native backend: a verb is the instruction of this host that it stands for, inline. Included
 * by sim/verbs/verbs.h only.
 *
 *	load, store         one move, acquiring and releasing (on x86 every move is)
 *	_local              cmpxchg, cmpxchg16b, bts and btr without LOCK; an exchange or an addition
 *	                    is a load and a store, which no interrupt of ours comes between
 *	others              with LOCK, sequentially consistent
 *	fence               mfence
 *
 * There are no interrupts and no labels; what happens once a second happens between two operations
 * of its CPU. Each access is checked to lie in the arena, as in every backend.
 */
#ifndef NATIVE_VERBS_H
#define NATIVE_VERBS_H

#include <string.h>

typedef uint8_t __attribute__((may_alias)) native_1;
typedef uint16_t __attribute__((may_alias)) native_2;
typedef uint32_t __attribute__((may_alias)) native_4;
typedef uint64_t __attribute__((may_alias)) native_8;

#if defined(__x86_64__)
#include "native/x86_64.h"
#elif defined(__aarch64__)
#include "native/aarch64.h"
#else
#error "the native backend knows x86-64 and aarch64"
#endif

#define NATIVE_INLINE static inline __attribute__((always_inline))

enum {
	NATIVE_VIEW_AT = 16,            /* in struct cpu, behind its head (native/machine.h) */
	NATIVE_FIRST = 4096,            /* offset in the arena of what may be touched */
	NATIVE_PATIENCE = 1024,         /* turns of a waiting loop until somebody looks round */
};

/* What inline verbs see of a CPU. */
struct native_view {
	const char *base;               /* of the arena */
	uint64_t room;                  /* bytes from NATIVE_FIRST on */
	bool watched;                   /* verbs count, and pause at random (native_watch) */
	bool stamped;                   /* operations are timed */
	bool irqs_off;
	uint32_t fuse;                  /* watched: verbs until native_watch */
	uint32_t depth;                 /* operations under way */
	uint32_t turns;                 /* of waiting */
	uint64_t more;                  /* pieces beyond one of operations done since then */
	uint64_t left;                  /* operations until they are told (native_tell) */
	const uint32_t *over;           /* the run is */
	int32_t *preempt_count;         /* NULL: nobody counts */
};

NATIVE_INLINE struct native_view *native_view(const struct cpu *cpu)
{
	return (struct native_view *)((char *)(uintptr_t)cpu + NATIVE_VIEW_AT);
}

_Noreturn void native_outside(struct cpu *cpu, const struct site *site);
void native_watch(struct cpu *cpu);
void native_look_round(struct cpu *cpu);
void native_tell(struct cpu *cpu);
void native_stamp_begin(struct cpu *cpu, enum op op);
void native_stamp_pieces(struct cpu *cpu, unsigned pieces);
void native_stamp_end(struct cpu *cpu);
_Noreturn void native_leave(struct cpu *cpu);
void native_work(uint64_t cycles);

/* ---- memory --------------------------------------------------------------------------------- */

NATIVE_INLINE void native_access(struct cpu *cpu, const void *p, size_t size,
				 const struct site *site)
{
	struct native_view *view = native_view(cpu);
	uint64_t offset = (uint64_t)((const char *)p - view->base);

	if (__builtin_expect(offset - NATIVE_FIRST >= view->room || (offset & (size - 1)), false))
		native_outside(cpu, site);
	if (__builtin_expect(view->watched, false) && !view->fuse--)
		native_watch(cpu);
}

#define NATIVE_LOAD(type) \
	do { \
		type loaded_ = __atomic_load_n((const type *)p, __ATOMIC_ACQUIRE); \
		memcpy(value, &loaded_, sizeof loaded_); \
	} while (0)

NATIVE_INLINE void native_load(const void *p, void *value, size_t size)
{
	if (size == 1)
		NATIVE_LOAD(native_1);
	else if (size == 2)
		NATIVE_LOAD(native_2);
	else if (size == 4)
		NATIVE_LOAD(native_4);
	else if (size == 8)
		NATIVE_LOAD(native_8);
	else
		native_load_pair(p, value);
}

NATIVE_INLINE void verb_load(struct cpu *cpu, const void *p, void *value, size_t size,
			     const struct site *site)
{
	native_access(cpu, p, size, site);
	native_load(p, value, size);
}

#define NATIVE_STORE(type) \
	do { \
		type stored_; \
		memcpy(&stored_, value, sizeof stored_); \
		__atomic_store_n((type *)p, stored_, __ATOMIC_RELEASE); \
	} while (0)

NATIVE_INLINE void verb_store(struct cpu *cpu, void *p, const void *value, size_t size,
			      const struct site *site)
{
	native_access(cpu, p, size, site);
	if (size == 1)
		NATIVE_STORE(native_1);
	else if (size == 2)
		NATIVE_STORE(native_2);
	else if (size == 4)
		NATIVE_STORE(native_4);
	else if (size == 8)
		NATIVE_STORE(native_8);
	else
		native_store_pair(p, value);
}

/* Of 1 to 8 bytes, bits apart. A local one may lose what another CPU writes meanwhile. */
#define NATIVE_RMW(type) \
	do { \
		type operand_, seen_ = 0, *at_ = p; \
		memcpy(&operand_, operand, sizeof operand_); \
		if (how == RMW_CAS) \
			memcpy(&seen_, expected, sizeof seen_); \
		if (how == RMW_CAS && locked) \
			result = __atomic_compare_exchange_n(at_, &seen_, operand_, false, \
							     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
		else if (how == RMW_CAS) \
			NATIVE_CAS_LOCAL(at_, seen_, operand_, result); \
		else if (how == RMW_EXCHANGE && locked) \
			seen_ = __atomic_exchange_n(at_, operand_, __ATOMIC_SEQ_CST); \
		else if (how == RMW_ADD && locked) \
			seen_ = __atomic_fetch_add(at_, operand_, __ATOMIC_SEQ_CST); \
		else { \
			seen_ = __atomic_load_n(at_, __ATOMIC_ACQUIRE); \
			if (how == RMW_ADD) \
				operand_ = (type)(seen_ + operand_); \
			__atomic_store_n(at_, operand_, __ATOMIC_RELEASE); \
		} \
		memcpy(old, &seen_, sizeof seen_); \
	} while (0)

NATIVE_INLINE bool native_rmw_pair(void *p, enum rmw how, const void *expected,
				   const void *operand, void *old, bool locked)
{
	unsigned char seen[sizeof(struct pair)];

	if (how == RMW_CAS)
		return native_cas_pair(p, expected, operand, old, locked);
	native_load_pair(p, seen);      /* an exchange: nothing else is done to pairs */
	while (!native_cas_pair(p, seen, operand, old, locked))
		memcpy(seen, old, sizeof seen);
	return true;
}

/* `old` of a bit is the old bit alone. */
NATIVE_INLINE bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how,
			    const void *expected, const void *operand, void *old, bool locked,
			    const struct site *site)
{
	bool result = true;

	native_access(cpu, p, size, site);
	if (size == sizeof(struct pair))
		return native_rmw_pair(p, how, expected, operand, old, locked);
	if (how == RMW_BIT_SET || how == RMW_BIT_CLEAR) {
		uint64_t bit = 0;

		memcpy(&bit, operand, size);
		result = native_bit(p, size, (unsigned)bit, how == RMW_BIT_SET, locked);
		memset(old, 0, size);
		memset(old, result, 1);
		return result;
	}
	if (size == 1)
		NATIVE_RMW(native_1);
	else if (size == 2)
		NATIVE_RMW(native_2);
	else if (size == 4)
		NATIVE_RMW(native_4);
	else
		NATIVE_RMW(native_8);
	return result;
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* A turn of a loop that waits: now and then somebody looks whether it is in vain. */
NATIVE_INLINE void native_turn(struct cpu *cpu, enum step step)
{
	struct native_view *view = native_view(cpu);

	if (step == STEP_PAUSE)
		native_pause();
	if (++view->turns >= NATIVE_PATIENCE)
		native_look_round(cpu);
}

NATIVE_INLINE void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size,
			     enum step step, const struct site *site)
{
	native_turn(cpu, step);
	verb_load(cpu, p, value, size, site);
}

NATIVE_INLINE void verb_poll(struct cpu *cpu, const void *p, void *value, size_t size,
			     const struct site *site)
{
	verb_spin(cpu, p, value, size, STEP_LOOP, site);
}

NATIVE_INLINE void verb_retry(struct cpu *cpu, const void *p, const void *was, size_t size,
			      const struct site *site)
{
	(void)p, (void)was, (void)size, (void)site;
	native_turn(cpu, STEP_LOOP);
}

NATIVE_INLINE void verb_load_ahead(struct cpu *cpu, const void *p, const struct site *site)
{
	(void)cpu, (void)p, (void)site;         /* the processor looks ahead by itself */
}

NATIVE_INLINE void verb_prefetch(struct cpu *cpu, const void *p, bool write,
				 const struct site *site)
{
	(void)cpu, (void)site;
	if (write)
		__builtin_prefetch(p, 1);
	else
		__builtin_prefetch(p, 0);
}

static inline void fence(struct cpu *cpu)
{
	(void)cpu;
	native_fence();
}

/* ---- time, interrupts, preemption ----------------------------------------------------------- */

/* Instructions without memory are there by themselves. */
NATIVE_INLINE void compute(struct cpu *cpu, enum step step)
{
	if (step == STEP_PAUSE || step == STEP_LOOP)
		native_turn(cpu, step);
	else if (step == STEP_RDTSC)
		(void)native_ticks();
}

static inline void compute_cycles(struct cpu *cpu, uint64_t cycles)
{
	(void)cpu;
	native_work(cycles);
}

/* The flag of a processor that nobody interrupts. */
static inline bool irqs_off(const struct cpu *cpu)
{
	return native_view(cpu)->irqs_off;
}

static inline bool irq_save(struct cpu *cpu)
{
	struct native_view *view = native_view(cpu);
	bool were_on = !view->irqs_off;

	view->irqs_off = true;
	return were_on;
}

static inline void irq_restore(struct cpu *cpu, bool flags)
{
	if (flags)
		native_view(cpu)->irqs_off = false;
}

static inline void irq_disable(struct cpu *cpu)
{
	native_view(cpu)->irqs_off = true;
}

static inline void irq_enable(struct cpu *cpu)
{
	native_view(cpu)->irqs_off = false;
}

NATIVE_INLINE void native_preempt(struct cpu *cpu, int32_t by)
{
	int32_t *count = native_view(cpu)->preempt_count, old;

	if (count)
		verb_rmw(cpu, count, sizeof *count, RMW_ADD, NULL, &by, &old, false, NULL);
}

static inline void preempt_disable(struct cpu *cpu)
{
	native_preempt(cpu, 1);
}

static inline void preempt_enable(struct cpu *cpu)
{
	native_preempt(cpu, -1);
}

/* ---- operations, annotations ---------------------------------------------------------------- */

static inline void op_begin(struct cpu *cpu, enum op op)
{
	struct native_view *view = native_view(cpu);

	if (op == OP_DRAIN && !view->depth)     /* it opens and closes no window */
		view->left++;
	view->depth++;
	if (view->stamped)
		native_stamp_begin(cpu, op);
}

static inline void op_pieces(struct cpu *cpu, unsigned pieces)
{
	struct native_view *view = native_view(cpu);

	if (view->depth == 1)
		view->more += pieces - 1;
	if (view->stamped)
		native_stamp_pieces(cpu, pieces);
}

static inline void op_end(struct cpu *cpu, int64_t live_bytes, int64_t footprint_bytes)
{
	struct native_view *view = native_view(cpu);

	(void)live_bytes, (void)footprint_bytes;
	if (view->stamped)
		native_stamp_end(cpu);
	if (--view->depth == 0 && --view->left == 0)
		native_tell(cpu);
}

static inline bool run_over(struct cpu *cpu)
{
	uint32_t over = __atomic_load_n(native_view(cpu)->over, __ATOMIC_RELAXED);

	if (__builtin_expect(over > 1, false))
		native_leave(cpu);
	return over;
}

static inline unsigned on_behalf(struct cpu *cpu, const struct site *caller)
{
	(void)cpu, (void)caller;
	return 0;
}

static inline void on_behalf_end(struct cpu *cpu, unsigned before)
{
	(void)cpu, (void)before;
}

static inline void path(struct cpu *cpu, const char *name)
{
	(void)cpu, (void)name;
}

static inline enum waiting waiting(struct cpu *cpu, enum waiting what)
{
	(void)cpu, (void)what;
	return NOT_WAITING;
}

static inline void lock_taken(struct cpu *cpu, const void *lock, const char *kind, unsigned turns)
{
	(void)cpu, (void)lock, (void)kind, (void)turns;
}

/* There are no handlers. */
static inline bool lock_is_mine(const struct cpu *cpu, const void *lock)
{
	(void)cpu, (void)lock;
	return false;
}

static inline void lock_released(struct cpu *cpu, const void *lock)
{
	(void)cpu, (void)lock;
}

static inline void host_change(struct cpu *cpu, void *p, size_t size)
{
	(void)cpu, (void)p, (void)size;         /* what has run has run */
}

static inline void relabel(struct cpu *cpu, const void *p, size_t bytes,
			   const struct layout *layout, size_t stride, const char *label)
{
	(void)cpu, (void)p, (void)bytes, (void)layout, (void)stride, (void)label;
}

#endif
