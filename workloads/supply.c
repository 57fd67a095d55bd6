/* Objects for workloads; see supply.h. */
#include "workloads/supply.h"

enum { STREAM_WORK = 16, STREAM_SIZE = 17, LARGEST_CACHE = 8192 };

const char *const gfp_words[] = {
	[GFP_WORD_KERNEL] = "kernel", [GFP_WORD_ATOMIC] = "atomic", NULL
};

const char *const supply_words[] = {
	[SOURCE_KMEM_CACHE] = "kmem_cache", [SOURCE_KMALLOC] = "kmalloc", NULL
};

/* 8, 12, 16, 24, 32, 48 ...: step i. */
static uint64_t step_size(unsigned i)
{
	return ((uint64_t)(i % 2 ? 12 : 8)) << i / 2;
}

static uint64_t draw_step(struct draws *draws, const struct sizes *sizes)
{
	unsigned first = 0, last;

	while (step_size(first) < sizes->low)
		first++;
	for (last = first; step_size(last + 1) <= sizes->high; last++)
		continue;
	return step_size(first + (unsigned)draws_below(draws, last - first + 1));
}

uint32_t sizes_draw(struct draws *draws, const struct sizes *sizes)
{
	switch ((enum sizes_shape)sizes->shape) {
	case SIZES_UNIFORM:
		return (uint32_t)(sizes->low + draws_below(draws, sizes->high - sizes->low + 1));
	case SIZES_STEPS:
		return (uint32_t)draw_step(draws, sizes);
	case SIZES_ONE:
		break;
	}
	return (uint32_t)sizes->low;
}

struct supply supply_new(struct traffic *traffic, const struct supply_options *options)
{
	struct supply supply = { traffic, *options, NULL, work_new(&options->work) };
	bool own = options->cache == SOURCE_KMEM_CACHE && options->object_size.shape == SIZES_ONE &&
		   options->object_size.low <= LARGEST_CACHE;
	struct source source = source_new(traffic, own ? SOURCE_KMEM_CACHE : SOURCE_KMALLOC,
					  options->object_size.high);

	supply.cache = source.cache;
	traffic->gfp = options->gfp == GFP_WORD_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	return supply;
}

void supply_free(struct supply *supply)
{
	work_free(supply->work);
}

struct supplied supplied_new(const struct sim *sim, unsigned cpu)
{
	return (struct supplied){ draws_new(sim, cpu, STREAM_WORK),
				  draws_new(sim, cpu, STREAM_SIZE) };
}

static uint64_t at_most(uint64_t bytes, uint32_t size)
{
	return bytes < size ? bytes : size;
}

void *supply_get(struct cpu *cpu, const struct supply *supply, struct supplied *mine,
		 uint32_t *size)
{
	void *object;

	work_do(cpu, supply->work, &mine->work, supply->set.work_cycles);
	*size = sizes_draw(&mine->size, &supply->set.object_size);
	if (supply->cache)
		object = traffic_alloc(cpu, supply->traffic, supply->cache);
	else
		object = traffic_kmalloc(cpu, supply->traffic, *size);
	touch_write(cpu, object, at_most(supply->set.write_bytes, *size));
	return object;
}

void supply_put(struct cpu *cpu, const struct supply *supply, void *object, uint32_t size)
{
	touch_read(cpu, object, at_most(supply->set.read_bytes, size));
	if (supply->cache)
		traffic_free(cpu, supply->traffic, supply->cache, object);
	else
		traffic_kfree(cpu, supply->traffic, object);
}
