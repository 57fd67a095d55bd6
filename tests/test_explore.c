/*
 * Every reachable state of the coherence engine, from its real code: CPUs load, store, prefetch
 * and make room in any order, and what is pending (requests, probes, replies, write-backs,
 * acknowledgements, data) arrives in any order, whatever its time.
 *
 * In each state:
 *	(1) a copy that may be written is the only one, and every copy has the last written value
 *	    (versions; the engine checks them too, on every hit, fill and loss);
 *	(2) the last written value is somewhere: in a copy, a write-back, a message, a home;
 *	(3) delivering what is pending comes to rest, with no CPU left waiting;
 *	(4) at rest a home knows every copy above it, and a bus knows exactly those.
 *
 * A state is written down as bytes that do not depend on times, on the names of CPUs and lines,
 * or on how often a value was written: only whether it is the last. Search is breadth-first; a
 * state is reached again by repeating its path, which is therefore a shortest one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "tests/engine_fixture.h"

enum {
	CPUS_MAX = 4,
	LINES_MAX = 2,
	NODES_MAX = CPUS_MAX + 2,
	PERMS_MAX = 48,
	TXNS_MAX = 64,
	BYTES_MAX = 4096,
	ACTIONS_MAX = 256,
	PATH_MAX_ = 400,
	REST_LIMIT = 5000
};

/* What a CPU can start. STORES: as a LOCK operation does, BUFFERS: through the store buffer. */
enum start { LOADS, STORES, PREFETCHES, PREFETCHES_WRITE, EVICTS, BUFFERS, FARS, STARTS };

/* A search: a machine, who is there, what they do. */
struct search {
	const char *name;
	unsigned cpus, lines;
	enum home_order order;
	enum machine_home home;
	bool shared_level, one_way;
	bool apart;                     /* each CPU with a shared level of its own */
	bool bias;                      /* a shared level keeps a line for one more request */
	unsigned starts;                /* bit per enum start */
	bool deep;                      /* only with BOUNCE_VERIFY, and cut there */
	bool each;                      /* not only MESI, without BOUNCE_VERIFY too */
	const struct protocol *damaged; /* NULL: as shipped */
	bool quiet;                     /* it is known to be wrong */
};

struct action {
	uint8_t kind;                   /* enum start, or DELIVER */
	uint8_t cpu, line;
	uint8_t index;                  /* DELIVER: into the homes' events, then the messages */
};
enum { DELIVER = STARTS };

struct seen {
	uint64_t hash[2];
	uint32_t parent;
	struct action by;
};

/* Names of CPUs, shared levels and lines, exchanged without a difference. */
struct permutation {
	uint8_t cpu[CPUS_MAX], shared[2], line[LINES_MAX];
	uint8_t cpu_at[CPUS_MAX], shared_at[2], line_at[LINES_MAX];     /* inverse */
};

/* How a machine file asks for a protocol. */
struct variant {
	const struct protocol *protocol;
	enum machine_protocol word;
	enum dirty_read dirty_read;
};

static const struct variant variants[] = {
	{ &protocol_mesi, PROTOCOL_MESI, DIRTY_SHARE_WB },
	{ &protocol_mesif, PROTOCOL_MESIF, DIRTY_SHARE_WB },
	{ &protocol_moesi, PROTOCOL_MOESI, DIRTY_SHARE_OWNED },
	{ &protocol_migrate, PROTOCOL_MOESI, DIRTY_MIGRATE },
};
enum { VARIANTS = sizeof variants / sizeof *variants };

struct world {
	const struct search *search;
	const struct variant *variant;
	struct machine machine;
	struct sim *sim;
	uint64_t line[LINES_MAX];
	bool waits[CPUS_MAX], writes[CPUS_MAX], far[CPUS_MAX];
	uint8_t wants[CPUS_MAX];
	struct permutation perm[PERMS_MAX];
	unsigned perms;
	struct action action;           /* to be performed under sim_protect */
	struct seen *state;
	size_t states, room, edges;
	uint32_t *bucket;
	size_t buckets;
	bool cut;                       /* there are more states than room */
	char error[400];
};

/* ---- the accesses of CPUs, below the verbs -------------------------------------------------- */

static struct slot *copy_of(const struct cpu *cpu, uint64_t line)
{
	return node_copy(cpu->node, line);
}

static const struct access_rule *rule_for(const struct cpu *cpu, const struct slot *copy, bool write)
{
	return access_rule(cpu->node, copy ? copy->state : STATE_I, write);
}

static void effect(struct cpu *cpu, struct slot *copy, const struct access_rule *rule, bool write)
{
	copy->state = rule->next;
	if (write && !copy->wrote) {
		copy->wrote = true;
		copy->version = ++cpu->sim->version[copy->line];
	}
	copy_check(cpu, copy);
}

static void ask(struct world *w, unsigned id, unsigned line, bool write)
{
	struct cpu *cpu = &w->sim->cpu[id];
	struct slot *copy = copy_of(cpu, w->line[line]);
	const struct access_rule *rule = rule_for(cpu, copy, write);
	struct txn *t = txn_pending(cpu->node, w->line[line]);

	w->writes[id] = write;
	w->far[id] = false;
	w->wants[id] = (uint8_t)line;
	if (rule->hits) {
		effect(cpu, copy, rule, write);
		return;
	}
	if (!t)
		t = coherence_request(w->sim, cpu->node, w->line[line],
				      request_of(cpu, copy ? copy->state : STATE_I, rule),
				      write ? ACCESS_STORE : ACCESS_LOAD, w->sim->now);
	cpu->blocked = t;
	w->waits[id] = true;
}

/* A store of the verbs, which a buffer may take. */
static void buffer_line(struct world *w, unsigned id, unsigned line)
{
	static const struct site site = { "test_explore", 0, "", "word" };
	struct cpu *cpu = &w->sim->cpu[id];
	struct slot *copy = copy_of(cpu, w->line[line]);
	const struct access_rule *rule = rule_for(cpu, copy, true);
	uint64_t value = 0;

	cpu->clock = w->sim->now;
	if (!cpu->buffer.count && rule->hits)
		effect(cpu, copy, rule, true);
	else
		buffer_push(cpu, w->sim->head.arena.base + (w->line[line] << LINE_SHIFT), &value, sizeof value,
			    &site, false);
}

/* The buffered store of that age, oldest first. */
static const struct buffered *buffered_at(const struct cpu *cpu, unsigned age)
{
	return &cpu->buffer.entry[(cpu->buffer.first + age) % cpu->sim->t.depth];
}

static bool is_buffered(const struct cpu *cpu, uint64_t line)
{
	for (unsigned i = 0; i < cpu->buffer.count; i++)
		if (buffered_at(cpu, i)->line == line)
			return true;
	return false;
}

/* A LOCK operation on a line that the CPU cannot write. */
static void ask_far(struct world *w, unsigned id, unsigned line)
{
	struct cpu *cpu = &w->sim->cpu[id];

	w->writes[id] = w->far[id] = w->waits[id] = true;
	w->wants[id] = (uint8_t)line;
	cpu->blocked = coherence_request(w->sim, cpu->node, w->line[line], FAR_ATOMIC, ACCESS_RMW,
					 w->sim->now);
}

static void prefetch_line(struct world *w, unsigned id, unsigned line, bool write)
{
	struct cpu *cpu = &w->sim->cpu[id];
	const struct slot *copy = copy_of(cpu, w->line[line]);

	coherence_request(w->sim, cpu->node, w->line[line],
			  request_of(cpu, copy ? copy->state : STATE_I, rule_for(cpu, copy, write)),
			  write ? ACCESS_STORE : ACCESS_LOAD, w->sim->now);
}

/* A CPU's transaction is complete: its access, then the probe that waited for it. */
static void go_on(struct world *w)
{
	struct cpu *cpu = w->sim->resume;
	struct txn *t = cpu->filled;
	unsigned id = cpu->node->id;
	struct slot *copy = copy_of(cpu, w->line[w->wants[id]]);
	const struct access_rule *rule = rule_for(cpu, copy, w->writes[id]);
	struct event *probe = t->deferred;

	w->sim->resume = NULL;
	cpu->filled = NULL;
	w->waits[id] = false;
	if (w->far[id]) {               /* the home did it */
		txn_put(w->sim, t);
		return;
	}
	if (rule->hits)
		effect(cpu, copy, rule, w->writes[id]);
	t->deferred = NULL;
	if (probe)
		coherence_probe_again(w->sim, probe);
	txn_put(w->sim, t);
	if (!rule->hits)
		ask(w, id, w->wants[id], w->writes[id]);
}

static void deliver(struct world *w, unsigned index)
{
	struct sim *sim = w->sim;
	struct queue *h = index < queue_count(&sim->homes) ? &sim->homes : &sim->messages;

	event_dispatch(sim,
		       event_take(h, h == &sim->homes ? index : index - queue_count(&sim->homes)));
	if (sim->resume)
		go_on(w);
}

/* ---- actions -------------------------------------------------------------------------------- */

/* Can it be started, and does it change anything? */
static bool can_start(const struct world *w, enum start start, unsigned id, unsigned line)
{
	const struct cpu *cpu = &w->sim->cpu[id];
	const struct slot *copy = copy_of(cpu, w->line[line]);
	bool pending = txn_pending(cpu->node, w->line[line]),
	     write = start == STORES || start == PREFETCHES_WRITE || start == BUFFERS;
	const struct access_rule *rule = rule_for(cpu, copy, write);

	if (!(w->search->starts & 1u << start))
		return false;
	if (start == EVICTS)            /* an upgrade under way does not protect a copy */
		return copy && (!pending || !state_alone(copy->state));
	if (w->waits[id])
		return false;
	if (start == LOADS && is_buffered(cpu, w->line[line]))
		return false;           /* forwarded */
	if ((start == STORES || start == FARS) && cpu->buffer.count)
		return false;           /* a LOCK operation waits */
	if (start == BUFFERS && cpu->buffer.count)
		return cpu->buffer.count < w->sim->t.depth;
	if (start == FARS)
		return !pending && !(copy && state_alone(copy->state));
	if (start == PREFETCHES || start == PREFETCHES_WRITE)
		return !pending && !rule->hits;
	return !rule->hits || rule->next != copy->state || (write && !copy->wrote);
}

/* The turn of a store that has taken effect without it, or waits for its line again: nothing will
 * come of it, so it is no part of a state. Any number may be under way. */
static bool is_stale(const struct sim *sim, const struct event *e)
{
	const struct store_buffer *b;

	if (e->type != EVENT_DRAIN)
		return false;
	b = &sim->cpu[e->node->id].buffer;
	return !b->drains || e->count != b->drained;
}

/* By number: those at homes, then the messages. */
static const struct event *pending_event(const struct sim *sim, unsigned index)
{
	if (index < queue_count(&sim->homes))
		return sim->homes.item[index].event;
	return sim->messages.item[index - queue_count(&sim->homes)].event;
}

static unsigned actions(const struct world *w, struct action *list)
{
	size_t pending = queue_count(&w->sim->homes) + queue_count(&w->sim->messages);
	unsigned n = 0;

	for (unsigned i = 0; i < pending; i++)
		if (!is_stale(w->sim, pending_event(w->sim, i)))
			list[n++] = (struct action){ .kind = DELIVER, .index = (uint8_t)i };
	for (unsigned cpu = 0; cpu < w->search->cpus; cpu++)
		for (unsigned line = 0; line < w->search->lines; line++)
			for (enum start s = LOADS; s < STARTS; s++)
				if (can_start(w, s, cpu, line))
					list[n++] = (struct action){ (uint8_t)s, (uint8_t)cpu,
								     (uint8_t)line, 0 };
	return n;
}

static void perform(void *argument)
{
	struct world *w = argument;
	struct cpu *cpu = &w->sim->cpu[w->action.cpu];

	switch (w->action.kind) {
	case LOADS:
	case STORES:
		ask(w, w->action.cpu, w->action.line, w->action.kind == STORES);
		break;
	case PREFETCHES:
	case PREFETCHES_WRITE:
		prefetch_line(w, w->action.cpu, w->action.line, w->action.kind == PREFETCHES_WRITE);
		break;
	case BUFFERS:
		buffer_line(w, w->action.cpu, w->action.line);
		break;
	case FARS:
		ask_far(w, w->action.cpu, w->action.line);
		break;
	case EVICTS:
		coherence_evict(w->sim, cpu, copy_of(cpu, w->line[w->action.line]));
		break;
	default:
		deliver(w, w->action.index);
	}
}

/* False if the engine found itself wrong. */
static bool act(struct world *w, struct action action)
{
	w->action = action;
	if (sim_protect(w->sim, perform, w))
		return true;
	snprintf(w->error, sizeof w->error, "%.300s", w->sim->message);
	return false;
}

static void describe(const struct world *w, struct action action)
{
	static const char *const verb[] = { "loads", "stores", "prefetches", "prefetches to write",
					    "evicts", "buffers a store to",
					    "does a far operation on" };
	static const char *const type[] = { "data",  "probe",      "acknowledgement", "request",
					    "reply", "write-back", "completion",
					    "end of service", "interrupt",
					    "turn of the oldest store" };
	const struct queue *h =
		action.index < queue_count(&w->sim->homes) ? &w->sim->homes : &w->sim->messages;
	const struct event *e;

	if (action.kind != DELIVER) {
		print_error("  CPU %u %s line %u\n", action.cpu, verb[action.kind], action.line);
		return;
	}
	e = h->item[h == &w->sim->homes ? action.index : action.index - queue_count(&w->sim->homes)].event;
	print_error("  %s", type[e->type]);
	if (e->type == EVENT_PROBE)
		print_error(e->probe.invalidate ? " (invalidate)" : " (share)");
	print_error(" arrives at %s %u",
		    e->node->kind == NODE_CPU      ? "CPU"
		    : e->node->kind == NODE_SHARED ? "shared level"
						   : "root",
		    e->node->id);
	if (e->txn)
		print_error(", for CPU %u's transaction %llu", e->txn->cpu,
			    (unsigned long long)(e->txn->stamp >> STAMP_SHIFT));
	print_error("\n");
}

/* ---- a state as bytes ----------------------------------------------------------------------- */

struct writer {
	const struct world *w;
	const struct permutation *p;
	uint8_t byte[BYTES_MAX];
	size_t count;
	const struct txn *txn[TXNS_MAX];        /* numbered as they are met */
	unsigned txns;
	uint64_t order[TXNS_MAX];               /* live positions at homes, sorted */
	unsigned orders;
};

static void put(struct writer *to, unsigned byte)
{
	if (to->count == BYTES_MAX)
		abort();
	to->byte[to->count++] = (uint8_t)byte;
}

static bool is_last(const struct world *w, uint64_t line, uint32_t version)
{
	return version == w->sim->version[line];
}

static unsigned line_index(const struct world *w, uint64_t line)
{
	return line == w->line[0] ? 0 : 1;
}

/* 0: none, else the node's new name. */
static unsigned node_name(const struct writer *to, const struct node *node)
{
	if (!node)
		return 0;
	if (node->kind == NODE_ROOT)
		return 1;
	return node->kind == NODE_CPU ? 2u + to->p->cpu[node->id]
				      : 2u + CPUS_MAX + to->p->shared[node->id];
}

static unsigned order_rank(const struct writer *to, uint64_t order)
{
	unsigned rank = 0;

	while (rank < to->orders && to->order[rank] < order)
		rank++;
	return order ? rank + 1 : 0;
}

static void put_event(struct writer *to, const struct event *e);

static bool is_pending(const struct txn *t)
{
	return t->kind == TXN_REQUEST && txn_pending(t->client, t->line) == t;
}

/* The number of a transaction, and all of it where it is met first. */
static void put_txn(struct writer *to, const struct txn *t)
{
	unsigned known = 0;

	if (!t) {
		put(to, 0);
		return;
	}
	while (known < to->txns && to->txn[known] != t)
		known++;
	put(to, known + 1);
	if (known < to->txns)
		return;
	if (to->txns == TXNS_MAX)
		abort();
	to->txn[to->txns++] = t;
	put(to, t->kind);
	put(to, t->request);
	put(to, node_name(to, t->client));
	put(to, node_name(to, t->home));
	put(to, to->p->line[line_index(to->w, t->line)]);
	put(to, is_pending(t) ? order_rank(to, t->order) : 0);
	put(to, t->fetched | t->waits_for_put << 1 | t->have_data << 2 | t->bypass << 3 |
			t->dirty << 4 | t->dataless << 5);
	put(to, t->acks);
	put(to, t->unanswered);
	put(to, t->grant);
	put(to, is_pending(t) && t->order ? 1u + t->asked : 0);
	put(to, t->have_data || t->dirty || t->fetched ? is_last(to->w, t->line, t->version) : 2);
	put(to, node_name(to, t->supplied_by));
	put_txn(to, t->inner);
	put_txn(to, t->outer);
	put_txn(to, t->snooper);
	put(to, t->deferred != NULL);
	if (t->deferred)
		put_event(to, t->deferred);
	put(to, t->probe != NULL);
	if (t->probe)
		put_event(to, t->probe);
}

static void put_event(struct writer *to, const struct event *e)
{
	put(to, e->type);
	put(to, node_name(to, e->node));
	put_txn(to, e->txn);
	switch (e->type) {
	case EVENT_PROBE:
		put(to, e->probe.invalidate | e->probe.owner << 1);
		put(to, order_rank(to, e->probe.order));
		break;
	case EVENT_PUT:
		put(to, node_name(to, e->put.from));
		put(to, to->p->line[line_index(to->w, e->put.line->line)]);
		break;
	case EVENT_FILL:
	case EVENT_REPLY:
		put(to, e->answer.found);
		put(to, e->answer.what | e->answer.write_back << 4);
		put(to, e->answer.found ? is_last(to->w, e->txn->line, e->answer.version) : 2);
		break;
	default:
		break;
	}
}

static void put_slot(struct writer *to, const struct slot *slot)
{
	if (!slot) {
		put(to, 0);
		return;
	}
	put(to, 1u + slot->state);
	put(to, is_last(to->w, slot->line, slot->version) | slot->wrote << 1);
}

/* A node as a client, for one line. */
static void put_client(struct writer *to, const struct node *node, uint64_t line)
{
	const struct write_back *b = node->write_back;

	put_slot(to, node_copy(node, line));
	for (; b; b = b->next)
		if (b->line == line)
			put(to, 1u + b->superseded + 2 * is_last(to->w, line, b->version) +
					4u * b->state);
	put(to, 0);
	put_txn(to, txn_pending(node, line));
}

/* A node as a home of one line. */
static void put_home(struct writer *to, const struct node *home, uint64_t line)
{
	const struct dirent *d = home->entry[line];
	bool known = d && (d->orders || d->busy || d->head);
	unsigned sharers = 0;

	put(to, known);
	if (!known)
		return;
	put_txn(to, d->busy);
	put(to, d->guessed ? 4 + d->left * 2 + d->thinned : 0);
	for (const struct txn *t = d->head; t; t = t->next)
		put_txn(to, t);
	put(to, 0);
	put(to, node_name(to, d->owner));
	for (unsigned i = 0; i < home->children; i++)
		if (d->sharers[0] >> i & 1)
			sharers |= 1u << node_name(to, home->child[i]);
	put(to, sharers & 0xff);
	put(to, sharers >> 8);
	put(to, d->waits);
	put(to, home->kind == NODE_ROOT ? is_last(to->w, line, d->version) : 2);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 64);
}

/* The messages under way are a set: each by itself, then sorted. */
static void put_events(struct writer *to)
{
	const struct queue *heap[] = { &to->w->sim->homes, &to->w->sim->messages };
	uint8_t one[TXNS_MAX][64];
	size_t count = to->count, n = 0;

	for (unsigned h = 0; h < 2; h++)
		for (size_t i = 0; i < queue_count(heap[h]); i++) {
			if (is_stale(to->w->sim, heap[h]->item[i].event))
				continue;
			if (n == TXNS_MAX)
				abort();
			put_event(to, heap[h]->item[i].event);
			memset(one[n], 0, sizeof one[n]);
			if (to->count - count > sizeof one[n])
				abort();
			memcpy(one[n++], to->byte + count, to->count - count);
			to->count = count;
		}
	qsort(one, n, sizeof one[0], by_bytes);
	put(to, (unsigned)n);
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < sizeof one[i]; k++)
			put(to, one[i][k]);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void add_order(struct writer *to, uint64_t order)
{
	for (unsigned i = 0; i < to->orders; i++)
		if (to->order[i] == order)
			return;
	if (to->orders == TXNS_MAX)
		abort();
	if (order)
		to->order[to->orders++] = order;
}

/* Only how positions at homes compare counts: those of pending transactions and of probes. */
static void collect_orders(struct writer *to)
{
	const struct sim *sim = to->w->sim;
	const struct queue *heap[] = { &sim->homes, &sim->messages };

	for (unsigned n = 0; n < to->w->search->cpus + sim->shared_count; n++) {
		const struct node *node = n < to->w->search->cpus
						  ? sim->cpu[n].node
						  : sim->shared[n - to->w->search->cpus];

		for (const struct txn *t = node->pending; t; t = t->pending_next) {
			add_order(to, t->order);
			if (t->deferred)
				add_order(to, t->deferred->probe.order);
		}
	}
	for (unsigned h = 0; h < 2; h++)
		for (size_t i = 0; i < queue_count(heap[h]); i++)
			if (heap[h]->item[i].event->type == EVENT_PROBE)
				add_order(to, heap[h]->item[i].event->probe.order);
	qsort(to->order, to->orders, sizeof to->order[0], by_value);
}

static void put_buffer(struct writer *to, const struct cpu *cpu)
{
	put(to, cpu->buffer.count);
	put(to, cpu->buffer.asked | (unsigned)cpu->buffer.drains << 4);
	for (unsigned i = 0; i < cpu->buffer.count; i++)
		put(to, to->p->line[line_index(to->w, buffered_at(cpu, i)->line)]);
}

static void put_state(struct writer *to)
{
	const struct world *w = to->w;
	const struct sim *sim = w->sim;

	collect_orders(to);
	for (unsigned l = 0; l < w->search->lines; l++) {
		uint64_t line = w->line[to->p->line_at[l]];

		put_home(to, sim->root, line);
		for (unsigned s = 0; s < sim->shared_count; s++) {
			put_client(to, sim->shared[to->p->shared_at[s]], line);
			put_home(to, sim->shared[to->p->shared_at[s]], line);
		}
		for (unsigned c = 0; c < w->search->cpus; c++)
			put_client(to, sim->cpu[to->p->cpu_at[c]].node, line);
	}
	for (unsigned c = 0; c < w->search->cpus; c++) {
		unsigned id = to->p->cpu_at[c];

		put(to, w->waits[id] ? 1u + w->writes[id] + 2u * w->far[id] +
					       4u * to->p->line[w->wants[id]]
				     : 0);
		put_buffer(to, &sim->cpu[id]);
	}
	put_events(to);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185u;
	x ^= x >> 27;
	x *= 0x81dadef4bc2dd44du;
	return x ^ x >> 33;
}

static void hash_bytes(const struct writer *from, uint64_t hash[2])
{
	hash[0] = 1;
	hash[1] = 2;
	for (size_t i = 0; i < from->count; i += 8) {
		uint64_t word = 0;

		memcpy(&word, from->byte + i, from->count - i < 8 ? from->count - i : 8);
		hash[0] = mix(hash[0] ^ word);
		hash[1] = mix(hash[1] * 0x9e3779b97f4a7c15u + word);
	}
}

/* The least hash over all ways to exchange names. */
static void hash_state(const struct world *w, uint64_t hash[2])
{
	struct writer to;

	hash[0] = hash[1] = UINT64_MAX;
	for (unsigned i = 0; i < w->perms; i++) {
		uint64_t h[2];

		to.w = w;
		to.p = &w->perm[i];
		to.count = to.txns = to.orders = 0;
		put_state(&to);
		hash_bytes(&to, h);
		if (h[0] < hash[0] || (h[0] == hash[0] && h[1] < hash[1]))
			memcpy(hash, h, sizeof h);
	}
}

/* ---- what must hold ------------------------------------------------------------------------- */

static bool wrong(struct world *w, const char *what, unsigned line)
{
	snprintf(w->error, sizeof w->error, "%s (line %u)", what, line);
	return false;
}

static bool messages_have_last(const struct world *w, uint64_t line)
{
	const struct queue *heap[] = { &w->sim->homes, &w->sim->messages };

	for (unsigned h = 0; h < 2; h++)
		for (size_t i = 0; i < queue_count(heap[h]); i++) {
			const struct event *e = heap[h]->item[i].event;

			if ((e->type == EVENT_FILL || e->type == EVENT_REPLY) &&
			    e->txn->line == line && e->answer.found &&
			    is_last(w, line, e->answer.version))
				return true;
		}
	return false;
}

static bool node_has_last(const struct world *w, const struct node *node, uint64_t line)
{
	const struct slot *slot = node_copy(node, line);
	const struct txn *t = txn_pending(node, line);
	const struct dirent *d = node->entry ? node->entry[line] : NULL;

	if ((slot && is_last(w, line, slot->version)) ||
	    (t && t->have_data && is_last(w, line, t->version)))
		return true;
	if (d && d->busy && d->busy->dirty && is_last(w, line, d->busy->version))
		return true;
	for (const struct write_back *b = node->write_back; b; b = b->next)
		if (b->line == line && !b->superseded && is_last(w, line, b->version))
			return true;
	return false;
}

static bool last_is_somewhere(const struct world *w, uint64_t line)
{
	const struct sim *sim = w->sim;
	const struct dirent *d = sim->root->entry[line];

	if (is_last(w, line, d ? d->version : 0) || messages_have_last(w, line))
		return true;
	for (unsigned i = 0; i < w->search->cpus; i++)
		if (node_has_last(w, sim->cpu[i].node, line))
			return true;
	for (unsigned i = 0; i < sim->shared_count; i++)
		if (node_has_last(w, sim->shared[i], line))
			return true;
	return false;
}

static bool state_is_good(struct world *w)
{
	for (unsigned l = 0; l < w->search->lines; l++) {
		unsigned copies = 0, writers = 0;

		for (unsigned i = 0; i < w->search->cpus; i++) {
			const struct slot *copy = copy_of(&w->sim->cpu[i], w->line[l]);

			copies += copy != NULL;
			writers += copy && state_alone(copy->state);
			if (copy && !is_last(w, w->line[l], copy->version))
				return wrong(w, "a copy is not the last written value", l);
		}
		if (writers > 1 || (writers && copies > 1))
			return wrong(w, "a writer is not alone", l);
		if (!last_is_somewhere(w, w->line[l]))
			return wrong(w, "the last written value is lost", l);
	}
	return true;
}

/* At rest: does the home know its client's copy? */
static bool home_knows(const struct world *w, const struct node *home, const struct node *client,
		       uint64_t line)
{
	const struct slot *copy = node_copy(client, line);
	const struct dirent *d = home->entry[line];
	bool owner = d && d->owner == client, sharer = d && d->sharers[0] >> client->index & 1;

	if (copy && copy->state != STATE_S && !owner)   /* alone, or who answers for the others */
		return false;
	if (copy && copy->state == STATE_S && !sharer && !owner)
		return false;
	if (home->kind == NODE_ROOT && w->search->home == HOME_BUS)
		return copy || (!owner && !sharer);
	return true;
}

/* At rest: a home whose clients all have the line clean has the last written value itself. (Above a
 * shared level that has it alone it may be written without a word.) */
static bool home_has_last(const struct world *w, const struct node *home, uint64_t line)
{
	const struct slot *slot = NULL;
	const struct dirent *d = home->entry[line];

	for (unsigned i = 0; i < home->children; i++) {
		const struct node *client = home->child[i];

		slot = node_copy(client, line);
		if (slot && (state_dirty(slot->state) ||
			     (client->kind == NODE_SHARED && state_alone(slot->state))))
			return true;
	}
	if (home->kind == NODE_ROOT)
		return is_last(w, line, d ? d->version : 0);
	slot = cache_find(&home->level_cache[0], line);
	return !slot || is_last(w, line, slot->version);
}

/* At rest: does the copy's shared level, if it has one, allow it? */
static bool level_allows(const struct node *client, uint64_t line)
{
	const struct slot *copy = node_copy(client, line),
			  *level = NULL;

	if (!copy || client->parent->kind != NODE_SHARED)
		return true;
	level = cache_find(&client->parent->level_cache[0], line);
	if (!level || (state_alone(copy->state) && !state_alone(level->state)))
		return false;
	/* only M comes without a word */
	return copy->state == STATE_M || !state_dirty(copy->state) || state_dirty(level->state);
}

static bool rest_is_good(struct world *w)
{
	for (unsigned l = 0; l < w->search->lines; l++)
		for (unsigned i = 0; i < w->search->cpus + w->sim->shared_count; i++) {
			bool cpu = i < w->search->cpus;
			struct node *node =
				cpu ? w->sim->cpu[i].node : w->sim->shared[i - w->search->cpus];
			const struct dirent *d = node->parent->entry[w->line[l]];

			if (cpu && w->waits[i])
				return wrong(w, "nothing is pending, and a CPU waits", l);
			if (cpu && w->sim->cpu[i].buffer.count)
				return wrong(w, "nothing is pending, and a store is in its buffer", l);
			if (txn_pending(node, w->line[l]) || (d && (d->busy || d->head)))
				return wrong(w, "nothing is pending, and a transaction is not over",
					     l);
			if (node->write_back)
				return wrong(w,
					     "nothing is pending, and a write-back has not arrived",
					     l);
			if (!home_knows(w, node->parent, node, w->line[l]))
				return wrong(w, "at rest a home is wrong about a copy", l);
			if (!home_has_last(w, node->parent, w->line[l]))
				return wrong(w, "at rest all have it clean, and the home is behind", l);
			if (!level_allows(node, w->line[l]))
				return wrong(w, "at rest a copy is more than its shared level", l);
		}
	return true;
}

/* ---- search --------------------------------------------------------------------------------- */

/* Delivers all that is pending, in the order of times. */
static bool come_to_rest(struct world *w)
{
	struct sim *sim = w->sim;

	for (unsigned n = 0; queue_count(&sim->homes) || queue_count(&sim->messages); n++) {
		bool home = queue_count(&sim->homes) && (!queue_count(&sim->messages) ||
						 sim->homes.item->time <= sim->messages.item->time);

		sim->now = home ? sim->homes.item->time : sim->messages.item->time;
		if (!act(w, (struct action){ .kind = DELIVER,
					     .index = (uint8_t)(home ? 0 : queue_count(&sim->homes)) }))
			return false;
		if (n == REST_LIMIT)
			return wrong(w, "it does not come to rest", 0);
	}
	return rest_is_good(w);
}

static void forget_entry(const struct node *home, uint64_t number)
{
	struct dirent *d = home->entry ? home->entry[number] : NULL;

	if (!d)
		return;
	memset(d, 0, sizeof *d + (home->children + 63) / 64 * sizeof d->sharers[0]);
	d->line = number;
}

static void forget_line(struct world *w, uint64_t number)
{
	struct sim *sim = w->sim;
	struct line *line = sim->line[number];

	for (unsigned i = 0; i < w->search->cpus + sim->shared_count; i++) {
		struct node *node =
			i < w->search->cpus ? sim->cpu[i].node : sim->shared[i - w->search->cpus];
		struct cache *c = &node->level_cache[node->levels - 1];
		struct slot *slot = cache_find(c, number);

		if (slot)
			slot_set_line(c, slot, NO_LINE);
		forget_entry(node, number);
	}
	forget_entry(sim->root, number);
	if (!line)
		return;
	sim->version[line->number] = line->epoch = 0;
	line->last_write = (struct origin){ 0 };
	memset(line->had_lost, 0, 2 * sim->words * sizeof *line->had_lost);
	for (unsigned i = 0; line->party && i < sim->head.cpus; i++)
		if (line->party[i])
			*line->party[i] = (struct party){ 0 };
	line->bytes = NULL;
}

/* As if nothing had ever happened. The machine must be at rest. */
static void start_over(struct world *w)
{
	for (unsigned l = 0; l < w->search->lines; l++)
		forget_line(w, w->line[l]);
	for (unsigned i = 0; i < w->search->cpus; i++)
		w->sim->cpu[i].txns = w->sim->cpu[i].buffer.drained = 0;
	w->sim->now = 0;
}

static unsigned path_to(const struct world *w, uint32_t index, struct action *path)
{
	unsigned n = 0;

	for (; index; index = w->state[index].parent)
		path[PATH_MAX_ - ++n] = w->state[index].by;
	memmove(path, path + PATH_MAX_ - n, n * sizeof *path);
	return n;
}

static bool repeat(struct world *w, const struct action *path, unsigned length, bool aloud)
{
	for (unsigned i = 0; i < length; i++) {
		if (aloud)
			describe(w, path[i]);
		if (!act(w, path[i]))
			return false;
	}
	return true;
}

/* True if it was not there; it is afterwards. */
static bool add_state(struct world *w, const uint64_t hash[2], uint32_t parent, struct action by)
{
	size_t b = hash[0] & (w->buckets - 1);

	for (; w->bucket[b]; b = (b + 1) & (w->buckets - 1)) {
		const struct seen *s = &w->state[w->bucket[b] - 1];

		if (s->hash[0] == hash[0] && s->hash[1] == hash[1])
			return false;
	}
	if (w->states == w->room) {
		w->cut = true;
		return false;
	}
	w->state[w->states++] = (struct seen){ { hash[0], hash[1] }, parent, by };
	w->bucket[b] = (uint32_t)w->states;
	return true;
}

/* ---- worlds --------------------------------------------------------------------------------- */

static struct machine machine_of(const struct search *s, const struct variant *v)
{
	struct machine m = s->shared_level ? engine_machine_shared() : engine_machine();

	m.protocol = (int)v->word;
	m.dirty_read = (int)v->dirty_read;
	m.home = (int)s->home;
	m.handoff.home = (int)s->order;
	m.handoff.local_bias = s->bias;
	m.link.bus_slot_ns = m.link.bytes_per_ns = 0;   /* no waits: order is ours */
	if (s->starts & 1u << BUFFERS)
		m.store_buffer = 2;
	if (s->starts >> FARS & 1) {
		m.far_atomic.service_ns = 5;
		m.far_atomic.latency_ns = 50;
	}
	if (s->one_way)
		m.l1d = (struct cache_level){ 1, 1, 1, 1 };
	if (s->shared_level)
		m.l2 = (struct cache_level){ 1, 1, 10, 2 };
	return m;
}

static bool keeps_neighbours(const struct world *w, const struct permutation *p)
{
	for (unsigned i = 0; i < w->search->cpus; i++)
		for (unsigned k = 0; k < w->search->cpus; k++) {
			const struct cpu *c = w->sim->cpu;

			if ((c[i].node->parent == c[k].node->parent) !=
			    (c[p->cpu[i]].node->parent == c[p->cpu[k]].node->parent))
				return false;
		}
	return true;
}

/* Finishes one: inverses, and where the shared levels go. */
static void add_permutation(struct world *w, const uint8_t cpu[CPUS_MAX])
{
	struct permutation p = { 0 };

	memcpy(p.cpu, cpu, sizeof p.cpu);
	if (!keeps_neighbours(w, &p))
		return;
	for (unsigned i = 0; i < w->search->cpus; i++) {
		const struct node *from = w->sim->cpu[i].node->parent,
				  *to = w->sim->cpu[p.cpu[i]].node->parent;

		p.cpu_at[p.cpu[i]] = (uint8_t)i;
		if (from->kind == NODE_SHARED) {
			p.shared[from->id] = (uint8_t)to->id;
			p.shared_at[to->id] = (uint8_t)from->id;
		}
	}
	for (unsigned turn = 0; turn < w->search->lines; turn++) {
		for (unsigned l = 0; l < w->search->lines; l++)
			p.line[l] = p.line_at[l] = (uint8_t)(l ^ turn);
		w->perm[w->perms++] = p;
	}
}

static void permute(struct world *w, uint8_t cpu[CPUS_MAX], unsigned done)
{
	if (done == w->search->cpus)
		add_permutation(w, cpu);
	for (unsigned i = done; i < w->search->cpus; i++) {
		uint8_t swap = cpu[done];

		cpu[done] = cpu[i];
		cpu[i] = swap;
		permute(w, cpu, done + 1);
		cpu[i] = cpu[done];
		cpu[done] = swap;
	}
}

static void open_world(struct world *w)
{
	struct sim_options options = engine_options(&w->machine, w->search->cpus);
	uint8_t cpu[CPUS_MAX] = { 0, 1, 2, 3 };
	void *line;

	options.warmup = 1;             /* nothing is counted */
	if (w->search->apart) {
		options.placement = PLACEMENT_CORES;
		for (unsigned i = 0; i < w->search->cpus; i++)
			options.core[i] = 2 * i;        /* two share one */
	}
	options.arena_bytes = 1 << 20;
	w->sim = engine_sim(&options);
	if (w->search->damaged) {
		node_set_protocol(w->sim->root, w->search->damaged);
		for (unsigned i = 0; i < w->sim->shared_count; i++)
			node_set_protocol(w->sim->shared[i], w->search->damaged);
	}
	line = arena_alloc(w->sim, LINE, 32, 0, 4096, NULL, "line");
	w->line[0] = sim_offset(w->sim, line) >> LINE_SHIFT;
	w->line[1] = w->line[0] + 16;   /* the same set of a one-way cache of 1 KiB */
	memset(w->waits, 0, sizeof w->waits);
	w->perms = 0;
	permute(w, cpu, 0);
}

/* ---- the search ----------------------------------------------------------------------------- */

static void show_path(struct world *w, const struct action *path, unsigned length)
{
	char error[sizeof w->error];

	if (w->search->quiet)
		return;
	memcpy(error, w->error, sizeof error);
	print_error("%s: %s: %s, after:\n", w->variant->protocol->name, w->search->name, error);
	open_world(w);                  /* the old one is beyond repair */
	if (repeat(w, path, length, true))
		print_error("  (and all that is pending)\n");
	memcpy(w->error, error, sizeof error);
}

/* One step further from state `from`, whose path is given; false if something is wrong. */
static bool step_further(struct world *w, uint32_t from, struct action *path, unsigned length,
			 struct action action)
{
	uint64_t hash[2];

	path[length] = action;
	w->edges++;
	if (!repeat(w, path, length + 1, false) || !state_is_good(w))
		return false;
	hash_state(w, hash);
	add_state(w, hash, from, action);
	if (!come_to_rest(w))
		return false;
	start_over(w);
	return true;
}

static bool expand(struct world *w, uint32_t from)
{
	struct action path[PATH_MAX_], list[ACTIONS_MAX];
	unsigned length = path_to(w, from, path), count;

	if (!repeat(w, path, length, false))
		return false;
	count = actions(w, list);
	if (!come_to_rest(w)) {
		show_path(w, path, length);
		return false;
	}
	start_over(w);
	for (unsigned i = 0; i < count; i++)
		if (!step_further(w, from, path, length, list[i])) {
			show_path(w, path, length + 1);
			return false;
		}
	return true;
}

static bool explore(struct world *w, const struct search *search, const struct variant *variant,
		    size_t limit)
{
	uint64_t hash[2];
	bool good = true;
	size_t done = 0;

	*w = (struct world){ .search = search, .variant = variant,
			     .machine = machine_of(search, variant), .room = limit,
			     .buckets = 1024 };
	while (w->buckets * 3 / 4 <= limit)
		w->buckets *= 2;
	w->state = xalloc(limit * sizeof *w->state);
	w->bucket = xmap(w->buckets * sizeof *w->bucket);
	open_world(w);
	hash_state(w, hash);
	add_state(w, hash, 0, (struct action){ 0 });
	while (good && done < w->states)
		good = expand(w, (uint32_t)done++);
	free(w->state);
	xunmap(w->bucket, w->buckets * sizeof *w->bucket);
	return good;
}

/* ---- tests ---------------------------------------------------------------------------------- */

enum {
	LOAD_STORE = 1 << LOADS | 1 << STORES,
	AND_EVICT = LOAD_STORE | 1 << EVICTS,
	AND_PREFETCH = LOAD_STORE | 1 << PREFETCHES | 1 << PREFETCHES_WRITE,
	ALL_STARTS = AND_EVICT | AND_PREFETCH,
	BUFFERED = 1 << LOADS | 1 << BUFFERS,
	BUFFERED_AND_LOCK = BUFFERED | 1 << STORES,
	AND_FAR = AND_EVICT | 1 << FARS,
};

/* clang-format off */
enum { CHECK, ONE_WAY = 1, SHARED_LEVELS = 2, DEEP = 4, EACH = 8, APART = 16, BIAS = 32 };
#define SEARCH(name_, cpus_, lines_, order_, home_, starts_, how_) \
	{ .name = name_, .cpus = cpus_, .lines = lines_, .order = ORDER_##order_, \
	  .home = HOME_##home_, .starts = starts_, .one_way = (how_) & ONE_WAY, \
	  .shared_level = (how_) & SHARED_LEVELS, .deep = (how_) & DEEP, .bias = (how_) & BIAS, \
	  .each = (how_) & EACH, .apart = (how_) & APART }

static const struct search searches[] = {
	/* one line; copies are dropped at any time */
	SEARCH("flat, chasing, 2 CPUs",
	       2, 1, CHASING, DIRECTORY, AND_EVICT, EACH),
	SEARCH("flat, blocking, 2 CPUs",
	       2, 1, BLOCKING, DIRECTORY, AND_EVICT, EACH),
	SEARCH("flat, chasing, 2 CPUs, prefetches",
	       2, 1, CHASING, DIRECTORY, ALL_STARTS, CHECK),
	SEARCH("flat, chasing, 3 CPUs",
	       3, 1, CHASING, DIRECTORY, AND_EVICT, EACH),
	SEARCH("flat, blocking, 3 CPUs",
	       3, 1, BLOCKING, DIRECTORY, AND_EVICT, EACH),
	SEARCH("bus, chasing, 2 CPUs",
	       2, 1, CHASING, BUS, AND_EVICT, EACH),
	SEARCH("bus, chasing, 3 CPUs",
	       3, 1, CHASING, BUS, AND_EVICT, CHECK),
	SEARCH("bus, blocking, 3 CPUs",
	       3, 1, BLOCKING, BUS, AND_EVICT, CHECK),
	SEARCH("flat, chasing, 4 CPUs, nothing is dropped",
	       4, 1, CHASING, DIRECTORY, LOAD_STORE, EACH),
	SEARCH("flat, chasing, 4 CPUs",
	       4, 1, CHASING, DIRECTORY, AND_EVICT, DEEP),
	SEARCH("flat, blocking, 4 CPUs",
	       4, 1, BLOCKING, DIRECTORY, AND_EVICT, DEEP),
	SEARCH("bus, chasing, 4 CPUs",
	       4, 1, CHASING, BUS, AND_EVICT, DEEP),
	SEARCH("flat, chasing, 3 CPUs, prefetches",
	       3, 1, CHASING, DIRECTORY, AND_PREFETCH, DEEP),
	/* LOCK operations at the home */
	SEARCH("flat, chasing, 2 CPUs, far",
	       2, 1, CHASING, DIRECTORY, AND_FAR, EACH),
	SEARCH("flat, blocking, 2 CPUs, far",
	       2, 1, BLOCKING, DIRECTORY, AND_FAR, EACH),
	SEARCH("bus, chasing, 2 CPUs, far",
	       2, 1, CHASING, BUS, AND_FAR, EACH),
	SEARCH("flat, chasing, 3 CPUs, far",
	       3, 1, CHASING, DIRECTORY, AND_FAR, DEEP),
	SEARCH("flat, chasing, 2 CPUs, prefetches, far",
	       2, 1, CHASING, DIRECTORY, AND_PREFETCH | 1 << FARS, DEEP),
	SEARCH("shared level, chasing, 2 CPUs, far",
	       2, 1, CHASING, BUS, AND_FAR, SHARED_LEVELS | EACH),
	SEARCH("two shared levels, chasing, 2 CPUs, far",
	       2, 1, CHASING, BUS, AND_FAR, SHARED_LEVELS | APART | EACH),
	SEARCH("two shared levels, blocking, 2 CPUs, nothing is dropped, far",
	       2, 1, BLOCKING, DIRECTORY, LOAD_STORE | 1 << FARS, SHARED_LEVELS | APART | EACH),
	SEARCH("shared levels, chasing, 3 CPUs, nothing is dropped, far",
	       3, 1, CHASING, BUS, LOAD_STORE | 1 << FARS, SHARED_LEVELS | DEEP),
	/* two lines that share a way */
	SEARCH("flat, chasing, 2 CPUs, two lines",
	       2, 2, CHASING, DIRECTORY, LOAD_STORE, ONE_WAY | EACH),
	SEARCH("flat, blocking, 2 CPUs, two lines",
	       2, 2, BLOCKING, DIRECTORY, LOAD_STORE, ONE_WAY | DEEP),
	SEARCH("bus, chasing, 2 CPUs, two lines",
	       2, 2, CHASING, BUS, LOAD_STORE, ONE_WAY),
	SEARCH("flat, chasing, 2 CPUs, two lines, prefetches",
	       2, 2, CHASING, DIRECTORY, AND_PREFETCH, ONE_WAY | DEEP),
	SEARCH("bus, chasing, 2 CPUs, two lines, prefetches",
	       2, 2, CHASING, BUS, AND_PREFETCH, ONE_WAY | DEEP),
	SEARCH("flat, chasing, 3 CPUs, two lines",
	       3, 2, CHASING, DIRECTORY, LOAD_STORE, ONE_WAY | DEEP),
	/* store buffers of two entries */
	SEARCH("flat, chasing, 2 CPUs, buffers",
	       2, 1, CHASING, DIRECTORY, BUFFERED_AND_LOCK | AND_EVICT, EACH),
	SEARCH("flat, chasing, 3 CPUs, buffers",
	       3, 1, CHASING, DIRECTORY, BUFFERED, EACH),
	SEARCH("flat, blocking, 3 CPUs, buffers",
	       3, 1, BLOCKING, DIRECTORY, BUFFERED, DEEP),
	SEARCH("flat, chasing, 2 CPUs, two lines, buffers, stores alone",
	       2, 2, CHASING, DIRECTORY, 1 << BUFFERS, EACH),
	SEARCH("flat, blocking, 2 CPUs, two lines, buffers, stores alone",
	       2, 2, BLOCKING, DIRECTORY, 1 << BUFFERS, EACH),
	SEARCH("flat, chasing, 2 CPUs, two lines, one way, buffers, stores alone",
	       2, 2, CHASING, DIRECTORY, 1 << BUFFERS, ONE_WAY),
	SEARCH("flat, chasing, 2 CPUs, two lines, buffers",
	       2, 2, CHASING, DIRECTORY, BUFFERED, DEEP | EACH),
	SEARCH("flat, blocking, 2 CPUs, two lines, buffers",
	       2, 2, BLOCKING, DIRECTORY, BUFFERED, DEEP),
	SEARCH("flat, chasing, 2 CPUs, two lines, one way, buffers",
	       2, 2, CHASING, DIRECTORY, BUFFERED, ONE_WAY | DEEP),
	SEARCH("flat, blocking, 2 CPUs, two lines, one way, buffers",
	       2, 2, BLOCKING, DIRECTORY, BUFFERED_AND_LOCK, ONE_WAY | DEEP),
	SEARCH("bus, chasing, 2 CPUs, two lines, buffers",
	       2, 2, CHASING, BUS, BUFFERED_AND_LOCK, DEEP),
	SEARCH("shared level, chasing, 2 CPUs, two lines, buffers",
	       2, 2, CHASING, BUS, BUFFERED, SHARED_LEVELS | DEEP),
	SEARCH("flat, chasing, 3 CPUs, two lines, buffers",
	       3, 2, CHASING, DIRECTORY, BUFFERED, DEEP),
	/* an L2 of one way shared by CPUs 0 and 1, another by 2 and 3 */
	SEARCH("shared level, chasing, 2 CPUs, two lines",
	       2, 2, CHASING, BUS, LOAD_STORE, SHARED_LEVELS | EACH),
	SEARCH("shared level, chasing, 2 CPUs, two lines, stores dropped",
	       2, 2, CHASING, BUS, 1 << STORES | 1 << EVICTS, SHARED_LEVELS | EACH),
	SEARCH("shared level, chasing, 2 CPUs, two lines, loads dropped",
	       2, 2, CHASING, BUS, 1 << LOADS | 1 << EVICTS, SHARED_LEVELS | EACH),
	SEARCH("shared level, chasing, 2 CPUs, two lines, dropped",
	       2, 2, CHASING, BUS, AND_EVICT, SHARED_LEVELS | DEEP),
	SEARCH("shared level, blocking, 2 CPUs, two lines",
	       2, 2, BLOCKING, BUS, LOAD_STORE, SHARED_LEVELS | DEEP),
	SEARCH("shared level, chasing, 2 CPUs",
	       2, 1, CHASING, BUS, AND_EVICT, SHARED_LEVELS | EACH),
	SEARCH("shared levels, chasing, 3 CPUs",
	       3, 1, CHASING, BUS, AND_EVICT, SHARED_LEVELS),
	SEARCH("shared levels, chasing, 3 CPUs, nothing is dropped, bias",
	       3, 1, CHASING, BUS, LOAD_STORE, SHARED_LEVELS | BIAS | EACH),
	SEARCH("shared levels, blocking, 3 CPUs, nothing is dropped, bias",
	       3, 1, BLOCKING, DIRECTORY, LOAD_STORE, SHARED_LEVELS | BIAS | EACH),
	SEARCH("shared levels, chasing, 4 CPUs, nothing is dropped, bias",
	       4, 1, CHASING, DIRECTORY, LOAD_STORE, SHARED_LEVELS | BIAS | EACH | DEEP),
	SEARCH("shared levels, blocking, 3 CPUs, bias",
	       3, 1, BLOCKING, DIRECTORY, AND_EVICT, SHARED_LEVELS | BIAS | DEEP),
	SEARCH("shared levels, chasing, 3 CPUs, nothing is dropped",
	       3, 1, CHASING, BUS, LOAD_STORE, SHARED_LEVELS | EACH),
	SEARCH("shared levels, blocking, 3 CPUs",
	       3, 1, BLOCKING, BUS, AND_EVICT, SHARED_LEVELS | DEEP),
	SEARCH("shared levels, chasing, 3 CPUs, two lines",
	       3, 2, CHASING, BUS, LOAD_STORE, SHARED_LEVELS | ONE_WAY | DEEP),
	SEARCH("shared levels, directory, 3 CPUs, two lines",
	       3, 2, CHASING, DIRECTORY, LOAD_STORE, SHARED_LEVELS | ONE_WAY | DEEP),
	SEARCH("shared levels, chasing, 4 CPUs",
	       4, 1, CHASING, BUS, LOAD_STORE, SHARED_LEVELS | DEEP),
};
/* clang-format on */

#if defined(__SANITIZE_ADDRESS__)
enum { SLOWED = 1 };
#elif defined(__has_feature)
enum { SLOWED = __has_feature(address_sanitizer) };
#else
enum { SLOWED = 0 };
#endif

/* Deep searches that end before they have seen everything say so: more would take too long. */
static void search_one(const struct search *search, const struct variant *variant, size_t limit)
{
	struct world *w = xalloc(sizeof *w);

	if (!explore(w, search, variant, limit))
		fail_msg("%s: %s: %s", variant->protocol->name, search->name, w->error);
	if (w->cut && !search->deep && !SLOWED)
		fail_msg("%s: %s: more than %zu states; make it smaller or deep",
			 variant->protocol->name, search->name, limit);
	print_message("%-13s  %-50s %8zu states%s, %8zu steps\n", variant->protocol->name,
		      search->name, w->states, w->cut ? " (cut)" : "", w->edges);
	sim_free(w->sim);
	free(w);
}

/*
 * A deep search has more states than anybody waits for. BOUNCE_VERIFY=1 takes each some way, so that
 * all of them are begun within half an hour; a larger number is how many states each may have.
 */
static void every_reachable_state(void **state)
{
	const char *verify = getenv("BOUNCE_VERIFY");
	size_t asked = verify ? strtoul(verify, NULL, 10) : 0, deep = asked > 1 ? asked : 100000;
	size_t limit = verify ? 1000000 : SLOWED ? 8000 : 300000;

	(void)state;
	for (size_t i = 0; i < sizeof searches / sizeof *searches; i++)
		for (unsigned v = 0; v < VARIANTS; v++)
			if (verify || (!searches[i].deep && (v == 0 || searches[i].each)))
				search_one(&searches[i], &variants[v],
					   searches[i].deep ? deep : limit);
}

/* ---- damage --------------------------------------------------------------------------------- */

static void share_survives_invalidation(struct protocol *p)
{
	p->copy[STATE_S][COPY_PROBE_INVALIDATE].next = STATE_S;
}

static void modified_survives_sharing(struct protocol *p)
{
	p->copy[STATE_M][COPY_PROBE_SHARE].next = STATE_M;
}

static void modified_is_dropped(struct protocol *p)
{
	p->copy[STATE_M][COPY_EVICT].action = 0;
}

static void second_reader_gets_e(struct protocol *p)
{
	p->home[HOME_S][GET_SHARED].action = HOME_SEND | HOME_GRANT_E;
}

static void sharers_are_forgotten(struct protocol *p)
{
	p->home[HOME_S][GET_MODIFIED].action = HOME_SEND | HOME_GRANT_M;
}

static void upgrades_do_not_invalidate(struct protocol *p)
{
	p->home[HOME_S][UPGRADE].action = HOME_GRANT_M;
}

static void owner_is_not_asked(struct protocol *p)
{
	p->home[HOME_X][GET_SHARED].action = HOME_SEND | HOME_GRANT_S;
}

static void modified_stays_away(struct protocol *p)
{
	p->copy[STATE_M][COPY_PROBE_SHARE].action = DO_DATA;
}

static void two_forward(struct protocol *p)
{
	p->copy[STATE_F][COPY_PROBE_SHARE].next = STATE_F;
}

static void forward_survives_invalidation(struct protocol *p)
{
	p->copy[STATE_F][COPY_PROBE_INVALIDATE].next = STATE_F;
}

static void upgrades_leave_sharers(struct protocol *p)
{
	p->home[HOME_O][UPGRADE].action &= ~HOME_INVALIDATE;
}

static void writes_leave_sharers(struct protocol *p)
{
	p->home[HOME_O][GET_MODIFIED].action &= ~HOME_INVALIDATE;
}

static void reader_of_clean_gets_e(struct protocol *p)
{
	p->answered[HOME_X][ANSWER_SHARED].action = HOME_OWNER_SHARES | HOME_GRANT_E;
}

static void old_forward_is_forgotten(struct protocol *p)
{
	p->answered[HOME_O][ANSWER_SHARED].action = HOME_OWNER_GONE | HOME_GRANT_F;
}

static void owned_is_dropped(struct protocol *p)
{
	p->copy[STATE_O][COPY_EVICT].action = 0;
}

static void owned_writes_silently(struct protocol *p)
{
	p->copy[STATE_O][COPY_STORE] = (struct copy_rule){ DO_HIT, STATE_M };
}

static void owned_becomes_shared(struct protocol *p)
{
	p->copy[STATE_O][COPY_PROBE_SHARE].next = STATE_S;
}

static void memory_answers_for_owned(struct protocol *p)
{
	p->home[HOME_O][GET_SHARED].action = HOME_SEND | HOME_MEMORY | HOME_GRANT_S;
}

static void owner_is_taken_for_a_sharer(struct protocol *p)
{
	p->answered[HOME_X][ANSWER_OWNED].action = HOME_OWNER_SHARES | HOME_GRANT_S;
}

/* Right unless the upgrader's own copy has had to go meanwhile. */
static void upgrades_get_no_data_of_owned(struct protocol *p)
{
	p->home[HOME_O][UPGRADE].action = HOME_INVALIDATE | HOME_GRANT_M;
}

static void moved_line_is_kept(struct protocol *p)
{
	p->copy[STATE_M][COPY_PROBE_SHARE].next = STATE_S;
}

static void moved_line_is_clean(struct protocol *p)
{
	p->answered[HOME_X][ANSWER_MOVED].action = HOME_OWNER_GONE | HOME_GRANT_E;
}

static void moved_line_leaves_an_owner(struct protocol *p)
{
	p->answered[HOME_X][ANSWER_MOVED].action = HOME_GRANT_S;
}

static void d_is_dropped(struct protocol *p)
{
	p->copy[STATE_D][COPY_EVICT].action = 0;
}

static void d_survives_sharing(struct protocol *p)
{
	p->copy[STATE_D][COPY_PROBE_SHARE].next = STATE_D;
}

static void far_calls_nobody_in(struct protocol *p)
{
	p->home[HOME_S][FAR_ATOMIC].action = HOME_PERFORM;
}

static void far_leaves_the_owner(struct protocol *p)
{
	p->home[HOME_X][FAR_ATOMIC].action = HOME_PERFORM;
}

static const struct damage {
	const char *name;
	const struct variant *variant;
	void (*break_it)(struct protocol *);
	bool level;                     /* below a shared level */
} damages[] = {
#define MESI    &variants[0]
#define MESIF   &variants[1]
#define MOESI   &variants[2]
#define MIGRATE &variants[3]
	{ "a sharer keeps its copy when it is invalidated", MESI, share_survives_invalidation, 0 },
	{ "an owner keeps its permission when it shares", MESI, modified_survives_sharing, 0 },
	{ "a dirty line is dropped silently", MESI, modified_is_dropped, 0 },
	{ "a second reader gets the line exclusive", MESI, second_reader_gets_e, 0 },
	{ "a write miss leaves the sharers alone", MESI, sharers_are_forgotten, 0 },
	{ "an upgrade leaves the sharers alone", MESI, upgrades_do_not_invalidate, 0 },
	{ "memory answers for an owner", MESI, owner_is_not_asked, 0 },
	{ "a dirty line that is read is not written back", MESI, modified_stays_away, 0 },
	{ "a sharer keeps its copy when it is invalidated", MESIF, share_survives_invalidation, 0 },
	{ "F stays F when another gets it", MESIF, two_forward, 0 },
	{ "F keeps its copy when it is invalidated", MESIF, forward_survives_invalidation, 0 },
	{ "an upgrade leaves sharers and F alone", MESIF, upgrades_leave_sharers, 0 },
	{ "a write miss asks F only", MESIF, writes_leave_sharers, 0 },
	{ "the reader of a clean line gets it exclusive", MESIF, reader_of_clean_gets_e, 0 },
	{ "who had F is forgotten", MESIF, old_forward_is_forgotten, 0 },
	{ "a dirty line that is read is not written back", MESIF, modified_stays_away, 0 },
	{ "a modified line is dropped silently", MOESI, modified_is_dropped, 0 },
	{ "M keeps its permission when it shares", MOESI, modified_survives_sharing, 0 },
	{ "an owned line is dropped silently", MOESI, owned_is_dropped, 0 },
	{ "an owned line is written without a word", MOESI, owned_writes_silently, 0 },
	{ "an owned line that is read again is clean", MOESI, owned_becomes_shared, 0 },
	{ "memory answers for an owned line", MOESI, memory_answers_for_owned, 0 },
	{ "an owner that shares is taken for a sharer", MOESI, owner_is_taken_for_a_sharer, 0 },
	{ "an upgrade asks the owner only", MOESI, upgrades_leave_sharers, 0 },
	{ "a write miss asks the owner only", MOESI, writes_leave_sharers, 0 },
	{ "an upgrade relies on its own copy", MOESI, upgrades_get_no_data_of_owned, 0 },
	{ "an owned line is dropped silently above a level", MOESI, owned_is_dropped, 1 },
	{ "an owned line above a level is clean", MOESI, owned_becomes_shared, 1 },
	{ "the holder keeps what moves", MIGRATE, moved_line_is_kept, 0 },
	{ "what moves is taken for clean", MIGRATE, moved_line_is_clean, 0 },
	{ "the reader of what moves gets it shared", MIGRATE, moved_line_leaves_an_owner, 0 },
	{ "D is dropped silently", MIGRATE, d_is_dropped, 0 },
	{ "D keeps its permission when it shares", MIGRATE, d_survives_sharing, 0 },
	{ "an upgrade relies on its own copy", MIGRATE, upgrades_get_no_data_of_owned, 0 },
	{ "a far operation leaves sharers alone", MESI, far_calls_nobody_in, 0 },
	{ "a far operation leaves an owner alone", MOESI, far_leaves_the_owner, 0 },
	{ "a far operation at a level leaves sharers alone", MIGRATE, far_calls_nobody_in, 1 },
	{ "the holder above a level keeps what moves", MIGRATE, moved_line_is_kept, 1 },
	{ "D above a level keeps its permission", MIGRATE, d_survives_sharing, 1 },
};

/* In a process of its own: what is found wrong stays broken. */
static bool is_found(const struct search *search, const struct variant *variant)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct world *w = xalloc(sizeof *w);

		_exit(explore(w, search, variant, 20000) ? 1 : 0);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void damaged_tables_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const struct damage *d = &damages[i];
		struct protocol damaged = *d->variant->protocol;
		struct search search = { .name = d->name,
					 .cpus = 3,
					 .lines = 1,
					 .starts = AND_FAR,
					 .shared_level = d->level,
					 .home = d->level ? HOME_BUS : HOME_DIRECTORY,
					 .quiet = true,
					 .damaged = &damaged };

		d->break_it(&damaged);
		if (!is_found(&search, d->variant))
			fail_msg("not found: %s: %s", d->variant->protocol->name, d->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reachable_state),
		cmocka_unit_test(damaged_tables_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
