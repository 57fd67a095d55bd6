/*
 * llfree: no lists and no locks; counters in two levels over a bit for each frame, changed by
 * compare-exchange, and a tree of 64 MiB for each CPU to take from.
 *
 *	local[cpu]    which tree this CPU has reserved, and how many of its frames it may take
 *	trees[]       64 MiB each: free frames, reserved?         32 to a line
 *	children[][]  2 MiB each: free frames, or taken whole     32 of a tree are a line
 *	bitfield[]    a bit for each frame, 1 taken               512 of 2 MiB are a line
 *
 * Follows: LLFree of USENIX ATC'23, tag atc23-artifact-eval, Array<4, Cache<32>> (pagealloc.md 5);
 * one instance per NUMA node, called from the kernel where the zones' lists would be.
 *
 * True whenever no CPU is inside an operation:
 *   (1) children[i] is the number of zero bits of bitfield[i], or says that 2 MiB are taken whole,
 *       and no bit is set then;
 *   (2) the free frames of a tree's children are those of trees[t] and of the locals that have it;
 *   (3) trees[t] is reserved if and only if one local has it;
 *   (4) NR_FREE_PAGES and the CPUs' differences add up to the free frames;
 *   (5) no local is locked; a free frame's struct page is referred to by nobody.
 *
 * alloc  from the own tree: the local count, a child's count, a bit. A tree that is used up is
 *        exchanged for a partly free one near the own start, a free one, or any; if all are others',
 *        they lose them, and one is reserved.
 * free   the bit, the child's count, and the local count if the frame's tree is the own one, else
 *        the tree's. Four frees in a row into one tree reserve it, if it has enough.
 *
 * Lock order: none. A local that is being exchanged is marked locked, for its own CPU's interrupts.
 *
 * Expect: three LOCK operations per allocation on lines of the own tree, nothing that CPUs share
 * but the packed trees[] when a page is freed elsewhere. No struct page is linked, so none but that of
 * the page itself is touched.
 *
 * Changed: the glue is that of 3.9 where the sheet wants that of 6.x (5.6; its choice, the artifact
 * ran on 6.0). What differs:
 *	                 3.9, as here                       6.x
 *	watermarks       LOW, then MIN; for a block, the    zone->flags, free highatomic pages; from
 *	                 nr_free of the smaller orders      6.7 on HIGH before LOW; for a block, a
 *	                 (0 here)                           list that has one (here none would)
 *	NR_FREE_PAGES    differences in per_cpu_pageset     in per_cpu_zonestat
 *	a page is taken  every struct page is checked       none is
 *	a page is freed  every struct page is checked       tails are written, no page is checked
 *	LRU              in struct zone                     not modelled
 * An allocation in an interrupt that finds the local locked takes from a tree that nobody has
 * reserved; the artifact's wait there does not count the frame.
 * Orders 7 and 8, which the sheet leaves out, set 2 or 4 neighbouring rows one after the other and put
 * them back on failure: a guess. Who finds no tree drains all and looks once more, then gives up: with
 * fewer trees than CPUs an allocation may fail while frames are free, in trees that others are
 * exchanging.
 * Left out: migratetypes, NUMA counters.
 */
#include "models/pages/zone.h"

enum {
	ROWS = 8, ROW_BITS = 64, ROW_ORDER = 6,
	CHILD_ORDER = 9, CHILD_PAGES = 1 << CHILD_ORDER,
	TREE_CHILDREN = 32, TREE_PAGES = TREE_CHILDREN * CHILD_PAGES,
	CHILD_WHOLE = 0xffff,           /* taken as one block of 2 MiB */
	TREE_RESERVED = 1 << 15,
	RETRIES = 4,
	ALMOST_ALLOCATED = 1024, ALMOST_FREE = TREE_PAGES - 1024,
	FREES_IN_A_ROW = 4,
	START_ALIGN = 32,               /* trees of a line */
};

/* The word `preferred`: free 16, locked 1, start / 64 in the rest. */
enum { LOCKED_BIT = 16, START_SHIFT = 17 };
#define LOCAL_LOCKED (1ull << LOCKED_BIT)
#define NO_START (UINT64_MAX >> START_SHIFT)
#define NO_TREE (NO_START << START_SHIFT)
/* The word `last_frees`: a count in the low 16 bits, the tree above. */
enum { LAST_COUNT_BITS = 16 };

struct llfree_bitfield {
	_Alignas(LINE) uint64_t row[ROWS];
};

struct llfree_children {
	_Alignas(LINE) uint16_t free[TREE_CHILDREN];
};

struct llfree_local {
	_Alignas(LINE) uint64_t preferred;
	uint64_t last_frees;
};

static const struct field bitfield_fields[] = { FIELD(struct llfree_bitfield, row), { 0 } };
static const struct field children_fields[] = { FIELD(struct llfree_children, free), { 0 } };
static const struct field local_fields[] = {
	FIELD(struct llfree_local, preferred), FIELD(struct llfree_local, last_frees), { 0 }
};
static const struct layout bitfield_layout = {
	"llfree bitfield", sizeof(struct llfree_bitfield), CLASS_ALLOCATOR, bitfield_fields
};
static const struct layout children_layout = {
	"llfree children", sizeof(struct llfree_children), CLASS_ALLOCATOR, children_fields
};
static const struct layout local_layout = {
	"llfree local", sizeof(struct llfree_local), CLASS_ALLOCATOR, local_fields
};
static const struct layout trees_layout = {
	"llfree trees", sizeof(uint16_t), CLASS_ALLOCATOR, NULL
};

static const struct layout *const llfree_layouts[] = {
	&pageset_layout_3_9, &zone_layout_3_9, &vm_event_state_layout, &pageblock_flags_layout,
	&mem_section_layout, &mem_section_root_layout, &vm_stat_layout_3_9, &lru_cpu_layout,
	&bitfield_layout, &children_layout, &local_layout, &trees_layout, NULL,
};

/* Of one node. Frames are numbered from the node's first. */
struct instance {
	struct zone *zone;
	struct llfree_bitfield *bitfield;
	struct llfree_children *children;
	uint16_t *trees;
	struct llfree_local *local;     /* per CPU */
	uint64_t tree_count, cores;
};

struct llfree {
	struct zones *zones;
	struct instance *instance;      /* by node */
};

#define NO_FRAME UINT64_MAX

static uint64_t start_of(uint64_t preferred)
{
	return preferred >> START_SHIFT;
}

static bool has_start(uint64_t preferred)
{
	return start_of(preferred) != NO_START;
}

static uint64_t free_of(uint64_t preferred)
{
	return preferred & 0xffff;
}

static uint64_t tree_of(uint64_t preferred)
{
	return start_of(preferred) * ROW_BITS / TREE_PAGES;
}

static uint64_t local_word(uint64_t free, uint64_t frame)
{
	return frame / ROW_BITS << START_SHIFT | free;
}

static uint64_t *own(struct cpu *cpu, const struct instance *in)
{
	return &this_cpu(cpu, in->local)->preferred;
}

/* ---- updates: read, compute, compare-exchange; where nothing is to be changed the read alone ---- */

/* Counts frames of a tree; reserved or not. */
static uint16_t add_to_tree(struct cpu *cpu, struct instance *in, uint64_t tree, uint64_t frames)
{
	uint16_t word;

	do
		word = load(cpu, &in->trees[tree]);
	while (!cas(cpu, &in->trees[tree], word, (uint16_t)(word + frames)));
	return (uint16_t)(word + frames);
}

/* The tree is this CPU's, with all of its count; returns that, NO_FRAME: it has too few or too many,
 * or somebody has it. */
static uint64_t reserve_tree(struct cpu *cpu, struct instance *in, uint64_t tree, uint64_t least,
			     uint64_t below)
{
	uint16_t word;

	do {
		word = load(cpu, &in->trees[tree]);
		if (word & TREE_RESERVED || word < least || word >= below)
			return NO_FRAME;
	} while (!cas(cpu, &in->trees[tree], word, (uint16_t)TREE_RESERVED));
	return word;
}

/* Frames of a tree that nobody has are taken from its count. */
static bool take_from_tree(struct cpu *cpu, struct instance *in, uint64_t tree, uint64_t frames)
{
	uint16_t word;

	do {
		word = load(cpu, &in->trees[tree]);
		if (word & TREE_RESERVED || word < frames)
			return false;
	} while (!cas(cpu, &in->trees[tree], word, (uint16_t)(word - frames)));
	return true;
}

static void unreserve_tree(struct cpu *cpu, struct instance *in, uint64_t tree, uint64_t frames)
{
	uint16_t word, free;

	do {
		word = load(cpu, &in->trees[tree]);
		free = (uint16_t)((word & ~TREE_RESERVED) + frames);
	} while (!cas(cpu, &in->trees[tree], word, free));
}

/* Takes from the own count; false: it has not so many. *old: the word before, or as it is. */
static bool take_from_local(struct cpu *cpu, struct instance *in, uint64_t frames, uint64_t *old)
{
	uint64_t *local = own(cpu, in);

	do {
		*old = load(cpu, local);
		if (!has_start(*old) || free_of(*old) < frames)
			return false;
	} while (!cas(cpu, local, *old, *old - frames));
	return true;
}

/* Adds to the own count if its tree is `tree`. */
static bool add_to_local(struct cpu *cpu, struct instance *in, uint64_t tree, uint64_t frames)
{
	uint64_t *local = own(cpu, in), old;

	do {
		old = load(cpu, local);
		if (!has_start(old) || tree_of(old) != tree)
			return false;
	} while (!cas(cpu, local, old, old + frames));
	return true;
}

static bool lock_local(struct cpu *cpu, struct instance *in)
{
	uint64_t *local = own(cpu, in), old;

	do {
		old = load(cpu, local);
		if (old & LOCAL_LOCKED)
			return false;
	} while (!cas(cpu, local, old, old | LOCAL_LOCKED));
	return true;
}

/* ---- the lower level (5.3) ---------------------------------------------------------------------- */

static uint16_t *child(const struct instance *in, uint64_t number)
{
	return &in->children[number / TREE_CHILDREN].free[number % TREE_CHILDREN];
}

static void add_to_child(struct cpu *cpu, struct instance *in, uint64_t number, uint64_t frames)
{
	uint16_t word;

	do
		word = load(cpu, child(in, number));
	while (!cas(cpu, child(in, number), word, (uint16_t)(word + frames)));
}

static bool take_from_child(struct cpu *cpu, struct instance *in, uint64_t number, uint64_t frames)
{
	uint16_t word;

	do {
		word = load(cpu, child(in, number));
		if (word == CHILD_WHOLE || word < frames)
			return false;
	} while (!cas(cpu, child(in, number), word, (uint16_t)(word - frames)));
	return true;
}

static uint64_t run_of_ones(unsigned order)
{
	return order == ROW_ORDER ? UINT64_MAX : (1ull << (1u << order)) - 1;
}

/* The first aligned run of 2^order zero bits becomes ones; ROW_BITS: there is none. */
static unsigned set_run(struct cpu *cpu, uint64_t *row, unsigned order)
{
	uint64_t ones = run_of_ones(order), word;
	unsigned at;

	do {
		word = load(cpu, row);
		for (at = 0; at < ROW_BITS && word & ones << at; at += 1u << order)
			;
		if (at == ROW_BITS)
			return at;
	} while (!cas(cpu, row, word, word | ones << at));
	return at;
}

/* Orders 7 and 8: 2 or 4 neighbouring rows, all or none. */
static bool set_rows(struct cpu *cpu, uint64_t *row, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (load(cpu, &row[i]) == 0 && cas(cpu, &row[i], 0, UINT64_MAX))
			continue;
		while (i-- > 0)
			store(cpu, &row[i], 0);
		return false;
	}
	return true;
}

/* In one child, whose count already says that they are taken. */
static uint64_t take_bits(struct cpu *cpu, struct instance *in, uint64_t number, unsigned first_row,
			  unsigned order)
{
	struct llfree_bitfield *bits = &in->bitfield[number];
	unsigned rows = order > ROW_ORDER ? 1u << (order - ROW_ORDER) : 1;

	for (unsigned i = 0; i < ROWS; i += rows) {
		unsigned r = (first_row / rows * rows + i) % ROWS, at = 0;

		if (rows > 1 ? set_rows(cpu, &bits->row[r], rows)
			     : (at = set_run(cpu, &bits->row[r], order)) < ROW_BITS)
			return number * CHILD_PAGES + r * ROW_BITS + at;
	}
	return NO_FRAME;
}

static uint64_t lower_get_small(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order)
{
	uint64_t tree = start / TREE_PAGES, first = start / CHILD_PAGES % TREE_CHILDREN;

	for (unsigned round = 0; round < RETRIES; round++) {
		for (unsigned j = 0; j < TREE_CHILDREN; j++) {
			uint64_t number = tree * TREE_CHILDREN + (first + j) % TREE_CHILDREN;
			unsigned row = j == 0 ? (unsigned)(start / ROW_BITS % ROWS) : 0;
			uint64_t frame;

			if (!take_from_child(cpu, in, number, 1ull << order))
				continue;
			frame = take_bits(cpu, in, number, row, order);
			if (frame != NO_FRAME)
				return frame;
			add_to_child(cpu, in, number, 1ull << order);
		}
	}
	return NO_FRAME;
}

/* Blocks of one child or of two are taken by their counts alone. */
static bool take_whole(struct cpu *cpu, struct instance *in, uint64_t number, unsigned order)
{
	uint32_t *two = (uint32_t *)child(in, number);

	if (order == CHILD_ORDER)
		return load(cpu, child(in, number)) == CHILD_PAGES &&
		       cas(cpu, child(in, number), CHILD_PAGES, CHILD_WHOLE);
	return load(cpu, two) == (CHILD_PAGES << 16 | CHILD_PAGES) &&
	       cas(cpu, two, CHILD_PAGES << 16 | CHILD_PAGES, UINT32_MAX);
}

static uint64_t lower_get_large(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order)
{
	unsigned step = 1u << (order - CHILD_ORDER);
	uint64_t tree = start / TREE_PAGES, first = start / CHILD_PAGES % TREE_CHILDREN / step * step;

	for (unsigned round = 0; round < RETRIES; round++) {
		for (unsigned j = 0; j < TREE_CHILDREN; j += step) {
			uint64_t number = tree * TREE_CHILDREN + (first + j) % TREE_CHILDREN;

			if (take_whole(cpu, in, number, order))
				return number * CHILD_PAGES;
		}
	}
	return NO_FRAME;
}

static uint64_t lower_get(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order)
{
	return order < CHILD_ORDER ? lower_get_small(cpu, in, start, order)
				   : lower_get_large(cpu, in, start, order);
}

/* 2 MiB that were taken whole are given back in pieces: from now on the bits say what is taken. */
static void split_whole(struct cpu *cpu, struct instance *in, uint64_t number)
{
	if (cas(cpu, &in->bitfield[number].row[0], 0, UINT64_MAX)) {
		for (unsigned r = 1; r < ROWS; r++)
			cas(cpu, &in->bitfield[number].row[r], 0, UINT64_MAX);
		cas(cpu, child(in, number), CHILD_WHOLE, 0);
		return;
	}
	for (unsigned i = 0; i < RETRIES && load(cpu, child(in, number)) == CHILD_WHOLE; i++)
		compute(cpu, STEP_PAUSE);
}

static void clear_run(struct cpu *cpu, struct instance *in, uint64_t frame, unsigned order)
{
	uint64_t *row = &in->bitfield[frame / CHILD_PAGES].row[frame / ROW_BITS % ROWS], word;
	uint64_t ones = order < ROW_ORDER ? run_of_ones(order) << frame % ROW_BITS : UINT64_MAX;
	unsigned rows = order > ROW_ORDER ? 1u << (order - ROW_ORDER) : 1;

	for (unsigned i = 0; i < rows; i++) {
		do {
			word = load(cpu, &row[i]);
			if ((word & ones) != ones)
				BUG(cpu, "frame %llu of order %u is freed and was free",
				    (unsigned long long)frame, order);
		} while (!cas(cpu, &row[i], word, word & ~ones));
	}
}

static void lower_put(struct cpu *cpu, struct instance *in, uint64_t frame, unsigned order)
{
	uint64_t number = frame / CHILD_PAGES;
	bool good = true;

	if (order < CHILD_ORDER) {
		if (load(cpu, child(in, number)) == CHILD_WHOLE)
			split_whole(cpu, in, number);
		clear_run(cpu, in, frame, order);
		add_to_child(cpu, in, number, 1ull << order);
	} else if (order == CHILD_ORDER) {
		good = cas(cpu, child(in, number), CHILD_WHOLE, CHILD_PAGES);
	} else {
		const uint32_t pages = CHILD_PAGES << 16 | CHILD_PAGES;

		good = cas(cpu, (uint32_t *)child(in, number), UINT32_MAX, pages);
	}
	if (!good)
		BUG(cpu, "frame %llu of order %u is freed and was not taken whole",
		    (unsigned long long)frame, order);
}

/* ---- reservation (5.4) --------------------------------------------------------------------------- */

/* A tree of another: its count, and a block of it. */
struct reserved {
	uint64_t frame, free;           /* free: that the block is among */
};

static bool try_tree(struct cpu *cpu, struct instance *in, uint64_t tree, unsigned order,
		     uint64_t least, uint64_t below, struct reserved *got)
{
	if (least < 1ull << order)
		least = 1ull << order;
	got->free = reserve_tree(cpu, in, tree, least, below);
	if (got->free == NO_FRAME)
		return false;
	got->frame = lower_get(cpu, in, tree * TREE_PAGES, order);
	if (got->frame != NO_FRAME)
		return true;
	unreserve_tree(cpu, in, tree, got->free);
	return false;
}

/* Partly free trees in a zig-zag round the line of `start`; near ones may be all free. */
static bool search_partial(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order,
			   struct reserved *got)
{
	uint64_t count = in->tree_count, vicinity = count / in->cores / 4;
	uint64_t from = start / START_ALIGN * START_ALIGN + count;

	if (vicinity < 1)
		vicinity = 1;
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t tree = (i % 2 ? from - (i + 1) / 2 : from + i / 2) % count;
		uint64_t below = i < vicinity ? TREE_PAGES + 1 : ALMOST_FREE;

		if (try_tree(cpu, in, tree, order, ALMOST_ALLOCATED, below, got))
			return true;
	}
	return false;
}

static bool search_from(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order,
			uint64_t least, struct reserved *got)
{
	for (uint64_t i = 0; i < in->tree_count; i++)
		if (try_tree(cpu, in, (start + i) % in->tree_count, order, least, TREE_PAGES + 1,
			     got))
			return true;
	return false;
}

/* Which trees are tried first; then any. */
enum tried_first { PARTIAL_FIRST, FREE_FIRST, ANY };

static bool search(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order,
		   enum tried_first first, struct reserved *got)
{
	bool found = false;

	if (first == FREE_FIRST)
		found = search_from(cpu, in, start, order, ALMOST_FREE, got) ||
			search_partial(cpu, in, start, order, got);
	else if (first == PARTIAL_FIRST)
		found = search_partial(cpu, in, start, order, got) ||
			search_from(cpu, in, start, order, ALMOST_FREE, got);
	return found || search_from(cpu, in, start, order, 1ull << order, got);
}

/* The local word becomes `word`; the tree that it had goes back with what was left of it. */
static void change_tree(struct cpu *cpu, struct instance *in, uint64_t *local, uint64_t word)
{
	uint64_t old = exchange(cpu, local, word);

	if (has_start(old))
		unreserve_tree(cpu, in, tree_of(old), free_of(old));
}

/* A block of a tree that nobody has; it stays nobody's. */
static uint64_t get_unreserved(struct cpu *cpu, struct instance *in, uint64_t start, unsigned order)
{
	for (uint64_t i = 0; i < in->tree_count; i++) {
		uint64_t tree = (start + i) % in->tree_count, frame;

		if (!take_from_tree(cpu, in, tree, 1ull << order))
			continue;
		frame = lower_get(cpu, in, tree * TREE_PAGES, order);
		if (frame != NO_FRAME)
			return frame;
		add_to_tree(cpu, in, tree, 1ull << order);
	}
	return NO_FRAME;
}

static uint64_t reserve(struct cpu *cpu, struct instance *in, uint64_t old, unsigned order,
			enum tried_first first)
{
	uint64_t start = has_start(old) ? tree_of(old)
					: in->tree_count / in->cores * cpu_id(cpu) % in->tree_count;
	struct reserved got;
	uint64_t word;

	path(cpu, "reserve");
	if (!lock_local(cpu, in))
		return get_unreserved(cpu, in, start, order);
	if (search(cpu, in, start, order, first, &got)) {
		change_tree(cpu, in, own(cpu, in), local_word(got.free - (1ull << order), got.frame));
		return got.frame;
	}
	do
		word = load(cpu, own(cpu, in));
	while (!cas(cpu, own(cpu, in), word, word & ~LOCAL_LOCKED));
	return NO_FRAME;
}

/* All trees go back; who is exchanging his finds that he had none. */
static void drain_locals(struct cpu *cpu, struct instance *in)
{
	struct sim *sim = cpu_sim(cpu);

	for (unsigned id = 0; id < sim_cpus(sim); id++)
		change_tree(cpu, in, &per_cpu(sim, in->local, id)->preferred, NO_TREE);
}

/* ---- get (5.2) ------------------------------------------------------------------------------------ */

/* Frames that others freed into the own tree become local ones: true. */
static bool sync_with_tree(struct cpu *cpu, struct instance *in, uint64_t old)
{
	uint64_t tree = tree_of(old);
	uint16_t word = load(cpu, &in->trees[tree]);

	if (free_of(old) + (word & ~TREE_RESERVED) <= ALMOST_ALLOCATED)
		return false;
	while (word & TREE_RESERVED && !cas(cpu, &in->trees[tree], word, (uint16_t)TREE_RESERVED))
		word = load(cpu, &in->trees[tree]);
	if (!(word & TREE_RESERVED))
		return true;
	word &= (uint16_t)~TREE_RESERVED;
	if (!add_to_local(cpu, in, tree, word))
		add_to_tree(cpu, in, tree, word);
	return true;
}

/* The next search begins at the row of the last frame. */
static void note_start(struct cpu *cpu, struct instance *in, uint64_t old, uint64_t frame,
		       unsigned order)
{
	uint64_t now = old - (1ull << order);

	if (order < ROW_ORDER && frame / ROW_BITS != start_of(old))
		cas(cpu, own(cpu, in), now, local_word(free_of(now), frame));
}

static uint64_t get(struct cpu *cpu, struct instance *in, unsigned order)
{
	uint64_t frame = NO_FRAME, old;

	for (unsigned i = 0; i < RETRIES && frame == NO_FRAME; i++) {
		if (take_from_local(cpu, in, 1ull << order, &old)) {
			frame = lower_get(cpu, in, start_of(old) * ROW_BITS, order);
			if (frame != NO_FRAME) {
				note_start(cpu, in, old, frame, order);
				return frame;
			}
			add_to_tree(cpu, in, tree_of(old), 1ull << order);
			frame = reserve(cpu, in, old, order, FREE_FIRST);
		} else if (!has_start(old) || !sync_with_tree(cpu, in, old)) {
			frame = reserve(cpu, in, old, order, PARTIAL_FIRST);
		} else {
			continue;
		}
		if (frame == NO_FRAME)
			break;
	}
	if (frame != NO_FRAME)
		return frame;
	drain_locals(cpu, in);
	frame = reserve(cpu, in, NO_TREE, order, ANY);
	path(cpu, "drain");
	return frame;
}

/* ---- put (5.5) ------------------------------------------------------------------------------------ */

/* Remembers how often in a row frames of this tree were freed; returns how often before. */
static unsigned push_last_frees(struct cpu *cpu, struct instance *in, uint64_t tree)
{
	uint64_t *last = &this_cpu(cpu, in->local)->last_frees, old = load(cpu, last), new;
	unsigned count = (unsigned)(old & ((1u << LAST_COUNT_BITS) - 1));

	if (count && old >> LAST_COUNT_BITS == tree) {
		if (count >= FREES_IN_A_ROW)
			return count;
		new = old + 1;
	} else {
		count = 0;
		new = tree << LAST_COUNT_BITS | 1;
	}
	cas(cpu, last, old, new);
	return count;
}

static bool frees_in_a_row(struct cpu *cpu, struct instance *in, uint64_t tree)
{
	uint64_t last = load(cpu, &this_cpu(cpu, in->local)->last_frees);

	return last >> LAST_COUNT_BITS == tree &&
	       (last & ((1u << LAST_COUNT_BITS) - 1)) >= FREES_IN_A_ROW;
}

/* Who frees much into a tree that nobody has takes it. */
static bool reserve_for_frees(struct cpu *cpu, struct instance *in, uint64_t tree)
{
	uint64_t free;

	path(cpu, "reserve");
	free = reserve_tree(cpu, in, tree, ALMOST_ALLOCATED, TREE_PAGES + 1);
	if (free == NO_FRAME)
		return false;
	if (load(cpu, own(cpu, in)) & LOCAL_LOCKED) {
		unreserve_tree(cpu, in, tree, free);
		return false;
	}
	change_tree(cpu, in, own(cpu, in), local_word(free, tree * TREE_PAGES));
	return true;
}

static void put(struct cpu *cpu, struct instance *in, uint64_t frame, unsigned order)
{
	uint64_t tree = frame / TREE_PAGES;
	uint16_t word;

	lower_put(cpu, in, frame, order);
	if (!add_to_local(cpu, in, tree, 1ull << order)) {
		word = add_to_tree(cpu, in, tree, 1ull << order);
		path(cpu, "other tree");
		if (!(word & TREE_RESERVED) && word > ALMOST_ALLOCATED &&
		    frees_in_a_row(cpu, in, tree) && reserve_for_frees(cpu, in, tree))
			return;
	}
	push_last_frees(cpu, in, tree);
}

/* ---- the kernel's side ---------------------------------------------------------------------------- */

static struct page *take(struct cpu *cpu, void *state, struct zone *preferred, struct zone *zone,
			 unsigned order, unsigned gfp)
{
	struct llfree *llfree = state;
	struct memory *m = llfree->zones->memory;
	struct instance *in = &llfree->instance[zone->node];
	struct page *page = NULL;
	uint64_t frame;

	(void)preferred, (void)gfp;
	preempt_disable(cpu);
	frame = get(cpu, in, order);
	if (frame != NO_FRAME) {
		page = pfn_to_page(m, zone->first_pfn + frame);
		memory_used(m, page);
		zone_count_any(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
		count_event(cpu, llfree->zones, PGALLOC_NORMAL, order);
	}
	preempt_enable(cpu);
	return page;
}

static struct page *llfree_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct llfree *llfree = state;
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = zones_alloc_above(cpu, llfree->zones, order, WATERMARK_LOW, gfp, take, llfree);
	if (!page)
		page = zones_alloc_above(cpu, llfree->zones, order, WATERMARK_MIN, gfp, take,
					 llfree);
	if (page)
		prep_new_page(cpu, llfree->zones, page, order, gfp);
	return page;
}

static void give(struct cpu *cpu, struct llfree *llfree, struct page *page, unsigned order)
{
	struct zone *zone = page_zone(llfree->zones, page);
	uint64_t pfn = page_to_pfn(llfree->zones->memory, page);

	preempt_disable(cpu);
	count_event(cpu, llfree->zones, PGFREE, order);
	zone_count_any(cpu, zone, ITEM_FREE_PAGES, 1 << order);
	put(cpu, &llfree->instance[zone->node], pfn - zone->first_pfn, order);
	preempt_enable(cpu);
}

static void llfree_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct llfree *llfree = state;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, llfree->zones, page, order);
	give(cpu, llfree, page, order);
}

/* No tree is anybody's any more. */
static void llfree_drain_all(struct cpu *cpu, void *state)
{
	struct llfree *llfree = state;

	op_begin(cpu, OP_DRAIN);
	for (unsigned node = 0; node < llfree->zones->memory->nodes; node++)
		drain_locals(cpu, &llfree->instance[node]);
	op_end(cpu, 0, 0);
}

/* ---- pages of processes --------------------------------------------------------------------------- */

static void give_released(struct cpu *cpu, void *state, struct page *page)
{
	struct llfree *llfree = state;

	compute(cpu, STEP_PAGE_FREE);
	free_released_prepare(cpu, llfree->zones, page, 0);
	give(cpu, llfree, page, 0);
}

static void llfree_free_group(struct cpu *cpu, void *state, struct list_head *freed)
{
	struct llfree *llfree = state;

	free_each(cpu, llfree->zones, freed, give_released, llfree);
}

/* ---- set-up: plain C, before time zero ------------------------------------------------------------ */

static void instance_new(struct sim *sim, struct instance *in, struct zone *zone)
{
	uint64_t children = zone->pages / CHILD_PAGES;

	in->zone = zone;
	in->tree_count = (zone->pages + TREE_PAGES - 1) / TREE_PAGES;
	in->cores = sim_cpus(sim);
	in->bitfield = arena_new(sim, struct llfree_bitfield, children, zone->node, LINE,
				 &bitfield_layout, "llfree bitfield");
	in->children = arena_new(sim, struct llfree_children, in->tree_count, zone->node, LINE,
				 &children_layout, "llfree children");
	in->trees = arena_new(sim, uint16_t, in->tree_count, zone->node, LINE, &trees_layout,
			      "llfree trees");
	in->local = percpu_new(sim, struct llfree_local, LINE, &local_layout, "llfree local");
	for (uint64_t i = 0; i < children; i++) {
		*child(in, i) = CHILD_PAGES;
		in->trees[i / TREE_CHILDREN] = (uint16_t)(in->trees[i / TREE_CHILDREN] + CHILD_PAGES);
	}
	for (unsigned id = 0; id < sim_cpus(sim); id++)
		per_cpu(sim, in->local, id)->preferred = NO_TREE;
}

static void *llfree_create(struct sim *sim, struct memory *memory, const void *settings)
{
	struct llfree *llfree = unseen_new(sim, sizeof *llfree);

	(void)settings;
	llfree->zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = KERNEL_3_9, .lock = LOCK_TICKET, .free_group = llfree_free_group });
	zones_without_lists(llfree->zones);
	llfree->instance = unseen_new(sim, memory->nodes * sizeof *llfree->instance);
	for (unsigned node = 0; node < memory->nodes; node++)
		instance_new(sim, &llfree->instance[node], &llfree->zones->zone[node]);
	return llfree;
}

static const struct page_view *llfree_view(const void *settings)
{
	(void)settings;
	return &page_view_aligned_64;
}

static enum kernel llfree_kernel(const void *settings)
{
	(void)settings;
	return KERNEL_3_9;
}

/* ---- check: plain C, no CPU inside ---------------------------------------------------------------- */

static unsigned free_bits(const struct llfree_bitfield *bits)
{
	unsigned count = 0;

	for (unsigned r = 0; r < ROWS; r++)
		count += (unsigned)__builtin_popcountll(~bits->row[r]);
	return count;
}

static uint64_t free_of_child(const struct instance *in, uint64_t number)
{
	uint16_t word = *child(in, number);

	return word == CHILD_WHOLE ? 0 : word;
}

static bool check_frames(const struct instance *in, uint64_t number, const struct report *report)
{
	const struct memory *m = in->zone->all->memory;

	for (uint64_t i = 0; i < CHILD_PAGES; i++) {
		uint64_t pfn = in->zone->first_pfn + number * CHILD_PAGES + i;

		if (in->bitfield[number].row[i / ROW_BITS] >> i % ROW_BITS & 1 ||
		    !memory_is_used(m, pfn))
			continue;
		if (*page_count(m, pfn_to_page(m, pfn)))
			return failed(report, "page %llu is free and referenced",
				      (unsigned long long)pfn);
		if (m->seen[pfn]++)
			return failed(report, "page %llu is free and elsewhere",
				      (unsigned long long)pfn);
	}
	return true;
}

static bool check_child(const struct instance *in, uint64_t number, const struct report *report)
{
	bool whole = *child(in, number) == CHILD_WHOLE;
	unsigned bits = free_bits(&in->bitfield[number]);

	if (whole && bits != CHILD_PAGES)
		return failed(report, "child %llu is taken whole and has bits set",
			      (unsigned long long)number);
	if (!whole && bits != *child(in, number))
		return failed(report, "child %llu counts %u free frames, its bits %u",
			      (unsigned long long)number, *child(in, number), bits);
	see_state(report, "2 MiB",
		  whole ? "taken whole"
			: how_many(bits, CHILD_PAGES, "nothing free", "some free", "all free"), NULL);
	return whole || check_frames(in, number, report);
}

static bool check_tree(const struct instance *in, uint64_t tree, const struct report *report)
{
	uint64_t free = 0, counted = in->trees[tree] & ~TREE_RESERVED;
	unsigned locals = 0;

	for (uint64_t i = 0; i < TREE_CHILDREN; i++) {
		uint64_t number = tree * TREE_CHILDREN + i;

		if (number >= in->zone->pages / CHILD_PAGES)
			break;
		if (!check_child(in, number, report))
			return false;
		free += free_of_child(in, number);
	}
	for (unsigned id = 0; id < in->cores; id++) {
		uint64_t word = per_cpu(in->zone->all->memory->sim, in->local, id)->preferred;

		if (word & LOCAL_LOCKED)
			return failed(report, "the tree of CPU %u is locked", id);
		if (!has_start(word) || tree_of(word) != tree)
			continue;
		counted += free_of(word);
		locals++;
	}
	if (locals != (in->trees[tree] & TREE_RESERVED ? 1 : 0))
		return failed(report, "tree %llu is of %u CPUs, and reserved %d",
			      (unsigned long long)tree, locals, in->trees[tree] >> 15);
	if (free != counted)
		return failed(report, "tree %llu counts %llu free frames, its children %llu",
			      (unsigned long long)tree, (unsigned long long)counted,
			      (unsigned long long)free);
	see_state(report, locals ? "reserved tree" : "tree",
		  how_many(free, TREE_PAGES, "nothing free", "some free", "all free"), NULL);
	return true;
}

static uint64_t free_frames(const struct instance *in)
{
	uint64_t free = 0;

	for (uint64_t i = 0; i < in->zone->pages / CHILD_PAGES; i++)
		free += free_of_child(in, i);
	return free;
}

static bool llfree_check(const void *state, const struct report *report)
{
	const struct llfree *llfree = state;

	memory_forget_seen(llfree->zones->memory);
	for (unsigned node = 0; node < llfree->zones->memory->nodes; node++) {
		const struct instance *in = &llfree->instance[node];
		int64_t counted = zone_free_count(in->zone);

		for (uint64_t tree = 0; tree < in->tree_count; tree++)
			if (!check_tree(in, tree, report))
				return false;
		if (counted != (int64_t)free_frames(in))
			return failed(report, "node %u: NR_FREE_PAGES %lld, %llu frames are free",
				      node, (long long)counted,
				      (unsigned long long)free_frames(in));
	}
	return lru_check(llfree->zones, report);
}

static uint64_t llfree_free_pages(const void *state)
{
	const struct llfree *llfree = state;
	uint64_t free = 0;

	for (unsigned node = 0; node < llfree->zones->memory->nodes; node++)
		free += free_frames(&llfree->instance[node]);
	return free;
}

/* Aligned runs of free bits, as large as they are. */
static void count_runs(const struct llfree_bitfield *bits, uint64_t blocks[MAX_ORDER])
{
	for (unsigned at = 0; at < CHILD_PAGES;) {
		unsigned order = 0;

		if (bits->row[at / ROW_BITS] >> at % ROW_BITS & 1) {
			at++;
			continue;
		}
		for (bool free = true; free && order < CHILD_ORDER && at % (2u << order) == 0;) {
			for (unsigned i = 1u << order; i < 2u << order && free; i++)
				free = !(bits->row[(at + i) / ROW_BITS] >> (at + i) % ROW_BITS & 1);
			order += free;
		}
		blocks[order]++;
		at += 1u << order;
	}
}

static void llfree_free_blocks(const void *state, uint64_t blocks[MAX_ORDER])
{
	const struct llfree *llfree = state;

	for (unsigned order = 0; order < MAX_ORDER; order++)
		blocks[order] = 0;
	for (unsigned node = 0; node < llfree->zones->memory->nodes; node++) {
		const struct instance *in = &llfree->instance[node];

		for (uint64_t i = 0; i < in->zone->pages / CHILD_PAGES; i++) {
			if (i % 2 == 0 && *child(in, i) == CHILD_PAGES &&
			    *child(in, i + 1) == CHILD_PAGES) {
				blocks[CHILD_ORDER + 1]++;
				i++;
			} else if (*child(in, i) != CHILD_WHOLE) {
				count_runs(&in->bitfield[i], blocks);
			}
		}
	}
}

const struct page_allocator llfree = {
	.name          = "llfree",
	.summary       = "counters and bits in a tree per CPU, no lists and no locks (LLFree, ATC'23)",
	.version       = "LLFree of USENIX ATC'23",
	.year          = 2023,
	.brings        = "counters and bits in place of lists, changed by compare-exchange; each "
			 "CPU takes from a tree of 64 MiB",
	.view          = llfree_view,
	.kernel        = llfree_kernel,
	.layouts       = llfree_layouts,
	.create        = llfree_create,
	.alloc         = llfree_alloc,
	.free          = llfree_free,
	.count_slab    = zoned_count_slab,
	.free_batch    = zoned_free_batch,
	.lru_add       = zoned_lru_add,
	.lru_drain     = zoned_lru_drain,
	.lru_del       = zoned_lru_del,
	.map           = zoned_map,
	.unmap         = zoned_unmap,
	.slab_pages    = zoned_slab_pages,
	.drain_all     = llfree_drain_all,
	.tick          = zoned_tick,
	.group         = 14,
	.check         = llfree_check,
	.free_pages    = llfree_free_pages,
	.free_blocks   = llfree_free_blocks,
};
