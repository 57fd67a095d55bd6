/* Blocks, index and dictionary of a file of events; see writer.h and format.h. */
#include "steps/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "sim/verbs/xalloc.h"

enum { LEVEL_OF_ZSTD = 1, KEY_WORDS = 3, TEXT_MAX = 4095 };

/* What has an entry of the dictionary already: by words that say all of it. */
struct intern {
	struct interned {
		uint64_t key[KEY_WORDS];
		uint32_t id;            /* 0: free */
	} *slot;
	size_t count, room;
};

struct buffer {
	unsigned char *byte;
	size_t used, room;
};

struct writer {
	int fd, error;
	void (*told)(void *to, const struct block_entry *block);
	void *to;
	uint64_t at;                    /* bytes written so far */
	unsigned caches;
	size_t record_bytes, records_max;
	unsigned char *record;          /* [records_max][record_bytes], as they came */
	uint64_t last_time;
	struct block_entry block;       /* the one that fills */
	struct block_entry *done;
	size_t blocks;
	struct buffer dictionary, shuffled, packed;
	struct intern texts, sites, contexts, names, entries;
	uint32_t next_text, next_site, next_context, next_name;
	ZSTD_CCtx *zstd;
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static unsigned char *room_for(struct buffer *buffer, size_t bytes)
{
	if (buffer->room < buffer->used + bytes) {
		buffer->room = 2 * (buffer->used + bytes);
		buffer->byte = xrealloc(buffer->byte, buffer->room);
	}
	return buffer->byte + buffer->used;
}

static void put(struct buffer *buffer, const void *bytes, size_t count)
{
	memcpy(room_for(buffer, count), bytes, count);
	buffer->used += count;
}

static void put_number(struct buffer *buffer, uint32_t number)
{
	put(buffer, &number, sizeof number);
}

static void write_bytes(struct writer *w, const void *bytes, size_t count)
{
	const char *from = bytes;

	w->at += count;
	while (count && !w->error) {
		ssize_t done = write(w->fd, from, count);

		if (done < 0 && errno != EINTR)
			w->error = errno;
		if (done > 0) {
			from += done;
			count -= (size_t)done;
		}
	}
}

/* As one frame; its length. */
static size_t write_packed(struct writer *w, const void *bytes, size_t count)
{
	size_t bound = ZSTD_compressBound(count), packed;

	w->packed.used = 0;
	room_for(&w->packed, bound);
	packed = ZSTD_compress2(w->zstd, w->packed.byte, bound, bytes, count);
	if (ZSTD_isError(packed)) {
		w->error = w->error ? w->error : ENOMEM;
		return 0;
	}
	write_bytes(w, w->packed.byte, packed);
	return packed;
}

/* ---- dictionary ------------------------------------------------------------------------------ */

static uint64_t hash_of(const uint64_t key[KEY_WORDS])
{
	uint64_t h = 0;

	for (unsigned i = 0; i < KEY_WORDS; i++) {
		h = (h ^ key[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	return h;
}

static struct interned *slot_of(const struct intern *intern, const uint64_t key[KEY_WORDS])
{
	size_t at = hash_of(key) & (intern->room - 1);

	while (intern->slot[at].id && memcmp(intern->slot[at].key, key, sizeof intern->slot[at].key))
		at = (at + 1) & (intern->room - 1);
	return &intern->slot[at];
}

/* The slot of that key; a new one has no id yet, and gets one at once. */
static struct interned *intern(struct intern *intern, const uint64_t key[KEY_WORDS])
{
	if (2 * intern->count >= intern->room) {
		struct intern wider = { .room = intern->room ? 2 * intern->room : 256 };

		wider.slot = xalloc(wider.room * sizeof *wider.slot);
		for (size_t i = 0; i < intern->room; i++)
			if (intern->slot[i].id)
				*slot_of(&wider, intern->slot[i].key) = intern->slot[i];
		wider.count = intern->count;
		free(intern->slot);
		*intern = wider;
	}

	struct interned *slot = slot_of(intern, key);

	if (!slot->id) {
		memcpy(slot->key, key, sizeof slot->key);
		intern->count++;
	}
	return slot;
}

/* Two hashes of 64 bits and the length stand for a text. */
static uint32_t text_id(struct writer *w, const char *text)
{
	size_t length = strnlen(text, TEXT_MAX);
	uint64_t key[KEY_WORDS] = { 0xcbf29ce484222325u, 0x9ae16a3b2f90404fu, length };
	struct interned *slot;
	char letter = ENTRY_TEXT;

	for (size_t i = 0; i < length; i++) {
		key[0] = (key[0] ^ (unsigned char)text[i]) * 0x100000001b3u;
		key[1] = (key[1] + (unsigned char)text[i]) * 0xd1342543de82ef95u;
	}
	slot = intern(&w->texts, key);
	if (!slot->id) {
		slot->id = ++w->next_text;
		put(&w->dictionary, &letter, 1);
		put_number(&w->dictionary, (uint32_t)length);
		put(&w->dictionary, text, length);
	}
	return slot->id;
}

/*
 * The entry of those numbers. What is known by pointers may be there already, under others: which
 * texts are one in memory is the linker's choice, and must not show.
 */
static uint32_t entry_of(struct writer *w, char letter, const uint32_t *number, size_t numbers,
			 uint32_t *next)
{
	uint64_t key[KEY_WORDS] = { 0, 0, (unsigned char)letter };
	struct interned *slot;

	for (size_t i = 0; i < numbers; i++)
		key[i / 2] = key[i / 2] << 32 | number[i];
	slot = intern(&w->entries, key);
	if (!slot->id) {
		slot->id = ++*next;
		put(&w->dictionary, &letter, 1);
		for (size_t i = 0; i < numbers; i++)
			put_number(&w->dictionary, number[i]);
	}
	return slot->id;
}

uint32_t writer_site(struct writer *w, const struct site *site)
{
	uint64_t key[KEY_WORDS] = { (uintptr_t)site };
	struct interned *slot;

	if (!site)
		return 0;
	slot = intern(&w->sites, key);
	if (!slot->id) {
		uint32_t numbers[] = { text_id(w, site->file), text_id(w, site->function),
				       text_id(w, site->text), site->line };

		slot->id = entry_of(w, ENTRY_SITE, numbers, 4, &w->next_site);
	}
	return slot->id;
}

uint32_t writer_context(struct writer *w, const char *operation, const char *path)
{
	uint64_t key[KEY_WORDS] = { (uintptr_t)operation, (uintptr_t)path };
	struct interned *slot = intern(&w->contexts, key);

	if (!slot->id) {
		uint32_t numbers[] = { text_id(w, operation), text_id(w, path) };

		slot->id = entry_of(w, ENTRY_CONTEXT, numbers, 2, &w->next_context);
	}
	return slot->id;
}

uint32_t writer_name(struct writer *w, const uint64_t key[3],
		     void (*describe)(void *to, char *instance, size_t size, char *member,
				      size_t member_size),
		     void *to)
{
	struct interned *slot = intern(&w->names, key);

	if (!slot->id) {
		char instance[128] = "", member[128] = "";

		describe(to, instance, sizeof instance, member, sizeof member);

		uint32_t numbers[] = { text_id(w, instance), text_id(w, member) };

		slot->id = entry_of(w, ENTRY_NAME, numbers, 2, &w->next_name);
	}
	return slot->id;
}

void writer_key(struct writer *w, const char *key, const char *value)
{
	uint32_t numbers[] = { text_id(w, key), text_id(w, value) }, unused = 0;

	entry_of(w, ENTRY_KEY, numbers, 2, &unused);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Byte 0 of all records, byte 1 of all, ... */
static const unsigned char *shuffle(struct writer *w)
{
	size_t records = w->block.records, bytes = w->record_bytes;
	unsigned char *to;

	w->shuffled.used = 0;
	to = room_for(&w->shuffled, records * bytes);
	for (size_t b = 0; b < bytes; b++)
		for (size_t i = 0; i < records; i++)
			*to++ = w->record[i * bytes + b];
	return w->shuffled.byte;
}

static void end_block(struct writer *w)
{
	struct block_entry *block = &w->block;

	block->offset = w->at;
	block->dictionary_bytes =
		(uint32_t)write_packed(w, w->dictionary.byte, w->dictionary.used);
	block->data_bytes =
		(uint32_t)write_packed(w, shuffle(w), block->records * w->record_bytes);
	w->dictionary.used = 0;
	w->done = xrealloc(w->done, (w->blocks + 1) * sizeof *w->done);
	w->done[w->blocks++] = *block;
	if (w->told && !w->error)
		w->told(w->to, block);
	*block = (struct block_entry){ .first = block->first + block->accesses };
}

void writer_record(struct writer *w, const struct raw *raw, const uint8_t *states)
{
	struct block_entry *block = &w->block;
	unsigned char *to = w->record + block->records * w->record_bytes;
	struct raw stored = *raw;
	bool access = raw->kind == RAW_ACCESS;

	if (!block->records) {
		block->first_time = raw->time;
		w->last_time = 0;
	}
	stored.time -= w->last_time;
	block->last_time = w->last_time = raw->time;
	memcpy(to, &stored, sizeof stored);
	memcpy(to + sizeof stored, states, w->caches);
	block->records++;
	if (access) {
		block->accesses++;
		block->flags |= raw->flags;
		block->cpus |= 1u << raw->cpu % 32;
	}
	/* moments alone fill a block too, should an access never come */
	if ((access && block->records >= w->records_max / 2) || block->records == w->records_max)
		end_block(w);
}

uint64_t writer_accesses(const struct writer *w)
{
	return w->block.first + w->block.accesses - 1;
}

/* ---- a file ---------------------------------------------------------------------------------- */

struct writer *writer_new(int fd, unsigned caches, unsigned cpus,
			  void (*told)(void *to, const struct block_entry *block), void *to)
{
	struct writer *w = xalloc(sizeof *w);
	struct events_header header = {
		.magic = EVENTS_MAGIC,
		.version = EVENTS_VERSION,
		.caches = caches,
		.cpus = cpus,
		.record_bytes = (uint32_t)sizeof(struct raw) + caches,
	};

	w->fd = fd;
	w->told = told;
	w->to = to;
	w->caches = caches;
	w->record_bytes = header.record_bytes;
	w->records_max = 2 * BLOCK_BYTES / w->record_bytes;
	if (w->records_max > BLOCK_RECORDS_MAX)
		w->records_max = BLOCK_RECORDS_MAX;
	w->record = xalloc(w->records_max * w->record_bytes);
	w->block.first = 1;
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd)
		xalloc_failed(sizeof *w);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL_OF_ZSTD);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	write_bytes(w, &header, sizeof header);
	return w;
}

int writer_end(struct writer *w)
{
	struct events_trailer trailer = { .version = EVENTS_VERSION, .magic = EVENTS_MAGIC };

	end_block(w);
	trailer.accesses = w->block.first - 1;
	trailer.blocks = w->blocks;
	trailer.index_offset = w->at;
	trailer.index_bytes = write_packed(w, w->done, w->blocks * sizeof *w->done);
	write_bytes(w, &trailer, sizeof trailer);
	return w->error;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	ZSTD_freeCCtx(w->zstd);
	free(w->record);
	free(w->done);
	free(w->dictionary.byte);
	free(w->shuffled.byte);
	free(w->packed.byte);
	free(w->texts.slot);
	free(w->sites.slot);
	free(w->contexts.slot);
	free(w->names.slot);
	free(w->entries.slot);
	free(w);
}
