/*
 * The command: finds the verb and leaves the rest to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "experiment/diagnostic.h"
#include "experiment/version.h"

/* clang-format off */
const struct verb verbs[] = {
	{ "run",     "FILE...",         "run an experiment: progress, table, results, plots", cli_run },
	{ "check",   "FILE...",         "report mistakes, run nothing", cli_check },
	{ "report",  "RESULT",          "where it bounces: by line, member, source line", cli_report },
	{ "plot",    "RESULT",          "draw the figures again", cli_plot },
	{ "compare", "A B",             "two results side by side, with intervals", cli_compare },
	{ "import",  "TRACE",           "a recorded trace into a replayable one", cli_import },
	{ "explore", "FILE...",         "many schedules: can an allocator lose or double an object?", cli_explore },
	{ "litmus",  "FILE...",         "litmus tests: is the order of memory that of x86-TSO?", cli_litmus },
	{ "list",    "WHAT",            "models, workloads, machines, protocols, metrics, keys", cli_list },
	{ "explain", "WORD",            "what a key, metric, model or protocol is", cli_explain },
	{ 0 },
};
/* clang-format on */

static void print_help(FILE *out)
{
	fputs("Usage: bounce VERB ...\n"
	      "Which cache lines bounce between CPUs, why, and what that costs: real allocator\n"
	      "algorithms on a simulated machine.\n\n",
	      out);
	for (const struct verb *verb = verbs; verb->name; verb++)
		fprintf(out, "  bounce %-8s%-11s%s\n", verb->name, verb->arguments, verb->summary);
	fputs("\n'bounce VERB --help' says more. Examples:\n\n"
	      "  bounce run configs/remote-free.yaml\n"
	      "  bounce report remote-free\n"
	      "  bounce explain bounces\n",
	      out);
}

static int unknown_verb(const char *word)
{
	struct nearest nearest = nearest_to(word);

	for (const struct verb *verb = verbs; verb->name; verb++)
		nearest_try(&nearest, verb->name);
	if (nearest.best)
		fprintf(stderr, "bounce: no verb '%s'; did you mean '%s'?\n", word, nearest.best);
	else
		fprintf(stderr, "bounce: no verb '%s'; 'bounce --help' shows all\n", word);
	return EXIT_MISTAKE;
}

/*
 * stdout is data: data that did not arrive is a failure. At the end of the program, since --help
 * of a verb ends inside argp.
 */
static void close_stdout(int status, void *unused)
{
	(void)unused;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	perror("bounce: standard output");
	_exit(status == EXIT_DONE ? EXIT_FAILED : status);
}

int main(int argc, char **argv)
{
	if (on_exit(close_stdout, NULL) != 0) {
		perror("bounce");
		return EXIT_FAILED;
	}
	if (argc < 2) {
		print_help(stderr);
		return EXIT_MISTAKE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("bounce %s, models %s\n", version_program(), version_models());
		return EXIT_DONE;
	}
	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (!strcmp(verb->name, argv[1]))
			return verb->run(argc - 1, argv + 1);
	}
	return unknown_verb(argv[1]);
}
