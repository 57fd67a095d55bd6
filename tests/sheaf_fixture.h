/*
 * The names of slab-2026's lines and members, for paths of models with sheaves (model_fixture.h).
 *
 *	KC.size     struct kmem_cache           KCN.node, KCN.barn  its array by node; KCN1: of node 1
 *	CS.freelist struct kmem_cache_cpu, 6.17 and 6.18
 *	PCS.main    the CPU's own               BARN.nr_full        BARN1: of node 1
 *	SHm.size    a sheaf: m main, s spare, r rcu_free, f0 f1 .. e0 e1 .. of the barn's lists, as
 *	            they are after the script; SHm.o3 is its entry 3; hx the prefilled one of slot x
 *	ND.lock     struct kmem_cache_node      ND1: of node 1
 *	PG(a).flags the slab of object a        PGt(a): its own page; PG1(a): the slab's second page
 *	OB(a)       the word of a free object that has the next one; OF(a): its first word
 *	RCU.head    what waits for a grace period
 * With a k before it the same of the cache that kmalloc takes sheaves from. LINK0(a): the making of
 * the freelist of a's slab, from object 0 on.
 */
#ifndef TESTS_SHEAF_FIXTURE_H
#define TESTS_SHEAF_FIXTURE_H

#include "models/slub/sheaf.h"
#include "tests/model_fixture.h"

/* The barn in kmem_cache_node, with CPU slabs and without; in kmem_cache. */
extern const struct fixture_family sheaf_family_618, sheaf_family_70, sheaf_family_71;

/* Settings as the defaults have them. */
struct sheaf_settings sheaf_defaults(void);
const struct object_allocator *sheaf_model(const char *variant);

/* The number at a place that has `bytes`. */
uint64_t sheaf_get(const struct fixture *fixture, const char *name, unsigned bytes);
void sheaf_put(const struct fixture *fixture, const char *name, unsigned bytes, uint64_t value);

#endif
