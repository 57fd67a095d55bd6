/*
 * Settings: one table per struct gives keys, types, ranges, defaults, help and messages.
 *
 * The key in an experiment file is the name of the struct member, so one grep finds both.
 * experiment/ fills the struct; nothing else reads YAML.
 */
#ifndef SIM_VERBS_SETTING_H
#define SIM_VERBS_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_kind {
	SETTING_COUNT,          /* uint64_t member: a whole number */
	SETTING_BYTES,          /* uint64_t member: a whole number, suffixes K M G allowed */
	SETTING_REAL,           /* double member: a decimal number */
	SETTING_SWITCH,         /* bool member: true or false */
	SETTING_WORD,           /* int member: index of one of .words */
	SETTING_NAME,           /* char member[SETTING_NAME_BYTES]: free text */
	SETTING_REALS,          /* struct reals member: a list of decimal numbers */
	SETTING_WORDLIST,       /* struct wordlist member: a list of .words */
	SETTING_KEYLIST,        /* struct keylist member: a list of keys of numbers in .section */
	SETTING_DISTRIBUTION,   /* struct distribution member: one of .words, or {WORD: SPREAD};
				 * the means are the table's counts whose unit is "cycles" */
	SETTING_SIZES,          /* struct sizes member: bytes, or {uniform: [LOW, HIGH]} or
				 * {steps: [LOW, HIGH]} */
	SETTING_TREE,           /* const struct tree * member: a mapping that its workload reads
				 * itself (NULL: not given); keys in .words may be swept inside it */
	SETTING_EDIT,           /* the same, or words that say one; what is swept is the whole of it, or
				 * the word `none` */
	SETTING_SECTION,        /* struct member with a table of its own, .section */
};

enum { SETTING_NAME_BYTES = 128, SETTING_LIST_MAX = 16 };
enum { SETTING_KEYS_MAX = 32, SETTING_KEY_BYTES = 48 };

struct reals {
	unsigned count;
	double value[SETTING_LIST_MAX];
};

struct wordlist {
	unsigned count;
	int value[SETTING_LIST_MAX];    /* indices of .words */
};

struct keylist {
	unsigned count;
	char key[SETTING_KEYS_MAX][SETTING_KEY_BYTES];  /* "rmw_ns.S"; a section is all in it */
};

/* How a quantity with a given mean varies. Words of such a setting are in this order. */
enum shape { SHAPE_CONSTANT, SHAPE_UNIFORM, SHAPE_EXPONENTIAL, SHAPE_LOGNORMAL };
enum { SPREAD_ONE = 1000 };

struct distribution {
	int shape;                      /* enum shape */
	/*
	 * In thousandths; SPREAD_ONE is what the word alone means. uniform: the half width as a
	 * share of the mean, at most SPREAD_ONE (0 to twice the mean). exponential, lognormal:
	 * what the logarithm varies by, against an exponential and as the sigma.
	 */
	uint64_t spread;
};

/* Sizes in bytes, which may be drawn: any from `low` to `high`, or each step of 8, 12, 16, 24, 32,
 * 48 ... between them, equally likely. */
enum sizes_shape { SIZES_ONE, SIZES_UNIFORM, SIZES_STEPS };
struct sizes {
	int shape;                      /* enum sizes_shape; SIZES_ONE: low is high */
	uint64_t low, high;
};
extern const char *const sizes_words[];         /* "uniform", "steps" from SIZES_UNIFORM on */

/*
 * A part of the file as it stands, for settings that no table can describe. The children of a node
 * are node[child] to node[child + count - 1], in the order of the file.
 */
enum tree_kind { TREE_WORD, TREE_LIST, TREE_MAP };

struct tree_place {
	const void *source;             /* the reader's; lives as long as its messages */
	unsigned line, column;
};

struct tree_node {
	enum tree_kind kind;
	const char *key;                /* of an entry of a map, else "" */
	const char *word;               /* of a word, else "" */
	unsigned child, count;
	struct tree_place place, key_place;
};

struct tree {
	unsigned nodes;
	const struct tree_node *node;   /* node[0] is the whole */
};

struct setting {
	const char *key;
	size_t offset;
	enum setting_kind kind;
	double min, max;                /* allowed range of numbers, of spreads; both 0: any */
	/* Value when the key is missing, as YAML text; NULL: the key is required; "-": unknown,
	 * which leaves numbers NAN (REAL), 0 (COUNT, BYTES), lists and sections empty (zero). */
	const char *fallback;
	const char *const *words;       /* of WORD, WORDLIST, DISTRIBUTION, NULL-terminated */
	const struct setting *section;  /* of SECTION and KEYLIST, ends with an entry without a key */
	const char *unit;               /* of numbers: "bytes", "cycles", ...; NULL: none */
	const char *help;               /* one line */
	bool fixed;                     /* may not be swept */
};

/* The widest spread: what is uniform must not go below nothing. */
static inline double spread_max(const struct setting *setting, int shape)
{
	return shape == SHAPE_UNIFORM && setting->max > 1 ? 1 : setting->max;
}

#define SETTING(type, member, kind_, ...) \
	{ .key = #member, .offset = offsetof(type, member), .kind = SETTING_##kind_, __VA_ARGS__ }

#endif
