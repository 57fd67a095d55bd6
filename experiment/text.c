/*
 * Escaping: one function per language that text enters.
 */
#include "experiment/text.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"

enum { NAME_CHARACTERS = 60, REPLACEMENT = 0xfffd };

/* ---- UTF-8 -------------------------------------------------------------------------------- */

/* Bytes that a first byte promises, 0: none begins with it; the bits of the character in it. */
static size_t promised(unsigned char first, uint32_t *bits)
{
	static const struct { unsigned char mask, lead; } kinds[] = {
		{ 0x80, 0x00 }, { 0xe0, 0xc0 }, { 0xf0, 0xe0 }, { 0xf8, 0xf0 },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if ((first & kinds[i].mask) == kinds[i].lead) {
			*bits = first & (unsigned char)~kinds[i].mask;
			return i + 1;
		}
	return 0;
}

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t text_character(const char *text, size_t length, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t bytes = promised((unsigned char)*text, character);

	if (!bytes || bytes > length)
		return 0;
	for (size_t i = 1; i < bytes; i++) {
		if (!continues(text[i]))
			return 0;
		*character = *character << 6 | ((unsigned char)text[i] & 0x3f);
	}

	bool surrogate = *character >= 0xd800 && *character <= 0xdfff;

	return *character >= least[bytes] && *character <= 0x10ffff && !surrogate ? bytes : 0;
}

bool text_cut(const char *text, size_t length)
{
	uint32_t bits;

	for (size_t i = 1; i < length; i++)
		if (!continues(text[i]))
			return false;
	return length < promised((unsigned char)*text, &bits);
}

bool text_printable(uint32_t character)
{
	/* of Unicode's classes Cc, Cf, Zl and Zp, and what is no character at all */
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x0600, 0x0605 },
		{ 0x061c, 0x061c }, { 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x0890, 0x0891 },
		{ 0x08e2, 0x08e2 }, { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (character >= hidden[i].first && character <= hidden[i].last)
			return false;
	return (character & 0xfffe) != 0xfffe;
}

/* Reads a text character by character: a piece of it, and what it is. */
struct piece {
	const char *at;
	size_t bytes;
	uint32_t character;
	bool valid;             /* else one byte that is no UTF-8 */
};

static bool next_piece(struct piece *piece, const char *end)
{
	piece->at += piece->bytes;
	if (piece->at >= end)
		return false;
	piece->bytes = text_character(piece->at, (size_t)(end - piece->at), &piece->character);
	piece->valid = piece->bytes > 0;
	if (!piece->valid)
		piece->bytes = 1;
	return true;
}

/* ---- a terminal ---------------------------------------------------------------------------- */

static void put_clean(FILE *out, const struct piece *piece)
{
	if (piece->valid && text_printable(piece->character))
		fwrite(piece->at, 1, piece->bytes, out);
	else if (piece->valid && (piece->character == '\n' || piece->character == '\t'))
		putc(' ', out);
	else
		putc('?', out);
}

void text_line(FILE *out, const char *text)
{
	struct piece piece = { .at = text };

	while (next_piece(&piece, text + strlen(text)))
		put_clean(out, &piece);
}

void text_quote(FILE *out, const char *text, size_t length)
{
	struct piece piece = { .at = text };

	while (next_piece(&piece, text + length))
		if (piece.valid && piece.character == '\t')
			putc('\t', out);
		else
			put_clean(out, &piece);
}

/* What `write` makes of the text, in memory. */
static char *in_memory(void (*write)(FILE *, const char *), const char *text)
{
	char *written;
	size_t length;
	FILE *out = text_open(&written, &length);

	write(out, text);
	text_close(out);
	return written;
}

char *text_clean(const char *text)
{
	return in_memory(text_line, text);
}

const char *text_short(const char *text, size_t characters, char *buf, size_t size)
{
	static const char ellipsis[] = "…";
	char *clean = text_clean(text);
	size_t room = size - sizeof ellipsis, fits = 0, count = 0;
	struct piece piece = { .at = clean };

	/* what fits if something has to be cut */
	while (next_piece(&piece, clean + strlen(clean))) {
		if (++count < characters && (size_t)(piece.at - clean) + piece.bytes <= room)
			fits = (size_t)(piece.at - clean) + piece.bytes;
	}

	bool whole = count <= characters && strlen(clean) < size;

	snprintf(buf, size, "%.*s%s", whole ? (int)strlen(clean) : (int)fits, clean,
		 whole ? "" : ellipsis);
	free(clean);
	return buf;
}

/* ---- a shell -------------------------------------------------------------------------------- */

/* '=' in front means something to zsh. */
static bool is_bare(const char *text)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	return *text && *text != '=' && !text[strspn(text, bare)];
}

/* How a character stands: in 'quotes', behind a backslash, as a number in $'quotes'. */
enum quoting { QUOTED, ESCAPED, NUMBERED, QUOTINGS };

static enum quoting quoting_of(const struct piece *piece)
{
	if (!piece->valid || !text_printable(piece->character))
		return NUMBERED;
	return piece->character == '\'' ? ESCAPED : QUOTED;
}

void text_shell(FILE *out, const char *text)
{
	static const char *const begin[] = { "'", "", "$'" }, *const end[] = { "'", "", "'" };
	struct piece piece = { .at = text };
	enum quoting now = QUOTINGS;

	if (*text == '-' && strchr(text, '/')) /* no option */
		fputs("./", out);
	if (is_bare(text) || !*text) {
		fputs(*text ? text : "''", out);
		return;
	}
	while (next_piece(&piece, text + strlen(text))) {
		enum quoting next = quoting_of(&piece);

		if (next != now) {
			fputs(now == QUOTINGS ? "" : end[now], out);
			fputs(begin[next], out);
			now = next;
		}
		if (now == ESCAPED)
			putc('\\', out);
		for (size_t i = 0; i < piece.bytes; i++)
			fprintf(out, now == NUMBERED ? "\\%03o" : "%c", (unsigned char)piece.at[i]);
	}
	fputs(end[now], out);
}

char *text_shell_word(const char *text)
{
	return in_memory(text_shell, text);
}

/* ---- CSV and JSON -------------------------------------------------------------------------- */

static bool is_number(const char *text)
{
	char *end;

	strtod(text, &end);
	return end != text && !*end;
}

static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t", *text) && text[1] && !is_number(text);
}

void text_csv(FILE *out, const char *text)
{
	struct piece piece = { .at = text };
	bool quoted = text[strcspn(text, ",\"\n\r")];

	if (quoted)
		putc('"', out);
	if (is_formula(text))
		putc('\'', out);
	while (next_piece(&piece, text + strlen(text))) {
		if (piece.valid && piece.character == '"')
			fputs("\"\"", out);
		else if (piece.valid && (piece.character == '\n' || piece.character == '\t'))
			putc((int)piece.character, out);
		else
			put_clean(out, &piece);
	}
	if (quoted)
		putc('"', out);
}

void text_json(FILE *out, const char *text)
{
	struct piece piece = { .at = text };

	putc('"', out);
	while (next_piece(&piece, text + strlen(text))) {
		uint32_t character = piece.valid ? piece.character : REPLACEMENT;

		if (character == '"' || character == '\\')
			fprintf(out, "\\%c", (int)character);
		else if (piece.valid && text_printable(character))
			fwrite(piece.at, 1, piece.bytes, out);
		else if (character < 0x10000)
			fprintf(out, "\\u%04x", (unsigned)character);
		else
			fprintf(out, "\\u%04x\\u%04x",
				(unsigned)(0xd800 + ((character - 0x10000) >> 10)),
				(unsigned)(0xdc00 + (character & 0x3ff)));
	}
	putc('"', out);
}

/* ---- gnuplot -------------------------------------------------------------------------------- */

/* What gnuplot's output would not escape, as letters that look alike; NULL: it can stay. */
static const char *look_alike(const char *at, const char *text)
{
	switch (*at) {
	case '\'':
		return "’";
	case '"':
		return "”";
	case '\\':
		return "∖";
	case '>':       /* "]]>" may not stand in XML */
		return at > text && at[-1] == ']' ? "›" : NULL;
	default:
		return NULL;
	}
}

/* One line of printable characters, none of which ends a string of JavaScript or of XML. */
static char *drawn_text(const char *text)
{
	char *clean = text_clean(text), *drawn;
	size_t length;
	FILE *out = text_open(&drawn, &length);

	for (const char *at = clean; *at; at++) {
		const char *other = look_alike(at, clean);

		if (other)
			fputs(other, out);
		else
			putc(*at, out);
	}
	text_close(out);
	free(clean);
	return drawn;
}

/* Bytes that mean something to gnuplot between double quotes, or might in another version. */
static bool interpreted(unsigned char byte)
{
	return byte < 0x80 && strchr("`$@{}#", byte);
}

/* Digits behind an octal number would belong to it, however many there are. */
void text_gnuplot(FILE *out, const char *text)
{
	char *drawn = drawn_text(text);
	bool octal = false;

	putc('"', out);
	for (const char *at = drawn; *at; at++) {
		octal = interpreted((unsigned char)*at) || (octal && *at >= '0' && *at <= '9');
		fprintf(out, octal ? "\\%03o" : "%c", (unsigned char)*at);
	}
	putc('"', out);
	free(drawn);
}

void text_gnuplot_name(FILE *out, const char *text)
{
	char name[4 * NAME_CHARACTERS + 8], *drawn;
	size_t length;
	FILE *label = text_open(&drawn, &length);

	for (const char *at = text_short(text, NAME_CHARACTERS, name, sizeof name); *at; at++)
		if (*at == '%')
			fputs("％", label);
		else
			putc(*at, label);
	text_close(label);
	text_gnuplot(out, drawn);
	free(drawn);
}

void text_gnuplot_field(FILE *out, const char *text)
{
	char *drawn = drawn_text(text);

	fprintf(out, "\"%s\"", drawn);
	free(drawn);
}
