/*
 * The command: finds the verb and leaves the rest to it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "experiment/diagnostic.h"
#include "experiment/plugin.h"
#include "experiment/terminal.h"
#include "experiment/version.h"

static void print_help(FILE *out)
{
	fputs("Usage: bounce VERB ...\n"
	      "Which cache lines bounce between CPUs, why, and what that costs: real allocator\n"
	      "algorithms on a simulated machine.\n\n",
	      out);
	for (const struct verb *verb = verbs; verb->name; verb++)
		fprintf(out, "  bounce %-10s%-11s%s\n", verb->name, verb->arguments, verb->summary);
	fputs("\n'bounce help VERB' says more, 'bounce version' which one this is. Examples:\n\n"
	      "  bounce run configs/remote-free.yaml\n"
	      "  bounce report remote-free\n"
	      "  bounce explain bounces\n",
	      out);
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word))
		words++;
	return *words;
}

static int unknown_verb(const char *word)
{
	struct nearest nearest = nearest_to(word);

	for (const struct verb *verb = verbs; verb->name; verb++)
		nearest_try(&nearest, verb->name);
	nearest_try(&nearest, "help");
	nearest_try(&nearest, "version");
	if (nearest.best)
		complain("bounce: no verb '%s'; did you mean '%s'?", word, nearest.best);
	else
		complain("bounce: no verb '%s'; 'bounce --help' shows all", word);
	return EXIT_MISTAKE;
}

/* All verbs, or what one of them says about itself: bounce help run. */
static int help(int argc, char **argv)
{
	static char asked[] = "--help";
	const struct verb *verb = argc > 1 ? verb_find(argv[1]) : NULL;

	if (argc > 1 && !verb)
		return unknown_verb(argv[1]);
	if (verb)
		return verb->run(2, (char *[]){ argv[1], asked, NULL });
	print_help(stdout);
	return EXIT_DONE;
}

/*
 * stdout is data: data that did not arrive is a failure. At the end of the program, since --help
 * of a verb ends inside argp.
 */
static void close_stdout(int status, void *unused)
{
	int error = terminal_error(stdout);

	(void)unused;
	if (!error)
		return;
	complain("bounce: standard output: %s", strerror(error));
	_exit(status == EXIT_DONE ? EXIT_FAILED : status);
}

/*
 * A standard descriptor that comes closed would be the next file's, and what is printed would land
 * in it. Something stands there that cannot be used.
 */
static void take_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	take_descriptors();
	terminal_guard();
	/* a file that may grow no more is a write that fails, with its message */
	signal(SIGXFSZ, SIG_IGN);
	if (on_exit(close_stdout, NULL) != 0) {
		perror("bounce");
		return EXIT_FAILED;
	}
	if (argc < 2) {
		print_help(stderr);
		return EXIT_MISTAKE;
	}
	static const char *const helps[] = { "help", "--help", "-h", "-?", NULL };
	static const char *const versions[] = { "version", "--version", "-V", "-v", NULL };

	if (is_one_of(argv[1], helps))
		return help(argc - 1, argv + 1);
	if (is_one_of(argv[1], versions)) {
		printf("bounce %s, models %s\n", version_program(), version_models());
		return EXIT_DONE;
	}

	const struct verb *verb = verb_find(argv[1]);

	if (!verb)
		return unknown_verb(argv[1]);

	/* a reader that left (`| head -1`) is a write that fails, told at the end */
	if (verb->keeps)
		signal(SIGPIPE, SIG_IGN);

	int status = verb->run(argc - 1, argv + 1);

	plugin_running(false);
	return status;
}
