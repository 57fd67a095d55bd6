/* Allocators that are loaded: see plugin.h. */
#include "experiment/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment/data.h"
#include "experiment/file.h"
#include "experiment/keys.h"
#include "experiment/sha256.h"
#include "experiment/text.h"
#include "models/allocator.h"
#include "models/model.h"
#include "models/own/own.h"
#include "sim/verbs/backend.h"
#include "sim/verbs/xalloc.h"

enum { COMMAND_BYTES = 4400, NAME_MAX_BYTES = 40 };

/* Loaded ones; they stand still when experiments are read. */
static const char *loaded[OWN_MAX + 1];

const char *plugin_name(size_t i)
{
	return i < OWN_MAX ? loaded[i] : NULL;
}

const char *plugin_command(char *buf, size_t size)
{
	static const char header[] = "models/allocator.h";
	char path[4096], *whole = NULL;

	if (data_file(header, path, sizeof path))
		whole = realpath(path, NULL);
	if (whole && strlen(whole) > sizeof header)
		whole[strlen(whole) - sizeof header] = '\0';

	char *word = text_shell_word(whole ? whole : "FOLDER-OF-HEADERS");

	snprintf(buf, size, "cc -O2 -g -Wall -shared -fPIC -DBOUNCE_PLUGIN -I %s -o mine.so mine.c", word);
	free(word);
	free(whole);
	return buf;
}

static bool wrong(char *why, size_t size, const char *path, const char *what, bool build_again)
{
	char command[COMMAND_BYTES];

	snprintf(why, size, "%s: %s%s%s", path, what, build_again ? "; build it with: " : "",
		 build_again ? plugin_command(command, sizeof command) : "");
	return false;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* Small letters, digits and '-', a letter first: a word of experiments. */
static bool is_word(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t length = name ? strlen(name) : 0;

	return length && length <= NAME_MAX_BYTES && strspn(name, letters) == length &&
	       name[0] >= 'a' && name[0] <= 'z';
}

/* Is it a key of experiments, or some model's name? */
static bool is_taken(const char *name)
{
	struct keys *keys = keys_new();
	bool taken = false;

	for (const struct setting *s = keys_table(keys); s->key; s++)
		taken = taken || !strcmp(s->key, name);
	keys_free(keys);
	return taken || !strcmp(name, "none") || object_allocator_find(name) ||
	       page_allocator_find(name);
}

static bool settings_fit(const struct allocator *allocator)
{
	if (!allocator->settings)
		return true;
	for (const struct setting *s = allocator->settings; s->key; s++)
		if (!s->help || s->offset + sizeof(int) > allocator->settings_size)
			return false;
	return true;
}

/* What is missing or wrong, NULL: nothing. */
static const char *what_is_wrong(const struct allocator *a, char *text, size_t size)
{
	if (!is_word(a->name)) {
		snprintf(text, size,
			 "its name is 1 to %d small letters, digits and '-', with a letter first",
			 NAME_MAX_BYTES);
		return text;
	}
	if (is_taken(a->name)) {
		snprintf(text, size, "its name, '%s', is taken; give it another", a->name);
		return text;
	}
	if (!a->summary)
		return "it has no .summary";
	if (!a->alloc || !a->free || !a->check)
		return "an allocator has .alloc, .free and .check";
	if (!a->cache || !a->cache->size || !a->cache->name)
		return "it has no .cache: the layout of the struct that each cache has";
	if (a->cpu && (!a->cpu->size || !a->cpu->name))
		return "its .cpu is no layout of a struct";
	if (!settings_fit(a))
		return "a setting has no .help, or lies outside of .settings_size";
	return NULL;
}

/* ---- ends -------------------------------------------------------------------------------------- */

/* Whose code runs: that of a file which is being loaded (its path), or of one that was. */
static const char *loading;
static bool running;

/* To whom the end of this process is announced (plugin_watch); -1: to nobody. */
static int watcher = -1;

static void announce_end(void)
{
	if (watcher >= 0 && write(watcher, "", 1) < 0)
		_exit(EXIT_FAILURE);
}

/* exit() of an allocator would be taken for a run that went well. Own exits after mistakes have told
 * why, with EXIT_FAILURE. */
static void judge_end(int status, void *unused)
{
	(void)unused;
	announce_end();
	if (!loading && (!running || status == EXIT_FAILURE))
		return;
	fprintf(stderr, "bounce: %s called exit(%d): an allocator does not end the program\n",
		loading ? loading : loaded[0] ? loaded[0] : "an allocator", status);
	_exit(EXIT_FAILURE);
}

void plugin_running(bool is)
{
	running = is && loaded[0];
}

/* Who watches passes on what ends a program, but not what a terminal sends to both. */
static volatile sig_atomic_t watched;

static void pass_on(int number)
{
	kill((pid_t)watched, number);
}

static _Noreturn void watch(pid_t child, int end)
{
	char announced;
	int status;

	watched = (sig_atomic_t)child;
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = pass_on }, NULL);
	sigaction(SIGHUP, &(struct sigaction){ .sa_handler = pass_on }, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
		_exit(EXIT_FAILURE);
	}
	if (read(end, &announced, 1) == 1)
		_exit(WEXITSTATUS(status));
	fprintf(stderr,
		"bounce: the process ended before its work did, with status %d: an allocator does not "
		"end the program\n",
		WEXITSTATUS(status));
	_exit(EXIT_FAILURE);
}

/*
 *	bounce --- fork() --- the same, which loads the allocator and goes on
 *	   |                      |
 *	 waits                    | exit: announces its end     _exit() in the allocator: does not
 *	   +----- status ---------+---------------------------------+
 */
void plugin_watch(void)
{
	pid_t parent = getpid(), child;
	int ends[2];

	if (watcher >= 0 || pipe2(ends, O_CLOEXEC))
		return;
	fflush(NULL);
	child = fork();
	if (child > 0) {
		close(ends[1]);
		watch(child, ends[0]);
	}
	close(ends[0]);
	if (child < 0) {
		close(ends[1]);
		return;
	}
	watcher = ends[1];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

/* ---- files ------------------------------------------------------------------------------------- */

static bool is_read(FILE *file, uint64_t offset, void *to, size_t bytes)
{
	return fseeko(file, (off_t)offset, SEEK_SET) == 0 && fread(to, bytes, 1, file) == 1;
}

/* Does the file end before what is to be mapped of it, as after a full disk? The loader would touch
 * what is not there. What is no such file at all is the loader's to tell. */
static bool is_cut(const char *path)
{
	FILE *file = file_open(path);
	struct stat stat;
	Elf64_Ehdr head;
	bool cut = false;

	if (!file)
		return false;
	if (fstat(fileno(file), &stat) == 0 && is_read(file, 0, &head, sizeof head) &&
	    !memcmp(head.e_ident, ELFMAG, SELFMAG) && head.e_ident[EI_CLASS] == ELFCLASS64)
		for (unsigned i = 0; !cut && i < head.e_phnum; i++) {
			Elf64_Phdr part;
			uint64_t bytes = (uint64_t)stat.st_size;

			cut = head.e_phoff > bytes ||
			      !is_read(file, head.e_phoff + i * sizeof part, &part, sizeof part) ||
			      part.p_offset > bytes || part.p_filesz > bytes - part.p_offset;
		}
	fclose(file);
	return cut;
}

/* The shared object's own description; NULL: the reason in `why`. */
static const struct plugin *open_plugin(const char *path, const char *shown, char *why, size_t size)
{
	const struct plugin *plugin;
	const char *error, *undefined;
	char text[300];
	void *object;

	if (is_cut(path)) {
		wrong(why, size, shown, "the file is cut: it ends before its code does", true);
		return NULL;
	}
	loading = shown;                /* its constructors run */
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	loading = NULL;
	plugin = object ? dlsym(object, "bounce_plugin") : NULL;
	if (!object) {
		error = dlerror();
		undefined = strstr(error, "undefined symbol: ");
		snprintf(text, sizeof text, "%.120s%s",
			 undefined ? undefined : "it cannot be loaded: ",
			 undefined ? " (not among the verbs of models/allocator.h)" : error);
		wrong(why, size, shown, text, !undefined);
		return NULL;
	}
	if (!plugin) {
		wrong(why, size, shown,
		      "no allocator in it: the source ends with BOUNCE_ALLOCATOR(name)", true);
		return NULL;
	}
	if (plugin->abi != PLUGIN_ABI || plugin->table_bytes != sizeof(struct verb_table)) {
		snprintf(text, sizeof text, "built for interface %u, and this bounce has %d",
			 plugin->abi, PLUGIN_ABI);
		wrong(why, size, shown, text, true);
		return NULL;
	}
	return plugin;
}

/* Into the registries of all backends; strings stay the registries' then. */
static bool adopt(const struct plugin *plugin, const char *whole, const char *content)
{
	const struct backend *const backends[] = { &backend_explored, &backend_native };
	size_t at = 0;

	if (!object_allocator_load(plugin, whole, content))
		return false;
	for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
		if (!backends[i]->adopt(plugin, whole, content))
			return false;
	while (loaded[at])
		at++;
	loaded[at] = plugin->allocator->name;
	return true;
}

static bool load_file(const char *path, const char *whole, const char *content, char *why,
		      size_t size)
{
	const struct plugin *plugin = open_plugin(whole, path, why, size);
	const char *problem;
	char text[160];

	if (!plugin)
		return false;
	problem = what_is_wrong(plugin->allocator, text, sizeof text);
	if (problem)
		return wrong(why, size, path, problem, false);
	if (adopt(plugin, whole, content))
		return true;
	snprintf(text, sizeof text, "more than %d allocators", OWN_MAX);
	return wrong(why, size, path, text, false);
}

/* Results are kept under the hash of what was loaded: was it that file? */
static bool is_still(const char *path, const char *content, char *why, size_t size)
{
	char now[SHA256_HEX_BYTES];

	if (!file_hash(path, now, why, size))
		return false;
	return !strcmp(now, content) ||
	       wrong(why, size, path, "the file was replaced while it was loaded; try again", false);
}

bool plugin_load(const char *path, char *why, size_t size)
{
	char content[SHA256_HEX_BYTES], *whole, *kept;
	static bool judged;

	if (!judged && on_exit(judge_end, NULL) != 0)
		xalloc_failed(sizeof judged);
	judged = true;

	if (ends_in(path, ".c"))
		return wrong(why, size, path, "that is source", true);
	if (!file_hash(path, content, why, size))
		return false;
	whole = realpath(path, NULL);
	if (!whole)
		return wrong(why, size, path, file_problem(errno), false);
	kept = xstrdup(content);
	if (load_file(path, whole, kept, why, size) && is_still(path, content, why, size))
		return true;
	free(whole);
	free(kept);
	return false;
}
