/*
 * Tables for people and for programs, and how numbers look to either.
 */
#include "cli/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/terminal.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

struct cell {
	char *people, *program;
	bool number;            /* unquoted in JSON */
};

struct table {
	const struct column *columns;
	size_t width;           /* columns of one row */
	struct cell *cells;
	size_t count, room;
};

/* ---- numbers ---------------------------------------------------------------------------- */

const char *number_count(char *buf, size_t size, uint64_t value)
{
	char digits[24];
	int count = snprintf(digits, sizeof digits, "%" PRIu64, value);
	size_t at = 0;

	/* four digits are easy to read as they are; more are grouped by three */
	for (int i = 0; i < count && at + 2 < size; i++) {
		if (i && count > 4 && (count - i) % 3 == 0)
			buf[at++] = ' ';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *number_real(char *buf, size_t size, double value)
{
	double magnitude = fabs(value);

	if (isnan(value)) {
		snprintf(buf, size, "-");
	} else if (isinf(value)) {
		snprintf(buf, size, "%sinfinite", value < 0 ? "-" : "");
	} else if (magnitude >= 999.5 && magnitude < 1e18) {
		if (value < 0)
			*buf = '-';
		number_count(buf + (value < 0), size - (value < 0), (uint64_t)(magnitude + 0.5));
	} else if (magnitude >= 1e18) {
		snprintf(buf, size, "%.3g", value);
	} else if (magnitude == 0 || magnitude >= 99.95) {
		snprintf(buf, size, "%.0f", magnitude == 0 ? 0 : value);
	} else if (magnitude >= 0.0005) {
		snprintf(buf, size, "%.*f",
			 magnitude >= 9.995    ? 1
			 : magnitude >= 0.9995 ? 2
					       : 3,
			 value);
	} else {
		snprintf(buf, size, "%s0.0005", value < 0 ? ">-" : "<");
	}
	return buf;
}

const char *number_states(char *buf, size_t size, const struct states *states)
{
	char low[40], high[40];

	number_real(low, sizeof low, states->low);
	number_real(high, sizeof high, states->high);
	if (!states->in_low || !strcmp(low, high))
		return NULL;
	snprintf(buf, size, "%s (%zu) or %s (%zu)", low, states->in_low, high, states->in_high);
	return buf;
}

const char *number_percent(char *buf, size_t size, double change)
{
	double value = 100 * change;

	snprintf(buf, size, "%+.*f", fabs(value) < 9.95 ? 1 : 0,
		 fabs(value) < 0.05 ? 0.0 : value);
	return buf;
}

const char *number_exact(char *buf, size_t size, double value)
{
	snprintf(buf, size, "%.17g", value);
	return buf;
}

/* ---- cells ------------------------------------------------------------------------------ */

static size_t count_columns(const struct column *columns)
{
	size_t count = 0;

	while (columns[count].title || columns[count].key)
		count++;
	return count;
}

struct table *table_new(const struct column *columns)
{
	struct table *table = xalloc(sizeof *table);

	*table = (struct table){ .columns = columns, .width = count_columns(columns) };
	return table;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->cells[i].people);
		free(table->cells[i].program);
	}
	free(table->cells);
	free(table);
}

size_t table_rows(const struct table *table)
{
	return table->count / table->width;
}

void table_both(struct table *table, bool number, const char *people, const char *program)
{
	if (table->count == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = xrealloc(table->cells, table->room * sizeof *table->cells);
	}
	table->cells[table->count++] = (struct cell){ text_clean(people), xstrdup(program), number };
}

void table_text(struct table *table, const char *format, ...)
{
	char *text;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		xalloc_failed(strlen(format));
	va_end(arguments);
	table_both(table, false, text, text);
	free(text);
}

void table_count(struct table *table, uint64_t value)
{
	char people[40], program[24];

	snprintf(program, sizeof program, "%" PRIu64, value);
	table_both(table, true, number_count(people, sizeof people, value), program);
}

void table_real(struct table *table, double value)
{
	char people[40], program[40];

	if (!isfinite(value))
		table_both(table, true, number_real(people, sizeof people, value), "");
	else
		table_both(table, true, number_real(people, sizeof people, value),
			   number_exact(program, sizeof program, value));
}

void table_share(struct table *table, double part, double all)
{
	char people[40], program[40];
	double share = all > 0 ? part / all : 0;

	/* never round a little to nothing, or nearly all to all */
	if (part > 0 && share < 0.005)
		snprintf(people, sizeof people, "<1 %%");
	else if (part < all && share > 0.995)
		snprintf(people, sizeof people, ">99 %%");
	else
		snprintf(people, sizeof people, "%.0f %%", 100 * share);
	table_both(table, true, people, number_exact(program, sizeof program, share));
}

void table_blank(struct table *table)
{
	table_both(table, true, "", "");
}

/* ---- printing --------------------------------------------------------------------------- */

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static size_t characters(const char *text, size_t bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* How wide a column is: before the decimal point, and from it on. */
struct widths {
	size_t before, after;
};

/* Only plain numbers have a decimal point to align on. */
static bool plain_number(const char *text)
{
	return !text[strspn(text, "-<> 0123456789.")];
}

/* Numbers stand with their decimal points below each other. */
static struct widths cell_widths(const struct column *column, const char *text)
{
	size_t all = characters(text, strlen(text));
	size_t before = characters(text, strcspn(text, "."));

	if (column->text || !plain_number(text))
		return (struct widths){ all, 0 };
	return (struct widths){ before, all - before };
}

static void widen(struct widths *widths, struct widths by)
{
	if (by.before > widths->before)
		widths->before = by.before;
	if (by.after > widths->after)
		widths->after = by.after;
}

/* "slab.h:27 slab_lock" of "models/slub/slab.h:27 slab_lock": a place in the source without its
 * folders. */
static const char *without_folders(const char *text)
{
	size_t first = strcspn(text, " (");
	const char *slash = memrchr(text, '/', first);

	return slash && memchr(slash, ':', first - (size_t)(slash - text)) ? slash + 1 : text;
}

/* Room of a column: its cells, and its heading if that is wider. */
static struct widths column_widths(const struct table *table, size_t at, bool bare)
{
	struct widths widths = { 0, 0 };
	const struct column *column = &table->columns[at];
	size_t heading = characters(column->title, strlen(column->title));

	for (size_t i = at; i < table->count; i += table->width) {
		const char *text = table->cells[i].people;

		widen(&widths, cell_widths(column, bare && column->text ? without_folders(text) : text));
	}
	if (heading > widths.before + widths.after)
		widths.before = heading - widths.after;
	return widths;
}

static void spaces(FILE *out, size_t count)
{
	fprintf(out, "%*s", (int)count, "");
}

/* How a table is laid out on its paper. */
struct sheet {
	struct widths *room;            /* [columns] */
	bool *hidden;                   /* [columns]: no heading, or spare */
	bool bare;                      /* paths are without their folders */
	bool cut;                       /* texts are longer than their room */
	bool spared;                    /* columns are hidden that have a heading */
};

/* Text as wide as there is room, its end ".." where it is cut; whole characters. */
static void print_text(FILE *out, const char *text, size_t room)
{
	size_t kept = 0, count = 0;

	if (characters(text, strlen(text)) <= room) {
		fputs(text, out);
		return;
	}
	while (text[kept] && count + 2 < room) {
		kept++;
		while (((unsigned char)text[kept] & 0xc0) == 0x80)
			kept++;
		count++;
	}
	fwrite(text, 1, kept, out);
	fputs("..", out);
}

static void print_cell(FILE *out, const struct column *column, struct widths room, const char *text)
{
	struct widths width = cell_widths(column, text);
	size_t all = room.before + room.after;

	if (column->text) {
		print_text(out, text, all);
		spaces(out, width.before < all ? all - width.before : 0);
	} else if (width.after || plain_number(text)) {
		spaces(out, room.before - width.before);
		fputs(text, out);
		spaces(out, room.after - width.after);
	} else {
		spaces(out, all - width.before);
		fputs(text, out);
	}
}

/* The cells of one row, or the headings where `cells` is NULL; no blanks at the end. */
static void print_row(const struct table *table, FILE *out, const struct sheet *sheet,
		      const struct cell *cells)
{
	char *line;
	size_t length;
	FILE *row = text_open(&line, &length);

	for (size_t i = 0; i < table->width; i++) {
		const struct column *column = &table->columns[i];

		if (sheet->hidden[i])
			continue;

		const char *text = cells ? cells[i].people : column->title;

		print_cell(row, column, sheet->room[i],
			   sheet->bare && column->text ? without_folders(text) : text);
		fputs("  ", row);
	}
	text_close(row);
	while (length && line[length - 1] == ' ')
		length--;
	fwrite(line, 1, length, out);
	free(line);
}

static const struct cell *table_row(const struct table *table, size_t row)
{
	return &table->cells[row * table->width];
}

/* Characters of a line, without its indent. */
static size_t line_width(const struct table *table, const struct sheet *sheet)
{
	size_t width = 0;

	for (size_t i = 0; i < table->width; i++)
		if (!sheet->hidden[i])
			width += sheet->room[i].before + sheet->room[i].after + (width ? 2 : 0);
	return width;
}

/* The column that can be spared most, of equal ones the last; false: none can. */
static bool hide_one(const struct table *table, struct sheet *sheet)
{
	size_t at = 0;
	unsigned most = 0;

	for (size_t i = 0; i < table->width; i++)
		if (!sheet->hidden[i] && table->columns[i].spare &&
		    table->columns[i].spare >= most) {
			most = table->columns[i].spare;
			at = i;
		}
	if (!most)
		return false;
	sheet->hidden[at] = sheet->spared = true;
	return true;
}

/* Takes what is too much from the widest text, again and again; none gets shorter than this. */
enum { TEXT_LEAST = 16 };

static void cut_texts(const struct table *table, struct sheet *sheet, size_t too_much)
{
	while (too_much) {
		size_t widest = table->width;

		for (size_t i = 0; i < table->width; i++)
			if (!sheet->hidden[i] && table->columns[i].text &&
			    sheet->room[i].before > TEXT_LEAST &&
			    (widest == table->width ||
			     sheet->room[i].before > sheet->room[widest].before))
				widest = i;
		if (widest == table->width)
			return;
		sheet->room[widest].before--;
		sheet->cut = true;
		too_much--;
	}
}

static void measure(const struct table *table, struct sheet *sheet)
{
	for (size_t i = 0; i < table->width; i++)
		if (table->columns[i].title)
			sheet->room[i] = column_widths(table, i, sheet->bare);
}

static void fit(const struct table *table, struct sheet *sheet, size_t width)
{
	if (line_width(table, sheet) > width) {
		sheet->bare = true;
		measure(table, sheet);
	}
	while (line_width(table, sheet) > width)
		if (!hide_one(table, sheet)) {
			cut_texts(table, sheet, line_width(table, sheet) - width);
			return;
		}
}

static void tell_left_out(const struct table *table, FILE *out, const struct sheet *sheet,
			  unsigned indent)
{
	const char *comma = "";

	if (!sheet->spared && !sheet->cut)
		return;
	spaces(out, indent);
	fputs("(--wide shows ", out);
	for (size_t i = 0; i < table->width; i++)
		if (sheet->hidden[i] && table->columns[i].title) {
			fprintf(out, "%s%s", comma, table->columns[i].title);
			comma = ", ";
		}
	if (sheet->cut)
		fprintf(out, "%stexts whole", *comma ? ", and " : "");
	fputs(")\n", out);
}

static void print_people(const struct table *table, FILE *out, unsigned indent, struct paper paper)
{
	struct sheet sheet = { .room = xalloc(table->width * sizeof *sheet.room),
			       .hidden = xalloc(table->width * sizeof *sheet.hidden) };

	for (size_t i = 0; i < table->width; i++)
		sheet.hidden[i] = !table->columns[i].title;
	measure(table, &sheet);
	if (paper.width > indent)
		fit(table, &sheet, paper.width - indent);
	spaces(out, indent);
	if (paper.colour)
		terminal_paint(out, PAINT_BOLD);
	print_row(table, out, &sheet, NULL);
	if (paper.colour)
		terminal_paint(out, PAINT_PLAIN);
	putc('\n', out);
	for (size_t row = 0; row < table_rows(table); row++) {
		spaces(out, indent);
		print_row(table, out, &sheet, table_row(table, row));
		putc('\n', out);
	}
	tell_left_out(table, out, &sheet, indent);
	free(sheet.room);
	free(sheet.hidden);
}

/* The programs' cells of one row, or the keys where `cells` is NULL. */
static void print_csv_row(const struct table *table, FILE *out, const struct cell *cells)
{
	const char *comma = "";

	for (size_t i = 0; i < table->width; i++) {
		if (!table->columns[i].key)
			continue;
		fputs(comma, out);
		text_csv(out, cells ? cells[i].program : table->columns[i].key);
		comma = ",";
	}
	putc('\n', out);
}

static void print_csv(const struct table *table, FILE *out)
{
	print_csv_row(table, out, NULL);
	for (size_t row = 0; row < table_rows(table); row++)
		print_csv_row(table, out, table_row(table, row));
}

static void print_jsonl(const struct table *table, FILE *out, const char *type)
{
	for (size_t row = 0; row < table_rows(table); row++) {
		fputs("{\"type\":", out);
		text_json(out, type);
		for (size_t i = 0; i < table->width; i++) {
			const struct cell *cell = &table_row(table, row)[i];

			if (!table->columns[i].key)
				continue;
			putc(',', out);
			text_json(out, table->columns[i].key);
			putc(':', out);
			if (!cell->number)
				text_json(out, cell->program);
			else
				fputs(*cell->program ? cell->program : "null", out);
		}
		fputs("}\n", out);
	}
}

void table_print(const struct table *table, FILE *out, enum table_format format, const char *type,
		 unsigned indent, struct paper paper)
{
	if (format == TABLE_CSV)
		print_csv(table, out);
	else if (format == TABLE_JSONL)
		print_jsonl(table, out, type);
	else
		print_people(table, out, indent, paper);
}

bool table_format_parse(const char *word, enum table_format *format)
{
	static const char *const words[] = { "table", "csv", "jsonl", "json" };

	for (int i = TABLE_PEOPLE; i <= TABLE_JSON; i++)
		if (!strcmp(word, words[i])) {
			*format = (enum table_format)i;
			return true;
		}
	return false;
}

bool table_colour(FILE *stream, const char *when)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when)
		return !strcmp(when, "always");
	return terminal_reached(stream) && !(none && *none) && term && strcmp(term, "dumb") != 0;
}

struct paper table_paper(FILE *stream, const char *colour, bool wide)
{
	enum { PAGE = 100 };

	return (struct paper){ .colour = table_colour(stream, colour),
			       .width = wide || !terminal_reached(stream) ? 0 : PAGE };
}
