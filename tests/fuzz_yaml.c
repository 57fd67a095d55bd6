/*
 * Fuzzer of experiments: any bytes are read, checked and multiplied out, and if they are an
 * experiment, its effective text must read back as the same one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct experiment *parse(const char *text, size_t length, char **told)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_parse("fuzz.yaml", text, length, NULL, 0, diagnostics);
	size_t told_length;
	FILE *out = open_memstream(told, &told_length);

	diagnostics_print(diagnostics, out, true);
	fclose(out);
	if (!experiment && !told_length)
		abort();        /* refused without a word */
	diagnostics_free(diagnostics);
	return experiment;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *told;
	struct experiment *experiment = parse((const char *)data, size, &told);

	free(told);
	if (!experiment)
		return 0;

	struct experiment *again =
		parse(experiment->effective, strlen(experiment->effective), &told);

	if (!again || strcmp(again->hash, experiment->hash)) {
		fprintf(stderr, "effective experiment:\n%s\n%s", experiment->effective, told);
		abort();
	}
	free(told);
	experiment_free(again);
	experiment_free(experiment);
	return 0;
}
