/* XML as far as gnuplot writes it, and the handlers in it. */
#include "tests/svg_fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/text.h"

enum { DEPTH_MAX = 32, NAME_BYTES = 32, VALUE_BYTES = 1 << 16 };

struct reading {
	const char *at;
	char open[DEPTH_MAX][NAME_BYTES];
	size_t depth, scripts, hovers;
	char *first, *why;
	size_t first_size, size;
};

static bool wrong(struct reading *reading, const char *what)
{
	snprintf(reading->why, reading->size, "%s at: %.80s", what, reading->at);
	return false;
}

static bool is_in(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* One of the entities that XML has by itself, or one character. */
static bool read_entity(struct reading *reading, char *character)
{
	static const struct { const char *name; char character; } entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
	};

	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
		if (!strncmp(reading->at, entities[i].name, strlen(entities[i].name))) {
			reading->at += strlen(entities[i].name);
			*character = entities[i].character;
			return true;
		}
	return wrong(reading, "an ampersand");
}

static bool read_characters(struct reading *reading, char *value, size_t size, const char *end)
{
	size_t used = 0;

	while (!strchr(end, *reading->at)) {
		if (*reading->at == '<' || used + 2 > size)
			return wrong(reading, "no end of a value");
		if (*reading->at != '&')
			value[used++] = *reading->at++;
		else if (!read_entity(reading, &value[used++]))
			return false;
	}
	value[used] = '\0';
	return *reading->at || wrong(reading, "the end");
}

/*
 * showHypertext(evt,'TEXT'): TEXT is one string to JavaScript, and to gnuplot's script, which cuts it
 * out of the attribute, exactly the same text: no quote, and no backslash but that of a line's end,
 * which our own scripts write. "image" would be an address.
 */
static bool check_hover(struct reading *reading, const char *code)
{
	static const char before[] = "gnuplot_svg.showHypertext(evt,'", after[] = "')";
	const char *text = code + strlen(before);
	size_t length = strlen(code);

	if (strncmp(code, before, strlen(before)) != 0 || length < strlen(before) + strlen(after) ||
	    strcmp(code + length - strlen(after), after) != 0)
		return wrong(reading, "no hover");
	length -= strlen(before) + strlen(after);
	for (size_t at = 0; at < length; at++)
		if (strchr("'\n\r", text[at]) || (text[at] == '\\' && text[at + 1] != 'n'))
			return wrong(reading, "a hover whose string ends early");
	if (!strncmp(text, "image", 5))
		return wrong(reading, "a hover with an address");
	if (!reading->hovers++)
		snprintf(reading->first, reading->first_size, "%.*s", (int)length, text);
	return true;
}

static bool check_attribute(struct reading *reading, const char *name, const char *value)
{
	static const char *const handlers[] = {
		"gnuplot_svg.toggleCoordBox(evt)", "gnuplot_svg.moveCoordBox(evt)", "gnuplot_svg.hideHypertext()",
		"if (typeof(gnuplot_svg)!='undefined') gnuplot_svg.Init(evt)",
		"gnuplot_svg.toggleGrid();", NULL,
	};
	static const char toggle[] = "gnuplot_svg.toggleVisibility(evt,'";

	if (!strncmp(name, "on", 2)) {
		if (is_in(value, handlers))
			return true;
		if (!strncmp(value, toggle, strlen(toggle))) {
			const char *id = value + strlen(toggle);

			return !strcmp(id + strspn(id, "abcdefghijklmnopqrstuvwxyz_0123456789"), "')") ||
			       wrong(reading, "a click");
		}
		return !strcmp(name, "onmousemove") ? check_hover(reading, value) : wrong(reading, "a handler");
	}
	if (strstr(name, "href"))
		return *value == '#' || !*value || !strncmp(value, "data:image/png;base64,", 22) || wrong(reading, "a link");
	return true;
}

/* NAME="VALUE" ... up to the end of the tag; `empty`: it ends with a slash. */
static bool read_attributes(struct reading *reading, bool *empty)
{
	static char value[VALUE_BYTES];
	char name[NAME_BYTES];

	for (;;) {
		reading->at += strspn(reading->at, " \t\r\n");
		*empty = *reading->at == '/' || *reading->at == '?';
		reading->at += *empty;
		if (*reading->at == '>') {
			reading->at++;
			return true;
		}

		size_t length = strspn(reading->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_");

		if (!length || length >= sizeof name)
			return wrong(reading, "no attribute");
		snprintf(name, sizeof name, "%.*s", (int)length, reading->at);
		reading->at += length + strspn(reading->at + length, " ");
		if (*reading->at != '=')
			return wrong(reading, "an attribute without a value");
		reading->at++;
		reading->at += strspn(reading->at, " ");

		char quote = *reading->at++;

		if ((quote != '"' && quote != '\'') ||
		    !read_characters(reading, value, sizeof value, (char[]){ quote, '\0' }))
			return wrong(reading, "no quoted value");
		reading->at++;
		if (!check_attribute(reading, name, value))
			return false;
	}
}

static bool read_end_tag(struct reading *reading)
{
	const char *name = reading->depth ? reading->open[reading->depth - 1] : "";
	size_t length = strlen(name);

	if (!length || strncmp(reading->at + 2, name, length) != 0 || reading->at[2 + length] != '>')
		return wrong(reading, "an end tag of nothing");
	reading->at += length + 3;
	reading->depth--;
	return true;
}

/* Our own script: an end of numbers, and before them the same in every figure. */
static bool read_own(struct reading *reading)
{
	static char *known;
	static const char begin[] = "(function (roles) {", end[] = ".trim().split(\" \"));</script>";
	const char *numbers = strstr(reading->at, "})(\""), *closed = strstr(reading->at, "</script>");

	if (strncmp(reading->at, begin, strlen(begin)) != 0 || !numbers || !closed || numbers > closed)
		return wrong(reading, "another script");

	size_t length = (size_t)(numbers - reading->at);

	if (!known)
		known = strndup(reading->at, length);
	if (strlen(known) != length || strncmp(known, reading->at, length) != 0)
		return wrong(reading, "another script than before");
	numbers += 4;
	numbers += strspn(numbers, "0123456789. ");
	if (*numbers++ != '"' || strncmp(numbers, end, strlen(end)) != 0)
		return wrong(reading, "something else among the numbers of the script");
	return true;
}

static bool read_tag(struct reading *reading)
{
	static const char *const known[] = {
		"svg", "title", "desc", "script", "defs", "g", "path", "circle", "rect", "use", "text", "tspan", "image",
		"polygon", "polyline", "filter", "feFlood", "feComposite", "linearGradient", "stop", "pattern", NULL,
	};
	size_t length = 0;
	bool empty;

	if (reading->at[1] == '/')
		return read_end_tag(reading);
	while (isalpha((unsigned char)reading->at[1 + length]))
		length++;
	if (reading->depth == DEPTH_MAX || length >= NAME_BYTES)
		return wrong(reading, "a depth");

	char *name = reading->open[reading->depth];

	snprintf(name, NAME_BYTES, "%.*s", (int)length, reading->at + 1);
	if (!is_in(name, known))
		return wrong(reading, "an element");
	if (!strcmp(name, "script") && ++reading->scripts > 3)
		return wrong(reading, "a script");
	reading->at += 1 + length;
	if (!read_attributes(reading, &empty))
		return false;
	reading->depth += !empty;
	return reading->scripts < 3 || strcmp(name, "script") != 0 || read_own(reading);
}

static bool skip_past(struct reading *reading, const char *end)
{
	const char *found = strstr(reading->at, end);

	if (!found)
		return wrong(reading, "no end");
	reading->at = found + strlen(end);
	return true;
}

static bool read_text(struct reading *reading)
{
	char character;

	if (*reading->at == '&')
		return read_entity(reading, &character);
	if (!strncmp(reading->at, "]]>", 3))
		return wrong(reading, "an end of nothing");
	reading->at++;
	return true;
}

static bool all_printable(struct reading *reading)
{
	const char *end = reading->at + strlen(reading->at);
	uint32_t character;

	for (const char *at = reading->at; at < end;) {
		size_t bytes = text_character(at, (size_t)(end - at), &character);

		if (!bytes || (!text_printable(character) && !strchr("\n\t\r", (int)character))) {
			reading->at = at;
			return wrong(reading, "a character");
		}
		at += bytes;
	}
	return true;
}

bool svg_check(const char *text, size_t *hovers, char *first, size_t first_size, char *why, size_t size)
{
	struct reading reading = { .at = text, .first = first, .first_size = first_size, .why = why, .size = size };
	bool good = all_printable(&reading) && skip_past(&reading, "?>");

	while (good && *reading.at) {
		if (!strncmp(reading.at, "<![CDATA[", 9))
			good = skip_past(&reading, "]]>");
		else if (!strncmp(reading.at, "<!--", 4))
			good = skip_past(&reading, "-->");
		else if (*reading.at == '<')
			good = read_tag(&reading);
		else
			good = read_text(&reading);
	}
	*hovers = reading.hovers;
	return good && (reading.depth == 0 || wrong(&reading, "an open element"));
}

/* A number behind a name in a piece of text; 0: it is not there. */
static double number_behind(const char *from, const char *until, const char *name)
{
	const char *found = strstr(from, name);

	return found && found < until ? strtod(found + strlen(name), NULL) : 0;
}

/* What is between <text ...> and </text>, without tags and entities. */
static void plain_text(const char *from, const char *until, char *text, size_t size)
{
	struct reading reading = { .at = from, .why = (char[80]){ "" }, .size = 80 };
	size_t used = 0;

	while (reading.at < until && used + 2 < size) {
		if (*reading.at == '<')
			reading.at = strchr(reading.at, '>') + 1;
		else if (*reading.at != '&')
			text[used++] = *reading.at++;
		else if (!read_entity(&reading, &text[used++]))
			break;
	}
	text[used] = '\0';
}

/* <g transform="translate(X,Y) rotate(A)" ... font-size="S" text-anchor="..."> <text>...</text> */
size_t svg_texts(const char *picture, struct svg_text *list, size_t most)
{
	static const char begin[] = "<g transform=\"translate(";
	size_t count = 0;

	for (const char *at = picture; (at = strstr(at, begin)) && count < most; at++) {
		const char *end = strchr(at, '>'), *text = strstr(end, "<text"), *closed = strstr(end, "</text>");
		struct svg_text *one = &list[count];
		const char *anchor = strstr(at, "text-anchor=\"");

		if (!anchor || anchor > end || !text || !closed)
			continue;
		*one = (struct svg_text){ .x = strtod(at + strlen(begin), NULL), .anchor = anchor[13] };
		one->y = number_behind(at, end, ",");
		one->turned = number_behind(at, end, "rotate(");
		one->size = number_behind(at, end, "font-size=\"");
		one->bold = strstr(at, "font-weight=\"bold\"") && strstr(at, "font-weight=\"bold\"") < end;
		plain_text(strchr(text, '>') + 1, closed, one->text, sizeof one->text);
		count += one->text[strspn(one->text, " ")] != '\0';
	}
	return count;
}
