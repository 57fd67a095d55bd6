/*
 * From points to figures: data and script are written, gnuplot draws from them alone.
 */
#include "figures/plots.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "experiment/data.h"
#include "experiment/file.h"
#include "experiment/text.h"
#include "figures/width.h"
#include "sim/verbs/xalloc.h"

enum {
	NAME_CHARACTERS = 80,
	FIGURE_BYTES_MAX = 1 << 28,
};

/* ---- the script ----------------------------------------------------------------------------- */

/* "remote-free   seeds 1 to 5   bounce 0.3   experiment 9b1cff00" */
static void footer(const struct points *points, char *buf, size_t size)
{
	uint64_t least = UINT64_MAX, most = 0;
	char missing[96] = "", name[4 * NAME_CHARACTERS + 8];

	for (size_t i = 0; i < points->count; i++) {
		least = points->point[i]->seed < least ? points->point[i]->seed : least;
		most = points->point[i]->seed > most ? points->point[i]->seed : most;
	}
	if (points->count < points->expected)
		snprintf(missing, sizeof missing, "   incomplete: %zu of %zu points", points->count,
			 points->expected);

	int used = snprintf(buf, size, "%s   ",
			    text_short(points->name, NAME_CHARACTERS, name, sizeof name));

	used += least == most ? snprintf(buf + used, size - (size_t)used, "seed %" PRIu64, least)
			      : snprintf(buf + used, size - (size_t)used,
					 "seeds %" PRIu64 " to %" PRIu64, least, most);
	snprintf(buf + used, size - (size_t)used, "   bounce %.80s   experiment %.8s%s",
		 points->version, points->hash, missing);
}

/* As much of it as fits below a figure. */
static void write_footer(FILE *out, const struct look *look, char *text)
{
	bool slide = look && look->slide;
	char **shown = width_names(&text, 1, slide ? 11 : 9, slide ? 1230 : 1150);

	text_gnuplot(out, shown[0]);
	putc('\n', out);
	free(shown[0]);
	free(shown);
}

static bool copy_script(FILE *out, const char *name, char *why, size_t size)
{
	char path[4096], inside[80];
	FILE *in;
	int c;

	snprintf(inside, sizeof inside, "plots/%s.gp", name);
	if (!data_file(inside, path, sizeof path) || !(in = file_open(path))) {
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
	footer(drawing->points, foot, sizeof foot);
	fprintf(out, "# Draws %s.svg and %s.png from %s.csv:  gnuplot %s.gp\n", name, name, name,
		name);
	fprintf(out, "figure = \"%s\"\nfooter = ", name);
	write_footer(out, drawing->look, foot);
	fputs("title = ", out); /* in one piece for who reads the script; drawn in lines */
	text_gnuplot(out, drawing->title);
	fputs("\nsubtitle = ", out);
	text_gnuplot(out, drawing->subtitle);
	putc('\n', out);
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
enum { SVG, PNG, PICTURES };

static const char *const endings[PICTURES] = { "svg", "png" };

/* Where gnuplot draws: files in memory. None of a killed program stays, and no link leads out. */
struct canvas {
	int fd[PICTURES]; /* -1: none */
	char *picture[PICTURES];
	size_t length[PICTURES];
};

static bool canvas_open(struct canvas *canvas)
{
	*canvas = (struct canvas){ .fd = { -1, -1 } };
	for (int i = 0; i < PICTURES; i++) {
		canvas->fd[i] = memfd_create(endings[i], MFD_CLOEXEC);
		if (canvas->fd[i] < 0)
			return false;
	}
	return true;
}

static void canvas_close(struct canvas *canvas)
{
	for (int i = 0; i < PICTURES; i++) {
		if (canvas->fd[i] >= 0)
			close(canvas->fd[i]);
		free(canvas->picture[i]);
	}
}

/* The folders of PATH with whole names: in the others, gnuplot could come with the results. */
static char *safe_path(void)
{
	const char *at = getenv("PATH");
	char *path;
	size_t length;
	FILE *out = text_open(&path, &length);

	for (const char *comma = ""; at && *at;) {
		size_t part = strcspn(at, ":");

		if (*at == '/') {
			fprintf(out, "%s%.*s", comma, (int)part, at);
			comma = ":";
		}
		at += part + (at[part] == ':');
	}
	text_close(out);
	return path;
}

bool plots_can_draw(void)
{
	char *path = safe_path(), *rest = path, *folder, file[4096];
	bool found = false;

	while (!found && (folder = strsep(&rest, ":"))) {
		snprintf(file, sizeof file, "%s/gnuplot", folder);
		found = access(file, X_OK) == 0;
	}
	free(path);
	return found;
}

/* Fonts and libraries may lie somewhere else; nothing else of the environment is gnuplot's. */
static void clean_environment(void)
{
	static const char *const kept[] = {
		"HOME",
		"TMPDIR",
		"LD_LIBRARY_PATH",
		"GDFONTPATH",
		"XDG_DATA_HOME",
		"XDG_CACHE_HOME",
		"XDG_CONFIG_HOME",
		"FONTCONFIG_FILE",
		"FONTCONFIG_PATH",
	};
	enum { KEPT = sizeof kept / sizeof *kept };
	char *value[KEPT], *path = safe_path();

	for (size_t i = 0; i < KEPT; i++) {
		const char *old = getenv(kept[i]);

		value[i] = old ? xstrdup(old) : NULL;
	}
	clearenv();
	for (size_t i = 0; i < KEPT; i++)
		if (value[i])
			setenv(kept[i], value[i], 1);
	setenv("PATH", path, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
}

static _Noreturn void child(const char *directory, const char *script, struct canvas *canvas,
			    int errors)
{
	char where[128];

	/* the two must outlive exec */
	for (int i = 0; i < PICTURES; i++)
		canvas->fd[i] = dup(canvas->fd[i]);
	snprintf(where, sizeof where, "svg = '/dev/fd/%d'; png = '/dev/fd/%d'", canvas->fd[SVG],
		 canvas->fd[PNG]);
	clean_environment();
	if (canvas->fd[SVG] < 0 || canvas->fd[PNG] < 0 || dup2(errors, STDOUT_FILENO) < 0 ||
	    dup2(errors, STDERR_FILENO) < 0 || chdir(directory) < 0)
		_exit(1);
	execlp("gnuplot", "gnuplot", "-d", "-e", where, script, (char *)NULL);
	_exit(errno == ENOENT ? NO_GNUPLOT : 1);
}

/* What gnuplot says last that is no warning: its errors end with the reason. */
struct complaint {
	char text[512], line[512];
	size_t length; /* of the line so far */
};

static void complaint_line(struct complaint *complaint)
{
	complaint->line[complaint->length] = '\0';
	if (complaint->line[strspn(complaint->line, " \t^")] && !strstr(complaint->line, "warning"))
		snprintf(complaint->text, sizeof complaint->text, "%s", complaint->line);
	complaint->length = 0;
}

static void complaint_add(struct complaint *complaint, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n' || complaint->length + 1 == sizeof complaint->line)
			complaint_line(complaint);
		if (bytes[i] != '\n')
			complaint->line[complaint->length++] = bytes[i];
	}
}

/* Seconds that gnuplot may take for a figure: the largest are drawn in some. */
static unsigned time_limit(void)
{
	enum { USUAL = 120, MOST = 24 * 60 * 60 };
	const char *chosen = getenv("BOUNCE_GNUPLOT_SECONDS");
	long seconds = chosen ? strtol(chosen, NULL, 10) : 0;

	return seconds > 0 && seconds <= MOST ? (unsigned)seconds : USUAL;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All that is said up to the end of the pipe; false: it has not come in time. */
static bool read_complaint(int from, struct complaint *complaint, unsigned seconds)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000, left;
	char bytes[512];

	while ((left = end - now_ms()) > 0) {
		struct pollfd ready = { .fd = from, .events = POLLIN };
		int some = poll(&ready, 1, (int)left);
		ssize_t got = some > 0 ? read(from, bytes, sizeof bytes) : -1;

		if (got > 0) {
			complaint_add(complaint, bytes, (size_t)got);
		} else if (got == 0 || (some != 0 && errno != EINTR)) {
			complaint_line(complaint);
			return true;
		}
	}
	return false;
}

/* How gnuplot ended; false: and why that is no good end. */
static bool gnuplot_ended(const char *directory, const char *script, int status,
			  const char *complaint, char *why, size_t size)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_GNUPLOT) {
		char *word = text_shell_word(directory);

		snprintf(why, size,
			 "gnuplot is missing; install the package gnuplot-nox, then draw: bounce plot %s",
			 word);
		free(word);
	} else if (WIFSIGNALED(status))
		snprintf(why, size, "gnuplot was ended by signal %d on %s/%s", WTERMSIG(status),
			 directory, script);
	else
		snprintf(why, size, "gnuplot failed on %s/%s: %s", directory, script,
			 *complaint ? complaint : "no message");
	return false;
}

static bool run_gnuplot(const char *directory, const char *script, struct canvas *canvas,
			bool *hangs, char *why, size_t size)
{
	struct complaint complaint = { 0 };
	unsigned seconds = time_limit();
	int ends[2], status = 0;

	if (!canvas_open(canvas) || pipe2(ends, O_CLOEXEC) < 0) {
		snprintf(why, size, "gnuplot cannot be started: %s", strerror(errno));
		return false;
	}
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0)
		child(directory, script, canvas, ends[1]);

	int error = errno;

	close(ends[1]);
	*hangs = pid > 0 && !read_complaint(ends[0], &complaint, seconds);
	close(ends[0]);
	if (pid < 0) {
		snprintf(why, size, "gnuplot cannot be started: %s", strerror(error));
		return false;
	}
	if (*hangs)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (*hangs) {
		snprintf(why, size, "gnuplot hung on %s/%s: it was ended after %u s", directory,
			 script, seconds);
		return false;
	}
	return gnuplot_ended(directory, script, status, complaint.text, why, size);
}

/* ---- pictures: read, checked, put in place ------------------------------------------------------ */

/* All that was drawn, with a zero byte behind it. */
static char *read_picture(int fd, size_t *length)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *picture = xalloc(end > 0 && end <= FIGURE_BYTES_MAX ? (size_t)end + 1 : 1);

	*length = 0;
	while (end > 0 && end <= FIGURE_BYTES_MAX && *length < (size_t)end) {
		ssize_t got = pread(fd, picture + *length, (size_t)end - *length, (off_t)*length);

		if (got <= 0 && !(got < 0 && errno == EINTR))
			break;
		*length += got > 0 ? (size_t)got : 0;
	}
	return picture;
}

static bool svg_complete(const char *picture, size_t length)
{
	static const char end[] = "</svg>";

	while (length && strchr(" \r\n", picture[length - 1]))
		length--;
	return length > sizeof end && !strncmp(picture, "<?xml", 5) &&
	       !memcmp(picture + length - strlen(end), end, strlen(end));
}

/* Chunk after chunk, each with its length, up to IEND at the end. */
static bool png_complete(const char *picture, size_t length)
{
	enum { FRAME = 12 }; /* length, name, checksum */
	static const char signature[8] = "\x89PNG\r\n\x1a\n";
	size_t at = sizeof signature;

	if (length < sizeof signature || memcmp(picture, signature, sizeof signature) != 0)
		return false;
	while (length - at >= FRAME) {
		const unsigned char *chunk = (const unsigned char *)picture + at;
		size_t bytes = (size_t)chunk[0] << 24 | chunk[1] << 16 | chunk[2] << 8 | chunk[3];

		if (!memcmp(chunk + 4, "IEND", 4))
			return bytes == 0 && length - at == FRAME;
		if (bytes > length - at - FRAME)
			return false;
		at += FRAME + bytes;
	}
	return false;
}

/* Draws; both pictures are whole, or the old ones stay. `hangs`: gnuplot would not end. */
static bool draw(const char *directory, const char *name, bool *hangs, char *why, size_t size)
{
	static bool (*const complete[])(const char *picture, size_t length) = { svg_complete,
										png_complete };
	struct canvas canvas;
	char file[80];

	snprintf(file, sizeof file, "%s.gp", name);

	bool ok = run_gnuplot(directory, file, &canvas, hangs, why, size);

	for (int i = 0; i < PICTURES && ok; i++) {
		canvas.picture[i] = read_picture(canvas.fd[i], &canvas.length[i]);
		ok = complete[i](canvas.picture[i], canvas.length[i]);
		if (!ok)
			snprintf(why, size, "%s/%s.%s: gnuplot did not draw it to its end",
				 directory, name, endings[i]);
	}
	for (int i = 0; i < PICTURES && ok; i++) {
		snprintf(file, sizeof file, "%s.%s", name, endings[i]);
		ok = file_write(directory, file, canvas.picture[i], canvas.length[i], why, size);
	}
	canvas_close(&canvas);
	return ok;
}

/* ---- all figures of a folder --------------------------------------------------------------------- */

static void csv_head(FILE *data, const struct points *points, const char *name)
{
	fputs("# bounce ", data);
	text_line(data, points->version);
	fputs("\n# experiment ", data);
	text_line(data, points->name);
	fputs(" sha256 ", data);
	text_line(data, points->hash);
	fprintf(data, "\n# figure %s\n", name);
}

/* Are there points of whom only times are known, and the figure needs more? */
static bool is_unseen(const struct points *points, const struct figure *figure,
		      struct drawing *drawing)
{
	char where[160];

	for (size_t i = 0; i < points->count; i++) {
		if (!points->point[i]->native || figure->timed)
			continue;
		snprintf(drawing->why, sizeof drawing->why,
			 "on the processors of %s only times are seen, and of these there are",
			 point_where(points->point[i], where, sizeof where));
		for (const struct figure *other = figures; other->name; other++) {
			size_t used = strlen(drawing->why);

			if (other->timed)
				snprintf(drawing->why + used, sizeof drawing->why - used, "%s `%s`",
					 strchr(drawing->why, '`') ? "," : "", other->name);
		}
		return true;
	}
	return false;
}

/* Data and script; then `drawing->why` says if these points have no such figure. */
static bool write_figure(const char *directory, const struct points *points,
			 const struct figure *figure, const struct look *look, bool *drawable,
			 FILE *notes, char *why, size_t size)
{
	struct drawing drawing = { .points = points, .look = look };
	char *data, *head, file[80];
	size_t data_length, head_length;
	bool ok = true;

	drawing.data = text_open(&data, &data_length);
	drawing.head = text_open(&head, &head_length);
	csv_head(drawing.data, points, figure->name);
	*drawable = !is_unseen(points, figure, &drawing) && figure->write(&drawing, figure);
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
		       size_t count, const struct look *look, FILE *drawn, FILE *notes, char *why,
		       size_t size)
{
	char first[512] = "";
	bool hangs = false;

	for (size_t i = 0; i < count; i++) {
		const struct figure *figure = figure_find(names[i]);
		bool drawable = false;

		if (!figure) {
			snprintf(why, size, "no figure is called '%s'", names[i]);
			return false;
		}
		if (!write_figure(directory, points, figure, look, &drawable, notes, why, size))
			return false;
		if (!drawable || hangs)
			continue;
		/* data and scripts of the other figures are worth having even if this one fails */
		if (!draw(directory, figure->name, &hangs, why, size)) {
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

bool plots_draw_named(const char *directory, const struct points *points, char *const *names,
		      size_t count, const struct look *look, FILE *drawn, char *why, size_t size)
{
	if (!points->count) {
		snprintf(why, size, "%s: no point has been computed", directory);
		return false;
	}
	return plots_draw_points(directory, points, count ? names : points->plot,
				 count ? count : points->plots, look, drawn, stderr, why, size);
}

bool plots_draw(const char *directory, char *why, size_t size)
{
	struct points points;

	if (!points_load(directory, &points, why, size))
		return false;

	bool ok = plots_draw_named(directory, &points, NULL, 0, NULL, NULL, why, size);

	points_free(&points);
	return ok;
}
