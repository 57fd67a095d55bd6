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
#include <sys/resource.h>

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

/* Kind, operation, LOCK, target, source, variable, value, as written above; -1: none. */
static const struct by_form {
	enum instruction_kind kind;
	enum operation operation;
	bool locked;
	int target, source, variable;
	int64_t value;
} by_hand[2][7] = {
	{
		{ INSTRUCTION_STORE, 0, false, -1, -1, 0, 1 },
		{ INSTRUCTION_STORE, 0, false, -1, 0, 1, 0 },
		{ INSTRUCTION_SET, 0, false, 1, -1, -1, 5 },
		{ INSTRUCTION_SET, 0, false, 2, 1, -1, 0 },
		{ INSTRUCTION_EXCHANGE, 0, true, 3, 3, 0, 0 },
		{ INSTRUCTION_UPDATE, OPERATION_ADD, true, 6, 6, 2, 0 },
		{ INSTRUCTION_COMPARE, 0, true, 0, 4, 0, 0 },
	},
	{
		{ INSTRUCTION_LOAD, 0, false, 0, -1, 1, 0 },
		{ INSTRUCTION_FENCE, 0, false, -1, -1, -1, 0 },
		{ INSTRUCTION_UPDATE, OPERATION_INC, false, -1, -1, 0, 0 },
		{ INSTRUCTION_UPDATE, OPERATION_DEC, true, -1, -1, 0, 0 },
		{ INSTRUCTION_UPDATE, OPERATION_ADD, false, -1, -1, 0, -2 },
		{ INSTRUCTION_UPDATE, OPERATION_ADD, true, -1, 5, 2, 0 },
	},
};

static void expect_instruction(const struct instruction *is, const struct by_form *expected,
			       unsigned thread, unsigned number)
{
	if (is->kind != expected->kind || is->locked != expected->locked ||
	    is->operation != expected->operation || is->target != expected->target ||
	    is->source != expected->source || is->address.variable != expected->variable ||
	    is->value != expected->value || is->size != 4)
		fail_msg("thread %u, instruction %u: kind %d operation %d lock %d target %d source %d variable %d value %lld size %u",
			 thread, number, is->kind, is->operation, is->locked, is->target,
			 is->source, is->address.variable, (long long)is->value, is->size);
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
	litmus_free(test);
}

/* Observed: 0:EDX, z, 0:EAX, y, 1:EBX, in the order in which the file names them. */
static void conditions_bind_as_written(void **state)
{
	static const struct {
		int64_t eax, y, ebx;
		bool asked;
	} rows[] = {
		{ 0, 2, 0, true },   { 1, 2, 0, false },  { 0, 0, -7, true },
		{ 1, 0, -7, false }, { 0, 0, 0, false },
	};
	struct litmus *test = parse_good(everything);
	char *text;

	(void)state;
	assert_int_equal(test->observeds, 5);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t values[] = { 8, 9, rows[i].eax, rows[i].y, rows[i].ebx };

		assert_int_equal(litmus_asked(test, values), rows[i].asked);
	}
	text = litmus_outcome(test, (const int64_t[]){ 1, 2, 3, 4, -5 });
	assert_string_equal(text, "0:EDX=1 z=2 0:EAX=3 y=4 1:EBX=-5");
	free(text);
	litmus_free(test);
}

static void forall_asks_for_what_breaks_it(void **state)
{
	struct litmus *test = parse_good("X86 t\n{ }\nP0;\nMOV [x],$1;\nforall (x=1)\n");

	(void)state;
	assert_int_equal(test->verdict, VERDICT_FORBIDDEN);
	assert_false(litmus_asked(test, (const int64_t[]){ 1 }));
	assert_true(litmus_asked(test, (const int64_t[]){ 0 }));
	litmus_free(test);
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
	  { "1:1: error: a test for x86 begins with 'X86 NAME' or 'X86_64 NAME', this file with the end of the file" } },
	{ "no architecture", "SB\n{ }\n",
	  { "1:1: error: a test for x86 begins with 'X86 NAME' or 'X86_64 NAME', this file with 'SB'" } },
	{ "a test for Power", "PPC SB\n{ }\n", { "1:1: error: this is a Power test; those for x86 are read: X86 and X86_64" } },
	{ "a test for AArch64", "AArch64 SB\n{ 0:X1=x; }\n P0 ;\n STR W0,[X1] ;\nexists (x=1)\n",
	  { "1:1: error: this is an AArch64 test; those for x86 are read" } },
	{ "a test for RISC-V", "RISCV SB\n{ }\n", { "1:1: error: this is a RISC-V test;" } },
	{ "a test of the kernel's memory model", "C SB\n{}\nP0(int *x) { WRITE_ONCE(*x, 1); }\nexists (x=1)\n",
	  { "1:1: error: this is a test in C (of the kernel's memory model, or C11); those for x86 are read" } },
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
	    "4:1: error: arrays are not read: 'MOV' has to be variables of their own",
	    "5:8: error: '=' is missing after what gets an initial value, before '('",
	    "6:1: error: '}' is missing after the initial values, before the end of the file" } },
	{ "a value of a sign", "X86 t\n{ ,=0; }\n" ROWS ASK,
	  { "2:3: error: an initial value is given as 'x=0;' or '0:EAX=0;', not ','" } },
	{ "a value that is no number", "X86 t\n{ x=,; }\n" ROWS ASK,
	  { "2:5: error: initial values are numbers, or addresses of variables: x or &x" } },
	{ "an array", "X86 t\n{ int x[2]; }\n" ROWS ASK,
	  { "2:7: error: arrays are not read: 'x' has to be variables of their own" } },
	{ "a value without =", "X86 t\n{ x 0; }\n" ROWS ASK,
	  { "2:5: error: '=' is missing after what gets an initial value, before '0'" } },
	{ "a register without its thread", "X86 t\n{ EAX=0; }\n" ROWS ASK,
	  { "2:3: error: a register belongs to a thread: '0:EAX'" } },
	{ "a thread that cannot be", "X86 t\n{ 1024:EAX=0; x=0; }\n" ROWS ASK,
	  { "2:3: error: threads are numbered from 0 to 1023" } },
	{ "a variable with a thread", "X86 t\n{ 0:x=0; }\n" ROWS ASK,
	  { "2:5: error: behind '0:' stands a register, like EAX" } },
	{ "values without ;", "X86 t\n{ x=0 y=0 }\n" ROWS ASK,
	  { "2:7: error: ';' is missing after an initial value, before 'y'" } },
	{ "numbers too large for 32 bits", "X86 t\n{ x=4294967296; y=-2147483649; z=0xffffffff; w=-2147483648; }\n" ROWS "locations [z; w]\n" ASK,
	  { "2:5: error: 4294967296 does not fit into 4 bytes", "2:19: error: -2147483649 does not fit into 4 bytes" } },
	{ "a number too large for 64 bits", "X86 t\n{ x=0x10000000000000000; }\n" ROWS ASK,
	  { "2:5: error: '0x10000000000000000' does not fit into 64 bits" } },
	{ "an operand too large", HEAD "P0 ;\nMOV [x],$4294967296 ;\n" ASK, { "4:1: error: 4294967296 does not fit into 4 bytes" } },
	{ "a value asked for that is too large", HEAD ROWS "exists (x=4294967296)\n", { "5:11: error: 4294967296 does not fit into 4 bytes" } },
	{ "numbers that are none", "X86 t\n{ x=0x1g; y=1a; z=0x; }\n" ROWS ASK,
	  { "2:5: error: '0x1g' is no decimal or hexadecimal number", "2:13: error: '1a' is no decimal", "2:19: error: '0x' is no decimal" } },
	{ "no program", HEAD ASK,
	  { "3:1: error: the program is missing: P0 | P1 ; and a row for each instruction" } },
	{ "columns in another order", HEAD "P1 | P0 ;\nMOV [x],$1 | MOV EAX,[x] ;\n" ASK,
	  { "3:1: error: the columns are headed P0 | P1 | ...; here 'P0' is due",
	    "3:6: error: the columns are headed P0 | P1 | ...; here 'P1' is due" } },
	{ "a row too long", HEAD "P0 | P1 ;\nMOV [x],$1 | MFENCE | MFENCE ;\n" ASK,
	  { "4:23: error: the row has more columns than the heading (2)" } },
	{ "a row too short", HEAD "P0 | P1 ;\nMOV [x],$1 ;\n" ASK,
	  { "4:12: error: the row has 1 columns, the heading 2" } },
	{ "a row without its end", HEAD "P0 | P1 ;\nMOV [x],$1 | MOV EAX,[x]\n" ASK,
	  { "5:1: error: '|' or ';' ends an instruction, not 'exists'" } },
	{ "a misspelt instruction", HEAD "P0 ;\nMVO [x],$1 ;\n" ASK,
	  { "4:1: error: no instruction 'MVO' here; did you mean 'MOV'?",
	    "4:1: note: MOV LEA MFENCE LFENCE SFENCE XCHG, CMP TEST Jcc JMP CMOVcc SETcc MOVZX MOVSX, and with" } },
	{ "a move from memory to memory", HEAD "P0 ;\nMOV [x],[y] ;\n" ASK,
	  { "4:1: error: wrong operands; there is MOV register,[x], MOV [x],register, MOV [x],$1, MOV register,register, MOV register,$1" } },
	{ "one operand missing", HEAD "P0 ;\nMOV [x] ;\n" ASK, { "4:1: error: wrong operands; there is MOV" } },
	{ "a locked move", HEAD "P0 ;\nLOCK MOV [x],$1 ;\n" ASK,
	  { "4:6: error: LOCK is for instructions that read and write memory, not for MOV" } },
	{ "LOCK without memory", HEAD "P0 ;\nLOCK ADD EAX,[x] ;\n" ASK,
	  { "4:6: error: LOCK is for instructions that read and write memory, not for ADD with these operands" } },
	{ "LOCK alone", HEAD "P0 ;\nLOCK ;\n" ASK, { "4:6: error: an instruction is missing here" } },
	{ "a register that is none", HEAD "P0 ;\nMOV EAY,[x] ;\n" ASK,
	  { "4:5: error: 'EAY' is no register; a variable stands in brackets: [EAY]",
	    "4:5: note: or did you mean 'EAX'?" } },
	{ "an address of three registers", HEAD "P0 ;\nMOV EBX,[EAX+ECX+EDX] ;\n" ASK,
	  { "4:18: error: an address has two registers at most" } },
	{ "a scale of three", HEAD "P0 ;\nMOV EBX,[x+EAX*3] ;\n" ASK, { "4:12: error: a scale is 1, 2, 4 or 8" } },
	{ "a register too narrow for an address", HEAD "P0 ;\nMOV EBX,[AX] ;\n" ASK,
	  { "4:10: error: addresses have registers of 4 or 8 bytes" } },
	{ "nothing in brackets", HEAD "P0 ;\nMOV EBX,[] ;\n" ASK,
	  { "4:10: error: in brackets stands the name of a variable, or an address in registers" } },
	{ "a register that is none, in AT&T", HEAD "P0 ;\nmovl %eay,(x) ;\n" ASK,
	  { "4:7: error: behind '%' stands a register, like %rax, not 'eay'; did you mean" } },
	{ "two syntaxes in one", HEAD "P0 ;\nmov %eax,[x] ;\n" ASK,
	  { "4:1: error: Intel and AT&T syntax in one instruction: EAX, [x] and %eax, (x) do not mix" } },
	{ "operands of two sizes", "X86_64 t\n{ x=0; }\nP0 ;\nmovl %rax,(x) ;\n" ASK,
	  { "4:1: error: operands of 4 and 8 bytes in one instruction" } },
	{ "a variable in two sizes", "X86_64 t\n{ x=0; }\nP0 | P1 ;\nmovb $1,(x) | movw $0x101,(x);\nmovb $2,(x) | ;\n" ASK,
	  { "4:15: error: 'x' is accessed with 2 bytes here and with 1 elsewhere: mixed sizes are not simulated",
	    "4:1: note: with 1 byte\n" } },
	{ "a number that is changed, in AT&T", HEAD "P0 ;\nmovl (x),$1 ;\n" ASK,
	  { "4:1: error: wrong operands; there is movl register,[x], movl [x],register, movl [x],$1, movl register,register, movl register,$1 "
	    "(in AT&T the other way round)" } },
	{ "a jump to nowhere", HEAD "P0 ;\nMOV EAX,[x] ;\nCMP EAX,$0 ;\nJNE LC01 ;\nLC00: ;\n" ASK,
	  { "6:5: error: thread 0 has no label 'LC01'; did you mean 'LC00'" } },
	{ "a jump to another thread", HEAD "P0 | P1 ;\nJMP L | L: MOV EAX,[x] ;\n" ASK, { "4:5: error: thread 0 has no label 'L'" } },
	{ "a label twice", HEAD "P0 ;\nL: MOV [x],$1 ;\nL: MFENCE ;\n" ASK,
	  { "5:1: error: a second label 'L'", "4:1: note: the first one" } },
	{ "a jump without its label", HEAD "P0 ;\nJNE ;\nMOV [x],$1 ;\n" ASK, { "4:1: error: wrong operands; there is JNE label" } },
	{ "an open bracket", HEAD "P0 ;\nMOV EBX,[x ;\n" ASK,
	  { "4:12: error: ']' is missing after a variable, before ';'" } },
	{ "an operand that is none", HEAD "P0 ;\nMOV EBX,: ;\n" ASK,
	  { "4:9: error: an operand is a register, $1 or memory, [x] or (x), not ':'" } },
	{ "a third operand", HEAD "P0 ;\nMOV EBX,EAX,EAX ;\n" ASK,
	  { "4:12: error: '|' or ';' ends an instruction, not ','" } },
	{ "no memory at all", "X86 t\n{ }\nP0 ;\nMOV EAX,$1 ;\nexists (0:EAX=1)\n",
	  { "5:1: error: a test has at least one variable, like [x]" } },
	{ "no question", HEAD ROWS,
	  { "5:1: error: the question is missing: exists, ~exists or forall with a condition, not the end of the file" } },
	{ "another question", HEAD ROWS "~forall (x=1)\n",
	  { "5:2: error: the question is missing: exists, ~exists or forall with a condition, not 'forall'" } },
	{ "a thread that is not there", HEAD ROWS "exists (2:EAX=1)\n",
	  { "5:9: error: there is no thread 2: the test has 2" } },
	{ "initial values of threads that are not there", "X86 t\n{ 7:EAX=1; x=0; uint32_t P2:EBX; }\n" ROWS "exists (x=1)\n",
	  { "2:3: error: there is no thread 7: the test has 2", "2:26: error: there is no thread 2: the test has 2" } },
	{ "initial values twice", "X86_64 t\n{ 0:EAX=1; x=0; 0:RAX=2; 1:EAX=2; x=3; int y; y=1; }\n" ROWS "exists (x=1)\n",
	  { "2:17: error: this register of thread 0 has an initial value already", "2:3: note: the first one",
	    "2:35: error: 'x' has an initial value already", "2:14: note: the first one" } },
	{ "all mistakes of a condition", HEAD ROWS "exists (2:EAX=1 /\\ xx=1 /\\ x=4294967296 /\\ (EAX=1 \\/ x=2))\n",
	  { "5:9: error: there is no thread 2: the test has 2", "5:20: error: no instruction and no initial value has a variable 'xx'",
	    "5:30: error: 4294967296 does not fit into 4 bytes", "5:45: error: a register belongs to a thread: '0:EAX'" } },
	{ "a condition about what was not understood", "X86 t\n{ x=0; }\nP0 ;\nMVO [y],$1 ;\n" "exists (y=1 /\\ z=1)\n",
	  { "4:1: error: no instruction 'MVO' here; did you mean 'MOV'?", "4:1: note: MOV LEA",
	    "5:16: error: no instruction and no initial value has a variable 'z'" } },
	{ "a variable that is not there", HEAD ROWS "exists (xx=1)\n",
	  { "5:9: error: no instruction and no initial value has a variable 'xx'" } },
	{ "a misspelt variable", "X86 t\n{ flag=0; }\n" ROWS "exists (falg=1)\n",
	  { "5:9: error: no instruction and no initial value has a variable 'falg'; did you mean 'flag'?" } },
	{ "a register alone", HEAD ROWS "exists (EAX=1)\n",
	  { "5:9: error: a register belongs to a thread: '0:EAX'" } },
	{ "a comparison of two variables", HEAD ROWS "exists (x=x)\n",
	  { "5:11: error: a register or variable is compared with a number, a register (0:EAX), what is in a variable ([x]) or its address (&x)" } },
	{ "an open condition", HEAD ROWS "exists (x=1 /\\ (0:EAX=0)\n",
	  { "6:1: error: ')' is missing after a condition, before the end of the file" } },
	{ "half a condition", HEAD ROWS "exists (x=1 /\\ )\n",
	  { "5:16: error: a register (0:EAX) or variable (x) is due, not ')'" } },
	{ "a verdict without a question", "X86 t\nVerdict=Allowed\n{ x=0; }\n" ROWS "locations [x]\n",
	  { "2:9: error: a verdict needs a question: exists with a condition" } },
	{ "a verdict behind the condition", HEAD ROWS ASK "Hash=1f2e\nVerdict = No\n",
	  { "7:11: error: a verdict is Allowed or Forbidden, not 'No'" } },
	{ "text behind the condition", HEAD ROWS "exists (x=1)\nmore\n",
	  { "6:1: error: the file ends with its condition; what is 'more'?" } },
	{ "open locations", HEAD ROWS "locations [x\nexists (x=1)\n",
	  { "6:1: error: ';' is missing after a register or variable, before 'exists'" } },
	{ "an array with values", "X86 t\n{ int x[2]={1,2}; y=0; }\n" ROWS "exists (y=0)\n",
	  { "2:7: error: arrays are not read: 'x' has to be variables of their own, which lie apart" } },
	{ "an element of an array", HEAD ROWS "exists (x[1]=1)\n",
	  { "5:9: error: arrays are not read: 'x' has to be variables of their own, which lie apart" } },
	{ "a store that x86-TSO is not about", "X86_64 t\n{ x=0; }\nP0 ;\nmovnti %eax,(x) ;\n" ASK,
	  { "4:1: error: 'movnti' is not read: non-temporal accesses pass others that x86-TSO keeps in order" } },
	{ "an extension of nobody knows what", HEAD "P0 ;\nMOVZX EAX,[x] ;\n" ASK,
	  { "4:1: error: nothing says how many bytes MOVZX extends" } },
	{ "an extension to fewer bytes", HEAD "P0 ;\nMOVZX AX,ECX ;\nMOV [x],EAX ;\n" ASK, { "4:1: error: 4 bytes cannot be extended to 2" } },
	{ "an extension of another register", HEAD "P0 ;\nmovzbl %cx,%eax ;\nMOV [x],EAX ;\n" ASK,
	  { "4:1: error: operands of 4 and 2 bytes, but movzbl is for others" } },
	{ "an extended number", HEAD "P0 ;\nmovzbl $1,%eax ;\nMOV [x],EAX ;\n" ASK,
	  { "4:1: error: wrong operands; there is movzbl register,register, movzbl register,BYTE PTR [x] (in AT&T" } },
	{ "a byte of the condition into four", HEAD "P0 ;\nSETE EAX ;\nMOV [x],EAX ;\n" ASK,
	  { "4:1: error: operands of 1 and 4 bytes in one instruction" } },
	{ "a label that is not behind the jump", HEAD "P0 ;\n1: MOV [x],$1 ;\nJMP 1f ;\n" ASK, { "5:5: error: thread 0 has no label '1:' behind this jump" } },
	{ "a label that is not before the jump", HEAD "P0 ;\nJMP 1b ;\n1: MOV [x],$1 ;\n" ASK, { "4:5: error: thread 0 has no label '1:' before this jump" } },
	{ "a place to jump to as a value", HEAD "P0 ;\nMOV [x],$1 ;\n" "exists (x=1f)\n", { "5:11: error: a register or variable is compared with" } },
	{ "the old form of a question", HEAD ROWS "final (x=1)\nwith tso: Allowed\n",
	  { "5:1: error: the old form 'final' is not read: ask with exists, ~exists or forall" } },
	{ "outcomes in the question's place", HEAD ROWS "Observed\n x=1; 0:EAX=0;\n",
	  { "5:1: error: the old form 'Observed' is not read: ask with exists, ~exists or forall" } },
	{ "verdicts of other programs", HEAD ROWS ASK "with tso: Allowed;\n", { "6:1: error: the old form 'with' is not read: 'Verdict=Allowed'" } },
	{ "a byte that is no text", HEAD ROWS "exists (\x01=1)\n",
	  { "5:9: error: a register (0:EAX) or variable (x) is due, not the byte 0x01" } },
	{ "characters, not bytes, are counted", "X86 t\n{ (* \xc3\xa9 *) x=,; }\n" ROWS ASK,
	  { "2:13: error: initial values are numbers" } },
	{ "four mistakes at once", "X86 t\nVerdict=No\n{ x=,; }\nP0 | P1 ;\nMOV [x],[x] | MOV EAX,[x] ;\nLOCK MFENCE | ;\n" ASK,
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

/* As deep as it likes, and not a parenthesis more. */
static void nesting_has_no_limit(void **state)
{
	enum { DEPTH = 20000 };
	size_t size = sizeof HEAD ROWS + 2 * DEPTH + 64;
	char *text = xalloc(size), *told, *at = text;
	struct litmus *test;

	(void)state;
	at += sprintf(at, "%s%sexists ", HEAD, ROWS);
	memset(at, '(', DEPTH);
	at += DEPTH;
	at += sprintf(at, "x=1");
	memset(at, ')', DEPTH);
	test = parse(text, &told);
	assert_non_null(test);
	assert_int_equal(test->conditions, 1);
	litmus_free(test);
	free(told);
	at[DEPTH - 1] = '\0';
	assert_null(parse(text, &told));
	assert_non_null(strstr(told, "error: ')' is missing after a condition, before the end of the file"));
	free(told);
	free(text);
}

/* A condition of 20,000 terms, all of them one after the other, is read and answered. */
static void conditions_have_no_length(void **state)
{
	enum { TERMS = 20000 };
	char *text = xalloc(sizeof HEAD ROWS + TERMS * 16 + 64), *at = text;
	struct litmus *test;

	(void)state;
	at += sprintf(at, "%s%sexists (x=0", HEAD, ROWS);
	for (unsigned i = 1; i <= TERMS; i++)
		at += sprintf(at, " %s x=%u", i % 2 ? "\\/" : "/\\", i);
	sprintf(at, ")\n");
	test = parse_good(text);
	/* x=0 \/ (x=1 /\ x=2) \/ ...: true of 0 alone, and of no other number */
	for (int64_t x = 0; x < 8; x++)
		assert_int_equal(litmus_asked(test, &x), x == 0);
	litmus_free(test);
	free(text);
}

/* From tight to loose: not, /\, \/, =>, which groups to the right. */
static void operators_bind_by_rank(void **state)
{
	static const struct {
		const char *condition;
		const char *holds;      /* for x, y = 00 01 10 11 */
	} rows[] = {
		{ "x=1 => y=1", "1101" },
		{ "not x=1 /\\ y=1", "0100" },
		{ "not (x=1 /\\ y=1)", "1110" },
		{ "x=0 /\\ y=0 \\/ x=1 /\\ y=1", "1001" },
		{ "x=1 \\/ y=1 => false", "1000" },
		{ "x=1 => y=1 => false", "1110" },      /* x=1 => (y=1 => false) */
		{ "(x=1 => y=1) => false", "0010" },
		{ "x=1 => y=1 /\\ x=0", "1100" },
		{ "~x=1 \\/ ~ ~y=1", "1101" },
		{ "x <> 1 /\\ y != 0", "0100" },
		{ "x == 1 \\/ [x] = [y]", "1011" },
		{ "[x]=[y]", "1001" },
		{ "x=-0 /\\ (true)", "1100" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[256];
		struct litmus *test;

		snprintf(text, sizeof text, "X86 t\n{ y=0; }\n" ROWS "locations [x;y;]\nexists %s\n",
			 rows[i].condition);
		test = parse_good(text);
		for (unsigned k = 0; k < 4; k++) {
			int64_t values[] = { k >> 1, k & 1 };

			if (litmus_asked(test, values) != (rows[i].holds[k] == '1'))
				fail_msg("%s: wrong for x=%u y=%u", rows[i].condition, k >> 1,
					 k & 1);
		}
		litmus_free(test);
	}
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
		litmus_free(test);
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
		int64_t value[3];
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
	/* the fence of compilers, on what is the thread's own: as MFENCE above */
	{ "SB with LOCK on the stack",
	  "X86_64 t\n{ }\np0:T0 | p1: ;\nmovl $1,(x) | movl $1,(y) ;\nlock addl $0,(%rsp) | lock; orl $0,-4(%rsp) ;\n"
	  "movl (y),%eax | movl (x),%eax ;\nexists (0:eax=0 && p1:eax=0)",
	  2, { { { 0, 1 }, false }, { { 1, 0 }, false }, { { 1, 1 }, false } }, 3 },
	/* what only moves lines orders nothing: as SB above */
	{ "SB with CLFLUSH and PREFETCH",
	  HEAD "P0 | P1 ;\nMOV [x],$1 | MOV [y],$1 ;\nCLFLUSH [x] | clflushopt (y) ;\nPREFETCHT0 [y] | CLWB [x] ;\n"
	       "MOV EAX,[y] | MOV EAX,[x] ;\nexists (0:EAX=0 || 1:EAX=0)",
	  2, { { { 0, 0 }, true }, { { 0, 1 }, false }, { { 1, 0 }, false }, { { 1, 1 }, false } }, 4 },
	/* 0x80 is 128, or -128 with its sign in front, whether it comes from memory or AL */
	{ "narrow values are extended",
	  "X86_64 t\n{ uint8_t x=0x80; }\nP0 ;\nmovzbl x(%rip),%eax ;\nmovsbl x(%rip),%ebx ;\nmovsbq %al,%rcx ;\n"
	  "exists (0:eax=128 /\\ 0:ebx=-128 /\\ 0:rcx=-128)",
	  3, { { { 128, -128, -128 }, false } }, 1 },
	/* 0x5678 is 22136, its lower byte 0x78 120 */
	{ "narrow values are extended in Intel's order",
	  "X86 t\n{ char x=0xff; 0:EBX=0x12345678; }\nP0 ;\nMOVZX EAX,BYTE PTR [x] ;\nMOVSX ECX,BX ;\nMOVZX EBX,BL ;\n"
	  "exists (0:EAX=255 /\\ 0:ECX=22136 /\\ 0:EBX=120)",
	  3, { { { 255, 22136, 120 }, false } }, 1 },
	/* the 1 of x is seen or not; one byte says so, the other the opposite */
	{ "SETcc makes a byte of a condition",
	  "X86 t\n{ x=0; char y=7; 0:EBX=0x107; }\nP0 | P1 ;\nMOV EAX,[x] | MOV [x],$1 ;\nCMP EAX,$1 | ;\nSETE BL | ;\nSETNE [y] | ;\n"
	  "exists (0:EBX=0 /\\ y=0)",
	  2, { { { 0x100, 1 }, false }, { { 0x101, 0 }, false } }, 2 },
	/* back until x is 1; forward over the 9, to the nearest of two labels of that name */
	{ "labels that are numbers",
	  "X86_64 t\n{ x=0; y=0; }\nP0 | P1 ;\n1: movl (x),%eax | jmp 1f ;\ncmpl $1,%eax | movl $9,(y) ;\njne 1b | 1: movl $1,(x) ;\n"
	  "1: movl $2,%ebx | 1: ;\nexists (0:eax=1 /\\ 0:ebx=2 /\\ y=0)",
	  3, { { { 1, 2, 0 }, false } }, 1 },
	{ "two bars are an empty column, too", HEAD "P0 | P1 | P2 ;\nMOV [x],$1 || MOV EAX,[x] ;\nexists (2:EAX=1)",
	  1, { { { 0 }, false }, { { 1 }, false } }, 2 },
	{ "starting values count", "X86 t\n{ x=4; 0:EBX=6; }\nP0 ;\nMOV EAX,[x] ;\nMOV [x],EBX ;\nexists (0:EAX=4 /\\ x=6)",
	  2, { { { 4, 6 }, false } }, 1 },
};

static struct outcome_set outcomes_of(const struct litmus *test, enum memory_model model)
{
	struct outcome_set set;
	const struct instruction *at;

	assert_int_equal(oracle_outcomes(test, model, &set, &at), ORACLE_WHOLE);
	return set;
}

static void expect_set(const struct by_hand *row, const struct litmus *test, enum memory_model model)
{
	struct outcome_set set = outcomes_of(test, model);
	size_t at = 0;

	for (unsigned i = 0; i < row->count; i++) {
		const int64_t *values = row->outcome[i].value;

		if (row->outcome[i].buffered && model == MODEL_SC)
			continue;
		if (at == set.count ||
		    outcome_compare(values, outcome_set_row(&set, at), row->width))
			fail_msg("%s: missing in %s: %s", row->name, memory_model_names[model],
				 litmus_outcome(test, values));
		assert_int_equal(outcome_set_find(&set, values), at++);
	}
	if (at != set.count)
		fail_msg("%s: too much in %s: %s", row->name, memory_model_names[model],
			 litmus_outcome(test, outcome_set_row(&set, at)));
	outcome_set_free(&set);
}

static void the_oracle_lists_the_set(void **state)
{
	const struct by_hand *row = *state;
	struct litmus *test = parse_good(row->text);

	assert_int_equal(test->observeds, row->width);
	expect_set(row, test, MODEL_SC);
	expect_set(row, test, MODEL_TSO);
	litmus_free(test);
}

/* Four loads, 16 ways; one is out: the readers disagree on which store came first. */
static void readers_agree(void **state)
{
	char *told, *text = read_text("tests/litmus/IRIW.litmus");
	struct litmus *test = parse(text, &told);
	struct outcome_set set;

	(void)state;
	assert_non_null(test);
	set = outcomes_of(test, MODEL_TSO);
	assert_int_equal(set.count, 15);
	assert_int_equal(outcome_set_find(&set, (const int64_t[]){ 1, 0, 1, 0 }), -1);
	outcome_set_free(&set);
	litmus_free(test);
	free(text);
	free(told);
}

static void verdict_is_right(const char *path)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct litmus *test = litmus_read(path, diagnostics);
	struct outcome_set sc, tso;

	diagnostics_print(diagnostics, stderr, false);
	assert_non_null(test);
	sc = outcomes_of(test, MODEL_SC);
	tso = outcomes_of(test, MODEL_TSO);
	for (size_t k = 0; k < sc.count; k++)
		assert_true(outcome_set_find(&tso, outcome_set_row(&sc, k)) >= 0);
	if (test->quantifier != QUANTIFIER_NONE &&
	    (test->verdict == VERDICT_NONE ||
	     outcome_set_answers(&tso, test) != (test->verdict == VERDICT_ALLOWED)))
		fail_msg("%s: the verdict is wrong or missing", path);
	outcome_set_free(&sc);
	outcome_set_free(&tso);
	litmus_free(test);
	diagnostics_free(diagnostics);
}

/* The files: verdicts by hand against the oracle. forms/ has each way to write a test once. */
static void verdicts_are_right(void **state)
{
	static const char *const folders[] = { "tests/litmus/*.litmus", "tests/litmus/forms/*.litmus" };

	(void)state;
	for (int f = 0; f < 2; f++) {
		glob_t files;

		assert_int_equal(glob(folders[f], 0, NULL, &files), 0);
		assert_true(files.gl_pathc >= 40);
		for (size_t i = 0; i < files.gl_pathc; i++)
			verdict_is_right(files.gl_pathv[i]);
		globfree(&files);
	}
}

/* What the reader takes and no run can be made of; the instruction's line is told. */
static void what_cannot_be_listed_is_told(void **state)
{
	static const struct {
		const char *name, *text;
		enum oracle_end end;
		unsigned line;
	} rows[] = {
		{ "an address of no variable", "X86 t\n{ x=0; 0:ECX=4; }\nP0 ;\nMFENCE ;\nMOV [ECX],$1 ;\nexists (x=1)\n",
		  ORACLE_NO_VARIABLE, 5 },
		{ "behind a variable", "X86_64 t\n{ x=0; 0:rcx=x; }\nP0 ;\nmovl $1,4(%rcx) ;\nexists (x=1)\n", ORACLE_NO_VARIABLE, 4 },
		{ "another size through a register",
		  "X86_64 t\n{ x=0; 0:rcx=x; }\nP0 ;\nmovl $1,(x) ;\nmovb $1,(%rcx) ;\nexists (x=1)\n", ORACLE_MIXED_SIZES, 5 },
		{ "a loop that nobody ends", HEAD "P0 ;\nL: CMP [x],$0 ;\nJE L ;\nexists (x=0)\n", ORACLE_NO_END, 0 },
		{ "a loop without memory", HEAD "P0 ;\nMOV [x],$1 ;\nL: JMP L ;\nexists (x=0)\n", ORACLE_NO_END, 5 },
		{ "a loop that may have missed its end",
		  HEAD "P0 | P1 ;\nL: CMP [x],$1 | MOV [x],$1 ;\nJNE L | MOV [x],$2 ;\nexists (x=2)\n", ORACLE_NO_END, 0 },
		{ "a loop that stores without end", HEAD "P0 ;\nL: INC [x] ;\nJMP L ;\nexists (x=0)\n", ORACLE_TOO_LARGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct litmus *test;
		struct diagnostics *diagnostics = diagnostics_new();
		const struct instruction *at;
		struct outcome_set set;
		enum oracle_end end;

		test = litmus_parse(diagnostics_source(diagnostics, "t.litmus", rows[i].text,
						       strlen(rows[i].text), false),
				    diagnostics);
		assert_non_null(test);
		end = oracle_outcomes(test, MODEL_TSO, &set, &at);
		if (end != rows[i].end || (at ? at->place.line : 0) != rows[i].line)
			fail_msg("%s: end %d, line %u", rows[i].name, end,
				 at ? at->place.line : 0);
		litmus_free(test);
		diagnostics_free(diagnostics);
	}
}

/* No number of threads, variables, instructions or names is too large for the reader. */
static void sizes_have_no_limits(void **state)
{
	enum { THREADS = 40, ROWS_OF = 30, SIZE = 1 << 18 };
	char *text = xalloc(SIZE), *at = text;
	struct litmus *test;

	(void)state;
	at += sprintf(at, "X86 %0300d\n{ }\n", 7);
	for (unsigned i = 0; i < THREADS; i++)
		at += sprintf(at, "%sP%u", i ? " | " : "", i);
	for (unsigned row = 0; row < ROWS_OF; row++) {
		at += sprintf(at, " ;\n");
		for (unsigned i = 0; i < THREADS; i++)
			at += sprintf(at, "%sMOV [v%u_%0100u],$1", i ? " | " : "", i, row);
	}
	at += sprintf(at, " ;\nexists (");
	for (unsigned i = 0; i < THREADS; i++)
		at += sprintf(at, "%s%u:EAX=0 /\\ v%u_%0100u=1", i ? " /\\ " : "", i, i, i % ROWS_OF);
	sprintf(at, ")\n");
	test = parse_good(text);
	assert_int_equal(strlen(test->name), 300);
	assert_int_equal(test->threads, THREADS);
	assert_int_equal(test->thread[THREADS - 1].count, ROWS_OF);
	assert_int_equal(test->variables, THREADS * ROWS_OF);
	assert_int_equal(test->observeds, 2 * THREADS);
	litmus_free(test);
	free(text);
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
		{ "textbook", 6, 32 },
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

/* Seven threads have thousands of ways to lie on four kinds of distance: some hundred are left, all of
 * them different, and on cores of their own. */
static void of_many_placements_some_are_left(void **state)
{
	enum { THREADS = 7 };
	struct machine machine = load_machine("uv-1024");
	struct placements found = placements_find(&machine, THREADS);

	(void)state;
	assert_true(found.count > 200 && found.count <= 512);
	for (unsigned i = 0; i < found.count; i++) {
		const unsigned *core = found.core + i * THREADS;

		for (unsigned a = 0; a < THREADS; a++)
			for (unsigned b = 0; b < a; b++)
				assert_int_not_equal(core[a], core[b]);
		assert_true(!i || memcmp(core, core - THREADS, THREADS * sizeof *core) != 0);
	}
	placements_free(&found);
}

enum { RUNS = 200 };

/* On one or two sockets, each pair of threads in another relation. */
static void run_batch_as(struct batch batch, uint64_t depth, int64_t *values)
{
	static const unsigned core[] = { 0, 8, 1, 9 };
	struct machine machine;
	char why[384];

	machine = load_machine("textbook");
	machine.store_buffer = depth;
	batch.machine = &machine;
	batch.runs = RUNS;
	batch.core = core;
	if (!batch_run(&batch, values, why, sizeof why))
		fail_msg("%s", why);
}

static void run_batch(struct litmus *test, enum pressure pressure, uint64_t seed, uint64_t depth,
		      int64_t *values)
{
	run_batch_as((struct batch){ .test = test, .pressure = pressure, .seed = seed }, depth,
		     values);
}

static void a_seed_gives_the_same_runs(void **state)
{
	int64_t first[RUNS * 2], second[RUNS * 2], other[RUNS * 2]; /* 0:EAX, 1:EAX */
	struct litmus *test = parse_good(sets[0].text);

	(void)state;
	for (int p = 0; p < PRESSURES; p++) {
		run_batch(test, (enum pressure)p, 5, 4, first);
		run_batch(test, (enum pressure)p, 5, 4, second);
		run_batch(test, (enum pressure)p, 6, 4, other);
		assert_memory_equal(first, second, sizeof first);
		assert_memory_not_equal(first, other, sizeof first);
	}
	litmus_free(test);
}

/* Run-ahead and parking change no outcome of any run. */
static void shortcuts_change_no_outcome(void **state)
{
	static const char *const files[] = { "SB", "mutex+xchg", "n7", "IRIW", "INC+plain" };
	enum { MOST = 8 };              /* values of an outcome */
	int64_t with[RUNS * MOST], without[RUNS * MOST];

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files * PRESSURES * 2; i++) {
		char path[64];
		struct diagnostics *diagnostics = diagnostics_new();

		snprintf(path, sizeof path, "tests/litmus/%s.litmus", files[i / PRESSURES / 2]);

		struct batch batch = { .test = litmus_read(path, diagnostics),
				       .pressure = (enum pressure)(i / 2 % PRESSURES),
				       .seed = i };

		assert_non_null(batch.test);
		assert_true(batch.test->observeds <= MOST);
		memset(with, 0, sizeof with);
		memset(without, 0, sizeof without);
		run_batch_as(batch, i % 2 * 8, with);
		batch.no_shortcuts = true;
		run_batch_as(batch, i % 2 * 8, without);
		if (memcmp(with, without, sizeof with))
			fail_msg("%s, pressure %s: other outcomes without shortcuts", path,
				 pressure_names[batch.pressure]);
		litmus_free((struct litmus *)batch.test);
		diagnostics_free(diagnostics);
	}
}

/* Every run starts from the initial values, whatever was prepared, and ends in the sum. */
static void runs_are_apart(void **state)
{
	int64_t values[RUNS * 4];
	struct litmus *test = parse_good(
		"X86 t\n{ x=40; y=-3; 1:EBX=7; }\nP0 | P1 ;\nLOCK INC [x] | LOCK INC [x] ;\n"
		"MFENCE | LOCK ADD [y],EBX ;\nLOCK DEC [y] | LOCK ADD [x],$10 ;\n"
		"exists (x=52 /\\ y=3 /\\ 1:EBX=7 /\\ 0:EAX=0)\n");

	(void)state;
	for (int p = 0; p < PRESSURES; p++) {
		run_batch(test, (enum pressure)p, 1, 8, values);
		for (unsigned run = 0; run < RUNS; run++)
			assert_true(litmus_asked(test, &values[run * test->observeds]));
	}
	litmus_free(test);
}

static long page_faults(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_minflt;
}

/*
 * A machine costs what is used of it: four threads on 1024 cores and 128 memory nodes touch
 * four variables in each of 100 runs. The arena of such a machine has 4 million lines: who looks at
 * what is known of each, 8 bytes, touches 8192 pages.
 */
static void large_machines_cost_what_is_used(void **state)
{
	static const unsigned core[] = { 0, 1, 512, 1023 };
	struct litmus *test = parse_good(
		"X86 t\n{ }\nP0 | P1 | P2 | P3 ;\nMOV [a],$1 | MOV [b],$1 | MOV [c],$1 | MOV [d],$1 ;\n"
		"MOV EAX,[b] | MOV EAX,[c] | MOV EAX,[d] | MOV EAX,[a] ;\nexists (a=0)\n");
	struct machine machine = load_machine("uv-1024");
	struct batch batch = { .test = test, .machine = &machine, .core = core, .runs = 100 };
	int64_t values[100];
	char why[384];
	long before;

	(void)state;
	assert_true(batch_run(&batch, values, why, sizeof why)); /* the host's own pages */
	before = page_faults();
	assert_true(batch_run(&batch, values, why, sizeof why));
	if (page_faults() - before >= 8192)
		fail_msg("%ld pages touched", page_faults() - before);
	litmus_free(test);
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

/* A line end in the name of a file begins no line of its own. */
static void a_message_is_one_line_whatever_the_file_is_called(void **state)
{
	char *folder = folder_new(), path[4200], *text = read_text(SB);
	struct output output;

	(void)state;
	snprintf(path, sizeof path, "%s/a\nbounce: b.litmus", folder);
	write_text(path, text);
	output = LITMUS(path, "--depth", "8", "--model", "sc", "--runs", "3000", "--format", "jsonl");
	assert_null(strstr(output.err, "\nbounce: b"));
	assert_non_null(strstr(output.err, "/a'$'\\012''bounce: b.litmus' --machine textbook --depth 8 "));
	expect_output(output, 3, "forbidden outcome seen",
		      "/a bounce: b.litmus: sequential consistency forbids 0:EAX=0 1:EAX=0, seen ");
	free(text);
	folder_free(folder);
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
	write_text(path, "X86_64 t\n{ p=&x; }\nP0 ;\nmovq (p),%rax ;\nmovl 4(%rax),%ebx ;\nexists (x=1)\n");
	expect_output(LITMUS(path), 2, "",
		      "t.litmus:5:1: error: this address can be that of no variable\n    movl 4(%rax)");
	write_text(path, "X86 t\nVerdict=Allowed\n{ x=0; }\nP0 ;\nMOV [x],$1 ;\nexists (x=2)\n");
	expect_output(LITMUS(path), 2, "",
		      "t.litmus:2:9: error: the verdict is Allowed, but x86-TSO does not have");
	folder_free(folder);
}

/* A question is no verdict: herd answers it, whatever it says. */
static void a_claim_that_does_not_hold_is_run_and_told(void **state)
{
	static const struct { const char *question, *told; } rows[] = {
		{ "forall (0:EAX=1 \\/ 1:EAX=1)", "x86-TSO has an outcome that 'forall' says there is not" },
		{ "~exists (0:EAX=0 /\\ 1:EAX=0)", "x86-TSO has an outcome that '~exists' says there is not" },
	};
	char *folder = folder_new(), path[512], text[512];

	(void)state;
	snprintf(path, sizeof path, "%s/sb.litmus", folder);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text,
			 "X86 sb\n{ }\nP0 | P1 ;\nMOV [x],$1 | MOV [y],$1 ;\nMOV EAX,[y] | MOV EAX,[x] ;\n%s\n",
			 rows[i].question);
		write_text(path, text);
		expect_output(LITMUS(path, "--runs", "400"), 0, "Allowed", rows[i].told);
	}
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
		cmocka_unit_test(nesting_has_no_limit),
		cmocka_unit_test(conditions_have_no_length),
		cmocka_unit_test(operators_bind_by_rank),
		cmocka_unit_test(damaged_texts_are_refused),
		cmocka_unit_test(readers_agree),
		cmocka_unit_test(verdicts_are_right),
		cmocka_unit_test(what_cannot_be_listed_is_told),
		cmocka_unit_test(sizes_have_no_limits),
		cmocka_unit_test(placements_are_of_every_kind),
		cmocka_unit_test(of_many_placements_some_are_left),
		cmocka_unit_test(a_seed_gives_the_same_runs),
		cmocka_unit_test(shortcuts_change_no_outcome),
		cmocka_unit_test(runs_are_apart),
		cmocka_unit_test(large_machines_cost_what_is_used),
		cmocka_unit_test(without_buffer_no_outcome_is_relaxed),
		cmocka_unit_test(a_forbidden_outcome_is_found),
		cmocka_unit_test(a_message_is_one_line_whatever_the_file_is_called),
		cmocka_unit_test(an_outcome_never_seen_is_remarked),
		cmocka_unit_test(processes_change_nothing),
		cmocka_unit_test(a_batch_can_be_seen_again),
		cmocka_unit_test(mistakes_end_it_before_anything_runs),
		cmocka_unit_test(a_claim_that_does_not_hold_is_run_and_told),
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
