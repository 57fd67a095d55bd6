/*
 * The verbs of a loaded allocator: each is checked, translated from the alias to where memory lies,
 * and done by this backend's own verb; see own.h.
 *
 * Between guard_leave() and guard_enter() other CPUs run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/own/own.h"

/* ---- is the access one of the allocator's? -------------------------------------------------- */

const char *own_nowhere(const void *p, char *buf, size_t size)
{
	if ((uintptr_t)p < ARENA_PAGE)
		snprintf(buf, size, "a null pointer%s%.0lu", p ? " + " : "",
			 (unsigned long)(uintptr_t)p);
	else
		snprintf(buf, size, "an address outside simulated memory");
	return buf;
}

const char *own_describe(const struct own *own, const void *real, char *buf, size_t size)
{
	const struct arena *arena = &sim_head(own->sim)->arena;
	char name[64], member[48];

	label_describe(arena, arena_offset(arena, real), UINT32_MAX, name, sizeof name, member,
		       sizeof member);
	snprintf(buf, size, "%s%s%s", name, *member ? "." : "", member);
	return buf;
}

bool own_any(const uint64_t *words, size_t at, size_t bytes)
{
	for (size_t i = at / GRANULE; i <= (at + bytes - 1) / GRANULE && i < 64 * PAGE_WORDS; i++)
		if (words[i / 64] >> (i % 64) & 1)
			return true;
	return false;
}

static void must_be_its_own(struct cpu *cpu, const struct own *own, const void *real, size_t size,
			    bool writes, const struct site *site)
{
	const struct memory *memory = own->pages->memory;
	uint64_t pfn = address_to_pfn(memory, real);
	unsigned at = (unsigned)((uintptr_t)real % PAGE_BYTES);

	if (pfn == memory->pages)
		return;
	if (!own->frame[pfn].cache)
		sim_bug(cpu, site->file, (int)site->line,
			"%s: page frame %" PRIu64 " + %u is in no block of the allocator's",
			site->text, pfn, at);
	if (writes && own_any(own->frame[pfn].alive, at, size))
		sim_bug(cpu, site->file, (int)site->line,
			"%s: written into an object that is handed out, at page frame %" PRIu64
			" + %u",
			site->text, pfn, at);
}

/* Where it lies. */
static void *reach(struct cpu *cpu, const void *p, size_t size, bool writes,
		   const struct site *site)
{
	struct own *own = own_of(cpu);
	struct visitor *v = &own->visitor[cpu_id(cpu)];
	char nowhere[64];
	void *real;

	v->last = site;
	guard_leave();
	if (++v->verbs == OWN_VERBS)
		sim_bug(cpu, site->file, (int)site->line,
			"%s: %d accesses in one operation, and no end in sight", site->text,
			OWN_VERBS);
	if (!own_inside(own, p, size))
		sim_bug(cpu, site->file, (int)site->line, "%s: %s", site->text,
			own_nowhere(p, nowhere, sizeof nowhere));
	if ((uintptr_t)p % size)
		sim_bug(cpu, site->file, (int)site->line,
			"%s: %zu bytes at an address that %zu does not divide", site->text, size,
			size);
	real = own_real(own, p);
	must_be_its_own(cpu, own, real, size, writes, site);
	return real;
}

static void back(struct cpu *cpu)
{
	guard_enter(own_of(cpu), cpu, NULL);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void own_load(struct cpu *cpu, const void *p, void *value, size_t size,
		     const struct site *site)
{
	verb_load(cpu, reach(cpu, p, size, false, site), value, size, site);
	back(cpu);
}

static void own_store(struct cpu *cpu, void *p, const void *value, size_t size,
		      const struct site *site)
{
	verb_store(cpu, reach(cpu, p, size, true, site), value, size, site);
	back(cpu);
}

static bool own_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected,
		    const void *operand, void *old, bool locked, const struct site *site)
{
	bool result = verb_rmw(cpu, reach(cpu, p, size, true, site), size, how, expected, operand,
			       old, locked, site);

	back(cpu);
	return result;
}

static void own_poll(struct cpu *cpu, const void *p, void *value, size_t size,
		     const struct site *site)
{
	verb_poll(cpu, reach(cpu, p, size, false, site), value, size, site);
	back(cpu);
}

static void own_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step,
		     const struct site *site)
{
	verb_spin(cpu, reach(cpu, p, size, false, site), value, size, step, site);
	back(cpu);
}

static void own_retry(struct cpu *cpu, const void *p, const void *was, size_t size,
		      const struct site *site)
{
	verb_retry(cpu, reach(cpu, p, size, false, site), was, size, site);
	back(cpu);
}

/* Of what is not there nothing is asked ahead. */
static void own_load_ahead(struct cpu *cpu, const void *p, const struct site *site)
{
	struct own *own = own_of(cpu);

	if (own_inside(own, p, 1))
		verb_load_ahead(cpu, own_real(own, p), site);
	back(cpu);
}

static void own_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site)
{
	struct own *own = own_of(cpu);

	if (own_inside(own, p, 1))
		verb_prefetch(cpu, own_real(own, p), write, site);
	back(cpu);
}

static void own_fence(struct cpu *cpu)
{
	guard_leave();
	fence(cpu);
	back(cpu);
}

/* ---- time, interrupts, preemption ----------------------------------------------------------- */

static void own_compute(struct cpu *cpu, enum step step)
{
	guard_leave();
	compute(cpu, step);
	back(cpu);
}

static void own_compute_cycles(struct cpu *cpu, uint64_t cycles)
{
	guard_leave();
	compute_cycles(cpu, cycles);
	back(cpu);
}

static void note_off(struct cpu *cpu, const struct site *site)
{
	struct visitor *v = &own_of(cpu)->visitor[cpu_id(cpu)];

	guard_leave();
	host_change(cpu, &v->off, sizeof v->off);
	v->off = site;
}

static bool own_irq_save(struct cpu *cpu, const struct site *site)
{
	bool flags;

	note_off(cpu, site);
	flags = irq_save(cpu);
	back(cpu);
	return flags;
}

static void own_irq_restore(struct cpu *cpu, bool flags)
{
	guard_leave();
	irq_restore(cpu, flags);
	back(cpu);
}

static void own_irq_disable(struct cpu *cpu, const struct site *site)
{
	note_off(cpu, site);
	irq_disable(cpu);
	back(cpu);
}

static void own_irq_enable(struct cpu *cpu)
{
	guard_leave();
	irq_enable(cpu);
	back(cpu);
}

static void own_preempt_disable(struct cpu *cpu)
{
	guard_leave();
	preempt_disable(cpu);
	back(cpu);
}

static void own_preempt_enable(struct cpu *cpu)
{
	guard_leave();
	preempt_enable(cpu);
	back(cpu);
}

static bool own_in_interrupt(const struct cpu *cpu)
{
	return in_interrupt(cpu);
}

static bool own_irqs_off(const struct cpu *cpu)
{
	return irqs_off(cpu);
}

static void own_path(struct cpu *cpu, const char *name)
{
	path(cpu, name);
}

static _Noreturn void own_bug(const struct cpu *cpu, const char *file, int line, const char *text)
{
	guard_leave();
	sim_bug(cpu, file, line, "%s", text);
}

/* ---- locks ---------------------------------------------------------------------------------- */

static struct lock_held *find_held(struct visitor *v, const void *lock, unsigned bit)
{
	for (uint32_t i = v->locks; i--;)
		if (v->held[i].lock == lock && v->held[i].bit == bit)
			return &v->held[i];
	return NULL;
}

static void must_not_hold(struct cpu *cpu, const void *lock, unsigned bit, const struct site *site)
{
	struct visitor *v = &own_of(cpu)->visitor[cpu_id(cpu)];
	const struct lock_held *held = find_held(v, lock, bit);

	if (held)
		sim_bug(cpu, site->file, (int)site->line,
			"%s: CPU %u has that lock already, from %s:%u on", site->text, cpu_id(cpu),
			held->site->file, held->site->line);
	if (v->locks == OWN_LOCKS)
		sim_bug(cpu, site->file, (int)site->line, "%s: more than %d locks at once",
			site->text, OWN_LOCKS);
}

static void change_held(struct cpu *cpu, struct lock_held *to, const struct lock_held *from)
{
	_Static_assert(sizeof *to == 24, "what host_change takes is 16 bytes at most");
	host_change(cpu, to, 16);
	host_change(cpu, (char *)to + 16, 8);
	*to = *from;
}

static void note_taken(struct cpu *cpu, const void *lock, unsigned bit, const struct site *site)
{
	struct visitor *v = &own_of(cpu)->visitor[cpu_id(cpu)];
	const struct lock_held held = { lock, site, bit };

	host_change(cpu, &v->locks, sizeof v->locks);
	change_held(cpu, &v->held[v->locks++], &held);
}

/* Told before it happens: a lock that somebody else holds must not be given away. */
static void note_given(struct cpu *cpu, const void *lock, unsigned bit, const struct site *site)
{
	struct visitor *v = &own_of(cpu)->visitor[cpu_id(cpu)];
	struct lock_held *held = find_held(v, lock, bit);

	if (!held)
		sim_bug(cpu, site->file, (int)site->line, "%s: CPU %u does not hold that lock",
			site->text, cpu_id(cpu));
	host_change(cpu, &v->locks, sizeof v->locks);
	change_held(cpu, held, &v->held[--v->locks]);
}

static void own_spin_lock(struct cpu *cpu, struct spinlock *alias, enum lock_kind kind,
			  const struct site *site)
{
	struct spinlock *lock = reach(cpu, alias, sizeof *lock, true, site);

	must_not_hold(cpu, lock, NOT_A_BIT, site);
	spin_lock_at(cpu, lock, kind, site);
	note_taken(cpu, lock, NOT_A_BIT, site);
	back(cpu);
}

static bool own_spin_trylock(struct cpu *cpu, struct spinlock *alias, enum lock_kind kind,
			     const struct site *site)
{
	struct spinlock *lock = reach(cpu, alias, sizeof *lock, true, site);
	bool taken = spin_trylock_at(cpu, lock, kind, site);

	if (taken)
		note_taken(cpu, lock, NOT_A_BIT, site);
	back(cpu);
	return taken;
}

static void own_spin_unlock(struct cpu *cpu, struct spinlock *alias, enum lock_kind kind,
			    const struct site *site)
{
	struct spinlock *lock = reach(cpu, alias, sizeof *lock, true, site);

	note_given(cpu, lock, NOT_A_BIT, site);
	spin_unlock_at(cpu, lock, kind, site);
	back(cpu);
}

static bool own_spin_lock_irqsave(struct cpu *cpu, struct spinlock *alias, enum lock_kind kind,
				  const struct site *site)
{
	struct spinlock *lock = reach(cpu, alias, sizeof *lock, true, site);
	bool flags;

	must_not_hold(cpu, lock, NOT_A_BIT, site);
	note_off(cpu, site);
	flags = spin_lock_irqsave_at(cpu, lock, kind, site);
	note_taken(cpu, lock, NOT_A_BIT, site);
	back(cpu);
	return flags;
}

static void own_spin_unlock_irqrestore(struct cpu *cpu, struct spinlock *alias, enum lock_kind kind,
				       bool flags, const struct site *site)
{
	struct spinlock *lock = reach(cpu, alias, sizeof *lock, true, site);

	note_given(cpu, lock, NOT_A_BIT, site);
	spin_unlock_irqrestore_at(cpu, lock, kind, flags, site);
	back(cpu);
}

static bool own_spin_is_contended(struct cpu *cpu, struct spinlock *alias, enum lock_kind kind,
				  const struct site *site)
{
	struct spinlock *lock = reach(cpu, alias, sizeof *lock, false, site);
	bool result = spin_is_contended_at(cpu, lock, kind, site);

	back(cpu);
	return result;
}

static void own_bit_lock(struct cpu *cpu, uint64_t *alias, unsigned bit, enum bit_lock kind,
			 const struct site *site)
{
	uint64_t *word = reach(cpu, alias, sizeof *word, true, site);

	must_not_hold(cpu, word, bit, site);
	bit_spin_lock_at(cpu, word, bit, kind, site);
	note_taken(cpu, word, bit, site);
	back(cpu);
}

static bool own_bit_trylock(struct cpu *cpu, uint64_t *alias, unsigned bit, const struct site *site)
{
	uint64_t *word = reach(cpu, alias, sizeof *word, true, site);
	bool taken = bit_spin_trylock_at(cpu, word, bit, site);

	if (taken)
		note_taken(cpu, word, bit, site);
	back(cpu);
	return taken;
}

static void own_bit_unlock(struct cpu *cpu, uint64_t *alias, unsigned bit, enum bit_lock kind,
			   const struct site *site)
{
	uint64_t *word = reach(cpu, alias, sizeof *word, true, site);

	note_given(cpu, word, bit, site);
	bit_spin_unlock_at(cpu, word, bit, kind, site);
	back(cpu);
}

/* ---- caches and their memory ---------------------------------------------------------------- */

static void *own_cache_cpu(const void *cache, unsigned id)
{
	struct own *own = guard_own();
	const struct kmem_cache *s = own_cache(own, cache);

	if (!s || !s->cpu || id >= sim_cpus(own->sim))
		return NULL;
	return own_alias(own, per_cpu(own->sim, s->cpu, id));
}

static unsigned own_cache_cpus(const void *cache)
{
	(void)cache;
	return sim_cpus(guard_own()->sim);
}

static const void *own_cache_settings(const void *cache)
{
	(void)cache;
	return guard_own()->settings;
}

static size_t own_cache_object_bytes(const void *cache)
{
	const struct kmem_cache *s = own_cache(guard_own(), cache);

	return s ? s->object_bytes : 0;
}

static size_t own_cache_block_bytes(const void *cache)
{
	const struct kmem_cache *s = own_cache(guard_own(), cache);

	return s ? s->block_bytes : 0;
}

static const struct layout object_layout = { "object", 0, CLASS_PAYLOAD, NULL };

static struct kmem_cache *must_be_cache(struct cpu *cpu, const void *cache, const struct site *site)
{
	struct own *own = own_of(cpu);
	struct kmem_cache *s = own_cache(own, cache);

	own->visitor[cpu_id(cpu)].last = site;
	guard_leave();
	if (!s)
		sim_bug(cpu, site->file, (int)site->line, "%s: that is no cache", site->text);
	return s;
}

static void *own_block_get(struct cpu *cpu, void *cache, const struct site *site)
{
	struct kmem_cache *s = must_be_cache(cpu, cache, site);
	struct own *own = s->own;
	const struct memory *memory = own->pages->memory;
	unsigned gfp = own->visitor[cpu_id(cpu)].gfp;
	struct page *page = pages_alloc(cpu, own->pages, s->order, gfp & (unsigned)~GFP_ZERO);
	uint64_t pfn;

	if (!page) {
		back(cpu);
		return NULL;
	}
	pfn = page_to_pfn(memory, page);
	for (unsigned i = 0; i < 1u << s->order; i++) {
		struct frame *frame = &own->frame[pfn + i];

		host_change(cpu, frame, 4);
		frame->cache = s->number;
		frame->behind = (uint16_t)i;
	}
	frames_relabel(cpu, memory, page, s->order, &object_layout, s->object_bytes, "object");
	if (s->kmalloc) /* so that kfree knows */
		store(cpu, page_private(memory, page), (uint64_t)s->number);
	back(cpu);
	return own_alias(own, pfn_address(memory, pfn));
}

static void own_block_put(struct cpu *cpu, void *cache, void *block, const struct site *site)
{
	struct kmem_cache *s = must_be_cache(cpu, cache, site);
	struct own *own = s->own;
	const struct memory *memory = own->pages->memory;
	void *real = own_real(own, block);
	uint64_t pfn = own_inside(own, block, 1) ? address_to_pfn(memory, real) : memory->pages;

	if (pfn == memory->pages || own->frame[pfn].cache != s->number || own->frame[pfn].behind ||
	    (uintptr_t)real % PAGE_BYTES)
		sim_bug(cpu, site->file, (int)site->line, "%s: that is no block of this cache",
			site->text);
	for (unsigned i = 0; i < 1u << s->order; i++) {
		struct frame *frame = &own->frame[pfn + i];

		if (own_any(frame->alive, 0, PAGE_BYTES))
			sim_bug(cpu, site->file, (int)site->line,
				"%s: an object in page frame %" PRIu64 " is handed out", site->text,
				pfn + i);
		host_change(cpu, frame, 4);
		frame->cache = 0;
	}
	frames_relabel(cpu, memory, pfn_to_page(memory, pfn), s->order, NULL, 0, NULL);
	pages_free(cpu, own->pages, pfn_to_page(memory, pfn), s->order);
	back(cpu);
}

static void *own_block_of(const void *cache, const void *object)
{
	struct own *own = guard_own();
	const struct memory *memory = own->pages->memory;
	uint64_t pfn = own_inside(own, object, 1) ? address_to_pfn(memory, own_real(own, object))
						  : memory->pages;

	(void)cache;
	if (pfn == memory->pages || !own->frame[pfn].cache)
		return NULL;
	return own_alias(own, pfn_address(memory, pfn - own->frame[pfn].behind));
}

/* ---- set-up and check() --------------------------------------------------------------------- */

static void *must_reach(const void *p, size_t size, const struct site *site)
{
	struct own *own = guard_own();
	char nowhere[64];

	if (++own->peeks == OWN_VERBS)
		guard_break(site, "%s: %d times, and no end in sight", site->text, OWN_VERBS);
	if (!own_inside(own, p, size))
		guard_break(site, "%s: %s", site->text, own_nowhere(p, nowhere, sizeof nowhere));
	return own_real(own, p);
}

static void own_peek(const void *p, void *value, size_t size, const struct site *site)
{
	memcpy(value, must_reach(p, size, site), size);
}

static void own_poke(void *p, const void *value, size_t size, const struct site *site)
{
	memcpy(must_reach(p, size, site), value, size);
}

static void own_lock_init(struct spinlock *lock, enum lock_kind kind, const struct site *site)
{
	spin_lock_init(must_reach(lock, sizeof *lock, site), kind);
}

static bool own_lock_is_held(const struct spinlock *lock, enum lock_kind kind,
			     const struct site *site)
{
	return spin_lock_is_held(must_reach(lock, sizeof *lock, site), kind);
}

/* One that is told twice is on two lists, or the list runs in a circle. */
static void own_books_free(struct books *books, const void *object, const struct site *site)
{
	struct own *own = books->own;
	void *real = must_reach(object, books->cache->object_bytes, site);
	uint64_t pfn = address_to_pfn(own->pages->memory, real);
	struct frame *frame = own_frame(own, real);
	unsigned at = (unsigned)((uintptr_t)real % PAGE_BYTES), granule = at / GRANULE;
	uint64_t bit = 1ull << granule % 64;

	if (!frame || frame->cache != books->cache->number || at % GRANULE)
		guard_break(site, "%s: what is told as free lies in no block of the cache",
			    books->cache->name);
	if (frame->told[granule / 64] & bit)
		guard_break(site, "%s: the object at page frame %" PRIu64 " + %u is free twice",
			    books->cache->name, pfn, at);
	if (own_any(frame->alive, at, books->cache->object_bytes))
		guard_break(site,
			    "%s: the object at page frame %" PRIu64 " + %u is free, and handed out",
			    books->cache->name, pfn, at);
	frame->told[granule / 64] |= bit;
	books->told++;
}

static bool own_books_wrong(struct books *books, const char *text, const struct site *site)
{
	guard_break(site, "%s: %s", books->cache->name, text);
	return false;
}

const struct verb_table own_table = {
	.load_word = own_load,
	.store_word = own_store,
	.rmw = own_rmw,
	.poll = own_poll,
	.spin = own_spin,
	.retry = own_retry,
	.ask_ahead = own_load_ahead,
	.fetch_line = own_prefetch,
	.fence = own_fence,
	.compute = own_compute,
	.compute_cycles = own_compute_cycles,
	.irqs_save = own_irq_save,
	.irq_restore = own_irq_restore,
	.irqs_disable = own_irq_disable,
	.irq_enable = own_irq_enable,
	.preempt_disable = own_preempt_disable,
	.preempt_enable = own_preempt_enable,
	.in_interrupt = own_in_interrupt,
	.irqs_off = own_irqs_off,
	.cpu_id = cpu_id,
	.cpu_node = cpu_node,
	.random_next = random_next,
	.random_below = random_below,
	.path = own_path,
	.bug = own_bug,
	.take_lock = own_spin_lock,
	.try_lock = own_spin_trylock,
	.give_lock = own_spin_unlock,
	.take_lock_irqsave = own_spin_lock_irqsave,
	.give_lock_irqrestore = own_spin_unlock_irqrestore,
	.lock_wanted = own_spin_is_contended,
	.bit_lock = own_bit_lock,
	.bit_trylock = own_bit_trylock,
	.bit_unlock = own_bit_unlock,
	.cache_cpu = own_cache_cpu,
	.cache_cpus = own_cache_cpus,
	.cache_settings = own_cache_settings,
	.cache_object_bytes = own_cache_object_bytes,
	.cache_block_bytes = own_cache_block_bytes,
	.get_block = own_block_get,
	.put_block = own_block_put,
	.block_of = own_block_of,
	.peek_word = own_peek,
	.poke_word = own_poke,
	.lock_init = own_lock_init,
	.lock_is_held = own_lock_is_held,
	.book_free = own_books_free,
	.book_wrong = own_books_wrong,
};
