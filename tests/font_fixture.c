/* Three tables of a TrueType file: head (units), hmtx (advances), cmap (which glyph), format 4. */
#include "tests/font_fixture.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

struct font {
	unsigned char *data;
	size_t length;
	const unsigned char *metrics, *map;     /* hmtx; the subtable of cmap */
	unsigned units, glyphs;                 /* per em; with an advance of their own */
};

static unsigned two(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

static unsigned four(const unsigned char *at)
{
	return two(at) << 16 | two(at + 2);
}

static const unsigned char *table(const struct font *font, const char *name)
{
	for (unsigned i = 0; i < two(font->data + 4); i++) {
		const unsigned char *entry = font->data + 12 + 16 * i;

		if (!memcmp(entry, name, 4))
			return font->data + four(entry + 8);
	}
	abort();
}

struct font *font_open(bool bold)
{
	struct font *font = xalloc(sizeof *font);

	font->data = (unsigned char *)file_read(bold ? "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
						     : "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
						1 << 24, &font->length);
	if (!font->data) {
		free(font);
		return NULL;
	}

	const unsigned char *cmap = table(font, "cmap");

	font->units = two(table(font, "head") + 18);
	font->glyphs = two(table(font, "hhea") + 34);
	font->metrics = table(font, "hmtx");
	for (unsigned i = 0; i < two(cmap + 2); i++)
		if (two(cmap + 4 + 8 * i) == 3 && two(cmap + 6 + 8 * i) == 1)
			font->map = cmap + four(cmap + 8 + 8 * i);
	return font;
}

void font_close(struct font *font)
{
	free(font->data);
	free(font);
}

/* Segments: their ends, starts, what is added, or where a list of glyphs is. */
static unsigned glyph(const struct font *font, uint32_t character)
{
	unsigned doubled = two(font->map + 6);
	const unsigned char *ends = font->map + 14, *starts = ends + doubled + 2, *deltas = starts + doubled,
			    *offsets = deltas + doubled;

	for (unsigned at = 0; at < doubled; at += 2) {
		unsigned from = two(starts + at), offset = two(offsets + at);

		if (character > two(ends + at))
			continue;
		if (character < from)
			return 0;
		return offset ? two(offsets + at + offset + 2 * (character - from))
			      : (character + two(deltas + at)) & 0xffff;
	}
	return 0;
}

double font_advance(const struct font *font, uint32_t character)
{
	unsigned found = character < 0x10000 ? glyph(font, character) : 0;

	if (!found)
		return 0;
	found = found < font->glyphs ? found : font->glyphs - 1;
	return (double)two(font->metrics + 4 * found) / font->units;
}

double font_width(const struct font *font, const char *text, double size)
{
	double sum = 0;

	for (size_t at = 0, length = strlen(text); at < length;) {
		uint32_t character;
		size_t bytes = text_character(text + at, length - at, &character);
		double advance = bytes ? font_advance(font, character) : 0;

		sum += advance > 0 ? advance : 1;
		at += bytes ? bytes : 1;
	}
	return sum * size;
}
