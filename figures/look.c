/*
 * Colours. The named ones begin with Okabe and Ito's, readable without colour vision; all have a
 * contrast of 3 or more to the paper, dark or light, as WCAG 2.1 wants it of graphics.
 */
#include "figures/look.h"

#include <math.h>
#include <string.h>

struct named {
	const char *name;
	colour light, dark;
};

/* clang-format off */
static const struct named named[] = {
	{ "slub-page",     0xd55e00, 0xff8a3c },
	{ "slub-cpu",      0x0072b2, 0x4fa8e8 },
	{ "slub-cmpxchg",  0x009e73, 0x2ecf9f },
	{ "slub-lockless", 0xc2649a, 0xe596c3 },
	{ "slub-tagged",   0x101010, 0xf4f4f4 },
	{ "slab",          0xa87200, 0xf0b429 },
	{ "sheaves",       0x3b8fc4, 0x8fd0f5 },
	{ "sheaves-all",   0x5a3fa0, 0xb39ef0 },
	{ "bonwick",       0x7d7800, 0xd2cc3a },
	{ "buddy",         0x6b6b6b, 0xb8b8b8 },
	{ "pcp",           0x0072b2, 0x4fa8e8 },
	{ "magazine",      0xd55e00, 0xff8a3c },
	{ "pcp-spin",      0x009e73, 0x2ecf9f },
	{ "pcp-buddy",     0x5a3fa0, 0xb39ef0 },
	{ "llfree",        0xc2649a, 0xe596c3 },
	{ NULL, 0, 0 },
};

/* For names that are not above, members and places. */
static const struct named others[] = {
	{ NULL, 0x8b1a4b, 0xe0709f }, { NULL, 0x1d7a3e, 0x63c27f }, { NULL, 0x2f4fa8, 0x86a2f2 },
	{ NULL, 0xa04a12, 0xdd9562 }, { NULL, 0x006f78, 0x45c0ca }, { NULL, 0x7b3fb5, 0xc596ee },
	{ NULL, 0xb3261e, 0xf2827b }, { NULL, 0x4f6a00, 0xa9c64b },
};

/* Series that are no allocators. */
static const struct named strangers[] = {
	{ NULL, 0x0072b2, 0x4fa8e8 }, { NULL, 0xd55e00, 0xff8a3c }, { NULL, 0x009e73, 0x2ecf9f },
	{ NULL, 0x5a3fa0, 0xb39ef0 }, { NULL, 0xa87200, 0xf0b429 }, { NULL, 0xc2649a, 0xe596c3 },
	{ NULL, 0x3b8fc4, 0x8fd0f5 }, { NULL, 0x6b6b6b, 0xb8b8b8 },
};

/* Parts of a stack: neighbours are far apart in hue and light. */
static const struct named parts[] = {
	{ NULL, 0xd55e00, 0xff8a3c }, { NULL, 0x0072b2, 0x4fa8e8 }, { NULL, 0xe69f00, 0xf0b429 },
	{ NULL, 0x009e73, 0x2ecf9f }, { NULL, 0xcc79a7, 0xe596c3 }, { NULL, 0x56b4e9, 0x8fd0f5 },
	{ NULL, 0x5a3fa0, 0xb39ef0 }, { NULL, 0x8f8a00, 0xd2cc3a },
};

/* In the order of enum cause. */
static const struct named causes[] = {
	{ NULL, 0x000000, 0xffffff }, { NULL, 0xcc79a7, 0xcc79a7 }, { NULL, 0xf0e442, 0xf0e442 },
	{ NULL, 0xe69f00, 0xe69f00 }, { NULL, 0xd55e00, 0xd55e00 }, { NULL, 0x8b3a00, 0xa85a24 },
	{ NULL, 0x56b4e9, 0x56b4e9 }, { NULL, 0x0072b2, 0x2a8cc8 }, { NULL, 0x00563e, 0x1f7d62 },
	{ NULL, 0x009e73, 0x009e73 }, { NULL, 0x808080, 0x8a8f96 }, { NULL, 0xb4b4b4, 0x63686f },
	{ NULL, 0xe8e8e8, 0x353a42 },
};

static const colour tones[TONES][2] = {
	[TONE_PAPER] = { 0xffffff, 0x14171c }, [TONE_INK] = { 0x222222, 0xe8eaed },
	[TONE_SECOND] = { 0x555555, 0xb4bac2 }, [TONE_PALE] = { 0x767676, 0x8b929c },
	[TONE_GRID] = { 0xe4e4e4, 0x2b3038 }, [TONE_AXIS] = { 0x606060, 0x9aa1ab },
};
/* clang-format on */

enum { OTHERS = sizeof others / sizeof *others, PARTS = sizeof parts / sizeof *parts };

static colour of_look(const struct look *look, const struct named *one)
{
	return look->dark ? one->dark : one->light;
}

colour look_tone(const struct look *look, enum tone tone)
{
	return tones[tone][look->dark];
}

static unsigned channel(colour of, int at)
{
	return of >> (16 - 8 * at) & 255;
}

/* A share of `other` and the rest of `of`. */
static colour mixed(colour of, colour other, double share)
{
	colour all = 0;

	for (int at = 0; at < 3; at++)
		all = all << 8 |
		      (colour)lround(channel(of, at) * (1 - share) + channel(other, at) * share);
	return all;
}

/* Fowler, Noll and Vo's 1a, of the first word. */
static uint32_t word_hash(const char *name, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

static colour of_name(const struct look *look, const char *name)
{
	size_t length = strcspn(name, " ");

	for (const struct named *one = named; one->name; one++)
		if (strlen(one->name) == length && !strncmp(one->name, name, length))
			return of_look(look, one);
	return of_look(look, &others[word_hash(name, length) % OTHERS]);
}

colour look_cause(const struct look *look, unsigned cause)
{
	return of_look(look, &causes[cause]);
}

/* Shades by turns towards ink and paper; what is nearly ink already goes the other way only. */
colour look_series(const struct look *look, const char *name, size_t before)
{
	enum { SHADES = 7 };
	static const double shares[SHADES] = { 0, 0.42, 0.35, 0.65, 0.58, 0.2, 0.18 };
	colour of = of_name(look, name), paper = look_tone(look, TONE_PAPER);
	colour ink = look->dark ? 0xffffff : 0x000000;
	size_t shade = before % SHADES;
	bool paler = (shade && shade % 2 == 0) || look_contrast(of, ink) < 2;

	return mixed(of, paler ? paper : ink, shares[shade]);
}

colour look_other(const struct look *look, size_t at)
{
	return of_look(look, &strangers[at % (sizeof strangers / sizeof *strangers)]);
}

colour look_part(const struct look *look, size_t at)
{
	return of_look(look, &parts[at % PARTS]);
}

colour look_paler(const struct look *look, colour of, size_t part, size_t all)
{
	double share = part == 0  ? 0
		       : all == 2 ? 0.5
				  : 0.45 + 0.3 * (double)(part - 1) / (double)(all - 2);

	return mixed(of, look_tone(look, TONE_PAPER), share);
}

static double luminance(colour of)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	for (int at = 0; at < 3; at++) {
		double value = channel(of, at) / 255.0;

		sum += weight[at] *
		       (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
	}
	return sum;
}

double look_contrast(colour one, colour other)
{
	double a = luminance(one), b = luminance(other);

	return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

colour look_on(colour of)
{
	return look_contrast(of, 0x000000) >= look_contrast(of, 0xffffff) ? 0x000000 : 0xffffff;
}
