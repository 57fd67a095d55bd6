/* A machine's memory, allocators and traffic: see stand.h. */
#include "workloads/stand.h"

static void second(struct cpu *cpu, void *argument)
{
	const struct stand *stand = argument;

	if (stand->pages.model->tick)
		stand->pages.model->tick(cpu, stand->pages.state);
	if (stand->objects.model && stand->objects.model->tick)
		stand->objects.model->tick(cpu, stand->objects.state);
}

/*
 * Once a second each CPU does what the allocators want done then, in a timer's handler. A
 * thousandth of a second apart, for the kernel too spreads them. Not beside workloads that measure
 * the machine alone.
 */
static void start_seconds(struct stand *stand)
{
	uint64_t cycles = stand->plan->second_cycles;
	unsigned cpus = sim_cpus(stand->sim);
	bool wanted = stand->pages.model->tick ||
		      (stand->objects.model && stand->objects.model->tick);

	if (!wanted || !stand->plan->workload->needs_objects)
		return;
	for (unsigned id = 0; id < cpus; id++)
		background_add(stand->sim, id, cycles + id * (cycles / 1000), cycles, second,
			       stand);
}

/* The workload, and the devices beside it. */
static void create_traffic(struct stand *stand, char *why, size_t size)
{
	const struct stand_plan *plan = stand->plan;
	char unused[200];

	if (!plan->workload->create(&stand->traffic, plan->workload_settings, &stand->workload, why,
				    size))
		return;
	stand->devices = devices_new(&stand->traffic, plan->interrupts, plan->jitter_cycles + 1,
				     why, size);
	stand->created = !*why;
	if (!stand->created)
		plan->workload->finish(&stand->traffic, stand->workload, unused, sizeof unused);
}

static void create_allocators(struct stand *stand)
{
	const struct stand_plan *plan = stand->plan;
	struct sim *sim = stand->sim;

	stand->pages.model = plan->pages;
	stand->pages.memory =
		memory_new(sim, page_view_of(plan->objects, plan->pages, plan->pages_settings),
			   plan->page_stride, plan->memory_mib);
	stand->pages.state = plan->pages->create(sim, stand->pages.memory, plan->pages_settings);
	if (!plan->objects)
		return;
	stand->objects.model = object_allocator_variant(plan->objects, plan->objects_settings);
	stand->objects.pages = &stand->pages;
	stand->objects.state =
		stand->objects.model->create(sim, &stand->pages, plan->objects_settings);
}

void stand_set_up(struct stand *stand, struct sim *sim, const struct stand_plan *plan, char *why,
		  size_t size)
{
	stand->plan = plan;
	stand->sim = sim;
	create_allocators(stand);
	stand->traffic = (struct traffic){
		.sim = sim,
		.objects = plan->objects ? &stand->objects : NULL,
		.pages = &stand->pages,
		.warmup = plan->warmup,
		.operations = plan->operations,
		.ledger = plan->unwatched ? NULL : ledger_new(sim),
	};
	create_traffic(stand, why, size);
	start_seconds(stand);
}

static bool books_balance(const struct stand *stand, char *why, size_t size)
{
	const struct report report = { .why = why, .size = size };
	const struct objects *objects = &stand->objects;
	const struct pages *pages = &stand->pages;

	if (objects->model && objects->model->check &&
	    !objects->model->check(objects->state, &report))
		return false;
	return !pages->model->check || pages->model->check(pages->state, &report);
}

bool stand_finish(struct stand *stand, bool well, char *why, size_t size)
{
	bool good = true;

	/* finish also frees what the workload holds */
	if (stand->created)
		good = stand->plan->workload->finish(&stand->traffic, stand->workload, why, size);
	stand->created = false;
	if (!well)
		return true;
	return good && books_balance(stand, why, size);
}

void stand_free(struct stand *stand)
{
	devices_free(stand->devices);
	ledger_free(stand->traffic.ledger);
}
