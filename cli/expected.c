/*
 * Expectations for people: holds, FAILS or undecided, and the numbers that say so.
 */
#include "cli/expected.h"

#include <math.h>
#include <stdlib.h>

#include "cli/table.h"
#include "experiment/file.h"
#include "experiment/text.h"

struct telling {
	FILE *out;
	const struct points *points;
	size_t told, missed;
};

static const char *const verdict_words[] = {
	[EXPECT_HOLDS] = "holds", [EXPECT_FAILS] = "FAILS", [EXPECT_OPEN] = "undecided",
};

static const char *const relation_words[] = {
	[RELATION_BELOW] = "below", [RELATION_ABOVE] = "above", [RELATION_EQUALS] = "equal to",
};

static void print_value(FILE *out, const struct interval *interval)
{
	char mean[40], low[40], high[40];

	if (number_states(mean, sizeof mean, &interval->states)) {
		fputs(mean, out);
		return;
	}
	fputs(number_real(mean, sizeof mean, interval->mean), out);
	if (interval_told(interval) && interval->low != interval->high)
		fprintf(out, " [%s..%s]", number_real(low, sizeof low, interval->low),
			number_real(high, sizeof high, interval->high));
}

static void print_change(FILE *out, const struct interval *change)
{
	char mean[40], low[40], high[40];

	if (interval_two_states(change)) {
		fputs("; two states", out);
	} else if (isinf(change->mean)) {
		fputs("; from nothing", out);
	} else if (change->mean != 0) {
		fprintf(out, "; %s %%", number_percent(mean, sizeof mean, change->mean));
		if (interval_told(change) && change->low != change->high)
			fprintf(out, " [%s..%s]", number_percent(low, sizeof low, change->low),
				number_percent(high, sizeof high, change->high));
	}
}

const char *expected_words(const struct expectation *expectation, char *buf, size_t size)
{
	size_t length = 0;
	char *text = NULL, number[40];
	FILE *out = text_open(&text, &length);

	fprintf(out, "%s", relation_words[expectation->relation]);
	if (!expectation->than.count)
		fprintf(out, " %s", number_real(number, sizeof number, expectation->number));
	else if (expectation->keys.factor != 1)
		fprintf(out, " %s times",
			number_real(number, sizeof number, expectation->keys.factor));
	for (size_t i = 0; i < expectation->than.count; i++)
		fprintf(out, " %s=%s", expectation->than.choice[i].path,
			expectation->than.choice[i].value);
	if (expectation->keys.within_percent > 0)
		fprintf(out, " within %s %%",
			number_real(number, sizeof number, expectation->keys.within_percent));
	text_close(out);
	snprintf(buf, size, "%s", text);
	free(text);
	return buf;
}

/* "498 (0.8 times the 622 of objects=slub-page)", "622 (of objects=slub-page)", "37" */
static void print_reference(FILE *out, const struct expectation *expectation,
			    const struct expected *expected)
{
	char number[40];
	double factor = expectation->keys.factor;

	print_value(out, &expected->reference);
	if (!expected->other)
		return;
	fputs(" (", out);
	if (factor != 1)
		fprintf(out, "%s times the ", number_real(number, sizeof number, factor));
	if (factor != 1 && factor > 0)
		fprintf(out, "%s ",
			number_real(number, sizeof number, expected->reference.mean / factor));
	fputs("of ", out);
	for (size_t i = 0; i < expectation->than.count; i++) {
		const struct choice *choice = &expectation->than.choice[i];

		fputs(i ? " " : "", out);
		text_line(out, choice->path);
		fputc('=', out);
		text_line(out, choice->value);
	}
	fputc(')', out);
}

void expected_print_one(FILE *out, const struct points *points,
			const struct expectation *expectation, const struct expected *expected)
{
	char label[512], number[40];

	fprintf(out, "%-9s  ", verdict_words[expected->verdict]);
	text_line(out, expectation->what.name);
	point_label(points, expected->point, label, sizeof label);
	if (*label) {
		fputs(" of ", out);
		text_line(out, label);
	}
	fputs(": ", out);
	print_value(out, &expected->value);
	fprintf(out, ", %s ", relation_words[expectation->relation]);
	print_reference(out, expectation, expected);
	print_change(out, &expected->change);
	if (expectation->keys.within_percent > 0)
		fprintf(out, ", within %s %%",
			number_real(number, sizeof number, expectation->keys.within_percent));
	fputc('\n', out);
}

void expected_print_short(FILE *out, const struct expectation *expectation,
			  const struct expected *expected)
{
	fprintf(out, "%s, ", verdict_words[expected->verdict]);
	print_value(out, &expected->value);
	fprintf(out, ", %s ", relation_words[expectation->relation]);
	print_value(out, &expected->reference);
	print_change(out, &expected->change);
	fputc('\n', out);
}

static void print_one(void *to, const struct expectation *expectation,
		      const struct expected *expected)
{
	struct telling *telling = to;

	fputs(telling->told++ ? "  " : "\nExpected:\n  ", telling->out);
	telling->missed += expected->verdict != EXPECT_HOLDS;
	expected_print_one(telling->out, telling->points, expectation, expected);
}

size_t expected_print(FILE *out, const struct experiment *experiment, const struct points *points)
{
	struct telling telling = { .out = out, .points = points };

	expect_evaluate(experiment, points, print_one, &telling);
	return telling.missed;
}
