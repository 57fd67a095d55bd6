/* Simulated memory and the labels that say what lies where (arena.c). */
#ifndef SIM_ARENA_H
#define SIM_ARENA_H

#include "sim/verbs/verbs.h"

struct sim;

struct label {
	struct label *next;             /* older one of the same arena page */
	const char *name;
	const struct layout *layout;
	uint64_t start, end;            /* arena offsets */
	uint64_t stride, first;         /* instance of start */
	bool indexed;                   /* one of several: described with its number */
	uint32_t serial;
};

const struct label *label_find(const struct sim *sim, uint64_t offset, uint32_t serial);
void arena_init(struct sim *sim, uint64_t bytes);
void arena_free(struct sim *sim);
/* "page[513]"; the member's name in `member` ("" for none). */
void label_describe(const struct sim *sim, uint64_t offset, uint32_t serial, char *name,
		    size_t size, char *member, size_t member_size);
const struct field *layout_field(const struct layout *layout, size_t offset);

#endif
