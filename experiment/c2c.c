/* perf c2c's pareto: see c2c.h. */
#include "experiment/c2c.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

/*
 *	      0        0     3461       12      800      0xffff880f1d2c0400	the line: its counts
 *	      0.00%  99.97%   0.00%  10.50%  0x18  0  1  0xff...  0  166  120  1000  8  [k] f
 *
 * The second kind of row: shares of the counts above (remote and local hitm, stores that hit and
 * missed L1, in newer versions those of which it is not known), the offset, node and pages, the
 * code's address, cycles, records, CPUs, and where the code is.
 */
enum {
	SHARES_MAX = 5,
	TOKENS_MAX = 64,
	ROWS_MAX = 1000,
	NAME_BYTES = 64,
	STEM_BYTES = 32,
	LINE_SIZE = 64,
	WORD = 8
};

struct token {
	const char *text;
	size_t length;
};

struct row {
	unsigned offset, cpus;
	uint64_t loads, stores, records;
	char symbol[NAME_BYTES], source[NAME_BYTES];
};

struct reading {
	const char *at, *end;
	unsigned number;                /* of the text's line */
	struct token token[TOKENS_MAX];
	unsigned tokens;
	struct row *row;
	unsigned rows;
	char *why;
	size_t size;
	bool wrong;
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct reading *reading, unsigned column,
							 const char *format, ...)
{
	va_list arguments;
	size_t at =
		(size_t)snprintf(reading->why, reading->size, "%u:%u: ", reading->number, column);

	va_start(arguments, format);
	vsnprintf(reading->why + at, reading->size - at, format, arguments);
	va_end(arguments);
	reading->wrong = true;
	return false;
}

/* ---- words of a line ------------------------------------------------------------------------- */

/* The next line, in tokens; more than fit are left out. */
static bool next_line(struct reading *reading, const char **start)
{
	const char *line = reading->at, *end;

	if (line == reading->end)
		return false;
	end = memchr(line, '\n', (size_t)(reading->end - line));
	end = end ? end : reading->end;
	reading->at = end < reading->end ? end + 1 : end;
	reading->number++;
	reading->tokens = 0;
	*start = line;
	while (line < end && reading->tokens < TOKENS_MAX) {
		const char *word;

		while (line < end && (*line == ' ' || *line == '\t' || *line == '\r'))
			line++;
		for (word = line; line < end && *line != ' ' && *line != '\t' && *line != '\r';
		     line++)
			continue;
		if (line > word)
			reading->token[reading->tokens++] =
				(struct token){ word, (size_t)(line - word) };
	}
	return true;
}

static bool whole(const struct token *token, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < token->length; i++) {
		char c = token->text[i];

		if (c < '0' || c > '9' || *number > UINT32_MAX)
			return false;
		*number = 10 * *number + (uint64_t)(c - '0');
	}
	return token->length;
}

static bool hexadecimal(const struct token *token, uint64_t *number)
{
	*number = 0;
	if (token->length < 3 || token->length > 18 || token->text[0] != '0' ||
	    token->text[1] != 'x')
		return false;
	for (size_t i = 2; i < token->length; i++) {
		char c = token->text[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 16;

		if (digit == 16)
			return false;
		*number = *number << 4 | digit;
	}
	return true;
}

/* "12.34%" in hundredths of a per cent. */
static bool share(const struct token *token, uint64_t *hundredths)
{
	unsigned behind = 0;
	bool dot = false;

	*hundredths = 0;
	if (token->length < 2 || token->text[token->length - 1] != '%')
		return false;
	for (size_t i = 0; i + 1 < token->length; i++) {
		char c = token->text[i];

		if (c == '.' && !dot) {
			dot = true;
			continue;
		}
		if (c < '0' || c > '9' || *hundredths > 1000000)
			return false;
		if (behind == 2)
			continue;
		behind += dot;
		*hundredths = 10 * *hundredths + (uint64_t)(c - '0');
	}
	for (; behind < 2; behind++)
		*hundredths *= 10;
	return *hundredths <= 10000;
}

static unsigned column_of(const char *line, const struct token *token)
{
	return (unsigned)(token->text - line) + 1;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The counts of a line: its number, four or five numbers, its address. */
struct head {
	uint64_t number, count[SHARES_MAX], address;
	unsigned counts;
};

static bool is_head(const struct reading *reading, struct head *head)
{
	unsigned tokens = reading->tokens;

	if (tokens < 6 || tokens > SHARES_MAX + 2 ||
	    !hexadecimal(&reading->token[tokens - 1], &head->address) ||
	    !whole(&reading->token[0], &head->number))
		return false;
	head->counts = tokens - 2;
	for (unsigned i = 0; i < head->counts; i++) {
		if (!whole(&reading->token[i + 1], &head->count[i]))
			return false;
	}
	return true;
}

static void copy_name(char name[NAME_BYTES], const struct token *token)
{
	size_t length = token->length < NAME_BYTES ? token->length : NAME_BYTES - 1;

	memcpy(name, token->text, length);
	name[length] = '\0';
}

/* "[k] name object file:line": the name, and of the rest what has a colon. */
static void read_names(const struct reading *reading, unsigned at, struct row *row)
{
	const struct token *token = &reading->token[at];

	if (at < reading->tokens && token->length == 3 && token->text[0] == '[') {
		at++;
		token++;
	}
	if (at < reading->tokens)
		copy_name(row->symbol, token);
	for (at++; at < reading->tokens; at++) {
		if (memchr(reading->token[at].text, ':', reading->token[at].length)) {
			copy_name(row->source, &reading->token[at]);
			return;
		}
	}
}

/* Rounded; shares are in hundredths of a per cent. */
static uint64_t part(uint64_t count, uint64_t hundredths)
{
	return (count * hundredths + 5000) / 10000;
}

static bool is_all_digits(const struct token *token)
{
	for (size_t i = 0; i < token->length; i++) {
		if (token->text[i] < '0' || token->text[i] > '9')
			return false;
	}
	return token->length;
}

/* Names do not begin so, but for addresses in their place. */
static bool is_numeric(const struct token *token)
{
	return token->text[0] >= '0' && token->text[0] <= '9';
}

static bool refuse_number(struct reading *reading, const char *line, unsigned at, const char *due)
{
	const struct token *token = &reading->token[at];
	char word[NAME_BYTES], shown[4 * NAME_BYTES + 8];

	copy_name(word, token);
	return refuse(reading, column_of(line, token), "%s is due here, not '%s'", due,
		      text_short(word, NAME_BYTES - 4, shown, sizeof shown));
}

/* From the code's address on: cycles, then records and CPUs, the last two numbers. */
static bool read_counts(struct reading *reading, const char *line, unsigned at, struct row *row)
{
	uint64_t number[TOKENS_MAX];
	unsigned numbers = 0;

	while (at < reading->tokens && whole(&reading->token[at], &number[numbers])) {
		numbers++;
		at++;
	}
	if (at < reading->tokens && is_all_digits(&reading->token[at]))
		return refuse(reading, column_of(line, &reading->token[at]),
			      "no report counts that far");
	if (at < reading->tokens && is_numeric(&reading->token[at]) &&
	    !hexadecimal(&reading->token[at], &number[numbers]))
		return refuse_number(reading, line, at, "a whole number without unit or comma");
	if (numbers < 2)
		return refuse(
			reading, at < reading->tokens ? column_of(line, &reading->token[at]) : 1,
			"records and CPUs of this access are missing: the columns of 'perf c2c report --stdio' are wanted");
	row->records = number[numbers - 2];
	if (!number[numbers - 1] || number[numbers - 1] > 4096)
		return refuse(reading, column_of(line, &reading->token[at - 1]),
			      "an access of %llu CPUs; 1 to 4096 are understood",
			      (unsigned long long)number[numbers - 1]);
	row->cpus = (unsigned)number[numbers - 1];
	read_names(reading, at, row);
	return true;
}

static bool has_percent(const struct token *token)
{
	return memchr(token->text, '%', token->length);
}

/* Counts that do not read as a head's: the rows below would be taken for those of the line before. */
static bool refuse_head(struct reading *reading, const char *line)
{
	uint64_t number;
	unsigned at = 0;

	while (at < reading->tokens && whole(&reading->token[at], &number))
		at++;
	if (at < reading->tokens && is_numeric(&reading->token[at]) &&
	    !hexadecimal(&reading->token[at], &number))
		return refuse_number(reading, line, at, "a whole number without unit or comma");
	return refuse(reading, column_of(line, &reading->token[0]),
		      "a line's number, four or five counts and its address are due here, or shares of them");
}

/* "=====", above and below the title of a table. */
static bool is_rule(const struct token *token)
{
	for (size_t i = 0; i < token->length; i++) {
		if (token->text[i] != '=')
			return false;
	}
	return true;
}

/* A row of shares; false: a wrong one, which is told. */
static bool read_row(struct reading *reading, const char *line, const struct head *head)
{
	struct row row = { 0 };
	uint64_t shares[SHARES_MAX], offset, code;
	unsigned at = 0;

	while (at < reading->tokens && at < SHARES_MAX && share(&reading->token[at], &shares[at]))
		at++;
	if (at < reading->tokens && at < head->counts && has_percent(&reading->token[at]))
		return refuse_number(reading, line, at, "a share of the counts above, like 12.34%,");
	if (at != head->counts)
		return refuse(reading, 1, "%u shares, and %u counts in the line above them", at,
			      head->counts);
	if (at == reading->tokens || !hexadecimal(&reading->token[at], &offset))
		return refuse(reading,
			      at < reading->tokens ? column_of(line, &reading->token[at]) : 1,
			      "an offset like 0x18 is missing behind the shares");
	if (offset >= LINE_SIZE)
		return refuse(reading, column_of(line, &reading->token[at]),
			      "offset %llu of a line of 64 bytes", (unsigned long long)offset);
	for (at++; at < reading->tokens && !hexadecimal(&reading->token[at], &code); at++)
		continue;
	if (at == reading->tokens)
		return refuse(
			reading, 1,
			"the address of the code is missing: perf c2c report prints it with --coalesce iaddr, which is its default");
	row.offset = (unsigned)offset;
	for (unsigned i = 2; i < head->counts; i++)
		row.stores += part(head->count[i], shares[i]);
	if (!read_counts(reading, line, at + 1, &row))
		return false;
	row.loads = row.records > row.stores ? row.records - row.stores : 0;
	if (row.loads < part(head->count[0], shares[0]) + part(head->count[1], shares[1]))
		row.loads = part(head->count[0], shares[0]) + part(head->count[1], shares[1]);
	if (reading->rows == ROWS_MAX)
		return refuse(reading, 1, "more than %d accesses to one line", ROWS_MAX);
	reading->row = xrealloc(reading->row, (reading->rows + 1) * sizeof *reading->row);
	reading->row[reading->rows++] = row;
	return true;
}

/* Rows of the wanted line; `head` gets its counts. false: a mistake, or it is not there. */
static bool read_line(struct reading *reading, unsigned wanted, struct head *found, unsigned *lines)
{
	struct head head, current = { 0 };
	bool inside = false, seen = false, pareto = false;
	const char *line;

	*lines = 0;
	while (!reading->wrong && next_line(reading, &line)) {
		size_t length = (size_t)(reading->at - line);

		if (memmem(line, length, "Distribution Pareto", 19))
			pareto = true;
		if (!pareto || !reading->tokens || *reading->token[0].text == '#')
			continue;
		if (is_rule(&reading->token[0])) {
			/* of the title, or of the next table */
			pareto = !*lines;
			inside = false;
		} else if (is_head(reading, &head)) {
			++*lines;
			current = head;
			inside = head.number == wanted && !seen;
			if (inside) {
				seen = true;
				*found = head;
			}
		} else if (!is_numeric(&reading->token[0])) {
			continue;       /* lines between, chains of calls */
		} else if (!has_percent(&reading->token[0])) {
			refuse_head(reading, line);
		} else if (inside) {
			read_row(reading, line, &current);
		}
	}
	if (reading->wrong)
		return false;
	if (!*lines)
		snprintf(
			reading->why, reading->size,
			"no 'Shared Cache Line Distribution Pareto' with lines in it: this wants the text of 'perf c2c report --stdio'");
	else if (!seen)
		snprintf(reading->why, reading->size, "no line %u among the %u of the report",
			 wanted, *lines);
	else if (!reading->rows)
		snprintf(reading->why, reading->size, "line %u has no accesses", wanted);
	return seen && reading->rows;
}

/* ---- members --------------------------------------------------------------------------------- */

/* The word at an offset: the largest that is aligned and ends before the next one. */
static unsigned word_size(const struct reading *reading, unsigned offset)
{
	unsigned next = LINE_SIZE, size = WORD;

	for (unsigned i = 0; i < reading->rows; i++) {
		if (reading->row[i].offset > offset && reading->row[i].offset < next)
			next = reading->row[i].offset;
	}
	while (offset % size || offset + size > next)
		size /= 2;
	return size;
}

static bool is_accessed(const struct reading *reading, unsigned offset)
{
	for (unsigned i = 0; i < reading->rows; i++) {
		if (reading->row[i].offset == offset)
			return true;
	}
	return false;
}

/* Text of the report in a comment: one line, nothing that a terminal takes for a command. */
static void print_words(FILE *out, const char *text)
{
	char cut[4 * NAME_BYTES + 8];

	fputs(text_short(text, NAME_BYTES - 4, cut, sizeof cut), out);
}

static unsigned print_members(FILE *out, const struct reading *reading)
{
	unsigned members = 0, end = 0;

	fputs("  members:                             # sizes are guesses: the widest word that fits\n",
	      out);
	for (unsigned offset = 0; offset <= LINE_SIZE; offset++) {
		if (offset < LINE_SIZE && !is_accessed(reading, offset))
			continue;
		if (offset > end)
			fprintf(out, "    unknown_0x%02x: {offset: %u, size: %u}\n", end, end,
				offset - end);
		if (offset == LINE_SIZE)
			break;
		end = offset + word_size(reading, offset);
		fprintf(out, "    at_0x%02x: {offset: %u, size: %u}\n", offset, offset,
			end - offset);
		members++;
	}
	return members;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Rows of equally many CPUs are taken for the same CPUs. */
static bool same_group(const struct row *a, const struct row *b)
{
	return a->cpus == b->cpus;
}

static bool is_first(const struct reading *reading, unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		if (same_group(&reading->row[i], &reading->row[at]))
			return false;
	}
	return true;
}

static uint64_t most_per_cpu(const struct reading *reading)
{
	uint64_t most = 1;

	for (unsigned i = 0; i < reading->rows; i++) {
		const struct row *row = &reading->row[i];
		uint64_t loads = row->loads / row->cpus, stores = row->stores / row->cpus;

		most = loads > most ? loads : most;
		most = stores > most ? stores : most;
	}
	return most;
}

/* A share of the most frequent access, for a list of accesses: at least one in a million. */
static void print_rate(FILE *out, uint64_t count, uint64_t most)
{
	uint64_t millionths = count >= most ? 1000000 : count * 1000000 / most;

	millionths = millionths ? millionths : 1;
	if (millionths < 1000000)
		fprintf(out, " 0.%06" PRIu64, millionths);
}

static void print_access(FILE *out, const struct row *row, uint64_t most)
{
	uint64_t count = row->loads + row->stores;
	/* loads and stores at one place of the code: an instruction that does both */
	const char *kind = row->loads && row->stores ? "add" : row->stores ? "store" : "load";

	if (row->loads && row->stores)
		count = row->loads > row->stores ? row->loads : row->stores;
	fprintf(out, "      - %s at_0x%02x", kind, row->offset);
	print_rate(out, count / row->cpus, most);
	fprintf(out, "%*s# ", 4, "");
	print_words(out, row->symbol);
	fputc(' ', out);
	print_words(out, row->source);
	fprintf(out, ": %" PRIu64 " loads, %" PRIu64 " stores sampled\n", row->loads, row->stores);
}

static unsigned print_groups(FILE *out, const struct reading *reading, unsigned *cpus)
{
	uint64_t most = most_per_cpu(reading);
	unsigned groups = 0;

	*cpus = 0;
	fputs("  threads:                             # which CPUs did what is a guess, see above\n",
	      out);
	for (unsigned i = 0; i < reading->rows; i++) {
		const struct row *first = &reading->row[i];

		if (!is_first(reading, i))
			continue;
		fprintf(out, "    on_%u_cpus:\n      cpus: %u\n      loop:\n", first->cpus,
			first->cpus);
		for (unsigned j = i; j < reading->rows; j++) {
			const struct row *row = &reading->row[j];

			if (same_group(first, row) && row->loads + row->stores)
				print_access(out, row, most);
		}
		*cpus += first->cpus;
		groups++;
	}
	return groups;
}

/* ---- the experiment -------------------------------------------------------------------------- */

static const char *machine_for(unsigned cpus)
{
	return cpus <= 32 ? "cascade-2s" : cpus <= 128 ? "rome-2s" : "uv-1024";
}

static void print_doubts(FILE *out, const char *origin, const struct head *head)
{
	fprintf(out, "# Line %" PRIu64 " (0x%" PRIx64 ") of a perf c2c report, ", head->number,
		head->address);
	print_words(out, origin);
	fputs(".\n#\n"
	      "# What the report does not say, and what stands here instead:\n"
	      "# - how often: it samples, loads only if they took long, and loads and stores at rates\n"
	      "#   that have nothing to do with each other. Rates here are shares of the samples.\n"
	      "# - stores have no latency there; compare hitm loads, not cycles.\n"
	      "# - which CPUs: only how many. Accesses of equally many are taken for the same CPUs,\n"
	      "#   others for different ones.\n"
	      "# - what lies where: members are called by their offsets. Put in the struct's own\n"
	      "#   ('layout: NAME.pahole' instead of 'members'), and its names into the lists.\n"
	      "# - a place of the code with loads and stores is taken for one LOCK operation ('add').\n"
	      "# - what the CPUs do in between: 'work_cycles'; which machine it was.\n",
	      out);
}

static bool has_samples(const struct reading *reading)
{
	for (unsigned i = 0; i < reading->rows; i++) {
		bool any = false;

		for (unsigned j = 0; j < reading->rows; j++)
			any |= same_group(&reading->row[i], &reading->row[j]) &&
			       reading->row[j].loads + reading->row[j].stores;
		if (!any)
			return false;
	}
	return true;
}

/* "file.c2c.txt" gives "file-line-0": lines of two reports are two experiments. */
static void print_name(FILE *out, const char *origin, const struct head *head)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length = strcspn(origin, ".");

	if (!length || !strchr(letters, *origin)) {
		fputs("name: c2c", out);
	} else {
		fputs("name: ", out);
		for (size_t i = 0; i < length && i < STEM_BYTES; i++)
			fputc(strchr(letters, origin[i]) || origin[i] == '_' ? origin[i] : '-', out);
	}
	fprintf(out, "-line-%" PRIu64 "\n", head->number);
}

static bool print_experiment(FILE *out, const struct reading *reading, const struct head *head,
			     const char *origin, struct c2c_summary *summary)
{
	char *groups;
	size_t length;
	FILE *later = open_memstream(&groups, &length);

	if (!later)
		xalloc_failed(0);
	summary->groups = print_groups(later, reading, &summary->cpus);
	if (fclose(later))
		xalloc_failed(length);
	if (summary->cpus <= 1024) {
		print_doubts(out, origin, head);
		print_name(out, origin, head);
		fprintf(out, "machine: %s\nplacement: scatter\ncpus: %u\n",
			machine_for(summary->cpus), summary->cpus);
		fputs("workload:\n  kind: struct\n  struct_name: line\n", out);
		summary->members = print_members(out, reading);
		fputs("  work_cycles: 500\n", out);
		fputs(groups, out);
		fputs("operations: 20000\nwarmup: 2000\nrepeat: 5\n", out);
	}
	free(groups);
	return summary->cpus <= 1024;
}

bool c2c_convert(const char *text, size_t length, unsigned wanted, const char *origin, FILE *out,
		 struct c2c_summary *summary, char *why, size_t size)
{
	struct reading reading = { .at = text, .end = text + length, .why = why, .size = size };
	struct head head = { 0 };
	bool good;

	*why = '\0';
	*summary = (struct c2c_summary){ .line = wanted };
	good = read_line(&reading, wanted, &head, &summary->lines);
	if (good && !has_samples(&reading)) {
		snprintf(why, size, "line %u has accesses without a sample", wanted);
		good = false;
	}
	if (good && !print_experiment(out, &reading, &head, origin, summary)) {
		snprintf(why, size,
			 "line %u is of %u CPUs in all; no machine here has more than 1024", wanted,
			 summary->cpus);
		good = false;
	}
	summary->rows = reading.rows;
	for (unsigned i = 0; i < reading.rows; i++)
		summary->records += reading.row[i].records;
	free(reading.row);
	return good;
}
