/*
 * bounce import: recorded text of kmem events in, a trace for the replay workload out, and what
 * was kept, repaired and left out on stdout.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "experiment/c2c.h"
#include "experiment/file.h"
#include "experiment/terminal.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"
#include "workloads/import.h"

enum { KEY_SKIP = 256, KEY_EVENTS, KEY_LEVEL, KEY_REPLACE, KEY_FORCE, KEY_C2C, KEY_LINE, CHUNK_BYTES = 1 << 16 };

struct arguments {
	struct import_options options;
	const char *input, *output;     /* "-": stdin, stdout */
	bool replace, c2c;
	unsigned line;                  /* of c2c's report */
	const char *of_c2c, *of_events; /* an option that is for the one, for the other; NULL: none */
};

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "write the trace to FILE, - is stdout (default: the input's name, with .trace)", 0 },
	{ "replace", KEY_REPLACE, NULL, 0, REPLACE_HELP, 0 },
	{ "force", KEY_FORCE, NULL, OPTION_HIDDEN, "As it was called before", 0 },
	{ "skip", KEY_SKIP, "N", 0, "leave out the first N events", 0 },
	{ "events", KEY_EVENTS, "N", 0, "keep N events", 0 },
	{ "c2c", KEY_C2C, NULL, 0, "the text of perf c2c report --stdio, into an experiment with a struct", 0 },
	{ "line", KEY_LINE, "N", 0, "of its pareto line N (default 0, the hottest)", 0 },
	{ "level", KEY_LEVEL, "slab|pages|both", 0, "keep events of objects, of pages, or both (default)", 0 },
	{ 0 },
};

static const char doc[] =
	"Make a recorded kmem trace replayable: the text of perf script, of ftrace's trace file, of "
	"trace-cmd report or of babeltrace (LTTng), plain or zstd; - is stdin. docs/traces.md shows "
	"the layouts, and a line for traces of your own."
	"\v"
	"Record with\n"
	"  perf record -a -e kmem:kmalloc,kmem:kfree,kmem:kmem_cache_alloc,\\\n"
	"    kmem:kmem_cache_free,kmem:mm_page_alloc,kmem:mm_page_free,\\\n"
	"    kmem:mm_page_free_batched -- COMMAND\n"
	"  perf script -F comm,pid,tid,cpu,time,event,trace > my.kmem.txt\n"
	"  bounce import my.kmem.txt\n"
	"and replay it with 'workload: {kind: replay, trace: ./my.trace}'.\n\n"
	"Of a line that perf c2c found:\n"
	"  perf c2c report --stdio > my.c2c.txt\n"
	"  bounce import --c2c my.c2c.txt";

static uint64_t number(struct argp_state *state, const char *text, const char *option)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || errno || value > UINT32_MAX)
		argp_error(state, "--%s wants a whole number up to %u, got '%s'", option,
			   UINT32_MAX, text);
	return value;
}

static void level(struct argp_state *state, struct import_options *to, const char *text)
{
	to->only_slab = strcmp(text, "slab") == 0;
	to->only_pages = strcmp(text, "pages") == 0;
	if (!to->only_slab && !to->only_pages && strcmp(text, "both") != 0)
		argp_error(state, "--level is one of slab, pages, both; got '%s'", text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct arguments *to = state->input;

	switch (key) {
	case 'o':        to->output = text; break;
	case KEY_REPLACE:
	case KEY_FORCE:  to->replace = true; break;
	case KEY_C2C:    to->c2c = true; break;
	case KEY_SKIP:
		to->options.skip = number(state, text, "skip");
		to->of_events = "skip";
		break;
	case KEY_EVENTS:
		to->options.events = number(state, text, "events");
		to->of_events = "events";
		if (!to->options.events)
			argp_error(state, "--events 0: a trace has one event at least");
		break;
	case KEY_LEVEL:
		level(state, &to->options, text);
		to->of_events = "level";
		break;
	case KEY_LINE:
		to->line = (unsigned)number(state, text, "line");
		to->of_c2c = "line";
		break;
	case ARGP_KEY_ARG:
		if (to->input)
			argp_error(state, "one input at a time");
		to->input = text;
		break;
	case ARGP_KEY_END:
		if (to->c2c && to->of_events)
			argp_error(state, "--%s is of recorded events, which --c2c has none of",
				   to->of_events);
		if (to->replace && to->output && !strcmp(to->output, "-"))
			argp_error(state, "--replace is for a file, not for standard output");
		if (!to->c2c && to->of_c2c)
			argp_error(state, "--%s is of the report that --c2c reads", to->of_c2c);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which recording? give a file, or - for stdin");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool cut_ending(char *name, const char *ending)
{
	size_t length = strlen(name), cut = strlen(ending);

	if (length <= cut || strcmp(name + length - cut, ending) != 0)
		return false;
	name[length - cut] = '\0';
	return true;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* In the current folder: "dir/socket.kmem.txt.zst" and ".trace" give "socket.trace", "my.c2c.txt" and
 * "-line-1.yaml" give "my-line-1.yaml"; the caller frees it. */
static char *default_output(const char *input, const char *ending)
{
	const char *base = strcmp(input, "-") == 0 ? "stdin" : base_name(input);
	char *name = xalloc(strlen(base) + strlen(ending) + 1);

	strcpy(name, base);
	cut_ending(name, ".zst");
	cut_ending(name, ".txt");
	cut_ending(name, ".kmem");
	cut_ending(name, ".c2c");
	return strcat(name, ending);
}

/* Why a recording is refused: examples stand in lines of their own, the path in one. */
static void tell_refusal(const char *path, const char *why)
{
	fputs("bounce: ", stderr);
	text_line(stderr, path);
	fprintf(stderr, ": %s\n", why);
}

static const char lttng_folder[] =
	"; the text of an LTTng trace: babeltrace2 FOLDER | bounce import - -o my.trace";

/* False: a mistake of the user, already told. */
static bool feed_file(struct importer *importer, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : file_open(path);

	if (!file) {
		complain("bounce: %s: %s%s", path, file_problem(errno),
			 errno == EISDIR ? lttng_folder : "");
		return false;
	}
	char *chunk = xalloc(CHUNK_BYTES), why[IMPORT_WHY_BYTES] = "";
	bool good = true;
	size_t got;

	while (good && (got = fread(chunk, 1, CHUNK_BYTES, file)) > 0)
		good = import_feed(importer, chunk, got, why, sizeof why);
	if (good && ferror(file)) {
		snprintf(why, sizeof why, "%s", strerror(errno));
		good = false;
	}
	if (!good)
		tell_refusal(path, why);
	if (file != stdin)
		fclose(file);
	free(chunk);
	return good;
}

static void print_line(void *to, const char *text)
{
	fprintf(to, "%s\n", text);
}

static void tell_losses(FILE *to, const struct importer *importer)
{
	size_t losses;
	const struct import_loss *loss = import_losses(importer, &losses);

	for (size_t i = 0; i < losses; i++) {
		char cpu[32] = "a CPU not told";

		if (loss[i].cpu != KMEM_NO_CPU)
			snprintf(cpu, sizeof cpu, "CPU %u", loss[i].cpu);
		if (loss[i].events)
			fprintf(to, "%10s  - lost on %s: %" PRIu64 "\n", "", cpu, loss[i].events);
		if (loss[i].gaps)
			fprintf(to, "%10s  - gaps of unknown size on %s: %" PRIu64 "\n", "", cpu,
				loss[i].gaps);
	}
}

static void tell(FILE *to, const struct importer *importer, const struct trace *trace,
		 const char *output)
{
	size_t others;
	const struct import_other *other = import_others(importer, &others);

	fputs("input: ", to);
	text_line(to, trace->origin);
	fputc('\n', to);
	trace_tell_input(trace, print_line, to);
	tell_losses(to, importer);
	for (size_t i = 0; i < others; i++) {
		fprintf(to, "%10s  - ", "");
		text_line(to, other[i].name);
		fprintf(to, ": %" PRIu64 "\n", other[i].count);
	}
	text_line(to, output);
	fprintf(to, ": %u CPUs, %zu events\n", trace->cpus, trace->events);
	fprintf(to, "objects:\n");
	trace_tell(trace, TRACE_SLAB, print_line, to);
	fprintf(to, "pages:\n");
	trace_tell(trace, TRACE_PAGES, print_line, to);
}

static bool write_stdout(const struct trace *trace)
{
	size_t bytes;
	void *data = trace_encode(trace, &bytes);
	FILE *out = terminal_bytes(stdout);
	bool good = fwrite(data, 1, bytes, out) == bytes && fflush(out) == 0;

	if (!good)
		fprintf(stderr, "bounce: stdout: cannot be written: %s\n", strerror(errno));
	free(data);
	return good;
}

static bool write_bytes(const void *data, size_t bytes, const char *path, char *why, size_t size)
{
	char folder[4096];
	size_t length;

	file_folder(path, folder, sizeof folder);
	length = strlen(folder);
	if (length == 0)
		strcpy(folder, ".");
	else if (length > 1)
		folder[length - 1] = '\0';
	return file_write(folder, base_name(path), data, bytes, why, size);
}

static bool write_file(const struct trace *trace, const char *path, char *why, size_t size)
{
	size_t bytes;
	void *data = trace_encode(trace, &bytes);
	bool good = write_bytes(data, bytes, path, why, size);

	free(data);
	return good;
}

static int write_output(const struct importer *importer, const struct trace *trace,
			const char *output)
{
	char why[IMPORT_WHY_BYTES];

	if (strcmp(output, "-") == 0) {
		if (!write_stdout(trace))
			return EXIT_FAILED;
		tell(stderr, importer, trace, "stdout");
		return EXIT_DONE;
	}
	if (!write_file(trace, output, why, sizeof why)) {
		complain("bounce: %s cannot be written: %s", output, why);
		return EXIT_FAILED;
	}
	tell(stdout, importer, trace, output);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int import(const struct arguments *arguments, const char *output)
{
	struct importer *importer = import_new(&arguments->options);
	struct trace *trace = NULL;
	char why[IMPORT_WHY_BYTES];
	int status = EXIT_MISTAKE;

	if (feed_file(importer, arguments->input)) {
		trace = import_finish(importer, why, sizeof why);
		if (trace)
			status = write_output(importer, trace, output);
		else
			tell_refusal(arguments->input, why);
		if (import_is_unreadable(importer))
			status = EXIT_FAILED;
	}
	trace_free(trace);
	import_free(importer);
	return status;
}

/* Before anything is read; false: told. */
static bool can_be_put(const struct arguments *arguments, const char *output)
{
	if (strcmp(output, "-"))
		return output_may_be("bounce import", output, arguments->input, arguments->replace);
	if (!isatty(STDOUT_FILENO) || arguments->c2c)
		return true;
	fprintf(stderr, "bounce: a trace is no text; redirect it or give --output FILE\n");
	return false;
}

/* ---- perf c2c -------------------------------------------------------------------------------- */

static void tell_c2c(FILE *to, const struct c2c_summary *summary, const char *output)
{
	fprintf(to, "line %u of %u: %u accesses in %llu records, at %u offsets, by %u CPUs in %u %s\n",
		summary->line, summary->lines, summary->rows, summary->records, summary->members,
		summary->cpus, summary->groups, summary->groups == 1 ? "group" : "groups");
	text_line(to, output);
	fputs(": what the report does not say is in its comments\n", to);
}

static int put_c2c(const char *yaml, size_t length, const struct c2c_summary *summary,
		   const char *output)
{
	char why[512];

	if (!strcmp(output, "-")) {
		fputs(yaml, stdout);
		tell_c2c(stderr, summary, "stdout");
		return EXIT_DONE;
	}
	if (!write_bytes(yaml, length, output, why, sizeof why)) {
		complain("bounce: %s cannot be written: %s", output, why);
		return EXIT_FAILED;
	}
	tell_c2c(stdout, summary, output);
	return EXIT_DONE;
}

static int import_c2c(const struct arguments *arguments, const char *output)
{
	bool is_stdin = !strcmp(arguments->input, "-");
	const char *path = is_stdin ? "/dev/stdin" : arguments->input;
	struct c2c_summary summary;
	char why[C2C_WHY_BYTES], *yaml;
	size_t length, written;
	char *text = file_read(path, C2C_BYTES_MAX + 1, &length);
	int status = EXIT_MISTAKE;

	if (!text || length > C2C_BYTES_MAX) {
		complain("bounce: %s: %s", arguments->input,
			 text ? "more than 16 MiB: 'perf c2c report' can be asked for fewer lines"
			      : file_problem(errno));
		free(text);
		return EXIT_MISTAKE;
	}
	FILE *out = text_open(&yaml, &written);
	bool good = c2c_convert(text, length, arguments->line, arguments->options.origin, out, &summary,
				why, sizeof why);

	text_close(out);
	if (good)
		status = put_c2c(yaml, written, &summary, output);
	else if (*why >= '0' && *why <= '9')
		complain("%s:%s", arguments->input, why);
	else
		complain("bounce: %s: %s", arguments->input, why);
	free(yaml);
	free(text);
	return status;
}

int cli_import(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "TRACE", doc, NULL, NULL, NULL };
	struct arguments arguments = { 0 };

	options_parse(&argp, argc, argv, "bounce import", &arguments);
	arguments.options.origin = base_name(arguments.input);
	char ending[32] = ".trace";

	if (arguments.c2c && arguments.line)
		snprintf(ending, sizeof ending, "-line-%u.yaml", arguments.line);
	else if (arguments.c2c)
		strcpy(ending, ".yaml");
	char *made = arguments.output ? NULL : default_output(arguments.input, ending);
	const char *output = made ? made : arguments.output;
	int status = EXIT_MISTAKE;

	if (can_be_put(&arguments, output))
		status = arguments.c2c ? import_c2c(&arguments, output) : import(&arguments, output);

	free(made);
	return status;
}
