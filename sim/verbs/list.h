/*
 * The kernel's circular doubly linked lists, with every access the kernel makes
 * (facts: slab.md 0.5, pagealloc.md 0.2).
 */
#ifndef SIM_VERBS_LIST_H
#define SIM_VERBS_LIST_H

#include "sim/verbs/verbs.h"

struct list_head {
	struct list_head *next, *prev;
};

static inline void list_init(struct list_head *head)    /* set-up, no access */
{
	head->next = head->prev = head;
}

static inline void list_make_empty(struct cpu *cpu, struct list_head *head)
{
	store(cpu, &head->next, head);
	store(cpu, &head->prev, head);
}

static inline bool list_empty(struct cpu *cpu, struct list_head *head)
{
	struct list_head *first = load(cpu, &head->next);

	return first == head;
}

static inline void list_insert_(struct cpu *cpu, struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	store(cpu, &next->prev, entry);
	store(cpu, &entry->next, next);
	store(cpu, &entry->prev, prev);
	store(cpu, &prev->next, entry);
}

static inline void list_add(struct cpu *cpu, struct list_head *entry, struct list_head *head)
{
	struct list_head *first = load(cpu, &head->next);

	list_insert_(cpu, entry, head, first);
}

static inline void list_add_tail(struct cpu *cpu, struct list_head *entry, struct list_head *head)
{
	struct list_head *last = load(cpu, &head->prev);

	list_insert_(cpu, entry, last, head);
}

static inline void list_unlink_(struct cpu *cpu, struct list_head *entry)
{
	struct list_head *next = load(cpu, &entry->next);
	struct list_head *prev = load(cpu, &entry->prev);

	store(cpu, &next->prev, prev);
	store(cpu, &prev->next, next);
}

#define LIST_POISON_NEXT ((struct list_head *)0x00100100)
#define LIST_POISON_PREV ((struct list_head *)0x00200200)

static inline void list_del(struct cpu *cpu, struct list_head *entry)
{
	list_unlink_(cpu, entry);
	store(cpu, &entry->next, LIST_POISON_NEXT);
	store(cpu, &entry->prev, LIST_POISON_PREV);
}

static inline void list_move(struct cpu *cpu, struct list_head *entry, struct list_head *head)
{
	list_unlink_(cpu, entry);
	list_add(cpu, entry, head);
}

/* All of `list`, which is not empty, to the front of what is on `head`. */
static inline void list_splice(struct cpu *cpu, struct list_head *list, struct list_head *head)
{
	struct list_head *first = load(cpu, &list->next);
	struct list_head *last = load(cpu, &list->prev);
	struct list_head *at = load(cpu, &head->next);

	store(cpu, &first->prev, head);
	store(cpu, &head->next, first);
	store(cpu, &last->next, at);
	store(cpu, &at->prev, last);
}

/*
 * What list_for_each_entry does until 2.6.39 before it tests an element, also the head that ends
 * the walk: it asks for the line of the one after it, which is returned.
 */
static inline struct list_head *list_ahead(struct cpu *cpu, struct list_head *at)
{
	struct list_head *next = load(cpu, &at->next);

	prefetch(cpu, &next->next);
	return next;
}

#endif
