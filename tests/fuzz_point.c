/*
 * Fuzzer of results: an index and its points as text, with checksums put behind them, so that
 * every byte is looked at. What can be read is written again and must come back the same; then all
 * that reads points has its turn: tables, reports, comparisons, the data of figures.
 *
 * An input is the index, a byte 1, a point, a byte 1, another point. The mutator starts from those
 * of a small run and changes fields of their tables.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/comparison.h"
#include "cli/select.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "cli/views.h"
#include "experiment/experiment.h"
#include "experiment/file.h"
#include "experiment/groups.h"
#include "experiment/metrics.h"
#include "figures/plots.h"
#include "experiment/run_point.h"
#include "experiment/sha256.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { POINTS = 2, PATH_BYTES = 128 };

static const char small[] = "name: small\n"
			    "machine: textbook\n"
			    "placement: scatter\n"
			    "cpus: 2\n"
			    "objects: [slub-page, slub-cpu]\n"
			    "workload: {kind: producer-consumer, in_flight: 4}\n"
			    "operations: 400\n"
			    "memory_mib: 8\n"
			    "plots: [bounces, cycles, causes, scaling, heat]\n";

/* What one process keeps over its inputs. */
static struct {
	char folder[PATH_BYTES], name[POINTS][POINT_NAME_BYTES];
	char *start;                    /* the input that mutations begin with */
	size_t length;
	FILE *nowhere;
} fuzz;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* Text of a file below the folder, without its last line. */
static void add_start(const char *below, char separator)
{
	enum { SEAL = 4 + 64 + 1 };
	char path[2 * PATH_BYTES];
	size_t length;

	snprintf(path, sizeof path, "%s/%s", fuzz.folder, below);

	char *text = file_read(path, 1 << 24, &length);

	must(text && length > SEAL, path);
	fuzz.start = realloc(fuzz.start, fuzz.length + length + 1);
	must(fuzz.start != NULL, "no memory");
	if (separator)
		fuzz.start[fuzz.length++] = separator;
	memcpy(fuzz.start + fuzz.length, text, length - SEAL);
	fuzz.length += length - SEAL;
	free(text);
}

/* A few rows of each table: an input that is short is tried more often. */
static void shorten(struct result *result)
{
	enum { ROWS = 6, HOLDERS = 260 };       /* enough holders for a figure of them */
	size_t *const counts[] = { &result->lines, &result->sites, &result->fields,
				   &result->paths, &result->locks };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		if (*counts[i] > ROWS)
			*counts[i] = ROWS;
	}
	if (result->holders > HOLDERS)
		result->holders = HOLDERS;
}

static void make_start(const struct experiment *experiment)
{
	char why[512], below[64];
	char *listed[POINTS];
	struct points points = {
		.name = (char *)experiment->name, .title = (char *)experiment->title,
		.version = "1", .models = "1", .plot = experiment->plot,
		.plots = experiment->plots, .swept = experiment->swept,
		.swepts = experiment->swepts, .listed = listed, .expected = POINTS,
	};

	memcpy(points.hash, experiment->hash, sizeof points.hash);
	must(experiment->points == POINTS && results_make(fuzz.folder, why, sizeof why), why);
	for (size_t i = 0; i < POINTS; i++) {
		struct point *point = run_point(&experiment->point[i], why, sizeof why);

		must(point != NULL, why);
		shorten(point->result);
		must(point_write(fuzz.folder, point, why, sizeof why), why);
		memcpy(fuzz.name[i], point->name, sizeof fuzz.name[i]);
		listed[i] = fuzz.name[i];
		point_free(point);
	}
	must(index_write(fuzz.folder, &points, why, sizeof why), why);
	add_start("index", '\0');
	for (size_t i = 0; i < POINTS; i++) {
		snprintf(below, sizeof below, "points/%s.point", fuzz.name[i]);
		add_start(below, '\1');
	}
}

static void clean_up(void)
{
	char path[2 * PATH_BYTES];

	for (size_t i = 0; i < POINTS; i++) {
		snprintf(path, sizeof path, "%s/points/%s.point", fuzz.folder, fuzz.name[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/points", fuzz.folder);
	rmdir(path);
	snprintf(path, sizeof path, "%s/index", fuzz.folder);
	unlink(path);
	rmdir(fuzz.folder);
	free(fuzz.start);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment = experiment_parse("small.yaml", small, strlen(small), NULL, 0,
							 diagnostics);

	(void)argc;
	(void)argv;
	diagnostics_print(diagnostics, stderr, false);
	diagnostics_free(diagnostics);
	must(experiment != NULL, "no experiment");
	snprintf(fuzz.folder, sizeof fuzz.folder, "%s/bounce-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	must(mkdtemp(fuzz.folder) != NULL, "no folder");
	fuzz.nowhere = fopen("/dev/null", "w");
	must(fuzz.nowhere != NULL, "no /dev/null");
	must(atexit(clean_up) == 0, "no memory");
	make_start(experiment);
	experiment_free(experiment);
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Without fsync and rename, which would be most of the time. */
static void write_sealed(const char *below, const uint8_t *text, size_t length)
{
	char path[2 * PATH_BYTES], hex[SHA256_HEX_BYTES];

	snprintf(path, sizeof path, "%s/%s", fuzz.folder, below);

	FILE *file = fopen(path, "wb");

	must(file != NULL, path);
	sha256_text((const char *)text, length, hex);
	fwrite(text, 1, length, file);
	fprintf(file, "end %s\n", hex);
	fclose(file);
}

static void write_input(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;

	for (size_t part = 0; part <= POINTS; part++) {
		const uint8_t *stop = data < end ? memchr(data, 1, (size_t)(end - data)) : NULL;
		char below[64] = "index";

		if (part)
			snprintf(below, sizeof below, "points/%s.point", fuzz.name[part - 1]);
		stop = stop ? stop : end;
		write_sealed(below, data, (size_t)(stop - data));
		data = stop < end ? stop + 1 : end;
	}
}

static void read_views(const struct points *points)
{
	const struct view_options options = { 10, true };
	for (size_t i = 0; i < points->count; i++) {
		const struct point *point = points->point[i];

		view_headline(fuzz.nowhere, point->result);
		for (const struct view *view = views; view->name; view++) {
			struct table *table = table_new(view->columns);
			char *label = select_label(points, point);

			view->fill(table, point->result, label);
			free(label);
			table_print(table, fuzz.nowhere, TABLE_JSONL, view->type, 0, (struct paper){ 0 });
			table_free(table);
			view->people(fuzz.nowhere, point->result, &options);
		}
	}
}

static void read_figures(const struct points *points)
{
	for (const struct figure *figure = figures; figure->name; figure++) {
		struct drawing drawing = { .points = points };
		char *data, *head;
		size_t data_length, head_length;

		drawing.data = text_open(&data, &data_length);
		drawing.head = text_open(&head, &head_length);
		figure->write(&drawing, figure);
		text_close(drawing.data);
		text_close(drawing.head);
		free(data);
		free(head);
	}
}

static void read_comparison(const struct points *points)
{
	static const char *const words[] = { "alloc_cycles_mean", "bounces/operations",
					     "elapsed_cycles" };
	enum { WORDS = sizeof words / sizeof *words };
	struct quotient compared[WORDS];
	struct comparison comparison = { compared, WORDS, 0.05, TABLE_PEOPLE, true };
	struct groups *groups = groups_of(points, NULL);
	char unknown[64];

	for (size_t i = 0; i < WORDS; i++)
		must(quotient_parse(words[i], &compared[i], unknown, sizeof unknown), unknown);
	for (enum table_format format = TABLE_PEOPLE; format <= TABLE_JSONL; format++) {
		size_t rows = 0;

		comparison.format = format;
		comparison_print(fuzz.nowhere, groups, &comparison, &rows);
	}
	groups_free(groups);
}

/* What was read, written and read again, is the same: a second writing gives the same bytes. */
static void write_again(const struct point *point)
{
	char why[512], path[2 * PATH_BYTES];
	char *text[2];
	size_t length[2];

	snprintf(path, sizeof path, "%s/points/%s.point", fuzz.folder, point->name);
	for (size_t i = 0; i < 2; i++) {
		struct point *again = i ? point_read(fuzz.folder, point->name, why, sizeof why) : NULL;

		must(!i || again, why);
		must(point_write(fuzz.folder, again ? again : point, why, sizeof why), why);
		text[i] = file_read(path, 1 << 28, &length[i]);
		must(text[i] != NULL, path);
		point_free(again);
	}
	must(length[0] == length[1] && !memcmp(text[0], text[1], length[0]),
	     "a point changes when it is read and written");
	free(text[0]);
	free(text[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "objects=slub-cpu", "seed=1", "cpus=,x", "cpu=2" };
	struct points points;
	char why[1024];

	write_input(data, size);
	if (!points_load(fuzz.folder, &points, why, sizeof why))
		return 0;
	metrics_csv(fuzz.nowhere, &points);
	metrics_jsonl(fuzz.nowhere, &points);
	summary_print(fuzz.nowhere, &points, (struct paper){ 0 });
	read_views(&points);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const struct point **chosen;
		size_t count;

		if (select_points(&points, words[i], &chosen, &count, why, sizeof why))
			free(chosen);
	}
	if (points.count) {
		read_figures(&points);
		read_comparison(&points);
		if (size % 16 == 0)
			write_again(points.point[0]);
	}
	points_free(&points);
	return 0;
}

/* ---- mutations that keep lines and tables ------------------------------------------------ */

static const char *const odd[] = {
	"",     "0",    "1",     "2",          "63",         "64",    "65",   "1023", "1024",
	"1025", "4294967295",    "4294967296", "9223372036854775807",         "9223372036854775808",
	"18446744073709551552",  "18446744073709551615",     "done",  "deadlock",     "bug",
	"max_cycles",   "out_of_memory",       "payload",    "workload",      "allocator", "alloc",
	"free", "work", "page_alloc",          "%s%n",       "\"'`$@", "a.b", "x[0]", "page[513]",
	"heat", "cpus", "objects", "seed",     "slub-page",  "-0",    "inf",  "nan",  "\\n\\t\\\\",
	"\xc2\x9b", "\x1b[2J",
};

static size_t below(uint64_t *random, size_t limit)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (size_t)((*random >> 11) % limit);
}

static bool ends_field(uint8_t byte)
{
	return byte == '\t' || byte == '\n' || byte == 1;
}

/* Puts another text in place of one field. */
static size_t change_field(uint8_t *data, size_t size, size_t max, uint64_t *random)
{
	size_t from = below(random, size), to;
	const char *text = odd[below(random, sizeof odd / sizeof *odd)];
	char number[24];

	while (from && !ends_field(data[from - 1]))
		from--;
	for (to = from; to < size && !ends_field(data[to]);)
		to++;
	if (below(random, 2)) {
		unsigned shift = (unsigned)below(random, 64);

		snprintf(number, sizeof number, "%llu", (unsigned long long)(*random >> shift));
		text = number;
	}

	size_t length = strlen(text);

	if (size - (to - from) + length > max)
		return size;
	memmove(data + from + length, data + to, size - to);
	memcpy(data + from, text, length);
	return size - (to - from) + length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;

	if ((size < 64 || !below(&random, 32)) && fuzz.length <= max) {
		memcpy(data, fuzz.start, fuzz.length);
		size = fuzz.length;
	}
	if (!size || !below(&random, 12))
		return LLVMFuzzerMutate(data, size, max);
	for (size_t changes = 1 + below(&random, 4); changes; changes--) {
		size = change_field(data, size, max, &random);
		if (!size)
			break;
	}
	return size;
}
