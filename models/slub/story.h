/*
 * SLUB, the story.
 *
 *	kmem_cache  -> node -> partial: page(slab) <-> page(slab)
 *	            -> cpu_slab[cpu]: what the CPU allocates from
 *
 * A slab is 2^order pages that hold objects of one cache; its state lies in the struct page of the
 * first. Each CPU owns one slab of each cache, from which it allocates without a lock.
 *
 * Versions and their ideas:
 *
 *	                  2.6.22 (2007)         dfb4f096 (alone)      2.6.24 (2008)
 *	the CPU's list    in its slab's page    in kmem_cache_cpu,    in kmem_cache_cpu, of
 *	lies                                    a line in kmem_cache  a CPU's own array
 *	slab of the CPU   pointer to the page   kmem_cache_cpu.page   kmem_cache_cpu.page
 *	offset of the     in the page           in the page           in kmem_cache_cpu
 *	free pointer
 *	slab debugged?    flag in the page      flag in the page      node < 0
 *	unlock of a slab  read, LOCK btr        LOCK btr              LOCK btr
 *	refilled slab     to the head           to the head           to the tail
 *	empty ones kept   below 2 partial       below 2 partial       below 5 partial
 *	kmalloc, largest  4 MiB                 2048                  2048
 *	released with     lost objects, mended  the same              the cure
 *	                  by 05aa345034d
 *
 *	                  2.6.39 (2011)         3.1 (2011)            3.2 (2012), 3.18 (2014)
 *	fast paths        one cmpxchg16b of     the same              the same; 3.18: preemption
 *	                  list and id                                 off, next one prefetched
 *	a slab changes    under its lock        by one LOCK           the same
 *	                                        cmpxchg16b
 *	interrupts off    in slow paths         in slow allocations;  the same
 *	                                        under list_lock
 *	struct page       56 bytes, packed      64 bytes, a line      64 bytes, a line
 *	partial slabs of  the node              the node              the CPU, and the node
 *	unlock of a slab  plain btr             none is locked, but   the same
 *	                                        without cmpxchg16b
 *	refilled slab     to the tail           to the tail           to the CPU's
 *	empty ones kept   below 5 to 10 by      up to 5 to 10, when   up to half of that;
 *	                  size, if given up     freed, too            3.18: below it
 *	node structs      a line each           a line each           a line each
 *	kmalloc, largest  8192                  8192                  8192
 *	released with     lost objects, mended  the same              3.2: a lost free, when a
 *	                  by ea509eb0fb8                              slab changes lists
 *
 *	                  6.17 (2025)           6.18
 *	what a CPU has    a slab, its list behind cmpxchg16b, and more partial slabs of its own
 *	sheaves on top    of no cache           of caches that ask
 *	a fill takes      -                     objects one by one from the CPU's slab
 *	refilled slab     becomes the freeing CPU's, without the list_lock
 *	a slab is frozen  when a CPU allocates from it, not while a CPU only keeps it
 *	its pages have    a reference           none: frozen pages, in another sense of the word
 *
 *	                  7.0 (2026)            7.1                   7.3 (a tree of it)
 *	what a CPU has    sheaves of every cache: main, spare, rcu_free; no slab
 *	what a node has   a barn of full and of empty sheaves, and the partial list
 *	the barn is in    kmem_cache_node       kmem_cache            kmem_cache
 *	a fill takes      slabs one by one off  the same              a run of slabs at once
 *	                  the partial list
 *	a new slab's list of all objects        the same              of those not handed out
 *	the rest of a     walked to its end     the same              goes back unread
 *	slab after it
 *	slab lock         none: LOCK cmpxchg16b of freelist and counters together (from 3.1)
 *	on partial list?  a bit of the slab's flags, LOCK set and cleared (from 6.8)
 *	refilled slab     to the tail, and from 7.0 under the list_lock
 *	empty ones kept   below 5 to 10 partial, by size
 *	its pages have    no reference, nor those of large kmallocs (from 6.18)
 *	kmalloc, largest  8192
 *	released with     7.0-rc1: who may not  -                     -
 *	                  sleep gets one object
 *	                  at a time
 *
 * States of a slab, to 6.17. Its free objects are on page->freelist, or on the private list of its CPU; all
 * but that CPU put them back on the freelist: under the slab lock, or by one exchange of freelist,
 * inuse and frozen.
 *
 *	              frozen  freelist  on list  who may take objects    who may put them back
 *	the CPU's     yes     any       none     that CPU: its private   that CPU: its private list;
 *	                                         list, and the freelist  others: the freelist
 *	                                         whole, slab lock or
 *	                                         exchange
 *	a CPU's       yes     some, all that     nobody: that CPU makes  any CPU
 *	partial one                     CPU's    it its own first
 *	(from 3.2)
 *	partial       no      some, all partial  nobody: a CPU makes it  any CPU; the last object
 *	                                         its own first           takes the slab away, from
 *	                                                                 3.1 on if enough are left
 *	full          no      empty     none     nobody                  any CPU: becomes partial,
 *	                                                                 from 3.2 on that CPU's,
 *	                                                                 or gone, of one object
 *	new           no      all       none     nobody, until it is     nobody: none is out
 *	                                         the CPU's
 *
 * From 7.0 no CPU has a slab and none is frozen; an object in a sheaf counts as in use. listed.h has
 * the states.
 *
 * States of a sheaf, from 6.18. It moves as a whole, and its objects with it.
 *
 *	              objects   who may take and put objects       where it goes next
 *	main          any       its CPU, inside its section        spare, or the barn
 *	spare         any       nobody                             main, or the barn; flushed if the
 *	                                                           barn has full ones enough
 *	rcu_free      not all   its CPU puts, inside its section   waits for a grace period, then barn
 *	full in barn  all       nobody                             main of a CPU of the node
 *	empty in barn none      nobody                             main, rcu_free, or filled
 *	being filled  some      who took it, outside               main or spare of that CPU, or barn
 *	prefilled     any       who asked for it, no lock          spare or barn
 *
 * True whenever no CPU is inside an operation, which is when check() runs:
 *   (1) a slab is the CPU's, a CPU's partial one, partial or full, and of one CPU at most;
 *   (2) inuse is the number of its objects less the length of page->freelist; objects on a CPU's
 *       private list count as in use;
 *   (3) every list ends and stays on the slots of its slab; no object is on two;
 *   (4) nr_partial is the length of the partial list, nr_slabs the number of slabs of the node;
 *   (5) no lock is held;
 *   (6) the NR_SLAB counters of a node are the pages of its slabs;
 *   with sheaves also:
 *   (7) a sheaf is in one place only, an object in one sheaf at most, and then on no freelist;
 *   (8) sheaves in the barn are full or empty, and as many as it counts;
 *   (9) from 6.8 a slab has the mark of the partial list if and only if it is on it.
 *
 * Lock order, to 3.0: slab lock (a bit of page->flags), then list_lock; who takes from the list has
 * the list_lock and so only tries the slab lock. From 3.1 the other way round: list_lock, then slab
 * lock, where there is one at all. Interrupts are off in slow paths, but for the making of a slab by
 * a caller that may sleep and, from 3.1 on, for frees that need no list_lock.
 * From 6.18: a CPU's own section, interrupts on; inside it the barn's lock, never the list_lock; who
 * finds its CPU inside already does without sheaves.
 */
#ifndef MODELS_SLUB_STORY_H
#define MODELS_SLUB_STORY_H

#include "models/model.h"

/* Bits of page->flags by what they mean here, to 3.0. */
enum {
	PG_FROZEN = PG_ACTIVE,
	PG_DEBUG = PG_ERROR,            /* never set here, but looked at */
};

#endif
