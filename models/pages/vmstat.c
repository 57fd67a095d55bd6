/*
 * Counters: of a zone, and of all zones together, what a CPU adds to them kept back until it is more
 * than a threshold; of each CPU's events.
 *
 *	CPU 0   vm_stat_diff[item]  +3  \
 *	CPU 1   vm_stat_diff[item]  -2   > beyond +- stat_threshold: to zone->vm_stat and to vm_stat
 *
 * Which counters there are, their numbers and where a CPU's part lies is the kernel's: zone_rules.
 */
#include "models/pages/zone_place.h"

/* Counts of this CPU's events. */
struct vm_event_state {
	_Alignas(LINE) uint64_t event[VM_EVENTS];
};

static const struct field vm_event_state_fields[] = {
	FIELD(struct vm_event_state, event[PGALLOC_NORMAL]),
	FIELD(struct vm_event_state, event[PGFREE]),
	FIELD(struct vm_event_state, event),
	{ 0 },
};

const struct layout vm_event_state_layout = {
	"vm_event_state", sizeof(struct vm_event_state), CLASS_ALLOCATOR, vm_event_state_fields
};

#define ITEM(name, number) { "item[" name "]", (number) * sizeof(int64_t), sizeof(int64_t) }

static const struct field vm_stat_fields_3_9[] = {
	ITEM("NR_FREE_PAGES", 0), ITEM("NR_SLAB_UNRECLAIMABLE", 13), ITEM("NUMA_HIT", 26),
	ITEM("NUMA_LOCAL", 30),
	FIELD(struct vm_stat, item),
	{ 0 },
};

static const struct field vm_stat_fields_2_6[] = {
	ITEM("NR_FREE_PAGES", 0), ITEM("NR_SLAB_UNRECLAIMABLE", 9), ITEM("NUMA_HIT", 14),
	ITEM("NUMA_LOCAL", 18),
	FIELD(struct vm_stat, item),
	{ 0 },
};

const struct layout vm_stat_layout_3_9 = {
	"vm_stat", sizeof(struct vm_stat), CLASS_ALLOCATOR, vm_stat_fields_3_9
};
const struct layout vm_stat_layout_2_6 = {
	"vm_stat", sizeof(struct vm_stat), CLASS_ALLOCATOR, vm_stat_fields_2_6
};

/* ---- counting ---------------------------------------------------------------------------- */

struct per_cpu_pageset *zone_pageset(struct cpu *cpu, const struct zone *zone)
{
	struct per_cpu_pageset *pageset;

	if (zone->all->rules->pageset_array)
		return load(cpu, &zone->pageset[cpu_id(cpu)]);
	pageset = load(cpu, zone->pageset);
	return this_cpu(cpu, pageset);
}

/* A CPU's part of the zone's counters. */
struct counters {
	int8_t *stat_threshold, *vm_stat_diff;
};

static struct counters counters_at(const struct zone *zone, char *own)
{
	const struct zone_rules *r = zone->all->rules;

	return (struct counters){ (int8_t *)own + r->counters.threshold,
				  (int8_t *)own + r->counters.diff };
}

/* Those of this CPU: reads the pointer to them. */
static struct counters own_counters(struct cpu *cpu, const struct zone *zone)
{
	char *own;

	if (zone->all->rules->pageset_array) {
		own = (char *)load(cpu, &zone->pageset[cpu_id(cpu)]);
	} else {
		own = load(cpu, zone->counters);
		own = this_cpu(cpu, own);
	}
	return counters_at(zone, own);
}

static void fold(struct cpu *cpu, struct zone *zone, unsigned number, int64_t delta)
{
	fetch_add(cpu, &zone->vm_stat[number], delta);
	fetch_add(cpu, &zone->all->vm_stat->item[number], delta);
}

void zone_count(struct cpu *cpu, struct zone *zone, enum zone_item item, int64_t delta)
{
	unsigned number = zone->all->rules->item[item];
	struct counters mine = own_counters(cpu, zone);
	int64_t diff = load(cpu, &mine.vm_stat_diff[number]);
	int64_t threshold = load(cpu, mine.stat_threshold);

	diff += delta;
	if (diff > threshold || diff < -threshold) {
		fold(cpu, zone, number, diff);
		diff = 0;
	}
	store(cpu, &mine.vm_stat_diff[number], (int8_t)diff);
}

void zone_count_any(struct cpu *cpu, struct zone *zone, enum zone_item item, int64_t delta)
{
	unsigned number = zone->all->rules->item[item];
	struct counters mine = own_counters(cpu, zone);
	int64_t folded, sum;
	int8_t diff;

	do {
		int64_t threshold = load(cpu, mine.stat_threshold);

		diff = load(cpu, &mine.vm_stat_diff[number]);
		sum = diff + delta;
		folded = sum > threshold || sum < -threshold ? sum : 0;
	} while (!cas_local(cpu, &mine.vm_stat_diff[number], diff, (int8_t)(sum - folded)));
	if (folded)
		fold(cpu, zone, number, folded);
}

void zones_count_slab(struct cpu *cpu, struct zones *zones, struct page *page, bool reclaimable,
		      int pages)
{
	uint64_t flags = load(cpu, page_flags(zones->memory, page));
	struct zone *zone = &zones->zone[flags >> PG_NODE_SHIFT];
	enum zone_item item = reclaimable ? ITEM_SLAB_RECLAIMABLE : ITEM_SLAB_UNRECLAIMABLE;

	if (zones->rules->slab_irq_pair) {
		bool interrupts = irq_save(cpu);

		zone_count(cpu, zone, item, pages);
		irq_restore(cpu, interrupts);
	} else {
		zone_count_any(cpu, zone, item, pages);
	}
}

/* `one` is 1 or -1. What a second folds (zone_fold_all) may come in between where interrupts are on. */
static void change_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item, int one)
{
	unsigned number = zone->all->rules->item[item];
	struct counters mine = own_counters(cpu, zone);
	int diff = fetch_add_local(cpu, &mine.vm_stat_diff[number], one) + one;
	int threshold = load(cpu, mine.stat_threshold);
	bool let_in = !irqs_off(cpu), flags = false;

	if (one * diff <= threshold)
		return;
	if (let_in) {
		flags = irq_save(cpu);
		diff = load(cpu, &mine.vm_stat_diff[number]);
	}
	if (one * diff > threshold) {
		int overstep = one * (threshold / 2);

		fold(cpu, zone, number, diff + overstep);
		store(cpu, &mine.vm_stat_diff[number], (int8_t)-overstep);
	}
	if (let_in)
		irq_restore(cpu, flags);
}

void inc_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item)
{
	change_zone_state(cpu, zone, item, 1);
}

void dec_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item)
{
	change_zone_state(cpu, zone, item, -1);
}

void zone_statistics(struct cpu *cpu, struct zone *preferred, struct zone *zone)
{
	const void *wanted = load(cpu, preferred->zone_pgdat);
	const void *got = load(cpu, zone->zone_pgdat);
	int node;

	if (got == wanted) {
		inc_zone_state(cpu, zone, ITEM_NUMA_HIT);
	} else {
		inc_zone_state(cpu, zone, ITEM_NUMA_MISS);
		inc_zone_state(cpu, preferred, ITEM_NUMA_FOREIGN);
	}
	node = load(cpu, zone->node_id);
	inc_zone_state(cpu, zone,
		       node == (int)cpu_node(cpu) ? ITEM_NUMA_LOCAL : ITEM_NUMA_OTHER);
}

void count_event(struct cpu *cpu, struct zones *zones, enum vm_event event, unsigned order)
{
	struct vm_event_state *mine = this_cpu(cpu, zones->events);

	fetch_add_local(cpu, &mine->event[event], 1u << order);
}

bool zone_fold_all(struct cpu *cpu, struct zone *zone)
{
	struct counters mine = own_counters(cpu, zone);
	bool folded = false;

	for (unsigned number = 0; number < zone->all->rules->stats; number++) {
		int8_t diff = load(cpu, &mine.vm_stat_diff[number]);
		bool interrupts;

		if (diff == 0)
			continue;
		interrupts = irq_save(cpu);
		diff = load(cpu, &mine.vm_stat_diff[number]);
		store(cpu, &mine.vm_stat_diff[number], 0);
		irq_restore(cpu, interrupts);
		fold(cpu, zone, number, diff);
		folded = true;
	}
	return folded;
}

/* ---- set-up and check: plain C ----------------------------------------------------------- */

void vmstat_new(struct zones *zones)
{
	struct sim *sim = zones->memory->sim;

	zones->vm_stat = arena_new(sim, struct vm_stat, 1, 0, LINE,
				   zones->rules->vm_stat_layout, "vm_stat");
	zones->vm_stat->item[zones->rules->item[ITEM_FREE_PAGES]] = (int64_t)zones->memory->pages;
	zones->events = percpu_new(sim, struct vm_event_state, LINE, &vm_event_state_layout,
				   "vm_event_state");
}

static unsigned bit_length(uint64_t x)
{
	unsigned bits = 0;

	for (; x; x >>= 1)
		bits++;
	return bits;
}

void zone_counters_new(struct zone *zone)
{
	struct sim *sim = zone->all->memory->sim;
	const struct layout *layout = zone->all->rules->counters.layout;
	bool array = zone->all->rules->pageset_array;
	unsigned memory_bits = 1 + bit_length(zone->pages >> 15);
	unsigned threshold = 2 * bit_length(sim_cpus(sim)) * memory_bits;
	char *own = percpu_alloc(sim, layout->size, LINE, layout, layout->name);

	if (threshold > 125)
		threshold = 125;
	for (unsigned id = 0; id < sim_cpus(sim); id++) {
		char *of = per_cpu(sim, own, id);

		*counters_at(zone, of).stat_threshold = (int8_t)threshold;
		if (array)
			zone->pageset[id] = (struct per_cpu_pageset *)of;
	}
	if (!array)
		*zone->counters = own;
}

struct per_cpu_pageset *zone_pageset_of(const struct zone *zone, unsigned id)
{
	if (zone->all->rules->pageset_array)
		return zone->pageset[id];
	return per_cpu(zone->all->memory->sim, *zone->pageset, id);
}

int zone_diff_of(const struct zone *zone, unsigned id, unsigned number)
{
	char *own = zone->counters ? per_cpu(zone->all->memory->sim, *zone->counters, id)
				   : (char *)zone->pageset[id];

	return counters_at(zone, own).vm_stat_diff[number];
}
