/* The array by node behind struct kmem_cache, from 7.1: a node's barn and its node struct. */
#ifndef MODELS_SLUB_PER_NODE_71_H
#define MODELS_SLUB_PER_NODE_71_H

struct per_node {
	struct node_barn *barn;
	struct kmem_cache_node *node;
};

static const struct field per_node_fields[] = {
	FIELD(struct per_node, barn),
	FIELD(struct per_node, node),
	{ 0 },
};

static const struct layout per_node_layout = {
	"per_node", sizeof(struct per_node), CLASS_ALLOCATOR, per_node_fields
};

enum { KERNEL_NODE_BYTES = NODE_BYTES };

static inline struct per_node *per_node(const struct kmem_cache *s, unsigned node)
{
	return (struct per_node *)((char *)s + sizeof *s) + node;
}

static inline struct node_barn *get_barn(struct cpu *cpu, const struct kmem_cache *s, unsigned node)
{
	return load(cpu, &per_node(s, node)->barn);
}

/* Set-up and check: no access. */
static inline void set_barn(struct kmem_cache *s, unsigned node, struct node_barn *barn)
{
	per_node(s, node)->barn = barn;
}

static inline struct node_barn *barn_of_node(const struct kmem_cache *s, unsigned node)
{
	return per_node(s, node)->barn;
}

#endif
