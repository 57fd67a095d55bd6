/*
 * Socket buffers: a head of a cache of its own, and data that are kmalloc's, as the kernel has them
 * from 2.6.39 to 6.18 (workloads.md B.2). Which lines of them are written and read when.
 */
#ifndef WORKLOADS_SKB_H
#define WORKLOADS_SKB_H

#include "workloads/workload.h"

enum {
	SKB_BYTES = 256,                /* 232 to 256, on lines */
	SKB_SHARED_INFO = 320,          /* behind the data, on a line */
};

/* The head; while it is free the allocator's. */
struct skb {
	struct skb *next, *prev;
	char *data;                     /* behind the room */
	uint64_t cpu;                   /* that allocated it */
	uint64_t bytes;                 /* of the packet */
};

struct skb_source {
	struct traffic *traffic;
	struct kmem_cache *head;
	size_t room;                    /* bytes in front of the data: headers */
};

/* Set-up. */
struct skb_source skb_source_new(struct traffic *traffic, size_t room);
/* Allocates a head and clears it. */
struct skb *skb_head_new(struct cpu *cpu, const struct skb_source *source);
/* Allocates the data, of `bytes` and room; what a driver or a sender writes of it is written. */
void skb_data_new(struct cpu *cpu, const struct skb_source *source, struct skb *skb,
		  uint32_t bytes);
/* What a reader reads: head and packet. */
void skb_read(struct cpu *cpu, const struct skb_source *source, struct skb *skb);
/* The last reference goes: data, then head. */
void skb_free(struct cpu *cpu, const struct skb_source *source, struct skb *skb);

#endif
