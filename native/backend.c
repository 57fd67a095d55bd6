/* The door of the native backend: the one name that its relocatable object shows. */
#include "sim/verbs/backend.h"

#include "native/machine.h"

static const struct native native = {
	.cpus = host_cpus,
	.run = native_run,
	.measure_own = native_measure_own,
	.measure_chase = native_measure_chase,
};

const struct backend backend_native = {
	.name = "native",
	.version = VERSION_OF_BACKEND,
	.objects = object_allocators,
	.pages = page_allocators,
	.workloads = workloads,
	.adopt = object_allocator_load,
	.native = &native,
};
