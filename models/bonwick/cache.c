/* Caches are made; plain C, before time zero. */
#include "models/bonwick/bonwick.h"

/* ---- names of members ----------------------------------------------------------------------- */

static const struct field cpu_fields[] = {
	FIELD(struct kmem_cpu_cache, cc_lock),
	FIELD(struct kmem_cpu_cache, padding),
	FIELD(struct kmem_cpu_cache, cc_alloc),
	FIELD(struct kmem_cpu_cache, cc_free),
	GUARDED(struct kmem_cpu_cache, cc_loaded, "cc_lock", false),
	GUARDED(struct kmem_cpu_cache, cc_ploaded, "cc_lock", false),
	FIELD(struct kmem_cpu_cache, cc_flags),
	GUARDED(struct kmem_cpu_cache, cc_rounds, "cc_lock", false),
	GUARDED(struct kmem_cpu_cache, cc_prounds, "cc_lock", false),
	GUARDED(struct kmem_cpu_cache, cc_magsize, "cc_lock", false),
	{ 0 },
};
static const struct field cache_fields[] = {
	FIELD(struct kmem_cache, depot_contention),
	FIELD(struct kmem_cache, depot_contention_prev),
	FIELD(struct kmem_cache, name),
	FIELD(struct kmem_cache, chunksize),
	FIELD(struct kmem_cache, slab_order),
	FIELD(struct kmem_cache, chunks),
	FIELD(struct kmem_cache, hashed),
	FIELD(struct kmem_cache, hash_shift),
	FIELD(struct kmem_cache, cache_lock),
	GUARDED(struct kmem_cache, partial, "cache_lock", false),
	GUARDED(struct kmem_cache, complete, "cache_lock", false),
	FIELD(struct kmem_cache, hash),
	FIELD(struct kmem_cache, depot_lock),
	FIELD(struct kmem_cache, padding),
	FIELD(struct kmem_cache, magtype),
	GUARDED(struct kmem_cache, full, "depot_lock", false),
	GUARDED(struct kmem_cache, empty, "depot_lock", false),
	{ 0 },
};
static const struct field slab_fields[] = {
	FIELD(struct kmem_slab, cache),
	FIELD(struct kmem_slab, base),
	FIELD(struct kmem_slab, link),
	FIELD(struct kmem_slab, head),
	FIELD(struct kmem_slab, refcnt),
	FIELD(struct kmem_slab, chunks),
	{ 0 },
};
static const struct field bufctl_fields[] = {
	FIELD(struct bufctl, next),
	FIELD(struct bufctl, addr),
	FIELD(struct bufctl, slab),
	{ 0 },
};

#define ALLOCATORS(name, type, fields) { name, sizeof(type), CLASS_ALLOCATOR, fields }
static const struct layout cpu_layout = ALLOCATORS("kmem_cpu_cache", struct kmem_cpu_cache, cpu_fields);
static const struct layout cache_layout = ALLOCATORS("kmem_cache", struct kmem_cache, cache_fields);
static const struct layout bucket_layout = ALLOCATORS("hash", void *, NULL);
static const struct layout seconds_layout = ALLOCATORS("seconds", uint64_t, NULL);
static const struct layout bytes_layout = { "kmem_cache", 0, CLASS_ALLOCATOR, NULL };
const struct layout bonwick_slab_layout = ALLOCATORS("kmem_slab", struct kmem_slab, slab_fields);
const struct layout bonwick_bufctl_layout = ALLOCATORS("bufctl", struct bufctl, bufctl_fields);
const struct layout bonwick_magazine_layout = { "magazine", 0, CLASS_ALLOCATOR, NULL };
const struct layout bonwick_object_layout = { "object", 0, CLASS_PAYLOAD, NULL };

const struct layout *const bonwick_layouts[] = {
	&cpu_layout, &cache_layout, &bonwick_slab_layout, &bonwick_bufctl_layout, NULL,
};

/* illumos: rounds, alignment; objects beyond minbuf begin with it, those below maxbuf may go on. */
const struct kmem_magtype bonwick_magtypes[MAGTYPES] = {
	{ 1, 8, 3200, 65536 }, { 3, 16, 256, 32768 }, { 7, 32, 64, 16384 }, { 15, 64, 0, 8192 },
	{ 31, 64, 0, 4096 }, { 47, 64, 0, 2048 }, { 63, 64, 0, 1024 }, { 95, 64, 0, 512 },
	{ 143, 64, 0, 0 },
};

/* ---- geometry ------------------------------------------------------------------------------- */

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* Small objects: a page with its descriptor at the end. Others: the first order that wastes no more
 * than an eighth. */
static void setup_geometry(struct kmem_cache *cp)
{
	cp->hashed = cp->chunksize >= PAGE_BYTES / 8;
	if (!cp->hashed) {
		cp->chunks = (PAGE_BYTES - sizeof(struct kmem_slab)) / cp->chunksize;
		return;
	}
	for (cp->slab_order = 0; cp->slab_order + 1 < MAX_ORDER; cp->slab_order++) {
		uint64_t bytes = (uint64_t)PAGE_BYTES << cp->slab_order;

		if (bytes >= cp->chunksize && bytes % cp->chunksize <= bytes / 8)
			break;
	}
	cp->chunks = ((uint64_t)PAGE_BYTES << cp->slab_order) / cp->chunksize;
	while (cp->chunksize >> cp->hash_shift > 1)
		cp->hash_shift++;
}

static const struct kmem_magtype *first_magtype(uint64_t chunksize)
{
	const struct kmem_magtype *type = bonwick_magtypes;

	while (type->minbuf >= chunksize)
		type++;
	return type;
}

/* ---- page frames ---------------------------------------------------------------------------- */

/* Frames in a piece of their table: of 16 GiB little is used, and no node has room for all of it. */
enum { FRAMES = 1024 };

struct frame *bonwick_frame_new(struct bonwick *b, uint64_t pfn)
{
	struct frame **piece = &b->frames[pfn / FRAMES];

	if (!*piece)
		*piece = unseen_new(b->sim, FRAMES * sizeof **piece);
	return &(*piece)[pfn % FRAMES];
}

const struct frame *bonwick_frame(const struct bonwick *b, uint64_t pfn)
{
	static const struct frame unused;
	const struct frame *piece = b->frames[pfn / FRAMES];

	return piece ? &piece[pfn % FRAMES] : &unused;
}

/* ---- caches --------------------------------------------------------------------------------- */

static void setup_cpu(const struct kmem_cache *cp, struct kmem_cpu_cache *ccp, bool magazines)
{
	spin_lock_init(&ccp->cc_lock, MUTEX);
	ccp->cc_rounds = ccp->cc_prounds = -1;
	ccp->cc_magsize = magazines ? (uint16_t)cp->magtype->rounds : 0;
}

static struct kmem_cache *cache_new(struct bonwick *b, const char *name, uint64_t size,
				    uint64_t align, bool magazines)
{
	unsigned cpus = sim_cpus(b->sim);
	size_t bytes = sizeof(struct kmem_cache) + cpus * sizeof(struct kmem_cpu_cache);
	struct kmem_cache *cp = arena_alloc(b->sim, bytes, 1, 0, LINE, &bytes_layout, name);

	relabel_setup(b->sim, cp, sizeof *cp, &cache_layout, 0,
		      label_new(b->sim, "%s kmem_cache", name));
	relabel_setup(b->sim, cp->cpu, bytes - sizeof *cp, &cpu_layout, 0,
		      label_new(b->sim, "%s cpu", name));
	b->metadata_bytes += bytes;
	cp->name = label_new(b->sim, "%s", name);
	cp->chunksize = round_up(size < WORD ? WORD : size, align);
	setup_geometry(cp);
	spin_lock_init(&cp->cache_lock, MUTEX);
	spin_lock_init(&cp->depot_lock, MUTEX);
	list_init(&cp->partial);
	list_init(&cp->complete);
	cp->magtype = first_magtype(cp->chunksize);
	for (unsigned id = 0; id < cpus; id++)
		setup_cpu(cp, &cp->cpu[id], magazines);
	if (cp->hashed) {
		cp->hash = arena_new(b->sim, struct bufctl *, HASH_BUCKETS, 0, LINE, &bucket_layout,
				     label_new(b->sim, "%s hash", name));
		b->metadata_bytes += HASH_BUCKETS * sizeof cp->hash[0];
	}
	if (magazines && b->caches == SLAB_CACHES_MAX)
		sim_out_of_memory(b->sim);
	if (magazines)
		b->cache[b->caches++] = cp;
	return cp;
}

struct kmem_cache *bonwick_cache_create(void *state, const char *name, unsigned size,
					unsigned align)
{
	return cache_new(state, name, size, align ? round_up(align, WORD) : WORD, true);
}

/* 8 to 8192, and 96 and 192. */
static const unsigned sizes[NR_SIZES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192,
};

struct kmem_cache *bonwick_size_cache(void *state, size_t size)
{
	const struct bonwick *b = state;

	for (unsigned i = 0; i < NR_SIZES; i++)
		if (size <= sizes[i])
			return b->size[i];
	return NULL;
}

void *bonwick_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct bonwick *b = unseen_new(sim, sizeof *b);

	(void)settings;
	b->sim = sim;
	b->pages = pages;
	b->memory = pages->memory;
	b->frames = unseen_new(sim, (b->memory->pages / FRAMES + 1) * sizeof b->frames[0]);
	b->seconds = arena_new(sim, uint64_t, 1, 0, LINE, &seconds_layout, "kmem_update");
	b->slab_cache = cache_new(b, "kmem_slab_cache", sizeof(struct kmem_slab), WORD, false);
	b->bufctl_cache = cache_new(b, "kmem_bufctl_cache", sizeof(struct bufctl), WORD, false);
	for (unsigned i = 0; i < MAGTYPES; i++)
		b->magazine_cache[i] =
			cache_new(b, label_new(sim, "kmem_magazine_%u", bonwick_magtypes[i].rounds),
				  (1 + bonwick_magtypes[i].rounds) * WORD, bonwick_magtypes[i].align, false);
	for (unsigned i = 0; i < NR_SIZES; i++)
		b->size[i] = cache_new(b, label_new(sim, "kmem_alloc_%u", sizes[i]), sizes[i], WORD,
				       true);
	return b;
}
