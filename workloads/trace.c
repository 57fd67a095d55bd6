/* Reading, checking and writing trace files; the format is described in trace.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "sim/verbs/xalloc.h"
#include "workloads/trace.h"

enum {
	VERSION = 1,
	HEADER_BYTES = 32,
	PAYLOAD_MAX = 1 << 28,
	LEVEL_OF_ZSTD = 19,
};

static const char magic[8] = { 'b', 'o', 'u', 'n', 'c', 'e', 't', 'r' };

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	free(trace->cache);
	free(trace->object);
	free(trace->event);
	free(trace);
}

/* FNV-1a, over the version too. */
static uint64_t checksum(const unsigned char *bytes, size_t count)
{
	uint64_t sum = 0xcbf29ce484222325u ^ VERSION;

	for (size_t i = 0; i < count; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3u;
	return sum;
}

/* ---- writing ------------------------------------------------------------------------------ */

struct output {
	unsigned char *byte;
	size_t used, room;
};

static void put_byte(struct output *out, unsigned char byte)
{
	if (out->used == out->room) {
		out->room = out->room ? 2 * out->room : 4096;
		out->byte = xrealloc(out->byte, out->room);
	}
	out->byte[out->used++] = byte;
}

static void put_number(struct output *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		put_byte(out, (unsigned char)(number | 0x80));
	put_byte(out, (unsigned char)number);
}

static void put_text(struct output *out, const char *text)
{
	size_t length = strlen(text);

	put_number(out, length);
	for (size_t i = 0; i < length; i++)
		put_byte(out, (unsigned char)text[i]);
}

/* The first ones stand in every file, later ones up to the last that counts something. */
static int notes_used(const struct trace *trace)
{
	int notes = NOTES;

	while (notes > NOTES_LEAST && trace->note[TRACE_SLAB][notes - 1] == 0 &&
	       trace->note[TRACE_PAGES][notes - 1] == 0)
		notes--;
	return notes;
}

static void put_head(struct output *out, const struct trace *trace)
{
	put_text(out, trace->origin);
	put_number(out, trace->cpus);
	for (unsigned i = 0; i < trace->cpus; i++)
		put_number(out, trace->cpu_number[i]);
	put_number(out, trace->caches);
	for (uint32_t i = 0; i < trace->caches; i++) {
		put_number(out, trace->cache[i].kind);
		put_number(out, trace->cache[i].size);
		put_text(out, trace->cache[i].name);
	}
	int notes = notes_used(trace);

	put_number(out, (uint64_t)notes);
	for (int level = 0; level < TRACE_LEVELS; level++)
		for (int note = 0; note < notes; note++)
			put_number(out, trace->note[level][note]);
	put_number(out, trace->existed);
	for (uint32_t i = 0; i < trace->existed; i++) {
		put_number(out, trace->object[i].cache);
		put_number(out, trace->object[i].cpu);
	}
}

/* Time may step back from one CPU to the next: the sign is the lowest bit. */
static void put_events(struct output *out, const struct trace *trace)
{
	uint64_t before = 0;
	uint32_t next = trace->existed;

	put_number(out, trace->events);
	for (size_t i = 0; i < trace->events; i++)
		put_number(out, 2u * trace->event[i].cpu + trace->event[i].free);
	for (size_t i = 0; i < trace->events; i++) {
		uint64_t now = trace->event[i].time_ns;

		put_number(out, now >= before ? (now - before) << 1 : (before - now) << 1 | 1);
		before = now;
	}
	for (size_t i = 0; i < trace->events; i++) {
		const struct trace_event *event = &trace->event[i];

		if (event->free)
			put_number(out, next - 1 - event->object);
		else
			put_number(out, trace->object[next++].cache);
	}
}

static void little_endian(unsigned char *to, uint64_t number, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (unsigned char)(number >> 8 * i);
}

void *trace_encode(const struct trace *trace, size_t *bytes)
{
	struct output out = { NULL, 0, 0 };

	put_head(&out, trace);
	put_events(&out, trace);
	size_t room = ZSTD_compressBound(out.used);
	unsigned char *file = xalloc(HEADER_BYTES + room);
	size_t packed = ZSTD_compress(file + HEADER_BYTES, room, out.byte, out.used, LEVEL_OF_ZSTD);

	if (ZSTD_isError(packed))
		xalloc_failed(room);            /* its only reason with enough room */
	memcpy(file, magic, sizeof magic);
	little_endian(file + 8, VERSION, 4);
	little_endian(file + 12, 0, 4);
	little_endian(file + 16, out.used, 8);
	little_endian(file + 24, checksum(out.byte, out.used), 8);
	free(out.byte);
	*bytes = HEADER_BYTES + packed;
	return file;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct input {
	const unsigned char *at, *end;
	const char *wrong;              /* the first thing that was; NULL: none yet */
};

static void is_wrong(struct input *in, const char *what)
{
	if (!in->wrong)
		in->wrong = what;
}

/* A number up to `max`; 0 from the first mistake on. */
static uint64_t get_number(struct input *in, uint64_t max, const char *what)
{
	uint64_t number = 0;

	for (unsigned shift = 0; !in->wrong; shift += 7) {
		if (in->at == in->end || shift > 63) {
			is_wrong(in, what);
			break;
		}
		unsigned char byte = *in->at++;

		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	if (number > max)
		is_wrong(in, what);
	return in->wrong ? 0 : number;
}

/* Printable text shorter than `size`. */
static void get_text(struct input *in, char *text, size_t size, const char *what)
{
	size_t length = get_number(in, size - 1, what);

	if ((size_t)(in->end - in->at) < length) {
		is_wrong(in, what);
		length = 0;
	}
	for (size_t i = 0; i < length; i++) {
		if (in->at[i] < ' ' || in->at[i] > '~')
			is_wrong(in, what);
		text[i] = (char)in->at[i];
	}
	text[length] = '\0';
	in->at += length;
}

/* How many of something follow: each takes `least` bytes, so a false count is seen at once. */
static size_t get_count(struct input *in, size_t least, const char *what)
{
	return get_number(in, (uint64_t)(in->end - in->at) / least, what);
}

static void get_cache(struct input *in, struct trace_cache *cache)
{
	cache->kind = (enum trace_kind)get_number(in, TRACE_KINDS - 1, "kind of a cache");
	uint64_t max = cache->kind == TRACE_PAGE_BLOCK ? TRACE_ORDER_MAX : TRACE_SIZE_MAX;

	cache->size = (uint32_t)get_number(in, max, "size of a cache");
	if (cache->size == 0 && cache->kind != TRACE_PAGE_BLOCK)
		is_wrong(in, "size of a cache");
	get_text(in, cache->name, sizeof cache->name, "name of a cache");
}

static void get_head(struct input *in, struct trace *trace)
{
	get_text(in, trace->origin, sizeof trace->origin, "origin");
	trace->cpus = (unsigned)get_number(in, TRACE_CPUS_MAX, "number of CPUs");
	if (trace->cpus == 0)
		is_wrong(in, "number of CPUs");
	for (unsigned i = 0; i < trace->cpus; i++)
		trace->cpu_number[i] = (uint16_t)get_number(in, UINT16_MAX, "CPU number");
	trace->caches = (uint32_t)get_count(in, 3, "number of caches");
	trace->cache = xalloc((trace->caches + 1) * sizeof *trace->cache);
	for (uint32_t i = 0; i < trace->caches; i++)
		get_cache(in, &trace->cache[i]);
	int notes = (int)get_number(in, NOTES, "notes");

	if (notes < NOTES_LEAST)
		is_wrong(in, "notes");
	for (int level = 0; level < TRACE_LEVELS; level++)
		for (int note = 0; note < notes; note++)
			trace->note[level][note] = get_number(in, UINT64_MAX, "notes");
	trace->existed = (uint32_t)get_count(in, 2, "number of early objects");
}

static void get_object(struct input *in, struct trace *trace, uint16_t cpu)
{
	uint32_t cache = (uint32_t)get_number(in, UINT32_MAX, "cache of an object");

	if (cache >= trace->caches)
		is_wrong(in, "cache of an object");
	trace->object[trace->objects++] = (struct trace_object){ .cache = cache, .cpu = cpu };
}

static void get_free(struct input *in, struct trace *trace, struct trace_event *event)
{
	uint64_t back = get_number(in, UINT32_MAX, "object of a free");

	if (back >= trace->objects || trace->object[trace->objects - 1 - back].freed) {
		is_wrong(in, "object of a free");
		return;
	}
	event->object = trace->objects - 1 - (uint32_t)back;
	trace->object[event->object].freed = true;
	trace->object[event->object].free_cpu = event->cpu;
}

static void get_times(struct input *in, struct trace *trace)
{
	uint64_t *newest = xalloc(trace->cpus * sizeof *newest), now = 0;

	for (size_t i = 0; i < trace->events && !in->wrong; i++) {
		uint64_t step = get_number(in, UINT64_MAX >> 1, "time of an event");
		struct trace_event *event = &trace->event[i];

		if (step & 1 ? step >> 1 > now : now + (step >> 1) > INT64_MAX) {
			is_wrong(in, "time of an event");
			break;
		}
		now = step & 1 ? now - (step >> 1) : now + (step >> 1);
		if (now < newest[event->cpu])
			is_wrong(in, "time of an event");
		event->time_ns = newest[event->cpu] = now;
	}
	free(newest);
}

static void get_events(struct input *in, struct trace *trace)
{
	for (size_t i = 0; i < trace->events; i++) {
		uint64_t head = get_number(in, 2 * trace->cpus - 1, "CPU of an event");

		trace->event[i].cpu = (uint16_t)(head / 2);
		trace->event[i].free = head % 2;
	}
	get_times(in, trace);
	for (size_t i = 0; i < trace->events && !in->wrong; i++) {
		struct trace_event *event = &trace->event[i];

		event->object = trace->objects;
		if (event->free)
			get_free(in, trace, event);
		else
			get_object(in, trace, event->cpu);
	}
}

struct trace *trace_decode_payload(const void *payload, size_t bytes, char *why, size_t size)
{
	struct input in = { payload, (const unsigned char *)payload + bytes, NULL };
	struct trace *trace = xalloc(sizeof *trace);

	get_head(&in, trace);
	trace->object = xalloc(((size_t)trace->existed + 1) * sizeof *trace->object);
	for (uint32_t i = 0; i < trace->existed && !in.wrong; i++) {
		get_object(&in, trace, 0);
		trace->object[i].cpu =
			(uint16_t)get_number(&in, trace->cpus - 1, "CPU of an object");
	}
	trace->events = get_count(&in, 3, "number of events");
	trace->event = xalloc((trace->events + 1) * sizeof *trace->event);
	trace->object = xrealloc(trace->object,
				 (trace->existed + trace->events + 1) * sizeof *trace->object);
	get_events(&in, trace);
	if (in.at != in.end)
		is_wrong(&in, "end");
	if (!in.wrong)
		return trace;
	snprintf(why, size, "damaged trace: its %s makes no sense", in.wrong);
	trace_free(trace);
	return NULL;
}

static uint64_t from_little_endian(const unsigned char *from, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = bytes; i-- > 0;)
		number = number << 8 | from[i];
	return number;
}

/* NULL, or what is wrong with the file around the payload. */
static const char *unpack(const unsigned char *file, size_t bytes, unsigned char **payload,
			  size_t *payload_bytes)
{
	size_t packed = bytes - HEADER_BYTES;
	uint64_t length = from_little_endian(file + 16, 8);

	if (from_little_endian(file + 12, 4) != 0 || length > PAYLOAD_MAX)
		return "damaged trace: its header makes no sense";
	size_t frame = ZSTD_findFrameCompressedSize(file + HEADER_BYTES, packed);

	if (ZSTD_isError(frame) || frame > packed)
		return "damaged trace: it is cut off, or no trace at all";
	if (frame < packed)
		return "damaged trace: something follows its end";
	if (ZSTD_getFrameContentSize(file + HEADER_BYTES, packed) != length)
		return "damaged trace: its length differs from what its header says";
	*payload = xalloc(length + 1);
	*payload_bytes = ZSTD_decompress(*payload, length, file + HEADER_BYTES, packed);
	if (ZSTD_isError(*payload_bytes) || *payload_bytes != length)
		return "damaged trace: it cannot be decompressed";
	if (checksum(*payload, length) != from_little_endian(file + 24, 8))
		return "damaged trace: its checksum differs";
	return NULL;
}

struct trace *trace_decode(const void *file, size_t bytes, char *why, size_t size)
{
	const unsigned char *head = file;
	unsigned char *payload = NULL;
	struct trace *trace = NULL;
	size_t length = 0;

	if (bytes == 0 || memcmp(head, magic, bytes < sizeof magic ? bytes : sizeof magic) != 0) {
		snprintf(
			why, size,
			"not a bounce trace; 'bounce import' makes one from the text of perf script");
		return NULL;
	}
	if (bytes < HEADER_BYTES) {
		snprintf(why, size, "damaged trace: it is cut off");
		return NULL;
	}
	if (from_little_endian(head + 8, 4) != VERSION) {
		snprintf(why, size,
			 "trace of version %u; this program reads version %u: import it again",
			 (unsigned)from_little_endian(head + 8, 4), VERSION);
		return NULL;
	}
	const char *wrong = unpack(head, bytes, &payload, &length);

	if (wrong)
		snprintf(why, size, "%s", wrong);
	else
		trace = trace_decode_payload(payload, length, why, size);
	free(payload);
	return trace;
}

/* A regular file, or the pipe that a shell made for `<(command)`; NULL with errno set. */
static FILE *open_file(const char *path)
{
	/* Without waiting for somebody who would write to a FIFO. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), error = 0;
	struct stat what;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &what) != 0 || fcntl(fd, F_SETFL, 0) != 0)
		error = errno;
	else if (!S_ISREG(what.st_mode) &&
		 !(S_ISFIFO(what.st_mode) && strncmp(path, "/dev/fd/", 8) == 0))
		error = S_ISDIR(what.st_mode) ? EISDIR : ENODEV;
	FILE *file = error ? NULL : fdopen(fd, "rb");

	if (file)
		return file;
	error = error ? error : errno;
	close(fd);
	errno = error;
	return NULL;
}

/* The whole file; NULL with errno set if it cannot be read. */
static unsigned char *read_all(const char *path, size_t *bytes)
{
	FILE *file = open_file(path);
	struct output in = { NULL, 0, 0 };
	size_t got;

	if (!file)
		return NULL;
	do {
		if (in.used == in.room) {
			in.room = in.room ? 2 * in.room : 1 << 16;
			in.byte = xrealloc(in.byte, in.room);
		}
		got = fread(in.byte + in.used, 1, in.room - in.used, file);
		in.used += got;
	} while (got > 0 && in.used <= 2 * (size_t)PAYLOAD_MAX);
	if (ferror(file)) {
		int error = errno;

		free(in.byte);
		fclose(file);
		errno = error;
		return NULL;
	}
	fclose(file);
	*bytes = in.used;
	return in.byte;
}

struct trace *trace_read(const char *path, char *why, size_t size)
{
	size_t bytes = 0;
	unsigned char *file = read_all(path, &bytes);
	char reason[256];

	if (!file) {
		snprintf(why, size, "%s: %s", path,
			 errno == ENODEV ? "not a file: a pipe or a device" : strerror(errno));
		return NULL;
	}
	struct trace *trace = trace_decode(file, bytes, reason, sizeof reason);

	if (!trace)
		snprintf(why, size, "%s: %s", path, reason);
	free(file);
	return trace;
}

/* ---- what there is to know about it -------------------------------------------------------- */

static const char *const input_texts[NOTES] = {
	[NOTE_LINES]        = "lines read",
	[NOTE_EVENTS]       = "events of the allocators",
	[NOTE_OTHER_EVENTS] = "other events, left out",
	[NOTE_NO_EVENTS]    = "lines that are no events, left out",
	[NOTE_BROKEN]       = "events with missing or unreadable fields, left out",
	[NOTE_NULL]         = "frees of no object, left out",
	[NOTE_FAILED]       = "failed allocations, left out",
	[NOTE_HIDDEN]       = "events with hidden addresses, left out",
	[NOTE_LOST]         = "events that the recorder lost",
	[NOTE_GAPS]         = "gaps in the recording, of unknown size",
	[NOTE_OVERWRITTEN]  = "events that the recorder overwrote before the first one",
	[NOTE_TWINS]        = "second reports of page frees, left out",
	[NOTE_PARTS]        = "frees of parts of a block of pages: freed whole, with its last part",
	[NOTE_LARGE]        = "events of blocks of pages of an order above 10, left out",
	[NOTE_SORTED]       = "events that stood behind later ones: put in order of time",
	[NOTE_UNSORTED]     = "events that stand behind later ones: order kept, that of time matches no more frees",
	[NOTE_TICKS]        = "events with a time without unit: counted as nanoseconds",
	[NOTE_TRIMMED]      = "events outside the part that was asked for, left out",
};

static const char *const level_texts[NOTES] = {
	[NOTE_ALLOCATIONS]  = "allocations",
	[NOTE_MATCHED]      = "frees matched with their allocation",
	[NOTE_CUT]          = "frees of what is alive where the part begins: made before the start",
	[NOTE_EXISTED]      = "frees without allocation: made before the start, on the freeing CPU",
	[NOTE_GUESSED]      = "of these of a size that no event tells: a guess",
	[NOTE_REMOTE]       = "frees on another CPU than the allocation, of those whose allocation is known",
	[NOTE_REPLACED]     = "allocations of what was still alive: a free inserted before",
	[NOTE_LEFT]         = "allocations never freed: freed after the end",
	[NOTE_RENAMED]      = "frees that name another cache or order than the allocation, which counts",
	[NOTE_LATE]         = "events earlier than their CPU's last: order kept",
};

static const enum trace_note input_order[] = {
	NOTE_LINES, NOTE_EVENTS, NOTE_OTHER_EVENTS, NOTE_NO_EVENTS, NOTE_BROKEN, NOTE_NULL, NOTE_FAILED,
	NOTE_HIDDEN, NOTE_LOST, NOTE_GAPS, NOTE_OVERWRITTEN, NOTE_TWINS, NOTE_PARTS, NOTE_LARGE,
	NOTE_SORTED, NOTE_UNSORTED, NOTE_TICKS, NOTE_TRIMMED,
};

static const enum trace_note level_order[] = {
	NOTE_ALLOCATIONS, NOTE_MATCHED, NOTE_CUT, NOTE_EXISTED, NOTE_GUESSED, NOTE_REMOTE,
	NOTE_REPLACED, NOTE_LEFT, NOTE_RENAMED, NOTE_LATE,
};

static void tell(uint64_t count, const char *what, bool always,
		 void (*line)(void *to, const char *text), void *to)
{
	char text[160];

	if (count == 0 && !always)
		return;
	snprintf(text, sizeof text, "%10" PRIu64 "  %s", count, what);
	line(to, text);
}

void trace_tell_input(const struct trace *trace, void (*line)(void *to, const char *text), void *to)
{
	for (size_t i = 0; i < sizeof input_order / sizeof *input_order; i++) {
		enum trace_note note = input_order[i];
		bool always = note == NOTE_EVENTS || note == NOTE_OTHER_EVENTS;

		tell(trace->note[TRACE_SLAB][note], input_texts[note], always, line, to);
	}
}

void trace_tell(const struct trace *trace, enum trace_level level,
		void (*line)(void *to, const char *text), void *to)
{
	for (size_t i = 0; i < sizeof level_order / sizeof *level_order; i++) {
		enum trace_note note = level_order[i];
		bool always = note == NOTE_ALLOCATIONS || note == NOTE_MATCHED;

		tell(trace->note[level][note], level_texts[note], always, line, to);
	}
}
