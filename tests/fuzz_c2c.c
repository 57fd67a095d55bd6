/*
 * What the fuzzer feeds: bytes as the text of perf c2c, by itself and as rows below a line. What
 * comes of it must be an experiment without a mistake; what does not must say why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/c2c.h"
#include "experiment/experiment.h"
#include "experiment/file.h"
#include "sim/verbs/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_an_experiment(const char *yaml, size_t length)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_parse("x.yaml", yaml, length, NULL, 0, diagnostics);

	if (!experiment) {
		diagnostics_print(diagnostics, stderr, false);
		abort();
	}
	experiment_free(experiment);
	diagnostics_free(diagnostics);
}

static void convert(const char *text, size_t length)
{
	struct c2c_summary summary;
	char why[C2C_WHY_BYTES] = "", *yaml;
	size_t written;
	FILE *out = text_open(&yaml, &written);
	bool good = c2c_convert(text, length, 0, "origin", out, &summary, why, sizeof why);

	text_close(out);
	if (good)
		must_be_an_experiment(yaml, written);
	else if (!*why || written)
		abort();
	free(yaml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "Distribution Pareto\n 0 13 11 20 6 0 0xff40\n";
	char *text = xalloc(size + sizeof head);

	memcpy(text, data, size);
	text[size] = '\0';
	convert(text, size);
	memcpy(text, head, sizeof head - 1);
	memcpy(text + sizeof head - 1, data, size);
	convert(text, size + sizeof head - 1);
	free(text);
	return 0;
}
