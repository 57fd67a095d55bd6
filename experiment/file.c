/* Reading and writing whole files. */
#include "experiment/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/sha256.h"
#include "sim/verbs/xalloc.h"

enum { PATH_BYTES = 4096, PART = 1 << 16 };

char *file_read(const char *path, size_t limit, size_t *length)
{
	FILE *file = fopen(path, "rb");
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

static bool write_all(int fd, const char *text, size_t length)
{
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

bool file_write(const char *directory, const char *name, const char *text, size_t length, char *why,
		size_t size)
{
	char path[PATH_BYTES], temporary[PATH_BYTES];
	int needed = snprintf(path, sizeof path, "%s/%s", directory, name);

	if (needed < 0 || (size_t)needed + 16 > sizeof path) {
		snprintf(why, size, "%s/%s: %s", directory, name, strerror(ENAMETOOLONG));
		return false;
	}
	snprintf(temporary, sizeof temporary, "%s/.%s.XXXXXX", directory, name);

	int fd = mkstemp(temporary);

	if (fd < 0) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return false;
	}

	/* mkstemp gives 0600; results are for everybody the umask lets in */
	mode_t mask = umask(0);

	umask(mask);

	bool done = write_all(fd, text, length) && fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
	int error = done ? 0 : errno;

	if (close(fd) != 0 && done) {
		done = false;
		error = errno;
	}
	if (done && (rename(temporary, path) != 0 || !sync_folder(directory))) {
		done = false;
		error = errno;
	}
	if (!done) {
		snprintf(why, size, "%s: %s", path, strerror(error));
		unlink(temporary);
	}
	return done;
}

bool file_hash(const char *path, char hex[65], char *why, size_t size)
{
	struct sha256 hash;
	char part[PART];
	FILE *file = fopen(path, "rb");
	struct stat what;

	if (!file) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(fileno(file), &what) != 0 || !S_ISREG(what.st_mode)) {
		snprintf(why, size, "%s: no file", path);
		fclose(file);
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
