/* Pairing of recorded events; see pairing.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"
#include "workloads/pairing.h"

enum {
	PAGE_SHIFT = 12,
	CHUNK_SHIFT = 6, CHUNK = 1 << CHUNK_SHIFT,      /* frames that are stored together */
	ZERO_SIZE_POINTER = 0x10,                       /* what kmalloc gives for no bytes */
};
static const uint32_t NONE = MAP_NONE;

struct cache {
	enum trace_kind kind;
	uint32_t size, name;            /* of its objects; in the names */
};

/* What is known about an address. */
struct place {
	uint32_t object;                /* alive there; NONE */
	uint32_t cache;                 /* of the last object there; NONE: not known yet */
};

/* And about a page frame. */
struct frame {
	uint32_t block;                 /* that holds it; NONE */
	uint16_t cpu;                   /* that freed it last */
	uint8_t report;                 /* how */
	bool freed;                     /* a second report of that may come */
};

/* Neighbouring frames: most are inside or outside a block together. */
struct chunk {
	uint32_t block;                 /* that holds all, if not `mixed`; none of them is `freed` */
	uint32_t frames;                /* where they stand, if ever they were mixed; NONE */
	bool mixed;
};

struct item {                           /* an object or a block of pages */
	uint32_t cache;                 /* NONE: resolved at the end */
	uint32_t born, dies;            /* events; NONE: existed, or left */
	uint32_t frames;                /* of a block: how many it still holds */
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

struct pairing {
	struct recording *recording;
	struct map places, neighbours;  /* by address: place; by page of it: the last cache there */
	struct place *place;
	uint32_t place_count;
	struct map chunks;              /* by frame number / CHUNK */
	struct chunk *chunk;
	uint32_t chunk_count;
	struct frame *frame;            /* CHUNK of each chunk that was ever mixed */
	uint32_t mixed_count;
	struct map large;               /* blocks too large for a trace: 0 if alive */
	uint32_t large_orders;          /* a bit for each order there ever was */
	struct map cache_by_key, cache_by_name, sized_by_name;
	struct cache *cache;
	uint32_t caches;
	struct item *item;
	uint32_t items;
	struct happening *event;
	uint32_t events;
	uint64_t newest[TRACE_CPUS_MAX];
	uint64_t note[NOTES];           /* those of the whole input that pairing finds */
	uint64_t matched;
};

void *room_for(void *array, size_t used, size_t element)
{
	if (used & (used - 1))
		return array;
	return xrealloc(array, (used ? 2 * used : 1) * element);
}

/* ---- names and caches ----------------------------------------------------------------------- */

uint32_t names_add(struct names *names, const char *text, size_t bytes)
{
	char name[TRACE_NAME_BYTES] = "";
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < bytes && i < TRACE_NAME_BYTES - 1; i++) {
		name[i] = (char)(text[i] < ' ' || text[i] > '~' ? '?' : text[i]);
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
	}
	uint32_t *at = map_at(&names->by_hash, hash);

	while (*at != MAP_NONE && strcmp(names->text[*at], name) != 0)
		at = map_at(&names->by_hash, ++hash);
	if (*at == MAP_NONE) {
		names->text = room_for(names->text, names->count, sizeof *names->text);
		memcpy(names->text[names->count], name, sizeof name);
		*at = names->count++;
	}
	return *at;
}

void names_free(struct names *names)
{
	free(names->text);
	map_free(&names->by_hash);
}

/* The name of an event's cache, or a made-up one where none is told. */
static uint32_t name_of(struct pairing *p, enum trace_kind kind, uint32_t size, uint32_t name)
{
	char text[TRACE_NAME_BYTES];
	int length;

	if (kind == TRACE_PAGE_BLOCK)
		length = snprintf(text, sizeof text, "order-%" PRIu32, size);
	else if (kind == TRACE_KMALLOC)
		length = snprintf(text, sizeof text, "kmalloc-%" PRIu32, size);
	else if (name == NONE)
		length = snprintf(text, sizeof text, "cache-%" PRIu32, size);
	else
		return name;
	return names_add(&p->recording->names, text, (size_t)length);
}

static uint64_t cache_key(enum trace_kind kind, uint32_t size, uint32_t name)
{
	return (uint64_t)kind << 62 | (uint64_t)(name & 0x3fffffff) << 32 | size;
}

static uint32_t new_cache(struct pairing *p, struct cache cache)
{
	p->cache = room_for(p->cache, p->caches, sizeof *p->cache);
	p->cache[p->caches] = cache;
	if (cache.kind == TRACE_KMEM_CACHE) {
		uint32_t *any = map_at(&p->cache_by_name, cache.name),
			 *sized = map_at(&p->sized_by_name, cache.name);

		if (*any == NONE)
			*any = p->caches;
		if (*sized == NONE && cache.size != 0)
			*sized = p->caches;
	}
	return p->caches++;
}

/* `name` NONE: not told; such caches are found by that, and by the name made up for them. */
static uint32_t cache_of(struct pairing *p, enum trace_kind kind, uint32_t size, uint32_t name)
{
	uint32_t known = map_get(&p->cache_by_key, cache_key(kind, size, name));

	if (known != NONE)
		return known;
	uint32_t named = name_of(p, kind, size, name);

	known = map_get(&p->cache_by_key, cache_key(kind, size, named));
	if (known == NONE)
		known = new_cache(p, (struct cache){ kind, size, named });
	*map_at(&p->cache_by_key, cache_key(kind, size, named)) = known;
	*map_at(&p->cache_by_key, cache_key(kind, size, name)) = known;
	return known;
}

static uint32_t cache_of_record(struct pairing *p, const struct record *record)
{
	return cache_of(p, (enum trace_kind)record->kind, record->size,
			record->kind == TRACE_KMEM_CACHE ? record->name : NONE);
}

/* ---- events --------------------------------------------------------------------------------- */

static uint32_t new_item(struct pairing *p, uint32_t cache, const struct record *record)
{
	p->item = room_for(p->item, p->items, sizeof *p->item);
	p->item[p->items] = (struct item){
		.cache = cache, .born = NONE, .dies = NONE, .id = record->id, .cpu = record->cpu,
	};
	return p->items++;
}

static struct happening *new_event(struct pairing *p, const struct record *record, uint32_t object,
				   bool frees)
{
	uint16_t cpu = record->cpu;

	p->event = room_for(p->event, p->events, sizeof *p->event);
	struct happening *event = &p->event[p->events];

	*event = (struct happening){
		.time_ns = record->time_ns, .object = object, .cpu = cpu, .free = frees
	};
	if (record->time_ns < p->newest[cpu]) {
		event->late = true;
		event->time_ns = p->newest[cpu];
	}
	p->newest[cpu] = event->time_ns;
	if (frees)
		p->item[object].dies = p->events;
	else
		p->item[object].born = p->events;
	p->events++;
	return event;
}

static void insert_free(struct pairing *p, const struct record *record, uint32_t object)
{
	new_event(p, record, object, true)->inserted = true;
}

static void recorded_free(struct pairing *p, const struct record *record, uint32_t object,
			  bool renamed)
{
	new_event(p, record, object, true)->renamed = renamed;
	p->matched += !p->item[object].unseen;
}

static uint32_t unseen_item(struct pairing *p, const struct record *record, uint32_t cache)
{
	uint32_t object = new_item(p, cache, record);

	p->item[object].unseen = true;
	return object;
}

/* ---- objects -------------------------------------------------------------------------------- */

/* Hashed pointers are small numbers, and their neighbourhood means nothing. */
static bool has_neighbours(uint64_t id)
{
	return id >> 32 != 0;
}

static struct place *place_of(struct pairing *p, uint64_t id)
{
	uint32_t *at = map_at(&p->places, id);

	if (*at == NONE) {
		p->place = room_for(p->place, p->place_count, sizeof *p->place);
		p->place[p->place_count] = (struct place){ NONE, NONE };
		*at = p->place_count++;
	}
	return &p->place[*at];
}

static void object_allocated(struct pairing *p, const struct record *record)
{
	struct place *place = place_of(p, record->id);

	if (place->object != NONE)
		insert_free(p, record, place->object);
	place->cache = cache_of_record(p, record);
	place->object = new_item(p, place->cache, record);
	new_event(p, record, place->object, false);
	if (has_neighbours(record->id))
		*map_at(&p->neighbours, record->id >> PAGE_SHIFT) = place->cache;
}

/* The cache of an object that was never allocated, as far as its free tells; NONE: not at all. */
static uint32_t cache_of_unseen(struct pairing *p, const struct record *record)
{
	if (record->name == NONE)
		return NONE;
	uint32_t cache = map_get(&p->cache_by_name, record->name);

	/* Size 0 until an allocation tells. */
	return cache != NONE ? cache : cache_of(p, TRACE_KMEM_CACHE, 0, record->name);
}

static bool names_another(const struct pairing *p, const struct record *record, uint32_t object)
{
	const struct cache *cache = &p->cache[p->item[object].cache];

	if (record->name == NONE || cache->kind != TRACE_KMEM_CACHE || cache->name == record->name)
		return false;
	/* An allocation that told no name has a made-up one. */
	return strncmp(p->recording->names.text[cache->name], "cache-", 6) != 0;
}

static void object_freed(struct pairing *p, const struct record *record)
{
	struct place *place = place_of(p, record->id);
	uint32_t object = place->object;

	if (object == NONE && record->id == ZERO_SIZE_POINTER) {
		p->note[NOTE_NULL]++;
		return;
	}
	if (object == NONE)
		object = unseen_item(p, record, cache_of_unseen(p, record));
	recorded_free(p, record, object,
		      p->item[object].cache != NONE && names_another(p, record, object));
	place->object = NONE;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static struct chunk *chunk_of(struct pairing *p, uint64_t id)
{
	uint32_t *at = map_at(&p->chunks, id >> CHUNK_SHIFT);

	if (*at == NONE) {
		p->chunk = room_for(p->chunk, p->chunk_count, sizeof *p->chunk);
		p->chunk[p->chunk_count] = (struct chunk){ .block = NONE, .frames = NONE };
		*at = p->chunk_count++;
	}
	return &p->chunk[*at];
}

/* A frame with a memory of its own. */
static struct frame *frame_at(struct pairing *p, uint64_t id)
{
	struct chunk *chunk = chunk_of(p, id);

	if (chunk->frames == NONE) {
		p->frame = room_for(p->frame, p->mixed_count, CHUNK * sizeof *p->frame);
		chunk->frames = p->mixed_count++;
	}
	struct frame *frame = &p->frame[(size_t)chunk->frames * CHUNK];

	for (unsigned i = 0; i < CHUNK && !chunk->mixed; i++)
		frame[i] = (struct frame){ .block = chunk->block };
	chunk->mixed = true;
	return &frame[id % CHUNK];
}

/* The block that holds a frame, NONE: none; and how many frames from there, up to `most`, it is. */
static uint32_t holder(struct pairing *p, uint64_t id, uint32_t most, uint32_t *run)
{
	const struct chunk *chunk = chunk_of(p, id);
	uint32_t rest = CHUNK - (uint32_t)(id % CHUNK);

	*run = chunk->mixed ? 1 : rest < most ? rest : most;
	return chunk->mixed ? frame_at(p, id)->block : chunk->block;
}

/* Gives frames to a block, NONE: to nobody; no second report of earlier frees is due then. */
static void give_frames(struct pairing *p, uint64_t id, uint32_t count, uint32_t block)
{
	while (count > 0) {
		uint32_t rest = CHUNK - (uint32_t)(id % CHUNK), run = rest < count ? rest : count;

		if (run == CHUNK) {
			struct chunk *chunk = chunk_of(p, id);

			chunk->mixed = false;
			chunk->block = block;
		} else {
			struct frame *frame = frame_at(p, id);

			for (uint32_t i = 0; i < run; i++)
				frame[i] = (struct frame){ .block = block };
		}
		id += run;
		count -= run;
	}
}

static uint32_t frames_of(const struct pairing *p, uint32_t block)
{
	return 1u << p->cache[p->item[block].cache].size;
}

/* Blocks of an order beyond the trace's, which start at a multiple of their size. */
static uint64_t large_key(uint64_t id, uint32_t order)
{
	return (uint64_t)order << 56 | id >> order;
}

/* The place of the large block alive that contains a page; NULL: none does. */
static uint32_t *large_block(struct pairing *p, uint64_t id)
{
	for (uint32_t order = TRACE_ORDER_MAX + 1; order <= KMEM_ORDER_MAX; order++)
		if (p->large_orders >> order & 1 && map_get(&p->large, large_key(id, order)) == 0)
			return map_at(&p->large, large_key(id, order));
	return NULL;
}

/* They are counted only, and so are the frees of their parts. */
static bool is_large(struct pairing *p, const struct record *record)
{
	uint32_t run, *large;

	if (record->size > TRACE_ORDER_MAX) {
		p->large_orders |= 1u << record->size;
		*map_at(&p->large, large_key(record->id, record->size)) = record->free ? NONE : 0;
	} else {
		large = large_block(p, record->id);
		if (large && !record->free)
			*large = NONE;          /* it must have been freed */
		if (!large || !record->free || holder(p, record->id, 1, &run) != NONE)
			return false;
	}
	p->note[NOTE_LARGE]++;
	return true;
}

/* Frames get a new owner: their block was freed before, or this part of it. */
static void take_frames(struct pairing *p, const struct record *record, uint64_t id, uint32_t run,
			uint32_t block)
{
	struct item *item = &p->item[block];

	if (item->frames == frames_of(p, block)) {
		give_frames(p, item->id, item->frames, NONE);
		item->frames = 0;
	} else {
		give_frames(p, id, run, NONE);
		item->frames -= run;
	}
	if (item->frames == 0)
		insert_free(p, record, block);
}

static void pages_allocated(struct pairing *p, const struct record *record)
{
	uint32_t frames = 1u << record->size, run;

	for (uint32_t i = 0; i < frames; i += run) {
		uint32_t block = holder(p, record->id + i, frames - i, &run);

		if (block != NONE)
			take_frames(p, record, record->id + i, run, block);
	}
	uint32_t block = new_item(p, cache_of_record(p, record), record);

	p->item[block].frames = frames;
	give_frames(p, record->id, frames, block);
	new_event(p, record, block, false);
}

/* Batched and alone in either order; until 3.2 a single page that is freed directly, twice so. */
static bool is_second_report(const struct frame *frame, const struct record *record)
{
	return frame->block == NONE && frame->freed && frame->cpu == record->cpu &&
	       (frame->report != record->report ||
		(record->report == KMEM_DIRECT && record->size == 0));
}

/* Takes the frames from the blocks that hold them and frees each that holds no more. */
static void release_frames(struct pairing *p, const struct record *record)
{
	uint32_t frames = 1u << record->size, held = 0, ended = 0, run;

	for (uint32_t i = 0; i < frames; i += run) {
		uint32_t block = holder(p, record->id + i, frames - i, &run);

		if (block == NONE)
			continue;
		held++;
		give_frames(p, record->id + i, run, NONE);
		struct item *item = &p->item[block];

		item->frames -= run;
		if (item->frames > 0)
			continue;
		/* An order says another block only where the free is not that of a part. */
		uint32_t order = p->cache[item->cache].size;
		bool part = item->id != record->id || record->size < order;

		recorded_free(p, record, block, !part && record->size != order);
		ended++;
	}
	if (held == 0)
		recorded_free(p, record, unseen_item(p, record, cache_of_record(p, record)), false);
	else if (ended == 0)
		p->note[NOTE_PARTS]++;
}

static void pages_freed(struct pairing *p, const struct record *record)
{
	if (is_second_report(frame_at(p, record->id), record)) {
		frame_at(p, record->id)->freed = false;
		p->note[NOTE_TWINS]++;
		return;
	}
	release_frames(p, record);
	struct frame *frame = frame_at(p, record->id);

	frame->cpu = record->cpu;
	frame->report = record->report;
	frame->freed = true;
}

/* ---- sizes of what existed ------------------------------------------------------------------ */

/* What lay at the address or on its page; NONE: nothing known. */
static uint32_t cache_from_place(const struct pairing *p, uint64_t id)
{
	uint32_t at = map_get(&p->places, id);

	if (at != NONE && p->place[at].cache != NONE)
		return p->place[at].cache;
	return has_neighbours(id) ? map_get(&p->neighbours, id >> PAGE_SHIFT) : NONE;
}

/* A free named the cache before any allocation told the size of its objects. */
static void resolve_size(struct pairing *p, struct item *item)
{
	uint32_t name = p->cache[item->cache].name, there = cache_from_place(p, item->id),
		 sized = map_get(&p->sized_by_name, name);

	if (sized != NONE && p->cache[sized].size != 0) {
		item->cache = sized;
		return;
	}
	item->guessed = there == NONE;
	item->cache = cache_of(p, TRACE_KMEM_CACHE,
			       there == NONE ? IMPORT_GUESS_BYTES : p->cache[there].size, name);
}

static void resolve(struct pairing *p, struct item *item)
{
	if (item->cache == NONE) {
		item->cache = cache_from_place(p, item->id);
		item->guessed = item->cache == NONE;
		if (item->guessed)
			item->cache = cache_of(p, TRACE_KMALLOC, IMPORT_GUESS_BYTES, NONE);
	} else if (p->cache[item->cache].kind == TRACE_KMEM_CACHE &&
		   p->cache[item->cache].size == 0) {
		resolve_size(p, item);
	}
}

/* ---- all of it ------------------------------------------------------------------------------ */

struct pairing *pairing_new(struct recording *recording, const uint32_t *order)
{
	struct pairing *p = xalloc(sizeof *p);

	p->recording = recording;
	for (uint32_t i = 0; i < recording->records; i++) {
		const struct record *record = &recording->record[order ? order[i] : i];

		if (record->level == TRACE_SLAB)
			(record->free ? object_freed : object_allocated)(p, record);
		else if (!is_large(p, record))
			(record->free ? pages_freed : pages_allocated)(p, record);
	}
	for (uint32_t i = 0; i < p->items; i++)
		resolve(p, &p->item[i]);
	return p;
}

void pairing_free(struct pairing *p)
{
	if (!p)
		return;
	map_free(&p->places);
	map_free(&p->neighbours);
	map_free(&p->chunks);
	map_free(&p->large);
	map_free(&p->cache_by_key);
	map_free(&p->cache_by_name);
	map_free(&p->sized_by_name);
	free(p->place);
	free(p->chunk);
	free(p->frame);
	free(p->cache);
	free(p->item);
	free(p->event);
	free(p);
}

uint64_t pairing_matched(const struct pairing *p)
{
	return p->matched;
}

uint32_t pairing_events(const struct pairing *p)
{
	return p->events;
}

/* ---- the trace ------------------------------------------------------------------------------ */

/* The part of the events that is kept, and new numbers for what it uses; NONE: not used. */
struct part {
	struct pairing *in;
	struct trace *trace;
	uint32_t first, end;            /* events */
	uint32_t *object, *cache;
};

static uint32_t part_cache(struct part *part, uint32_t cache)
{
	struct trace *trace = part->trace;

	if (part->cache[cache] == NONE) {
		const struct cache *from = &part->in->cache[cache];
		struct trace_cache *to = &trace->cache[trace->caches];

		*to = (struct trace_cache){ .kind = from->kind, .size = from->size };
		memcpy(to->name, part->in->recording->names.text[from->name], sizeof to->name);
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
	const struct recording *recording = part->in->recording;
	struct trace *trace = part->trace;
	uint16_t index[TRACE_CPUS_MAX] = { 0 };
	bool used[TRACE_CPUS_MAX] = { false };

	for (size_t i = 0; i < trace->events; i++)
		used[trace->event[i].cpu] = true;
	for (uint32_t i = 0; i < trace->objects; i++)
		used[trace->object[i].cpu] = true;
	for (unsigned i = 0; i < recording->cpus; i++) {
		for (unsigned j = 0; j < recording->cpus; j++)
			index[i] += used[j] && recording->cpu_number[j] < recording->cpu_number[i];
		if (used[i]) {
			trace->cpu_number[index[i]] = recording->cpu_number[i];
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

struct trace *pairing_trace(struct pairing *in, uint32_t first, uint32_t end)
{
	struct trace *trace = xalloc(sizeof *trace);
	struct part part = { in, trace, first, end, NULL, NULL };

	trace->cache = xalloc((in->caches + 1) * sizeof *trace->cache);
	trace->object = xalloc(((size_t)in->items + 1) * sizeof *trace->object);
	trace->event = xalloc(((size_t)end - first + 1) * sizeof *trace->event);
	part.object = xalloc(((size_t)in->items + 1) * sizeof *part.object);
	part.cache = xalloc(((size_t)in->caches + 1) * sizeof *part.cache);
	memset(part.cache, 0xff, in->caches * sizeof *part.cache);     /* NONE */
	memcpy(trace->note[TRACE_SLAB], in->note, sizeof in->note);
	trace->note[TRACE_SLAB][NOTE_TRIMMED] = in->events - (end - first);
	part_existed(&part);
	part_events(&part);
	part_cpus(&part);
	free(part.object);
	free(part.cache);
	return trace;
}
