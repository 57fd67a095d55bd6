/*
 * Text of pahole, read: what lies where, what is refused and at which place, and that what is
 * printed reads back the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiment/file.h"
#include "experiment/outline_text.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"
#include "workloads/pahole.h"

/* A struct with all that pahole prints. */
static const char whole[] =
	"struct file {\n"
	"	union {\n"
	"		struct llist_node  f_llist;              /*     0     8 */\n"
	"		struct callback_head f_rcuhead __attribute__((__aligned__(8))); /*     0    16 */\n"
	"		unsigned int       f_iocb_flags;         /*     0     4 */\n"
	"	} __attribute__((__aligned__(8)));               /*     0    16 */\n"
	"	spinlock_t                 f_lock;               /*    16     4 */\n"
	"	fmode_t                    f_mode;               /*    20     4 */\n"
	"	atomic_long_t              f_count;              /*    24     8 */\n"
	"	struct mutex               f_pos_lock;           /*    32    32 */\n"
	"	/* --- cacheline 1 boundary (64 bytes) --- */\n"
	"	loff_t                     f_pos;                /*    64     8 */\n"
	"	int                        (*fn)(struct x *, int); /*    72     8 */\n"
	"	unsigned int               a:1;                  /*    80: 0  4 */\n"
	"	unsigned int               b:2;                  /*    80: 1  4 */\n"
	"\n"
	"	/* XXX 29 bits hole, try to pack */\n"
	"\n"
	"	struct {\n"
	"		int                x;                    /*    84     4 */\n"
	"		char               y[8];                 /*    88     8 */\n"
	"	} pair[2];                                       /*    84    24 */\n"
	"	enum { A = 0, B = 1 }      state;                /*   108     4 */\n"
	"	struct path                f_path;               /*   112    16 */\n"
	"	/* --- cacheline 2 boundary (128 bytes) --- */\n"
	"	char                       tail[];               /*   128     0 */\n"
	"\n"
	"	/* size: 128, cachelines: 2, members: 13 */\n"
	"} __attribute__((__aligned__(8)));\n";

struct told {
	char text[4000];
};

static void note(void *to, unsigned line, unsigned column, const char *text)
{
	struct told *told = to;
	size_t at = strlen(told->text);

	snprintf(told->text + at, sizeof told->text - at, "%u:%u: %s\n", line, column, text);
}

static struct outline *read_or_fail(const char *text, const char *name)
{
	struct told told = { "" };
	struct outline *outline = pahole_read(text, strlen(text), name, note, &told);

	if (!outline)
		fail_msg("%s", told.text);
	return outline;
}

/* All that is told, no more. */
static void expect_refused(const char *text, size_t length, const char *name, const char *expected)
{
	struct told told = { "" };

	assert_null(pahole_read(text, length, name, note, &told));
	if (strcmp(told.text, expected))
		fail_msg("%.200s\ntold\n%sexpected\n%s", text, told.text, expected);
}

/* Offsets are those of the comments; element 1 of the pair is 12 bytes behind element 0. Words are
 * the widest that are aligned at the place: 4 at 84 and 92, 8 at 96. */
static void members_lie_where_it_says(void **state)
{
	/* clang-format off */
	static const struct { const char *name; uint64_t offset; unsigned size; bool bits; } rows[] = {
		{ "f_llist", 0, 8 },    { "f_iocb_flags", 0, 4 }, { "f_lock", 16, 4 },
		{ "f_count", 24, 8 },   { "f_pos_lock", 32, 8 },  { "f_pos_lock+8", 40, 8 },
		{ "f_pos_lock+28", 60, 4 }, { "fn", 72, 8 },      { "a", 80, 4, true },
		{ "b", 80, 4, true },   { "pair.x", 84, 4 },      { "pair[1]", 96, 8 },
		{ "pair.y+4", 92, 4 },  { "pair.y[3]", 91, 1 },   { "state", 108, 4 },
		{ "f_path+8", 120, 8 },
	};
	/* clang-format on */
	struct outline *outline = read_or_fail(whole, "");
	struct outline_spot spot;
	char why[300];

	(void)state;
	assert_string_equal(outline->name, "file");
	assert_int_equal(outline->size, 128);
	assert_int_equal(outline->align, 8);
	assert_int_equal(outline->members, 13);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!outline_find(outline, rows[i].name, &spot, why, sizeof why))
			fail_msg("%s", why);
		if (spot.offset != rows[i].offset || spot.size != rows[i].size ||
		    spot.bits != rows[i].bits)
			fail_msg("%s: %u bytes at %u", rows[i].name, spot.size,
				 (unsigned)spot.offset);
	}
	outline_free(outline);
}

static void what_is_no_member_is_told(void **state)
{
	static const struct {
		const char *name, *why;
	} rows[] = {
		{ "f_op", "struct 'file' has no member 'f_op'" },
		{ "f_pos.low", "'f_pos' has no members of its own" },
		{ "pair[2]", "'pair' has 2 elements, counted from 0: [INDEX]" },
		{ "f_pos+8", "'f_pos' has bytes 0 to 7: +BYTES" },
		{ "tail", "'tail' has no bytes that could be accessed" },
		{ "f_pos+1x", "'x' ends a name; behind it stand [INDEX], +BYTES or nothing" },
	};
	struct outline *outline = read_or_fail(whole, "file");
	struct outline_spot spot;
	char why[300];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(outline_find(outline, rows[i].name, &spot, why, sizeof why));
		assert_string_equal(why, rows[i].why);
	}
	outline_free(outline);
}

static char *printed(const struct outline *outline)
{
	char *text;
	size_t length;
	FILE *out = text_open(&text, &length);

	outline_print(out, outline);
	text_close(out);
	return text;
}

static void must_come_back(const struct outline *outline)
{
	char *once = printed(outline), *twice;
	struct outline *again = read_or_fail(once, "");

	twice = printed(again);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	outline_free(again);
}

/* What is printed is pahole's text again. */
static void text_reads_back(void **state)
{
	struct outline *outline = read_or_fail(whole, "");
	char *once = printed(outline);
	struct outline *again = read_or_fail(once, "");
	char *twice = printed(again);

	(void)state;
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	outline_free(outline);
	outline_free(again);
}

/* A compiler would put `n` at 4 but for the attribute of the whole, which comes back with it. */
static void packed_is_printed(void **state)
{
	struct outline *outline = read_or_fail("struct a {\n"
					       "	char c; /* 0 1 */\n"
					       "	int n; /* 1 4 */\n"
					       "} __attribute__((__packed__)) __attribute__((__aligned__(64)));\n",
					       "");
	char *text = printed(outline);

	(void)state;
	assert_non_null(strstr(
		text, "\n} __attribute__((__packed__)) __attribute__((__aligned__(64)));\n"));
	must_come_back(outline);
	free(text);
	outline_free(outline);
}

/* One byte is no "1 bytes". */
static void holes_are_counted(void **state)
{
	struct outline *outline = read_or_fail("struct a {\n"
					       "	char c; /* 0 1 */\n"
					       "	short s; /* 2 2 */\n"
					       "	long l; /* 8 8 */\n"
					       "};\n",
					       "");
	char *text = printed(outline);

	(void)state;
	assert_non_null(strstr(text, "\n\t/* XXX 1 byte hole, try to pack */\n"));
	assert_non_null(strstr(text, "\n\t/* XXX 4 bytes hole, try to pack */\n"));
	free(text);
	outline_free(outline);
}

/* Laid out anew in the order it has, a struct that a compiler laid out is the same. */
static void laid_out_as_a_compiler_does(void **state)
{
	struct outline *outline = read_or_fail(whole, "");
	char *before = printed(outline), *after;

	(void)state;
	assert_true(outline_lay_out(outline));
	after = printed(outline);
	assert_string_equal(before, after);
	free(before);
	free(after);
	outline_free(outline);
}

/*
 * f_count to a line of its own: f_mode ends at 24, f_pos_lock follows there, all up to f_path move
 * up by 8 and end at 120; the next line begins at 128, f_count is there, and 192 is the size.
 */
static void a_member_moves_out(void **state)
{
	struct outline *outline = read_or_fail(whole, "");
	struct outline_spot spot;
	char why[300];

	(void)state;
	outline_own_line(outline, outline_outer(outline, "f_count"), 64);
	assert_true(outline_lay_out(outline));
	assert_true(outline_find(outline, "f_pos_lock", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 24);
	assert_true(outline_find(outline, "pair.x", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 76);
	assert_true(outline_find(outline, "f_count", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 128);
	assert_int_equal(outline->size, 192);
	assert_string_equal(outline->member[outline->members - 1].name, "tail");
	outline_free(outline);
}

/*
 * What pahole -E prints of typedefs, and pointers to functions and arrays: a pointer is one word, so
 * the alignment of `mac`, behind a char, is 8 when the struct is laid out anew.
 */
static void typedefs_and_pointers(void **state)
{
	static const char text[] =
		"struct f {\n"
		"	/* typedef spinlock_t */ struct spinlock {\n"
		"		union {\n"
		"			/* typedef u32 -> __u32 */ unsigned int slock; /*     0     4 */\n"
		"			struct {\n"
		"				short unsigned int owner; /*     0     2 */\n"
		"				short unsigned int next;  /*     2     2 */\n"
		"			} tickets;                       /*     0     4 */\n"
		"		};                                       /*     0     4 */\n"
		"	} lock;                                          /*     0     4 */\n"
		"	char                       kind;                 /*     4     1 */\n"
		"\n	/* XXX 3 bytes hole, try to pack */\n\n"
		"	u8                         (*mac)[6];            /*     8     8 */\n"
		"	void *                     (*alloc)(int, void (*)(int)); /*    16     8 */\n"
		"	const struct f  * const    self;                 /*    24     8 */\n"
		"	enum state                 s:8;                  /*    32: 0  4 */\n"
		"\n	/* Bitfield combined with next fields */\n\n"
		"	char                       t;                    /*    33     1 */\n"
		"\n	/* size: 40, cachelines: 1, members: 7 */\n"
		"	/* last cacheline: 40 bytes */\n};\n";
	struct outline *outline = read_or_fail(text, "");
	struct outline_spot spot;
	char why[300];

	(void)state;
	assert_true(outline_find(outline, "lock.tickets.next", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 2);
	assert_true(outline_find(outline, "lock.slock", &spot, why, sizeof why));
	assert_true(outline_find(outline, "alloc", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 16);
	/* the bit-field's word and the byte in it move together */
	outline_move(outline, outline_outer(outline, "t"), 0);
	assert_true(outline_lay_out(outline));
	assert_true(outline_find(outline, "t", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 1);
	assert_true(outline_find(outline, "mac", &spot, why, sizeof why));
	assert_int_equal(spot.offset, 16);
	outline_free(outline);
}

/* Of several structs one is named; other types in between are passed. */
static void one_of_several(void **state)
{
	static const char text[] =
		"typedef struct {\n\tint n; /* 0 4 */\n} n_t;\nenum e { A, B };\nstruct opaque;\n"
		"struct one {\n\tint a; /* 0 4 */\n};\nstruct two {\n\tint b; /* 0 4 */\n\tint c; /* 0x4 0x4 */\n};\n";
	struct outline *outline = read_or_fail(text, "two");

	(void)state;
	assert_int_equal(outline->members, 2);
	assert_int_equal(outline->member[1].offset, 4);
	outline_free(outline);
	expect_refused(text, strlen(text), "",
		       "9:8: 2 structs in this text: say which one with 'struct_name: NAME'\n");
	expect_refused(text, strlen(text), "three",
		       "1:1: no struct 'three' among the 2 of this text\n");
}

/* The whole struct of a text, its members' offsets in the order of `names`. */
static void expect_offsets(const struct outline *outline, const char *const *names,
			   const unsigned *offsets)
{
	struct outline_spot spot;
	char why[300];

	for (size_t i = 0; names[i]; i++) {
		if (!outline_find(outline, names[i], &spot, why, sizeof why))
			fail_msg("%s", why);
		if (spot.offset != offsets[i])
			fail_msg("'%s' lies at %u, not at %u", names[i], (unsigned)spot.offset,
				 offsets[i]);
	}
}

/* The length of an array of pointers to functions stands inside of the parentheses: three words of
 * 8 bytes from 0, two by two from 24, and of a pointer to an array there is one. */
static void arrays_of_pointers(void **state)
{
	static const char text[] = "struct a {\n"
				   "	int (*ops[3])(struct b *, int (*)(int)); /* 0 24 */\n"
				   "	void (*pairs[2][2])(void); /* 24 32 */\n"
				   "	int (*table)[4]; /* 56 8 */\n"
				   "};\n";
	static const char *const names[] = { "ops[0]", "ops[2]", "pairs[3]", "table", NULL };
	static const unsigned offsets[] = { 0, 16, 48, 56 };
	struct outline *outline = read_or_fail(text, "");

	(void)state;
	expect_offsets(outline, names, offsets);
	assert_int_equal(outline->member[2].elements, 1);
	outline_free(outline);
}

/* Bits without a name are printed without a place, as many as there are. */
static void bits_without_a_name(void **state)
{
	static const char text[] = "struct a {\n"
				   "	unsigned int x:3; /* 0: 0 4 */\n"
				   "	/* Force alignment to the next boundary: */\n"
				   "	unsigned int :0;\n"
				   "	uint16_t y:1; /* 4: 0 2 */\n"
				   "	/* Force padding: */\n"
				   "	uint16_t :16;\n"
				   "	short unsigned int :16;\n"
				   "	long z; /* 8 8 */\n"
				   "};\n";
	static const char *const names[] = { "x", "y", "z", NULL };
	static const unsigned offsets[] = { 0, 4, 8 };
	struct outline *outline = read_or_fail(text, "");

	(void)state;
	expect_offsets(outline, names, offsets);
	assert_int_equal(outline->members, 3);
	outline_free(outline);
}

/* A comment in a declaration goes, at the start and at the end with the blanks round it. */
static void blanks_before_a_comment(void **state)
{
	struct outline *outline = read_or_fail("struct a {\n"
					       "	int x   /* of a kind */   ; /* 0 4 */\n"
					       "	struct {\n"
					       "		int y; /* 4 4 */\n"
					       "	}  /* first */  in  /* of another */ ; /* 4 4 */\n"
					       "};\n",
					       "");
	char *text = printed(outline);

	(void)state;
	assert_non_null(strstr(text, "\tint x; "));
	assert_non_null(strstr(text, "} in; "));
	free(text);
	outline_free(outline);
}

/* Two words of bits, each with room for the other's: what is printed must say that they are two, or
 * a compiler makes them one. Where the second word would not fit, and of bits of one word, nothing. */
static void words_of_bits_stay_apart(void **state)
{
	struct outline *outline = read_or_fail("struct a {\n"
					       "	int a:1; /* 0: 0 4 */\n"
					       "	int b:1; /* 0: 1 4 */\n"
					       "	int :0;\n"
					       "	int c:20; /* 4: 0 4 */\n"
					       "	int d:20; /* 8: 0 4 */\n"
					       "};\n",
					       "");
	char *text = printed(outline);

	(void)state;
	assert_non_null(strstr(text, "int b:1;                                        /*     0: 1  4 */\n"
				     "\tint                        :0;\n"
				     "\tint c:20;                                       /*     4: 0  4 */\n"
				     "\tint d:20; "));
	free(text);
	/* d behind b: the break is in front of it, none between it and c */
	outline_move(outline, outline_outer(outline, "d"), outline_outer(outline, "c"));
	assert_true(outline_lay_out(outline));
	text = printed(outline);
	assert_non_null(strstr(text, "\tint                        :0;\n"
				     "\tint d:20;                                       /*     4: 0  4 */\n"
				     "\tint c:20; "));
	free(text);
	outline_free(outline);
}

/* What a nested member is declared to be aligned to holds for all of them: `in` moves in front of
 * `b` and still begins at a line, as its `y` must. 0 + 4, 64 + 128, then 4 more: 196, to 256. */
static void nested_alignment_is_kept(void **state)
{
	static const char text[] =
		"struct a {\n"
		"	int a; /* 0 4 */\n"
		"	int b; /* 4 4 */\n"
		"	struct {\n"
		"		int x; /* 64 4 */\n"
		"		int y __attribute__((__aligned__(64))); /* 128 4 */\n"
		"	} in; /* 64 128 */\n"
		"	/* size: 192 */\n"
		"};\n";
	static const char *const names[] = { "a", "in.x", "in.y", "b", NULL };
	static const unsigned offsets[] = { 0, 64, 128, 192 };
	struct outline *outline = read_or_fail(text, "");

	(void)state;
	outline_move(outline, outline_outer(outline, "b"), outline->members);
	assert_true(outline_lay_out(outline));
	expect_offsets(outline, names, offsets);
	assert_int_equal(outline->size, 256);
	outline_free(outline);
}

/* What is printed reads back, as it is and once a member has moved: long attributes, attributes in
 * front of the body, comments between words, almost as many words as are understood. */
static void all_that_is_read_comes_back(void **state)
{
	char many[4000] = "struct a {\n	int first; /* 0 4 */\n	int";

	for (int i = 0; i < 252; i++)
		strcat(many, " const");
	strcat(many, " x; /* 4 4 */\n};\n");

	/* clang-format off */
	const char *const texts[] = {
		"struct a {\n	int first; /* 0 4 */\n	struct {\n		int y; /* 128 4 */\n"
		"	} x __attribute__((__aligned__(                                                  "
		"                                                                                    "
		"                                                                             128))); /* 128 128 */\n};\n",
		"struct a {\n	int first; /* 0 4 */\n	struct __attribute__((__aligned__(64))) {\n"
		"		int y; /* 64 4 */\n	} x; /* 64 64 */\n};\n",
		"struct a {\n	int first; /* 0 4 */\n	unsigned/**/int/* of */x; /* 4 4 */\n};\n",
		"struct a {\n	int first; /* 0 4 */\n"
		"	char __attribute__((section(\"/*((\"))) x; /* 4 1 */\n};\n",
		"struct a {\n	int first; /* 0 4 */\n	enum e { A = 1 } x:8; /* 4: 0 4 */\n};\n",
		"struct a {\n	int first; /* 0 4 */\n	const struct class * const class; /* 8 8 */\n"
		"	struct b<int, c::d> x; /* 16 8 */\n	long unsigned int __state; /* 24 8 */\n};\n",
		"struct a {\n	int first; /* 0 4 */\n	void (*(*x)(int))(void (*)(int)); /* 8 8 */\n};\n",
		many,
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct outline *outline = read_or_fail(texts[i], "");

		must_come_back(outline);
		outline_own_line(outline, outline_outer(outline, "x"), 64);
		assert_true(outline_lay_out(outline));
		must_come_back(outline);
		outline_align(outline, outline_outer(outline, "first"), 128);
		outline_pad(outline, 0, 8);
		assert_true(outline_lay_out(outline));
		must_come_back(outline);
		outline_free(outline);
	}
}

/* As many words of bits as members are understood, each begun by a break that is printed. */
static void breaks_are_no_members(void **state)
{
	enum { BITS = OUTLINE_MEMBERS_MAX };
	char *text = xalloc(40 * BITS + 100), *at = text + sprintf(text, "struct a {\n");
	struct outline *outline;

	(void)state;
	for (int i = 0; i < BITS; i++)
		at += sprintf(at, "\tint b%d:1; /* %d: 0 4 */\n", i, 4 * i);
	sprintf(at, "};\n");
	outline = read_or_fail(text, "");
	must_come_back(outline);
	outline_free(outline);
	free(text);
}

/*
 * The word of `flags` begins at 0 and holds the two bytes in front of it: the three are one unit.
 * With `n` in front of them they lie at 8 (n ends at 8): a 8, b 9, flags in the word at 8.
 */
static void bits_behind_bytes_of_their_word(void **state)
{
	static const char text[] = "struct a {\n"
				   "	unsigned char a; /* 0 1 */\n"
				   "	unsigned char b; /* 1 1 */\n"
				   "	unsigned int flags:3; /* 0:16 4 */\n"
				   "	long unsigned int n; /* 8 8 */\n"
				   "};\n";
	static const char *const names[] = { "n", "a", "b", "flags", NULL };
	static const unsigned as_it_is[] = { 8, 0, 1, 0 }, moved[] = { 0, 8, 9, 8 };
	struct outline *outline = read_or_fail(text, "");
	char *before = printed(outline), *after;

	(void)state;
	assert_true(outline_lay_out(outline));
	expect_offsets(outline, names, as_it_is);
	after = printed(outline);
	assert_string_equal(before, after);
	outline_move(outline, outline_outer(outline, "n"), 0);
	assert_true(outline_lay_out(outline));
	expect_offsets(outline, names, moved);
	must_come_back(outline);
	/* what starts a line is the unit, though `b` was named: n ends at 8, the next line is 64 */
	outline_align(outline, outline_outer(outline, "b"), 64);
	assert_true(outline_lay_out(outline));
	assert_int_equal(outline->size, 128);
	expect_offsets(outline, names, (const unsigned[]){ 0, 64, 65, 64 });
	must_come_back(outline);
	free(before);
	free(after);
	outline_free(outline);
}

/* A packed struct at byte 1, whose `y` lies at 8 by chance: it stays as it is packed, wherever it goes. */
static void packed_structs_stay_packed(void **state)
{
	static const char text[] = "struct a {\n"
				   "	char c; /* 0 1 */\n"
				   "	struct {\n"
				   "		char x[7]; /* 1 7 */\n"
				   "		long y; /* 8 8 */\n"
				   "	} in; /* 1 15 */\n"
				   "	int last; /* 16 4 */\n"
				   "};\n";
	static const char *const names[] = { "last", "c", "in.x", "in.y", NULL };
	struct outline *outline = read_or_fail(text, "");

	(void)state;
	outline_move(outline, outline_outer(outline, "last"), 0);
	assert_true(outline_lay_out(outline));
	expect_offsets(outline, names, (const unsigned[]){ 0, 4, 5, 12 });
	must_come_back(outline);
	outline_free(outline);
}

/*
 * BTF has no alignments; holes and sizes tell them. In front of _pad1_ are 60 bytes, so it begins a
 * line, and so does the struct: with n in front, n 0, lock 4, _pad1_ 64, 64 bytes in all. A struct of 12
 * bytes has nothing in it that wants 8, though `entry` has 8 bytes. And where 24 bytes are padded to 32,
 * the struct is aligned to 16.
 */
static void holes_and_sizes_tell_alignments(void **state)
{
	struct outline *outline = read_or_fail("struct a {\n"
					       "	spinlock_t lock; /* 0 4 */\n"
					       "	struct cacheline_padding _pad1_; /* 64 0 */\n"
					       "	int n; /* 64 4 */\n"
					       "	/* size: 128 */\n"
					       "};\n",
					       "");

	(void)state;
	outline_move(outline, outline_outer(outline, "n"), 0);
	assert_true(outline_lay_out(outline));
	assert_int_equal(outline->member[0].offset, 0);
	assert_int_equal(outline->member[1].offset, 4);
	assert_int_equal(outline->member[2].offset, 64);
	assert_int_equal(outline->size, 64);
	outline_free(outline);
	outline = read_or_fail("struct a {\n"
			       "	struct entry entry; /* 0 8 */\n"
			       "	int n; /* 8 4 */\n"
			       "	/* size: 12 */\n"
			       "};\n",
			       "");
	assert_true(outline_lay_out(outline));
	assert_int_equal(outline->size, 12);
	outline_free(outline);
	outline = read_or_fail("struct a {\n"
			       "	union {\n"
			       "		void * list; /* 0 8 */\n"
			       "		two_t both; /* 0 16 */\n"
			       "	}; /* 0 16 */\n"
			       "	struct slab * slab; /* 16 8 */\n"
			       "	/* size: 32 */\n"
			       "};\n",
			       "");
	assert_true(outline_lay_out(outline));
	assert_int_equal(outline->size, 32);
	outline_free(outline);
}

/* What a struct of a kernel has beyond its size: elements of an array without a length, the body that
 * a pointer points to, the rest of a bit-field's word in a packed struct. None of it can be accessed. */
static void bodies_beyond_the_struct(void **state)
{
	/* clang-format off */
	static const struct { const char *text, *name, *why; unsigned size; } rows[] = {
		{ "struct a {\n	int n; /* 0 4 */\n	struct {\n		int id; /* 4 4 */\n"
		  "	} pairs[]; /* 4 0 */\n	/* size: 4 */\n};\n",
		  "pairs.id", "'id' has no bytes that could be accessed", 0 },
		{ "struct a {\n	long n; /* 0 8 */\n	struct {\n		int from; /* 0 4 */\n		int to; /* 4 4 */\n"
		  "	} * parts; /* 8 8 */\n	/* size: 16 */\n};\n",
		  "parts.from", "'parts' has no members of its own", 0 },
		{ "struct a {\n	long n; /* 0 8 */\n	struct {\n		int from; /* 0 4 */\n"
		  "	} * parts; /* 8 8 */\n	/* size: 16 */\n};\n", "parts", "", 8 },
		{ "struct a {\n	int n; /* 0 4 */\n	unsigned int bits:4; /* 4: 0 4 */\n	/* size: 6 */\n};\n",
		  "bits", "", 2 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outline *outline = read_or_fail(rows[i].text, "");
		struct outline_spot spot;
		char why[300] = "";

		assert_int_equal(outline_find(outline, rows[i].name, &spot, why, sizeof why),
				 rows[i].size > 0);
		assert_string_equal(why, rows[i].why);
		if (rows[i].size)
			assert_int_equal(spot.size, rows[i].size);
		must_come_back(outline);
		outline_free(outline);
	}
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* clang-format off */
static const struct { const char *text, *told; } refused[] = {
	{ "", "1:1: no struct in this text: 'pahole -C NAME vmlinux' prints one\n" },
	{ "hello\n", "1:1: a struct begins with 'struct NAME {'; lines of something else are left out\n" },
	{ "struct a {\n\tint x;\n};\n",
	  "2:2: no /* OFFSET SIZE */ behind 'x': take the text that pahole prints, not the source\n" },
	{ "struct a {\n\tint x; /* -4 4 */\n\tint y; /* 0 -4 */\n};\n",
	  "2:9: an offset or size below 0\n3:9: an offset or size below 0\n" },
	{ "struct a {\n\tint x; /* 0 4 */\n\tint y; /* 2 4 */\n\t/* size: 8 */\n};\n",
	  "3:2: 'y' begins at 2, where 'x' has bytes 0 to 4; members that overlap are a union\n" },
	{ "struct a {\n\tint x:1; /* 80: 0 4 */\n\tint y; /* 20 4 */\n\tint z:2; /* 72: 0 4 */\n};\n",
	  "3:2: 'y' begins at 20, and 'x' in front of it at 80; members stand in the order of their bytes\n"
	  "4:2: 'z' begins at 72, and 'x' in front of it at 80; members stand in the order of their bytes\n" },
	{ "struct a {\n\tint x; /* 0 4 */\n\tint y; /* 8 4 */\n\t/* size: 8, cachelines: 1 */\n};\n",
	  "3:2: 'y' takes bytes 8 to 12, what holds it has 0 to 8\n" },
	{ "struct a {\n\tchar x[9999999]; /* 0 9999999 */\n};\n",
	  "2:19: offsets and sizes end at 1048576 bytes\n" },
	{ "struct a {\n\tint x; /* 0 4 */\n", "3:1: the text ends inside a struct\n" },
	{ "struct a {\n\tint x /* 0 4 */\n};\n", "2:2: a declaration that no semicolon ends\n" },
	{ "struct a {\n\tint x:3; /* 0 4 */\n};\n", "2:11: bit-field 'x' wants /* OFFSET: BIT SIZE */\n" },
	{ "struct a {\n\tint x - y; /* 0 4 */\n};\n",
	  "2:8: '-' has no place in the declaration of a member\n" },
	{ "struct a {\n\tstruct path f_:path; /* 0 16 */\n};\n",
	  "2:16: ':' stands in front of the width of a bit-field, a number: unsigned int NAME:3\n" },
	{ "struct a {\n\tint x:y:3; /* 0: 0 4 */\n};\n",
	  "2:7: ':' stands in front of the width of a bit-field, a number: unsigned int NAME:3\n" },
	{ "struct a {\n\tint (*f:n)(void); /* 0 8 */\n};\n",
	  "2:9: ':' stands in front of the width of a bit-field, a number: unsigned int NAME:3\n" },
	{ "struct a {\n\tspinlock_t lock ____cacheline_aligned; /* 0 4 */\n};\n",
	  "2:13: 'lock' is one word too many in front of '____cacheline_aligned': pahole prints a type and a name\n" },
	{ "struct a {\n\tint u32 x; /* 0 4 */\n};\n",
	  "2:6: 'u32' is one word too many in front of 'x': pahole prints a type and a name\n" },
	{ "struct a {\n\tunion {\n\t\tint x; /* 0 4 */\n\t} u v; /* 0 4 */\n};\n",
	  "4:4: 'u' is one word too many in front of 'v': pahole prints a type and a name\n" },
	{ "struct a {\n\tint x __attribute__; /* 0 4 */\n};\n",
	  "2:8: '__attribute__' without what it says in parentheses, like __attribute__((__aligned__(8)))\n" },
	{ "struct a {\n\tint x _Alignas(8; /* 0 4 */\n};\n",
	  "2:8: '_Alignas' without what it says in parentheses, like __attribute__((__aligned__(8)))\n" },
	{ "struct a {\n\tint x __attribute__((section(\"y))); /* 0 4 */\n};\n",
	  "2:31: a string that nothing ends in its line\n" },
	{ "struct a {\n\tint (*x)(void; /* 0 8 */\n};\n",
	  "2:10: '(' has no place in the declaration of a member\n" },
	{ "struct a {\n\tint x[2](3); /* 0 8 */\n};\n",
	  "2:12: ')' has no place in the declaration of a member\n" },
	{ "struct a {\n\tint x[y]; /* 0 8 */\n};\n",
	  "2:9: ']' has no place in the declaration of a member\n" },
	{ "struct a {\n\tint 3 x; /* 0 8 */\n};\n",
	  "2:6: '3' has no place in the declaration of a member\n" },
	{ "struct a {\n\tunsigned int; /* 0 4 */\n};\n",
	  "2:2: a declaration without the name of a member\n" },
	{ "struct a {\n\tstruct b; /* 0 4 */\n};\n",
	  "2:2: a declaration without the name of a member\n" },
	{ "struct a {\n\tint b::c; /* 0 4 */\n};\n",
	  "2:6: 'b' with what stands behind it is no name in C\n" },
	{ "struct a {\n\tint x[2]:3; /* 0: 0 4 */\n};\n", "2:6: a bit-field is one integer\n" },
	{ "struct a {\n\tint *x:3; /* 0: 0 4 */\n};\n", "2:7: a bit-field is one integer\n" },
	{ "struct a {\n\tchar c; /* 0 1 */\n\tstruct {\n\t\tint y __attribute__((aligned(4))); /* 4 4 */\n\t} in; /* 1 7 */\n};\n",
	  "3:2: 'in' lies at 1, which is no multiple of the alignment of a member of it, 4\n" },
	{ "struct a {\n\tint x:99; /* 0: 0 4 */\n};\n", "2:6: a bit-field has 1 to 64 bits\n" },
	{ "struct a {\n\tunion {\n\t\tint x; /* 0 4 */\n\t} u:0; /* 0 4 */\n};\n",
	  "4:4: a bit-field has 1 to 64 bits\n" },
	{ "struct a {\n\tenum { A } <b> x; /* 0 4 */\n};\n",
	  "2:13: '<' has no place in the declaration of a member\n" },
	{ "struct a {\n\tstatic int x; /* 0 4 */\n};\n",
	  "2:2: a static member is none of the struct: leave the line out\n" },
	{ "class a {\n\tint x; /* 0 4 */\n};\n", "1:1: a class of C++: only structs of C are understood\n" },
	{ "struct a {\n\tint \x01x; /* 0 4 */\n};\n",
	  "2:6: a control character (byte 0x01): this is no text of pahole\n" },
	{ "struct a {\n\tint x; /* 0 4\n", "2:9: a comment that nothing ends\n" },
	{ "struct a {\n\tint __attribute__((__aligned__(3))) x; /* 0 4 */\n};\n",
	  "2:2: 'x' is aligned to 3: powers of two, up to 1048576\n" },
	{ "struct a {\n};\n", "1:1: struct 'a' has no members\n" },
	{ "struct a {\n\tint x; /* 0 4 */\n\tint x; /* 4 4 */\n};\n",
	  "3:2: a second member 'x' of the same struct; the first is in line 2\n" },
	{ "struct a {\n\tint x; /* 0 4 */\n\tunion {\n\t\tint y; /* 4 4 */\n\t\tint x; /* 4 4 */\n\t}; /* 4 4 */\n};\n",
	  "5:3: a second member 'x' of the same struct; the first is in line 2\n" },
	{ "struct a {\n\tint x; /* 0 4 */\n\tstruct {\n\t\tint x; /* 4 4 */\n\t\tint x; /* 8 4 */\n\t} in; /* 4 8 */\n};\n",
	  "5:3: a second member 'x' of the same struct; the first is in line 4\n" },
	{ "struct a {\n\tint x; /* 8 4 */\n\tint y; /* 0 4 */\n};\n",
	  "3:2: 'y' begins at 0, and 'x' in front of it at 8; members stand in the order of their bytes\n" },
};
/* clang-format on */

static void refused_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		expect_refused(refused[i].text, strlen(refused[i].text), "", refused[i].told);
}

/* Very deep, very long, very many: `part` stands `times` times between the two. The 16th struct in
 * another opens in line 17; member 4097 stands in line 4098. */
static void hostile_text(void **state)
{
	/* clang-format off */
	static const struct { const char *before, *part; int times; const char *behind, *told; } rows[] = {
		{ "struct a {\n", "struct {\n", 20000, "", "17:8: structs in structs, more than 16 deep\n" },
		{ "struct a {\n\tint ", "x", 200000, "; /* 0 4 */\n};\n",
		  "2:6: the name of a member has at most 63 letters\n" },
		{ "struct a {\n", "\tchar m; /* 0 1 */\n", 5000, "};\n", "4098:2: more than 4096 members\n" },
		{ "struct a {\n\tint", " const", 300, " x; /* 0 4 */\n};\n",
		  "2:2: a declaration of more than 256 words and signs\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text;
		size_t length;
		FILE *out = text_open(&text, &length);

		fputs(rows[i].before, out);
		for (int times = 0; times < rows[i].times; times++)
			fputs(rows[i].part, out);
		fputs(rows[i].behind, out);
		text_close(out);
		expect_refused(text, length, "", rows[i].told);
		free(text);
	}
	expect_refused("struct a {\n\tint \0x; /* 0 4 */\n};\n", 33, "",
		       "2:6: a control character (byte 0x00): this is no text of pahole\n");
}

/* The message of the command has the place in the file, its line and a caret. */
static void the_command_tells_the_place(void **state)
{
	char *folder = folder_new(), yaml[4200], file[4200], text[9000];
	struct output output;

	(void)state;
	snprintf(yaml, sizeof yaml, "%s/x.yaml", folder);
	snprintf(file, sizeof file, "%s/x.pahole", folder);
	write_text(file, "struct a {\n\tint x; /* 0 4 */\n\tint y; /* 2 4 */\n\tint z;\n};\n");
	snprintf(text, sizeof text,
		 "name: x\nmachine: textbook\ncpus: [1, 2]\noperations: 10\nworkload:\n"
		 "  kind: struct\n  layout: %s\n  threads: {one: {loop: [load x]}}\n",
		 file);
	write_text(yaml, text);
	output = run_cli((const char *const[]){ "check", yaml, NULL });
	assert_int_equal(output.status, 2);
	snprintf(text, sizeof text, "%s:4:2: error: no /* OFFSET SIZE */ behind 'z'", file);
	if (!strstr(output.err, text) || strstr(strstr(output.err, text) + 1, text))
		fail_msg("%s", output.err);
	output_free(&output);

	snprintf(text, sizeof text,
		 "name: x\nmachine: textbook\ncpus: 1\noperations: 10\nworkload:\n"
		 "  kind: struct\n  layout: nowhere.pahole\n  threads: {one: {loop: [load x]}}\n");
	write_text(yaml, text);
	output = run_cli((const char *const[]){ "check", yaml, NULL });
	assert_int_equal(output.status, 2);
	assert_non_null(strstr(
		output.err,
		"layout 'nowhere.pahole' cannot be read, and none of that name comes with bounce; a relative path begins in the current folder"));
	output_free(&output);

	assert_int_equal(truncate(file, PAHOLE_BYTES_MAX + 1), 0);
	snprintf(text, sizeof text,
		 "name: x\nmachine: textbook\ncpus: 1\noperations: 10\nworkload:\n"
		 "  kind: struct\n  layout: %s\n  threads: {one: {loop: [load x]}}\n",
		 file);
	write_text(yaml, text);
	output = run_cli((const char *const[]){ "check", yaml, NULL });
	assert_int_equal(output.status, 2);
	assert_non_null(strstr(output.err, "cannot be read: it has more than 16 MiB"));
	output_free(&output);
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_lie_where_it_says),
		cmocka_unit_test(what_is_no_member_is_told),
		cmocka_unit_test(text_reads_back),
		cmocka_unit_test(packed_is_printed),
		cmocka_unit_test(holes_are_counted),
		cmocka_unit_test(laid_out_as_a_compiler_does),
		cmocka_unit_test(a_member_moves_out),
		cmocka_unit_test(typedefs_and_pointers),
		cmocka_unit_test(one_of_several),
		cmocka_unit_test(arrays_of_pointers),
		cmocka_unit_test(bits_without_a_name),
		cmocka_unit_test(blanks_before_a_comment),
		cmocka_unit_test(words_of_bits_stay_apart),
		cmocka_unit_test(nested_alignment_is_kept),
		cmocka_unit_test(all_that_is_read_comes_back),
		cmocka_unit_test(breaks_are_no_members),
		cmocka_unit_test(bits_behind_bytes_of_their_word),
		cmocka_unit_test(packed_structs_stay_packed),
		cmocka_unit_test(holes_and_sizes_tell_alignments),
		cmocka_unit_test(bodies_beyond_the_struct),
		cmocka_unit_test(refused_at_its_place),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(the_command_tells_the_place),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
