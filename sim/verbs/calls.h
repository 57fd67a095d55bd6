/*
 * A backend whose verbs are function calls: the timed one, where they charge the coherence model
 * and advance the CPU's clock (sim/), and the explored one, where they let a scheduler pick who
 * goes on (explored/). An allocator that is loaded has them too, through a table. Included by
 * sim/verbs/verbs.h only.
 */
#ifndef SIM_VERBS_CALLS_H
#define SIM_VERBS_CALLS_H

VERB void verb_load(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site);
VERB void verb_store(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site);
/*
 * One read-modify-write; `old` gets the old value. For RMW_CAS true if it matched, for bits the
 * old bit, else true.
 */
VERB bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected, const void *operand, void *old, bool locked, const struct site *site);
/* `value` has what the word had before, and gets what it has now. */
VERB void verb_poll(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site);
/* No access: the CPU has nothing to do before the word is not `was`, and tries all the same. */
VERB void verb_retry(struct cpu *cpu, const void *p, const void *was, size_t size, const struct site *site);
VERB void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step, const struct site *site);
VERB void verb_load_ahead(struct cpu *cpu, const void *p, const struct site *site);
VERB void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site);

#endif
