/* Experiments of the workload `struct`, as text, and what comes of them. */
#ifndef TESTS_STRUCTS_FIXTURE_H
#define TESTS_STRUCTS_FIXTURE_H

#include "experiment/store.h"
#include "tests/cli_fixture.h"

struct ran {
	struct points points;
	char *folder;
};

/* `more` is the section `workload`, its lines indented by two, and what follows. The machine is
 * textbook, nobody starts late, and work is constant. */
struct ran struct_run(const char *cpus, const char *operations, const char *more);
struct ran struct_run_on(const char *machine, const char *cpus, const char *operations,
			 const char *more);
void ran_free(struct ran *ran);
/* A metric of a point, by its number. */
double ran_metric(const struct ran *ran, size_t point, const char *metric);
const struct member_stats *ran_member(const struct ran *ran, size_t point, const char *member);
/* What `bounce check` says about it, without the quoted lines; the caller frees. */
char *struct_mistakes(const char *more);

#endif
