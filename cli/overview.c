/*
 * Combinations side by side.
 */
#include "cli/overview.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/select.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum {
	COLUMNS_MAX = 6, /* combinations beside each other in one table */
	BLOCKS_MAX = 4, /* tables; of more settings the mean is shown */
	NAME_BYTES = 128, LABEL_BYTES = 200,
};

struct row {
	char name[NAME_BYTES];
	double *value;                  /* [combinations]; per operation in the end */
	double most;
};

struct overview {
	struct row *row;
	size_t rows, room;
	size_t combinations, at;        /* the one whose runs are added now */
};

void overview_add(struct overview *overview, double value, const char *format, ...)
{
	char name[NAME_BYTES];
	va_list arguments;
	size_t i = 0;

	va_start(arguments, format);
	vsnprintf(name, sizeof name, format, arguments);
	va_end(arguments);
	while (i < overview->rows && strcmp(overview->row[i].name, name) != 0)
		i++;
	if (i == overview->rows) {
		if (overview->rows == overview->room) {
			overview->room = overview->room ? 2 * overview->room : 32;
			overview->row =
				xrealloc(overview->row, overview->room * sizeof *overview->row);
		}
		overview->row[overview->rows++] =
			(struct row){ .value = xalloc(overview->combinations * sizeof(double)) };
		memcpy(overview->row[i].name, name, sizeof name);
	}
	overview->row[i].value[overview->at] += value;
}

/* ---- which combination stands where ------------------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), of_end = strlen(end);

	return length >= of_end && !strcmp(text + length - of_end, end);
}

/* Does the key say which allocator? */
static bool names_allocator(const char *key)
{
	return !strcmp(key, "objects") || !strcmp(key, "pages") || ends_with(key, ".variant");
}

/* Some of the points lack it: it is a setting of one allocator, "slab.alien". */
static bool is_of_some(const struct points *points, const char *key)
{
	for (size_t i = 0; i < points->count; i++)
		if (!point_value(points->point[i], key))
			return true;
	return false;
}

/* The keys that have the columns: those that say which allocator, and its own; where there is none
 * the last one. */
static bool *column_keys(const struct points *points)
{
	bool *is_column = xalloc((points->swepts + 1) * sizeof *is_column), any = false;
	size_t last = 0;

	for (size_t i = 0; i < points->swepts; i++)
		any |= names_allocator(points->swept[i]);
	for (size_t i = 0; i < points->swepts; i++) {
		const char *key = points->swept[i];

		if (!strcmp(key, "seed"))
			continue;
		is_column[i] = any && (names_allocator(key) || is_of_some(points, key));
		last = i;
	}
	if (!any && points->swepts)
		is_column[last] = true;
	return is_column;
}

static const char *last_word(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? dot + 1 : key;
}

/* Values of the keys of the columns, "slub-cpu 2.6.24"; of the others with their names. */
static void label(const struct points *points, const struct point *point,
		  const bool *is_column, bool column, char *buf, size_t size)
{
	size_t used = 0;
	char seed[24];

	*buf = '\0';
	for (size_t i = 0; i < points->swepts && used < size; i++) {
		const char *key = points->swept[i],
			   *value = select_value(point, key, seed, sizeof seed);

		if (!value || !strcmp(key, "seed") || is_column[i] != column)
			continue;
		if (column)
			used += (size_t)snprintf(buf + used, size - used, "%s%s%s%s",
						 used ? " " : "",
						 names_allocator(key) ? "" : last_word(key),
						 names_allocator(key) ? "" : " ", value);
		else
			used += (size_t)snprintf(buf + used, size - used, "%s%s %s",
						 used ? ", " : "", last_word(key), value);
	}
}

struct labels {
	char (*text)[LABEL_BYTES];
	size_t count;
	size_t *of;                     /* [combinations] */
};

static void labels_init(struct labels *labels, const struct points *points,
			const struct point **chosen, size_t count, bool column)
{
	bool *is_column = column_keys(points);

	labels->text = xalloc(count * sizeof *labels->text);
	labels->of = xalloc(count * sizeof *labels->of);
	labels->count = 0;
	for (size_t i = 0; i < count; i++) {
		char text[LABEL_BYTES];
		size_t at = 0;

		label(points, chosen[i], is_column, column, text, sizeof text);
		while (at < labels->count && strcmp(labels->text[at], text) != 0)
			at++;
		if (at == labels->count)
			memcpy(labels->text[labels->count++], text, sizeof text);
		labels->of[i] = at;
	}
	free(is_column);
}

static void labels_free(struct labels *labels)
{
	free(labels->text);
	free(labels->of);
}

/* ---- figures ----------------------------------------------------------------------------------- */

/* Adds up the seeds of each combination, and divides by their operations. */
static void collect(struct overview *overview, const struct view *view, const struct points *points,
		    const struct point **chosen, bool one_seed)
{
	size_t next = 0;

	for (size_t i = 0; i < overview->combinations; i++) {
		uint64_t operations = 0;

		overview->at = i;
		while (points->point[next] != chosen[i])
			next++;
		do {
			const struct result *result = points->point[next++]->result;

			operations += result->operations;
			view->figures(overview, result);
		} while (!one_seed && next < points->count &&
			 point_same_but_seed(chosen[i], points->point[next]));
		for (size_t row = 0; row < overview->rows && operations; row++)
			overview->row[row].value[i] /= (double)operations;
	}
}

static int most_first(const void *one, const void *other)
{
	const struct row *a = one, *b = other;

	if (a->most != b->most)
		return a->most > b->most ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* ---- tables ------------------------------------------------------------------------------------ */

struct sheet {
	const struct overview *overview;
	const struct labels *columns, *blocks;
	size_t block;                   /* SIZE_MAX: the mean of all */
};

/* The figure of a row in a column: of the block's combination, or the mean of all blocks. */
static double figure_of(const struct sheet *sheet, const double *value, size_t column)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < sheet->overview->combinations; i++) {
		if (sheet->columns->of[i] != column ||
		    (sheet->block != SIZE_MAX && sheet->blocks->of[i] != sheet->block))
			continue;
		sum += value[i];
		count++;
	}
	return count ? sum / (double)count : (double)__builtin_nan("");
}

static void add_row(struct table *table, const struct sheet *sheet, const char *name,
		    const double *value, size_t from, size_t to)
{
	table_text(table, "%s", name);
	for (size_t column = from; column < to; column++)
		table_real(table, figure_of(sheet, value, column));
}

/* Those with the highest figure, what the others have, and the sum. */
static void print_columns(FILE *out, const struct view *view, const struct sheet *sheet,
			  size_t from, size_t to, const struct view_options *options)
{
	const struct overview *overview = sheet->overview;
	struct column heads[COLUMNS_MAX + 2] = { { view->figure_of, NULL, true } };
	double *others = xalloc(overview->combinations * sizeof *others),
	       *all = xalloc(overview->combinations * sizeof *all);
	struct table *table;

	for (size_t i = from; i < to; i++)
		heads[1 + i - from] = (struct column){ sheet->columns->text[i], NULL, false };
	table = table_new(heads);
	for (size_t i = 0; i < overview->rows; i++) {
		for (size_t c = 0; c < overview->combinations; c++) {
			all[c] += overview->row[i].value[c];
			others[c] += i < options->top ? 0 : overview->row[i].value[c];
		}
		if (i < options->top)
			add_row(table, sheet, overview->row[i].name, overview->row[i].value, from,
				to);
	}
	if (overview->rows > options->top)
		add_row(table, sheet, "(others)", others, from, to);
	add_row(table, sheet, "all", all, from, to);
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	table_free(table);
	free(others);
	free(all);
}

static void print_block(FILE *out, const struct view *view, const struct sheet *sheet,
			const struct view_options *options)
{
	for (size_t from = 0; from < sheet->columns->count; from += COLUMNS_MAX) {
		size_t to = from + COLUMNS_MAX;

		if (from)
			putc('\n', out);
		print_columns(out, view, sheet, from,
			      to < sheet->columns->count ? to : sheet->columns->count, options);
	}
}

static void print_blocks(FILE *out, const struct view *view, struct sheet *sheet,
			 const struct view_options *options)
{
	if (sheet->blocks->count > BLOCKS_MAX) {
		fprintf(out, "%s, the mean of %zu settings (--point KEY=VALUE chooses among them)\n",
			view->figure, sheet->blocks->count);
		sheet->block = SIZE_MAX;
		print_block(out, view, sheet, options);
		return;
	}
	for (size_t i = 0; i < sheet->blocks->count; i++) {
		fprintf(out, "%s%s", i ? "\n" : "", view->figure);
		if (*sheet->blocks->text[i]) {
			fputs(", ", out);
			text_line(out, sheet->blocks->text[i]);
		}
		putc('\n', out);
		sheet->block = i;
		print_block(out, view, sheet, options);
	}
}

/* ---- in a sentence ----------------------------------------------------------------------------- */

/* Where two columns are farthest apart. */
struct difference {
	const char *row;
	size_t block, more, less;       /* columns */
	double most, least;
};

static void differ(const struct sheet *sheet, const struct row *row, struct difference *found)
{
	struct difference here = { .row = row->name, .block = sheet->block, .most = -1 };

	for (size_t column = 0; column < sheet->columns->count; column++) {
		double value = figure_of(sheet, row->value, column);

		if (value > here.most) {
			here.most = value;
			here.more = column;
		}
		if (!column || value < here.least) {
			here.least = value;
			here.less = column;
		}
	}
	if (here.most - here.least > found->most - found->least)
		*found = here;
}

static void print_difference(FILE *out, struct sheet *sheet)
{
	struct difference found = { .row = NULL };
	bool mean = sheet->blocks->count > BLOCKS_MAX;
	char more[40], less[40];

	for (size_t block = 0; block < (mean ? 1 : sheet->blocks->count); block++) {
		sheet->block = mean ? SIZE_MAX : block;
		for (size_t i = 0; i < sheet->overview->rows; i++)
			differ(sheet, &sheet->overview->row[i], &found);
	}
	if (!found.row)
		return;
	fprintf(out, "\nThe largest difference: ");
	text_line(out, found.row);
	fprintf(out, ", %s with ", number_real(more, sizeof more, found.most));
	text_line(out, sheet->columns->text[found.more]);
	fprintf(out, " and %s with ", number_real(less, sizeof less, found.least));
	text_line(out, sheet->columns->text[found.less]);
	if (found.block != SIZE_MAX && *sheet->blocks->text[found.block]) {
		fputs(", at ", out);
		text_line(out, sheet->blocks->text[found.block]);
	}
	fputs(".\n", out);
}

/* ---- all of it --------------------------------------------------------------------------------- */

/* The combination with the highest sum of figures. */
static size_t worst(const struct overview *overview)
{
	size_t worst = 0;
	double most = -1;

	for (size_t i = 0; i < overview->combinations; i++) {
		double sum = 0;

		for (size_t row = 0; row < overview->rows; row++)
			sum += overview->row[row].value[i];
		if (sum > most) {
			most = sum;
			worst = i;
		}
	}
	return worst;
}

static void print_advice(FILE *out, const struct view *view, const struct points *points,
			 const char *called, const struct point *point)
{
	char *label = select_label(points, point);

	fputs("\nOne in depth, here the one with most:\n  bounce report ", out);
	text_shell(out, called);
	fprintf(out, " %s --point ", view->name);
	text_shell(out, label);
	putc('\n', out);
	free(label);
}

void overview_print(FILE *out, const struct view *view, const struct points *points,
		    const char *called, const struct point **chosen, size_t count, bool one_seed,
		    const struct view_options *options)
{
	struct overview overview = { .combinations = count };
	struct labels columns, blocks;
	struct sheet sheet = { &overview, &columns, &blocks, 0 };

	labels_init(&columns, points, chosen, count, true);
	labels_init(&blocks, points, chosen, count, false);
	collect(&overview, view, points, chosen, one_seed);
	for (size_t i = 0; i < overview.rows; i++)
		for (size_t c = 0; c < count; c++)
			if (overview.row[i].value[c] > overview.row[i].most)
				overview.row[i].most = overview.row[i].value[c];
	if (overview.rows)
		qsort(overview.row, overview.rows, sizeof *overview.row, most_first);
	print_blocks(out, view, &sheet, options);
	print_advice(out, view, points, called, chosen[worst(&overview)]);
	print_difference(out, &sheet);
	for (size_t i = 0; i < overview.rows; i++)
		free(overview.row[i].value);
	free(overview.row);
	labels_free(&columns);
	labels_free(&blocks);
}
