/*
 * Machines: the table by which experiment/ fills struct machine from its file, rules between
 * keys, and who is how far from whom.
 *
 * Cores are numbered through dies, dies through sockets, sockets through blades, blades through
 * routers. Sockets without blades that are not all linked to each other form a cube: one hop where
 * their numbers differ in one bit, else two.
 */
#include "sim/machine.h"

#include <stdio.h>

/* clang-format off */
static const char *const protocol_words[] = { "MESI", "MOESI", "MESIF", NULL };
static const char *const dirty_read_words[] = { "share_wb", "share_owned", "migrate", NULL };
static const char *const far_words[] = { "adds", "all", NULL };
static const char *const home_words[] = { "directory", "bus", NULL };
static const char *const order_words[] = { "chasing", "blocking", NULL };
static const char *const late_words[] = { "hidden", "paid", NULL };

/* The words of `distances`: those of enum distance in its order, then other words for them. */
static const char *const distance_words[] = {
	[DISTANCE_DIE] = "same_die", [DISTANCE_SOCKET] = "same_socket",
	[DISTANCE_BLADE] = "same_blade", [DISTANCE_HOP] = "one_hop",
	[DISTANCE_ROUTER] = "one_router", [DISTANCE_FAR] = "far",
	"same_l2", "same_ccx",
	"same_package", "same_package_other_die", "other_ccx", "same_mesh",
	"other_socket", "two_hops", NULL
};
static const enum distance distance_of_word[] = {
	DISTANCE_DIE, DISTANCE_SOCKET,
	DISTANCE_BLADE, DISTANCE_HOP,
	DISTANCE_ROUTER, DISTANCE_FAR,
	DISTANCE_DIE, DISTANCE_DIE,
	DISTANCE_SOCKET, DISTANCE_SOCKET, DISTANCE_SOCKET, DISTANCE_SOCKET,
	DISTANCE_HOP, DISTANCE_FAR
};

#define CYCLES .min = 0, .max = 100000, .unit = "cycles"
#define NS     .min = 0, .max = 1000000, .unit = "ns"

static const struct setting level_settings[] = {
	SETTING(struct cache_level, kib, COUNT, .min = 1, .max = 1 << 20, .unit = "KiB",
		.help = "size of one cache"),
	SETTING(struct cache_level, ways, COUNT, .min = 1, .max = 64, .help = "lines per set"),
	SETTING(struct cache_level, hit_cyc, REAL, CYCLES,
		.help = "load that hits here: from issue to use, in all"),
	SETTING(struct cache_level, shared, COUNT, .min = 1, .max = MACHINE_CORES_MAX,
		.fallback = "1",
		.help = "cores that share one such cache"),
	{ 0 },
};

static const struct setting state_settings[] = {
	SETTING(struct by_state, M, REALS, NS,
		.help = "line modified in another cache, by distance"),
	SETTING(struct by_state, O, REALS, NS, .fallback = "-",
		.help = "line owned by another cache, by distance (missing: load as M, write as S)"),
	SETTING(struct by_state, E, REALS, NS, .fallback = "-",
		.help = "line clean in one other cache, by distance (missing: as M)"),
	SETTING(struct by_state, S, REALS, NS, .fallback = "-",
		.help = "line shared, by distance: load from a copy, write as upgrade (missing: as E)"),
	{ 0 },
};

static const struct setting own_settings[] = {
	SETTING(struct own_cycles, add, REALS, CYCLES, .fallback = "[1, 1]",
		.help = "add to memory, no LOCK: same word, other word than the one before"),
	SETTING(struct own_cycles, cmpxchg_local, REALS, CYCLES, .fallback = "-",
		.help = "cmpxchg without LOCK (missing: as add)"),
	SETTING(struct own_cycles, cmpxchg8b_local, REALS, CYCLES, .fallback = "-",
		.help = "cmpxchg8b without LOCK (missing: as cmpxchg_local)"),
	SETTING(struct own_cycles, cmpxchg16b_local, REALS, CYCLES, .fallback = "-",
		.help = "cmpxchg16b without LOCK (missing: as cmpxchg8b_local)"),
	SETTING(struct own_cycles, lock_add, REALS, CYCLES,
		.help = "lock add: same word, other word than the one before"),
	SETTING(struct own_cycles, lock_xadd, REALS, CYCLES, .fallback = "-",
		.help = "lock xadd (missing: as lock_add)"),
	SETTING(struct own_cycles, lock_cmpxchg, REALS, CYCLES, .fallback = "-",
		.help = "lock cmpxchg (missing: as lock_add)"),
	SETTING(struct own_cycles, xchg, REALS, CYCLES, .fallback = "-",
		.help = "xchg with memory (missing: as lock_add)"),
	SETTING(struct own_cycles, lock_cmpxchg16b, REALS, CYCLES, .fallback = "-",
		.help = "lock cmpxchg16b (missing: as lock_cmpxchg)"),
	{ 0 },
};

/* The unnamed structs of struct machine. */
#define PART(member) __typeof__(((struct machine *)0)->member)

static const struct setting link_settings[] = {
	SETTING(PART(link), bus_slot_ns, REAL, NS, .fallback = "0",
		.help = "a transaction holds the bus of its socket that long; 0: no limit"),
	SETTING(PART(link), bytes_per_ns, REAL, .min = 0, .max = 10000,
		.fallback = "0", .unit = "bytes/ns",
		.help = "what a link between sockets, or a bus, carries; 0: no limit"),
	{ 0 },
};

static const struct setting rfo_settings[] = {
	SETTING(PART(rfo_parallel), from_M, COUNT, .min = 1, .max = 1024, .fallback = "-",
		.help = "lines that no other core shares (missing: miss_buffers)"),
	SETTING(PART(rfo_parallel), from_S, COUNT, .min = 1, .max = 1024, .fallback = "-",
		.help = "lines that this core has shared (missing: miss_buffers)"),
	{ 0 },
};

static const struct setting prefetcher_settings[] = {
	SETTING(PART(prefetchers), next_line, SWITCH, .fallback = "false",
		.help = "loads that go upwards through lines also ask for the next one of the page"),
	SETTING(PART(prefetchers), pair, SWITCH, .fallback = "false",
		.help = "who misses a line also asks for the other line of its 128 bytes"),
	{ 0 },
};

static const struct setting far_settings[] = {
	SETTING(PART(far_atomic), service_ns, REAL, NS,
		.help = "the home does one such operation that often"),
	SETTING(PART(far_atomic), latency_ns, REAL, NS,
		.help = "a far operation alone, in all"),
	SETTING(PART(far_atomic), ops, WORD, .words = far_words, .fallback = "adds",
		.help = "adds: fetch_add and bits are far, exchange and cas fetch the line; all: all are far"),
	{ 0 },
};

static const struct setting slice_settings[] = {
	SETTING(PART(slice), occupancy_ns, REAL, NS, .fallback = "0",
		.help = "a request holds its home slice that long; 0: no limit"),
	SETTING(PART(slice), slices, COUNT, .min = 1, .max = 1024, .fallback = "1",
		.help = "slices of one home, by line number"),
	{ 0 },
};

static const struct setting irq_settings[] = {
	SETTING(PART(irq_pair_cyc), popf, REAL, CYCLES,
		.help = "interrupts off (pushf, cli) and back with popf, the pair"),
	{ 0 },
};

static const struct setting step_settings[] = {
	SETTING(PART(step_cyc), call, REAL, CYCLES, .fallback = "2",
		.help = "a function call and return"),
	SETTING(PART(step_cyc), loop, REAL, CYCLES, .fallback = "1",
		.help = "one turn of a loop: compare and branch"),
	SETTING(PART(step_cyc), alloc, REAL, CYCLES, .fallback = "10",
		.help = "instructions of an allocation that touch registers only"),
	SETTING(PART(step_cyc), free, REAL, CYCLES, .fallback = "10", .help = "the same of a free"),
	SETTING(PART(step_cyc), page_alloc, REAL, CYCLES, .fallback = "40",
		.help = "zonelist, cpuset and flag work of the page allocator"),
	SETTING(PART(step_cyc), page_free, REAL, CYCLES, .fallback = "20",
		.help = "the same when pages are freed"),
	{ 0 },
};

static const struct setting handoff_settings[] = {
	SETTING(PART(handoff), home, WORD, .words = order_words, .fallback = "chasing",
		.help = "when the home asks the next owner: at once (chasing), after the last answer (blocking)"),
	SETTING(PART(handoff), split, REALS, .min = 0, .max = 1, .fallback = "[0.25, 0.25, 0.5]",
		.help = "parts of a transfer: request to home, probe to owner, data to requester"),
	SETTING(PART(handoff), local_bias, REAL, .min = 0, .max = 1000, .fallback = "0",
		.help = "grants in a row to the socket that has the line, while others wait"),
	SETTING(PART(handoff), late_request, WORD, .words = late_words, .fallback = "hidden",
		.help = "chasing: the way of a request that comes while the line is under way to its owner"),
	SETTING(PART(handoff), hold_ns, REAL, NS, .fallback = "0",
		.help = "chasing: who got a line for a LOCK operation keeps it so long, or to its next miss"),
	{ 0 },
};

#define SECTION_OF(member, table, ...) \
	SETTING(struct machine, member, SECTION, .section = table, __VA_ARGS__)

const struct setting machine_settings[] = {
	SETTING(struct machine, id, NAME, .fixed = true,
		.help = "name of the machine: that of its file"),
	SETTING(struct machine, title, NAME, .fixed = true, .fallback = "",
		.help = "what it is, in one line"),
	SETTING(struct machine, freq_ghz, REAL, .min = 0.1, .max = 10, .unit = "GHz",
		.help = "clock of the cores; ns become cycles by it"),
	SETTING(struct machine, sockets, COUNT, .min = 1, .max = 128, .help = "sockets"),
	SETTING(struct machine, dies_per_socket, COUNT, .min = 1, .max = 64, .fallback = "1",
		.help = "dies (or core complexes) in a socket"),
	SETTING(struct machine, cores_per_die, COUNT, .min = 1, .max = MACHINE_CORES_MAX,
		.help = "cores on a die"),
	SETTING(struct machine, numa_nodes, COUNT, .min = 1, .max = 128,
		.help = "memory nodes; cores are split evenly over them"),
	SETTING(struct machine, sockets_per_blade, COUNT, .min = 1, .max = 128, .fallback = "1",
		.help = "sockets on a blade, for the distance same_blade"),
	SETTING(struct machine, blades_per_router, COUNT, .min = 1, .max = 128, .fallback = "1",
		.help = "blades at a router, for the distance one_router"),
	SETTING(struct machine, protocol, WORD, .words = protocol_words, .fallback = "MESI",
		.help = "coherence protocol"),
	SETTING(struct machine, dirty_read, WORD, .words = dirty_read_words, .fallback = "share_wb",
		.help = "a modified line that is read: MESI, MESIF share_wb; MOESI share_owned or migrate"),
	SETTING(struct machine, home, WORD, .words = home_words, .fallback = "directory",
		.help = "what orders the requests for a line"),
	SETTING(struct machine, distances, WORDLIST, .words = distance_words, .fixed = true,
		.help = "what the lists of latencies go by, nearest first"),
	SECTION_OF(l1d, level_settings, .help = "first level of each core"),
	SECTION_OF(l2, level_settings, .fallback = "-",
		.help = "second level; missing: there is none"),
	SECTION_OF(llc, level_settings, .fallback = "-",
		.help = "last level; missing: there is none"),
	SETTING(struct machine, dram_ns, REALS, NS,
		.help = "load from memory: of the own node, then (from the second on) of others by distance"),
	SECTION_OF(load_ns, state_settings,
		.help = "load of a line that another cache has, in all"),
	SECTION_OF(store_ns, state_settings, .fallback = "-",
		.help = "store to such a line (missing: as rmw_ns less the LOCK)"),
	SECTION_OF(rmw_ns, state_settings, .help = "LOCK operation on such a line, in all"),
	SETTING(struct machine, inv_ns_per_extra_sharer, REAL, NS, .fallback = "0",
		.help = "a write that kills n copies takes n - 1 times this longer"),
	SETTING(struct machine, remote_dirty_homed_at_reader_ns, REAL, NS, .fallback = "-",
		.help = "line modified in another socket whose memory is the reader's (missing: as M)"),
	SECTION_OF(own_cyc, own_settings,
		.help = "read-modify-writes of a line that this core has"),
	SETTING(struct machine, mfence_cyc, REAL, CYCLES, .fallback = "0",
		.help = "mfence with nothing to wait for"),
	SETTING(struct machine, store_buffer, COUNT, .max = 1024, .fallback = "0",
		.help = "entries of the store buffer; 0: stores take effect in order, at once"),
	SETTING(struct machine, hidden_store_misses, COUNT, .min = 1, .max = 1024, .fallback = "-",
		.help = "buffered stores that may miss before one waits (missing: all)"),
	SETTING(struct machine, miss_buffers, COUNT, .min = 1, .max = 1024, .fallback = "-",
		.help = "lines that one core asks for at the same time (missing: no limit)"),
	SECTION_OF(rfo_parallel, rfo_settings, .fallback = "-",
		.help = "lines that buffered stores ask for at the same time"),
	SETTING(struct machine, load_window, COUNT, .max = 256, .fallback = "0",
		.help = "lines that loads of known addresses ask for ahead; 0: each when its turn comes"),
	SECTION_OF(prefetchers, prefetcher_settings, .fallback = "-",
		.help = "lines that come unasked"),
	SECTION_OF(far_atomic, far_settings, .fallback = "-",
		.help = "LOCK operations that the home does; missing: they fetch the line"),
	SECTION_OF(link, link_settings, .help = "bandwidth between sockets, or of the bus"),
	SECTION_OF(slice, slice_settings, .help = "occupancy of a home"),
	SETTING(struct machine, reread_ns, REAL, NS, .fallback = "0",
		.help = "waiters read a line that a write took from them again one per so long; 0: at once"),
	SECTION_OF(irq_pair_cyc, irq_settings, .help = "local_irq_save and local_irq_restore"),
	SETTING(struct machine, cli_sti_pair_cyc, REAL, CYCLES, .fallback = "8",
		.help = "cli and sti, the pair"),
	SETTING(struct machine, preempt_pair_cyc, REAL, CYCLES, .fallback = "-",
		.help = "preempt_disable and _enable as measured; the model counts its accesses"),
	SETTING(struct machine, rdtsc_cyc, REAL, CYCLES, .fallback = "25",
		.help = "reading the cycle counter"),
	SETTING(struct machine, pause_cyc, REAL, CYCLES, .help = "pause, in loops that wait"),
	SETTING(struct machine, irq_entry_exit_ns, REAL, NS,
		.help = "an interrupt: entry and exit"),
	SETTING(struct machine, ipi_roundtrip_ns, REAL, NS,
		.help = "an interrupt sent to another CPU and its answer"),
	SECTION_OF(step_cyc, step_settings, .help = "instructions that touch no memory"),
	SECTION_OF(handoff, handoff_settings, .help = "how a contended line moves on"),
	SETTING(struct machine, service_jitter_percent, COUNT, .min = 0, .max = 100,
		.unit = "%", .fallback = "25",
		.help = "how far the last leg of a miss, to who asked, varies either way; its mean stays"),
	SETTING(struct machine, weak, KEYLIST, .section = machine_settings, .fallback = "[]",
		.help = "keys whose numbers are weak; 'bounce run --sensitivity' halves and doubles them"),
	{ 0 },
};
/* clang-format on */

/* ---- topology ------------------------------------------------------------------------------- */

unsigned machine_cores(const struct machine *machine)
{
	return (unsigned)(machine->sockets * machine->dies_per_socket * machine->cores_per_die);
}

unsigned machine_die(const struct machine *machine, unsigned core)
{
	return core / (unsigned)machine->cores_per_die;
}

unsigned machine_socket(const struct machine *machine, unsigned core)
{
	return machine_die(machine, core) / (unsigned)machine->dies_per_socket;
}

static enum distance listed(const struct machine *machine, unsigned i)
{
	return distance_of_word[machine->distances.value[i]];
}

/* Are the two cores at most that far from each other? */
static bool within(const struct machine *machine, enum distance distance, unsigned core,
		   unsigned other)
{
	uint64_t a = machine_socket(machine, core), b = machine_socket(machine, other);
	uint64_t blade = machine->sockets_per_blade, router = blade * machine->blades_per_router;

	switch (distance) {
	case DISTANCE_DIE:
		return machine_die(machine, core) == machine_die(machine, other);
	case DISTANCE_SOCKET:
		return a == b;
	case DISTANCE_BLADE:
		return a / blade == b / blade;
	case DISTANCE_HOP:
		return __builtin_popcountll(a ^ b) <= 1;
	case DISTANCE_ROUTER:
		return a / router == b / router;
	case DISTANCE_FAR:
		break;
	}
	return true;
}

/* The first listed distance that reaches that far; a list that ends earlier says that all beyond
 * is as far as its last. */
unsigned machine_distance(const struct machine *machine, unsigned core, unsigned other)
{
	unsigned i = 0;

	while (i + 1 < machine->distances.count &&
	       !within(machine, listed(machine, i), core, other))
		i++;
	return i;
}

unsigned machine_cores_apart(const struct machine *machine, unsigned distance)
{
	unsigned count = 0;

	for (unsigned core = 1; core < machine_cores(machine); core++)
		count += machine_distance(machine, 0, core) == distance;
	return count;
}

unsigned machine_core_apart(const struct machine *machine, unsigned distance, unsigned i)
{
	unsigned core = 1;

	while (machine_distance(machine, 0, core) != distance || i--)
		core++;
	return core;
}

/* ---- rules between keys --------------------------------------------------------------------- */

struct checking {
	const struct machine *machine;
	void (*complain)(void *to, const char *keys, const char *text);
	void *to;
	bool good;
};

#define KEYS_OF_CORES "cores_per_die, dies_per_socket, sockets"

static void tell(struct checking *checking, const char *keys, const char *text)
{
	checking->good = false;
	checking->complain(checking->to, keys, text);
}

static void check_level(struct checking *checking, const char *name,
			const struct cache_level *level)
{
	char keys[80], text[160];

	if (!level->ways)
		return;
	snprintf(keys, sizeof keys, "%s.ways, %s.kib", name, name);
	if (level->kib * 1024 / 64 < level->ways) {
		snprintf(text, sizeof text, "%s of %llu KiB has fewer lines than ways", name,
			 (unsigned long long)level->kib);
		tell(checking, keys, text);
	}
	snprintf(keys, sizeof keys, "%s.shared, " KEYS_OF_CORES, name);
	if (machine_cores(checking->machine) % level->shared) {
		snprintf(text, sizeof text,
			 "%u cores cannot be split into groups of %llu that share one %s",
			 machine_cores(checking->machine), (unsigned long long)level->shared, name);
		tell(checking, keys, text);
	}
}

static void check_levels(struct checking *checking)
{
	const struct machine *machine = checking->machine;

	check_level(checking, "l1d", &machine->l1d);
	check_level(checking, "l2", &machine->l2);
	check_level(checking, "llc", &machine->llc);
	if (machine->l1d.shared > 1)
		tell(checking, "l1d.shared",
		     "l1d belongs to one core; threads of one core are not modelled");
	if (machine->l2.ways && machine->l2.hit_cyc < machine->l1d.hit_cyc)
		tell(checking, "l2.hit_cyc, l1d.hit_cyc",
		     "a hit in l2 cannot be faster than one in l1d");
	if (machine->llc.ways && machine->llc.hit_cyc < machine->l2.hit_cyc)
		tell(checking, "llc.hit_cyc, l2.hit_cyc",
		     "a hit in llc cannot be faster than one in l2");
}

static void check_list(struct checking *checking, const char *section, const char *state,
		       const struct reals *list)
{
	unsigned distances = checking->machine->distances.count;
	char keys[48], text[160];

	if (!list->count || list->count == distances)
		return;
	snprintf(keys, sizeof keys, "%s.%s, distances", section, state);
	snprintf(text, sizeof text, "%s.%s has %u entries, and `distances` names %u", section,
		 state, list->count, distances);
	tell(checking, keys, text);
}

static void check_states(struct checking *checking, const char *section,
			 const struct by_state *states)
{
	check_list(checking, section, "M", &states->M);
	check_list(checking, section, "O", &states->O);
	check_list(checking, section, "E", &states->E);
	check_list(checking, section, "S", &states->S);
}

static void check_distances(struct checking *checking)
{
	const struct machine *machine = checking->machine;

	if (!machine->distances.count)
		tell(checking, "distances", "at least one distance is needed");
	for (unsigned i = 1; i < machine->distances.count; i++) {
		if (listed(machine, i) <= listed(machine, i - 1))
			tell(checking, "distances",
			     "distances go from the nearest to the farthest");
	}
	check_states(checking, "load_ns", &machine->load_ns);
	check_states(checking, "store_ns", &machine->store_ns);
	check_states(checking, "rmw_ns", &machine->rmw_ns);
	if (machine->dram_ns.count > machine->distances.count + 1)
		tell(checking, "dram_ns, distances",
		     "dram_ns has more entries than the own node and each of `distances`");
}

static void check_handoff(struct checking *checking)
{
	const struct reals *split = &checking->machine->handoff.split;
	double sum = 0;

	for (unsigned i = 0; i < split->count; i++)
		sum += split->value[i];
	if (split->count != 3 || sum < 0.999 || sum > 1.001)
		tell(checking, "handoff.split", "split wants three parts whose sum is 1");
}

static void check_own(struct checking *checking)
{
	for (const struct setting *setting = own_settings; setting->key; setting++) {
		const struct reals *list =
			(const void *)((const char *)&checking->machine->own_cyc + setting->offset);
		char key[48];

		snprintf(key, sizeof key, "own_cyc.%s", setting->key);
		if (list->count > 2)
			tell(checking, key,
			     "own_cyc wants two numbers: same word, other word than the one before");
	}
}

static void check_dirty_read(struct checking *checking)
{
	bool owned = checking->machine->protocol == PROTOCOL_MOESI,
	     written_back = checking->machine->dirty_read == DIRTY_SHARE_WB;

	if (owned && written_back)
		tell(checking, "dirty_read, protocol",
		     "MOESI leaves a modified line dirty when it is read: dirty_read is share_owned or migrate");
	if (!owned && !written_back)
		tell(checking, "dirty_read, protocol",
		     "MESI and MESIF write a modified line back when it is read: dirty_read is share_wb");
}

bool machine_check(const struct machine *machine,
		   void (*complain)(void *to, const char *keys, const char *text), void *to)
{
	struct checking checking = { machine, complain, to, true };
	uint64_t dies = machine->sockets * machine->dies_per_socket;

	/* the factors are at most 128, 64, 1024: no overflow */
	if (dies * machine->cores_per_die > MACHINE_CORES_MAX) {
		tell(&checking, KEYS_OF_CORES, "more than 1024 cores");
		return false;
	}
	if (dies * machine->cores_per_die % machine->numa_nodes)
		tell(&checking, "numa_nodes, " KEYS_OF_CORES,
		     "the cores cannot be split evenly over the memory nodes");
	check_dirty_read(&checking);
	if (machine->far_atomic.latency_ns < machine->far_atomic.service_ns)
		tell(&checking, "far_atomic.latency_ns, far_atomic.service_ns",
		     "a far operation alone cannot take less than its service");
	check_levels(&checking);
	check_distances(&checking);
	check_handoff(&checking);
	check_own(&checking);
	return checking.good;
}
