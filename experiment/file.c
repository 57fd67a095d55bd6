/* Reading and writing whole files. */
#include "experiment/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/sha256.h"
#include "sim/verbs/xalloc.h"

enum { PATH_BYTES = 4096, PART = 1 << 16, COPIED_AT_ONCE = 1 << 26 };

/* Stands in errno for what is no file; no call that opens one gives it. */
enum { NO_FILE = EMEDIUMTYPE };

/* A pipe that a shell made for `<(command)`: its other end is there, or was. */
static bool is_given(const char *path)
{
	return !strncmp(path, "/dev/fd/", 8) || !strcmp(path, "/dev/stdin");
}

/* An open that waits for nobody. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), error = 0;
	struct stat what;

	if (fd < 0) {
		/* what a socket says */
		if (errno == ENXIO)
			errno = NO_FILE;
		return -1;
	}
	if (fstat(fd, &what) != 0)
		error = errno;
	else if (S_ISDIR(what.st_mode))
		error = EISDIR;
	else if (!S_ISREG(what.st_mode) && !(S_ISFIFO(what.st_mode) && is_given(path)))
		error = NO_FILE;
	else if (fcntl(fd, F_SETFL, 0) != 0)
		error = errno;
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

FILE *file_open(const char *path)
{
	int fd = open_regular(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");

	if (fd >= 0 && !file)
		xalloc_failed(sizeof *file);
	return file;
}

const char *file_problem(int error)
{
	return error == NO_FILE ? "Not a file: a pipe, a socket or a device" : strerror(error);
}

char *file_read(const char *path, size_t limit, size_t *length)
{
	FILE *file = file_open(path);
	char *text = NULL;
	size_t room = 0;

	*length = 0;
	if (!file)
		return NULL;
	do {
		if (room < *length + PART + 1) {
			room = 2 * room + PART + 1;
			text = xrealloc(text, room);
		}
		*length += fread(text + *length, 1, PART, file);
	} while (!feof(file) && !ferror(file) && *length < limit);
	text[*length < limit ? *length : (*length = limit)] = '\0';

	int error = ferror(file) ? errno : 0;

	fclose(file);
	if (!error)
		return text;
	free(text);
	errno = error;
	return NULL;
}

void file_folder(const char *path, char *folder, size_t size)
{
	const char *slash = strrchr(path, '/');

	snprintf(folder, size, "%.*s", slash ? (int)(slash - path + 1) : 0, path);
}

bool file_put(int fd, const void *bytes, size_t length)
{
	const char *text = bytes;

	while (length) {
		ssize_t done = write(fd, text, length);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			text += done;
			length -= (size_t)done;
		}
	}
	return true;
}

/* The rename is safe on disk only when its folder is. */
static bool sync_folder(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;

	/* some file systems cannot do it: the rename is atomic there all the same */
	bool done = fsync(fd) == 0 || errno == EINVAL;

	close(fd);
	return done;
}

static const char temporary_mark[] = ".tmp-XXXXXX";

bool file_temporary(const char *directory, const char *name, char *path, size_t size)
{
	int length = snprintf(path, size, "%s/.%s%s", directory, name, temporary_mark);

	return length > 0 && (size_t)length < size;
}

/* Is the entry of a folder a temporary file, of `name` unless that is NULL? */
static bool is_temporary(const char *entry, const char *name)
{
	size_t length = strlen(entry), end = sizeof temporary_mark - 1;
	size_t fixed = strcspn(temporary_mark, "X");

	if (*entry != '.' || length <= end + 1 ||
	    memcmp(entry + length - end, temporary_mark, fixed))
		return false;
	return !name || (length - end - 1 == strlen(name) &&
			 !memcmp(entry + 1, name, length - end - 1));
}

void file_sweep(const char *directory, const char *name)
{
	DIR *folder = opendir(directory);

	if (!folder)
		return;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (is_temporary(entry->d_name, name))
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	closedir(folder);
}

struct content {
	const char *text;
	size_t length;
};

static bool put_content(void *from, int fd)
{
	const struct content *content = from;

	return file_put(fd, content->text, content->length);
}

/* Writes and names a file that is open; 0, or errno. */
static int write_and_rename(int fd, const char *temporary, const char *path,
			    bool (*put)(void *to, int fd), void *to)
{
	/* mkstemp gives 0600; results are for everybody the umask lets in */
	mode_t mask = umask(0);

	umask(mask);

	bool done = put(to, fd) && fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
	int error = done ? 0 : errno;

	if (close(fd) != 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) != 0)
		error = errno;
	return error;
}

static int write_file(const char *directory, const char *name, bool (*put)(void *to, int fd), void *to)
{
	char path[PATH_BYTES], temporary[PATH_BYTES];

	if (!file_temporary(directory, name, temporary, sizeof temporary))
		return ENAMETOOLONG;
	snprintf(path, sizeof path, "%s/%s", directory, name);

	int fd = mkstemp(temporary);

	if (fd < 0)
		return errno;

	int error = write_and_rename(fd, temporary, path, put, to);

	if (error)
		unlink(temporary);
	else if (!sync_folder(directory))
		error = errno;
	return error;
}

/* Interrupts wait until it is done. */
static int write_undisturbed(const char *directory, const char *name,
			     bool (*put)(void *to, int fd), void *to)
{
	sigset_t ends, before;
	int error;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, &before);
	error = write_file(directory, name, put, to);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

bool file_write(const char *directory, const char *name, const char *text, size_t length, char *why,
		size_t size)
{
	struct content content = { text, length };
	int error = write_undisturbed(directory, name, put_content, &content);

	if (error)
		snprintf(why, size, "%s/%s: %s", directory, name, strerror(error));
	return !error;
}

static bool put_copy(void *from, int fd)
{
	const int *source = from;
	off_t at = 0;
	ssize_t done;

	do
		done = sendfile(fd, *source, &at, COPIED_AT_ONCE);
	while (done > 0 || (done < 0 && errno == EINTR));
	return done == 0;
}

/* What takes long is written where it has no name yet: who interrupts it, or kills it, need not wait
 * and finds nothing. */
static int write_at_leisure(const char *directory, const char *name,
			    bool (*put)(void *to, int fd), void *to)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), error;

	if (fd < 0) /* some file systems have none; others say why, once more */
		return write_undisturbed(directory, name, put, to);
	error = put(to, fd) ? write_undisturbed(directory, name, put_copy, &fd) : errno;
	close(fd);
	return error;
}

bool file_write_by(const char *path, bool (*put)(void *to, int fd), void *to, char *why, size_t size)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[PATH_BYTES];
	int error;

	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + (slash == path) : 1,
		 slash ? path : ".");
	error = *name ? write_at_leisure(folder, name, put, to) : EISDIR;
	if (error)
		snprintf(why, size, "%s: %s", path, strerror(error));
	return !error;
}

bool file_hash(const char *path, char hex[65], char *why, size_t size)
{
	struct sha256 hash;
	char part[PART];
	FILE *file = file_open(path);

	if (!file) {
		snprintf(why, size, "%s: %s", path, file_problem(errno));
		return false;
	}
	sha256_start(&hash);
	for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
		sha256_add(&hash, part, got);

	bool done = !ferror(file);

	if (!done)
		snprintf(why, size, "%s: %s", path, strerror(errno));
	fclose(file);
	sha256_hex(&hash, hex);
	return done;
}

/* ---- texts in memory --------------------------------------------------------------------- */

/* open_memstream cuts a text that cannot grow, and tells nobody. */
struct text {
	char **bytes;
	size_t *length, room;
};

static ssize_t append(void *to, const char *bytes, size_t count)
{
	struct text *text = to;

	if (text->room < *text->length + count + 1) {
		text->room = 2 * text->room + count + 1;
		*text->bytes = xrealloc(*text->bytes, text->room);
	}
	memcpy(*text->bytes + *text->length, bytes, count);
	*text->length += count;
	(*text->bytes)[*text->length] = '\0';
	return (ssize_t)count;
}

static int end(void *to)
{
	free(to);
	return 0;
}

FILE *text_open(char **bytes, size_t *length)
{
	struct text *text = xalloc(sizeof *text);
	FILE *file = fopencookie(text, "w", (cookie_io_functions_t){ .write = append, .close = end });

	if (!file)
		xalloc_failed(BUFSIZ);
	*bytes = xalloc(1);
	*length = 0;
	*text = (struct text){ bytes, length, 1 };
	return file;
}

void text_close(FILE *file)
{
	if (fclose(file) != 0)
		xalloc_failed(BUFSIZ);
}
