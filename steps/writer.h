/* Writes a file of events, block by block (writer.c); format.h says what is in it. */
#ifndef STEPS_WRITER_H
#define STEPS_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/verbs/verbs.h"
#include "steps/format.h"

struct writer;

/*
 * Writes to `fd` from where it stands. `told` hears of each block once it is in the file. Nothing
 * ever fails before writer_end says so.
 */
struct writer *writer_new(int fd, unsigned caches, unsigned cpus,
			  void (*told)(void *to, const struct block_entry *block), void *to);
void writer_free(struct writer *writer);

/* Entries of the dictionary, each made once: their numbers, from 1; 0 for NULL. The first two know
 * what they have seen by its pointer, or by the three words, which must say all of it. */
uint32_t writer_site(struct writer *writer, const struct site *site);
uint32_t writer_context(struct writer *writer, const char *operation, const char *path);
uint32_t writer_name(struct writer *writer, const uint64_t key[3],
		     void (*describe)(void *to, char *instance, size_t size, char *member,
				      size_t member_size),
		     void *to);
/* Something that is known about the run. */
void writer_key(struct writer *writer, const char *key, const char *value);

/* `states`: a byte per cache. */
void writer_record(struct writer *writer, const struct raw *raw, const uint8_t *states);
uint64_t writer_accesses(const struct writer *writer);

/* The last block, the index, the trailer. 0, or errno of the first write that failed. */
int writer_end(struct writer *writer);

#endif
