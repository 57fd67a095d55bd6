/* Verbs in processes of their own, folders that go away. */
#include "tests/cli_fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "experiment/data.h"
#include "experiment/file.h"
#include "experiment/machine_file.h"
#include "experiment/terminal.h"
#include "sim/verbs/xalloc.h"

static int dispatch(int count, char **arguments)
{
	const struct verb *verb = verb_find(arguments[0]);

	return verb ? verb->run(count, arguments) : 127;
}

static _Noreturn void be_cli(const char *const *arguments, FILE *out, FILE *err)
{
	char text[32][1024], *copy[33] = { NULL };
	int count = 0;

	/* a verb may change its arguments */
	for (; arguments[count] && count < 32; count++) {
		snprintf(text[count], sizeof text[count], "%s", arguments[count]);
		copy[count] = text[count];
	}
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	terminal_guard();

	int status = dispatch(count, copy);

	fflush(NULL);
	_exit(status);
}

static char *slurp(FILE *file)
{
	size_t length = 0, room = 1 << 20;
	char *text = xalloc(room);

	rewind(file);
	length = fread(text, 1, room - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

struct output run_cli(const char *const *arguments)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status = 0;

	assert_non_null(out);
	assert_non_null(err);
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0)
		be_cli(arguments, out, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return (struct output){
		.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		.out = slurp(out), .err = slurp(err),
	};
}

void output_free(struct output *output)
{
	free(output->out);
	free(output->err);
}

void enter_source_tree(void)
{
	char path[4096];

	assert_true(data_file("tests/mistakes", path, sizeof path));
	*strstr(path, "tests/mistakes") = '\0';
	assert_int_equal(chdir(path), 0);
}

char *folder_new(void)
{
	const char *where = getenv("TMPDIR");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/bounce-test-XXXXXX", where && *where ? where : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

void folder_free(char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(folder);
}

int watch_folder(const char *path)
{
	char *above = xstrdup(path);
	int watch = inotify_init1(IN_CLOEXEC);

	for (char *slash = strchr(above + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(above, 0777);
		*slash = '/';
	}
	mkdir(above, 0777);
	free(above);
	assert_true(watch >= 0);
	assert_true(inotify_add_watch(watch, path, IN_MOVED_TO) >= 0);
	return watch;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return length >= end && !strcmp(name + length - end, suffix);
}

void watch_wait(int watch, const char *suffix)
{
	_Alignas(struct inotify_event) char events[4096];
	bool found = false;

	while (!found) {
		ssize_t length = read(watch, events, sizeof events);

		assert_true(length > 0);
		for (const char *at = events; at < events + length && !found;) {
			const struct inotify_event *event = (const void *)at;

			found = event->len && ends_in(event->name, suffix);
			at += sizeof *event + event->len;
		}
	}
	close(watch);
}

char *read_text(const char *path)
{
	size_t length;
	char *text = file_read(path, 1 << 26, &length);

	if (!text)
		fail_msg("cannot read %s", path);
	return text;
}

void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Without variation: tests add latencies up. */
struct machine load_machine(const char *name)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct machine machine;

	if (!machine_load(name, diagnostics, &machine)) {
		diagnostics_print(diagnostics, stderr, false);
		fail_msg("machine %s", name);
	}
	diagnostics_free(diagnostics);
	machine.service_jitter_percent = 0;
	return machine;
}
