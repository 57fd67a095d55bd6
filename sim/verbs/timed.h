/*
 * The timed backend of the verbs: the engine charges the coherence model and advances the
 * CPU's clock. Included by sim/verbs/verbs.h only.
 */
#ifndef SIM_VERBS_TIMED_H
#define SIM_VERBS_TIMED_H

void verb_load(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site);
void verb_store(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site);
/*
 * One read-modify-write; `old` gets the old value. For RMW_CAS true if it matched, for bits the
 * old bit, else true.
 */
bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected, const void *operand, void *old, bool locked, const struct site *site);
/* `value` has what the word had before, and gets what it has now. */
void verb_poll(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site);
void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step, const struct site *site);
void verb_load_ahead(struct cpu *cpu, const void *p, const struct site *site);
void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site);

#endif
