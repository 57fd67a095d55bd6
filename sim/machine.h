/*
 * A machine as its file describes it (configs/machines/NAME.yaml), and its topology.
 *
 * Latencies are totals of microbenchmarks (docs/model.md): core-private costs in cycles, what
 * leaves the core in ns. Lists go by distance, nearest first, as `distances` names them.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/verbs/setting.h"

enum { MACHINE_CORES_MAX = 1024 };

enum machine_protocol { PROTOCOL_MESI, PROTOCOL_MOESI, PROTOCOL_MESIF };
/* Which LOCK operations the home does: additions and bits, or exchanges and compares as well. */
enum far_ops { FAR_ADDS, FAR_ALL };
/* What a cache does with a line it has modified when another cache reads it. */
enum dirty_read { DIRTY_SHARE_WB, DIRTY_SHARE_OWNED, DIRTY_MIGRATE };
enum machine_home { HOME_DIRECTORY, HOME_BUS };
enum home_order { ORDER_CHASING, ORDER_BLOCKING };
/* The way to a chasing home of a request that finds the line on its way to its owner. */
enum late_request { LATE_HIDDEN, LATE_PAID };
/* What two cores have in common, down to nothing: how far they are from each other. */
enum distance {
	DISTANCE_DIE, DISTANCE_SOCKET, DISTANCE_BLADE, DISTANCE_HOP, DISTANCE_ROUTER, DISTANCE_FAR
};

struct cache_level {
	uint64_t kib, ways;
	double hit_cyc;                 /* load to use, total */
	uint64_t shared;                /* cores that share one instance */
};

struct by_state {
	struct reals M, O, E, S;        /* ns by distance */
};

struct own_cycles {                     /* cycles on a line this core owns: dependent, rotating */
	struct reals add, cmpxchg_local, cmpxchg8b_local, cmpxchg16b_local;
	struct reals lock_add, lock_xadd, lock_cmpxchg, xchg, lock_cmpxchg16b;
};

struct machine {
	char id[SETTING_NAME_BYTES], title[SETTING_NAME_BYTES];
	double freq_ghz;
	uint64_t sockets, dies_per_socket, cores_per_die, numa_nodes;
	uint64_t sockets_per_blade, blades_per_router;  /* for the words same_blade, one_router */
	int protocol;                   /* enum machine_protocol */
	int dirty_read;                 /* enum dirty_read */
	int home;                       /* enum machine_home */
	struct wordlist distances;      /* enum distance, nearest first */
	struct cache_level l1d, l2, llc;        /* ways 0: no such level */
	struct reals dram_ns;           /* local node, other nodes by distance */
	struct by_state load_ns, store_ns, rmw_ns;
	double inv_ns_per_extra_sharer;
	double remote_dirty_homed_at_reader_ns; /* NAN: as load_ns.M, rmw_ns.M */
	struct own_cycles own_cyc;
	double mfence_cyc;
	uint64_t store_buffer;          /* entries; 0: stores take effect in order, at once */
	uint64_t hidden_store_misses;   /* buffered stores that may miss; 0: all of them */
	uint64_t miss_buffers;          /* lines asked for at once; 0: no limit */
	struct { uint64_t from_M, from_S; } rfo_parallel; /* by stores, of that; 0: miss_buffers */
	struct { double service_ns, latency_ns; int ops; } far_atomic; /* enum far_ops; 0: none */
	struct { double bus_slot_ns, bytes_per_ns; } link;      /* 0: no limit */
	struct { double occupancy_ns; uint64_t slices; } slice; /* of a home; 0: no limit */
	struct { double popf; } irq_pair_cyc;
	double cli_sti_pair_cyc;
	double preempt_pair_cyc;        /* only documents the pair; the model counts its accesses */
	double rdtsc_cyc, pause_cyc;
	double irq_entry_exit_ns, ipi_roundtrip_ns;
	struct { double call, loop, alloc, free, page_alloc, page_free; } step_cyc;
	struct {
		int home;                       /* enum home_order */
		struct reals split;
		double local_bias;
		int late_request;               /* enum late_request */
		double hold_ns;
	} handoff;
	struct { bool next_line, pair; } prefetchers;
	uint64_t load_window;           /* announced lines that a core asks for ahead of its loads */
	double reread_ns;               /* between waiters that read a line again; 0: no limit */
	uint64_t service_jitter_percent;        /* of the leg that ends at the requester */
	struct keylist weak;            /* numbers that conclusions should not hang on */
};

/* The table that experiment/ fills struct machine by; ends with an entry without a key. */
extern const struct setting machine_settings[];

/* Rules between keys (list lengths, sizes that are no power of two ...): calls `complain` with
 * the keys it is between ("dirty_read, protocol", the one to change first) and the rule for each; true
 * if there were none. */
bool machine_check(const struct machine *machine,
		   void (*complain)(void *to, const char *keys, const char *text), void *to);

unsigned machine_cores(const struct machine *machine);
unsigned machine_die(const struct machine *machine, unsigned core);
unsigned machine_socket(const struct machine *machine, unsigned core);
/* Index into the latency lists for two different cores. */
unsigned machine_distance(const struct machine *machine, unsigned core, unsigned other);
/* Cores at that index of `distances` from core 0: how many, and the i-th of them in core order. */
unsigned machine_cores_apart(const struct machine *machine, unsigned distance);
unsigned machine_core_apart(const struct machine *machine, unsigned distance, unsigned i);

#endif
