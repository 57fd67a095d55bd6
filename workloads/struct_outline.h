/* The struct of the workload `struct`, and how the parts of that read settings and tell mistakes. */
#ifndef WORKLOADS_STRUCT_OUTLINE_H
#define WORKLOADS_STRUCT_OUTLINE_H

#include "workloads/outline.h"
#include "workloads/workload.h"

struct struct_settings;

/* The outline before or after its edits; NULL: mistakes were told. */
struct outline *struct_outline(const struct struct_settings *set, bool edited, workload_tell *tell,
			       void *to);
/* Where the file of the layout lies; "": there is none. */
bool struct_input(const struct struct_settings *set, char *path, size_t path_size, char *why,
		  size_t size);

struct telling {
	workload_tell *tell;
	void *to;
	size_t told;
};

__attribute__((format(printf, 3, 4)))
void struct_tell(struct telling *telling, struct workload_place where, const char *format, ...);
/* `why`, and the member whose name is nearest to `word`. */
void struct_tell_member(struct telling *telling, const struct outline *outline,
			const struct tree_node *node, const char *word, const char *why);
struct workload_place struct_place(const struct tree_node *node);
struct workload_place struct_key_place(const struct tree_node *node);
/* A whole number up to `max`; false: it is none. */
bool struct_number(const char *text, uint64_t max, uint64_t *number);
/* NULL: the map has no such key. */
const struct tree_node *struct_child(const struct tree *tree, const struct tree_node *map,
				     const char *key);
/* false: it has another key, which is told. `keys` end with NULL. */
bool struct_keys(struct telling *telling, const struct tree *tree, const struct tree_node *map,
		 const char *const *keys);

#endif
