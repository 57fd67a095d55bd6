/* What 3.18, 4.0 and the proposal of 2014 have in common, in their struct slub_era. */
#ifndef MODELS_SLUB_CONSTANTS_318_H
#define MODELS_SLUB_CONSTANTS_318_H

#define CONSTANTS_318 \
	.min_partial_bits    = 2, \
	.min_objects_by_cpus = true, \
	.kmalloc_max         = 2 * PAGE_BYTES, \
	.waste               = 16, \
	.too_many            = OBJECTS_MASK + 1, \
	.slab_lock           = BIT_LOCK_2639, \
	.list_lock           = LOCK_TICKET, \
	.refilled            = LIST_TAIL, \
	.page_pair           = true, \
	.cpu_partial         = true, \
	.links_irqs_off      = true, \
	.links_once          = true, \
	.new_reads_order     = true, \
	.checks_pfmemalloc   = true, \
	.discards_at_limit   = true, \
	.clears_cpu_later    = true, \
	.new_all_inuse       = true, \
	.forgets_drained     = true, \
	.prefetches          = true

#endif
