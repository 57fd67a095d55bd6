/* A list of free objects ends in NULL: all versions but the tagged ones. */
#ifndef MODELS_SLUB_LIST_END_NULL_H
#define MODELS_SLUB_LIST_END_NULL_H

/* The end of a list of objects in the slab that begins at `first`. */
static inline void *list_end_of(void *first)
{
	(void)first;
	return NULL;
}

static inline bool is_list_end(const void *object)
{
	return !object;
}

/* What a list becomes when all its objects were taken. */
static inline void *emptied(void *freelist)
{
	(void)freelist;
	return NULL;
}

#endif
