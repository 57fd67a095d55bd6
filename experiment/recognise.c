/*
 * By its first bytes, its first line that is no comment, its keys.
 */
#include "experiment/recognise.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "experiment/file.h"
#include "experiment/schema.h"
#include "sim/machine.h"

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
	START("# bounce ", "these are results as CSV; 'bounce report FOLDER' shows them, and experiment.yaml beside them runs again"),
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

static const char *kind_of_line(const char *line, size_t length)
{
	static const char *const events[] = { "kmem:",	      "kmalloc: ",     "kfree: ",
					      "kmem_cache_",  "mm_page_alloc", "mm_page_free" };

	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		if (has(line, length, events[i]))
			return "this is a recording of the kernel's events; 'bounce import FILE -o x.trace' makes a trace of it";
	}
	if (is_litmus(line, length))
		return "this is a litmus test; 'bounce litmus FILE' runs it";
	if (is_section(line, length))
		return "this is INI or TOML; an experiment is YAML without sections in brackets: 'cpus: 2' on a line of its own";
	if (is_assignment(line, length))
		return "this is 'key = value'; an experiment is YAML: 'key: value', with a colon and a blank";
	if (*line == '<')
		return "this is XML or HTML; an experiment is YAML: 'key: value'";
	if (has(line, length, ",") && !has(line, length, ":") && !strchr("{[-", *line))
		return "this is CSV; an experiment is YAML: 'key: value'";
	return NULL;
}

bool recognise_text(struct diagnostics *diagnostics, const struct document *source)
{
	struct place place = { source, 0, 0 };
	unsigned number;
	size_t length;

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		if (source->length < starts[i].length ||
		    memcmp(source->text, starts[i].bytes, starts[i].length))
			continue;
		mistake(diagnostics, place, "%s", starts[i].told);
		return true;
	}

	const char *line = first_line(source, &number, &length);
	const char *told = line ? kind_of_line(line, length) : NULL;

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

bool recognise_tree(struct diagnostics *diagnostics, const struct document *source,
		    const struct yaml *root, const char *const *known)
{
	const struct yaml *id = yaml_find(root, "id");
	size_t keys = 0;

	for (; *known; known++)
		keys += yaml_find(root, *known) != NULL;
	if (!yaml_find(root, "machine") && !yaml_find(root, "workload") &&
	    machine_keys(root) > 1) {
		bool named = id && id->kind == YAML_VALUE;

		mistake(diagnostics, (struct place){ source, 0, 0 },
			"this is a machine; an experiment names it, 'machine: %.100s', beside cpus and workload",
			named && strstr(source->name, "configs/machines/") ? id->text
									   : source->name);
		return true;
	}
	if (keys || !root->count)
		return false;
	mistake(diagnostics, root->key[0]->place,
		"none of the keys here is one of an experiment, which has name, machine, cpus, workload and more; configs/remote-free.yaml is a small one");
	return true;
}

const char *recognise_folder(const char *path, char *buf, size_t size)
{
	char inside[4096];
	struct stat is;

	*buf = '\0';
	if (stat(path, &is) || !S_ISDIR(is.st_mode))
		return buf;
	snprintf(inside, sizeof inside, "%.4000s/index", path);
	if (stat(inside, &is) == 0)
		snprintf(buf, size,
			 "this is a folder of results; 'bounce report' shows it, and its experiment.yaml runs again");
	else
		snprintf(buf, size, "this is a folder; an experiment is a YAML file");
	return buf;
}
