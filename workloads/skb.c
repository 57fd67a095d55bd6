/* Socket buffers; see skb.h. */
#include "workloads/skb.h"

struct skb_source skb_source_new(struct traffic *traffic, size_t room)
{
	const struct objects *objects = traffic->objects;
	struct skb_source source = { traffic, NULL, room };

	source.head = objects->model->cache_create(objects->state, "skbuff_head_cache", SKB_BYTES,
						   LINE);
	if (!traffic->source.size)
		traffic->source = (struct source){ source.head, SKB_BYTES };
	return source;
}

struct skb *skb_head_new(struct cpu *cpu, const struct skb_source *source)
{
	struct skb *skb = traffic_alloc(cpu, source->traffic, source->head);

	touch_write(cpu, skb, SKB_BYTES);
	store(cpu, &skb->cpu, cpu_id(cpu));
	return skb;
}

/* From the start of the data block to skb_shared_info, which begins a line. */
static size_t data_bytes(const struct skb_source *source, uint64_t bytes)
{
	return (source->room + bytes + LINE - 1) / LINE * LINE;
}

void skb_data_new(struct cpu *cpu, const struct skb_source *source, struct skb *skb,
		  uint32_t bytes)
{
	size_t before = data_bytes(source, bytes);
	char *data = traffic_kmalloc(cpu, source->traffic, before + SKB_SHARED_INFO);

	store(cpu, &skb->data, data);
	store(cpu, &skb->bytes, bytes);
	touch_write(cpu, data + source->room, bytes);
	store(cpu, (uint32_t *)(data + before), 1);     /* one reference */
}

void skb_read(struct cpu *cpu, const struct skb_source *source, struct skb *skb)
{
	char *data = load(cpu, &skb->data);
	uint64_t bytes = load(cpu, &skb->bytes);

	touch_read(cpu, data + source->room, bytes);
}

void skb_free(struct cpu *cpu, const struct skb_source *source, struct skb *skb)
{
	char *data = load(cpu, &skb->data);
	uint64_t bytes = load(cpu, &skb->bytes);

	(void)load(cpu, (uint32_t *)(data + data_bytes(source, bytes)));        /* the last one? */
	traffic_kfree(cpu, source->traffic, data);
	traffic_free(cpu, source->traffic, source->head, skb);
}
