/*
 * By its first bytes, its first line that is no comment, its keys.
 */
#include "experiment/recognise.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "experiment/data.h"
#include "experiment/shipped.h"
#include "experiment/schema.h"
#include "sim/machine.h"

enum { HEAD_BYTES = 4096 };     /* of a file: what it is shows there */

struct start {
	const char *bytes;
	size_t length;
	const char *told;
};

#define START(bytes, told) { bytes, sizeof bytes - 1, told }

/* clang-format off */
/* First bytes of files that are no YAML. */
static const struct start starts[] = {
	START("bouncetr", "this is a trace made by 'bounce import'; an experiment plays it: workload: {kind: replay, trace: FILE}"),
	START("bounce-point", "this is a point of a results folder; 'bounce report FOLDER' shows it"),
	START("bounce-index", "this is the index of a results folder; 'bounce report FOLDER' shows it"),
	START("{\"type\":", "these are results as JSON lines; 'bounce report FOLDER' shows them, and experiment.yaml beside them runs again"),
	START("PERFILE2", "this is a recording of perf; 'perf script' makes text of it, and 'bounce import' a trace of that"),
	START("\x17\x08\x44tracing", "this is a recording of trace-cmd; 'trace-cmd report' makes text of it, and 'bounce import' a trace of that"),
	START("# tracer:", "this is a recording of ftrace; 'bounce import FILE -o x.trace' makes a trace of it"),
	START("\x1f\x8b", "this is compressed: gunzip it first"),
	START("\xfd" "7zXZ", "this is compressed: unxz it first"),
	START("\x28\xb5\x2f\xfd", "this is compressed: unzstd it first"),
	START("BZh", "this is compressed: bunzip2 it first"),
	START("PK\x03\x04", "this is compressed: unzip it first"),
	START("\x7f" "ELF", "this is a program; an experiment is a YAML file"),
	START("\x89PNG", "this is a picture; an experiment is a YAML file"),
	START("%PDF", "this is a document; an experiment is a YAML file"),
	START("#!", "this is a script; an experiment is a YAML file"),
	START("\xff\xfe", "this is UTF-16: 'iconv -f UTF-16 -t UTF-8' makes UTF-8 of it"),
	START("\xfe\xff", "this is UTF-16: 'iconv -f UTF-16 -t UTF-8' makes UTF-8 of it"),
};
/* clang-format on */

/* The first line with more than a comment: where it begins, its number. */
static const char *first_line(const struct document *source, unsigned *number, size_t *length)
{
	const char *at = source->text, *end = at + source->length;

	for (*number = 1; at < end; ++*number) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t blanks = 0;

		stop = stop ? stop : end;
		while (at + blanks < stop && isspace((unsigned char)at[blanks]))
			blanks++;
		*length = (size_t)(stop - at);
		if (at + blanks < stop && !strchr("#;%", at[blanks]) && strncmp(at, "---", 3) != 0)
			return at;
		at = stop < end ? stop + 1 : end;
	}
	return NULL;
}

static bool has(const char *line, size_t length, const char *text)
{
	return memmem(line, length, text, strlen(text));
}

/* "[global]", and a list of YAML is none: its values are told apart by commas. */
static bool is_section(const char *line, size_t length)
{
	while (length && isspace((unsigned char)line[length - 1]))
		length--;
	return length > 2 && *line == '[' && line[length - 1] == ']' && !memchr(line, ',', length);
}

/* "numjobs=4", "cpus = 2": a word and a sign, where YAML has a colon. */
static bool is_assignment(const char *line, size_t length)
{
	size_t word = 0;

	while (word < length && (isalnum((unsigned char)line[word]) || strchr("_.-", line[word])))
		word++;

	size_t sign = word;

	while (sign < length && line[sign] == ' ')
		sign++;
	return word > 0 && sign < length && line[sign] == '=';
}

static bool is_litmus(const char *line, size_t length)
{
	static const char *const machines[] = { "X86 ", "X86_64 ", "AArch64 ", "ARM ", "PPC ",
						"RISCV ", "C ", "LISA ", "MIPS " };

	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		size_t name = strlen(machines[i]);

		if (length > name && !strncmp(line, machines[i], name) &&
		    !memchr(line, ':', length))
			return true;
	}
	return false;
}

/* A sentence: words, and no sign of YAML, nor commas without a blank as in CSV. */
static bool is_prose(const char *line, size_t length)
{
	enum { WORDS = 5 };
	size_t words = 1;

	for (size_t i = 0; i + 1 < length; i++) {
		bool blank = line[i + 1] == ' ';

		if (line[i] == ':' || (line[i] == ',' && !blank))
			return false;
		words += line[i] != ' ' && blank;
	}
	return words >= WORDS && (isalpha((unsigned char)*line) || strchr("*_`>", *line));
}

static bool has_events(const char *text, size_t length)
{
	static const char *const events[] = { "kmem:",	     "kmalloc: ",     "kfree: ",
					      "kmem_cache_", "mm_page_alloc", "mm_page_free" };

	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		if (has(text, length, events[i]))
			return true;
	}
	return false;
}

/* `rest`: from the line on, some of what follows. */
static const char *kind_of_line(const char *line, size_t length, size_t rest)
{
	/* trace-cmd begins with "cpus=8" */
	if (has_events(line, length) || (is_assignment(line, length) && has_events(line, rest)))
		return "this is a recording of the kernel's events; 'bounce import FILE -o x.trace' makes a trace of it";
	if (is_litmus(line, length))
		return "this is a litmus test; 'bounce litmus FILE' runs it";
	if (is_section(line, length))
		return "this is INI or TOML; an experiment is YAML without sections in brackets: 'cpus: 2' on a line of its own";
	if (is_assignment(line, length))
		return "this is 'key = value'; an experiment is YAML: 'key: value', with a colon and a blank";
	if (*line == '<')
		return "this is XML or HTML; an experiment is YAML: 'key: value'";
	if (is_prose(line, length))
		return "this is text for people; an experiment is YAML: 'key: value'";
	if (has(line, length, ",") && !has(line, length, ":") && !strchr("{[-", *line))
		return "this is CSV; an experiment is YAML: 'key: value'";
	return NULL;
}

static bool starts_with(const char *text, const char *end, const char *start)
{
	size_t length = strlen(start);

	return (size_t)(end - text) >= length && !memcmp(text, start, length);
}

/* "# bounce VERSION", "# experiment NAME sha256 HASH": a comment of somebody's own may begin so. */
static bool is_results(const struct document *source)
{
	static const char first[] = "# bounce ", second[] = "\n# experiment ";
	const char *stop = memchr(source->text, '\n', source->length);

	return stop && starts_with(source->text, stop, first) &&
	       starts_with(stop, source->text + source->length, second);
}

bool recognise_text(struct diagnostics *diagnostics, const struct document *source)
{
	struct place place = { source, 0, 0 };
	unsigned number;
	size_t length;

	if (is_results(source)) {
		mistake(diagnostics, place,
			"these are results as CSV; 'bounce report FOLDER' shows them, and experiment.yaml beside them runs again");
		return true;
	}
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		if (source->length < starts[i].length ||
		    memcmp(source->text, starts[i].bytes, starts[i].length))
			continue;
		mistake(diagnostics, place, "%s", starts[i].told);
		return true;
	}

	const char *line = first_line(source, &number, &length);
	size_t rest = line ? (size_t)(source->text + source->length - line) : 0;
	const char *told =
		line ? kind_of_line(line, length, rest < HEAD_BYTES ? rest : HEAD_BYTES) : NULL;

	if (!told)
		return false;
	place.line = number;
	place.column = 1;
	mistake(diagnostics, place, "%s", told);
	return true;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* Keys that no experiment has: two of them make a machine. */
static size_t machine_keys(const struct yaml *root)
{
	size_t count = 0;

	for (const struct setting *setting = machine_settings; setting->key; setting++)
		count += strcmp(setting->key, "title") && yaml_find(root, setting->key);
	return count;
}

static size_t experiment_keys(const struct yaml *root, const struct keys *keys)
{
	const char *const *model = keys_models(keys);
	size_t count = 0;

	for (const struct setting *setting = keys_table(keys); setting->key; setting++)
		count += yaml_find(root, setting->key) != NULL;
	for (; *model; model++)
		count += yaml_find(root, *model) != NULL;
	return count;
}

bool recognise_tree(struct diagnostics *diagnostics, const struct document *source,
		    const struct yaml *root, const struct keys *keys)
{
	const struct yaml *id = yaml_find(root, "id");
	bool shipped = id && id->kind == YAML_VALUE && strstr(source->name, "configs/machines/");

	if (!yaml_find(root, "machine") && !yaml_find(root, "workload") && machine_keys(root) > 1) {
		mistake(diagnostics, (struct place){ source, 0, 0 },
			"this is a machine; an experiment names it, 'machine: %.200s', beside cpus and workload",
			shipped ? id->text : source->name);
		return true;
	}
	if (!root->count || experiment_keys(root, keys))
		return false;
	mistake(diagnostics, root->key[0]->place,
		"none of the keys here is one of an experiment, which has name, machine, cpus, workload and more; configs/remote-free.yaml is a small one");
	return true;
}

static bool exists(const char *path, const char *below)
{
	char inside[4096];
	struct stat is;
	int length = snprintf(inside, sizeof inside, "%s%s", path, below);

	return length > 0 && (size_t)length < sizeof inside && stat(inside, &is) == 0;
}

const char *recognise_path(const char *path, char *buf, size_t size)
{
	char file[300], found[4096];

	*buf = '\0';
	if (exists(path, "/index"))
		snprintf(buf, size, "; a folder of results: 'bounce report' shows it");
	else if (exists(path, "/."))
		snprintf(buf, size, "; an experiment is a YAML file");
	else if (exists(path, ".yaml"))
		snprintf(buf, size, "; did you mean '%.200s.yaml'?", path);
	if (*buf || strchr(path, '/') || strlen(path) > 200)
		return buf;
	snprintf(file, sizeof file, "configs/%s%s", path, strstr(path, ".yaml") ? "" : ".yaml");
	if (data_file(file, found, sizeof found))
		snprintf(buf, size, "; did you mean '%.200s'?", file);
	else if (shipped_nearest(path, file, sizeof file))
		snprintf(buf, size, "; did you mean '%.200s'? ('bounce list experiments' shows all)",
			 file);
	return buf;
}
