/*
 * An allocator of your own: one C file outside the tree that includes this header.
 *
 *	cc -O2 -g -shared -fPIC -DBOUNCE_PLUGIN -I INCLUDE -o mine.so mine.c
 *	bounce run FILE --model ./mine.so           also explore, check, lab
 *
 * 'bounce explain model' prints the command with INCLUDE as it is here. A small allocator has three
 * functions; the rest is optional. What it keeps lies in structs in simulated memory: one for each
 * cache of objects and, if it likes, one for each CPU of each cache. Verbs alone reach them:
 *
 *	struct mine *s = cache;                     of this cache
 *	struct mine_cpu *own = cache_cpu(cpu, s);   this CPU's part of it
 *
 *	first = load(cpu, &s->free);
 *	store(cpu, &s->free, second);
 *
 * s->free without a verb is a mistake that the run ends with, as are two objects in one place, an
 * object outside the cache's memory, a store into an object that somebody has, a lock or interrupts
 * that are not given back, and memory of the allocator's in plain C variables. Each is told with its
 * line of the source.
 */
#ifndef MODELS_ALLOCATOR_H
#define MODELS_ALLOCATOR_H

#include "sim/verbs/list.h"
#include "sim/verbs/lock.h"
#include "sim/verbs/setting.h"
#include "sim/verbs/table.h"
#include "sim/verbs/verbs.h"

struct allocator {
	const char *name;               /* in experiments and tables: small letters, digits, '-' */
	const char *summary;
	/* An object of the cache, NULL: no memory; it may lie in any block that block_get gave. */
	void *(*alloc)(struct cpu *cpu, void *cache);
	void (*free)(struct cpu *cpu, void *cache, void *object);
	/*
	 * No CPU is inside: do the invariants hold? Tells each object that is free (books_free); if
	 * something is wrong, `return books_wrong(books, "why")`. What is neither told nor handed
	 * out is lost. Reads with peek(), which is no access.
	 */
	bool (*check)(void *cache, struct books *books);
	const struct layout *cache;     /* the struct of a cache, zeroed at first */
	/* Optional from here on. */
	const struct layout *cpu;       /* each CPU's part of a cache */
	const struct setting *settings; /* what experiments may say under the allocator's name */
	size_t settings_size;
	void (*init)(void *cache);      /* set-up: writes with poke(), which is no access */
	/* Bytes from object to object; NULL: `size`, rounded up to `align`, 8 at least. */
	size_t (*object_bytes)(size_t size, size_t align);
	/* Objects that a block has room for; NULL: as many as fit. */
	size_t (*objects_per_block)(size_t block_bytes, size_t object_bytes);
	/* The cache whose objects kmalloc(size) gets, one of those of 8, 16, 32 .. 65536 bytes; NULL:
	 * the smallest that fits. */
	size_t (*kmalloc_bytes)(size_t size);
};

/* Of struct mine with its members: LAYOUT(mine, FIELD(struct mine, lock), FIELD(struct mine, free)) */
#define LAYOUT(type, ...) \
	&(const struct layout){ #type, sizeof(struct type), CLASS_ALLOCATOR, \
				(const struct field[]){ __VA_ARGS__, { 0 } } }

/* What the loader finds in the file. */
struct plugin {
	unsigned abi;
	size_t table_bytes;
	const struct allocator *allocator;
	const struct verb_table **verbs;
};

/* At the end of the file: BOUNCE_ALLOCATOR(mine); of `static const struct allocator mine`. */
#define BOUNCE_ALLOCATOR(allocator) \
	const struct verb_table *bounce_verbs; \
	extern const struct plugin bounce_plugin; \
	__attribute__((visibility("default"))) const struct plugin bounce_plugin = { \
		PLUGIN_ABI, sizeof(struct verb_table), &(allocator), &bounce_verbs \
	}

#ifdef BOUNCE_PLUGIN

#include <stdarg.h>
#include <stdio.h>

extern const struct verb_table *bounce_verbs __attribute__((visibility("hidden")));

/* ---- a cache and its memory ----------------------------------------------------------------- */

/* This CPU's part of the cache. Address arithmetic, no access. */
VERB void *cache_cpu(struct cpu *cpu, const void *cache)
{
	return bounce_verbs->cache_cpu(cache, bounce_verbs->cpu_id(cpu));
}

/* That of CPU `id`. */
VERB void *cache_cpu_of(const void *cache, unsigned id)
{
	return bounce_verbs->cache_cpu(cache, id);
}

VERB unsigned cache_cpus(const void *cache)             /* how many CPUs there are */
{
	return bounce_verbs->cache_cpus(cache);
}

VERB const void *cache_settings(const void *cache)      /* constants, no access */
{
	return bounce_verbs->cache_settings(cache);
}

VERB size_t cache_object_bytes(const void *cache)       /* from object to object */
{
	return bounce_verbs->cache_object_bytes(cache);
}

VERB size_t cache_block_bytes(const void *cache)        /* 4096, more where an object is larger */
{
	return bounce_verbs->cache_block_bytes(cache);
}

/* A block for objects of this cache, from the page allocator; NULL: no memory. */
#define block_get(cpu, cache) bounce_verbs->get_block((cpu), (cache), SITE("block_get()"))
/* It goes back; no object of it is handed out. */
#define block_put(cpu, cache, block) \
	bounce_verbs->put_block((cpu), (cache), (block), SITE("block_put(" #block ")"))

VERB void *block_of(const void *cache, const void *object)      /* address arithmetic */
{
	return bounce_verbs->block_of(cache, object);
}

/* ---- set-up and check() --------------------------------------------------------------------- */

#define peek(p) \
	__extension__ ({ __typeof__(*(p)) peeked_; \
	   bounce_verbs->peek_word((p), &peeked_, sizeof peeked_, SITE("peek(" #p ")")); peeked_; })
#define poke(p, value) \
	__extension__ ({ __typeof__(*(p)) poked_ = (value); \
	   bounce_verbs->poke_word((p), &poked_, sizeof poked_, SITE("poke(" #p ")")); })
#define books_free(books, object) \
	bounce_verbs->book_free((books), (object), SITE("books_free(" #object ")"))
#define books_wrong(books, ...) books_wrong_((books), SITE("books_wrong()"), __VA_ARGS__)

__attribute__((unused, format(printf, 3, 4))) static bool
books_wrong_(struct books *books, const struct site *site, const char *format, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return bounce_verbs->book_wrong(books, text, site);
}

#include "sim/verbs/plugin.h"

#endif
#endif
