/*
 * toy: a free list under a lock, and a short list of each CPU in front of it.
 *	cache        lock, free -> o -> o -> o        any CPU, with the lock
 *	CPU's part   free -> o -> o, count            that CPU alone, interrupts off
 * True when no CPU is inside: (1) a free object is on one list; (2) count is its list's length.
 */
#include "models/allocator.h"

struct object { struct object *next; };
struct toy { struct spinlock lock; struct object *free; };
struct toy_cpu { struct object *free; uint64_t count; };
struct set { uint64_t keep, batch; };

static void push(struct cpu *cpu, struct object **head, struct object *object)
{
	struct object *first = load(cpu, head);

	store(cpu, &object->next, first);
	store(cpu, head, object);
}

static struct object *pop(struct cpu *cpu, struct object **head)
{
	struct object *object = load(cpu, head);
	struct object *next = object ? load(cpu, &object->next) : NULL;

	if (object)
		store(cpu, head, next);
	return object;
}

/* With the lock: where the list is empty, a new block's objects come onto it first. */
static struct object *take(struct cpu *cpu, struct toy *s)
{
	struct object *object = pop(cpu, &s->free);
	size_t size = cache_object_bytes(s);
	char *block = object ? NULL : block_get(cpu, s);

	for (size_t at = 0; block && at + size <= cache_block_bytes(s); at += size)
		push(cpu, &s->free, (struct object *)(block + at));
	return object ? object : pop(cpu, &s->free);
}

/* Up to `count` objects from a list to another, one of them the cache's; how many. */
static uint64_t move(struct cpu *cpu, struct toy *s, void *from, void *to, uint64_t count)
{
	uint64_t n = 0;
	struct object *object;

	spin_lock(cpu, &s->lock, LOCK_TICKET);
	for (; n < count && (object = from == &s->free ? take(cpu, s) : pop(cpu, from)); n++)
		push(cpu, to, object);
	spin_unlock(cpu, &s->lock, LOCK_TICKET);
	return n;
}

static void *toy_alloc(struct cpu *cpu, void *cache)
{
	const struct set *set = cache_settings(cache);
	struct toy *s = cache;
	struct toy_cpu *own = cache_cpu(cpu, s);
	bool flags = irq_save(cpu);
	uint64_t n = load(cpu, &own->count);
	struct object *object;

	if (n == 0)
		n = move(cpu, s, &s->free, &own->free, set->keep ? set->batch : 1);
	object = pop(cpu, &own->free);
	if (object)
		store(cpu, &own->count, n - 1);
	irq_restore(cpu, flags);
	return object;
}

static void toy_free(struct cpu *cpu, void *cache, void *object)
{
	const struct set *set = cache_settings(cache);
	struct toy *s = cache;
	struct toy_cpu *own = cache_cpu(cpu, s);
	bool flags = irq_save(cpu);
	uint64_t n = load(cpu, &own->count) + 1;

	push(cpu, &own->free, object);
	if (n > set->keep)
		n -= move(cpu, s, &own->free, &s->free, set->batch);
	store(cpu, &own->count, n);
	irq_restore(cpu, flags);
}

static bool toy_check(void *cache, struct books *books)
{
	struct toy *s = cache;

	for (struct object *o = peek(&s->free); o; o = peek(&o->next))
		books_free(books, o);
	for (unsigned id = 0; id < cache_cpus(s); id++) {
		struct toy_cpu *own = cache_cpu_of(s, id);
		uint64_t n = 0;

		for (struct object *o = peek(&own->free); o; o = peek(&o->next), n++)
			books_free(books, o);
		if (n != peek(&own->count))
			return books_wrong(books, "CPU %u: count is not the length", id);
	}
	return !spin_lock_is_held(&s->lock, LOCK_TICKET) || books_wrong(books, "lock is held");
}

static const struct setting toy_settings[] = {
	SETTING(struct set, keep, COUNT, .max = 4096, .fallback = "0", .help = "most of a CPU's"),
	SETTING(struct set, batch, COUNT, .min = 1, .max = 4096, .fallback = "16", .help = "moved"), { 0 },
};
static const struct allocator toy = {
	.name = "toy", .summary = "a free list under a lock, a list of each CPU in front of it",
	.cache = LAYOUT(toy, FIELD(struct toy, lock), FIELD(struct toy, free)),
	.cpu = LAYOUT(toy_cpu, FIELD(struct toy_cpu, free), FIELD(struct toy_cpu, count)),
	.alloc = toy_alloc, .free = toy_free, .check = toy_check,
	.settings = toy_settings, .settings_size = sizeof(struct set),
};
BOUNCE_ALLOCATOR(toy);
