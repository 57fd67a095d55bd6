/* See sheaf_fixture.h. Offsets are the sheet's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sheaf_fixture.h"

struct member {
	const char *name;
	unsigned offset;
};

static const struct member cache_members[] = {
	{ "cpu_sheaves", 0 }, { "flags", 8 }, { "min_partial", 16 }, { "size", 24 },
	{ "objsize", 28 }, { "offset", 40 }, { "capacity", 44 }, { "oo", 48 }, { "min", 52 },
	{ "allocflags", 56 }, { "ctor", 64 }, { "ratio", 176 }, { 0 }
};

/* 8A.2; from allocflags on: ours, the sheet ends before them. */
static const struct member cache_members_618[] = {
	{ "cpu_slab", 0 }, { "cpu_sheaves", 8 }, { "flags", 16 }, { "min_partial", 24 }, { "size", 32 },
	{ "objsize", 36 }, { "offset", 48 }, { "cpu_partial", 52 }, { "cpu_partial_slabs", 56 },
	{ "capacity", 60 }, { "oo", 64 }, { "min", 68 }, { "allocflags", 72 }, { "ctor", 80 },
	{ "ratio", 192 }, { 0 }
};

/* 8A.6 */
static const struct member cpu_members[] = {
	{ "freelist", 0 }, { "tid", 8 }, { "slab", 16 }, { "partial", 24 }, { "lock", 32 }, { 0 }
};

static const struct member own_members[] = {
	{ "lock", 0 }, { "main", 8 }, { "spare", 16 }, { "rcu", 24 }, { 0 }
};

static const struct member sheaf_members[] = {
	{ "next", 0 }, { "prev", 8 }, { "cache", 16 }, { "size", 24 }, { "node", 28 },
	{ "o0", 32 }, { "o1", 40 }, { "o2", 48 }, { "o3", 56 }, { "o4", 64 }, { "o5", 72 },
	{ "o8", 96 }, { 0 }
};

static const struct member barn_members[] = {
	{ "lock", 0 }, { "full_next", 8 }, { "full_prev", 16 }, { "empty_next", 24 },
	{ "empty_prev", 32 }, { "nr_full", 40 }, { "nr_empty", 44 }, { 0 }
};

static const struct member node_members[] = {
	{ "lock", 0 }, { "nr_partial", 8 }, { "next", 16 }, { "prev", 24 }, { "nr_slabs", 32 },
	{ "total", 40 }, { "barn", 64 }, { 0 }
};

static const struct member page_members[] = {
	{ "flags", 0 }, { "cache", 8 }, { "next", 16 }, { "prev", 24 }, { "slabs", 24 }, { "order", 16 },
	{ "mapping", 24 }, { "freelist", 32 }, { "counters", 40 }, { "type", 48 },
	{ "obj_exts", 56 }, { 0 }
};

/* Ours: the sheet has no struct. */
static const struct member rcu_members[] = {
	{ "head", 0 }, { "tail", 8 }, { "object_head", 16 }, { "object_tail", 24 }, { 0 }
};

enum { PER_NODE = 184, PER_NODE_618 = 200 };    /* in struct kmem_cache; 6.18: ours */

static char *at(const void *base, const struct member *members, const char *name)
{
	assert_non_null(base);
	for (const struct member *m = members; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return (char *)base + m->offset;
	fail_msg("no member '%s'", name);
	return NULL;
}

static char *pointer(const void *place)
{
	return *(char *const *)place;
}

static bool is_618(const struct fixture *f)
{
	return f->family == &sheaf_family_618;
}

/* Is the barn in the node's struct? */
static bool is_70(const struct fixture *f)
{
	return f->family != &sheaf_family_71;
}

static const struct member *members_of_cache(const struct fixture *f)
{
	return is_618(f) ? cache_members_618 : cache_members;
}

static uint32_t cache_number(const struct fixture *f, const struct kmem_cache *s, const char *name)
{
	return *(uint32_t *)at(s, members_of_cache(f), name);
}

/* The word of node `id` in the cache's array. */
static char *node_word(const struct fixture *f, const struct kmem_cache *s, unsigned id)
{
	return (char *)s + (is_618(f) ? PER_NODE_618 : PER_NODE) + (is_70(f) ? 8 * id : 16 * id + 8);
}

static char *barn_of(const struct fixture *f, const struct kmem_cache *s, unsigned id)
{
	return is_70(f) ? pointer(pointer(node_word(f, s, id)) + 64)
			: pointer((char *)s + PER_NODE + 16 * id);
}

static char *own_of(const struct fixture *f, const struct kmem_cache *s, unsigned cpu)
{
	return per_cpu(f->sim, pointer(at(s, members_of_cache(f), "cpu_sheaves")), cpu);
}

/* Number `i` of a list; the sheaf's links are its first words. */
static char *nth(const char *list, unsigned i)
{
	char *sheaf = pointer(list);

	while (i--)
		sheaf = pointer(sheaf);
	return sheaf;
}

static char *sheaf_of(const struct fixture *f, const struct kmem_cache *s, const char *which)
{
	char *own = own_of(f, s, f->recorded_cpu);
	char *barn = barn_of(f, s, node_of_cpu(f->sim, f->recorded_cpu));

	switch (which[0]) {
	case 'm':
		return pointer(own + 8);
	case 's':
		return pointer(own + 16);
	case 'r':
		return pointer(own + 24);
	case 'f':
		return nth(barn + 8, (unsigned)(which[1] - '0'));
	case 'e':
		return nth(barn + 24, (unsigned)(which[1] - '0'));
	case 'h':
		return f->slot[(unsigned char)which[1]];
	default:
		fail_msg("no sheaf '%s'", which);
		return NULL;
	}
}

static struct kmem_cache *cache_of_sheaves(const struct fixture *f)
{
	unsigned capacity = cache_number(f, f->cache, "capacity");

	return f->objects.model->kmalloc_cache(f->slub, 32 + 8 * capacity);
}

static char *page_place(const struct fixture *f, const char *base, char slot, const char *member)
{
	void *object = f->slot[(unsigned char)slot];
	char *page;

	if (strcmp(base, "PGt") == 0)
		page = (char *)virt_to_page(f->memory, object);
	else
		page = (char *)fixture_slab(f, object);
	if (strcmp(base, "PG1") == 0)
		page += LINE;
	return at(page, page_members, member);
}

static void *place(const struct fixture *f, const char *name)
{
	const struct kmem_cache *s = f->cache;
	char base[16] = "", member[24] = "";
	unsigned id;
	char slot;

	if (*name == 'k') {
		s = cache_of_sheaves(f);
		name++;
	}
	if (sscanf(name, "%15[A-Za-z0-9](%c).%23s", base, &slot, member) == 3)
		return page_place(f, base, slot, member);
	if (sscanf(name, "OB(%c)", &slot) == 1)
		return (char *)f->slot[(unsigned char)slot] + cache_number(f, s, "offset");
	if (sscanf(name, "OF(%c)", &slot) == 1)
		return f->slot[(unsigned char)slot];
	assert_int_equal(sscanf(name, "%15[A-Za-z0-9].%23s", base, member), 2);
	id = base[strlen(base) - 1] == '1' ? 1 : node_of_cpu(f->sim, f->recorded_cpu);
	if (strncmp(base, "SH", 2) == 0)
		return at(sheaf_of(f, s, base + 2), sheaf_members, member);
	if (strncmp(base, "KCN", 3) == 0)
		return is_70(f) || strcmp(member, "node") == 0 ? node_word(f, s, id)
							       : node_word(f, s, id) - 8;
	if (strcmp(base, "KC") == 0)
		return at(s, members_of_cache(f), member);
	if (strcmp(base, "CS") == 0)
		return at(per_cpu(f->sim, pointer(s), f->recorded_cpu), cpu_members, member);
	if (strcmp(base, "PCS") == 0)
		return at(own_of(f, s, f->recorded_cpu), own_members, member);
	if (strncmp(base, "BARN", 4) == 0)
		return at(barn_of(f, s, id), barn_members, member);
	if (strncmp(base, "ND", 2) == 0)
		return at(pointer(node_word(f, s, id)), node_members, member);
	if (strcmp(base, "RCU") == 0) {
		const struct sheaves *own = f->slub->own;

		return at(per_cpu(f->sim, own->rcu, f->recorded_cpu), rcu_members, member);
	}
	fail_msg("no line '%s'", name);
	return NULL;
}

/* slab.md 0.7, "link": what the loop reads again for each object, and the store. */
static bool expand(const struct fixture *f, const char *path, struct one_access *list,
		   unsigned *count, int *length)
{
	static const char *const reads[] = { "KC.flags", "KC.ctor", "KC.offset", "KC.size" };
	uint32_t oo = (uint32_t)sheaf_get(f, "KC.oo", 4), size = (uint32_t)sheaf_get(f, "KC.size", 4);
	char slot, counters[] = "PG(x).counters", *object;
	unsigned first;

	if (sscanf(path, "LINK%u(%c)%n", &first, &slot, length) != 2 || !*length)
		return false;
	counters[3] = slot;
	object = page_address(f->memory, fixture_slab(f, f->slot[(unsigned char)slot]));
	for (unsigned i = first; i < (oo & 0xffff); i++) {
		for (size_t k = 0; k < sizeof reads / sizeof reads[0]; k++)
			fixture_add_access(list, count, 'R', place(f, reads[k]));
		fixture_add_access(list, count, 'R', place(f, counters));
		fixture_add_access(list, count, 'W',
				   object + i * size + sheaf_get(f, "KC.offset", 4));
	}
	return true;
}

/* ---- lines ------------------------------------------------------------------------------------------ */

static bool in_line(const struct fixture *f, const void *address, const void *place_in)
{
	return sim_offset(f->sim, address) / LINE == sim_offset(f->sim, place_in) / LINE;
}

static const char *line_name(const struct fixture *f, const void *address)
{
	const struct memory *m = f->memory;
	uint64_t pfn = page_to_pfn(m, address);
	char text[100];

	if (pfn < m->pages)
		return page_head(m, pfn_to_page(m, pfn)) == pfn_to_page(m, pfn) ? "PG" : "PGt";
	sim_describe(f->sim, address, text, sizeof text);
	if (strstr(text, "kmem_cache."))
		return in_line(f, address, f->cache) ? "KC0" : "KC1";
	if (strstr(text, "cpu_slab"))
		return "CS";
	if (strstr(text, "cpu_sheaves"))
		return "PCS";
	if (strstr(text, "sheaf"))
		return strstr(text, "].") || strstr(text, "sheaf.") ? "SHh" : "SHe";
	if (strstr(text, "rcu_data"))
		return "RCU";
	if (address_to_pfn(m, address) < m->pages)
		return "OB";
	if (strstr(text, "barn."))
		return "BARN";
	if (strstr(text, "per_node"))
		return "KCP";
	if (strstr(text, "node."))
		return strstr(text, "node.barn") ? "ND2" : "ND";
	return "?";
}

const struct fixture_family sheaf_family_70 = { place, line_name, expand };
const struct fixture_family sheaf_family_618 = { place, line_name, expand };
const struct fixture_family sheaf_family_71 = { place, line_name, expand };

/* ---- settings --------------------------------------------------------------------------------------- */

struct sheaf_settings sheaf_defaults(void)
{
	return (struct sheaf_settings){
		.max_order = 3, .max_full = 10, .max_empty = 10, .defrag_ratio = 1000,
		.grace_cycles = 100000, .barn_peek = true,
	};
}

const struct object_allocator *sheaf_model(const char *variant)
{
	const struct object_allocator *model =
		object_allocator_find(*variant == '6' ? "sheaves" : "sheaves-all");
	const struct setting *setting = model->settings;

	while (strcmp(setting->key, "variant"))
		setting++;
	for (int i = 0; setting->words[i]; i++)
		if (strcmp(setting->words[i], variant) == 0)
			return model->variants[i];
	fail_msg("no variant '%s'", variant);
	return NULL;
}

uint64_t sheaf_get(const struct fixture *f, const char *name, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, f->family->place(f, name), bytes);
	return value;
}

void sheaf_put(const struct fixture *f, const char *name, unsigned bytes, uint64_t value)
{
	memcpy(f->family->place(f, name), &value, bytes);
}
