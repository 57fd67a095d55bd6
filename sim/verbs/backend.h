/*
 * The door of a backend: models and workloads are compiled once for each backend, linked with it
 * into one relocatable object, and that object exports one `const struct backend`.
 *
 * The timed backend is the program's own: sim/ and the registries as they stand. A struct sim or
 * struct cpu of one backend is never handed to another.
 */
#ifndef SIM_VERBS_BACKEND_H
#define SIM_VERBS_BACKEND_H

#include <stdbool.h>

struct object_allocator;
struct page_allocator;
struct workload;
struct explorer;
struct native;
struct plugin;

struct backend {
	const char *name;
	const char *version;            /* hash of what can change what it finds */
	/* its own copies, with settings of the same shape; NULL-terminated */
	const struct object_allocator **objects;
	const struct page_allocator *const *pages;
	const struct workload *const *workloads;
	/* see object_allocator_load */
	bool (*adopt)(const struct plugin *plugin, const char *file, const char *content);
	const struct explorer *explorer;        /* explored/explored.h */
	const struct native *native;            /* native/native.h */
};

extern const struct backend backend_explored, backend_native;

#endif
