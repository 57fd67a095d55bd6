/* The part of check.c for versions with sheaves. */
#ifndef MODELS_SLUB_CHECK_SHEAVES_H
#define MODELS_SLUB_CHECK_SHEAVES_H

#include "models/slub/slub.h"

/* After the partial lists of the cache have been found good. */
bool check_sheaves(const struct slub *slub, const struct kmem_cache *s, const struct report *report);
/* Objects of the cache in its sheaves, and sheaves of it that are objects of kmalloc: both look in
 * use to slabs. */
uint64_t objects_in_sheaves(const struct slub *slub, const struct kmem_cache *s);

#endif
