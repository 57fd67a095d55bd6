/*
 * Migratetypes of pageblocks: 2 MiB of memory are of one type, so that what cannot be moved does
 * not scatter. A word of bits per section of memory, found by way of the section.
 */
#include "models/pages/zone.h"

enum { SECTION_PAGES = 1 << 15, SECTIONS_PER_ROOT = 128 };      /* of 128 MiB; in a page */

/* Migratetypes of the 64 pageblocks of a section, four bits each, three used. */
struct pageblock_flags {
	_Alignas(LINE) uint64_t word[4];
};

static const struct field pageblock_flags_fields[] = {
	FIELD(struct pageblock_flags, word),
	{ 0 },
};

const struct layout pageblock_flags_layout = {
	"pageblock_flags", sizeof(struct pageblock_flags), CLASS_ALLOCATOR, pageblock_flags_fields
};

struct mem_section {
	uint64_t section_mem_map;
	uint64_t *pageblock_flags;      /* words of bits */
};

static const struct field mem_section_fields[] = {
	FIELD(struct mem_section, section_mem_map),
	FIELD(struct mem_section, pageblock_flags),
	{ 0 },
};

/* Sections in runs of a page of them, as with SPARSEMEM_EXTREME. */
const struct layout mem_section_root_layout = {
	"mem_section_root", sizeof(struct mem_section *), CLASS_ALLOCATOR, NULL
};

const struct layout mem_section_layout = {
	"mem_section", sizeof(struct mem_section), CLASS_ALLOCATOR, mem_section_fields
};

/* From 6.12 on a section's types stand in its usage structure, and those are packed. */
enum { USAGE_TYPES = 24 };

static const struct layout usage_layout = { "mem_section_usage", 0, CLASS_ALLOCATOR, NULL };

static unsigned pageblock_bit(const struct zones *zones, uint64_t pfn)
{
	unsigned bits = zones->rules->block_bits ? zones->rules->block_bits : 4;

	return pfn % SECTION_PAGES / PAGEBLOCK_PAGES * bits;
}

static unsigned type_of(const struct zones *zones, uint64_t word, unsigned bit)
{
	unsigned number = word >> bit % 64 & 7, type = 0;

	while (zones->rules->number[type] != number)
		type++;
	return type;
}

/* Only the page's flags are ever written. */
static uint64_t *find_pageblock_flags(struct cpu *cpu, struct zones *zones, uint64_t pfn)
{
	const struct memory *m = zones->memory;
	uint64_t section = pfn / SECTION_PAGES;
	struct mem_section *root;

	if (!zones->rules->modern)
		(void)load(cpu, page_flags(m, pfn_to_page(m, pfn)));    /* which zone? */
	root = load(cpu, &zones->root[section / SECTIONS_PER_ROOT]);
	return load(cpu, &root[section % SECTIONS_PER_ROOT].pageblock_flags);
}

enum migratetype pageblock_type(struct cpu *cpu, struct zones *zones, uint64_t pfn)
{
	uint64_t *flags = find_pageblock_flags(cpu, zones, pfn);
	unsigned bit = pageblock_bit(zones, pfn);
	uint64_t word = load(cpu, &flags[bit / 64]);

	return (enum migratetype)type_of(zones, word, bit);
}

/* From 6.12 on: the word, until nobody else changed it meanwhile. */
static void exchange_type(struct cpu *cpu, uint64_t *word, unsigned shift, uint64_t number)
{
	uint64_t old = load(cpu, word), new;

	do {
		new = (old & ~(7ull << shift)) | number << shift;
	} while (!cas_seen(cpu, word, &old, new));
}

/* Until 3.9 under zone->lock, so without LOCK. */
void pageblock_set_type(struct cpu *cpu, struct zones *zones, uint64_t pfn, enum migratetype type)
{
	uint64_t *flags = find_pageblock_flags(cpu, zones, pfn);
	unsigned bit = pageblock_bit(zones, pfn);

	if (zones->rules->modern) {
		exchange_type(cpu, &flags[bit / 64], bit % 64, zones->rules->number[type]);
		return;
	}
	for (unsigned i = 0; i < 3; i++, bit++) {
		if (type >> i & 1)
			bit_set_local(cpu, &flags[bit / 64], bit % 64);
		else
			bit_clear_local(cpu, &flags[bit / 64], bit % 64);
	}
}

/* ---- set-up: plain C, before time zero --------------------------------- */

static void usages_new(struct zones *zones, uint64_t sections)
{
	unsigned stride = zones->rules->block_stride;
	char *usage = arena_alloc(zones->memory->sim, sections * stride + LINE, 1, 0, LINE,
				  &usage_layout, "mem_section_usage");

	for (uint64_t i = 0; i < sections; i++)
		zones->section[i].pageblock_flags =
			(uint64_t *)(usage + i * stride + USAGE_TYPES);
}

void pageblocks_new(struct zones *zones)
{
	struct sim *sim = zones->memory->sim;
	uint64_t sections = (zones->memory->pages + SECTION_PAGES - 1) / SECTION_PAGES;
	uint64_t roots = (sections + SECTIONS_PER_ROOT - 1) / SECTIONS_PER_ROOT;
	struct pageblock_flags *flags;

	zones->section = arena_new(sim, struct mem_section, sections, 0, LINE, &mem_section_layout,
				   "mem_section");
	zones->root = arena_new(sim, struct mem_section *, roots, 0, LINE, &mem_section_root_layout,
				"mem_section_root");
	for (uint64_t i = 0; i < roots; i++)
		zones->root[i] = &zones->section[i * SECTIONS_PER_ROOT];
	if (zones->rules->modern) {
		usages_new(zones, sections);
		return;
	}
	flags = arena_new(sim, struct pageblock_flags, sections, 0, LINE, &pageblock_flags_layout,
			  "pageblock_flags");
	for (uint64_t i = 0; i < sections; i++)
		zones->section[i].pageblock_flags = flags[i].word;
}

void pageblock_setup(struct zones *zones, uint64_t pfn, enum migratetype type)
{
	uint64_t *flags = zones->section[pfn / SECTION_PAGES].pageblock_flags;
	unsigned bit = pageblock_bit(zones, pfn);

	flags[bit / 64] |= (uint64_t)zones->rules->number[type] << bit % 64;
}
