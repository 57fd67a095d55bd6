/*
 * Fuzzer of litmus tests: any bytes are read or refused with a word, and what is read can be
 * asked.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "litmus/litmus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics *diagnostics = diagnostics_new();
	const struct document *document =
		diagnostics_source(diagnostics, "fuzz.litmus", (const char *)data, size, false);
	struct litmus *test = litmus_parse(document, diagnostics);
	char text[512];

	if (!test && !diagnostics_count(diagnostics))
		abort();        /* refused without a word */
	if (test) {
		struct outcome_values values = { { 0 } };

		litmus_asked(test, &values);
		litmus_outcome(test, &values, text, sizeof text);
	}
	free(test);
	diagnostics_free(diagnostics);
	return 0;
}
