/* A machine's table as integer legs in 1/64 cycles; docs/model.md says how totals are split. */
#include "sim/timing.h"
#include "sim/state.h"

#include <limits.h>

uint64_t units_of_cycles(double cycles)
{
	return cycles > 0 ? (uint64_t)(cycles * UNIT + 0.5) : 0;
}

uint64_t units_of_ns(const struct machine *m, double ns)
{
	return units_of_cycles(ns * m->freq_ghz);
}

/* The list of a state; a state that the sheet lacks costs what its nearest relative costs. An
 * owned line is modified to who reads it, and shared to who writes it. */
static const struct reals *state_list(const struct by_state *table, enum state state, bool write)
{
	switch (state) {
	case STATE_O:
		if (table->O.count)
			return &table->O;
		return write ? state_list(table, STATE_S, write) : &table->M;
	case STATE_E:
		return table->E.count ? &table->E : &table->M;
	case STATE_S:
	case STATE_F:
		return table->S.count ? &table->S : state_list(table, STATE_E, write);
	default:
		return &table->M;
	}
}

static uint64_t total_units(const struct machine *m, enum access_kind access, enum state s,
			    unsigned d)
{
	const struct by_state *table = access == ACCESS_LOAD    ? &m->load_ns
				       : access == ACCESS_STORE ? &m->store_ns
								: &m->rmw_ns;
	const struct reals *list = state_list(table, s, access != ACCESS_LOAD);

	return list->count ? units_of_ns(m, list->value[d < list->count ? d : list->count - 1]) : 0;
}

/* A load's total is that one; what writes cost more than a load they cost more here too. */
static void derive_homed_at_reader(struct timing *t, const struct machine *m, unsigned d)
{
	uint64_t usual = total_units(m, ACCESS_LOAD, STATE_M, d), here = usual;

	t->homed_at_reader = m->remote_dirty_homed_at_reader_ns > 0;    /* neither missing nor 0 */
	if (t->homed_at_reader)
		here = units_of_ns(m, m->remote_dirty_homed_at_reader_ns);
	for (enum access_kind a = 0; a < ACCESS_KINDS; a++)
		t->legs[a][DIRTY_HOMED_AT_READER][d] = less(t->legs[a][STATE_M][d] + here, usual);
}

static void derive_legs(struct timing *t, const struct machine *m)
{
	uint64_t load_hit = units_of_cycles(m->l1d.hit_cyc);

	t->store_hit = t->depth ? UNIT : load_hit;
	for (unsigned d = 0; d < t->distances; d++) {
		uint64_t least_total = NEVER;

		for (enum state s = STATE_S; s < STATES; s++) {
			uint64_t load = total_units(m, ACCESS_LOAD, s, d),
				 rmw = total_units(m, ACCESS_RMW, s, d);
			uint64_t store = total_units(m, ACCESS_STORE, s, d);

			least_total = least(least_total, least(load, rmw));
			t->legs[ACCESS_LOAD][s][d] = less(load, load_hit);
			t->legs[ACCESS_RMW][s][d] = less(rmw, t->own[OWN_LOCK_XADD][1]);
			t->legs[ACCESS_STORE][s][d] = t->legs[ACCESS_RMW][s][d];
			if (store) {
				least_total = least(least_total, store);
				t->legs[ACCESS_STORE][s][d] = less(store, t->store_hit);
			}
		}
		t->request[d] = (uint64_t)((double)least_total * m->handoff.split.value[0] + 0.5);
		if (!t->request[d])
			t->request[d] = 1;
		derive_homed_at_reader(t, m, d);
	}
	for (unsigned d = 0; d < t->dram_count; d++)
		t->dram[d] = less(units_of_ns(m, m->dram_ns.value[d]), load_hit);
}

/* Of what is left of a total after the request: the way of the probe. */
static double probe_share(const double *split)
{
	return split[1] + split[2] > 0 ? split[1] / (split[1] + split[2]) : 0.5;
}

/* Lower bounds of the legs, for the horizon; probe legs are never shorter (probe_leg). */
static void derive_least(struct timing *t, double share)
{
	t->least_request = t->least_probe = NEVER;
	for (unsigned d = 0; d < t->distances; d++) {
		t->least_request = least(t->least_request, t->request[d]);
		for (enum access_kind a = 0; a < ACCESS_KINDS; a++)
			for (unsigned s = STATE_S; s < TOTALS; s++) {
				uint64_t rest =
					less(t->legs[a][s][d], t->request[t->distances - 1]);

				t->least_probe =
					least(t->least_probe, (uint64_t)((double)rest * share));
			}
	}
	if (!t->least_probe)
		t->least_probe = 1;
}

static uint64_t least_of_owner(const struct timing *t, uint32_t states, bool homed_at_reader,
			       enum access_kind access, unsigned d)
{
	uint64_t total = NEVER;

	for (enum state s = STATE_F; s < STATES; s++) {
		bool dirty_alone = s == STATE_M || s == STATE_D;

		if (states >> s & 1)
			total = least(total,
				      t->legs[access][homed_at_reader && dirty_alone
							      ? (unsigned)DIRTY_HOMED_AT_READER
							      : s][d]);
	}
	return total;
}

void timing_owner_legs(const struct timing *t, const struct protocol *p, struct owner_legs *legs)
{
	for (unsigned homed = 0; homed < 2; homed++)
		for (enum access_kind a = 0; a < ACCESS_KINDS; a++)
			for (unsigned d = 0; d < t->distances; d++) {
				legs->least[homed][false][a][d] =
					least_of_owner(t, p->states, homed, a, d);
				legs->least[homed][true][a][d] =
					least_of_owner(t, p->states | 1u << STATE_F, homed, a, d);
			}
}

/*
 * How soon an event at a CPU, or the turn of one, can reach another CPU: through a home, and by an
 * IPI. Who misses answers the probe that it held at once (hold), as if that were such an event.
 */
static void derive_reach(struct timing *t)
{
	uint64_t answer = least(t->least_probe, t->least_request);

	t->from_message = least(answer + t->least_probe, t->ipi);
	t->from_turn = t->hold ? t->from_message : least(t->least_request + t->least_probe, t->ipi);
}

static void derive_steps(struct timing *t, const struct machine *m)
{
	uint64_t pair = units_of_cycles(m->irq_pair_cyc.popf),
		 cli = units_of_cycles(m->cli_sti_pair_cyc);

	t->step[STEP_PAUSE] = units_of_cycles(m->pause_cyc);
	t->step[STEP_IRQ_SAVE] = pair / 2;
	t->step[STEP_IRQ_RESTORE] = pair - pair / 2;
	t->step[STEP_CLI] = cli / 2;
	t->step[STEP_STI] = cli - cli / 2;
	t->step[STEP_RDTSC] = units_of_cycles(m->rdtsc_cyc);
	t->step[STEP_CALL] = units_of_cycles(m->step_cyc.call);
	t->step[STEP_LOOP] = units_of_cycles(m->step_cyc.loop);
	t->step[STEP_ALLOC] = units_of_cycles(m->step_cyc.alloc);
	t->step[STEP_FREE] = units_of_cycles(m->step_cyc.free);
	t->step[STEP_PAGE_ALLOC] = units_of_cycles(m->step_cyc.page_alloc);
	t->step[STEP_PAGE_FREE] = units_of_cycles(m->step_cyc.page_free);
	t->fence = units_of_cycles(m->mfence_cyc);
	t->irq_entry = units_of_ns(m, m->irq_entry_exit_ns) / 2;
	t->irq_exit = units_of_ns(m, m->irq_entry_exit_ns) - t->irq_entry;
	t->ipi = units_of_ns(m, m->ipi_roundtrip_ns / 2);
	if (!t->ipi)
		t->ipi = 1;
}

/* A missing kind of operation costs what its nearest relative costs. */
static void derive_own(struct timing *t, const struct own_cycles *own)
{
	const struct reals *list[OWNS] = {
		[OWN_ADD] = &own->add,
		[OWN_CMPXCHG_LOCAL] = &own->cmpxchg_local,
		[OWN_CMPXCHG8B_LOCAL] = &own->cmpxchg8b_local,
		[OWN_CMPXCHG16B_LOCAL] = &own->cmpxchg16b_local,
		[OWN_LOCK_ADD] = &own->lock_add,
		[OWN_LOCK_XADD] = &own->lock_xadd,
		[OWN_LOCK_CMPXCHG] = &own->lock_cmpxchg,
		[OWN_XCHG] = &own->xchg,
		[OWN_LOCK_CMPXCHG16B] = &own->lock_cmpxchg16b,
	};
	static const enum own relative[OWNS] = {
		[OWN_ADD] = OWN_ADD,
		[OWN_CMPXCHG_LOCAL] = OWN_ADD,
		[OWN_CMPXCHG8B_LOCAL] = OWN_CMPXCHG_LOCAL,
		[OWN_CMPXCHG16B_LOCAL] = OWN_CMPXCHG8B_LOCAL,
		[OWN_LOCK_ADD] = OWN_LOCK_ADD,
		[OWN_LOCK_XADD] = OWN_LOCK_ADD,
		[OWN_LOCK_CMPXCHG] = OWN_LOCK_ADD,
		[OWN_XCHG] = OWN_LOCK_ADD,
		[OWN_LOCK_CMPXCHG16B] = OWN_LOCK_CMPXCHG,
	};

	for (unsigned i = 0; i < OWNS; i++)
		for (unsigned k = 0; k < 2; k++) {
			const struct reals *l = list[i];

			t->own[i][k] = l->count ? units_of_cycles(l->value[k < l->count ? k : 0])
						: t->own[relative[i]][k];
			if (!t->own[i][k])
				t->own[i][k] = UNIT;
		}
}

static unsigned or_any(uint64_t limit, unsigned any)
{
	return limit ? (unsigned)limit : any;
}

static void derive_buffer(struct timing *t, const struct machine *m)
{
	t->depth = (unsigned)m->store_buffer;
	t->hidden = or_any(m->hidden_store_misses, t->depth);
	t->misses = or_any(m->miss_buffers, UINT_MAX);
	t->misses_from_M = or_any(m->rfo_parallel.from_M, t->misses);
	t->misses_from_S = or_any(m->rfo_parallel.from_S, t->misses);
}

bool timing_derive(struct sim *sim, char *why, size_t size)
{
	const struct machine *m = &sim->machine;
	struct timing *t = &sim->t;
	double share = probe_share(m->handoff.split.value);

	if (m->handoff.split.count != 3 || !m->distances.count || !m->load_ns.M.count ||
	    !m->rmw_ns.M.count || !m->dram_ns.count || m->distances.count > DISTANCES) {
		snprintf(why, size,
			 "machine '%s' lacks distances, load_ns.M, rmw_ns.M, dram_ns or "
			 "handoff.split",
			 m->id);
		return false;
	}
	t->distances = m->distances.count;
	t->dram_count = m->dram_ns.count < DISTANCES ? m->dram_ns.count : DISTANCES;
	t->probe_part = (uint64_t)(share * (double)(1ull << PROBE_SHIFT));
	t->service_jitter = (unsigned)m->service_jitter_percent;
	t->invalidate_extra = units_of_ns(m, m->inv_ns_per_extra_sharer);
	t->far = units_of_ns(m, m->far_atomic.latency_ns);
	t->far_service = units_of_ns(m, m->far_atomic.service_ns);
	if (!t->far_service)
		t->far_service = 1;
	t->slice = units_of_ns(m, m->slice.occupancy_ns);
	t->bus_slot = units_of_ns(m, m->link.bus_slot_ns);
	t->reread = units_of_ns(m, m->reread_ns);
	t->pair = m->prefetchers.pair;
	t->next_line = m->prefetchers.next_line;
	t->load_window = (unsigned)m->load_window;
	t->ahead = t->pair || t->next_line || t->load_window;
	if (m->handoff.home == ORDER_CHASING) {
		t->hold = units_of_ns(m, m->handoff.hold_ns);
		t->late_paid = m->handoff.late_request == LATE_PAID;
	}
	if (m->link.bytes_per_ns > 0)
		t->data_occupancy = units_of_ns(m, (LINE + 8) / m->link.bytes_per_ns);
	derive_buffer(t, m);
	derive_own(t, &m->own_cyc);
	derive_legs(t, m);
	derive_least(t, share);
	derive_steps(t, m);
	derive_reach(t);
	return true;
}
