/* The verbs of the command; see cli.h. */
#include <string.h>

#include "cli/cli.h"

/* clang-format off */
const struct verb verbs[] = {
	{ "run",     "FILE...",         "run an experiment: progress, table, results, plots", cli_run, true },
	{ "check",   "FILE...",         "report mistakes, run nothing", cli_check },
	{ "report",  "RESULT",          "where it bounces: by line, member, source line", cli_report },
	{ "step",    "FILE",            "one access at a time: who, what, states, cost", cli_step },
	{ "export",  "RESULT",          "what happens in a run, for Perfetto or for step", cli_export },
	{ "plot",    "RESULT",          "draw the figures again", cli_plot, true },
	{ "compare", "A B",             "two results side by side, with intervals", cli_compare },
	{ "suggest", "RESULT",          "a layout of a struct with fewer bounces, run at once", cli_suggest },
	{ "import",  "TRACE",           "a recorded trace into a replayable one", cli_import },
	{ "explore", "FILE...",         "many schedules: can an allocator lose or double an object?", cli_explore, true },
	{ "calibrate", "",              "measure this host, write a machine file", cli_calibrate },
	{ "litmus",  "FILE...",         "litmus tests: is the order of memory that of x86-TSO?", cli_litmus },
	{ "lab",     "[LAB]",           "a question, a prediction, and what the run says", cli_lab, true },
	{ "list",    "WHAT",            "experiments, models, workloads, machines, metrics, keys", cli_list },
	{ "explain", "WORD",            "what a key, metric, model or protocol is", cli_explain },
	{ 0 },
};
/* clang-format on */

const struct verb *verb_find(const char *word)
{
	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (!strcmp(verb->name, word))
			return verb;
	}
	return NULL;
}
