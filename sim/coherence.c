/*
 * Homes and clients: who may have a line, and how it travels.
 *
 * A transaction is a request (TXN_REQUEST). This is its life, with the functions that lead on:
 *
 *   asked      the client wants a line, or leave to write it           [coherence_request]
 *     |  EVENT_REQUEST
 *   admitted   it has had its slot of the slice or bus                 [on_request, admission]
 *     |
 *   queued     until the line is not busy: FIFO, but for local_bias    [dir_next, dir_pick]
 *     |
 *   busy       begins; it waits                                        [begin]
 *     |          until its client's own write-back is here             [on_put]
 *     |          or, at a shared level that lacks the line, until a
 *     |          request of that level to the home below is complete   [fetch, shared_filled]
 *   served     it has its place in the line's order; the table says    [serve]
 *     |
 *     +- send line ---------------------- EVENT_FILL ------------.     [send_line]
 *     +- the requester has it: permission EVENT_FILL ------------|     [grant_upgrade]
 *     +- ask owner -- EVENT_PROBE -> owner                       |     [probe_owner, on_probe]
 *     |                 has it ---------- EVENT_FILL ------------|     [answer, answer_line]
 *     |                   it shares: EVENT_REPLY -> home         |     [reader_answered]
 *     |                 has nothing: EVENT_REPLY -> home         |
 *     |                                   EVENT_FILL ------------|     [send_instead]
 *     +- invalidate - EVENT_PROBE -> sharers                     |     [invalidate_sharers]
 *     |                 the last one -- EVENT_ACK ---------------|     [acknowledge, on_ack]
 *     `- do it here - EVENT_PROBE -> all copies                  |     [serve_far, collect]
 *                       EVENT_REPLY -> home, EVENT_SERVICE       |     [collected, service]
 *                                         EVENT_FILL ------------|     [on_service]
 *                                                                |
 *   filled     data and acknowledgements are there  <------------'     [on_fill, complete]
 *     |          a CPU goes on, or a buffered store                    [cpu_filled]
 *     |          a shared level goes on with what waits there          [shared_filled]
 *     |        a probe that was later in order, but here before the
 *     |        line, has waited (deferred) and comes now               [coherence_probe_again]
 *     |  EVENT_DONE, to a blocking home: the line is busy until then   [send_done, on_done]
 *   gone       with the last message that names it                     [txn_put]
 *
 * The line is busy from `busy` on: at a chasing home until `served`, or until the owner that a
 * reader asks has answered; at a blocking home also until EVENT_DONE (wait_over counts these).
 *
 * A shared level is the home of the caches above and a client of the home below. There are two
 * kinds more of transactions, both its own:
 *   TXN_SNOOP  a probe from below: queued before requests [shared_probe, queue_snoop], but beside
 *              one that waits for the home below (bypass) [snoops_first]; collects the answers
 *              of the caches above [snoop_begin, collected], then answers itself [snoop_done]
 *   TXN_EVICT  makes room: calls in the copies above [shared_room], then writes back [evict_done]
 * A line that is written back is no transaction but an EVENT_PUT; until it is home (on_put) its
 * sender answers probes, which then take the line from it (superseded).
 *
 * Legs: a transaction's total is the machine's table value for the state found and the farthest
 * pair of requester, home and owner. The request leg depends on requester and home, the probe
 * leg on what the home knows; the last leg is what is left of the total (docs/model.md).
 */
#include "sim/coherence.h"
#include "sim/access.h"
#include "sim/copies.h"
#include "sim/cpu.h"
#include "sim/effect.h"
#include "sim/message.h"
#include "sim/verbs/random.h"

#include <stdlib.h>
#include <string.h>

/* ---- distances and legs --------------------------------------------------------------------- */

static unsigned line_node(const struct sim *sim, uint64_t line)
{
	unsigned node = sim->head.arena.region_bytes
				? (unsigned)((line << LINE_SHIFT) / sim->head.arena.region_bytes)
				: 0;

	return node < sim->head.nodes ? node : sim->head.nodes - 1;
}

/* First core of the NUMA node that the line's memory belongs to. */
static unsigned home_core(const struct sim *sim, uint64_t line)
{
	return line_node(sim, line) * sim->cores / sim->head.nodes;
}

/* Does it matter where the home is? A bus and a memory without nodes are equally far from all. */
static bool home_has_place(const struct sim *sim)
{
	return sim->homes_have_place;
}

static unsigned most(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* From a client to its home, as an index into the latency lists. */
static inline unsigned home_distance(const struct sim *sim, const struct node *client,
				     uint64_t line)
{
	if (client->parent->kind == NODE_SHARED)
		return client->parent->level;
	if (!home_has_place(sim))
		return sim->root_level;
	return most(sim->root_level, sim_distance(sim, client->core, home_core(sim, line)));
}

/* The farthest pair of requester, supplier and home. */
static inline unsigned farthest(const struct sim *sim, const struct node *client,
				const struct node *from, uint64_t line)
{
	unsigned d;

	if (client->parent->kind == NODE_SHARED)
		return client->parent->level;
	d = most(sim->root_level, sim_distance(sim, client->core, from->core));
	if (!home_has_place(sim))
		return d;
	d = most(d, sim_distance(sim, client->core, home_core(sim, line)));
	return most(d, sim_distance(sim, from->core, home_core(sim, line)));
}

/* Is a dirty line's memory in the reader's own socket, where the machine has a total for that? */
static bool is_homed_at_reader(const struct sim *sim, const struct txn *t, const struct node *from)
{
	return sim->t.homed_at_reader && t->home->kind == NODE_ROOT &&
	       from->socket != t->client->socket && home_has_place(sim) &&
	       machine_socket(&sim->machine, home_core(sim, t->line)) == t->client->socket;
}

/* Which total of a transaction counts, where its line is found in that state at `from`. */
static unsigned total_of(const struct sim *sim, const struct txn *t, const struct node *from,
			 enum state found)
{
	return (found == STATE_M || found == STATE_D) && is_homed_at_reader(sim, t, from)
		       ? (unsigned)DIRTY_HOMED_AT_READER
		       : found;
}

/* Where the line or the permission came from below, only the way up is left: that of a load. */
static inline uint64_t total_legs(const struct sim *sim, const struct txn *t, unsigned total,
				  unsigned far)
{
	return t->fetched ? sim->t.legs[ACCESS_LOAD][STATE_S][t->home->level]
			  : sim->t.legs[t->access][total][far];
}

/*
 * The last leg, which ends at the requester: what is left of the total, a little more or less.
 * Real service times vary (refresh, arbitration, speculation); where they do not, CPUs fall into
 * step. Uniform, so that the mean stays. A shared level that is reached too soon could ask caches
 * above before the horizon that they run ahead to.
 */
static inline uint64_t vary(const struct sim *sim, const struct txn *t, uint64_t leg)
{
	uint64_t shortest = 1, off;

	if (t->client->kind == NODE_SHARED)
		shortest = least(sim->t.least_probe, sim->t.least_request);
	if (!sim->t.service_jitter || leg <= shortest)
		return leg;
	off = least(leg * sim->t.service_jitter / 100, leg - shortest);
	return leg - off + random_share(t->draw, 2 * off + 1);
}

static inline uint64_t last_leg(const struct sim *sim, const struct txn *t, uint64_t total)
{
	return vary(sim, t, less(total, t->spent + t->tail));
}

static inline uint64_t probe_leg(const struct sim *sim, uint64_t rest)
{
	uint64_t leg = timing_probe_leg(&sim->t, rest);

	return leg > sim->t.least_probe ? leg : sim->t.least_probe;
}

/* To a cache above a shared level and back, for that level's own questions. */
static uint64_t inner_probe_leg(const struct sim *sim, const struct node *shared)
{
	unsigned at = shared->level;
	uint64_t clean = sim->t.legs[ACCESS_LOAD][STATE_E][at];
	uint64_t dirty = sim->t.legs[ACCESS_LOAD][STATE_M][at];

	return probe_leg(sim, less(least(clean, dirty), sim->t.request[at]));
}

static uint64_t dram_legs(const struct sim *sim, const struct node *client, uint64_t line)
{
	unsigned own = client->core * sim->head.nodes / sim->cores, i = 0;

	if (own != line_node(sim, line))
		i = most(1, sim_distance(sim, client->core, home_core(sim, line)));
	return sim->t.dram[i < sim->t.dram_count ? i : sim->t.dram_count - 1];
}

/* ---- directory entries ---------------------------------------------------------------------- */

struct dirent *dirent_find(struct sim *sim, struct node *home, uint64_t line)
{
	struct dirent *d = home->entry[line];

	if (!d) {
		d = sim_keep(sim, sizeof *d + (home->children + 63) / 64 * sizeof d->sharers[0]);
		d->line = line;
		home->entry[line] = d;
	}
	return d;
}

static inline bool is_sharer(const struct dirent *d, const struct node *client)
{
	return d->sharers[client->index / 64] >> client->index % 64 & 1;
}

static inline void add_sharer(struct dirent *d, const struct node *client)
{
	if (!is_sharer(d, client))
		d->sharer_count++;
	d->sharers[client->index / 64] |= 1ull << client->index % 64;
}

static inline void remove_sharer(struct dirent *d, const struct node *client)
{
	if (is_sharer(d, client))
		d->sharer_count--;
	d->sharers[client->index / 64] &= ~(1ull << client->index % 64);
}

static inline void clear_sharers(struct dirent *d, const struct node *home)
{
	if (home->children <= 64)
		d->sharers[0] = 0;
	else
		memset(d->sharers, 0, (home->children + 63) / 64 * sizeof d->sharers[0]);
	d->sharer_count = 0;
}

/* Goes over the sharers by their index at the home. */
struct sharers {
	const struct dirent *d;
	uint64_t left;                  /* of the word that it is in */
	unsigned word, words;
};

static inline struct sharers sharers_of(const struct node *home, const struct dirent *d)
{
	return (struct sharers){ d, d->sharers[0], 0, (home->children + 63) / 64 };
}

static inline struct node *next_sharer(const struct node *home, struct sharers *s)
{
	unsigned index;

	while (!s->left) {
		if (++s->word >= s->words)
			return NULL;
		s->left = s->d->sharers[s->word];
	}
	index = s->word * 64 + (unsigned)__builtin_ctzll(s->left);
	s->left &= s->left - 1;
	return home->child[index];
}

/* ---- transactions --------------------------------------------------------------------------- */

static void more_txns(struct sim *sim)
{
	enum { MORE = 64 };
	struct txn *t = sim_block(sim, MORE * sizeof *t);

	for (unsigned i = 0; i < MORE; i++) {
		t[i].next = sim->free_txn;
		sim->free_txn = &t[i];
	}
}

/* All 0 but for what says whose it is; 64 bytes at a time, which compilers do in four stores. */
static inline void txn_clear(struct txn *t)
{
	char *from = (char *)t + TXN_SET;

	_Static_assert(TXN_ZERO > 64 && TXN_ZERO <= 2 * 64, "in two pieces");
	memset(from, 0, 64);
	memset(from + 64, 0, TXN_ZERO - 64);
}

static inline struct txn *txn_new(struct sim *sim, enum txn_kind kind, struct node *client,
				  struct node *home, uint64_t line, unsigned cpu)
{
	struct txn *t;

	if (!sim->free_txn)
		more_txns(sim);
	t = sim->free_txn;
	sim->free_txn = t->next;
	txn_clear(t);
	t->kind = kind;
	t->request = t->access = 0;
	t->version = 0;
	t->client = client;
	t->home = home;
	t->line = line;
	t->cpu = cpu;
	t->origin.site = NULL;
	t->stamp = sim->cpu[cpu].txns++ << STAMP_SHIFT;
	t->start = t->queued_at = sim->now;
	t->references = 1;
	return t;
}

static inline void add_pending(struct txn *t)
{
	struct node *client = t->client;

	t->pending_link = &client->pending;
	t->pending_next = client->pending;
	if (t->pending_next)
		t->pending_next->pending_link = &t->pending_next;
	client->pending = t;
	client->pendings++;
	client->pending_of[t->line % PENDING_LINES]++;
}

static inline void forget_pending(struct txn *t)
{
	struct node *client = t->client;

	*t->pending_link = t->pending_next;
	if (t->pending_next)
		t->pending_next->pending_link = t->pending_link;
	client->pendings--;
	client->pending_of[t->line % PENDING_LINES]--;
	client->pending_stores[t->request] -= t->buffered;
}

void coherence_for_store(struct txn *t)
{
	if (!t->buffered)
		t->client->pending_stores[t->request]++;
	t->buffered = true;
}

/* Do the answers to its probes go to the home only? */
static bool is_collected(const struct txn *t)
{
	return t->kind != TXN_REQUEST || t->request == FAR_ATOMIC;
}

static struct write_back *write_back_find(const struct node *client, uint64_t line)
{
	struct write_back *w = client->write_back;

	while (w && w->line != line)
		w = w->next;
	return w;
}

static inline void waited(struct txn *t, uint64_t units)
{
	t->waited += units;
	if (t->snooper)
		t->snooper->waited += units;
}

/* The client has asked; the request arrives at the home `leg` after `time`. */
static inline void send_request(struct sim *sim, struct txn *t, enum request request,
				enum access_kind access, uint64_t time, uint64_t leg)
{
	struct event *e = event_new(sim, EVENT_REQUEST, t->home);

	t->request = (uint8_t)request;
	t->access = (uint8_t)access;
	t->start = time;
	t->spent += leg;
	add_pending(t);
	event_send(sim, e, RANK_HOME, t, time - sim->now + leg);
}

struct txn *coherence_request(struct sim *sim, struct node *client, uint64_t line,
			      enum request request, enum access_kind access, uint64_t time)
{
	struct txn *t = txn_new(sim, TXN_REQUEST, client, client->parent, line, client->id);

	if (sim->t.service_jitter)
		t->draw = event_draw(sim, client->id, t->stamp >> STAMP_SHIFT);
	send_request(sim, t, request, access, time,
		     sim->t.request[home_distance(sim, client, line)]);
	return t;
}

/* ---- messages ------------------------------------------------------------------------------- */

static void send_fill(struct sim *sim, struct txn *t, uint32_t version, enum state found,
		      uint64_t delay)
{
	struct event *e = event_new(sim, EVENT_FILL, t->client);

	e->answer.version = version;
	e->answer.found = found;
	e->answer.what = 0;
	e->answer.write_back = false;
	event_send(sim, e, RANK_FILL, t, delay);
}

static void send_probe(struct sim *sim, struct txn *t, struct node *to, bool invalidate, bool owner,
		       uint64_t delay, uint64_t back)
{
	struct event *e = event_new(sim, EVENT_PROBE, to);

	e->probe.order = t->order;
	e->probe.invalidate = invalidate;
	e->probe.owner = owner;
	e->probe.back = back;
	event_send(sim, e, RANK_PROBE, t, delay);
}

static void send_done(struct sim *sim, struct txn *t)
{
	struct event *e;

	if (sim->machine.handoff.home != ORDER_BLOCKING || t->no_done)
		return;
	e = event_new(sim, EVENT_DONE, t->home);
	event_send(sim, e, RANK_HOME, t, sim->t.request[home_distance(sim, t->client, t->line)]);
}

/* What a probed node tells: the state it was found in (I: nothing) and what became of it. */
struct reply {
	enum state found;
	enum answer what;
	uint32_t version;
	bool write_back;
};

static void send_reply(struct sim *sim, struct txn *t, const struct reply *reply, uint64_t delay)
{
	struct event *e = event_new(sim, EVENT_REPLY, t->home);

	e->answer.version = reply->version;
	e->answer.found = reply->found;
	e->answer.what = reply->what;
	e->answer.write_back = reply->write_back;
	event_send(sim, e, RANK_HOME, t, delay);
}

/* A dirty line leaves for the home; `t` only lends its place in the order of messages. */
static void send_put(struct sim *sim, struct txn *t, struct node *from, uint64_t line,
		     uint32_t version, enum state state)
{
	struct write_back *w = xalloc(sizeof *w);
	struct event *e = event_new(sim, EVENT_PUT, from->parent);

	w->line = line;
	w->version = version;
	w->state = state;
	w->next = from->write_back;
	from->write_back = w;
	e->put.line = w;
	e->put.from = from;
	event_send(sim, e, RANK_HOME, t, sim->t.request[home_distance(sim, from, line)]);
	t->references--;
	e->txn = NULL;
}

/* ---- occupancy: slices, buses, links -------------------------------------------------------- */

static uint64_t reserve(struct sim *sim, uint64_t *free, uint64_t occupancy)
{
	uint64_t start = *free > sim->now ? *free : sim->now;

	*free = start + occupancy;
	return start - sim->now;
}

static uint64_t *slice_of(const struct sim *sim, const struct node *home, uint64_t line)
{
	unsigned node = home->kind == NODE_ROOT ? line_node(sim, line) : 0;

	return &home->slice_free[node * home->slices + line % home->slices];
}

static bool is_bus(const struct sim *sim, const struct node *home)
{
	return home->kind == NODE_ROOT && sim->machine.home == HOME_BUS;
}

/* How long a request waits before the home looks at it. */
static uint64_t admission(struct sim *sim, struct node *home, const struct txn *t)
{
	if (is_bus(sim, home))
		return sim->t.bus_slot
			       ? reserve(sim, &home->bus_free[t->client->socket], sim->t.bus_slot)
			       : 0;
	if (!sim->t.slice)
		return 0;
	return reserve(sim, slice_of(sim, home, t->line), sim->t.slice);
}

/* Requests that waited for one line come to the slice all at once: it sends them the line one
 * after the other. */
static uint64_t sending_slot(struct sim *sim, struct node *home, const struct txn *t)
{
	return t->fetched || t->queued_at == sim->now || is_bus(sim, home)
		       ? 0
		       : admission(sim, home, t);
}

/* Waiters that read a line again, which one of them has turned shared, get it one after another. */
static bool is_reread(const struct sim *sim, const struct txn *t)
{
	return t->reread && sim->t.reread && (t->asked == HOME_S || t->asked == HOME_O);
}

static uint64_t reread_slot(struct sim *sim, struct dirent *d, const struct txn *t)
{
	return is_reread(sim, t) ? reserve(sim, &d->reread_free, sim->t.reread) : 0;
}

/*
 * What a request pays after all of its way to the home (handoff.late_request): it found the line
 * under way, having left for its owner before the request came. One that had queued up to then
 * pays nothing. `leg`: of the line, which leaves for the requester now.
 */
static uint64_t late_request(struct sim *sim, const struct txn *t, uint64_t leg)
{
	struct dirent *d;
	uint64_t extra = 0;

	if (!sim->t.late_paid)
		return 0;
	d = dirent_find(sim, t->home, t->line);
	if (t->queued_at >= d->sent && t->queued_at < d->arrives)
		extra = least(d->arrives - t->queued_at,
			      sim->t.request[home_distance(sim, t->client, t->line)]);
	d->sent = sim->now;
	d->arrives = sim->now + leg + extra;
	return extra;
}

/* How long the line waits for the way to its requester: the socket's bus, or the link between
 * sockets. */
static uint64_t transport(struct sim *sim, const struct event *fill)
{
	const struct txn *t = fill->txn;
	struct node *root = sim->root;
	unsigned from;

	if (t->home != root || !sim->t.data_occupancy || fill->answer.found == STATE_I)
		return 0;
	if (sim->machine.home == HOME_BUS)
		return reserve(sim, &root->bus_free[sim->machine.sockets + t->client->socket],
			       sim->t.data_occupancy);
	from = t->supplied_by ? t->supplied_by->socket
			      : machine_socket(&sim->machine, home_core(sim, t->line));
	if (from == t->client->socket || (!t->supplied_by && !home_has_place(sim)))
		return 0;
	return reserve(sim, &root->bus_free[sim->machine.sockets + from], sim->t.data_occupancy);
}

/* ---- serving a request ---------------------------------------------------------------------- */

static void dir_next(struct sim *sim, struct node *home, struct dirent *d);
static void begin(struct sim *sim, struct node *home, struct dirent *d, struct txn *t);

static void release(struct dirent *d)
{
	d->busy = NULL;
}

/* What the table calls it; a reader is not one of the sharers before the owner has answered. */
static inline enum home_state home_state(const struct dirent *d)
{
	unsigned sharers = d->sharer_count;

	if (d->guessed && is_sharer(d, d->busy->client))
		sharers--;
	if (d->owner)
		return sharers ? HOME_O : HOME_X;
	return sharers ? HOME_S : HOME_U;
}

/* A rule has been carried out: does the home know now what its table says that it does? */
static inline void check_next(struct sim *sim, unsigned cpu, const struct dirent *d,
			      enum home_state next)
{
	if (home_state(d) != next)
		BUG(&sim->cpu[cpu], "line %llu: the home knows %d now, and its table says %d",
		    (unsigned long long)d->line, home_state(d), next);
}

static struct node *nearest_sharer(struct sim *sim, const struct node *home, const struct dirent *d,
				   const struct node *client)
{
	struct sharers all = sharers_of(home, d);
	struct node *best = NULL, *q;
	unsigned best_distance = 0;

	while ((q = next_sharer(home, &all))) {
		unsigned away = sim_distance(sim, client->core, q->core);

		if (q != client && (!best || away < best_distance)) {
			best = q;
			best_distance = away;
		}
	}
	return best;
}

/* A line that no cache above has is a hit in the level; one that others share costs as such. */
static uint64_t level_legs(const struct sim *sim, const struct node *level, const struct dirent *d,
			   const struct txn *t)
{
	uint64_t l1 = sim->cpu[0].node->level_cache[0].hit_units;

	if (t->fetched || d->sharer_count || d->owner)
		return sim->t.legs[ACCESS_LOAD][STATE_S][level->level];
	return less(level->level_cache[0].hit_units, l1);
}

/* The home supplies the line: the nearest sharer does, unless the line is `of_memory`. */
static void send_line(struct sim *sim, struct node *home, struct dirent *d, struct txn *t,
		      bool of_memory)
{
	uint64_t total, slot = sending_slot(sim, home, t), again = reread_slot(sim, d, t);
	uint32_t version = d->version;
	struct node *sharer = NULL;

	if (home->kind == NODE_SHARED) {
		version = d->copy->version;
		total = level_legs(sim, home, d, t);
		if (!t->fetched)
			t->supplier = FROM_SHARED_LEVEL;
	} else if (!of_memory && d->sharer_count &&
		   (sharer = nearest_sharer(sim, home, d, t->client))) {
		t->supplier = FROM_CACHE;
		t->supplied_by = sharer;
		total = sim->t.legs[ACCESS_LOAD][STATE_S]
				   [farthest(sim, t->client, sharer, t->line)];
	} else {
		t->supplier = FROM_MEMORY;
		total = dram_legs(sim, t->client, t->line);
	}
	if (!t->fetched)
		t->found = sharer || home->kind == NODE_SHARED ? STATE_S : STATE_I;
	slot = again > slot ? again : slot;
	waited(t, slot);
	send_fill(sim, t, version, STATE_S, last_leg(sim, t, total) + slot);
}

/* All sharers but the requester let go; nearest first, so that the farthest comes last. */
static void invalidate_sharers(struct sim *sim, struct node *home, struct dirent *d, struct txn *t)
{
	unsigned others = d->sharer_count - is_sharer(d, t->client), sent = 0;

	for (unsigned away = 0; sent < others && away < sim->t.distances; away++) {
		struct sharers all = sharers_of(home, d);
		uint64_t rest = less(total_legs(sim, t, STATE_S, away), t->spent + t->tail);
		uint64_t leg = probe_leg(sim, rest);
		struct node *q;

		while ((q = next_sharer(home, &all)))
			if (q != t->client && farthest(sim, t->client, q, t->line) == away)
				send_probe(sim, t, q, true, false,
					   leg + sent++ * sim->t.invalidate_extra, less(rest, leg));
	}
	t->unanswered = sent;
	t->acks = sent > 0;
}

/* What a request that asks this owner has left: it may have any state that an owner can have. */
static uint64_t left_for_owner(const struct sim *sim, const struct txn *t, const struct node *owner)
{
	unsigned far = farthest(sim, t->client, owner, t->line);
	uint64_t total = t->home->owner_legs.least[is_homed_at_reader(sim, t, owner)]
						  [owner->kind == NODE_SHARED][t->access][far];

	if (t->fetched)
		total = total_legs(sim, t, STATE_S, far);
	return less(total, t->spent + t->tail);
}

static uint64_t owner_leg(const struct sim *sim, const struct txn *t, const struct node *owner)
{
	return probe_leg(sim, left_for_owner(sim, t, owner));
}

static void probe_owner(struct sim *sim, struct dirent *d, struct txn *t, bool invalidate)
{
	uint64_t leg = owner_leg(sim, t, d->owner), again = reread_slot(sim, d, t);

	t->spent += leg;
	waited(t, again);
	send_probe(sim, t, d->owner, invalidate, true, leg + again, leg);
}

/* What the home's table says; it says that what cannot be is impossible. */
static inline const struct home_plan *possible(struct sim *sim, const struct txn *t,
					       const struct home_plan *rule)
{
	if (rule->action & HOME_IMPOSSIBLE)
		BUG(&sim->cpu[t->cpu], "request %d for line %llu, of which the home knew %d",
		    t->request, (unsigned long long)t->line, t->asked);
	return rule;
}

/* What the home knows of the owner once it has answered, or has been dealt with. */
static void note_owner(struct dirent *d, unsigned action)
{
	if (action & HOME_OWNER_SHARES && d->owner)
		add_sharer(d, d->owner);
	if (action & (HOME_OWNER_SHARES | HOME_OWNER_GONE))
		d->owner = NULL;
}

/* What it knows of the requester. Who was the owner has been told, or asked. */
static inline void note_grant(struct sim *sim, struct node *home, struct dirent *d, struct txn *t,
			      const struct home_plan *plan)
{
	t->grant = plan->grant;
	if (t->grant == STATE_I || (t->grant != STATE_S && d->owner && d->owner != t->client &&
				    !(plan->action & HOME_PROBE_INVALIDATE)))
		BUG(&sim->cpu[t->cpu], "line %llu is granted in %c, and has an owner",
		    (unsigned long long)t->line, state_letter[t->grant]);
	if (t->grant == STATE_S) {
		add_sharer(d, t->client);
		return;
	}
	if (t->grant == STATE_F)
		remove_sharer(d, t->client);
	else
		clear_sharers(d, home);
	d->owner = t->client;
}

/* A shared level can give no more than it has: others below may have a copy too. */
static inline struct home_plan limited(const struct node *home, const struct dirent *d,
				       const struct home_plan *plan)
{
	if (plan->grant != STATE_E || home->kind != NODE_SHARED || state_alone(d->copy->state))
		return *plan;
	return (struct home_plan){ plan->action, HOME_S, STATE_S };
}

/* The requester has lost the copy that the home knows, or its request is for one. */
static enum request request_seen(struct dirent *d, const struct txn *t)
{
	if (t->request == FAR_ATOMIC)
		return FAR_ATOMIC;
	if (t->request == UPGRADE && (d->owner == t->client || is_sharer(d, t->client)))
		return UPGRADE;
	if (d->owner == t->client)              /* it dropped its clean copy silently */
		d->owner = NULL;
	remove_sharer(d, t->client);            /* or was invalidated while asking */
	return t->request == UPGRADE ? GET_MODIFIED : t->request;
}

/* The requester has a copy and nobody need send it one: permission is all that comes. */
static void grant_upgrade(struct sim *sim, struct txn *t)
{
	uint64_t total = total_legs(sim, t, STATE_S, home_distance(sim, t->client, t->line));

	t->found = STATE_S;
	t->dataless = true;
	if (!t->acks)
		send_fill(sim, t, 0, STATE_I, last_leg(sim, t, total));
	t->have_data = t->acks;
}

/* Asks the caches: sharers first, as the owner's probe adds to what is spent. True if an owner
 * is asked. */
static bool ask_caches(struct sim *sim, struct node *home, struct dirent *d, struct txn *t,
		       unsigned action)
{
	bool probes = action & (HOME_PROBE_SHARE | HOME_PROBE_INVALIDATE) && d->owner != t->client;

	if (action & HOME_INVALIDATE) {
		if (!probes && d->owner && d->owner != t->client)
			note_owner(d, HOME_OWNER_SHARES);       /* it lets go like the others */
		invalidate_sharers(sim, home, d, t);
	}
	if (probes)
		probe_owner(sim, d, t, action & HOME_PROBE_INVALIDATE);
	return probes;
}

/* ---- collecting answers: far operations, snoops, evictions ---------------------------------- */

/* To the caches above and back: no longer than what the request at the home below has left. */
static uint64_t collecting_leg(const struct sim *sim, const struct node *shared,
			       const struct txn *t)
{
	uint64_t leg = inner_probe_leg(sim, shared), left;

	if (t->kind != TXN_SNOOP || t->snooper->kind != TXN_REQUEST)
		return leg;
	left = t->probe->probe.owner ? left_for_owner(sim, t->snooper, shared)
				     : t->probe->probe.back;
	leg = least(leg, (left - 1) / 2);
	return leg > sim->t.least_probe ? leg : sim->t.least_probe;
}

/* A probe whose answer the home waits for, one way. */
static uint64_t call_leg(const struct sim *sim, const struct node *home, const struct txn *t,
			 const struct node *to, bool owner)
{
	unsigned far;

	if (home->kind == NODE_SHARED)
		return collecting_leg(sim, home, t);
	if (owner)
		return owner_leg(sim, t, to);
	far = farthest(sim, t->client, to, t->line);
	return probe_leg(sim, less(total_legs(sim, t, STATE_S, far), t->spent + t->tail));
}

static void call(struct sim *sim, struct node *home, struct txn *t, struct node *to,
		 bool invalidate, bool owner)
{
	uint64_t leg = call_leg(sim, home, t, to, owner);

	send_probe(sim, t, to, invalidate, owner, leg, leg);
	t->acks++;
}

static void collect(struct sim *sim, struct node *home, struct dirent *d, struct txn *t,
		    bool invalidate)
{
	struct sharers all = sharers_of(home, d);
	struct node *q;

	t->calls_in = invalidate;
	if (d->owner)
		call(sim, home, t, d->owner, invalidate, true);
	while (invalidate && (q = next_sharer(home, &all)))
		call(sim, home, t, q, true, false);
}

/* The operation holds the line for its service, and takes effect at the end of it. */
static void service(struct sim *sim, struct txn *t)
{
	struct event *e = event_new(sim, EVENT_SERVICE, t->home);

	event_send(sim, e, RANK_HOME, t, sim->t.far_service);
}

static void on_service(struct sim *sim, struct event *e)
{
	struct txn *t = e->txn;
	struct node *home = e->node;
	struct dirent *d = dirent_find(sim, home, t->line);
	uint64_t back = vary(sim, t, less(sim->t.far, t->spent + sim->t.far_service));
	uint32_t version = cpu_far(sim, t, sim->now + back);

	if (home->kind == NODE_SHARED) {
		d->copy->state = access_rule(home, d->copy->state, true)->next;
		d->copy->version = version;
	} else {
		d->version = version;
	}
	send_fill(sim, t, version, STATE_I, back);
	release(d);
	dir_next(sim, home, d);
	event_free(sim, e);
}

/* A LOCK operation to be done here: first all copies come home. */
static void serve_far(struct sim *sim, struct node *home, struct dirent *d, struct txn *t,
		      const struct home_plan *rule)
{
	if (rule->action & HOME_CALL_IN) {
		collect(sim, home, d, t, true);
		d->owner = NULL;
		clear_sharers(d, home);
	}
	check_next(sim, t->cpu, d, rule->next);
	if (!t->acks)
		service(sim, t);
}

/* Ask the caches, send the line, note the new owner. The line stays busy where the home must
 * wait: a reader's owner says what it still has. */
static void serve(struct sim *sim, struct node *home, struct dirent *d, struct txn *t)
{
	enum request request = request_seen(d, t);
	struct home_plan rule;
	unsigned action;
	bool probes;

	t->asked = home_state(d);
	rule = limited(home, d, possible(sim, t, &home->rules.home[t->asked][request]));
	action = rule.action;
	d->thinned = d->left = false;
	if (t->fetched) {
		t->spent = sim->t.request[home->level];
		t->tail = 0;
	}
	t->order = ++d->orders;
	if (action & HOME_PERFORM) {
		serve_far(sim, home, d, t, &rule);
		return;
	}
	t->no_done = is_reread(sim, t);
	d->waits = sim->machine.handoff.home == ORDER_BLOCKING && !t->no_done;
	if (action & HOME_SEND)
		send_line(sim, home, d, t, action & HOME_MEMORY);
	probes = ask_caches(sim, home, d, t, action);
	if (request == UPGRADE && !probes)
		grant_upgrade(sim, t);
	if (rule.next == HOME_BY_ANSWER) {
		add_sharer(d, t->client);
		d->guessed = true;
		d->waits++;
	} else {
		note_grant(sim, home, d, t, &rule);
		check_next(sim, t->cpu, d, rule.next);
	}
	if (!d->waits)
		release(d);
}

/* ---- a shared level asks below -------------------------------------------------------------- */

static bool shared_permits(const struct dirent *d, const struct txn *t)
{
	const struct slot *slot = d->copy;

	return slot && (t->request == GET_SHARED || state_alone(slot->state));
}

/* On behalf of the request that waits here: what that has spent is spent. */
static void fetch(struct sim *sim, struct node *home, const struct dirent *d, struct txn *inner)
{
	bool have = d->copy;
	enum request request = inner->request == GET_SHARED ? GET_SHARED
			       : have                       ? UPGRADE
							    : GET_MODIFIED;
	struct txn *t = txn_new(sim, TXN_REQUEST, home, home->parent, inner->line, inner->cpu);

	inner->outer = t;
	t->inner = inner;
	t->draw = inner->draw;
	t->spent = inner->spent;
	t->tail = less(sim->t.legs[ACCESS_LOAD][STATE_S][home->level], sim->t.request[home->level]);
	send_request(sim, t, request, (enum access_kind)inner->access, sim->now,
		     less(sim->t.request[home_distance(sim, home, inner->line)], inner->spent));
}

/* ---- snoops: probes of the home below ------------------------------------------------------- */

static void answer(struct sim *sim, struct node *node, const struct event *probe,
		   const struct probe_rule *rule, enum state found, uint32_t version);

/* What its table says of a probed copy: it must tell what the probe asks of it. */
static inline const struct probe_rule *probe_rule(struct sim *sim, const struct node *node,
						  enum state state, const struct event *probe)
{
	const struct probe_rule *rule = &node->parent->rules.probe[state][probe->probe.invalidate];

	if (!rule->fits[probe->probe.owner])
		BUG(&sim->cpu[probe->txn->cpu], "probe (%s) of line %llu in %c: not what is asked",
		    probe->probe.invalidate ? "invalidate" : "share",
		    (unsigned long long)probe->txn->line, state_letter[state]);
	return rule;
}

/* There is no copy: a write-back under way answers, or nothing does. */
static void answer_without(struct sim *sim, struct node *node, const struct event *probe)
{
	struct write_back *w = write_back_find(node, probe->txn->line);

	probe_rule(sim, node, STATE_I, probe);
	if (w && !w->superseded) {
		w->superseded = true;
		answer(sim, node, probe, NULL, w->state, w->version);
	} else {
		answer(sim, node, probe, NULL, STATE_I, 0);
	}
}

/* The level has the line no more. */
static void shared_drop(const struct node *shared, struct dirent *d)
{
	slot_set_line(&shared->level_cache[0], d->copy, NO_LINE);
	d->copy = NULL;
}

static void snoop_done(struct sim *sim, struct node *shared, struct dirent *d, struct txn *t)
{
	struct event *probe = t->probe;
	struct slot *slot = d->copy;

	t->snooper->killed += t->killed;
	if (probe->probe.owner)
		t->snooper->spent += t->spent;
	else
		probe->probe.back = less(probe->probe.back, t->spent);
	if (slot) {
		const struct probe_rule *rule = probe_rule(sim, shared, slot->state, probe);
		enum state found = slot->state;
		uint32_t version = slot->version;

		if (found == STATE_E && t->asked != HOME_X)
			found = STATE_F; /* no core has it alone: the level answers by itself */
		slot->state = rule->next;
		if (slot->state == STATE_I) {
			shared_drop(shared, d);
			d->owner = NULL;
			clear_sharers(d, shared);
		}
		answer(sim, shared, probe, rule, found, version);
	} else {
		answer_without(sim, shared, probe);
	}
	event_free(sim, probe);
	if (!t->bypass)
		release(d);
	txn_put(sim, t);
}

/* The copies above are called in where the level's own goes; an owner above is asked to share
 * where it may have more than the level knows. */
static void snoop_begin(struct sim *sim, struct node *shared, struct dirent *d, struct txn *t)
{
	const struct slot *slot = d->copy;

	t->asked = home_state(d);
	t->order = ++d->orders;
	if (slot &&
	    shared->parent->rules.probe[slot->state][t->probe->probe.invalidate].next == STATE_I)
		collect(sim, shared, d, t, true);
	else if (slot && state_alone(slot->state))
		collect(sim, shared, d, t, false);
	if (t->acks)
		t->spent = 2 * collecting_leg(sim, shared, t);
	else
		snoop_done(sim, shared, d, t);
}

/* First, but for `local_bias` requests that wait here already: the line stays that long. */
static void queue_snoop(struct sim *sim, struct dirent *d, struct txn *t)
{
	bool may_wait = t->snooper->kind == TXN_REQUEST;
	unsigned ahead = may_wait ? (unsigned)sim->machine.handoff.local_bias : 0;
	struct txn **link = &d->head;

	while (*link && ((*link)->kind == TXN_SNOOP || ahead)) {
		ahead -= (*link)->kind != TXN_SNOOP;
		link = &(*link)->next;
	}
	if (!*link)
		d->tail = t;
	t->next = *link;
	*link = t;
}

/* A probe from below. It never waits behind a request that itself waits for the home below. */
static void shared_probe(struct sim *sim, struct node *shared, struct event *probe)
{
	struct dirent *d = dirent_find(sim, shared, probe->txn->line);
	struct txn *t = txn_new(sim, TXN_SNOOP, shared, shared, d->line, probe->txn->cpu);

	t->snooper = probe->txn;
	t->probe = probe;
	if (d->busy && d->busy->kind == TXN_REQUEST && d->busy->outer) {
		t->bypass = true;
		snoop_begin(sim, shared, d, t);
		return;
	}
	queue_snoop(sim, d, t);
	dir_next(sim, shared, d);
}

/* Probes that wait here: a request is about to wait for the home below, which waits for them. */
static void snoops_first(struct sim *sim, struct node *shared, struct dirent *d)
{
	struct txn **link = &d->head, *last = NULL;

	while (*link) {
		struct txn *t = *link;

		if (t->kind != TXN_SNOOP) {
			last = t;
			link = &t->next;
			continue;
		}
		*link = t->next;
		t->bypass = true;
		waited(t, sim->now - t->queued_at);
		snoop_begin(sim, shared, d, t);
	}
	d->tail = last;
}

static void evict_done(struct sim *sim, struct node *shared, struct dirent *d, struct txn *t)
{
	d->owner = NULL;
	clear_sharers(d, shared);
	if (t->dirty) {
		send_put(sim, t, shared, t->line, t->version, t->found);
	} else {
		coherence_drop(sim, shared, t->line);
	}
	release(d);
	txn_put(sim, t);
}

/* Has it a transaction under way that the home has dealt with? */
static bool served(const struct node *client, const struct dirent *d)
{
	const struct txn *own = txn_pending(client, d->line);

	return own && own->order;
}

/* Is the owner's transaction not over? (An owner probed for it may have had nothing.) A request
 * that is not yet served does not count: the level cannot know of it. */
static bool awaits_line(const struct dirent *d)
{
	return d->owner && served(d->owner, d);
}

/* A copy makes room: does it go home, or silently? */
static bool leaves_dirty(struct sim *sim, unsigned cpu, const struct node *node, enum state state)
{
	const struct copy_rule *rule = copy_rule(node, state, COPY_EVICT);

	if (rule->action & IMPOSSIBLE || rule->next != STATE_I)
		BUG(&sim->cpu[cpu], "a copy in %c does not make room", state_letter[state]);
	return rule->action & DO_WRITE_BACK;
}

/* A way for a new line; NULL while all lines of the set have transactions under way. */
static struct slot *shared_room(struct sim *sim, struct node *shared, uint64_t line, unsigned cpu)
{
	const struct cache *c = &shared->level_cache[0];
	struct slot *empty = cache_room(c, line), *victim = NULL;
	struct dirent *d;
	struct txn *t;

	if (empty)
		return empty;
	for (uint64_t way = 0; way < c->ways; way++) {
		struct slot *s = cache_slot(c, cache_set(c, line), way);

		d = dirent_find(sim, shared, s->line);
		if (d->busy || d->head || awaits_line(d))
			continue;
		if (!victim || s->used < victim->used)
			victim = s;
	}
	if (!victim)
		return NULL;
	d = dirent_find(sim, shared, victim->line);
	t = txn_new(sim, TXN_EVICT, shared, shared, victim->line, cpu);
	t->dirty = leaves_dirty(sim, cpu, shared, victim->state);
	t->found = victim->state;
	t->version = victim->version;
	shared_drop(shared, d);
	d->busy = t;
	t->order = ++d->orders;
	collect(sim, shared, d, t, true);
	if (!t->acks)
		evict_done(sim, shared, d, t);
	return victim;
}

/* ---- the line arrives at a shared level ----------------------------------------------------- */

static bool shared_filled(struct sim *sim, struct txn *t)
{
	struct node *shared = t->client;
	struct dirent *d = dirent_find(sim, shared, t->line);
	struct slot *slot = d->copy;
	struct txn *inner = t->inner;
	uint8_t next;

	if (!slot) {
		slot = shared_room(sim, shared, t->line, t->cpu);
		if (!slot)
			return false;
		slot_set_line(&shared->level_cache[0], slot, t->line);
		d->copy = slot;
		slot->version = t->version;
		slot->state = STATE_I;
	}
	next = t->home->rules.fill[slot->state][t->grant];
	if (next == STATES)
		BUG(&sim->cpu[t->cpu], "fill of line %llu to %c in state %c, at a shared level",
		    (unsigned long long)t->line, state_letter[t->grant], state_letter[slot->state]);
	slot->state = next;
	slot->used = sim->now;
	inner->fetched = true;
	inner->outer = NULL;
	inner->found = t->found;
	inner->supplier = t->supplier;
	inner->supplied_by = t->supplied_by;
	inner->killed += t->killed;
	inner->waited += t->waited;
	forget_pending(t);
	send_done(sim, t);
	if (t->deferred) {
		waited(t->deferred->txn, sim->now - t->deferred->time);
		shared_probe(sim, shared, t->deferred);
	}
	begin(sim, shared, d, inner);
	dir_next(sim, shared, d);
	return true;
}

/* ---- events --------------------------------------------------------------------------------- */

static void note_served_socket(struct dirent *d, const struct txn *t)
{
	d->bias_run = t->client->socket == d->bias_socket ? d->bias_run + 1 : 1;
	d->bias_socket = t->client->socket;
}

/* Requests of the socket served last go first, local_bias times in a row at most. */
static struct txn *dir_pick(struct sim *sim, struct dirent *d)
{
	unsigned bias = (unsigned)sim->machine.handoff.local_bias;
	struct txn **link = &d->head, *t = d->head, *before = NULL;

	if (bias && t->kind == TXN_REQUEST && d->bias_run < bias)
		while (*link && ((*link)->kind != TXN_REQUEST ||
				 (*link)->client->socket != d->bias_socket)) {
			before = *link;
			link = &(*link)->next;
		}
	if (!*link) {
		link = &d->head;
		before = NULL;
	}
	t = *link;
	*link = t->next;
	if (d->tail == t)
		d->tail = before;
	if (t->kind == TXN_REQUEST)
		note_served_socket(d, t);
	return t;
}

static void begin(struct sim *sim, struct node *home, struct dirent *d, struct txn *t)
{
	if (t->kind == TXN_SNOOP) {
		snoop_begin(sim, home, d, t);
	} else if (write_back_find(t->client, t->line)) {
		t->waits_for_put = true;
		t->queued_at = sim->now;
	} else if (home->kind == NODE_SHARED && !t->fetched && !shared_permits(d, t)) {
		snoops_first(sim, home, d);
		fetch(sim, home, d, t);
	} else {
		if (home->kind == NODE_SHARED)
			d->copy->used = sim->now;
		serve(sim, home, d, t);
	}
}

static void dir_next(struct sim *sim, struct node *home, struct dirent *d)
{
	while (!d->busy && d->head) {
		struct txn *t = dir_pick(sim, d);

		waited(t, sim->now - t->queued_at);
		d->busy = t;
		begin(sim, home, d, t);
	}
}

static void on_request(struct sim *sim, struct event *e)
{
	struct txn *t = e->txn;
	struct node *home = e->node;
	struct dirent *d = dirent_find(sim, home, t->line);
	uint64_t wait = e->admitted ? 0 : admission(sim, home, t);

	if (wait) {
		e->admitted = true;
		waited(t, wait);
		event_again(sim, e, RANK_HOME, sim->now + wait);
		return;
	}
	t->queued_at = sim->now;
	event_free(sim, e);
	if (!d->busy && !d->head) {
		note_served_socket(d, t);
		d->busy = t;
		begin(sim, home, d, t);
		if (d->head)
			dir_next(sim, home, d);
		return;
	}
	t->next = NULL;
	if (d->head)
		d->tail->next = t;
	else
		d->head = t;
	d->tail = t;
	dir_next(sim, home, d);
}

static void wait_over(struct sim *sim, struct node *home, struct dirent *d)
{
	if (--d->waits == 0) {
		release(d);
		dir_next(sim, home, d);
	}
}

/* The probed owner of a request had nothing: the home's copy is good. */
static void send_instead(struct sim *sim, struct node *home, const struct dirent *d, struct txn *t)
{
	if (home->kind == NODE_ROOT) {
		t->supplier = FROM_MEMORY;
		t->found = STATE_I;
		send_fill(sim, t, d->version, STATE_S,
			  last_leg(sim, t, dram_legs(sim, t->client, t->line)));
	} else {
		t->supplier = FROM_SHARED_LEVEL;
		t->found = STATE_S;
		send_fill(sim, t, d->copy->version, STATE_S,
			  last_leg(sim, t, sim->t.legs[ACCESS_LOAD][STATE_S][home->level]));
	}
}

/* The line comes home, from a copy in that state. A shared level that learns that the line was
 * written above it has it modified itself; where it shares it, nobody above can have. */
static void take_line(struct node *home, struct dirent *d, enum state state, uint32_t version)
{
	struct slot *slot;

	if (home->kind == NODE_ROOT) {
		d->version = version;
		return;
	}
	slot = d->copy;
	if (slot) {
		slot->version = version;
		if (state == STATE_M)
			slot->state = STATE_M;
	} else {                                /* it is being evicted here too */
		d->busy->dirty = true;
		d->busy->version = version;
		if (state == STATE_M)
			d->busy->found = STATE_M;
	}
}

/* One of the answers that a home collects. */
static void collected(struct sim *sim, struct node *home, struct dirent *d, struct event *e)
{
	struct txn *t = e->txn;
	bool had = e->answer.what < ANSWER_LEAVING;

	if (state_dirty(e->answer.found))
		take_line(home, d, e->answer.found, e->answer.version);
	if (t->kind == TXN_SNOOP && t->probe->probe.invalidate && had)
		t->killed++;
	if (t->kind == TXN_SNOOP && !t->calls_in)
		note_owner(
			d,
			possible(sim, t, &home->rules.answered[t->asked][e->answer.what])->action);
	if (--t->acks)
		return;
	if (t->kind == TXN_REQUEST)
		service(sim, t);
	else if (t->kind == TXN_SNOOP)
		snoop_done(sim, home, d, t);
	else
		evict_done(sim, home, d, t);
	dir_next(sim, home, d);
}

/* A reader's owner has answered: the table says what the home knows now. */
static void reader_answered(struct sim *sim, struct node *home, struct dirent *d, struct txn *t,
			    enum answer what)
{
	struct home_plan rule =
		limited(home, d, possible(sim, t, &home->rules.answered[t->asked][what]));

	d->guessed = false;
	note_owner(d, rule.action);
	if (is_sharer(d, t->client))            /* else it has already written it back */
		note_grant(sim, home, d, t, &rule);
	/* else fewer have it than the rule takes into account */
	if (!d->thinned && (!d->left || what == ANSWER_NONE))
		check_next(sim, t->cpu, d, rule.next);
	if (rule.action & HOME_SEND)
		send_instead(sim, home, d, t);
	wait_over(sim, home, d);
}

static void on_reply(struct sim *sim, struct event *e)
{
	struct txn *t = e->txn;
	struct node *home = e->node;
	struct dirent *d = dirent_find(sim, home, t->line);

	if (is_collected(t)) {
		collected(sim, home, d, e);
	} else {
		if (e->answer.write_back)
			take_line(home, d, e->answer.found, e->answer.version);
		else if (home->kind == NODE_SHARED && e->answer.found == STATE_M)
			d->copy->state = STATE_M;
		if (t->request == GET_SHARED)
			reader_answered(sim, home, d, t, e->answer.what);
		else
			send_instead(sim, home, d, t);
	}
	event_free(sim, e);
}

/* The client gave up its copy of itself. If it has a request under way that has been served, then
 * what the home knows is what that one will bring. */
static void note_gone(struct dirent *d, const struct node *client)
{
	if (served(client, d))
		return;
	if (d->owner == client)
		d->owner = NULL;
	remove_sharer(d, client);
	d->thinned = true;
}

/* The owner that the home knows writes its line back: a request like others, but at once. */
static void write_back(struct sim *sim, struct node *home, struct dirent *d, unsigned cpu,
		       const struct write_back *w)
{
	const struct home_plan *rule = &home->rules.home[home_state(d)][WRITE_BACK];

	if (rule->action & HOME_IMPOSSIBLE)
		BUG(&sim->cpu[cpu], "line %llu is written back, and the home knew %d",
		    (unsigned long long)d->line, home_state(d));
	if (rule->action & HOME_ACCEPT)
		take_line(home, d, w->state, w->version);
	note_owner(d, rule->action);
	d->left = true;
	check_next(sim, cpu, d, rule->next);
}

static void on_put(struct sim *sim, struct event *e)
{
	struct node *home = e->node, *from = e->put.from;
	struct write_back **link = &from->write_back, w = *e->put.line;
	struct dirent *d = dirent_find(sim, home, w.line);

	while (*link != e->put.line)
		link = &(*link)->next;
	free(*link);                            /* now: what follows may find a BUG */
	*link = w.next;
	if (!w.superseded && d->owner == from && !served(from, d)) {
		write_back(sim, home, d, e->cpu, &w);
	} else if (!w.superseded) {             /* another is the owner since, or will be */
		note_gone(d, from);
		take_line(home, d, w.state, w.version);
	}
	if (d->busy && d->busy->waits_for_put && d->busy->client == from) {
		d->busy->waits_for_put = false;
		waited(d->busy, sim->now - d->busy->queued_at);
		begin(sim, home, d, d->busy);
		dir_next(sim, home, d);
	}
	event_free(sim, e);
}

static void on_done(struct sim *sim, struct event *e)
{
	wait_over(sim, e->node, dirent_find(sim, e->node, e->txn->line));
	event_free(sim, e);
}

/* Data and all acknowledgements are there. */
static inline bool complete(struct sim *sim, struct txn *t)
{
	if (t->client->kind == NODE_SHARED) {
		if (!shared_filled(sim, t))
			return false;
		txn_put(sim, t);
		return true;
	}
	forget_pending(t);
	if (t->request != FAR_ATOMIC)           /* of that the home knows */
		send_done(sim, t);
	cpu_filled(sim, t);
	return true;
}

static void on_fill(struct sim *sim, struct event *e)
{
	struct txn *t = e->txn;
	uint64_t wait = e->admitted ? 0 : transport(sim, e);

	e->admitted = true;
	if (wait) {
		waited(t, wait);
		event_again(sim, e, RANK_FILL, sim->now + wait);
		return;
	}
	t->have_data = true;
	if (e->answer.found != STATE_I)
		t->version = e->answer.version;
	if (!t->acks && !complete(sim, t)) {            /* no room yet: look again a cycle later */
		t->have_data = false;
		event_again(sim, e, RANK_FILL, sim->now + UNIT);
		return;
	}
	event_free(sim, e);
}

static void on_ack(struct sim *sim, struct event *e)
{
	struct txn *t = e->txn;

	t->acks = 0;
	if (t->have_data && !complete(sim, t)) {
		t->acks = 1;
		event_again(sim, e, RANK_PROBE, sim->now + UNIT);
		return;
	}
	event_free(sim, e);
}

/*
 * A sharer has let go; its acknowledgement arrives `back` from now. Only the one that arrives
 * last can matter, so that one is the event.
 */
static void acknowledge(struct sim *sim, struct txn *t, uint64_t back)
{
	if (sim->now + back > t->last_ack)
		t->last_ack = sim->now + back;
	if (--t->unanswered == 0) {
		struct event *e = event_new(sim, EVENT_ACK, t->client);

		event_send(sim, e, RANK_PROBE, t, t->last_ack - sim->now);
	}
}

/* An owner's line goes to the requester, and word of it to the home that waits for it. */
static void answer_line(struct sim *sim, struct node *node, const struct event *probe,
			const struct reply *reply)
{
	struct txn *t = probe->txn;
	unsigned far = farthest(sim, t->client, node, t->line);
	uint64_t total = total_legs(sim, t, total_of(sim, t, node, reply->found), far);
	uint64_t leg = last_leg(sim, t, total), late = late_request(sim, t, leg);

	t->found = reply->found;
	t->supplier = FROM_CACHE;
	t->supplied_by = node;
	if (!probe->probe.invalidate) {
		t->grant = possible(sim, t, &t->home->rules.answered[t->asked][reply->what])->grant;
		send_reply(sim, t, reply, probe->probe.back);
	}
	waited(t, late);
	send_fill(sim, t, reply->version, STATE_M, leg + late);
}

/* A far operation found the line modified in another cache. */
static void note_found(struct txn *t, struct node *node, enum state found)
{
	if (t->request != FAR_ATOMIC || node == t->client || !state_dirty(found))
		return;
	t->found = found;
	t->supplier = FROM_CACHE;
	t->supplied_by = node;
}

/* The node's answer to a probe, its copy already changed by `rule` (NULL: it had none, but
 * perhaps a write-back on its way). */
static void answer(struct sim *sim, struct node *node, const struct event *probe,
		   const struct probe_rule *rule, enum state found, uint32_t version)
{
	struct txn *t = probe->txn;
	struct reply reply = { found, ANSWER_NONE, version, found != STATE_I };

	if (rule) {
		reply.what = (enum answer)rule->tells;
		reply.write_back = rule->writes_back;
	} else if (found != STATE_I) {
		reply.what = ANSWER_LEAVING;
	}
	if (reply.what == ANSWERS)
		BUG(&sim->cpu[t->cpu], "line %llu is handed over and kept, or neither",
		    (unsigned long long)t->line);
	if (is_collected(t)) {
		note_found(t, node, found);
		send_reply(sim, t, &reply, probe->probe.back);
	} else if (!probe->probe.owner) {
		acknowledge(sim, t, probe->probe.back);
	} else if (found == STATE_I) {
		t->spent += probe->probe.back;
		send_reply(sim, t, &reply, probe->probe.back);
	} else {
		answer_line(sim, node, probe, &reply);
	}
}

/* Who got the line for a LOCK operation keeps it for a while (handoff.hold_ns). */
static bool held(struct sim *sim, struct cpu *cpu, struct event *probe)
{
	struct txn *t = probe->txn;

	if (cpu->held == probe) {
		cpu->held = NULL;
		waited(t, sim->now - cpu->held_since);
		return false;
	}
	if (cpu->hold_until <= sim->now || cpu->hold_line != t->line || cpu->blocked)
		return false;
	cpu->held = probe;
	cpu->held_since = sim->now;
	event_again(sim, probe, RANK_PROBE, cpu->hold_until);
	return true;
}

void coherence_end_hold(struct sim *sim, struct cpu *cpu)
{
	struct queue *q = &sim->messages;
	size_t i = 0;

	cpu->hold_until = 0;
	if (!cpu->held)
		return;
	while (q->item[i].event != cpu->held)
		i++;
	if (q->item[i].time > cpu->clock + 1)
		event_again(sim, event_take(q, i), RANK_PROBE, cpu->clock + 1);
}

/* The access for which t's CPU asked for the line; of no site where that is not known. */
static const struct origin *asked_for(const struct sim *sim, const struct txn *t)
{
	static const struct origin unknown;
	const struct txn *own = t;

	if (t->client->kind != NODE_CPU)
		own = t->cpu < sim->head.cpus ? txn_pending(sim->cpu[t->cpu].node, t->line) : NULL;
	return own ? &own->origin : &unknown;
}

/* Planted: the copy that has to go stays. */
static bool forgets(const struct sim *sim, const struct event *probe, enum state state)
{
	if (!sim->options.fault || !probe->probe.invalidate)
		return false;
	return sim->options.fault == FAULT_SKIP_INVALIDATE ? state == STATE_S : state == STATE_M;
}

static void cpu_probe(struct sim *sim, struct node *node, struct event *e)
{
	struct cpu *cpu = node->cpu;
	struct txn *t = e->txn;
	struct slot *slot;

	if (held(sim, cpu, e))
		return;
	if (cpu->lock_line == t->line && cpu->lock_until > sim->now) {
		waited(t, cpu->lock_until - sim->now);
		event_again(sim, e, RANK_PROBE, cpu->lock_until);
		return;
	}
	slot = node_copy(node, t->line);
	if (slot) {
		const struct probe_rule *rule = probe_rule(sim, node, slot->state, e);
		enum state found = slot->state;
		uint32_t version = slot->version;

		if (forgets(sim, e, found))
			cpu_downgrade(sim, cpu, slot, found);
		else if (rule->next == STATE_I)
			cpu_lose(sim, cpu, slot,
				 t->kind != TXN_EVICT && t->client != node ? asked_for(sim, t)
									   : NULL);
		else
			cpu_downgrade(sim, cpu, slot, rule->next);
		if (sim->moments)
			observe_change(sim, t, cpu, found, rule->next);
		if (e->probe.invalidate && t->kind == TXN_REQUEST && t->client != node)
			t->killed++;
		answer(sim, node, e, rule, found, version);
	} else {
		answer_without(sim, node, e);
	}
	event_free(sim, e);
}

static void on_probe(struct sim *sim, struct event *e)
{
	struct node *node = e->node;
	struct txn *own = txn_pending(node, e->txn->line);

	if (own && own->order && own->home == e->txn->home && own->order < e->probe.order) {
		own->deferred = e;              /* it overtook the line: one operation first */
		return;
	}
	if (node->kind == NODE_CPU)
		cpu_probe(sim, node, e);
	else
		shared_probe(sim, node, e);
}

/* A deferred probe, or one that waited for a LOCK operation. */
void coherence_probe_again(struct sim *sim, struct event *probe)
{
	waited(probe->txn, sim->now - probe->time);
	probe->time = sim->now;
	on_probe(sim, probe);
}

/* A clean copy is gone: silently, but a bus sees it. */
void coherence_drop(struct sim *sim, struct node *node, uint64_t line)
{
	const struct write_back *w = write_back_find(node, line);

	if (w && !w->superseded)        /* an upgrade came too late: that one tells */
		return;
	if (node->parent->kind == NODE_ROOT && sim->machine.home == HOME_BUS)
		note_gone(dirent_find(sim, node->parent, line), node);
}

/* A CPU makes room: a dirty line goes home. */
void coherence_evict(struct sim *sim, struct cpu *cpu, struct slot *slot)
{
	struct node *node = cpu->node;
	uint64_t line = slot->line;
	uint32_t version = slot->version;
	enum state state = slot->state;
	bool dirty = leaves_dirty(sim, node->id, node, state);

	cpu_lose(sim, cpu, slot, NULL);
	if (sim->moments)
		observe_copy(sim, cpu, line, MOMENT_EVICTION);
	if (dirty) {
		struct txn lender = { .cpu = node->id, .stamp = cpu->txns++ << STAMP_SHIFT };

		send_put(sim, &lender, node, line, version, state);
	} else {
		coherence_drop(sim, node, line);
	}
}

void (*const coherence_event[])(struct sim *, struct event *) = {
	[EVENT_FILL] = on_fill,       [EVENT_PROBE] = on_probe,     [EVENT_ACK] = on_ack,
	[EVENT_REQUEST] = on_request, [EVENT_REPLY] = on_reply,     [EVENT_PUT] = on_put,
	[EVENT_DONE] = on_done,       [EVENT_SERVICE] = on_service,
};
