/*
 * Fuzzer of machine files: any bytes are read and checked; a machine that is accepted is one on
 * which counters can run, and a point that ends is written and read back.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiment/experiment.h"
#include "experiment/run_point.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CORES_RUN = 32 };        /* set-up of a larger machine would be most of the time */

static void run(const struct experiment *experiment)
{
	char why[512];
	const struct machine *machine = &experiment->combination[0]->machine;

	if (machine_cores(machine) > CORES_RUN)
		return;

	struct point *point = run_point(&experiment->point[0], why, sizeof why);

	if (point && point->result->outcome == OUTCOME_BUG) {
		fprintf(stderr, "%s\n", point->result->message);
		abort();
	}
	point_free(point);
}

/* A file without a name: machines are read from files alone. */
static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("machine", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics *diagnostics = diagnostics_new();
	int fd = file_of(data, size);
	char text[512], *told;
	size_t length;
	FILE *out = open_memstream(&told, &length);

	snprintf(text, sizeof text,
		 "name: fuzz\nmachine: /proc/self/fd/%d\ncpus: 2\nplacement: scatter\n"
		 "workload: {kind: counter, counters: neighbours}\noperations: 60\n"
		 "memory_mib: 8\nmax_cycles: 100000000\n",
		 fd);

	struct experiment *experiment =
		experiment_parse("fuzz.yaml", text, strlen(text), NULL, 0, diagnostics);

	diagnostics_print(diagnostics, out, true);
	fclose(out);
	if (!experiment && !length)
		abort();        /* refused without a word */
	if (experiment) {
		run(experiment);
		experiment_free(experiment);
	}
	free(told);
	diagnostics_free(diagnostics);
	close(fd);
	return 0;
}
