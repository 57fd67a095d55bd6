/*
 * The file of the events of a run, and what its writer and its reader share.
 *
 *	header                  struct events_header
 *	block, block, ...       each: new entries of the dictionary, then records
 *	index                   struct block_entry of each block
 *	trailer                 struct events_trailer
 *
 * Both parts of a block and the index are zstd frames with checksums. Records have equal sizes:
 * struct raw, and a byte per cache, its state before in the high half and after in the low. A block
 * has byte 0 of all of its records first, then byte 1 of all, and so on, which packs well; `time` is
 * the difference to the record before it. A block ends with an access, so what happens just before an
 * access stands in the block of that. Numbers are little-endian, as the hosts are that run this.
 *
 * The dictionary: texts in the order in which they were met, and what is made of them; who reads
 * block n needs all entries up to its own.
 */
#ifndef STEPS_FORMAT_H
#define STEPS_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum {
	EVENTS_VERSION = 1,
	BLOCK_BYTES = 1 << 19,          /* of records, about */
	BLOCK_RECORDS_MAX = 1 << 14,
	DICTIONARY_MAX = 1 << 26,       /* of one block */
	EVENT_CACHES_MAX = 4096,
};

#define EVENTS_MAGIC "bouncev\n"

struct events_header {
	char magic[8];
	uint32_t version, caches, cpus, record_bytes;
	uint64_t zero[5];
};
_Static_assert(sizeof(struct events_header) == 64, "the same everywhere");

/* What a record tells of: an access, or else a moment (enum moment_kind, less one). */
enum { RAW_ACCESS = 0, RAW_MOMENT = 1 };

struct raw {
	uint64_t time, before;          /* units; before: so much earlier it began */
	uint64_t cost, busy;            /* units */
	uint64_t address;               /* its offset in the arena */
	uint64_t old[2], now[2];        /* low word first; pointers into the arena as offsets */
	uint64_t taken_by;              /* number of the access that took the copy; 0: none did */
	uint32_t flags;                 /* enum event_flag */
	uint32_t name, site, caller, context;   /* dictionary; 0: none */
	uint32_t old_to, now_to;        /* names of what the low words point to */
	uint16_t cpu, other;            /* other: supplier + 1; of an IPI its target */
	uint8_t kind, size, verb, cause, waiting, found, unused[10];
};
_Static_assert(sizeof(struct raw) == 128, "the same everywhere");
_Static_assert(offsetof(struct raw, unused) + sizeof((struct raw){ 0 }.unused) == sizeof(struct raw),
	       "no holes: what lies in them is no data");

struct block_entry {
	uint64_t offset;                /* in the file */
	uint32_t dictionary_bytes, data_bytes;  /* packed; data follows the dictionary */
	uint32_t records, accesses;
	uint64_t first;                 /* number of its first access */
	uint64_t first_time, last_time;
	uint32_t flags;                 /* of all of its accesses together */
	uint32_t cpus;                  /* bit cpu % 32 */
};
_Static_assert(sizeof(struct block_entry) == 56, "the same everywhere");

struct events_trailer {
	uint64_t index_offset, index_bytes, blocks, accesses;
	uint32_t version, zero;
	char magic[8];
};
_Static_assert(sizeof(struct events_trailer) == 48, "the same everywhere");

/*
 * Entries of the dictionary: a letter, then numbers of four bytes. T: length and the bytes of a text.
 * N: texts of an instance and its member. S: texts of file, function and operand, and the line. C: an
 * operation's text and a path's. K: texts of a key and its value. T, N, S and C count from 1 each.
 */
enum { ENTRY_TEXT = 'T', ENTRY_NAME = 'N', ENTRY_SITE = 'S', ENTRY_CONTEXT = 'C', ENTRY_KEY = 'K' };

#endif
