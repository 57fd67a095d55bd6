/* Outlines as text: what pahole prints of them, and the difference of two of these texts. */
#include "experiment/outline_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/verbs.h"
#include "sim/verbs/xalloc.h"

/* ---- as pahole prints it --------------------------------------------------------------------- */

enum { COMMENT_COLUMN = 48 };

struct printing {
	FILE *out;
	uint64_t line;                  /* the last one whose start was told */
	uint64_t end, holes, hole_bytes;
};

/* What was asked for beyond what the declaration says itself. */
static void print_alignment(FILE *out, uint64_t align)
{
	fprintf(out, " __attribute__((__aligned__(%" PRIu64 ")))", align);
}

/* `close` is what closes the body of a struct or union, or nothing. */
static void print_declared(struct printing *printing, const struct outline_member *member,
			   const char *close, const char *text, unsigned tabs)
{
	char aligned[64] = "";
	int width;

	if (member->align > member->declared)
		snprintf(aligned, sizeof aligned, " __attribute__((__aligned__(%" PRIu64 ")))",
			 member->align);
	for (unsigned i = 0; i < tabs; i++)
		fputc('\t', printing->out);
	width = fprintf(printing->out, "%s%s%s;", close, text, aligned);
	fprintf(printing->out, "%*s", width < COMMENT_COLUMN ? COMMENT_COLUMN - width : 1, "");
	if (member->bits)
		fprintf(printing->out, "/* %5" PRIu64 ":%2u %2" PRIu64 " */\n", member->offset,
			member->bit, member->size);
	else
		fprintf(printing->out, "/* %5" PRIu64 " %5" PRIu64 " */\n", member->offset,
			member->size);
}

static void print_member(struct printing *printing, const struct outline_member *member,
			 unsigned tabs)
{
	if (member->kind == MEMBER_PLAIN) {
		print_declared(printing, member, "", member->head, tabs);
		return;
	}
	for (unsigned i = 0; i < tabs; i++)
		fputc('\t', printing->out);
	fprintf(printing->out, "%s\n", member->head);
	for (size_t i = 0; i < member->children; i++)
		print_member(printing, &member->child[i], tabs + 1);
	print_declared(printing, member, *member->tail ? "} " : "}", member->tail, tabs);
}

/* Bits that begin a word of their own though those in front of them leave room: a compiler is told. */
static bool wants_break(const struct outline_member *last, const struct outline_member *member)
{
	return last && last->bits && member->bits && member->offset >= last->offset + last->size &&
	       last->bit + last->bits + member->bits <= 8 * last->size;
}

/* What lies between the members so far and the next one. */
static void print_between(struct printing *printing, const struct outline_member *last,
			  const struct outline_member *member)
{
	if (wants_break(last, member))
		fputs("\tint                        :0;\n", printing->out);

	uint64_t line = member->offset / LINE, past = member->offset % LINE;

	if (member->offset > printing->end) {
		uint64_t hole = member->offset - printing->end;

		fprintf(printing->out, "\n\t/* XXX %" PRIu64 " byte%s hole, try to pack */\n\n", hole,
			hole == 1 ? "" : "s");
		printing->holes++;
		printing->hole_bytes += hole;
	}
	if (line == printing->line)
		return;
	printing->line = line;
	if (past)
		fprintf(printing->out,
			"\t/* --- cacheline %" PRIu64 " boundary (%" PRIu64 " bytes) was %" PRIu64
			" bytes ago --- */\n",
			line, line * LINE, past);
	else
		fprintf(printing->out,
			"\t/* --- cacheline %" PRIu64 " boundary (%" PRIu64 " bytes) --- */\n",
			line, line * LINE);
}

static void print_sums(FILE *out, const struct printing *printing, const struct outline *outline)
{
	fprintf(out, "\n\t/* size: %" PRIu64 ", cachelines: %" PRIu64 ", members: %zu */\n",
		outline->size, (outline->size + LINE - 1) / LINE, outline->members);
	if (printing->holes)
		fprintf(out,
			"\t/* sum members: %" PRIu64 ", holes: %" PRIu64 ", sum holes: %" PRIu64
			" */\n",
			printing->end - printing->hole_bytes, printing->holes,
			printing->hole_bytes);
	if (outline->size > printing->end)
		fprintf(out, "\t/* padding: %" PRIu64 " */\n", outline->size - printing->end);
	if (outline->size % LINE)
		fprintf(out, "\t/* last cacheline: %" PRIu64 " bytes */\n", outline->size % LINE);
}

void outline_print(FILE *out, const struct outline *outline)
{
	struct printing printing = { .out = out };

	fprintf(out, "struct %s {\n", outline->name);
	for (size_t i = 0; i < outline->members; i++) {
		const struct outline_member *member = &outline->member[i];

		print_between(&printing, i ? member - 1 : NULL, member);
		print_member(&printing, member, 1);
		if (member->offset + member->size > printing.end)
			printing.end = member->offset + member->size;
	}
	print_sums(out, &printing, outline);
	fputc('}', out);
	if (outline->packed)
		fputs(" __attribute__((__packed__))", out);
	if (outline->align)
		print_alignment(out, outline->align);
	fputs(";\n", out);
}

/* ---- the difference -------------------------------------------------------------------------- */

struct text_lines {
	char *text, **line;
	size_t count;
};

static struct text_lines lines_of(const struct outline *outline)
{
	struct text_lines lines = { NULL, NULL, 0 };
	size_t length = 0;
	FILE *out = open_memstream(&lines.text, &length);

	if (!out)
		xalloc_failed(length);
	outline_print(out, outline);
	if (fclose(out))
		xalloc_failed(length);
	for (char *at = lines.text, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		lines.line = xrealloc(lines.line, (lines.count + 1) * sizeof *lines.line);
		lines.line[lines.count++] = at;
	}
	return lines;
}

static void lines_end(struct text_lines *lines)
{
	free(lines->line);
	free(lines->text);
}

/* More pairs of lines than these are not compared: all of one goes, all of the other comes. */
enum { PAIRS_MAX = 1 << 24 };

/* length[i * (b + 1) + j]: of the longest common sequence of a's lines from i, b's from j on. */
static unsigned *common_lengths(const struct text_lines *a, const struct text_lines *b)
{
	size_t width = b->count + 1;
	unsigned *length = xalloc((a->count + 1) * width * sizeof *length);

	for (size_t i = a->count; i-- > 0;) {
		for (size_t j = b->count; j-- > 0;) {
			unsigned down = length[(i + 1) * width + j],
				 right = length[i * width + j + 1];

			length[i * width + j] = strcmp(a->line[i], b->line[j]) == 0
							? length[(i + 1) * width + j + 1] + 1
						: down > right ? down
							       : right;
		}
	}
	return length;
}

void outline_diff(FILE *out, const struct outline *from, const struct outline *to)
{
	struct text_lines a = lines_of(from), b = lines_of(to);
	size_t width = b.count + 1, i = 0, j = 0;
	bool compared = (a.count + 1) * (b.count + 1) <= PAIRS_MAX;
	unsigned *length = compared ? common_lengths(&a, &b) : NULL;

	fprintf(out, "--- struct %s\n+++ struct %s\n@@ -1,%zu +1,%zu @@\n", from->name, to->name,
		a.count, b.count);
	while (i < a.count || j < b.count) {
		bool same = compared && i < a.count && j < b.count &&
			    !strcmp(a.line[i], b.line[j]);
		bool goes = i < a.count && (j == b.count || !compared ||
					    length[(i + 1) * width + j] >=
						    length[i * width + j + 1]);

		if (same)
			fprintf(out, "%s%s\n", *a.line[i] ? " " : "", a.line[i]);
		else if (goes)
			fprintf(out, "-%s\n", a.line[i]);
		else
			fprintf(out, "+%s\n", b.line[j]);
		i += same || goes;
		j += same || !goes;
	}
	free(length);
	lines_end(&a);
	lines_end(&b);
}
