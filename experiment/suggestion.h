/*
 * Another layout for a struct, from who was counted writing and reading its members.
 *
 * What nobody writes comes first and keeps its order; behind it, each starting a line, the members
 * of each set of writers. So no CPU loses a member to writes of another set's members.
 */
#ifndef EXPERIMENT_SUGGESTION_H
#define EXPERIMENT_SUGGESTION_H

#include "sim/result.h"
#include "workloads/struct_plan.h"

/* Members that belong together; the first class may be of what nobody writes. */
struct suggested_class {
	char *who;                      /* "writer", "reader and writer"; "": nobody */
	bool read;                      /* others than its writers read it */
	char *members;                  /* their names, blanks between */
	uint64_t bytes;
};

struct suggestion {
	struct outline *after;
	char *edit;                     /* as YAML */
	struct suggested_class *class;
	size_t classes;
	size_t writers;                 /* classes that are written, those of one set counted once */
};

/* How finely members are told apart: by who writes them, also by whether others read them. */
enum suggestion_by { BY_WRITERS, BY_WRITERS_AND_READERS };

/*
 * Of a struct of the workload `struct`, `line` bytes being what is fetched at once. `plan` is that
 * of the settings. NULL and the reason in `why`: it cannot be said.
 */
struct suggestion *suggestion_new(const struct struct_settings *set, const struct struct_plan *plan,
				  const struct result *result, enum suggestion_by by, uint64_t line,
				  char *why, size_t size);
/* Of a struct of a model, by its name in reports, told apart by which CPUs write its members, all
 * structs of that kind together. `before` gets it as it is. */
struct suggestion *suggestion_of_model(const struct result *result, const char *name, uint64_t line,
				       struct outline **before, char *why, size_t size);
void suggestion_free(struct suggestion *suggestion);            /* NULL: nothing */
/* Does every member lie where it lay? */
bool suggestion_is_same(const struct outline *before, const struct outline *after);

#endif
