/*
 * SLAB's caches are made: geometry, arrays, lists; plain C, before time zero.
 *
 * Chosen: what the kernel has from kmalloc lies on the node that it asks for and begins on a line.
 * That is where objects of those sizes begin, but for arrays of one entry, 32 bytes, of which the
 * kernel has two in a line.
 */
#include "models/slab/slab.h"

/* ---- names of members ----------------------------------------------------------------------- */

static const struct field array_fields[] = {
	FIELD(struct array_cache, avail),
	FIELD(struct array_cache, limit),
	FIELD(struct array_cache, batchcount),
	FIELD(struct array_cache, touched),
	FIELD(struct array_cache, lock),
	FIELD(struct array_cache, padding),
	{ 0 },
};
static const struct field alien_fields[] = {
	GUARDED(struct array_cache, avail, "lock", true),
	FIELD(struct array_cache, limit),
	FIELD(struct array_cache, batchcount),
	FIELD(struct array_cache, touched),
	FIELD(struct array_cache, lock),
	FIELD(struct array_cache, padding),
	{ 0 },
};
static const struct field list3_fields[] = {
	GUARDED(struct kmem_list3, slabs_partial, "list_lock", false),
	GUARDED(struct kmem_list3, slabs_full, "list_lock", false),
	GUARDED(struct kmem_list3, slabs_free, "list_lock", true),
	GUARDED(struct kmem_list3, free_objects, "list_lock", false),
	FIELD(struct kmem_list3, free_limit),
	GUARDED(struct kmem_list3, colour_next, "list_lock", false),
	FIELD(struct kmem_list3, list_lock),
	FIELD(struct kmem_list3, padding),
	FIELD(struct kmem_list3, shared),
	FIELD(struct kmem_list3, alien),
	FIELD(struct kmem_list3, next_reap),
	FIELD(struct kmem_list3, free_touched),
	{ 0 },
};
static const struct field cache_fields[] = {
	FIELD(struct kmem_cache, batchcount),
	FIELD(struct kmem_cache, limit),
	FIELD(struct kmem_cache, shared),
	FIELD(struct kmem_cache, buffer_size),
	FIELD(struct kmem_cache, reciprocal_buffer_size),
	FIELD(struct kmem_cache, flags),
	FIELD(struct kmem_cache, num),
	FIELD(struct kmem_cache, gfporder),
	FIELD(struct kmem_cache, gfpflags),
	FIELD(struct kmem_cache, padding),
	FIELD(struct kmem_cache, colour),
	FIELD(struct kmem_cache, colour_off),
	FIELD(struct kmem_cache, more_padding),
	FIELD(struct kmem_cache, slabp_cache),
	FIELD(struct kmem_cache, slab_size),
	FIELD(struct kmem_cache, dflags),
	FIELD(struct kmem_cache, ctor),
	FIELD(struct kmem_cache, name),
	FIELD(struct kmem_cache, next),
	{ 0 },
};
static const struct field slab_fields[] = {
	FIELD(struct slab, list),
	FIELD(struct slab, colouroff),
	FIELD(struct slab, s_mem),
	FIELD(struct slab, inuse),
	FIELD(struct slab, free),
	FIELD(struct slab, nodeid),
	{ 0 },
};
static const struct field slab_page_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	FIELD(struct slab_page, _mapcount),
	FIELD(struct slab_page, private),
	FIELD(struct slab_page, mapping),
	FIELD(struct slab_page, index),
	FIELD(struct slab_page, lru.next),
	FIELD(struct slab_page, lru.prev),
	{ 0 },
};
static const struct field chain_fields[] = {
	{ "cache_chain_mutex", offsetof(struct cache_chain, mutex), sizeof(int32_t), NULL, false },
	FIELD(struct cache_chain, list),
	{ 0 },
};
static const struct field reap_fields[] = {
	FIELD(struct reap_work, seconds),
	FIELD(struct reap_work, node),
	{ 0 },
};

#define ALLOCATORS(name, type, fields) { name, sizeof(type), CLASS_ALLOCATOR, fields }
static const struct layout array_layout = ALLOCATORS("array_cache", struct array_cache, array_fields);
static const struct layout alien_layout = ALLOCATORS("array_cache", struct array_cache, alien_fields);
static const struct layout list3_layout = ALLOCATORS("kmem_list3", struct kmem_list3, list3_fields);
static const struct layout cache_layout = ALLOCATORS("kmem_cache", struct kmem_cache, cache_fields);
static const struct layout chain_layout = ALLOCATORS("cache_chain", struct cache_chain, chain_fields);
static const struct layout reap_layout = ALLOCATORS("reap_work", struct reap_work, reap_fields);
static const struct layout pointer_layout = ALLOCATORS("pointer", void *, NULL);
static const struct layout bytes_layout = { "bytes", 0, CLASS_ALLOCATOR, NULL };
const struct layout slab_layout = ALLOCATORS("slab", struct slab, slab_fields);
const struct layout bufctl_layout = ALLOCATORS("bufctl", uint32_t, NULL);
const struct layout slab_page_layout = ALLOCATORS("page", struct slab_page, slab_page_fields);
const struct layout slab_object_layout = { "object", 0, CLASS_PAYLOAD, NULL };

const struct layout *const slab_layouts[] = {
	&array_layout, &alien_layout, &list3_layout, &cache_layout, &chain_layout, &reap_layout,
	&slab_layout, &slab_page_layout, NULL,
};

/* ---- geometry of slabs ---------------------------------------------------------------------- */

enum { BREAK_ORDER = 1 };       /* with more than 32 MiB of memory: no larger slabs for less waste */

static uint32_t round_up(uint64_t value, uint32_t to)
{
	return (uint32_t)((value + to - 1) / to * to);
}

static uint32_t descriptor_bytes(uint32_t objects)
{
	return (uint32_t)(sizeof(struct slab) + objects * sizeof(uint32_t));
}

/* Objects of 2^order pages, with their descriptor if it lies in the slab; what is left in *left. */
static uint32_t estimate(uint32_t order, uint32_t size, uint32_t align, bool off_slab,
			 uint32_t *left)
{
	uint32_t bytes = PAGE_BYTES << order, objects, used;

	if (off_slab) {
		objects = bytes / size;
		*left = bytes % size;
		return objects;
	}
	objects = (bytes - (uint32_t)sizeof(struct slab)) / (size + (uint32_t)sizeof(uint32_t));
	used = round_up(descriptor_bytes(objects), align) + objects * size;
	if (used > bytes) {
		objects--;
		used = round_up(descriptor_bytes(objects), align) + objects * size;
	}
	*left = bytes - used;
	return objects;
}

/* The first order that wastes no more than an eighth. Returns the bytes left over. */
static uint32_t slab_order(struct kmem_cache *s, uint32_t align, bool off_slab)
{
	uint32_t left = 0;

	for (uint32_t order = 0; order < MAX_ORDER; order++) {
		uint32_t num = estimate(order, s->buffer_size, align, off_slab, &left);

		if (num == 0)
			continue;
		s->num = num;
		s->gfporder = order;
		if (order >= BREAK_ORDER || left * 8 <= (uint32_t)PAGE_BYTES << order)
			break;
	}
	return left;
}

static void setup_geometry(struct slabs *slabs, struct kmem_cache *s, uint32_t align)
{
	bool off_slab = s->buffer_size >= PAGE_BYTES / 8;
	uint32_t left = slab_order(s, align, off_slab);

	s->slab_size = round_up(descriptor_bytes(s->num), align);
	if (off_slab && left >= s->slab_size) {         /* there is room for it, so it comes in */
		off_slab = false;
		left -= s->slab_size;
	}
	s->colour_off = align > LINE ? align : LINE;
	s->colour = left / s->colour_off;
	if (off_slab) {
		s->flags |= 1u << CFLGS_OFF_SLAB;
		s->slab_size = descriptor_bytes(s->num);
		s->slabp_cache = slab_kmalloc_cache(slabs, s->slab_size);
	}
	s->reciprocal_buffer_size =
		(uint32_t)((((uint64_t)1 << 32) + s->buffer_size - 1) / s->buffer_size);
}

/* ---- arrays and lists ----------------------------------------------------------------------- */

static uint32_t default_limit(uint32_t size)
{
	return size > 131072 ? 1 : size > PAGE_BYTES ? 8 : size > 1024 ? 24 : size > 256 ? 54 : 120;
}

/* `batchcount`: of a refill; 0 where there is none. */
static struct array_cache *array_new(struct slabs *slabs, unsigned node, uint32_t limit,
				     uint32_t batchcount, bool alien, const char *label)
{
	size_t bytes = sizeof(struct array_cache) + limit * sizeof(void *);
	struct array_cache *ac =
		arena_alloc(slabs->sim, bytes, 1, node, LINE, &bytes_layout, label);

	relabel_setup(slabs->sim, ac, sizeof *ac, alien ? &alien_layout : &array_layout, 0, label);
	relabel_setup(slabs->sim, ac->entry, limit * sizeof(void *), &pointer_layout, 0,
		      label_new(slabs->sim, "%s entry", label));
	ac->limit = limit;
	ac->batchcount = batchcount;
	spin_lock_init(&ac->lock, SLAB_LOCK);
	slabs->metadata_bytes += bytes;
	return ac;
}

static unsigned cpus_of_node(const struct sim *sim, unsigned node)
{
	unsigned count = 0;

	for (unsigned id = 0; id < sim_cpus(sim); id++)
		count += node_of_cpu(sim, id) == node;
	return count;
}

/* On node `node`, for the objects of every other node. */
static void setup_alien(struct slabs *slabs, struct kmem_cache *s, unsigned node)
{
	struct kmem_list3 *l3 = s->nodelists[node];
	unsigned nodes = slabs->memory->nodes;
	uint32_t limit = s->limit > 1 ? ALIEN_LIMIT : s->limit;

	if (nodes == 1 || !slabs->settings.alien)
		return;
	l3->alien = arena_new(slabs->sim, struct array_cache *, nodes, node, LINE, &pointer_layout,
			      label_new(slabs->sim, "%s alien[%u]", s->name, node));
	slabs->metadata_bytes += nodes * sizeof l3->alien[0];
	for (unsigned of = 0; of < nodes; of++)
		if (of != node)
			l3->alien[of] = array_new(slabs, node, limit, 0, true,
						  label_new(slabs->sim, "%s alien[%u][%u]", s->name,
							    node, of));
}

/* The kernel spreads the first looks of the caches by their addresses, here they are by number. */
static void setup_list3(struct slabs *slabs, struct kmem_cache *s, unsigned node)
{
	struct kmem_list3 *l3 =
		arena_new(slabs->sim, struct kmem_list3, 1, node, LINE, &list3_layout,
			  label_new(slabs->sim, "%s kmem_list3[%u]", s->name, node));

	s->nodelists[node] = l3;
	slabs->metadata_bytes += sizeof *l3;
	list_init(&l3->slabs_partial);
	list_init(&l3->slabs_full);
	list_init(&l3->slabs_free);
	spin_lock_init(&l3->list_lock, SLAB_LOCK);
	l3->free_limit = (1 + cpus_of_node(slabs->sim, node)) * s->batchcount + s->num;
	l3->next_reap = REAP_NODE_SECONDS + slabs->caches % REAP_NODE_SECONDS;
	if (s->shared)
		l3->shared = array_new(slabs, node, s->shared * s->batchcount, 0, false,
				       label_new(slabs->sim, "%s shared[%u]", s->name, node));
	setup_alien(slabs, s, node);
}

static void setup_arrays(struct slabs *slabs, struct kmem_cache *s)
{
	const struct slab_settings *set = &slabs->settings;
	bool may_share = s->buffer_size <= PAGE_BYTES && sim_cpus(slabs->sim) > 1;

	s->limit = set->limit ? (uint32_t)set->limit : default_limit(s->buffer_size);
	s->batchcount = set->batchcount ? (uint32_t)set->batchcount : (s->limit + 1) / 2;
	if (s->batchcount > s->limit)
		s->batchcount = s->limit;
	if (may_share && set->share)
		s->shared = set->shared ? (uint32_t)set->shared : 8;
	for (unsigned id = 0; id < sim_cpus(slabs->sim); id++)
		*cpu_array(slabs, s, id) =
			array_new(slabs, node_of_cpu(slabs->sim, id), s->limit, s->batchcount,
				  false, label_new(slabs->sim, "%s array[%u]", s->name, id));
	for (unsigned node = 0; node < slabs->memory->nodes; node++)
		setup_list3(slabs, s, node);
}

/* ---- caches --------------------------------------------------------------------------------- */

static void link_cache(struct slabs *slabs, struct kmem_cache *s)
{
	struct list_head *head = &slabs->chain->list;

	s->next.next = head;
	s->next.prev = head->prev;
	head->prev->next = &s->next;
	head->prev = &s->next;
}

static struct kmem_cache *cache_new(struct slabs *slabs, const char *name, unsigned size,
				    uint32_t align)
{
	size_t array_bytes = slabs->nr_cpus * sizeof(struct array_cache *);
	size_t node_bytes = slabs->memory->nodes * sizeof(struct kmem_list3 *);
	size_t bytes = array_bytes + sizeof(struct kmem_cache) + node_bytes;
	char *at = arena_alloc(slabs->sim, bytes, 1, 0, LINE, &bytes_layout, name);
	struct kmem_cache *s = (struct kmem_cache *)(at + array_bytes);
	const char *owned = label_new(slabs->sim, "%s", name);

	relabel_setup(slabs->sim, at, array_bytes, &pointer_layout, 0,
		      label_new(slabs->sim, "%s array", name));
	relabel_setup(slabs->sim, s, sizeof *s, &cache_layout, 0,
		      label_new(slabs->sim, "%s kmem_cache", name));
	relabel_setup(slabs->sim, s->nodelists, node_bytes, &pointer_layout, 0,
		      label_new(slabs->sim, "%s nodelists", name));
	slabs->metadata_bytes += bytes;
	s->name = owned;
	s->buffer_size = round_up(size, align);
	setup_geometry(slabs, s, align);
	setup_arrays(slabs, s);
	if (slabs->caches == SLAB_CACHES_MAX)
		sim_out_of_memory(slabs->sim);
	slabs->names[slabs->caches++] = (struct cache_names){
		s, label_new(slabs->sim, "%s object", name), label_new(slabs->sim, "%s slab", name),
		label_new(slabs->sim, "%s bufctl", name)
	};
	link_cache(slabs, s);
	return s;
}

const struct cache_names *slab_names(const struct slabs *slabs, const struct kmem_cache *s)
{
	const struct cache_names *names = slabs->names;

	while (names->s != s)
		names++;
	return names;
}

struct kmem_cache *slab_cache_create(void *state, const char *name, unsigned size, unsigned align)
{
	return cache_new(state, name, size, round_up(align ? align : WORD, WORD));
}

/* Sizes of kmalloc with lines of 64 bytes: 192 beside the powers of two from 32 on. */
static size_t general_size(unsigned i)
{
	return i < 3 ? (size_t)32 << i : i == 3 ? 192 : (size_t)128 << (i - 3);
}

/* They are aligned to lines, small ones to their size. Small ones first: the descriptors of the
 * others are of them. */
static void setup_general(struct slabs *slabs)
{
	for (unsigned i = 0; i < NR_GENERAL; i++) {
		unsigned size = (unsigned)general_size(i);

		slabs->general[i] = cache_new(slabs, label_new(slabs->sim, "size-%u", size), size,
					      size < LINE ? size : LINE);
	}
}

struct kmem_cache *slab_kmalloc_cache(void *state, size_t size)
{
	const struct slabs *slabs = state;

	for (unsigned i = 0; i < NR_GENERAL; i++)
		if (size <= general_size(i))
			return slabs->general[i];
	return NULL;
}

const struct setting slab_settings[] = {
	SETTING(struct slab_settings, limit, COUNT, .min = 1, .max = 4096, .fallback = "-",
		.help = "objects that a CPU's array holds; default 120, from 257 bytes on 54, from "
			"1025 on 24, from 4097 on 8"),
	SETTING(struct slab_settings, batchcount, COUNT, .min = 1, .max = 4096, .fallback = "-",
		.help = "objects of a refill and a flush; default half of 'limit'"),
	SETTING(struct slab_settings, shared, COUNT, .min = 1, .max = 64, .fallback = "8",
		.help = "the array that the CPUs of a node share holds so many times 'batchcount'"),
	SETTING(struct slab_settings, share, SWITCH, .fallback = "true",
		.help = "false: no shared arrays"),
	SETTING(struct slab_settings, alien, SWITCH, .fallback = "true",
		.help = "false: objects of other nodes go back one by one (noaliencache)"),
	SETTING(struct slab_settings, nr_cpus, COUNT, .min = 1, .max = 4096, .fallback = "-",
		.help = "NR_CPUS of the kernel, at least the CPUs of the run: array[] of each cache "
			"has room for so many; default the CPUs of the run rounded up to 8"),
	{ 0 },
};

void *slab_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct slabs *slabs = unseen_new(sim, sizeof *slabs);

	slabs->sim = sim;
	slabs->pages = pages;
	slabs->memory = pages->memory;
	slabs->settings = *(const struct slab_settings *)settings;
	slabs->nr_cpus = nr_cpus(sim, slabs->settings.nr_cpus);
	slabs->chain = arena_new(sim, struct cache_chain, 1, 0, LINE, &chain_layout, "cache_chain");
	slabs->chain->mutex = 1;
	list_init(&slabs->chain->list);
	slabs->reap_work = percpu_new(sim, struct reap_work, 16, &reap_layout, "reap_work");
	for (unsigned id = 0; id < sim_cpus(sim); id++)
		per_cpu(sim, slabs->reap_work, id)->node =
			(node_of_cpu(sim, id) + 1) % slabs->memory->nodes;
	setup_general(slabs);
	return slabs;
}
