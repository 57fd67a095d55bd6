/*
 * Fuzzer of litmus tests: any bytes are read or refused with a word; what is read can be asked, and
 * small tests have outcomes, or a reason why not.
 */
#include <stdint.h>
#include <stdlib.h>

#include "litmus/oracle.h"
#include "sim/verbs/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FEW_THREADS = 2, FEW_INSTRUCTIONS = 4 };

static bool is_small(const struct litmus *test)
{
	if (test->threads > FEW_THREADS || test->loops)
		return false;
	for (unsigned i = 0; i < test->threads; i++)
		if (test->thread[i].count > FEW_INSTRUCTIONS)
			return false;
	return true;
}

/* Sequential consistency is one of the ways of x86-TSO. */
static void list_outcomes(const struct litmus *test)
{
	const struct instruction *at;
	struct outcome_set sc, tso;

	if (oracle_outcomes(test, MODEL_SC, &sc, &at) == ORACLE_WHOLE &&
	    oracle_outcomes(test, MODEL_TSO, &tso, &at) == ORACLE_WHOLE) {
		for (size_t i = 0; i < sc.count; i++)
			if (outcome_set_find(&tso, outcome_set_row(&sc, i)) < 0)
				abort();
		outcome_set_free(&tso);
	}
	outcome_set_free(&sc);
}

static void ask(const struct litmus *test)
{
	int64_t *outcome = xalloc(test->observeds * sizeof *outcome);

	litmus_asked(test, outcome);
	free(litmus_outcome(test, outcome));
	free(outcome);
	if (is_small(test))
		list_outcomes(test);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics *diagnostics = diagnostics_new();
	const struct document *document =
		diagnostics_source(diagnostics, "fuzz.litmus", (const char *)data, size, false);
	struct litmus *test = litmus_parse(document, diagnostics);

	if (!test && !diagnostics_count(diagnostics))
		abort();        /* refused without a word */
	if (test)
		ask(test);
	litmus_free(test);
	diagnostics_free(diagnostics);
	return 0;
}
