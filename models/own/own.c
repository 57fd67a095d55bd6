/*
 * A loaded allocator as an object allocator: its caches, and the books on what it hands out. See
 * own.h.
 *
 *	block_get -> frame of a cache -- alloc ends -> alive -- free begins -> not -> block_put
 *
 * The books are kept whatever the allocator says of itself: objects that overlap, and objects in
 * memory that is not the cache's, are told at once, with the allocator's last verb before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/own/own.h"

enum { KMALLOC_FIRST = 3, KMALLOC_LAST = 16 }; /* 8 .. 65536 bytes */

struct kmem_cache *own_cache(const struct own *own, const void *alias)
{
	const char *real = own_real(own, alias);

	for (unsigned i = own->caches; i--;)
		if (own->cache[i].at == real)
			return (struct kmem_cache *)(uintptr_t)&own->cache[i];
	return NULL;
}

struct frame *own_frame(const struct own *own, const void *real)
{
	uint64_t pfn = address_to_pfn(own->pages->memory, real);

	return pfn == own->pages->memory->pages ? NULL : &own->frame[pfn];
}

/* ---- in and out ----------------------------------------------------------------------------- */

struct visit {
	uint32_t locks;
	bool off;
	unsigned gfp;
};

static struct visitor *visitor_of(const struct cpu *cpu)
{
	return &own_of(cpu)->visitor[cpu_id(cpu)];
}

static struct visit enter(struct cpu *cpu, unsigned gfp)
{
	struct visitor *v = visitor_of(cpu);
	struct visit visit = { v->locks, irqs_off(cpu), v->gfp };
	struct own *own = own_of(cpu);

	if (own->broken[0])
		sim_bug(cpu, own->broken_at ? own->broken_at->file : own->file,
			own->broken_at ? (int)own->broken_at->line : 0, "%s", own->broken);
	if (!own->shut) {
		guard_variables(own, false);
		own->shut = true;
	}
	v->gfp = gfp;
	v->verbs = 0;
	guard_enter(own, cpu, NULL);
	return visit;
}

static void leave(struct cpu *cpu, const struct visit *visit, const char *what)
{
	struct visitor *v = visitor_of(cpu);

	guard_leave();
	v->gfp = visit->gfp;
	if (guard_forked())
		sim_bug(cpu, v->last ? v->last->file : own_of(cpu)->file,
			v->last ? (int)v->last->line : 0, "%s() called fork()", what);
	if (v->locks > visit->locks) {
		const struct site *site = v->held[v->locks - 1].site;

		sim_bug(cpu, site->file, (int)site->line, "%s: still held when %s() ends",
			site->text, what);
	}
	if (irqs_off(cpu) && !visit->off && v->off)
		sim_bug(cpu, v->off->file, (int)v->off->line,
			"%s: interrupts are still off when %s() ends", v->off->text, what);
	if (!irqs_off(cpu) && visit->off && v->last)
		sim_bug(cpu, v->last->file, (int)v->last->line,
			"interrupts are on when %s() ends, and were off when it began", what);
}

/* ---- the books ------------------------------------------------------------------------------ */

/* In one frame: all granules of `bytes` from `at` on. */
static void mark(struct cpu *cpu, uint64_t *words, size_t at, size_t bytes, bool set)
{
	for (size_t i = at / GRANULE, end = (at + bytes + GRANULE - 1) / GRANULE; i < end;) {
		size_t count = 64 - i % 64 < end - i ? 64 - i % 64 : end - i;
		uint64_t mask = (count == 64 ? ~0ull : (1ull << count) - 1) << i % 64;
		uint64_t *word = &words[i / 64];

		host_change(cpu, word, sizeof *word);
		if (set) /* of a native run the threads share the word */
			__atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
		i += count;
	}
}

/* Calls itself a part of an object: what lies in one frame. */
struct part {
	struct frame *frame;
	size_t at, bytes;
};

static bool next_part(const struct own *own, const char **from, size_t *left, struct part *part)
{
	if (!*left)
		return false;
	part->frame = own_frame(own, *from);
	part->at = (uintptr_t)*from % PAGE_BYTES;
	part->bytes = PAGE_BYTES - part->at < *left ? PAGE_BYTES - part->at : *left;
	*from += part->bytes;
	*left -= part->bytes;
	return true;
}

/* By the allocator's last verb, or by the file that it is in. */
#define TELL(cpu, ...)                                                                             \
	do {                                                                                       \
		const struct site *last_ = visitor_of(cpu)->last;                                  \
		sim_bug((cpu), last_ ? last_->file : own_of(cpu)->file,                            \
			last_ ? (int)last_->line : 0, __VA_ARGS__);                                \
	} while (0)

static void must_be_free(struct cpu *cpu, const struct kmem_cache *s, const char *real)
{
	const struct own *own = s->own;
	const char *from = real;
	size_t left = s->object_bytes;
	uint64_t pfn = address_to_pfn(own->pages->memory, real);
	unsigned at = (unsigned)((uintptr_t)real % PAGE_BYTES);
	struct part part;

	if ((uintptr_t)real % GRANULE)
		TELL(cpu, "alloc() hands out page frame %" PRIu64 " + %u: no multiple of %d", pfn,
		     at, GRANULE);
	while (next_part(own, &from, &left, &part)) {
		if (!part.frame || part.frame->cache != s->number)
			TELL(cpu,
			     "alloc() hands out page frame %" PRIu64
			     " + %u: not all of it is in blocks of the cache",
			     pfn, at);
		if (own_any(part.frame->alive, part.at, part.bytes))
			TELL(cpu, "alloc() hands out page frame %" PRIu64 " + %u: %s", pfn, at,
			     own_any(own_frame(own, real)->begins, at, 1)
				     ? "handed out twice, somebody has that object"
				     : "it overlaps an object that somebody has");
	}
}

static void object_lives(struct cpu *cpu, const struct kmem_cache *s, const char *real, bool lives)
{
	const char *from = real;
	size_t left = s->object_bytes;
	struct part part;

	mark(cpu, own_frame(s->own, real)->begins, (uintptr_t)real % PAGE_BYTES, 1, lives);
	while (next_part(s->own, &from, &left, &part))
		mark(cpu, part.frame->alive, part.at, part.bytes, lives);
}

/* ---- operations ----------------------------------------------------------------------------- */

static void *own_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	struct own *own = state;
	struct visit visit = enter(cpu, gfp);
	void *object = own->plug->alloc(cpu, own_alias(own, s->at));
	char *real, nowhere[64];

	leave(cpu, &visit, "alloc");
	if (!object)
		return NULL;
	if (!own_inside(own, object, s->object_bytes))
		TELL(cpu, "alloc() hands out %s", own_nowhere(object, nowhere, sizeof nowhere));
	real = own_real(own, object);
	must_be_free(cpu, s, real);
	object_lives(cpu, s, real, true);
	return real;
}

static void own_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct own *own = state;
	struct visit visit;

	object_lives(cpu, s, object, false);
	visit = enter(cpu, GFP_KERNEL);
	own->plug->free(cpu, own_alias(own, s->at), own_alias(own, object));
	leave(cpu, &visit, "free");
}

/* ---- kmalloc -------------------------------------------------------------------------------- */

static struct kmem_cache *own_kmalloc_cache(void *state, size_t size)
{
	struct own *own = state;

	if (own->plug->kmalloc_bytes)
		size = own->plug->kmalloc_bytes(size);
	for (unsigned i = 0; i < own->kmallocs; i++)
		if (size <= (size_t)1 << (i + KMALLOC_FIRST))
			return &own->cache[i];
	return NULL;
}

static void *own_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct kmem_cache *s = own_kmalloc_cache(state, size);

	return s ? own_alloc(cpu, state, s, gfp) : NULL;
}

static void own_kfree(struct cpu *cpu, void *state, void *object)
{
	struct own *own = state;
	const struct memory *memory = own->pages->memory;
	uint64_t pfn = address_to_pfn(memory, object);
	struct page *page = pfn_to_page(memory, pfn - own->frame[pfn].behind);
	uint64_t number = load(cpu, page_private(memory, page));

	own_free(cpu, state, &own->cache[number - 1], object);
}

/* ---- set-up --------------------------------------------------------------------------------- */

/* The allocator's function, before time zero: what goes wrong is told by its first operation. */
static void set_up(struct own *own, void (*function)(void *cache), void *cache)
{
	jmp_buf escape;

	if (setjmp(escape))
		return;
	guard_enter(own, NULL, &escape);
	function(cache);
	guard_leave();
}

static void size_cache(struct own *own, struct kmem_cache *s, size_t size, size_t align)
{
	if (align < GRANULE)
		align = GRANULE;
	s->object_bytes = (size + align - 1) / align * align;
	if (own->plug->object_bytes)
		s->object_bytes = own->plug->object_bytes(size, align);
	if (s->object_bytes < size)
		snprintf(own->broken, sizeof own->broken, "object_bytes(%zu, %zu) is %zu", size,
			 align, s->object_bytes);
	while ((size_t)PAGE_BYTES << s->order < s->object_bytes && s->order < MAX_ORDER - 1)
		s->order++;
	s->block_bytes = (size_t)PAGE_BYTES << s->order;
}

static struct kmem_cache *own_cache_create(void *state, const char *name, unsigned size,
					   unsigned align)
{
	struct own *own = state;
	const struct layout *layout = own->plug->cache, *part = own->plug->cpu;
	struct kmem_cache *s = &own->cache[own->caches];

	if (own->caches == OWN_CACHES)
		sim_out_of_memory(own->sim);
	s->own = own;
	s->number = (uint16_t)++own->caches;
	s->name = name;
	s->at = arena_alloc(own->sim, layout->size, 1, 0, LINE, layout,
			    label_new(own->sim, "%s %s", name, layout->name));
	if (part)
		s->cpu = percpu_alloc(own->sim, part->size, LINE, part,
				      label_new(own->sim, "%s %s", name, part->name));
	size_cache(own, s, size, align);
	if (own->plug->init)
		set_up(own, own->plug->init, own_alias(own, s->at));
	return s;
}

static void create_kmallocs(struct own *own)
{
	for (unsigned i = KMALLOC_FIRST; i <= KMALLOC_LAST; i++) {
		const char *name = label_new(own->sim, "kmalloc-%u", 1u << i);

		own_cache_create(own, name, 1u << i, 0)->kmalloc = true;
	}
	own->kmallocs = own->caches;
}

static void *create(const struct plugin *plugin, const char *file, struct sim *sim,
		    const struct pages *pages, const void *settings)
{
	struct arena *arena = &sim_head(sim)->arena;
	struct own *own = host_new(sim, sizeof *own);

	sim_head(sim)->own = own;
	own->plug = plugin->allocator;
	own->file = file;
	own->sim = sim;
	own->pages = pages;
	own->settings = settings;
	own->base = arena->base;
	own->bytes = arena->bytes;
	own->alias = arena_alias(sim);
	own->frame = host_new(sim, pages->memory->pages * sizeof *own->frame);
	own->visitor = host_new(sim, sim_cpus(sim) * sizeof *own->visitor);
	guard_variables(own, true);
	*plugin->verbs = &own_table;
	create_kmallocs(own);
	return own;
}

/* ---- what is asked of it -------------------------------------------------------------------- */

static unsigned own_object_size(const struct kmem_cache *s)
{
	return (unsigned)s->object_bytes;
}

static unsigned own_objects_per_slab(const struct kmem_cache *s)
{
	const struct allocator *plug = s->own->plug;

	if (plug->objects_per_block)
		return (unsigned)plug->objects_per_block(s->block_bytes, s->object_bytes);
	return (unsigned)(s->block_bytes / s->object_bytes);
}

static uint64_t own_metadata_bytes(const void *state)
{
	const struct own *own = state;
	const struct layout *part = own->plug->cpu;

	return (own->caches - own->kmallocs) *
	       (own->plug->cache->size + (part ? part->size * sim_cpus(own->sim) : 0));
}

static bool own_owns(const void *state, const struct kmem_cache *s, const void *object)
{
	const struct own *own = state;
	const struct frame *frame = own_frame(own, object);

	return frame && frame->cache && (!s || frame->cache == s->number);
}

/* Forgets what was told; the first blocks of page frames per cache are counted in `blocks`. */
static void count_blocks(struct own *own, uint64_t blocks[OWN_CACHES])
{
	const struct memory *memory = own->pages->memory;

	for (uint64_t pfn = memory_next(memory, 0); pfn < memory->pages;
	     pfn = memory_next(memory, pfn + 1)) {
		struct frame *frame = &own->frame[pfn];

		if (!frame->cache)
			continue;
		memset(frame->told, 0, sizeof frame->told);
		blocks[frame->cache - 1] += !frame->behind;
	}
}

/* Asks every cache; `in_use` gets how many objects in blocks were not told as free. */
static bool ask(struct own *own, uint64_t *in_use)
{
	uint64_t blocks[OWN_CACHES] = { 0 };
	struct books books = { .own = own };

	*in_use = 0;
	own->peeks = 0;
	own->broken[0] = '\0';
	count_blocks(own, blocks);
	if (setjmp(books.escape))
		return false;
	for (unsigned i = 0; i < own->caches; i++) {
		struct kmem_cache *s = &own->cache[i];

		books.cache = s;
		books.told = 0;
		guard_enter(own, NULL, &books.escape);
		if (!own->plug->check(own_alias(own, s->at), &books))
			guard_break(NULL, "%s: check() says no", s->name);
		guard_leave();
		*in_use += blocks[i] * own_objects_per_slab(s) - books.told;
	}
	return true;
}

static bool own_check(const void *state, const struct report *report)
{
	struct own *own = (struct own *)(uintptr_t)state;
	uint64_t in_use;

	if (ask(own, &in_use))
		return true;
	if (own->broken_at)
		failed(report, "%s:%u: %s", own->broken_at->file, own->broken_at->line,
		       own->broken);
	else
		failed(report, "%s", own->broken);
	own->broken[0] = '\0'; /* another run may be right */
	return false;
}

/* Of books that are wrong check() tells. */
static uint64_t own_in_use(const void *state)
{
	struct own *own = (struct own *)(uintptr_t)state;
	uint64_t in_use;

	if (ask(own, &in_use))
		return in_use;
	own->broken[0] = '\0';
	return 0;
}

/* ---- the allocators ------------------------------------------------------------------------- */

/* What a model's create() is not told. */
static struct {
	const struct plugin *plugin;
	const char *file;
	struct object_allocator model;
} slot[OWN_MAX];

#define CREATE(n)                                                                                  \
	static void *create_##n(struct sim *sim, const struct pages *pages, const void *settings)  \
	{                                                                                          \
		return create(slot[n].plugin, slot[n].file, sim, pages, settings);                 \
	}
CREATE(0)
CREATE(1)
CREATE(2)
CREATE(3)

const struct object_allocator *own_allocator(const struct plugin *plugin, const char *file,
					     const char *content)
{
	static void *(*const creates[OWN_MAX])(struct sim *, const struct pages *,
					       const void *) = { create_0, create_1, create_2,
								 create_3 };
	unsigned n = 0;

	while (n < OWN_MAX && slot[n].plugin)
		n++;
	if (n == OWN_MAX)
		return NULL;
	slot[n].plugin = plugin;
	slot[n].file = file;
	slot[n].model = (struct object_allocator){
		.name = plugin->allocator->name,
		.summary = plugin->allocator->summary,
		.content = content,
		.settings = plugin->allocator->settings,
		.settings_size = plugin->allocator->settings_size,
		.kernel = KERNEL_6_12, /* preemption is not counted */
		.create = creates[n],
		.cache_create = own_cache_create,
		.kmalloc_cache = own_kmalloc_cache,
		.alloc = own_alloc,
		.free = own_free,
		.kmalloc = own_kmalloc,
		.kfree = own_kfree,
		.object_size = own_object_size,
		.objects_per_slab = own_objects_per_slab,
		.metadata_bytes = own_metadata_bytes,
		.check = own_check,
		.in_use = own_in_use,
		.owns = own_owns,
	};
	return &slot[n].model;
}
