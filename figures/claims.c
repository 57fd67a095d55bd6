/*
 * Finding the pair that a title speaks of, the sentence that is true of it, and filling it in.
 */
#include "figures/claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiment/text.h"

/* A title has room for two such names. */
enum { SHORT_BYTES = 4 * CLAIM_NAME + 8 };

/* What is known of a pair of series over the groups that both have. */
struct verdict {
	size_t all, lower, equal, higher; /* groups; lower: few has less, beyond the spread */
	size_t two_states; /* groups that decide nothing, not among `all` */
	bool zero; /* few is zero in every group */
	bool spread, near; /* some group is equal as far as its intervals tell; nearly */
	double least, most; /* ratio many / few over the groups; most may be infinite */
};

struct range {
	double low, high;
};

static struct range series_range(const struct groups *groups, size_t series, measure *what,
				 const void *argument)
{
	struct range range = { INFINITY, -INFINITY };

	for (size_t g = 0; g < groups->groups; g++) {
		const struct cell *cell = groups_cell(groups, series, g);

		if (!cell)
			continue;

		double mean = cell_interval(cell, what, argument).mean;

		range.low = fmin(range.low, mean);
		range.high = fmax(range.high, mean);
	}
	return range;
}

static double series_mean(const struct groups *groups, size_t series, measure *what,
			  const void *argument)
{
	double sum = 0;
	size_t count = 0;

	for (size_t g = 0; g < groups->groups; g++) {
		const struct cell *cell = groups_cell(groups, series, g);
		double mean = cell ? cell_interval(cell, what, argument).mean : NAN;

		if (!isnan(mean)) {
			sum += mean;
			count++;
		}
	}
	return count ? sum / (double)count : NAN;
}

bool claim_extremes(const struct groups *groups, measure *what, const void *argument, size_t *few,
		    size_t *many)
{
	double least = INFINITY, most = -INFINITY;

	*few = *many = 0;
	for (size_t s = 0; s < groups->serieses; s++) {
		double mean = series_mean(groups, s, what, argument);

		if (mean < least) {
			least = mean;
			*few = s;
		}
		if (mean > most) {
			most = mean;
			*many = s;
		}
	}
	/* all the same: name the first two rather than one twice */
	if (*few == *many && groups->serieses > 1 && most == least)
		*many = *few + 1 < groups->serieses ? *few + 1 : 0;
	return most >= least;
}

static void judge_group(struct verdict *verdict, const struct cell *few, const struct cell *many,
			measure *what, const void *argument)
{
	double least = cell_interval(few, what, argument).mean,
	       most = cell_interval(many, what, argument).mean;
	struct interval change = cell_change(many, few, what, argument);

	if (isnan(least) || isnan(most))
		return;
	if (interval_two_states(&change)) {
		verdict->two_states++;
		return;
	}
	verdict->all++;
	verdict->zero &= least == 0;

	bool explained = interval_known(&change) && change.low <= 0 && change.high >= 0;
	bool near = least != most && statistics_near(least, most);

	verdict->spread |= explained && least != most;
	verdict->near |= near;
	if (least == most || explained || near)
		verdict->equal++;
	else if (least < most)
		verdict->lower++;
	else
		verdict->higher++;
	if (most > 0) {
		verdict->least = fmin(verdict->least, most / least);
		verdict->most = fmax(verdict->most, most / least);
	}
}

static struct verdict judge(const struct groups *groups, size_t few, size_t many, measure *what,
			    const void *argument)
{
	struct verdict verdict = { .zero = true, .least = INFINITY, .most = 0 };

	for (size_t g = 0; g < groups->groups; g++) {
		const struct cell *a = groups_cell(groups, few, g),
				  *b = groups_cell(groups, many, g);

		if (a && b)
			judge_group(&verdict, a, b, what, argument);
	}
	return verdict;
}

/* So many digits, but never fewer than before the decimal point. */
static const char *digits(double value, int count, char *buf, size_t size)
{
	if (fabs(value) >= 99.5)
		snprintf(buf, size, "%.0f", value);
	else
		snprintf(buf, size, "%.*g", count, value);
	return buf;
}

const char *claim_range(double low, double high, const char *unit, char *buf, size_t size)
{
	char from[32], to[32];

	/* shares and factors are rough: two digits, and a share of next to nothing has none */
	bool share = unit && strchr(unit, '%');

	digits(low, unit ? 2 : 3, from, sizeof from);
	digits(high, unit ? 2 : 3, to, sizeof to);
	if (share && low > 0 && low < 0.5)
		strcpy(from, "under 1");
	if (share && high > 0 && (high < 0.5 || (high < 1 && low > 0 && low < 0.5)))
		snprintf(from, sizeof from, "%s", strcpy(to, "under 1"));
	snprintf(buf, size, !strcmp(from, to) ? "%s%.0s%s" : "%s to %s%s", from, to,
		 unit ? unit : "");
	return buf;
}

/* "14 times", "2 to 14 times", "up to 14 times", "at least 3 times"; below twice in per cent of many. */
static const char *amount(const struct verdict *verdict, char *buf, size_t size)
{
	char from[32], to[32];
	double low = 100 - 100 / verdict->least, high = 100 - 100 / verdict->most;

	if (verdict->most < 2) {
		digits(low, 2, from, sizeof from);
		digits(high, 2, to, sizeof to);
		snprintf(buf, size, !strcmp(from, to) ? "%s%.0s %%" : "%s to %s %%", from, to);
	} else {
		digits(verdict->least, 2, from, sizeof from);
		digits(verdict->most, 2, to, sizeof to);
		if (isinf(verdict->most))
			snprintf(buf, size, "at least %s times", from);
		else if (!strcmp(from, "1") && strcmp(to, "1"))
			snprintf(buf, size, "up to %s times", to);
		else
			snprintf(buf, size, !strcmp(from, to) ? "%s%.0s times" : "%s to %s times",
				 from, to);
	}
	return buf;
}

/* "once", "twice", "14 times" */
static const char *times(const char *range, char *buf, size_t size)
{
	if (!strcmp(range, "1") || !strcmp(range, "2"))
		snprintf(buf, size, "%s", *range == '1' ? "once" : "twice");
	else
		snprintf(buf, size, "%s times", range);
	return buf;
}

struct word {
	const char *name, *text;
};

/* The sentence with each {name} replaced. */
static const char *fill(const char *sentence, const struct word *words, char *buf, size_t size)
{
	size_t used = 0;

	while (*sentence && used + 1 < size) {
		const char *end = *sentence == '{' ? strchr(sentence, '}') : NULL;
		const struct word *word = words;

		while (end && word->name &&
		       (strncmp(word->name, sentence + 1, (size_t)(end - sentence) - 1) != 0 ||
			strlen(word->name) != (size_t)(end - sentence) - 1))
			word++;
		if (!end || !word->name) {
			buf[used++] = *sentence++;
			continue;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s", word->text);
		sentence = end + 1;
	}
	buf[used < size ? used : size - 1] = '\0';
	return buf;
}

static const char *sentence_for(const struct verdict *verdict, const struct wording *wording)
{
	if (!verdict->all)
		return verdict->two_states ? "{few} and {many}: the seeds fall into two states"
					   : wording->alone;
	if (verdict->lower == verdict->all)
		return verdict->zero ? wording->never : wording->less;
	return verdict->equal == verdict->all ? wording->equal : wording->some;
}

const char *claim_compare(const struct groups *groups, measure *what, const void *argument,
			  const struct wording *wording, const char *part, char *buf, size_t size)
{
	char few_name[SHORT_BYTES], many_name[SHORT_BYTES],
		reverse[64] = "", ratio[64], fews[64], manys[64], few_times[80], many_times[80],
		lower[24], all[24];
	struct verdict verdict = { 0 };
	size_t few, many;

	*buf = '\0';
	if (!claim_extremes(groups, what, argument, &few, &many))
		return buf;
	if (few != many)
		verdict = judge(groups, few, many, what, argument);
	/* the mean over all groups may be that of a few: name first who has less in more of them */
	if (verdict.higher > verdict.lower) {
		size_t other = few;

		few = many;
		many = other;
		verdict = judge(groups, few, many, what, argument);
	}

	struct range low = series_range(groups, few, what, argument),
		     high = series_range(groups, many, what, argument);

	claim_range(low.low, low.high, wording->unit, fews, sizeof fews);
	claim_range(high.low, high.high, wording->unit, manys, sizeof manys);
	snprintf(lower, sizeof lower, "%zu", verdict.lower);
	snprintf(all, sizeof all, "%zu", verdict.all);

	if (verdict.higher)
		snprintf(reverse, sizeof reverse, ", %s in %zu", wording->more, verdict.higher);

	const struct word words[] = {
		{ "few", text_short(groups->series[few], CLAIM_NAME, few_name, sizeof few_name) },
		{ "many",
		  text_short(groups->series[many], CLAIM_NAME, many_name, sizeof many_name) },
		{ "part", part ? part : "" },
		{ "amount", amount(&verdict, ratio, sizeof ratio) },
		{ "fews", fews },
		{ "manys", manys },
		{ "fewtimes", times(fews, few_times, sizeof few_times) },
		{ "manytimes", times(manys, many_times, sizeof many_times) },
		{ "count", lower },
		{ "all", all },
		{ "reverse", reverse },
		{ "spread", verdict.spread ? ", as far as the seeds tell"
			    : verdict.near ? ", within 1 %"
					   : "" },
		{ NULL, NULL },
	};

	fill(sentence_for(&verdict, wording), words, buf, size);
	if (few != many && !verdict.all && !verdict.two_states)
		snprintf(buf + strlen(buf), size - strlen(buf),
			 "; no setting has two of these to compare");
	if (verdict.all && verdict.two_states)
		snprintf(buf + strlen(buf), size - strlen(buf), "; two states in %zu more",
			 verdict.two_states);
	return buf;
}
