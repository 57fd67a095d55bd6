/*
 * The importer; see import.h. Three steps: bytes to lines, lines to repaired events (one pass, as
 * they come), events to a trace (cut to the part that was asked for, objects numbered anew).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "sim/verbs/xalloc.h"
#include "workloads/import.h"
#include "workloads/kmem_text.h"

enum { LINE_MAX_BYTES = 1 << 16, PAGE_SHIFT = 12 };
static const uint32_t NONE = UINT32_MAX;

/* What is known about an address or a page frame. */
struct place {
	uint64_t id;
	uint32_t object;                /* alive there; NONE */
	uint32_t cache;                 /* of the last object there; NONE: not known yet */
	uint16_t cpu;                   /* that freed it last */
	bool used;                      /* an entry of the table */
	bool twin_due, twin_batched;    /* a second report of its last free may come, of this kind */
};

struct table {
	struct place *place;
	size_t room, used;              /* a power of two; at most half used */
};

struct item {                           /* an object */
	uint32_t cache;                 /* NONE: resolved at the end */
	uint32_t born, dies;            /* events; NONE: existed, or left */
	uint64_t id;
	uint16_t cpu;
	bool unseen;                    /* no event allocates it */
	bool guessed;
};

struct happening {
	uint64_t time_ns;
	uint32_t object;
	uint16_t cpu;                   /* index of cpu_number, in order of appearance */
	bool free, inserted, late, renamed;
};

struct importer {
	struct import_options options;
	ZSTD_DStream *zstd;             /* NULL: plain */
	bool begun, between_frames;
	char *line;
	size_t line_bytes;
	bool line_too_long;
	uint64_t note[NOTES];
	uint64_t no_place;
	struct import_other other[IMPORT_OTHERS];
	size_t others;
	struct table table[TRACE_LEVELS], page_table;   /* the last: caches by page of address */
	struct trace_cache *cache;
	uint32_t caches;
	struct item *item;
	uint32_t items;
	struct happening *event;
	uint32_t events;
	uint16_t cpu_number[TRACE_CPUS_MAX];
	uint64_t newest[TRACE_CPUS_MAX];
	unsigned cpus;
	const char *refused;            /* why no trace can come of it; NULL: none yet */
};

/* Room for one more element: arrays double at powers of two. */
static void *room_for(void *array, size_t used, size_t element)
{
	if (used & (used - 1))
		return array;
	return xrealloc(array, (used ? 2 * used : 1) * element);
}

/* ---- addresses -------------------------------------------------------------------------------- */

static struct place *look(const struct table *table, uint64_t id)
{
	size_t slot = (size_t)(id * 0x9e3779b97f4a7c15u >> 20) & (table->room - 1);

	while (table->place[slot].used && table->place[slot].id != id)
		slot = (slot + 1) & (table->room - 1);
	return &table->place[slot];
}

static void table_grow(struct table *table)
{
	struct table old = *table;

	table->room = old.room ? 2 * old.room : 1024;
	table->place = xalloc(table->room * sizeof *table->place);
	for (size_t i = 0; i < old.room; i++)
		if (old.place[i].used)
			*look(table, old.place[i].id) = old.place[i];
	free(old.place);
}

static struct place *place_of(struct table *table, uint64_t id)
{
	if (2 * (table->used + 1) > table->room)
		table_grow(table);
	struct place *place = look(table, id);

	if (!place->used) {
		*place = (struct place){ .id = id, .object = NONE, .cache = NONE, .used = true };
		table->used++;
	}
	return place;
}

/* Hashed pointers are small numbers, and their neighbourhood means nothing. */
static bool has_neighbours(uint64_t id)
{
	return id >> 32 != 0;
}

/* ---- caches and CPUs --------------------------------------------------------------------------- */

static uint32_t cache_of(struct importer *in, enum trace_kind kind, uint32_t size, const char *name)
{
	for (uint32_t i = 0; i < in->caches; i++) {
		const struct trace_cache *cache = &in->cache[i];

		if (cache->kind == kind && cache->size == size && strcmp(cache->name, name) == 0)
			return i;
	}
	in->cache = room_for(in->cache, in->caches, sizeof *in->cache);
	in->cache[in->caches] = (struct trace_cache){ .kind = kind, .size = size };
	snprintf(in->cache[in->caches].name, TRACE_NAME_BYTES, "%s", name);
	return in->caches++;
}

/* The event's cache name, made printable; a made-up one where none is told. */
static void name_of(const struct kmem_event *event, char name[TRACE_NAME_BYTES])
{
	size_t bytes =
		event->name_bytes < TRACE_NAME_BYTES ? event->name_bytes : TRACE_NAME_BYTES - 1;

	if (event->kind == TRACE_PAGE_BLOCK)
		snprintf(name, TRACE_NAME_BYTES, "order-%" PRIu32, event->size);
	else if (event->kind == TRACE_KMALLOC)
		snprintf(name, TRACE_NAME_BYTES, "kmalloc-%" PRIu32, event->size);
	else if (!event->name)
		snprintf(name, TRACE_NAME_BYTES, "cache-%" PRIu32, event->size);
	else
		snprintf(name, TRACE_NAME_BYTES, "%.*s", (int)bytes, event->name);
	for (char *c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static uint32_t cache_of_event(struct importer *in, const struct kmem_event *event)
{
	char name[TRACE_NAME_BYTES];

	name_of(event, name);
	return cache_of(in, event->kind, event->size, name);
}

/* A cache with the name that a free gives, whatever the size of its objects; NONE: not seen. */
static uint32_t cache_by_name(const struct importer *in, const struct kmem_event *event)
{
	char name[TRACE_NAME_BYTES];

	name_of(event, name);
	for (uint32_t i = 0; i < in->caches; i++)
		if (in->cache[i].kind == TRACE_KMEM_CACHE && strcmp(in->cache[i].name, name) == 0)
			return i;
	return NONE;
}

static bool cpu_index(struct importer *in, unsigned number, uint16_t *index)
{
	for (unsigned i = 0; i < in->cpus; i++) {
		if (in->cpu_number[i] == number) {
			*index = (uint16_t)i;
			return true;
		}
	}
	if (in->cpus == TRACE_CPUS_MAX)
		return false;
	in->cpu_number[in->cpus] = (uint16_t)number;
	*index = (uint16_t)in->cpus++;
	return true;
}

/* ---- events -------------------------------------------------------------------------------------- */

static uint32_t new_item(struct importer *in, uint32_t cache, uint64_t id, uint16_t cpu)
{
	in->item = room_for(in->item, in->items, sizeof *in->item);
	in->item[in->items] = (struct item){
		.cache = cache, .born = NONE, .dies = NONE, .id = id, .cpu = cpu,
	};
	return in->items++;
}

static struct happening *new_event(struct importer *in, uint64_t time_ns, uint16_t cpu,
				   uint32_t object, bool frees)
{
	in->event = room_for(in->event, in->events, sizeof *in->event);
	struct happening *event = &in->event[in->events];

	*event = (struct happening){
		.time_ns = time_ns, .object = object, .cpu = cpu, .free = frees
	};
	if (time_ns < in->newest[cpu]) {
		event->late = true;
		event->time_ns = in->newest[cpu];
	}
	in->newest[cpu] = event->time_ns;
	if (frees)
		in->item[object].dies = in->events;
	else
		in->item[object].born = in->events;
	in->events++;
	return event;
}

static void allocated(struct importer *in, const struct kmem_event *event, uint16_t cpu)
{
	struct place *place = place_of(&in->table[event->level], event->id);

	if (place->object != NONE)
		new_event(in, event->time_ns, cpu, place->object, true)->inserted = true;
	place->cache = cache_of_event(in, event);
	place->object = new_item(in, place->cache, event->id, cpu);
	place->twin_due = false;
	new_event(in, event->time_ns, cpu, place->object, false);
	if (event->level == TRACE_SLAB && has_neighbours(event->id))
		place_of(&in->page_table, event->id >> PAGE_SHIFT)->cache = place->cache;
}

/* The cache of an object that was never allocated, as far as its free tells. */
static uint32_t cache_of_unseen(struct importer *in, const struct kmem_event *event)
{
	if (event->level == TRACE_PAGES)
		return cache_of_event(in, event);
	if (!event->name)
		return NONE;
	uint32_t cache = cache_by_name(in, event);

	if (cache == NONE) {            /* size 0 until an allocation tells */
		char name[TRACE_NAME_BYTES];

		name_of(event, name);
		cache = cache_of(in, TRACE_KMEM_CACHE, 0, name);
	}
	return cache;
}

static bool names_another(const struct importer *in, const struct kmem_event *event,
			  uint32_t object)
{
	const struct trace_cache *cache = &in->cache[in->item[object].cache];
	char name[TRACE_NAME_BYTES];

	if (event->level == TRACE_PAGES)
		return cache->size != event->size;
	if (!event->name || cache->kind != TRACE_KMEM_CACHE)
		return false;
	name_of(event, name);
	/* An allocation that told no name has a made-up one. */
	return strncmp(cache->name, "cache-", 6) != 0 && strcmp(cache->name, name) != 0;
}

static void freed(struct importer *in, const struct kmem_event *event, uint16_t cpu)
{
	struct place *place = place_of(&in->table[event->level], event->id);
	uint32_t object = place->object;

	if (object == NONE && place->twin_due && place->twin_batched == event->batched &&
	    place->cpu == cpu) {
		place->twin_due = false;
		in->note[NOTE_TWINS]++;
		return;
	}
	if (object == NONE) {
		object = new_item(in, cache_of_unseen(in, event), event->id, cpu);
		in->item[object].unseen = true;
	}
	bool renamed = in->item[object].cache != NONE && names_another(in, event, object);

	new_event(in, event->time_ns, cpu, object, true)->renamed = renamed;
	place->object = NONE;
	place->cpu = cpu;
	place->twin_due = event->level == TRACE_PAGES;
	place->twin_batched = !event->batched;
}

static void traffic(struct importer *in, const struct kmem_event *event, bool frees)
{
	uint16_t cpu;

	if (!cpu_index(in, event->cpu, &cpu)) {
		in->refused = "it has events of more CPUs than this program can simulate";
		return;
	}
	if (in->events >= NONE - 2 || in->items >= NONE - 2) {
		in->refused = "it has too many events";
		return;
	}
	if ((in->options.only_slab && event->level != TRACE_SLAB) ||
	    (in->options.only_pages && event->level != TRACE_PAGES))
		in->note[NOTE_TRIMMED]++;
	else if (frees)
		freed(in, event, cpu);
	else
		allocated(in, event, cpu);
}

static void other_event(struct importer *in, const struct kmem_event *event)
{
	struct import_other other = { .count = 1 };
	size_t i = 0;

	in->note[NOTE_OTHER_EVENTS]++;
	snprintf(other.name, sizeof other.name, "%.*s",
		 (int)(event->event_bytes < 47 ? event->event_bytes : 47), event->event);
	while (i < in->others && strcmp(in->other[i].name, other.name) != 0)
		i++;
	if (i < in->others)
		in->other[i].count++;
	else if (in->others < IMPORT_OTHERS)
		in->other[in->others++] = other;
}

static void take_line(struct importer *in)
{
	struct kmem_event event;
	enum kmem_line what = kmem_parse(in->line, in->line_bytes, &event);

	in->note[NOTE_LINES]++;
	if (in->line_too_long)
		what = KMEM_NO_EVENT;
	if (what >= KMEM_BROKEN)
		in->note[NOTE_EVENTS]++;
	switch (what) {
	case KMEM_NOTHING:  break;
	case KMEM_NO_EVENT: in->note[NOTE_NO_EVENTS]++; break;
	case KMEM_NO_PLACE: in->note[NOTE_NO_EVENTS]++, in->no_place++; break;
	case KMEM_LOST:     in->note[NOTE_LOST] += event.lost; break;
	case KMEM_OTHER:    other_event(in, &event); break;
	case KMEM_BROKEN:   in->note[NOTE_BROKEN]++; break;
	case KMEM_NULL:     in->note[NOTE_NULL]++; break;
	case KMEM_HIDDEN:   in->note[NOTE_HIDDEN]++; break;
	case KMEM_ALLOC:
	case KMEM_FREE:     traffic(in, &event, what == KMEM_FREE); break;
	}
	in->line_bytes = 0;
	in->line_too_long = false;
}

/* ---- bytes --------------------------------------------------------------------------------------- */

struct importer *import_new(const struct import_options *options)
{
	struct importer *in = xalloc(sizeof *in);

	in->options = *options;
	in->line = xalloc(LINE_MAX_BYTES);
	return in;
}

void import_free(struct importer *in)
{
	if (!in)
		return;
	ZSTD_freeDStream(in->zstd);
	for (int level = 0; level < TRACE_LEVELS; level++)
		free(in->table[level].place);
	free(in->page_table.place);
	free(in->line);
	free(in->cache);
	free(in->item);
	free(in->event);
	free(in);
}

static void take_text(struct importer *in, const char *text, size_t bytes)
{
	while (bytes > 0) {
		const char *end = memchr(text, '\n', bytes);
		size_t piece = end ? (size_t)(end - text) : bytes,
		       room = LINE_MAX_BYTES - in->line_bytes;

		if (piece > room)
			in->line_too_long = true;
		memcpy(in->line + in->line_bytes, text, piece < room ? piece : room);
		in->line_bytes += piece < room ? piece : room;
		if (end)
			take_line(in);
		text += piece + (end != NULL);
		bytes -= piece + (end != NULL);
	}
}

static bool take_zstd(struct importer *in, const void *bytes, size_t count, char *why, size_t size)
{
	ZSTD_inBuffer from = { bytes, count, 0 };
	char text[1 << 14];

	for (;;) {
		ZSTD_outBuffer to = { text, sizeof text, 0 };
		size_t left = ZSTD_decompressStream(in->zstd, &to, &from);

		if (ZSTD_isError(left)) {
			snprintf(why, size, "it cannot be unpacked: %s", ZSTD_getErrorName(left));
			return false;
		}
		in->between_frames = left == 0;
		take_text(in, text, to.pos);
		if (from.pos == from.size && to.pos < to.size)
			return true;
	}
}

bool import_feed(struct importer *in, const void *bytes, size_t count, char *why, size_t size)
{
	static const unsigned char zstd_magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	if (!in->begun && count >= 4 && memcmp(bytes, zstd_magic, 4) == 0)
		in->zstd = ZSTD_createDStream();
	in->begun = true;
	if (in->zstd)
		return take_zstd(in, bytes, count, why, size);
	take_text(in, bytes, count);
	return true;
}

const struct import_other *import_others(const struct importer *in, size_t *count)
{
	*count = in->others;
	return in->other;
}

/* ---- the trace ------------------------------------------------------------------------------------ */

/* What lay at the address or on its page; NONE: nothing known. */
static uint32_t cache_from_place(const struct importer *in, uint64_t id)
{
	const struct place *place = look(&in->table[TRACE_SLAB], id);

	if (place->used && place->cache != NONE)
		return place->cache;
	if (!has_neighbours(id) || in->page_table.room == 0)
		return NONE;
	place = look(&in->page_table, id >> PAGE_SHIFT);
	return place->used ? place->cache : NONE;
}

static bool size_unknown(const struct importer *in, uint32_t cache)
{
	return in->cache[cache].kind == TRACE_KMEM_CACHE && in->cache[cache].size == 0;
}

/* A free named the cache before any allocation told the size of its objects. */
static void resolve_size(struct importer *in, struct item *item)
{
	uint32_t there = cache_from_place(in, item->id);
	char name[TRACE_NAME_BYTES];

	memcpy(name, in->cache[item->cache].name, sizeof name);
	for (uint32_t i = 0; i < in->caches; i++) {
		if (in->cache[i].kind == TRACE_KMEM_CACHE && in->cache[i].size != 0 &&
		    strcmp(in->cache[i].name, name) == 0) {
			item->cache = i;
			return;
		}
	}
	item->guessed = there == NONE;
	item->cache = cache_of(in, TRACE_KMEM_CACHE,
			       there == NONE ? IMPORT_GUESS_BYTES : in->cache[there].size, name);
}

static void resolve(struct importer *in, struct item *item)
{
	if (item->cache == NONE) {
		item->cache = cache_from_place(in, item->id);
		item->guessed = item->cache == NONE;
		if (item->guessed)
			item->cache =
				cache_of(in, TRACE_KMALLOC, IMPORT_GUESS_BYTES, "kmalloc-256");
	} else if (size_unknown(in, item->cache)) {
		resolve_size(in, item);
	}
}

/* The part of the events that is kept, and new numbers for what it uses; NONE: not used. */
struct part {
	struct importer *in;
	struct trace *trace;
	uint32_t first, end;            /* events */
	uint32_t *object, *cache;
};

static uint32_t part_cache(struct part *part, uint32_t cache)
{
	struct trace *trace = part->trace;

	if (part->cache[cache] == NONE) {
		trace->cache[trace->caches] = part->in->cache[cache];
		part->cache[cache] = trace->caches++;
	}
	return part->cache[cache];
}

static void part_object(struct part *part, uint32_t item, uint16_t cpu)
{
	struct trace *trace = part->trace;
	uint32_t cache = part_cache(part, part->in->item[item].cache);

	part->object[item] = trace->objects;
	trace->object[trace->objects++] = (struct trace_object){ .cache = cache, .cpu = cpu };
}

static uint64_t *part_note(const struct part *part, uint32_t item, enum trace_note note)
{
	const struct trace *trace = part->trace;

	return &part->trace->note[trace_level_of(trace, part->object[item])][note];
}

/* What is freed in the part and not allocated in it, in the order of the frees. */
static void part_existed(struct part *part)
{
	for (uint32_t i = part->first; i < part->end; i++) {
		const struct happening *event = &part->in->event[i];
		const struct item *item = &part->in->item[event->object];

		if (!event->free || (!item->unseen && item->born >= part->first))
			continue;
		part_object(part, event->object, item->cpu);
		++*part_note(part, event->object, item->unseen ? NOTE_EXISTED : NOTE_CUT);
		if (item->guessed)
			++*part_note(part, event->object, NOTE_GUESSED);
	}
	part->trace->existed = part->trace->objects;
}

static void part_free(struct part *part, const struct happening *event)
{
	const struct item *item = &part->in->item[event->object];
	struct trace_object *object = &part->trace->object[part->object[event->object]];

	object->freed = true;
	object->free_cpu = event->cpu;
	if (event->inserted)
		++*part_note(part, event->object, NOTE_REPLACED);
	else if (!item->unseen && item->born >= part->first)
		++*part_note(part, event->object, NOTE_MATCHED);
	if (!event->inserted && !item->unseen && item->cpu != event->cpu)
		++*part_note(part, event->object, NOTE_REMOTE);
	if (event->renamed)
		++*part_note(part, event->object, NOTE_RENAMED);
}

static void part_events(struct part *part)
{
	struct trace *trace = part->trace;
	uint64_t start = UINT64_MAX;

	for (uint32_t i = part->first; i < part->end; i++)
		if (part->in->event[i].time_ns < start)
			start = part->in->event[i].time_ns;
	for (uint32_t i = part->first; i < part->end; i++) {
		const struct happening *event = &part->in->event[i];

		if (event->free) {
			part_free(part, event);
		} else {
			uint32_t dies = part->in->item[event->object].dies;

			part_object(part, event->object, event->cpu);
			++*part_note(part, event->object, NOTE_ALLOCATIONS);
			if (dies == NONE || dies >= part->end)
				++*part_note(part, event->object, NOTE_LEFT);
		}
		if (event->late)
			++*part_note(part, event->object, NOTE_LATE);
		trace->event[trace->events++] = (struct trace_event){
			event->time_ns - start,
			part->object[event->object],
			event->cpu,
			event->free,
		};
	}
}

/* CPUs that do something, by their recorded numbers. */
static void part_cpus(struct part *part)
{
	struct importer *in = part->in;
	struct trace *trace = part->trace;
	uint16_t index[TRACE_CPUS_MAX] = { 0 };
	bool used[TRACE_CPUS_MAX] = { false };

	for (size_t i = 0; i < trace->events; i++)
		used[trace->event[i].cpu] = true;
	for (uint32_t i = 0; i < trace->objects; i++)
		used[trace->object[i].cpu] = true;
	for (unsigned i = 0; i < in->cpus; i++) {
		for (unsigned j = 0; j < in->cpus; j++)
			index[i] += used[j] && in->cpu_number[j] < in->cpu_number[i];
		if (used[i]) {
			trace->cpu_number[index[i]] = in->cpu_number[i];
			trace->cpus++;
		}
	}
	for (size_t i = 0; i < trace->events; i++)
		trace->event[i].cpu = index[trace->event[i].cpu];
	for (uint32_t i = 0; i < trace->objects; i++) {
		trace->object[i].cpu = index[trace->object[i].cpu];
		if (trace->object[i].freed)
			trace->object[i].free_cpu = index[trace->object[i].free_cpu];
	}
}

static struct trace *cut_part(struct importer *in, uint32_t first, uint32_t end)
{
	struct trace *trace = xalloc(sizeof *trace);
	struct part part = { in, trace, first, end, NULL, NULL };

	snprintf(trace->origin, sizeof trace->origin, "%s",
		 in->options.origin ? in->options.origin : "");
	for (char *c = trace->origin; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	trace->cache = xalloc((in->caches + 1) * sizeof *trace->cache);
	trace->object = xalloc(((size_t)in->items + 1) * sizeof *trace->object);
	trace->event = xalloc(((size_t)end - first + 1) * sizeof *trace->event);
	part.object = xalloc(((size_t)in->items + 1) * sizeof *part.object);
	part.cache = xalloc(((size_t)in->caches + 1) * sizeof *part.cache);
	memset(part.cache, 0xff, in->caches * sizeof *part.cache);     /* NONE */
	memcpy(trace->note[TRACE_SLAB], in->note, sizeof in->note);
	trace->note[TRACE_SLAB][NOTE_TRIMMED] += in->events - (end - first);
	part_existed(&part);
	part_events(&part);
	part_cpus(&part);
	free(part.object);
	free(part.cache);
	return trace;
}

static const char *why_no_trace(const struct importer *in)
{
	if (in->refused)
		return in->refused;
	if (in->zstd && !in->between_frames)
		return "it is cut off: its compressed text does not end";
	if (in->events == 0 && in->no_place)
		return "its events lack CPU or time: print them with perf script -F comm,pid,tid,cpu,time,event,trace";
	if (in->note[NOTE_EVENTS] == 0)
		return "it holds no kmem events; expected is the text of perf script, of ftrace or of trace-cmd report";
	if (in->events <= in->options.skip)
		return "no events are left of it";
	return NULL;
}

struct trace *import_finish(struct importer *in, char *why, size_t size)
{
	if (in->line_bytes > 0)
		take_line(in);
	const char *wrong = why_no_trace(in);

	if (wrong) {
		snprintf(why, size, "%s", wrong);
		return NULL;
	}
	for (int level = 0; level < TRACE_LEVELS; level++)
		if (in->table[level].room == 0)
			table_grow(&in->table[level]);
	for (uint32_t i = 0; i < in->items; i++)
		resolve(in, &in->item[i]);
	uint32_t first = (uint32_t)in->options.skip, end = in->events;

	if (in->options.events && in->options.events < end - first)
		end = first + (uint32_t)in->options.events;
	return cut_part(in, first, end);
}
