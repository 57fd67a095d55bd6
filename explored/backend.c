/* The door of the explored backend: the one name that its relocatable object shows. */
#include "sim/verbs/backend.h"

#include "explored/finding.h"
#include "models/model.h"
#include "workloads/workload.h"

const struct backend backend_explored = {
	.name = "explored",
	.version = VERSION_OF_BACKEND,
	.objects = object_allocators,
	.pages = page_allocators,
	.workloads = workloads,
	.adopt = object_allocator_load,
	.explorer = &explorer,
};
