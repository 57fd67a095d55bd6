/*
 * Widths of texts. Advances of DejaVu Sans, book and bold, of the ASCII characters from the blank
 * on, in thousandths of the size; read from the font's own table, which the tests do again.
 */
#include "figures/width.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum { FIRST = ' ', LAST = '~' };

/* clang-format off */
static const uint16_t advance[2][LAST - FIRST + 1] = {
	{
		 318,  401,  460,  838,  636,  950,  780,  275,  390,  390,  500,  838,  318,  361,  318,  337,
		 636,  636,  636,  636,  636,  636,  636,  636,  636,  636,  337,  337,  838,  838,  838,  531,
		1000,  684,  686,  698,  770,  632,  575,  775,  752,  295,  295,  656,  557,  863,  748,  787,
		 603,  787,  695,  635,  611,  732,  684,  989,  685,  611,  685,  390,  337,  390,  838,  500,
		 500,  613,  635,  550,  635,  615,  352,  635,  634,  278,  278,  579,  278,  974,  634,  612,
		 635,  635,  411,  521,  392,  634,  592,  818,  592,  592,  525,  636,  337,  636,  838,
	},
	{
		 348,  456,  521,  838,  696, 1002,  872,  306,  457,  457,  523,  838,  380,  415,  380,  365,
		 696,  696,  696,  696,  696,  696,  696,  696,  696,  696,  400,  400,  838,  838,  838,  580,
		1000,  774,  762,  734,  830,  683,  683,  821,  837,  372,  372,  775,  637,  995,  837,  850,
		 733,  850,  770,  720,  682,  812,  774, 1103,  771,  724,  725,  457,  365,  457,  838,  500,
		 500,  675,  716,  593,  716,  678,  435,  716,  712,  343,  343,  665,  343, 1042,  712,  687,
		 716,  716,  493,  595,  478,  712,  652,  924,  645,  652,  582,  712,  365,  712,  838,
	},
};
/* clang-format on */

/* No letter of the alphabets that the font has is wider, but for a few; East Asian ones are a square. */
static double thousandths(uint32_t character, bool bold)
{
	if (character >= FIRST && character <= LAST)
		return advance[bold][character - FIRST];
	if (character < 0x250)
		return 850;
	return character < 0x1f000 ? (bold ? 1250 : 1100) : 1400;
}

/* The width of so many bytes. */
static double bytes_width(const char *text, size_t length, double size, bool bold)
{
	double sum = 0;

	for (size_t at = 0; at < length;) {
		uint32_t character = '?';
		size_t bytes = text_character(text + at, length - at, &character);

		sum += thousandths(bytes ? character : '?', bold);
		at += bytes ? bytes : 1;
	}
	return sum * size / 1000;
}

double width_of(const char *text, double size, bool bold)
{
	return bytes_width(text, strlen(text), size, bold);
}

/* As many bytes of the text as fit, whole characters, one at least. */
static size_t bytes_that_fit(const char *text, double size, bool bold, double pixels)
{
	size_t length = strlen(text), at = 0;

	while (at < length) {
		uint32_t character;
		size_t bytes = text_character(text + at, length - at, &character);

		bytes = bytes ? bytes : 1;
		if (at && bytes_width(text, at + bytes, size, bold) > pixels)
			break;
		at += bytes;
	}
	return at;
}

static char *text_of(const char *text, size_t length, const char *behind)
{
	char *all = xalloc(length + strlen(behind) + 1);

	memcpy(all, text, length);
	strcpy(all + length, behind);
	return all;
}

/* Bytes of the first line of the text: up to a blank, if there is one that does. */
static size_t line_bytes(const char *text, double size, bool bold, double pixels)
{
	size_t fit = bytes_that_fit(text, size, bold, pixels), at = fit;

	if (!text[fit])
		return fit;
	while (at && text[at] != ' ')
		at--;
	return at ? at : fit;
}

char **width_lines(const char *text, double size, bool bold, double pixels, size_t most,
		   size_t *count)
{
	char **line = xalloc((most + 1) * sizeof *line);

	*count = 0;
	while (*text && *count < most) {
		size_t bytes = line_bytes(text, size, bold, pixels);
		bool cut = text[bytes] && *count + 1 == most;

		if (cut)
			bytes = bytes_that_fit(text, size, bold,
					       pixels - width_of("…", size, bold));
		line[(*count)++] = text_of(text, bytes, cut ? "…" : "");
		text += bytes;
		text += *text == ' ';
	}
	return line;
}

void width_free(char **line, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(line[i]);
	free(line);
}

char **width_balanced(const char *text, double size, bool bold, double pixels, size_t most,
		      size_t *count)
{
	static const double STEP = 8;
	char **line = width_lines(text, size, bold, pixels, most, count);

	if (width_of(text, size, bold) > (double)most * pixels)
		return line; /* to be cut */
	for (double narrow = pixels - STEP; *count > 1 && narrow > pixels / 2; narrow -= STEP) {
		size_t lines;
		char **other = width_lines(text, size, bold, narrow, most + 1, &lines);

		if (lines > *count) {
			width_free(other, lines);
			break;
		}
		width_free(line, *count);
		line = other;
	}
	return line;
}

/* Where the last `length` bytes at most begin, at a character. */
static const char *tail(const char *text, size_t length)
{
	const char *at = text + strlen(text) - length;

	while ((*at & 0xc0) == 0x80)
		at++;
	return at;
}

/* Without its middle; `mark` comes behind and counts. */
static char *shortened(const char *name, const char *mark, double size, double pixels)
{
	double left = pixels - width_of("…", size, false) - width_of(mark, size, false);
	size_t length = strlen(name), behind = length / 2;
	char *text;

	if (!*mark && width_of(name, size, false) <= pixels)
		return xstrdup(name);
	while (behind && width_of(tail(name, behind), size, false) > left / 2)
		behind--;

	const char *end = tail(name, behind);
	size_t front = bytes_that_fit(name, size, false, left - width_of(end, size, false));
	size_t room = front + strlen(end) + strlen(mark) + sizeof "…";

	if (front + strlen(end) >= length)
		return text_of(name, length, mark);
	text = xalloc(room);
	snprintf(text, room, "%.*s…%s%s", (int)front, name, end, mark);
	return text;
}

/* Bytes, up to the begin of a word, that a name has in common with each other one that is shown alike;
 * 0: none is. */
static size_t in_common(char *const *name, char *const *list, size_t count, size_t which)
{
	size_t common = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		size_t same = 0;

		if (strcmp(list[i], list[which]) != 0 || !strcmp(name[i], name[which]))
			continue;
		while (name[i][same] == name[which][same])
			same++;
		common = same < common ? same : common;
	}
	if (common == SIZE_MAX)
		return 0;
	while (common && name[which][common - 1] != ' ')
		common--;
	return common;
}

/* The name from there on, and before it as much of its begin as there is room for. */
static char *shown_from(const char *name, size_t from, double size, double pixels)
{
	char *rest = shortened(name + from, "", size, pixels * 3 / 4), *text;
	double left = pixels - width_of("…", size, false) - width_of(rest, size, false);
	size_t front = bytes_that_fit(name, size, false, left), room;

	front = front < from ? front : from;
	room = front + strlen(rest) + sizeof "…";
	text = xalloc(room);
	snprintf(text, room, "%.*s…%s", (int)front, name, rest);
	free(rest);
	return text;
}

/* Of names that are shown alike another middle goes: what they begin with, not where they differ. */
static void tell_apart(char *const *name, char **list, size_t count, double size, double pixels)
{
	char **other = xalloc((count + 1) * sizeof *other);

	for (size_t i = 0; i < count; i++) {
		size_t common = in_common(name, list, count, i);

		other[i] = common ? shown_from(name[i], common, size, pixels) : xstrdup(list[i]);
	}
	for (size_t i = 0; i < count; i++) {
		free(list[i]);
		list[i] = other[i];
	}
	free(other);
}

/* Bytes of the words that all names begin with; 0: none, or there is one name only. */
static size_t common_words(char *const *name, size_t count)
{
	size_t same = count ? strlen(name[0]) : 0;
	bool differ = false;

	for (size_t i = 1; i < count; i++) {
		size_t here = 0;

		while (here < same && name[i][here] == name[0][here])
			here++;
		differ |= strcmp(name[i], name[0]) != 0;
		same = here;
	}
	while (same && name[0][same - 1] != ' ')
		same--;
	return differ && same ? same - 1 : 0;
}

static double widest_from(char *const *name, size_t count, size_t from, double size)
{
	double widest = 0;

	for (size_t i = 0; i < count; i++)
		widest = fmax(widest, width_of(name[i] + from, size, false));
	return widest;
}

/* Where some name has no room, of the words that all begin with only so much stays as has. */
static char **without_common(char *const *name, size_t count, double size, double pixels)
{
	size_t common = common_words(name, count), front = common;
	char **list = xalloc((count + 1) * sizeof *list);

	if (common && widest_from(name, count, 0, size) > pixels)
		front = bytes_that_fit(name[0], size, false,
				       pixels - width_of("…", size, false) -
					       widest_from(name, count, common, size));
	for (size_t i = 0; i < count; i++) {
		size_t room = strlen(name[i]) + sizeof "…";

		list[i] = xalloc(room);
		snprintf(list[i], room, front < common ? "%.*s…%s" : "%.*s%s",
			 (int)(front < common ? front : common), name[i], name[i] + common);
	}
	return list;
}

char **width_names(char *const *name, size_t count, double size, double pixels)
{
	char **list = xalloc((count + 1) * sizeof *list);

	for (size_t i = 0; i < count; i++)
		list[i] = shortened(name[i], "", size, pixels);
	tell_apart(name, list, count, size, pixels);
	for (size_t i = 0; i < count; i++) {
		size_t same = 1;

		for (size_t j = 0; j < i; j++) {
			char mark[24];

			if (strcmp(list[i], list[j]) != 0 || !strcmp(name[i], name[j]))
				continue;
			snprintf(mark, sizeof mark, " (%zu)", ++same);
			free(list[i]);
			list[i] = shortened(name[i], mark, size, pixels);
			j = (size_t)-1; /* against all again */
		}
	}
	return list;
}

char **width_labels(char *const *name, size_t count, double size, double pixels)
{
	char **rest = without_common(name, count, size, pixels);
	char **list = width_names(rest, count, size, pixels);

	width_free(rest, count);
	return list;
}
