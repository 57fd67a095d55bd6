/*
 * From accesses and moments to records.
 *
 * Moments are told when the host comes to them, which may be before accesses of other CPUs that are
 * earlier; they wait in a heap until an access that is not. Accesses come in order.
 *
 * The states of a line before an access are those that its last event left, but for copies that made
 * room or arrived unasked meanwhile: so the events of a line follow from each other. A copy changes
 * for the sake of somebody else's access before that one has its line; it is shown to change with that
 * access, so what killed a copy is the event that shows it go. (Between the two others may have come
 * to the line and gone: they stand in order, each with its own.) The state of the CPU itself is what
 * it found when it began. Shared caches are shown as they are.
 */
#include "steps/recorder.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "sim/protocol.h"
#include "sim/timing.h"
#include "sim/verbs/arena.h"
#include "sim/verbs/head.h"
#include "sim/verbs/rmw.h"
#include "sim/verbs/xalloc.h"
#include "steps/event.h"

/* What is known of a line: its states and who wrote it. */
struct known {
	uint64_t line;                  /* 0: free slot */
	int last_writer;                /* -1: none */
};

/* A moment that waits for its turn. */
struct later {
	struct raw raw;
	uint64_t sequence;
	uint8_t *states;                /* NULL: no line */
};

/* A copy changed for the sake of a CPU whose access is still to come. */
struct change {
	uint64_t line;
	uint16_t by, whose;
	uint8_t after;
};

/* Where the program lies, or a library, or a model that was loaded. */
struct image {
	uint64_t start, end;
};

/* A copy that went to another CPU's access. */
struct lost {
	uint64_t key;                   /* line and CPU; 0: free slot */
	uint64_t event;                 /* number of that access; 0: it is back, or went otherwise */
};

struct recorder {
	struct sim *sim;
	const struct arena *arena;
	struct writer *writer;
	unsigned caches, cpus;
	uint64_t wanted;
	void (*full)(void *to);
	void *to;
	struct known *known;            /* open addressing, by line */
	uint8_t *states;                /* [room][caches] */
	size_t count, room;
	struct later *heap;
	size_t waiting, heap_room;
	uint64_t sequence;
	uint32_t *coming;               /* by CPU: flags of its next access */
	struct change *change;          /* in order */
	size_t changes, change_room;
	struct image *image;            /* what is loaded into this process */
	size_t images;
	struct lost *lost;              /* open addressing */
	size_t losts, lost_room;
	char *letters;                  /* [caches] */
	uint8_t *both, *none;           /* [caches] */
	uint8_t code[256];              /* of a letter */
};

/* ---- lines ----------------------------------------------------------------------------------- */

static size_t place_of(const struct recorder *r, uint64_t line)
{
	size_t at = (line * 0x9e3779b97f4a7c15u >> 20) & (r->room - 1);

	while (r->known[at].line && r->known[at].line != line)
		at = (at + 1) & (r->room - 1);
	return at;
}

static void widen(struct recorder *r)
{
	struct recorder old = *r;

	r->room = r->room ? 2 * r->room : 1024;
	r->known = xalloc(r->room * sizeof *r->known);
	r->states = xalloc(r->room * r->caches);
	for (size_t i = 0; i < old.room; i++)
		if (old.known[i].line) {
			size_t at = place_of(r, old.known[i].line);

			r->known[at] = old.known[i];
			memcpy(r->states + at * r->caches, old.states + i * r->caches, r->caches);
		}
	free(old.known);
	free(old.states);
}

static size_t know(struct recorder *r, uint64_t line)
{
	size_t at;

	if (2 * r->count >= r->room)
		widen(r);
	at = place_of(r, line);
	if (!r->known[at].line) {
		r->known[at] = (struct known){ line, -1 };
		r->count++;
	}
	return at;
}

static struct lost *lost_slot(const struct recorder *r, uint64_t key)
{
	size_t at = (key * 0x9e3779b97f4a7c15u >> 20) & (r->lost_room - 1);

	while (r->lost[at].key && r->lost[at].key != key)
		at = (at + 1) & (r->lost_room - 1);
	return &r->lost[at];
}

/* Which event took that copy, to be read and set. */
static uint64_t *taker_of(struct recorder *r, uint64_t line, unsigned cpu)
{
	uint64_t key = line / LINE * EVENT_CACHES_MAX + cpu + 1;
	struct lost *slot;

	if (2 * r->losts >= r->lost_room) {
		struct recorder old = *r;

		r->lost_room = r->lost_room ? 2 * r->lost_room : 1024;
		r->lost = xalloc(r->lost_room * sizeof *r->lost);
		for (size_t i = 0; i < old.lost_room; i++)
			if (old.lost[i].key)
				*lost_slot(r, old.lost[i].key) = old.lost[i];
		free(old.lost);
	}
	slot = lost_slot(r, key);
	r->losts += !slot->key;
	slot->key = key;
	return &slot->event;
}

/* ---- names ----------------------------------------------------------------------------------- */

struct described {
	const struct recorder *recorder;
	uint64_t offset;
};

static void describe(void *to, char *instance, size_t size, char *member, size_t member_size)
{
	const struct described *d = to;
	const struct arena *arena = d->recorder->arena;

	label_describe(arena, d->offset, arena->label_serial, instance, size, member, member_size);
}

/* Name, instance and member say all. */
static uint32_t name_of(struct recorder *r, uint64_t offset)
{
	const struct label *l = label_find(r->arena, offset, r->arena->label_serial);
	struct described d = { r, offset };
	uint64_t key[3] = { 0 };

	if (l) {
		const struct field *f = layout_field(l->layout, (offset - l->start) % l->stride);

		key[0] = (uintptr_t)l->name;
		key[1] = (l->first + (offset - l->start) / l->stride) << 1 | l->indexed;
		key[2] = (uintptr_t)f;
	}
	return writer_name(r->writer, key, describe, &d);
}

static int add_image(struct dl_phdr_info *info, size_t size, void *to)
{
	struct recorder *r = to;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type != PT_LOAD)
			continue;
		r->image = xrealloc(r->image, (r->images + 1) * sizeof *r->image);
		r->image[r->images++] =
			(struct image){ info->dlpi_addr + part->p_vaddr,
					info->dlpi_addr + part->p_vaddr + part->p_memsz };
	}
	return 0;
}

static bool is_of_program(const struct recorder *r, uint64_t word)
{
	for (size_t i = 0; i < r->images && word >> 32; i++)
		if (word >= r->image[i].start && word < r->image[i].end)
			return true;
	return false;
}

static void describe_constant(void *to, char *instance, size_t size, char *member,
			      size_t member_size)
{
	(void)to;
	(void)member;
	(void)member_size;
	snprintf(instance, size, "%s", "(a constant of the program)");
}

/*
 * Host addresses differ from run to run: a pointer into the arena becomes its offset, with a name; one
 * to a constant of the program nothing but a name.
 */
static uint64_t plain(struct recorder *r, uint64_t word, unsigned size, uint32_t *name)
{
	static const uint64_t constant[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	uint64_t offset = arena_pointer(r->arena, word);

	*name = 0;
	if (size < 8)
		return word;
	if (offset < r->arena->bytes) {
		*name = name_of(r, offset);
		return offset;
	}
	if (!is_of_program(r, word))
		return word;
	*name = writer_name(r->writer, constant, describe_constant, NULL);
	return 0;
}

static void take_value(struct recorder *r, const void *from, unsigned size, uint64_t word[2],
		       uint32_t *to)
{
	uint32_t unused;

	word[0] = word[1] = 0;
	memcpy(word, from, size);
	word[0] = plain(r, word[0], size, to);
	if (size > 8)
		word[1] = plain(r, word[1], size, &unused);
}

/* ---- moments --------------------------------------------------------------------------------- */

static bool earlier(const struct later *a, const struct later *b)
{
	if (a->raw.time != b->raw.time)
		return a->raw.time < b->raw.time;
	if (a->raw.cpu != b->raw.cpu)
		return a->raw.cpu < b->raw.cpu;
	return a->sequence < b->sequence;
}

static void swap(struct later *a, struct later *b)
{
	struct later c = *a;

	*a = *b;
	*b = c;
}

static void heap_add(struct recorder *r, struct later later)
{
	size_t at = r->waiting++;

	if (r->waiting > r->heap_room) {
		r->heap_room = r->heap_room ? 2 * r->heap_room : 64;
		r->heap = xrealloc(r->heap, r->heap_room * sizeof *r->heap);
	}
	r->heap[at] = later;
	for (; at && earlier(&r->heap[at], &r->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&r->heap[at], &r->heap[(at - 1) / 2]);
}

static struct later heap_take(struct recorder *r)
{
	struct later first = r->heap[0];
	size_t at = 0, least;

	r->heap[0] = r->heap[--r->waiting];
	for (;; at = least) {
		least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < r->waiting && earlier(&r->heap[child], &r->heap[least]))
				least = child;
		if (least == at)
			return first;
		swap(&r->heap[at], &r->heap[least]);
	}
}

/* All that is not later than `time`. */
static void let_moments(struct recorder *r, uint64_t time)
{
	while (r->waiting && r->heap[0].raw.time <= time) {
		struct later first = heap_take(r);

		writer_record(r->writer, &first.raw, first.states ? first.states : r->none);
		free(first.states);
	}
}

static void note_change(struct recorder *r, const struct moment *m)
{
	if (r->changes == r->change_room) {
		r->change_room = r->change_room ? 2 * r->change_room : 64;
		r->change = xrealloc(r->change, r->change_room * sizeof *r->change);
	}
	r->change[r->changes++] =
		(struct change){ sim_offset(r->sim, m->address), (uint16_t)m->cpu,
				 (uint16_t)m->other, r->code[(unsigned char)m->after] };
}

/* What has changed for the sake of that CPU: into both (after in the low half), and the states as they
 * are told from now on. `event`: the access that it is, 0: none. True: somebody lost a copy. */
static bool take_changes(struct recorder *r, uint64_t line, unsigned by, uint64_t event,
			 uint8_t *states, uint8_t *both)
{
	bool killed = false;
	size_t left = 0;

	for (size_t i = 0; i < r->changes; i++) {
		const struct change *c = &r->change[i];

		if (c->line != line || c->by != by) {
			r->change[left++] = *c;
			continue;
		}
		both[c->whose] = (uint8_t)((both[c->whose] & 0xf0) | c->after);
		states[c->whose] = c->after;
		if (c->after == STATE_I)
			*taker_of(r, line, c->whose) = c->whose == by ? 0 : event;
		killed |= c->whose != by && c->after == STATE_I;
	}
	r->changes = left;
	return killed;
}

static void as_told(const struct recorder *r, const uint8_t *states, uint8_t *both)
{
	for (unsigned i = 0; i < r->caches; i++)
		both[i] = (uint8_t)(states[i] << 4 | states[i]);
}

/* The copy that made room, or came: its states before and after. NULL: it is told already. */
static uint8_t *evicted_or_arrived(struct recorder *r, const struct moment *m)
{
	uint64_t line = sim_offset(r->sim, m->address);
	size_t at = know(r, line);      /* which may move the states */
	uint8_t *states = r->states + at * r->caches, *both;
	uint8_t after = m->kind == MOMENT_EVICTION ? STATE_I : r->code[(unsigned char)m->after];
	size_t changes = r->changes;

	both = xalloc(r->caches);
	as_told(r, states, both);
	if (m->kind == MOMENT_ARRIVAL)
		take_changes(r, line, m->cpu, 0, states, both);
	*taker_of(r, line, m->cpu) = 0;
	if (changes == r->changes && states[m->cpu] == after) {
		free(both);
		return NULL;
	}
	both[m->cpu] = (uint8_t)((both[m->cpu] & 0xf0) | after);
	states[m->cpu] = after;
	return both;
}

static void on_moment(void *to, const struct moment *m)
{
	struct recorder *r = to;
	bool lock = m->kind == MOMENT_LOCK_TAKEN || m->kind == MOMENT_LOCK_RELEASED;
	struct later later = { .sequence = r->sequence++,
			       .raw = { .kind = (uint8_t)(RAW_MOMENT + m->kind),
					.time = m->time_units,
					.before = m->since_units ? m->time_units - m->since_units
								 : 0,
					.cpu = (uint16_t)m->cpu,
					.other = (uint16_t)m->other } };

	if (m->kind == MOMENT_CHANGE) {
		note_change(r, m);
		return;
	}
	if (m->kind == MOMENT_LOCK_WAIT)
		r->coming[m->cpu] |= EVENT_LOCK_WAIT;
	if (m->kind == MOMENT_IRQ_ENTER)
		r->coming[m->cpu] |= EVENT_INTERRUPT;
	if (m->kind == MOMENT_OP_BEGIN || m->kind == MOMENT_OP_END)
		later.raw.context = writer_context(r->writer, op_names[m->op], "");
	if (lock)
		later.raw.context = writer_context(r->writer, "", m->lock);
	if (m->address) {
		later.raw.address = sim_offset(r->sim, m->address);
		later.raw.name = name_of(r, later.raw.address);
	}
	if (m->kind == MOMENT_EVICTION || m->kind == MOMENT_ARRIVAL) {
		later.states = evicted_or_arrived(r, m);
		if (!later.states)
			return;
	}
	heap_add(r, later);
}

/* ---- accesses -------------------------------------------------------------------------------- */

static uint8_t verb_of(const struct access *a)
{
	static const uint8_t how[] = {
		[RMW_EXCHANGE] = EVENT_EXCHANGE, [RMW_ADD] = EVENT_ADD,
		[RMW_CAS] = EVENT_CAS,		 [RMW_BIT_SET] = EVENT_BIT_SET,
		[RMW_BIT_CLEAR] = EVENT_BIT_CLEAR,
	};

	if (a->prefetch)
		return a->write ? EVENT_PREFETCH_WRITE : EVENT_PREFETCH;
	if (a->modify)
		return how[a->modify->how];
	if (a->half || (a->read && a->write))
		return EVENT_UPDATE;
	return a->write ? EVENT_STORE : EVENT_LOAD;
}

static uint32_t flags_of(const struct access *a)
{
	bool cas = a->modify && a->modify->how == RMW_CAS && !a->half;

	return (a->read ? EVENT_IS_READ : 0) | (a->write ? EVENT_IS_WRITE : 0) |
	       (a->locked ? EVENT_IS_LOCKED : 0) | (a->half ? EVENT_IS_HALF : 0) |
	       (a->buffered ? EVENT_IS_BUFFERED : 0) | (a->forwarded ? EVENT_IS_FORWARDED : 0) |
	       (cas && !a->modify->result ? EVENT_FAILED : 0) | (a->missed ? EVENT_MISSED : 0) |
	       (a->supplier >= 0 ? EVENT_TRANSFER : 0) |
	       (a->in_interrupt ? EVENT_IN_INTERRUPT : 0) | (a->in_window ? EVENT_IN_WINDOW : 0);
}

/* States before and now, and what that says of the event. */
static uint32_t take_states(struct recorder *r, const struct access *a)
{
	size_t at = know(r, a->line);
	uint8_t *states = r->states + at * r->caches;
	int *writer = &r->known[at].last_writer;
	uint32_t flags = 0;

	sim_states(r->sim, a->line, r->letters);
	/* a prefetch touches nothing, and what is under way of its line is told by who has it */
	if (!a->buffered && !a->prefetch)
		states[a->cpu] = r->code[(unsigned char)a->before];
	as_told(r, states, r->both);
	if (a->prefetch)
		return flags;
	if (take_changes(r, a->line, a->cpu, writer_accesses(r->writer) + 1, states, r->both))
		flags |= EVENT_KILLED;
	states[a->cpu] = r->code[(unsigned char)a->after];
	r->both[a->cpu] = (uint8_t)((r->both[a->cpu] & 0xf0) | states[a->cpu]);
	for (unsigned i = r->cpus; i < r->caches; i++) {
		states[i] = r->code[(unsigned char)r->letters[i]];
		r->both[i] = (uint8_t)((r->both[i] & 0xf0) | states[i]);
	}
	if (a->write && !a->prefetch) {
		if (*writer >= 0 && *writer != (int)a->cpu)
			flags |= EVENT_BOUNCE;
		*writer = (int)a->cpu;
	}
	return flags;
}

static void on_access(void *to, const struct access *a)
{
	struct recorder *r = to;
	struct raw raw = {
		.kind = RAW_ACCESS,
		.time = a->time_units,
		.before = a->time_units - a->start_units,
		.cost = a->cost_units,
		.busy = a->busy_units,
		.address = sim_offset(r->sim, a->address),
		.cpu = (uint16_t)a->cpu,
		.other = (uint16_t)(a->supplier + 1),
		.size = (uint8_t)a->size,
		.verb = verb_of(a),
		.cause = (uint8_t)a->cause,
		.waiting = (uint8_t)a->waiting,
		.found = r->code[(unsigned char)a->found],
		.flags = flags_of(a),
	};

	let_moments(r, a->time_units);
	if (a->missed) {
		uint64_t *taker = taker_of(r, a->line, a->cpu);

		raw.taken_by = *taker;
		*taker = 0;
	}
	raw.flags |= take_states(r, a);
	if (!a->buffered) {
		raw.flags |= r->coming[a->cpu];
		r->coming[a->cpu] = 0;
	}
	raw.name = name_of(r, raw.address);
	raw.site = writer_site(r->writer, a->site);
	raw.caller = writer_site(r->writer, a->caller);
	raw.context = writer_context(r->writer, op_names[a->op], a->path);
	if (!a->prefetch) {
		take_value(r, a->old, a->size, raw.old, &raw.old_to);
		take_value(r, a->now, a->size, raw.now, &raw.now_to);
	}
	writer_record(r->writer, &raw, r->both);
	if (r->wanted && writer_accesses(r->writer) == r->wanted)
		r->full(r->to);
}

/* ---- from the start to the end ---------------------------------------------------------------- */

static void note_caches(struct recorder *r)
{
	char key[32], name[64];

	for (unsigned i = 0; i < r->caches; i++) {
		snprintf(key, sizeof key, "cache %u", i);
		writer_key(r->writer, key, sim_cache_name(r->sim, i, name, sizeof name));
	}
}

struct recorder *recorder_attach(struct sim *sim, int fd, uint64_t accesses,
				 void (*told)(void *to, const struct block_entry *block),
				 void (*full)(void *to), void *to)
{
	struct recorder *r = xalloc(sizeof *r);

	r->sim = sim;
	r->arena = &sim_head_const(sim)->arena;
	r->caches = sim_caches(sim);
	r->cpus = sim_cpus(sim);
	r->writer = writer_new(fd, r->caches, r->cpus, told, to);
	r->wanted = accesses;
	r->full = full;
	r->to = to;
	r->coming = xalloc(r->cpus * sizeof *r->coming);
	r->letters = xalloc(r->caches);
	r->both = xalloc(r->caches);
	r->none = xalloc(r->caches);
	for (unsigned i = 0; state_letter[i]; i++)
		r->code[(unsigned char)state_letter[i]] = (uint8_t)i;
	note_caches(r);
	dl_iterate_phdr(add_image, r);
	sim_observe(sim, on_access, r);
	sim_observe_moments(sim, on_moment);
	return r;
}

void recorder_key(struct recorder *r, const char *key, const char *value)
{
	writer_key(r->writer, key, value);
}

int recorder_end(struct recorder *r)
{
	let_moments(r, NEVER);
	return writer_end(r->writer);
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	while (r->waiting)
		free(heap_take(r).states);
	writer_free(r->writer);
	free(r->known);
	free(r->states);
	free(r->heap);
	free(r->change);
	free(r->lost);
	free(r->image);
	free(r->coming);
	free(r->letters);
	free(r->both);
	free(r->none);
	free(r);
}
