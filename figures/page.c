/* Places of everything on a page. See page.h. */
#include "figures/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/text.h"
#include "figures/width.h"
#include "sim/verbs/xalloc.h"

enum {
	TEXT_CHARACTERS = 220, /* of one text: longer ones are too much for gnuplot */
	TITLE_LINES = 3,
	SUBTITLE_LINES = 6,
	KEY_SAMPLE = 28, /* what is in front of a name in the key, and behind it */
	KEY_GAP = 22,
	KEY_NAME = 330,
	TICK = 22, /* from the axis to its numbers */
	UPRIGHT_NAME = 190, /* a label that stands upright is cut at, if there is room */
	SHORTEST_NAME = 50, /* and if there is none */
	PLOT_PIXELS = 200, /* should be left for the plot */
	ROW_PIXELS = 28, /* a row of labels side by side takes */
	FIRST_LABEL = 100, /* those below are of plots/style.gp and the scripts */
};

/* ---- gnuplot's words ------------------------------------------------------------------------ */

void page_numbers(FILE *head, const char *name, const double *value, size_t count)
{
	fprintf(head, "array %s[%zu] = [ ", name, count ? count : 1);
	for (size_t i = 0; i < count; i++)
		fprintf(head, "%s%.9g", i ? ", " : "", value[i]);
	fputs(count ? " ]\n" : "0 ]\n", head);
}

void page_colours(FILE *head, const char *name, const colour *value, size_t count)
{
	fprintf(head, "array %s[%zu] = [ ", name, count ? count : 1);
	for (size_t i = 0; i < count; i++)
		fprintf(head, "%s0x%06x", i ? ", " : "", (unsigned)value[i]);
	fputs(count ? " ]\n" : "0 ]\n", head);
}

void page_texts(FILE *head, const char *name, char *const *text, size_t count)
{
	fprintf(head, "array %s[%zu] = [ ", name, count ? count : 1);
	for (size_t i = 0; i < count; i++) {
		char shown[4 * TEXT_CHARACTERS + 8];

		fputs(i ? ", " : "", head);
		text_gnuplot(head, text_short(text[i], TEXT_CHARACTERS, shown, sizeof shown));
	}
	fputs(count ? " ]\n" : "\"\" ]\n", head);
}

static void set_number(FILE *head, const char *name, double value)
{
	fprintf(head, "%s = %.9g\n", name, value);
}

void page_text(struct page *page, const char *text, double x, double y, const char *anchor,
	       double size, colour of, bool upright)
{
	fprintf(page->head, "set label %zu ", FIRST_LABEL + page->labels++);
	text_gnuplot(page->head, text);
	fprintf(page->head,
		" at screen %.9g, screen %.9g %s%s font ',%.9g' textcolor rgb 0x%06x noenhanced\n",
		x / page->width, 1 - y / page->height, anchor, upright ? " rotate by 90" : "", size,
		(unsigned)of);
}

void page_line(struct page *page, double x0, double y0, double x1, double y1)
{
	fprintf(page->head,
		"set arrow %zu from screen %.9g, screen %.9g to screen %.9g, screen %.9g nohead lw 1 lc rgb 0x%06x\n",
		FIRST_LABEL + page->labels++, x0 / page->width, 1 - y0 / page->height,
		x1 / page->width, 1 - y1 / page->height,
		(unsigned)look_tone(page->look, TONE_AXIS));
}

/* ---- from the top: title, second line, key ------------------------------------------------------ */

/* Lines of a text one below the other; what is above goes down by as much. */
static void lines_of(struct page *page, const char *text, const char *array, double size, bool bold,
		     double leading, size_t most)
{
	size_t count;
	char **line = (bold ? width_balanced : width_lines)(
		text, size, bold, page->width - 2 * PAGE_MARGIN, most, &count);
	double *y = xalloc((count + 1) * sizeof *y);
	char name[32];

	for (size_t i = 0; i < count; i++) {
		y[i] = page->top + leading / 2;
		page->top += leading;
	}
	fprintf(page->head, "%sLines = %zu\n", array, count);
	page_texts(page->head, array, line, count);
	snprintf(name, sizeof name, "%sY", array);
	page_numbers(page->head, name, y, count);
	width_free(line, count);
	free(y);
}

void page_open(struct page *page, struct drawing *drawing)
{
	static const struct look usual;
	static const struct {
		const char *name;
		enum tone tone;
	} tones[] = {
		{ "paper", TONE_PAPER }, { "ink", TONE_INK },      { "second", TONE_SECOND },
		{ "pale", TONE_PALE },   { "lattice", TONE_GRID }, { "axis", TONE_AXIS },
	};
	const struct look *look = drawing->look ? drawing->look : &usual;

	*page = (struct page){ .look = look, .head = drawing->head };
	page->width = look->slide ? 1280 : 1200;
	page->height = 720;
	page->letters = look->slide ? (struct letters){ 27, 18, 15, 11 }
				    : (struct letters){ 20, 14, 12, 9 };
	page->left = page->right = PAGE_MARGIN;
	page->right = page->width - PAGE_MARGIN;
	page->top = 16;
	if (look->title)
		snprintf(drawing->title, sizeof drawing->title, "%s", look->title);
	set_number(page->head, "width", page->width);
	set_number(page->head, "height", page->height);
	set_number(page->head, "dots", look->slide ? 1.5 : 1);
	set_number(page->head, "large", page->letters.title);
	set_number(page->head, "normal", page->letters.text);
	set_number(page->head, "small", page->letters.small);
	set_number(page->head, "tiny", page->letters.tiny);
	for (size_t i = 0; i < sizeof tones / sizeof *tones; i++)
		fprintf(page->head, "%s = 0x%06x\n", tones[i].name,
			(unsigned)look_tone(look, tones[i].tone));
	lines_of(page, drawing->title, "Title", page->letters.title, true,
		 1.35 * page->letters.title, TITLE_LINES);
	page->top += 4;
	lines_of(page, drawing->subtitle, "Subtitle", page->letters.text, false,
		 1.4 * page->letters.text, SUBTITLE_LINES);
	page->top += 8;
}

void page_key(struct page *page, const struct entry *entry, size_t count)
{
	double *x = xalloc((count + 1) * sizeof *x), *y = xalloc((count + 1) * sizeof *y);
	double size = page->letters.text, at = PAGE_MARGIN, leading = 1.5 * size;
	char **name = xalloc((count + 1) * sizeof *name), **shown;

	for (size_t i = 0; i < count; i++)
		name[i] = (char *)entry[i].name;
	shown = width_names(name, count, size, KEY_NAME);
	for (size_t i = 0; i < count; i++) {
		double needs = KEY_SAMPLE + width_of(shown[i], size, false);

		if (i && (entry[i].new_row || at + needs > page->width - PAGE_MARGIN)) {
			at = PAGE_MARGIN;
			page->top += leading;
		}
		x[i] = (at + KEY_SAMPLE) / page->width;
		y[i] = 1 - (page->top + leading / 2) / page->height;
		at += needs + KEY_GAP;
	}
	page->top += count ? leading + 10 : 0;
	page_texts(page->head, "Key", shown, count);
	page_numbers(page->head, "KeyX", x, count);
	page_numbers(page->head, "KeyY", y, count);
	for (size_t i = 0; i < count; i++)
		free(shown[i]);
	free(shown);
	free(name);
	free(x);
	free(y);
}

/* ---- the axis at the left ---------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, the smallest of which there are at most so many up to `most`. */
static double step_of(double most, double parts)
{
	double unit = pow(10, floor(log10(most / parts)));

	return most / unit <= parts         ? unit
	       : most / (2 * unit) <= parts ? 2 * unit
	       : most / (5 * unit) <= parts ? 5 * unit
					    : 10 * unit;
}

enum { TICS = 8, TIC_PIXELS = 40 };

static const char *tic_text(double value, char *buf, size_t size)
{
	snprintf(buf, size, "%.12g", value);
	return buf;
}

static double widest_tic(const struct page *page, double from, double until, double step,
			 bool logarithmic)
{
	double widest = 0;
	char text[40];

	for (double at = from; at <= until * 1.000001; at = logarithmic ? at * 10 : at + step)
		widest = fmax(widest,
			      width_of(tic_text(at, text, sizeof text), page->letters.text, false));
	return widest;
}

/* Up to where the axis goes so that `most` has a share of it above. */
static double end_of(double from, double most, double share, bool logarithmic)
{
	return logarithmic ? from * pow(most / from, 1 / (1 - share)) : most / (1 - share);
}

static double start_of(double least, bool logarithmic)
{
	return logarithmic ? pow(10, floor(log10(least * 0.9))) : 0;
}

enum { HALF = 2 }; /* of the axis at most is above the highest bar */

void page_values_room(struct page *page, double least, double most, bool logarithmic)
{
	double from, until, size = page->letters.text;

	most = most > 0 ? most : 1;
	from = start_of(least, logarithmic);
	until = end_of(from, most, 1.0 / HALF, logarithmic);
	page->left = PAGE_MARGIN + 1.3 * size + TICK + 2 +
		     widest_tic(page, from, until, step_of(until, 2 * TICS), logarithmic);
}

/* Beside the axis, as much as fits: the second line of the figure says it too. */
static void write_beside(struct page *page, char *text, double height)
{
	double size = page->letters.text;

	if (width_of(text, size, false) > height)
		size = page->letters.small;

	char **shown = width_names(&text, 1, size, fmax(height, SHORTEST_NAME));

	page_text(page, shown[0], PAGE_MARGIN + page->letters.text / 2,
		  (page->top + page->bottom) / 2, "center", size, look_tone(page->look, TONE_INK),
		  true);
	free(shown[0]);
	free(shown);
}

void page_values(struct page *page, const char *what, double least, double most, double headroom,
		 bool logarithmic)
{
	double height = fmax(page->bottom - page->top, 1);
	double share = fmin(headroom / height, 1.0 / HALF);
	char beside[160];

	most = most > 0 ? most : 1;
	page->low = start_of(least, logarithmic);
	page->high = end_of(page->low, most, share, logarithmic);
	page->logarithmic = logarithmic;
	fprintf(page->head,
		"set yrange [%.9g:%.9g] noextend\nbottom_value = %.9g\ntop_value = %.9g\n",
		page->low, page->high, page->low, page->high);
	if (logarithmic)
		fputs("set logscale y\nset ytics 10\nset mytics 10\n", page->head);
	else
		fprintf(page->head, "set ytics 0, %.9g\n",
			step_of(page->high, fmax(2, fmin(TICS, height / TIC_PIXELS))));
	snprintf(beside, sizeof beside, "%s%s", what, logarithmic ? ", logarithmic" : "");
	write_beside(page, beside, height);
}

double page_y(const struct page *page, double value)
{
	double share = page->logarithmic ? log(value / page->low) / log(page->high / page->low)
					 : (value - page->low) / (page->high - page->low);

	return page->bottom - share * (page->bottom - page->top);
}

/* ---- rows of labels below ------------------------------------------------------------------------ */

/* Slots that a row has one label for: those that are the same in it and in all rows further out. */
struct run {
	size_t first, last;
};

static bool same_run(const struct rows *rows, size_t level, size_t one, size_t other)
{
	for (size_t l = 0; l <= level; l++)
		if (strcmp(rows->text[l][one], rows->text[l][other]) != 0)
			return false;
	return true;
}

/* Slots of the innermost row stand alone, even where two are called the same. */
static size_t runs_of(const struct rows *rows, size_t level, struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < rows->slots; i++) {
		bool inner = level + 1 == rows->levels;

		if (count && !inner && same_run(rows, level, run[count - 1].last, i))
			run[count - 1].last = i;
		else
			run[count++] = (struct run){ i, i };
	}
	return count;
}

double page_pitch(const struct page *page, const struct rows *rows)
{
	return (page->right - page->left) / (rows->until - rows->from);
}

static double x_of(const struct page *page, const struct rows *rows, double spot)
{
	return page->left + (spot - rows->from) * page_pitch(page, rows);
}

/* How a row of labels is written. */
struct writing {
	double size, height;
	double longest; /* pixels of a name that stands upright; more is cut */
	bool upright;
	size_t each; /* only every so-manieth label */
};

/* Room for the label of a run without touching its neighbours': half way to each. */
static double room_of(const struct rows *rows, const struct run *run, size_t count, size_t at)
{
	double middle = (rows->spot[run[at].first] + rows->spot[run[at].last]) / 2, room = INFINITY;

	for (int side = -1; side <= 1; side += 2) {
		if ((side < 0 && at == 0) || (side > 0 && at + 1 == count))
			continue;

		const struct run *next = &run[at + (size_t)side];
		double other = (rows->spot[next->first] + rows->spot[next->last]) / 2;

		room = fmin(room, fabs(other - middle));
	}
	return room;
}

/* How far labels may reach over the plot's edges. */
static double edge_room(const struct page *page, const struct rows *rows, const struct run *run)
{
	double x = x_of(page, rows, (rows->spot[run->first] + rows->spot[run->last]) / 2);

	return 2 * fmin(x - 6, page->width - 6 - x);
}

static bool fits(const struct page *page, const struct rows *rows, const struct run *run,
		 size_t count, const char *const *text, double size)
{
	double pitch = page_pitch(page, rows);

	for (size_t i = 0; i < count; i++) {
		double room =
			fmin(room_of(rows, run, count, i) * pitch, edge_room(page, rows, &run[i]));

		if (width_of(text[run[i].first], size, false) + 8 > room)
			return false;
	}
	return true;
}

static struct writing writing_of(const struct page *page, const struct rows *rows,
				 const struct run *run, size_t count, const char *const *text,
				 double longest)
{
	double least = INFINITY, widest = 0, pitch = page_pitch(page, rows);
	struct writing writing = { .size = page->letters.text, .longest = longest, .each = 1 };

	for (size_t i = 0; i < count; i++) {
		least = fmin(least, room_of(rows, run, count, i) * pitch);
		widest = fmax(widest, width_of(text[run[i].first], page->letters.small, false));
	}
	if (!fits(page, rows, run, count, text, writing.size))
		writing.size = page->letters.small;
	if (!fits(page, rows, run, count, text, writing.size)) {
		double needs = 1.25 * page->letters.small;

		writing.upright = true;
		writing.height = fmin(widest, longest) + 8;
		while (least * (double)writing.each < needs)
			writing.each++;
	} else {
		writing.height = 1.45 * writing.size;
	}
	return writing;
}

static void write_row(struct page *page, const struct rows *rows, const struct run *run,
		      size_t count, const char *const *text, const struct writing *writing,
		      double y, bool lines)
{
	colour ink = look_tone(page->look, TONE_INK);
	char **name = xalloc((count + 1) * sizeof *name), **shown;

	for (size_t i = 0; i < count; i++)
		name[i] = (char *)text[run[i].first];
	shown = width_labels(name, count, writing->size,
			     writing->upright ? writing->longest : INFINITY);
	for (size_t i = 0; i < count; i++) {
		double from = x_of(page, rows, rows->spot[run[i].first] - 0.42);
		double until = x_of(page, rows, rows->spot[run[i].last] + 0.42);

		if (lines)
			page_line(page, from, y + 1, until, y + 1);
		if (i % writing->each == 0 && *shown[i])
			page_text(page, shown[i], (from + until) / 2,
				  writing->upright ? y + 5 : y + 2 + writing->height / 2,
				  writing->upright ? "right" : "center", writing->size, ink,
				  writing->upright);
		free(shown[i]);
	}
	free(shown);
	free(name);
}

static bool row_empty(const struct rows *rows, size_t level)
{
	for (size_t i = 0; i < rows->slots; i++)
		if (*rows->text[level][i])
			return false;
	return true;
}

double page_what(struct page *page, const char *what, double bottom)
{
	size_t count = 0;
	double size = page->letters.text, leading = 1.4 * size;
	char **line = width_lines(what, size, false, page->width - 2 * PAGE_MARGIN, 3, &count);

	for (size_t i = 0; i < count; i++) {
		page_text(page, line[i], (page->left + page->right) / 2,
			  bottom - ((double)(count - i) - 0.5) * leading, "center", size,
			  look_tone(page->look, TONE_INK), false);
		free(line[i]);
	}
	free(line);
	return (double)count * leading;
}

/* So long may upright labels be that the plot keeps its share: they divide what is left. */
static double longest_name(const struct page *page, const struct rows *rows, struct run *run,
			   double bottom)
{
	double room = bottom - page->top - PLOT_PIXELS;
	size_t upright = 0;

	for (size_t level = 0; level < rows->levels; level++) {
		if (row_empty(rows, level))
			continue;

		size_t count = runs_of(rows, level, run);

		if (writing_of(page, rows, run, count, rows->text[level], 0).upright)
			upright++;
		else
			room -= ROW_PIXELS;
	}
	return upright ? fmax(SHORTEST_NAME, fmin(room / (double)upright - 14, UPRIGHT_NAME)) : 0;
}

/* From the bottom up: what they are, the outermost row, ... the innermost, the plot. */
void page_rows(struct page *page, const struct rows *rows)
{
	struct run *run = xalloc((rows->slots + 1) * sizeof *run);
	double y = page->height - PAGE_FOOT, longest;

	y -= page_what(page, rows->what, y) + (*rows->what ? 6 : 0);
	longest = longest_name(page, rows, run, y);
	for (size_t level = 0; level < rows->levels; level++) {
		if (row_empty(rows, level))
			continue;

		size_t count = runs_of(rows, level, run);
		struct writing writing =
			writing_of(page, rows, run, count, rows->text[level], longest);

		y -= writing.height + 6;
		write_row(page, rows, run, count, rows->text[level], &writing, y,
			  level + 1 < rows->levels);
	}
	page->bottom = y - 4;
	fprintf(page->head, "set xrange [%.9g:%.9g] noextend\n", rows->from, rows->until);
	free(run);
}

void page_close(struct page *page)
{
	set_number(page->head, "left", page->left);
	set_number(page->head, "right", page->right);
	set_number(page->head, "top", page->top);
	set_number(page->head, "bottom", page->bottom);
}
