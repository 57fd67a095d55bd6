/*
 * From points to figures: data and script are written, gnuplot draws from them alone.
 */
#include "experiment/plots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment/data.h"

enum { TITLE_CHARACTERS = 95 };        /* as many as fit across a figure */

/* ---- the script ----------------------------------------------------------------------------- */

void gnuplot_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

/* Breaks a long title in two lines of about the same length. */
static void wrap(char *title)
{
	size_t length = strlen(title), at = length / 2;

	if (length <= TITLE_CHARACTERS)
		return;
	at += strcspn(title + at, " ");
	if (at < length)
		title[at] = '\n';
}

/* "remote-free   seeds 1 to 5   bounce 0.3   experiment 9b1cff00" */
static void footer(const struct points *points, char *buf, size_t size)
{
	uint64_t least = UINT64_MAX, most = 0;
	char missing[64] = "";

	for (size_t i = 0; i < points->count; i++) {
		least = points->point[i]->seed < least ? points->point[i]->seed : least;
		most = points->point[i]->seed > most ? points->point[i]->seed : most;
	}
	if (points->count < points->expected)
		snprintf(missing, sizeof missing, "   incomplete: %zu of %zu points", points->count,
			 points->expected);

	int used = snprintf(buf, size, "%.200s   ", points->name);

	used += least == most ? snprintf(buf + used, size - (size_t)used, "seed %" PRIu64, least)
			      : snprintf(buf + used, size - (size_t)used,
					 "seeds %" PRIu64 " to %" PRIu64, least, most);
	snprintf(buf + used, size - (size_t)used, "   bounce %.80s   experiment %.8s%s",
		 points->version, points->hash, missing);
}

static bool copy_script(FILE *out, const char *name, char *why, size_t size)
{
	char path[4096], inside[80];
	FILE *in;
	int c;

	snprintf(inside, sizeof inside, "plots/%s.gp", name);
	if (!data_file(inside, path, sizeof path) || !(in = fopen(path, "r"))) {
		snprintf(why, size, "%s: not found; it belongs to bounce", inside);
		return false;
	}
	putc('\n', out);
	while ((c = getc(in)) != EOF)
		putc(c, out);
	fclose(in);
	return true;
}

static bool write_script(const char *directory, const char *name, struct drawing *drawing,
			 const char *head, char *why, size_t size)
{
	char *script, file[80], foot[512];
	size_t length;
	FILE *out = text_open(&script, &length);
	const struct { const char *name, *text; } texts[] = {
		{ "figure", name }, { "title", drawing->title }, { "subtitle", drawing->subtitle },
		{ "footer", foot }, { "xlabel", drawing->xlabel },
	};

	wrap(drawing->title);
	footer(drawing->points, foot, sizeof foot);
	fprintf(out, "# Draws %s.svg and %s.png from %s.csv:  gnuplot %s.gp\n", name, name, name,
		name);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		fprintf(out, "%s = ", texts[i].name);
		gnuplot_string(out, texts[i].text);
		putc('\n', out);
	}
	fputs(head, out);

	bool ok = copy_script(out, "style", why, size) &&
		  copy_script(out, drawing->script, why, size) &&
		  copy_script(out, "draw", why, size);

	text_close(out);
	snprintf(file, sizeof file, "%s.gp", name);
	ok = ok && file_write(directory, file, script, length, why, size);
	free(script);
	return ok;
}

/* ---- gnuplot ---------------------------------------------------------------------------------- */

enum { NO_GNUPLOT = 127 };

static void child(const char *directory, const char *script, int errors)
{
	if (dup2(errors, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0 ||
	    chdir(directory) < 0)
		_exit(1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("GNUTERM");
	execlp("gnuplot", "gnuplot", "-d", script, (char *)NULL);
	_exit(errno == ENOENT ? NO_GNUPLOT : 1);
}

/* What gnuplot says last that is no warning: its errors end with the reason. */
static void read_complaint(int from, char *text, size_t size)
{
	FILE *in = fdopen(from, "r");
	char line[512];

	*text = '\0';
	while (in && fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t^")] && !strstr(line, "warning"))
			snprintf(text, size, "%s", line);
	}
	if (in)
		fclose(in);
}

static bool run_gnuplot(const char *directory, const char *name, char *why, size_t size)
{
	char script[80], complaint[512];
	int ends[2], status = 0;

	snprintf(script, sizeof script, "%s.gp", name);
	if (pipe(ends) < 0) {
		snprintf(why, size, "gnuplot cannot be started: %s", strerror(errno));
		return false;
	}
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0)
		child(directory, script, ends[1]);
	close(ends[1]);
	read_complaint(ends[0], complaint, sizeof complaint);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == NO_GNUPLOT)
		snprintf(
			why, size,
			"gnuplot is missing; install the package gnuplot-nox, then `bounce plot %s` draws",
			directory);
	else
		snprintf(why, size, "gnuplot failed on %s/%s: %s", directory, script,
			 *complaint ? complaint : "no message");
	return false;
}

/* ---- all figures of a folder --------------------------------------------------------------------- */

static void csv_head(FILE *data, const struct points *points, const char *name)
{
	fprintf(data, "# bounce %s\n# experiment %s sha256 %s\n# figure %s\n", points->version,
		points->name, points->hash, name);
}

/* Data and script; then `drawing->why` says if these points have no such figure. */
static bool write_figure(const char *directory, const struct points *points,
			 const struct figure *figure, bool *drawable, FILE *notes, char *why,
			 size_t size)
{
	struct drawing drawing = { .points = points };
	char *data, *head, file[80];
	size_t data_length, head_length;
	bool ok = true;

	drawing.data = text_open(&data, &data_length);
	drawing.head = text_open(&head, &head_length);
	csv_head(drawing.data, points, figure->name);
	*drawable = figure->write(&drawing, figure);
	text_close(drawing.data);
	text_close(drawing.head);
	snprintf(file, sizeof file, "%s.csv", figure->name);
	if (*drawable)
		ok = file_write(directory, file, data, data_length, why, size) &&
		     write_script(directory, figure->name, &drawing, head, why, size);
	else if (notes)
		fprintf(notes, "no figure `%s` of %s: %s\n", figure->name, points->name,
			drawing.why);
	free(data);
	free(head);
	return ok;
}

bool plots_draw_points(const char *directory, const struct points *points, char *const *names,
		       size_t count, FILE *drawn, FILE *notes, char *why, size_t size)
{
	char first[512] = "";

	for (size_t i = 0; i < count; i++) {
		const struct figure *figure = figure_find(names[i]);
		bool drawable = false;

		if (!figure) {
			snprintf(why, size, "no figure is called '%s'", names[i]);
			return false;
		}
		if (!write_figure(directory, points, figure, &drawable, notes, why, size))
			return false;
		if (!drawable)
			continue;
		/* data and scripts of the other figures are worth having even if this one fails */
		if (!run_gnuplot(directory, figure->name, why, size)) {
			if (!*first)
				snprintf(first, sizeof first, "%s", why);
			continue;
		}
		if (drawn)
			fprintf(drawn, "%s/%s.svg\n%s/%s.png\n", directory, figure->name, directory,
				figure->name);
	}
	if (*first)
		snprintf(why, size, "%s", first);
	return !*first;
}

bool plots_draw_named(const char *directory, char *const *names, size_t count, FILE *drawn,
		      FILE *notes, char *why, size_t size)
{
	struct points points;

	if (!points_load(directory, &points, why, size))
		return false;
	if (!count) {
		names = points.plot;
		count = points.plots;
	}

	bool ok = false;

	if (points.count)
		ok = plots_draw_points(directory, &points, names, count, drawn, notes, why, size);
	else
		snprintf(why, size, "%s: no point has been computed", directory);
	points_free(&points);
	return ok;
}

bool plots_draw(const char *directory, char *why, size_t size)
{
	return plots_draw_named(directory, NULL, 0, NULL, stderr, why, size);
}
