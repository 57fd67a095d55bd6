/*
 * Litmus tests: the reader with all of its messages, the oracle against sets of outcomes derived
 * by hand, the runs on the simulated machine, and the command.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/machine_file.h"
#include "litmus/campaign.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"

/* ---- reading ----------------------------------------------------------------------------- */

/* NULL and all messages, or the test and "". The caller frees `told`. */
static struct litmus *parse(const char *text, char **told)
{
	struct diagnostics *diagnostics = diagnostics_new();
	const struct document *document =
		diagnostics_source(diagnostics, "t.litmus", text, strlen(text), false);
	struct litmus *test = litmus_parse(document, diagnostics);
	size_t length;
	FILE *out = open_memstream(told, &length);

	diagnostics_print(diagnostics, out, false);
	fclose(out);
	diagnostics_free(diagnostics);
	return test;
}

static struct litmus *parse_good(const char *text)
{
	char *told;
	struct litmus *test = parse(text, &told);

	if (!test)
		fail_msg("%s\n%s", text, told);
	free(told);
	return test;
}

static const char everything[] = "(* the reader's whole language *)\n"
				 "X86 all+in-1\n"
				 "\"two lines\n"
				 "of comment\"\n"
				 "Cycle=none (for other programs)\n"
				 "Verdict=Allowed\n"
				 "{ x=3; 0:EAX=-1; 1:RBX=7; }\n"
				 " P0             | P1          ;\n"
				 " MOV [x],$1     | mov eax,[y] ;\n"
				 " MOV [y],EAX    |             ;\n"
				 " MOV EBX,5      | MFENCE      ;\n"
				 " MOV ECX,EBX    | INC [x]     ;\n"
				 " XCHG EDX,[x]   | LOCK DEC [x];\n"
				 " LOCK XADD [z],R8 | ADD [x],$-2 ;\n"
				 " LOCK CMPXCHG [x],ESI | LOCK ADD [z],EDI ;\n"
				 "locations [ 0:EDX; z; ]\n"
				 "exists (not (0:EAX=1) /\\ ([y]=2 \\/ 1:EBX=-7 /\\ true))\n";

/* Kind, LOCK, target, source, variable, value, as written above; -1: none. */
static const struct instruction by_hand[2][7] = {
	{
		{ INSTRUCTION_STORE, false, -1, -1, 0, 1 },
		{ INSTRUCTION_STORE, false, -1, 0, 1, 0 },
		{ INSTRUCTION_SET, false, 1, -1, 0, 5 },
		{ INSTRUCTION_SET, false, 2, 1, 0, 0 },
		{ INSTRUCTION_EXCHANGE, true, 3, 3, 0, 0 },
		{ INSTRUCTION_ADD, true, 6, 6, 2, 0 },
		{ INSTRUCTION_COMPARE, true, 0, 4, 0, 0 },
	},
	{
		{ INSTRUCTION_LOAD, false, 0, -1, 1, 0 },
		{ INSTRUCTION_FENCE, false, -1, -1, 0, 0 },
		{ INSTRUCTION_ADD, false, -1, -1, 0, 1 },
		{ INSTRUCTION_ADD, true, -1, -1, 0, -1 },
		{ INSTRUCTION_ADD, false, -1, -1, 0, -2 },
		{ INSTRUCTION_ADD, true, -1, 5, 2, 0 },
	},
};

static void expect_instruction(const struct instruction *is, const struct instruction *expected,
			       unsigned thread, unsigned number)
{
	if (is->kind != expected->kind || is->locked != expected->locked ||
	    is->target != expected->target || is->source != expected->source ||
	    is->variable != expected->variable || is->value != expected->value)
		fail_msg("thread %u, instruction %u: kind %d lock %d target %d source %d variable %d value %d",
			 thread, number, is->kind, is->locked, is->target, is->source,
			 is->variable, is->value);
}

static void all_forms_are_read(void **state)
{
	struct litmus *test = parse_good(everything);

	(void)state;
	assert_string_equal(test->name, "all+in-1");
	assert_int_equal(test->threads, 2);
	assert_int_equal(test->thread[0].count, 7);
	assert_int_equal(test->thread[1].count, 6);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < test->thread[i].count; k++)
			expect_instruction(&test->thread[i].instruction[k], &by_hand[i][k], i, k);
	assert_int_equal(test->variables, 3);
	assert_int_equal(test->variable[0].start, 3);
	assert_int_equal(test->thread[0].start[0], -1);
	assert_int_equal(test->thread[1].start[1], 7);
	assert_int_equal(test->verdict, VERDICT_ALLOWED);
	assert_int_equal(test->quantifier, QUANTIFIER_EXISTS);
	free(test);
}

/* Observed: 0:EDX, z, 0:EAX, y, 1:EBX, in the order in which the file names them. */
static void conditions_bind_as_written(void **state)
{
	static const struct {
		int32_t eax, y, ebx;
		bool asked;
	} rows[] = {
		{ 0, 2, 0, true },   { 1, 2, 0, false },  { 0, 0, -7, true },
		{ 1, 0, -7, false }, { 0, 0, 0, false },
	};
	struct litmus *test = parse_good(everything);
	char text[256];

	(void)state;
	assert_int_equal(test->observeds, 5);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outcome_values values = { { 8, 9, rows[i].eax, rows[i].y, rows[i].ebx } };

		assert_int_equal(litmus_asked(test, &values), rows[i].asked);
	}
	assert_string_equal(litmus_outcome(test, &(struct outcome_values){ { 1, 2, 3, 4, -5 } },
					   text, sizeof text),
			    "0:EDX=1 z=2 0:EAX=3 y=4 1:EBX=-5");
	free(test);
}

static void forall_asks_for_what_breaks_it(void **state)
{
	struct litmus *test = parse_good("X86 t\n{ }\nP0;\nMOV [x],$1;\nforall (x=1)\n");

	(void)state;
	assert_int_equal(test->verdict, VERDICT_FORBIDDEN);
	assert_false(litmus_asked(test, &(struct outcome_values){ { 1 } }));
	assert_true(litmus_asked(test, &(struct outcome_values){ { 0 } }));
	free(test);
}

/* ---- mistakes ---------------------------------------------------------------------------- */

#define HEAD "X86 t\n{ x=0; }\n"                /* the program begins in line 3 */
#define ROWS "P0 | P1 ;\nMOV [x],$1 | MOV EAX,[x] ;\n"  /* the question stands in line 5 */
#define ASK  "exists (x=1)\n"

/* All messages of a text: each "line:column: error: ..." or note. */
static const struct wrong {
	const char *name, *text, *told[4];
} wrongs[] = {
	{ "an empty file", "",
	  { "1:1: error: a test for x86 begins with 'X86 NAME', this file with the end of the file" } },
	{ "another architecture", "PPC SB\n{ }\n",
	  { "1:1: error: a test for x86 begins with 'X86 NAME', this file with 'PPC'" } },
	{ "no name", "X86\n{ x=0; }\n" ROWS ASK,
	  { "1:4: error: a test has a name: 'X86 NAME' is its first line" } },
	{ "text before the values", "X86 t\nsome words\n{ x=0; }\n" ROWS ASK,
	  { "2:1: error: before the '{' of the initial values stand comments in quotes and lines Key=value" } },
	{ "an open comment in quotes", "X86 t\n\"open\n{ x=0; }\n",
	  { "2:1: error: this comment has no second '\"'", "4:1: error: '{' is missing after header and comments, before the end of the file" } },
	{ "an open comment", "X86 t (* not one: the name goes to the end of the line *)\n(* open\n{ x=0; }\n",
	  { "2:1: error: this comment has no end '*)'",
	    "4:1: error: '{' is missing after header and comments, before the end of the file" } },
	{ "a misspelt verdict", "X86 t\nVerdict=Alowed\n{ x=0; }\n" ROWS ASK,
	  { "2:9: error: a verdict is Allowed or Forbidden, not 'Alowed'; did you mean 'Allowed'?" } },
	{ "two verdicts", "X86 t\nVerdict=Allowed\nVerdict=Forbidden\n{ x=0; }\n" ROWS ASK,
	  { "3:9: error: a second verdict", "2:9: note: the first one" } },
	{ "a verdict against the question", "X86 t\nVerdict=Allowed\n{ x=0; }\n" ROWS "~exists (x=1)\n",
	  { "2:9: error: '~exists' says Forbidden, the verdict says Allowed" } },
	{ "no values", "X86 t\n" ROWS ASK,
	  { "2:1: error: before the '{' of the initial values",
	    "5:1: error: '{' is missing after header and comments, before the end of the file" } },
	{ "values without their end", "X86 t\n{ x=0;\n" ROWS ASK,
	  { "3:4: error: '=' is missing after what gets an initial value, before '|'",
	    "4:5: error: '=' is missing after what gets an initial value, before '['",
	    "5:8: error: '=' is missing after what gets an initial value, before '('",
	    "6:1: error: '}' is missing after the initial values, before the end of the file" } },
	{ "a value of a sign", "X86 t\n{ ,=0; }\n" ROWS ASK,
	  { "2:3: error: an initial value is given as 'x=0;' or '0:EAX=0;', not ','" } },
	{ "a value that is no number", "X86 t\n{ x=y; }\n" ROWS ASK,
	  { "2:5: error: initial values are numbers" } },
	{ "a value without =", "X86 t\n{ x 0; }\n" ROWS ASK,
	  { "2:5: error: '=' is missing after what gets an initial value, before '0'" } },
	{ "a register without its thread", "X86 t\n{ EAX=0; }\n" ROWS ASK,
	  { "2:3: error: a register belongs to a thread: '0:EAX'" } },
	{ "a thread that cannot be", "X86 t\n{ 9:EAX=0; x=0; }\n" ROWS ASK,
	  { "2:3: error: threads are numbered from 0 to 3" } },
	{ "a variable with a thread", "X86 t\n{ 0:x=0; }\n" ROWS ASK,
	  { "2:5: error: behind '0:' stands a register, like EAX" } },
	{ "values without ;", "X86 t\n{ x=0 y=0 }\n" ROWS ASK,
	  { "2:7: error: ';' is missing after an initial value, before 'y'" } },
	{ "a number too large", "X86 t\n{ x=2147483648; y=-2147483648; }\n" ROWS ASK,
	  { "2:5: error: '2147483648' does not fit: values have 32 bits" } },
	{ "a number that is none", "X86 t\n{ x=0x1; }\n" ROWS ASK,
	  { "2:5: error: '0x1' is no decimal number" } },
	{ "no program", HEAD ASK,
	  { "3:1: error: the program is missing: P0 | P1 ; and a row for each instruction" } },
	{ "columns in another order", HEAD "P1 | P0 ;\nMOV [x],$1 | MOV EAX,[x] ;\n" ASK,
	  { "3:1: error: the columns are headed P0 | P1 | ...; here 'P0' is due",
	    "3:6: error: the columns are headed P0 | P1 | ...; here 'P1' is due" } },
	{ "five threads", HEAD "P0 | P1 | P2 | P3 | P4 ;\nMFENCE | | | | ;\n" ASK,
	  { "3:21: error: a test has 4 threads at most",
	    "4:16: error: the row has more columns than the heading (4)" } },
	{ "a row too short", HEAD "P0 | P1 ;\nMOV [x],$1 ;\n" ASK,
	  { "4:12: error: the row has 1 columns, the heading 2" } },
	{ "a row without its end", HEAD "P0 | P1 ;\nMOV [x],$1 | MOV EAX,[x]\n" ASK,
	  { "5:1: error: '|' or ';' ends an instruction, not 'exists'" } },
	{ "a misspelt instruction", HEAD "P0 ;\nMVO [x],$1 ;\n" ASK,
	  { "4:1: error: no instruction 'MVO' here; did you mean 'MOV'?",
	    "4:1: note: MOV MFENCE XCHG LOCK XADD, LOCK CMPXCHG, INC DEC ADD with and without LOCK" } },
	{ "a move from memory to memory", HEAD "P0 ;\nMOV [x],[y] ;\n" ASK,
	  { "4:1: error: wrong operands; there is MOV register,[x], MOV [x],register, MOV [x],$1, MOV register,register, MOV register,$1" } },
	{ "one operand missing", HEAD "P0 ;\nMOV [x] ;\n" ASK, { "4:1: error: wrong operands; there is MOV" } },
	{ "a locked move", HEAD "P0 ;\nLOCK MOV [x],$1 ;\n" ASK,
	  { "4:6: error: LOCK is for instructions that read and write memory, not for MOV" } },
	{ "XADD without LOCK", HEAD "P0 ;\nXADD [x],EAX ;\n" ASK,
	  { "4:1: error: XADD is read with LOCK only: LOCK XADD [x],register" } },
	{ "LOCK alone", HEAD "P0 ;\nLOCK ;\n" ASK, { "4:6: error: an instruction is missing here" } },
	{ "a register that is none", HEAD "P0 ;\nMOV EAY,[x] ;\n" ASK,
	  { "4:5: error: 'EAY' is no register; a variable stands in brackets: [EAY]",
	    "4:5: note: or did you mean 'EAX'?" } },
	{ "an address in a register", HEAD "P0 ;\nMOV EBX,[EAX] ;\n" ASK,
	  { "4:10: error: in brackets stands the name of a variable; addresses in registers are not read" } },
	{ "an open bracket", HEAD "P0 ;\nMOV EBX,[x ;\n" ASK,
	  { "4:12: error: ']' is missing after a variable, before ';'" } },
	{ "an operand that is none", HEAD "P0 ;\nMOV EBX,: ;\n" ASK,
	  { "4:9: error: an operand is a register, $1 or [x], not ':'" } },
	{ "a third operand", HEAD "P0 ;\nMOV EBX,EAX,EAX ;\n" ASK,
	  { "4:12: error: '|' or ';' ends an instruction, not ','" } },
	{ "nine variables", "X86 t\n{ a=0; b=0; c=0; d=0; e=0; f=0; g=0; h=0; }\nP0 ;\nMOV [x],$1 ;\nexists (a=0)\n",
	  { "4:6: error: 'x' is one variable too many: a test has 8 at most" } },
	{ "thirteen instructions",
	  HEAD "P0 ;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\nMFENCE;\n" ASK,
	  { "16:1: error: a thread has 12 instructions at most" } },
	{ "no memory at all", "X86 t\n{ }\nP0 ;\nMOV EAX,$1 ;\nexists (0:EAX=1)\n",
	  { "5:1: error: a test has at least one variable, like [x]" } },
	{ "no question", HEAD ROWS,
	  { "5:1: error: the question is missing: exists, ~exists or forall with a condition, not the end of the file" } },
	{ "another question", HEAD ROWS "~forall (x=1)\n",
	  { "5:2: error: the question is missing: exists, ~exists or forall with a condition, not 'forall'" } },
	{ "a thread that is not there", HEAD ROWS "exists (2:EAX=1)\n",
	  { "5:9: error: there is no thread 2: the test has 2" } },
	{ "a variable that is not there", HEAD ROWS "exists (xx=1)\n",
	  { "5:9: error: no instruction and no initial value has a variable 'xx'" } },
	{ "a misspelt variable", "X86 t\n{ flag=0; }\n" ROWS "exists (falg=1)\n",
	  { "5:9: error: no instruction and no initial value has a variable 'falg'; did you mean 'flag'?" } },
	{ "a register alone", HEAD ROWS "exists (EAX=1)\n",
	  { "5:9: error: a register belongs to a thread: '0:EAX'" } },
	{ "a comparison of two variables", HEAD ROWS "exists (x=x)\n",
	  { "5:11: error: a register or variable is compared with a number" } },
	{ "an open condition", HEAD ROWS "exists (x=1 /\\ (0:EAX=0)\n",
	  { "6:1: error: ')' is missing after a condition, before the end of the file" } },
	{ "half a condition", HEAD ROWS "exists (x=1 /\\ )\n",
	  { "5:16: error: a register (0:EAX) or variable (x) is due, not ')'" } },
	{ "text behind the condition", HEAD ROWS "exists (x=1)\nmore\n",
	  { "6:1: error: the file ends with its condition; what is 'more'?" } },
	{ "open locations", HEAD ROWS "locations [x\nexists (x=1)\n",
	  { "6:1: error: ';' is missing after a register or variable, before 'exists'" } },
	{ "a byte that is no text", HEAD ROWS "exists (\x01=1)\n",
	  { "5:9: error: a register (0:EAX) or variable (x) is due, not the byte 0x01" } },
	{ "characters, not bytes, are counted", "X86 t\n{ (* \xc3\xa9 *) x=y; }\n" ROWS ASK,
	  { "2:13: error: initial values are numbers" } },
	{ "four mistakes at once", "X86 t\nVerdict=No\n{ x=a; }\nP0 | P1 ;\nMOV [x],[x] | MOV EAX,[x] ;\nLOCK MFENCE | ;\n" ASK,
	  { "2:9: error: a verdict is Allowed or Forbidden, not 'No'", "3:5: error: initial values are numbers",
	    "5:1: error: wrong operands", "6:6: error: LOCK is for instructions" } },
};

/* Lines that begin with the name of the file: messages. */
static unsigned count_messages(const char *told)
{
	unsigned count = 0;

	for (const char *at = told; (at = strstr(at, "t.litmus:")); at++)
		count++;
	return count;
}

static void a_mistake_is_told(void **state)
{
	const struct wrong *wrong = *state;
	unsigned expected = 0;
	char *told, message[512];

	assert_null(parse(wrong->text, &told));
	for (unsigned i = 0; i < 4 && wrong->told[i]; i++, expected++) {
		snprintf(message, sizeof message, "t.litmus:%s", wrong->told[i]);
		if (!strstr(told, message))
			fail_msg("not told: %s\ntold:\n%s", message, told);
	}
	if (count_messages(told) != expected)
		fail_msg("%u messages expected:\n%s", expected, told);
	free(told);
}

static void nesting_has_an_end(void **state)
{
	char text[4096], *told;
	size_t length = (size_t)snprintf(text, sizeof text, "%s%sexists ", HEAD, ROWS);

	(void)state;
	memset(text + length, '(', 1000);
	text[length + 1000] = '\0';
	assert_null(parse(text, &told));
	assert_non_null(strstr(told, "t.litmus:5:40: error: conditions nest 32 deep at most"));
	free(told);
}

/* Any text is read or refused with a word. */
static void damaged_texts_are_refused(void **state)
{
	static const char bytes[] = "\0 \n;|{}()[]=$,:~\"*/\\-19xXPMVO";
	uint64_t random = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char text[sizeof everything], *told;

		memcpy(text, everything, sizeof text);
		for (unsigned k = 0; k <= i % 3; k++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			text[(random >> 33) % (sizeof text - 1)] =
				bytes[(random >> 20) % (sizeof bytes - 1)];
		}

		struct litmus *test = parse(text, &told);

		if (!test && !*told)
			fail_msg("refused without a word:\n%s", text);
		free(test);
		free(told);
	}
}

/* ---- the oracle -------------------------------------------------------------------------- */

/*
 * Outcomes by hand, ascending, as the values of what the question names, in its order. Those
 * that only a store buffer allows are marked.
 */
static const struct by_hand {
	const char *name, *text;
	unsigned width;
	struct {
		int32_t value[3];
		bool buffered;
	} outcome[9];
	unsigned count;
} sets[] = {
	{ "SB", HEAD "P0 | P1 ;\nMOV [x],$1 | MOV [y],$1 ;\nMOV EAX,[y] | MOV EAX,[x] ;\nexists (0:EAX=0 /\\ 1:EAX=0)",
	  2, { { { 0, 0 }, true }, { { 0, 1 }, false }, { { 1, 0 }, false }, { { 1, 1 }, false } }, 4 },
	{ "SB with fences", HEAD "P0 | P1 ;\nMOV [x],$1 | MOV [y],$1 ;\nMFENCE | MFENCE ;\nMOV EAX,[y] | MOV EAX,[x] ;\nexists (0:EAX=0 /\\ 1:EAX=0)",
	  2, { { { 0, 1 }, false }, { { 1, 0 }, false }, { { 1, 1 }, false } }, 3 },
	{ "MP: the flag is never seen without the message",
	  HEAD "P0 | P1 ;\nMOV [x],$1 | MOV EAX,[y] ;\nMOV [y],$1 | MOV EBX,[x] ;\nexists (1:EAX=1 /\\ 1:EBX=0)",
	  2, { { { 0, 0 }, false }, { { 0, 1 }, false }, { { 1, 1 }, false } }, 3 },
	{ "LB: one load comes first",
	  HEAD "P0 | P1 ;\nMOV EAX,[x] | MOV EAX,[y] ;\nMOV [y],$1 | MOV [x],$1 ;\nexists (0:EAX=1 /\\ 1:EAX=1)",
	  2, { { { 0, 0 }, false }, { { 0, 1 }, false }, { { 1, 0 }, false } }, 3 },
	/*
	 * Thread 0 is a: x=1, b: load x, c: load y; thread 1 is d: y=2, e: x=2.
	 * x=1 at the end: e before a, so b gives 1, and c, behind a without a buffer, gives 2; with
	 * one, b and c may both be done while a waits, before d: 0.
	 * x=2 at the end: a before e. b gives 2 only behind e, hence c behind d: 2. b gives 1
	 * before e (or from the buffer), c either.
	 */
	{ "n6", HEAD "P0 | P1 ;\nMOV [x],$1 | MOV [y],$2 ;\nMOV EAX,[x] | MOV [x],$2 ;\nMOV EBX,[y] | ;\nexists (x=1 /\\ 0:EAX=1 /\\ 0:EBX=0)",
	  3, { { { 1, 1, 0 }, true }, { { 1, 1, 2 }, false }, { { 2, 1, 0 }, false }, { { 2, 1, 2 }, false }, { { 2, 2, 2 }, false } }, 5 },
	/* each thread sees its own or the other's, if that came between; last is who is seen by none
	 * but himself, or the other: 1,1 ends with 1; 2,2 with 2; 1,2 with either order; never 2,1 */
	{ "n5", HEAD "P0 | P1 ;\nMOV [x],$1 | MOV [x],$2 ;\nMOV EAX,[x] | MOV EBX,[x] ;\nexists (0:EAX=2 /\\ 1:EBX=1 /\\ x=0)",
	  3, { { { 1, 1, 1 }, false }, { { 1, 2, 1 }, false }, { { 1, 2, 2 }, false }, { { 2, 2, 2 }, false } }, 4 },
	{ "a count is lost without LOCK", HEAD "P0 | P1 ;\nINC [x] | INC [x] ;\nexists (x=1)",
	  1, { { { 1 }, false }, { { 2 }, false } }, 2 },
	{ "no count is lost with LOCK", HEAD "P0 | P1 ;\nLOCK INC [x] | LOCK INC [x] ;\nexists (x=1)",
	  1, { { { 2 }, false } }, 1 },
	/* 5 goes in if x is still 0: EAX stays 0; else EAX gets the 3 */
	{ "a failed CMPXCHG gets what is there", HEAD "P0 | P1 ;\nMOV EBX,$5 | MOV [x],$3 ;\nLOCK CMPXCHG [x],EBX | ;\nexists (0:EAX=0 /\\ x=3)",
	  2, { { { 0, 3 }, false }, { { 3, 3 }, false } }, 2 },
	{ "XADD gets what was there, XCHG, too",
	  HEAD "P0 | P1 ;\nMOV EAX,$5 | MOV EAX,$7 ;\nLOCK XADD [x],EAX | XCHG EAX,[x] ;\nexists (0:EAX=0 /\\ 1:EAX=0 /\\ x=0)",
	  3, { { { 0, 5, 7 }, false }, { { 7, 0, 12 }, false } }, 2 },
	{ "starting values count", "X86 t\n{ x=4; 0:EBX=6; }\nP0 ;\nMOV EAX,[x] ;\nMOV [x],EBX ;\nexists (0:EAX=4 /\\ x=6)",
	  2, { { { 4, 6 }, false } }, 1 },
};

static void expect_set(const struct by_hand *row, const struct litmus *test, enum memory_model model)
{
	struct outcome_set set;
	size_t at = 0;
	char text[256];

	assert_true(oracle_outcomes(test, model, &set));
	for (unsigned i = 0; i < row->count; i++) {
		struct outcome_values values = { { 0 } };

		if (row->outcome[i].buffered && model == MODEL_SC)
			continue;
		memcpy(values.value, row->outcome[i].value, sizeof row->outcome[i].value);
		if (at == set.count || outcome_compare(&values, &set.values[at]))
			fail_msg("%s: missing in %s: %s", row->name, memory_model_names[model],
				 litmus_outcome(test, &values, text, sizeof text));
		assert_int_equal(outcome_set_find(&set, &values), at++);
	}
	if (at != set.count)
		fail_msg("%s: too much in %s: %s", row->name, memory_model_names[model],
			 litmus_outcome(test, &set.values[at], text, sizeof text));
	outcome_set_free(&set);
}

static void the_oracle_lists_the_set(void **state)
{
	const struct by_hand *row = *state;
	struct litmus *test = parse_good(row->text);

	assert_int_equal(test->observeds, row->width);
	expect_set(row, test, MODEL_SC);
	expect_set(row, test, MODEL_TSO);
	free(test);
}

/* Four loads, 16 ways; one is out: the readers disagree on which store came first. */
static void readers_agree(void **state)
{
	char *told, *text = read_text("tests/litmus/IRIW.litmus");
	struct litmus *test = parse(text, &told);
	struct outcome_set set;

	(void)state;
	assert_non_null(test);
	assert_true(oracle_outcomes(test, MODEL_TSO, &set));
	assert_int_equal(set.count, 15);
	assert_int_equal(
		outcome_set_find(&set, &(struct outcome_values){ { 1, 0, 1, 0 } }), -1);
	outcome_set_free(&set);
	free(test);
	free(text);
	free(told);
}

/* The files: verdicts by hand against the oracle. */
static void verdicts_are_right(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob("tests/litmus/*.litmus", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 40);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct diagnostics *diagnostics = diagnostics_new();
		struct litmus *test = litmus_read(files.gl_pathv[i], diagnostics);
		struct outcome_set sc, tso;

		diagnostics_print(diagnostics, stderr, false);
		assert_non_null(test);
		assert_true(oracle_outcomes(test, MODEL_SC, &sc));
		assert_true(oracle_outcomes(test, MODEL_TSO, &tso));
		for (size_t k = 0; k < sc.count; k++)
			assert_true(outcome_set_find(&tso, &sc.values[k]) >= 0);
		if (test->verdict == VERDICT_NONE ||
		    outcome_set_answers(&tso, test) != (test->verdict == VERDICT_ALLOWED))
			fail_msg("%s: the verdict is wrong or missing", files.gl_pathv[i]);
		outcome_set_free(&sc);
		outcome_set_free(&tso);
		free(test);
		diagnostics_free(diagnostics);
	}
	globfree(&files);
}

/* ---- runs -------------------------------------------------------------------------------- */

/*
 * textbook: two sockets. Thread 0 anywhere; each other thread with it or not: 2^(n-1).
 * core2-2s: thread 1 on the same die, another die of the socket, another socket: 3. Three
 * threads: with 0 and 1 on a die, which is full, thread 2 on the other die or the other socket
 * (2); on two dies of a socket, with 0, with 1, or on the other socket (3); on two sockets,
 * beside 0, on 0's other die, beside 1, on 1's other die (4): 9.
 */
static void placements_are_of_every_kind(void **state)
{
	static const struct {
		const char *machine;
		unsigned threads, count;
	} rows[] = {
		{ "textbook", 1, 1 }, { "textbook", 2, 2 }, { "textbook", 3, 4 },
		{ "textbook", 4, 8 }, { "core2-2s", 2, 3 }, { "core2-2s", 3, 9 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine machine;
		struct placements found;

		machine = load_machine(rows[i].machine);
		found = placements_find(&machine, rows[i].threads);
		assert_int_equal(found.count, rows[i].count);
		placements_free(&found);
	}
}

enum { RUNS = 200 };

/* On one or two sockets, each pair of threads in another relation. */
static void run_batch_as(struct batch batch, uint64_t depth, struct outcome_values values[RUNS])
{
	static const unsigned core[LITMUS_THREADS] = { 0, 8, 1, 9 };
	struct machine machine;
	char why[384];

	machine = load_machine("textbook");
	machine.store_buffer = depth;
	batch.machine = &machine;
	batch.runs = RUNS;
	memcpy(batch.core, core, sizeof core);
	if (!batch_run(&batch, values, why, sizeof why))
		fail_msg("%s", why);
}

static void run_batch(struct litmus *test, enum pressure pressure, uint64_t seed, uint64_t depth,
		      struct outcome_values values[RUNS])
{
	run_batch_as((struct batch){ .test = test, .pressure = pressure, .seed = seed }, depth,
		     values);
}

static void a_seed_gives_the_same_runs(void **state)
{
	struct outcome_values first[RUNS], second[RUNS], other[RUNS];
	struct litmus *test = parse_good(sets[0].text);

	(void)state;
	for (int p = 0; p < PRESSURES; p++) {
		run_batch(test, (enum pressure)p, 5, 4, first);
		run_batch(test, (enum pressure)p, 5, 4, second);
		run_batch(test, (enum pressure)p, 6, 4, other);
		assert_memory_equal(first, second, sizeof first);
		assert_memory_not_equal(first, other, sizeof first);
	}
	free(test);
}

/* Run-ahead and parking change no outcome of any run. */
static void shortcuts_change_no_outcome(void **state)
{
	static const char *const files[] = { "SB", "mutex+xchg", "n7", "IRIW", "INC+plain" };
	struct outcome_values with[RUNS], without[RUNS];

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files * PRESSURES * 2; i++) {
		char path[64];
		struct diagnostics *diagnostics = diagnostics_new();

		snprintf(path, sizeof path, "tests/litmus/%s.litmus", files[i / PRESSURES / 2]);

		struct batch batch = { .test = litmus_read(path, diagnostics),
				       .pressure = (enum pressure)(i / 2 % PRESSURES),
				       .seed = i };

		assert_non_null(batch.test);
		run_batch_as(batch, i % 2 * 8, with);
		batch.no_shortcuts = true;
		run_batch_as(batch, i % 2 * 8, without);
		if (memcmp(with, without, sizeof with))
			fail_msg("%s, pressure %s: other outcomes without shortcuts", path,
				 pressure_names[batch.pressure]);
		free((struct litmus *)batch.test);
		diagnostics_free(diagnostics);
	}
}

/* Every run starts from the initial values, whatever was prepared, and ends in the sum. */
static void runs_are_apart(void **state)
{
	struct outcome_values values[RUNS];
	struct litmus *test = parse_good(
		"X86 t\n{ x=40; y=-3; 1:EBX=7; }\nP0 | P1 ;\nLOCK INC [x] | LOCK INC [x] ;\n"
		"MFENCE | LOCK ADD [y],EBX ;\nLOCK DEC [y] | LOCK ADD [x],$10 ;\n"
		"exists (x=52 /\\ y=3 /\\ 1:EBX=7 /\\ 0:EAX=0)\n");

	(void)state;
	for (int p = 0; p < PRESSURES; p++) {
		run_batch(test, (enum pressure)p, 1, 8, values);
		for (unsigned run = 0; run < RUNS; run++)
			assert_true(litmus_asked(test, &values[run]));
	}
	free(test);
}

/* ---- the command ------------------------------------------------------------------------- */

#define SB "tests/litmus/SB.litmus"

static struct output litmus(const char *const *more)
{
	const char *arguments[16] = { "litmus" };
	unsigned count = 1;

	while (*more)
		arguments[count++] = *more++;
	return run_cli(arguments);
}

#define LITMUS(...) litmus((const char *const[]){ __VA_ARGS__, NULL })

static void expect_output(struct output output, int status, const char *out, const char *err)
{
	if (output.status != status || !strstr(output.out, out) || !strstr(output.err, err))
		fail_msg("status %d, expected %d\nout:\n%s\nerr:\n%s", output.status, status,
			 output.out, output.err);
	output_free(&output);
}

static void without_buffer_no_outcome_is_relaxed(void **state)
{
	(void)state;
	expect_output(LITMUS(SB, "--depth", "0", "--runs", "3000", "--format", "csv"), 0,
		      "SB,0:EAX=0 1:EAX=0,0,tso,yes\n", "");
}

/* The oracle is told a smaller set than the machine has: that must be found. */
static void a_forbidden_outcome_is_found(void **state)
{
	struct output output =
		LITMUS(SB, "--depth", "8", "--model", "sc", "--runs", "3000", "--format", "jsonl");

	(void)state;
	assert_non_null(strstr(output.err, "    first: batch "));
	assert_non_null(strstr(output.err,
			       "again: bounce litmus " SB " --machine textbook --depth 8 "
			       "--model sc --runs 3000 --seed 1 --batch "));
	expect_output(output, 3, "\"result\":\"forbidden outcome seen\"",
		      SB ": sequential consistency forbids 0:EAX=0 1:EAX=0, seen ");
}

/* What the machine cannot do is told as such: no buffer, yet held against x86-TSO. */
static void an_outcome_never_seen_is_remarked(void **state)
{
	(void)state;
	expect_output(LITMUS(SB, "--depth", "0", "--model", "tso", "--runs", "600"), 3,
		      "never seen", SB ": allowed, but never seen in 600 runs");
}

static void processes_change_nothing(void **state)
{
	struct output one = LITMUS(SB, "tests/litmus/IRIW.litmus", "--jobs", "1", "--runs", "3000");
	struct output five = LITMUS(SB, "tests/litmus/IRIW.litmus", "--jobs", "5", "--runs", "3000");

	(void)state;
	assert_int_equal(one.status, 0);
	assert_string_equal(one.out, five.out);
	output_free(&one);
	output_free(&five);
}

static void a_batch_can_be_seen_again(void **state)
{
	(void)state;
	expect_output(LITMUS(SB, "--runs", "600", "--batch", "5", "--format", "jsonl"), 0,
		      "\"runs\":100,", "");
	expect_output(LITMUS(SB, "--runs", "600", "--batch", "6"), 2, "no such batch",
		      SB ": no batch 6: 600 runs make 6 batches");
}

static void mistakes_end_it_before_anything_runs(void **state)
{
	char *folder = folder_new(), path[512];

	(void)state;
	expect_output(LITMUS("nowhere.litmus", SB), 2, "", "nowhere.litmus: error: No such file");
	expect_output(LITMUS(SB, "--machine", "textbok"), 2, "", "did you mean 'textbook'?");
	expect_output(LITMUS(SB, "--runs", "0"), 2, "", "--runs wants a whole number, 1 to");
	expect_output(LITMUS(SB, "--model", "pso"), 2, "", "--model is tso or sc, not 'pso'");
	expect_output(litmus((const char *const[]){ NULL }), 2, "", "which test?");
	snprintf(path, sizeof path, "%s/t.litmus", folder);
	write_text(path, "X86 t\nVerdict=Forbidden\n{ x=0; }\nP0 ;\nMOV [x],$1 ;\nexists (x=1)\n");
	expect_output(LITMUS(path), 2, "",
		      "t.litmus:2:9: error: the verdict is Forbidden, but x86-TSO has an outcome");
	write_text(path, "X86 t\nVerdict=Allowed\n{ x=0; }\nP0 ;\nMOV [x],$1 ;\nexists (x=2)\n");
	expect_output(LITMUS(path), 2, "",
		      "t.litmus:2:9: error: the verdict is Allowed, but x86-TSO does not have");
	folder_free(folder);
}

/* ---- all --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	enter_source_tree();
	return 0;
}

enum { WRONGS = sizeof wrongs / sizeof *wrongs, SETS = sizeof sets / sizeof *sets };

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(all_forms_are_read),
		cmocka_unit_test(conditions_bind_as_written),
		cmocka_unit_test(forall_asks_for_what_breaks_it),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(damaged_texts_are_refused),
		cmocka_unit_test(readers_agree),
		cmocka_unit_test(verdicts_are_right),
		cmocka_unit_test(placements_are_of_every_kind),
		cmocka_unit_test(a_seed_gives_the_same_runs),
		cmocka_unit_test(shortcuts_change_no_outcome),
		cmocka_unit_test(runs_are_apart),
		cmocka_unit_test(without_buffer_no_outcome_is_relaxed),
		cmocka_unit_test(a_forbidden_outcome_is_found),
		cmocka_unit_test(an_outcome_never_seen_is_remarked),
		cmocka_unit_test(processes_change_nothing),
		cmocka_unit_test(a_batch_can_be_seen_again),
		cmocka_unit_test(mistakes_end_it_before_anything_runs),
	};
	enum { OTHERS = sizeof others / sizeof *others };
	struct CMUnitTest tests[WRONGS + SETS + OTHERS];
	size_t count = 0;

	for (size_t i = 0; i < WRONGS; i++)
		tests[count++] = (struct CMUnitTest){ wrongs[i].name, a_mistake_is_told, NULL, NULL,
						      (void *)&wrongs[i] };
	for (size_t i = 0; i < SETS; i++)
		tests[count++] = (struct CMUnitTest){ sets[i].name, the_oracle_lists_the_set, NULL,
						      NULL, (void *)&sets[i] };
	memcpy(tests + count, others, sizeof others);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
