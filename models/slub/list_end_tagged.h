/* A list of free objects ends in an address inside its slab, with bit 0 set: so a list always tells
 * which slab it is of, also an empty one. */
#ifndef MODELS_SLUB_LIST_END_TAGGED_H
#define MODELS_SLUB_LIST_END_TAGGED_H

/* The end of a list of objects in the slab that begins at `first`. */
static inline void *list_end_of(void *first)
{
	return (void *)((uintptr_t)first | 1);
}

static inline bool is_list_end(const void *object)
{
	return (uintptr_t)object & 1;
}

/* What a list becomes when all its objects were taken: its first one with the tag, or as it was. */
static inline void *emptied(void *freelist)
{
	return list_end_of(freelist);
}

#endif
