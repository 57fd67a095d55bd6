/*
 * Reading events: blocks of a file, unpacked when they are looked at, from a file that is complete or
 * from one that a run beside us still writes.
 *
 *	events_of_point -> fork -> run_point_watched ... writer -> file
 *	                               |  told: struct told through a pipe
 *	events_get  <-  need_block  <--'
 *
 * A reader of a file believes nothing: what does not fit is an error, or an event that says nothing.
 */
#include "steps/events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "experiment/experiment.h"
#include "experiment/file.h"
#include "experiment/run_point.h"
#include "experiment/text.h"
#include "experiment/version.h"
#include "sim/protocol.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"
#include "steps/format.h"
#include "steps/recorder.h"

enum { KEPT_BLOCKS = 8 };

struct name {
	const char *instance, *member;
};

struct key {
	const char *key, *value;
};

/* A growing table; entries from 1, as the file counts them. */
struct entries {
	void *item;
	size_t count, room;
};

/* A block as it lies in memory. */
struct unpacked {
	size_t block;                   /* SIZE_MAX: none */
	uint64_t used;
	unsigned char *bytes;           /* [records][record_bytes] */
	uint32_t *access;               /* index of the i-th access: [accesses] */
};

struct events {
	int fd, pipe;                   /* pipe: of the run beside us; -1: it is over */
	pid_t child;
	unsigned caches, cpus;
	size_t record_bytes;
	struct block_entry *block;
	size_t blocks;
	struct entries texts, names, sites, contexts, keys;
	struct unpacked kept[KEPT_BLOCKS];
	uint64_t uses;
	ZSTD_DCtx *zstd;
	char *states;                   /* before and after: [2][caches] */
	struct note *note;
	char *note_states;              /* [note_room][2][caches] */
	size_t note_room;
	bool given;                     /* a file that somebody wrote */
	char damage[300];               /* what was found first; "": nothing */
};

/* What the run tells of each block, and at its end. */
struct told {
	struct block_entry block;
	bool over;
	char why[256];                  /* of a run that could not begin */
};

/* ---- lists ----------------------------------------------------------------------------------- */

static void *entries_add(struct entries *list, size_t size)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->item = xrealloc(list->item, list->room * size);
	}
	return (char *)list->item + list->count++ * size;
}

static const char *text_at(const struct events *e, uint32_t id)
{
	return id && id <= e->texts.count ? ((char *const *)e->texts.item)[id - 1] : "";
}

static struct name name_at(const struct events *e, uint32_t id)
{
	return id && id <= e->names.count ? ((const struct name *)e->names.item)[id - 1]
					  : (struct name){ "", "" };
}

static struct site site_at(const struct events *e, uint32_t id)
{
	return id && id <= e->sites.count ? ((const struct site *)e->sites.item)[id - 1]
					  : (struct site){ "", 0, "", "" };
}

/* ---- dictionary ------------------------------------------------------------------------------ */

struct reading {
	const unsigned char *at, *end;
	bool bad;
};

static uint32_t number(struct reading *r)
{
	uint32_t value = 0;

	if ((size_t)(r->end - r->at) < sizeof value) {
		r->bad = true;
		return 0;
	}
	memcpy(&value, r->at, sizeof value);
	r->at += sizeof value;
	return value;
}

static void read_text(struct events *e, struct reading *r)
{
	uint32_t length = number(r);
	char *text, *clean;

	if (r->bad || length > (size_t)(r->end - r->at)) {
		r->bad = true;
		return;
	}
	text = xalloc((size_t)length + 1);
	memcpy(text, r->at, length);
	r->at += length;
	clean = text_clean(text);       /* frames go to terminals */
	free(text);
	*(char **)entries_add(&e->texts, sizeof clean) = clean;
}

static bool read_dictionary(struct events *e, const unsigned char *bytes, size_t count)
{
	struct reading r = { bytes, bytes + count, false };

	while (r.at < r.end && !r.bad) {
		char letter = (char)*r.at++;
		uint32_t n[4] = { 0 };
		unsigned numbers = letter == ENTRY_SITE ? 4 : letter == ENTRY_TEXT ? 0 : 2;

		for (unsigned i = 0; i < numbers; i++)
			n[i] = number(&r);
		if (letter == ENTRY_TEXT)
			read_text(e, &r);
		else if (letter == ENTRY_NAME)
			*(struct name *)entries_add(&e->names, sizeof(struct name)) =
				(struct name){ text_at(e, n[0]), text_at(e, n[1]) };
		else if (letter == ENTRY_CONTEXT)
			*(struct name *)entries_add(&e->contexts, sizeof(struct name)) =
				(struct name){ text_at(e, n[0]), text_at(e, n[1]) };
		else if (letter == ENTRY_KEY)
			*(struct key *)entries_add(&e->keys, sizeof(struct key)) =
				(struct key){ text_at(e, n[0]), text_at(e, n[1]) };
		else if (letter == ENTRY_SITE)
			*(struct site *)entries_add(&e->sites, sizeof(struct site)) = (struct site){
				text_at(e, n[0]), n[3], text_at(e, n[1]), text_at(e, n[2])
			};
		else
			r.bad = true;
	}
	return !r.bad;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static bool read_at(const struct events *e, uint64_t offset, void *to, size_t count)
{
	char *at = to;

	while (count) {
		ssize_t got = pread(e->fd, at, count, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		offset += (uint64_t)got;
		count -= (size_t)got;
	}
	return true;
}

/* A frame of the file, unpacked; its length is `exact`, or at most `limit`. NULL: it is damaged. */
static unsigned char *unpack(struct events *e, uint64_t offset, size_t packed_bytes, size_t limit,
			     bool exact, size_t *length)
{
	unsigned char *packed, *bytes = NULL;
	unsigned long long size = 0;
	struct stat stat;

	if (fstat(e->fd, &stat) != 0 || packed_bytes > (size_t)stat.st_size)
		return NULL;
	packed = xalloc(packed_bytes + 1);
	if (read_at(e, offset, packed, packed_bytes))
		size = ZSTD_getFrameContentSize(packed, packed_bytes);
	else
		size = ZSTD_CONTENTSIZE_ERROR;
	if (size <= limit && (!exact || size == limit)) {
		bytes = xalloc((size_t)size + 1);
		*length = ZSTD_decompressDCtx(e->zstd, bytes, (size_t)size, packed, packed_bytes);
		if (ZSTD_isError(*length) || *length != size) {
			free(bytes);
			bytes = NULL;
		}
	}
	free(packed);
	return bytes;
}

/* The next block of the file: its entries are known from here on. */
static bool take_block(struct events *e, const struct block_entry *block)
{
	uint64_t first = 1, end = sizeof(struct events_header);
	size_t length;
	unsigned char *bytes;
	bool good;

	if (e->blocks) {
		const struct block_entry *last = &e->block[e->blocks - 1];

		first = last->first + last->accesses;
		end = last->offset + last->dictionary_bytes + last->data_bytes;
	}
	if (block->records > BLOCK_RECORDS_MAX || block->accesses > block->records ||
	    block->first != first || block->offset < end)
		return false;
	bytes = unpack(e, block->offset, block->dictionary_bytes, DICTIONARY_MAX, false, &length);
	good = bytes && read_dictionary(e, bytes, length);
	free(bytes);
	if (!good)
		return false;
	e->block = xrealloc(e->block, (e->blocks + 1) * sizeof *e->block);
	e->block[e->blocks++] = *block;
	return true;
}

static bool read_told(int fd, struct told *told)
{
	char *to = (char *)told;
	size_t left = sizeof *told;

	while (left) {
		ssize_t got = read(fd, to, left);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		left -= (size_t)got;
	}
	return true;
}

/* The run beside us is over, or is to be. */
static void end_child(struct events *e)
{
	if (e->pipe >= 0) {
		close(e->pipe);
		e->pipe = -1;
	}
	if (e->child > 0) {
		kill(e->child, SIGKILL);
		while (waitpid(e->child, NULL, 0) < 0 && errno == EINTR)
			;
		e->child = 0;
	}
}

static void note_damage(struct events *e, const char *message)
{
	char *text = xstrdup(message);

	*(char **)entries_add(&e->texts, sizeof text) = text;
	*(struct key *)entries_add(&e->keys, sizeof(struct key)) = (struct key){ "message", text };
	if (!*e->damage)
		snprintf(e->damage, sizeof e->damage, "%s", message);
}

/* One more block of the run beside us. False: there is none any more. */
static bool wait_for_block(struct events *e)
{
	struct told told;

	if (e->pipe < 0)
		return false;
	if (!read_told(e->pipe, &told)) {
		note_damage(e, "the process of the run died");
	} else if (!told.over) {
		if (take_block(e, &told.block))
			return true;
		note_damage(e, "the events cannot be read back");
	} else if (told.why[0]) {
		note_damage(e, told.why);
	}
	end_child(e);
	return false;
}

static int by_number(const void *number, const void *entry)
{
	uint64_t n = *(const uint64_t *)number;
	const struct block_entry *block = entry;

	return n < block->first ? -1 : n >= block->first + block->accesses;
}

/* The block of an event, which is waited for; SIZE_MAX: the run ends before it. */
static size_t block_of(struct events *e, uint64_t n)
{
	const struct block_entry *found;

	if (!n)
		return SIZE_MAX;
	while (!e->blocks || n >= e->block[e->blocks - 1].first + e->block[e->blocks - 1].accesses)
		if (!wait_for_block(e))
			return SIZE_MAX;
	found = bsearch(&n, e->block, e->blocks, sizeof *e->block, by_number);
	return found ? (size_t)(found - e->block) : SIZE_MAX;
}

static struct raw raw_at(const struct events *e, const struct unpacked *u, size_t record)
{
	struct raw raw;

	memcpy(&raw, u->bytes + record * e->record_bytes, sizeof raw);
	return raw;
}

/* Bytes back in their places, times as they are; and where the accesses are. */
static bool arrange(struct events *e, struct unpacked *u, const unsigned char *shuffled,
		    const struct block_entry *block)
{
	size_t records = block->records, accesses = 0;
	uint64_t time = 0;

	u->bytes = xrealloc(u->bytes, records * e->record_bytes + 1);
	u->access = xrealloc(u->access, (block->accesses + 1) * sizeof *u->access);
	for (size_t b = 0; b < e->record_bytes; b++)
		for (size_t i = 0; i < records; i++)
			u->bytes[i * e->record_bytes + b] = *shuffled++;
	for (size_t i = 0; i < records; i++) {
		struct raw raw = raw_at(e, u, i);

		raw.time = time += raw.time;
		memcpy(u->bytes + i * e->record_bytes, &raw, sizeof raw);
		if (raw.kind == RAW_ACCESS && accesses < block->accesses)
			u->access[accesses++] = (uint32_t)i;
	}
	return accesses == block->accesses;
}

static void note_damaged_block(struct events *e, const struct block_entry *block)
{
	if (!*e->damage)
		snprintf(e->damage, sizeof e->damage,
			 "the file is damaged: events %" PRIu64 " to %" PRIu64
			 " cannot be read; write it again with 'bounce export'",
			 block->first, block->first + block->accesses - (block->accesses > 0));
}

static struct unpacked *load_block(struct events *e, size_t index)
{
	const struct block_entry *block = &e->block[index];
	struct unpacked *u = &e->kept[0];
	unsigned char *bytes;
	size_t length;
	bool good;

	for (unsigned i = 0; i < KEPT_BLOCKS; i++) {
		if (e->kept[i].block == index) {
			e->kept[i].used = ++e->uses;
			return &e->kept[i];
		}
		if (e->kept[i].used < u->used)
			u = &e->kept[i];
	}
	u->block = SIZE_MAX;
	bytes = unpack(e, block->offset + block->dictionary_bytes, block->data_bytes,
		       block->records * e->record_bytes, true, &length);
	good = bytes && arrange(e, u, bytes, block);
	free(bytes);
	if (!good) {
		note_damaged_block(e, block);
		return NULL;
	}
	u->block = index;
	u->used = ++e->uses;
	return u;
}

/* ---- events ---------------------------------------------------------------------------------- */

static char letter_of(unsigned code)
{
	return code < STATES ? state_letter[code] : '?';
}

/* States before and after of a record: [2][caches]. */
static void decode_states(const struct events *e, const unsigned char *record, char *states)
{
	const unsigned char *both = record + sizeof(struct raw);

	for (unsigned i = 0; i < e->caches; i++) {
		states[i] = letter_of(both[i] >> 4);
		states[e->caches + i] = letter_of(both[i] & 15);
	}
}

static struct event_value decode_value(const struct events *e, const uint64_t word[2], uint32_t to)
{
	struct name name = name_at(e, to);

	return (struct event_value){ { word[0], word[1] }, to ? name.instance : NULL, name.member };
}

static struct note decode_note(const struct events *e, const struct raw *raw)
{
	unsigned kind = raw->kind - RAW_MOMENT;
	struct name name = name_at(e, raw->name), context = { "", "" };

	if (raw->context && raw->context <= e->contexts.count)
		context = ((const struct name *)e->contexts.item)[raw->context - 1];
	return (struct note){ .kind = kind < MOMENTS ? (enum moment_kind)kind : MOMENT_IPI,
			      .cpu = raw->cpu < e->cpus ? raw->cpu : 0,
			      .other = raw->other,
			      .time_units = raw->time,
			      .since_units = raw->before ? raw->time - raw->before : 0,
			      .instance = name.instance,
			      .member = name.member,
			      .lock = context.member,
			      .operation = context.instance,
			      .line = raw->address };
}

/* The notes of records first to end. */
static void take_notes(struct events *e, const struct unpacked *u, size_t first, size_t end)
{
	if (e->note_room < end - first + 1) {
		e->note_room = 2 * (end - first + 1);
		e->note = xrealloc(e->note, e->note_room * sizeof *e->note);
		e->note_states = xrealloc(e->note_states, 2 * e->note_room * e->caches);
	}
	for (size_t i = first; i < end; i++) {
		struct note *note = &e->note[i - first];
		struct raw raw = raw_at(e, u, i);

		*note = decode_note(e, &raw);
		if (note->kind != MOMENT_EVICTION && note->kind != MOMENT_ARRIVAL)
			continue;
		note->before = e->note_states + 2 * (i - first) * e->caches;
		note->after = note->before + e->caches;
		decode_states(e, u->bytes + i * e->record_bytes, (char *)note->before);
	}
}

static void decode(struct events *e, const struct unpacked *u, uint64_t n, struct event *event)
{
	const struct block_entry *block = &e->block[u->block];
	size_t index = (size_t)(n - block->first), record = u->access[index];
	size_t first = index ? u->access[index - 1] + 1 : 0;
	struct raw raw = raw_at(e, u, record);
	struct name name = name_at(e, raw.name), context = { "", "" };

	if (raw.context && raw.context <= e->contexts.count)
		context = ((const struct name *)e->contexts.item)[raw.context - 1];
	*event = (struct event){
		.number = n,
		.time_units = raw.time,
		.start_units = raw.time - raw.before,
		.cost_units = raw.cost,
		.busy_units = raw.busy,
		.cpu = raw.cpu < e->cpus ? raw.cpu : 0,
		.size = raw.size,
		.verb = raw.verb < EVENT_VERBS ? raw.verb : EVENT_UPDATE,
		.flags = raw.flags,
		.instance = name.instance,
		.member = name.member,
		.address = raw.address,
		.line = raw.address & ~(uint64_t)(LINE - 1),
		.site = site_at(e, raw.site),
		.caller = site_at(e, raw.caller),
		.operation = context.instance,
		.path = context.member,
		.old = decode_value(e, raw.old, raw.old_to),
		.now = decode_value(e, raw.now, raw.now_to),
		.cause = raw.cause < CAUSES ? raw.cause : CAUSE_IDLE,
		.waiting = raw.waiting <= WAITING_IDLE ? raw.waiting : NOT_WAITING,
		.taken_by = raw.taken_by < n ? raw.taken_by : 0,
		.supplier = raw.other <= e->caches ? raw.other - 1 : -1,
		.found = raw.found ? letter_of(raw.found) : 0,
	};
	decode_states(e, u->bytes + record * e->record_bytes, e->states);
	event->before = e->states;
	event->after = e->states + e->caches;
	take_notes(e, u, first, record);
	event->note = e->note;
	event->notes = record - first;
}

bool events_get(struct events *e, uint64_t n, struct event *event)
{
	size_t block = block_of(e, n);
	const struct unpacked *u = block == SIZE_MAX ? NULL : load_block(e, block);

	if (!u)
		return false;
	decode(e, u, n, event);
	return true;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Nothing of the block can be what is looked for. */
static bool rules_out(const struct block_entry *block, const struct search *search)
{
	return (search->flags && !(block->flags & search->flags)) ||
	       (search->cpu >= 0 && !(block->cpus >> search->cpu % 32 & 1));
}

static bool matches(struct events *e, const struct unpacked *u, uint64_t n,
		    const struct search *search)
{
	struct raw raw = raw_at(e, u, u->access[n - e->block[u->block].first]);
	struct event event;

	if ((search->flags && !(raw.flags & search->flags)) ||
	    (search->cpu >= 0 && raw.cpu != search->cpu) ||
	    (search->line && (raw.address & ~(uint64_t)(LINE - 1)) != search->line))
		return false;
	if (!search->wanted)
		return true;
	decode(e, u, n, &event);
	return search->wanted(&event, search->to);
}

uint64_t events_find(struct events *e, const struct search *search, uint64_t from, bool forward)
{
	uint64_t n = forward ? from + 1 : from - (from > 0);
	size_t at;

	while ((at = block_of(e, n)) != SIZE_MAX) {
		uint64_t first = e->block[at].first, end = first + e->block[at].accesses;
		const struct unpacked *u =
			rules_out(&e->block[at], search) ? NULL : load_block(e, at);

		for (; u && n >= first && n < end; n += forward ? 1 : -1)
			if (matches(e, u, n, search))
				return n;
		n = forward ? end : first - 1;
	}
	return 0;
}

uint64_t events_at(struct events *e, uint64_t time)
{
	struct search any = SEARCH_ANY;
	struct event event;
	uint64_t n = 0;

	/* whole blocks that are earlier first */
	for (size_t at = 0;; at++) {
		while (at >= e->blocks)
			if (!wait_for_block(e))
				return 0;
		if (e->block[at].last_time >= time && e->block[at].accesses) {
			n = e->block[at].first;
			break;
		}
	}
	for (; n && events_get(e, n, &event); n = events_find(e, &any, n, true))
		if (event.time_units >= time)
			return n;
	return 0;
}

static void wait_for_all(struct events *e)
{
	while (wait_for_block(e))
		;
}

uint64_t events_count(struct events *e, bool all)
{
	const struct block_entry *last;

	if (all)
		wait_for_all(e);
	if (!e->blocks)
		return 0;
	last = &e->block[e->blocks - 1];
	return last->first + last->accesses - 1;
}

const struct note *events_rest(struct events *e, size_t *count)
{
	const struct unpacked *u;
	size_t first;

	*count = 0;
	wait_for_all(e);
	if (!e->blocks)
		return NULL;
	u = load_block(e, e->blocks - 1);
	if (!u)
		return NULL;

	const struct block_entry *last = &e->block[e->blocks - 1];

	first = last->accesses ? u->access[last->accesses - 1] + 1 : 0;
	*count = last->records - first;
	take_notes(e, u, first, last->records);
	return e->note;
}

/* ---- what is known --------------------------------------------------------------------------- */

const char *events_damage(const struct events *e)
{
	return *e->damage ? e->damage : NULL;
}

unsigned events_caches(const struct events *e)
{
	return e->caches;
}

unsigned events_cpus(const struct events *e)
{
	return e->cpus;
}

static const char *key_of(const struct events *e, const char *key)
{
	const struct key *keys = e->keys.item;

	for (size_t i = 0; i < e->keys.count; i++)
		if (!strcmp(keys[i].key, key))
			return keys[i].value;
	return NULL;
}

const char *events_cache(const struct events *e, unsigned cache)
{
	char key[32];
	const char *name;

	snprintf(key, sizeof key, "cache %u", cache);
	name = key_of(e, key);
	return name ? name : "";
}

const char *events_key(struct events *e, const char *key)
{
	const char *value = key_of(e, key);

	if (!value) {
		wait_for_all(e);
		value = key_of(e, key);
	}
	return value ? value : "";
}

/* ---- a run beside us ------------------------------------------------------------------------- */

/* The process that runs the point. */
struct running {
	const struct planned *planned;
	int fd, pipe;
	uint64_t most;
	struct recorder *recorder;
};

static void tell(int fd, const struct told *told)
{
	const char *from = (const char *)told;
	size_t left = sizeof *told;

	while (left) {
		ssize_t done = write(fd, from, left);

		if (done < 0 && errno != EINTR)
			_exit(1);               /* nobody listens any more */
		if (done > 0) {
			from += done;
			left -= (size_t)done;
		}
	}
}

static void tell_block(void *to, const struct block_entry *block)
{
	const struct running *running = to;
	struct told told = { .block = *block };

	tell(running->pipe, &told);
}

static _Noreturn void finish(struct running *running, const char *outcome, const char *message)
{
	struct told told = { .over = true };
	int error;

	recorder_key(running->recorder, "outcome", outcome);
	recorder_key(running->recorder, "message", message);
	error = recorder_end(running->recorder);
	if (error)
		snprintf(told.why, sizeof told.why, "the events cannot be kept: %s",
			 strerror(error));
	tell(running->pipe, &told);
	_exit(0);
}

static void full(void *to)
{
	finish(to, "cut", "not all events were asked for");
}

static void note_point(struct running *running)
{
	const struct planned *planned = running->planned;
	struct point *point = point_new();
	char text[32];

	point_describe(point, planned);
	recorder_key(running->recorder, "title", planned->combination->settings.title);
	recorder_key(running->recorder, "name", planned->combination->settings.name);
	recorder_key(running->recorder, "objects", point->objects);
	recorder_key(running->recorder, "pages", point->pages);
	recorder_key(running->recorder, "workload", point->workload);
	recorder_key(running->recorder, "machine", point->machine);
	snprintf(text, sizeof text, "%llu", (unsigned long long)planned->seed);
	recorder_key(running->recorder, "seed", text);
	recorder_key(running->recorder, "version", version_program());
	point_free(point);
}

static void watch(void *to, struct sim *sim)
{
	struct running *running = to;

	running->recorder = recorder_attach(sim, running->fd, running->most, tell_block, full,
					    running);
	note_point(running);
}

static _Noreturn void be_run(struct running *running)
{
	struct told told = { .over = true };
	struct point *point =
		run_point_watched(running->planned, watch, running, told.why, sizeof told.why);

	if (point && running->recorder)
		finish(running, outcome_names[point->result->outcome], point->result->message);
	if (point)
		snprintf(told.why, sizeof told.why, "%s", point->result->message);
	tell(running->pipe, &told);
	_exit(0);
}

static struct events *events_new(int fd)
{
	struct events *e = xalloc(sizeof *e);

	e->fd = fd;
	e->pipe = -1;
	for (unsigned i = 0; i < KEPT_BLOCKS; i++)
		e->kept[i].block = SIZE_MAX;
	e->zstd = ZSTD_createDCtx();
	if (!e->zstd)
		xalloc_failed(sizeof *e);
	return e;
}

/* What every file begins with. False: it is none of ours. */
static bool take_header(struct events *e)
{
	struct events_header header;

	if (!read_at(e, 0, &header, sizeof header) ||
	    memcmp(header.magic, EVENTS_MAGIC, sizeof header.magic) ||
	    header.version != EVENTS_VERSION || !header.cpus || header.cpus > header.caches ||
	    header.caches > EVENT_CACHES_MAX ||
	    header.record_bytes != sizeof(struct raw) + header.caches)
		return false;
	e->caches = header.caches;
	e->cpus = header.cpus;
	e->record_bytes = header.record_bytes;
	e->states = xalloc(2 * (size_t)e->caches);
	return true;
}

/* Waits for the first block, or the reason why there is none. */
static bool begin(struct events *e, char *why, size_t size)
{
	struct told told;

	if (!read_told(e->pipe, &told))
		snprintf(why, size, "the run died before its first event");
	else if (told.over)
		snprintf(why, size, "%s", told.why[0] ? told.why : "the run has no events");
	else if (!take_header(e) || !take_block(e, &told.block))
		snprintf(why, size, "the events cannot be read back");
	else
		return true;
	return false;
}

static struct events *start(const struct planned *planned, uint64_t most, int fd, char *why,
			    size_t size)
{
	struct events *e = events_new(fd);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0) {
		snprintf(why, size, "no pipe: %s", strerror(errno));
		events_close(e);
		return NULL;
	}
	e->child = fork();
	if (e->child == 0) {
		struct running running = { planned, fd, ends[1], most, NULL };

		close(ends[0]);
		be_run(&running);
	}
	close(ends[1]);
	e->pipe = ends[0];
	if (e->child < 0) {
		e->child = 0;
		snprintf(why, size, "no process: %s", strerror(errno));
	} else if (begin(e, why, size)) {
		return e;
	}
	events_close(e);
	return NULL;
}

int events_temporary(char *why, size_t size)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/bounce-events-XXXXXX",
		 folder && *folder ? folder : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		snprintf(why, size, "no room for the events: %s: %s", path, strerror(errno));
	else
		unlink(path);
	return fd;
}

struct events *events_of_point(const struct planned *planned, uint64_t most, char *why, size_t size)
{
	int fd = events_temporary(why, size);

	return fd < 0 ? NULL : start(planned, most, fd, why, size);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool copy_to(void *from, int fd)
{
	const struct events *e = from;
	static const size_t part = 1 << 16;
	char *bytes = xalloc(part);
	uint64_t at = 0;
	ssize_t got;

	while ((got = pread(e->fd, bytes, part, (off_t)at)) > 0 || (got < 0 && errno == EINTR)) {
		if (got > 0 && !file_put(fd, bytes, (size_t)got))
			break;
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(bytes);
	return got == 0;
}

bool events_save(struct events *e, const char *path, char *why, size_t size)
{
	wait_for_all(e);
	for (size_t i = 0; e->given && i < e->blocks; i++)
		load_block(e, i);
	if (!events_damage(e))
		return file_write_by(path, copy_to, e, why, size);
	snprintf(why, size, "%s", events_damage(e));
	return false;
}

static bool take_index(struct events *e, const struct events_trailer *trailer, uint64_t file_bytes)
{
	enum { FRAME_BYTES_LEAST = 8 };
	size_t length = 0;
	bool good;
	struct block_entry *block;

	/* a block has two frames */
	if (trailer->blocks > file_bytes / (2 * FRAME_BYTES_LEAST) ||
	    trailer->index_bytes > file_bytes)
		return false;
	block = (void *)unpack(e, trailer->index_offset, (size_t)trailer->index_bytes,
			       (size_t)trailer->blocks * sizeof *block, true, &length);
	good = block != NULL;
	for (uint64_t i = 0; good && i < trailer->blocks; i++)
		good = take_block(e, &block[i]);
	free(block);
	return good;
}

struct events *events_adopt(int fd)
{
	struct events *e = events_new(fd);
	struct events_trailer trailer;
	struct stat stat;

	if (fstat(e->fd, &stat) == 0 && take_header(e) &&
	    stat.st_size >= (off_t)(sizeof trailer) &&
	    read_at(e, (uint64_t)stat.st_size - sizeof trailer, &trailer, sizeof trailer) &&
	    !memcmp(trailer.magic, EVENTS_MAGIC, sizeof trailer.magic) &&
	    trailer.version == EVENTS_VERSION && take_index(e, &trailer, (uint64_t)stat.st_size))
		return e;
	e->fd = -1;
	events_close(e);
	return NULL;
}

struct events *events_open(const char *path, char *why, size_t size)
{
	FILE *file = file_open(path);
	struct events *e = NULL;
	int fd;

	if (!file) {
		snprintf(why, size, "%s: %s", path, file_problem(errno));
		return NULL;
	}
	fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	fclose(file);
	if (fd >= 0)
		e = events_adopt(fd);
	if (e) {
		e->given = true;
		return e;
	}
	if (fd >= 0)
		close(fd);
	snprintf(why, size, "%s: this is no whole file of events", path);
	return NULL;
}

bool events_are_in(const char *path)
{
	FILE *file = file_open(path);
	char magic[sizeof EVENTS_MAGIC] = "";
	bool ours = file && fread(magic, 1, sizeof magic - 1, file) == sizeof magic - 1 &&
		    !strcmp(magic, EVENTS_MAGIC);

	if (file)
		fclose(file);
	return ours;
}

void events_close(struct events *e)
{
	if (!e)
		return;
	end_child(e);
	if (e->fd >= 0)
		close(e->fd);
	for (size_t i = 0; i < e->texts.count; i++)
		free(((char **)e->texts.item)[i]);
	for (unsigned i = 0; i < KEPT_BLOCKS; i++) {
		free(e->kept[i].bytes);
		free(e->kept[i].access);
	}
	ZSTD_freeDCtx(e->zstd);
	free(e->texts.item);
	free(e->names.item);
	free(e->sites.item);
	free(e->contexts.item);
	free(e->keys.item);
	free(e->block);
	free(e->states);
	free(e->note);
	free(e->note_states);
	free(e);
}
