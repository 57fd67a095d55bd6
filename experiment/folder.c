/* Locks of a results folder; see folder.h. */
#include "experiment/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


enum { PATH_BYTES = 4096 };

enum byte { ENTERED, UNDER_WAY };

/* 0, or errno. */
static int lock(int fd, int command, short type, enum byte byte)
{
	struct flock wanted = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	while (fcntl(fd, command, &wanted) != 0) {
		if (errno != EINTR)
			return errno;
	}
	return 0;
}

bool folder_open(struct folder *folder, const char *directory, bool make, char *why, size_t size)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (make ? O_CREAT : 0);
	char path[PATH_BYTES];
	struct stat what;
	int length = snprintf(path, sizeof path, "%s/.lock", directory);

	*folder = (struct folder){ .fd = -1 };
	if (length < 0 || (size_t)length >= sizeof path)
		errno = ENAMETOOLONG;
	else
		folder->fd = open(path, flags, 0666);
	if (folder->fd < 0) {
		snprintf(why, size, "%s/.lock: %s", directory,
			 errno == ELOOP	   ? "a link; results are not written through links"
			 : errno == EISDIR ? "it is no file"
					   : strerror(errno));
		return false;
	}
	if (fstat(folder->fd, &what) != 0 || !S_ISREG(what.st_mode)) {
		snprintf(why, size, "%s: it is no file", path);
		folder_close(folder);
		return false;
	}
	return true;
}

void folder_close(struct folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}

void folder_enter(struct folder *folder)
{
	if (!folder->unlocked && lock(folder->fd, F_OFD_SETLKW, F_WRLCK, ENTERED) != 0)
		folder->unlocked = true;
}

void folder_leave(struct folder *folder)
{
	if (!folder->unlocked)
		lock(folder->fd, F_OFD_SETLK, F_UNLCK, ENTERED);
}

bool folder_alone(struct folder *folder)
{
	return folder->unlocked || lock(folder->fd, F_OFD_SETLK, F_WRLCK, UNDER_WAY) == 0;
}

void folder_share(struct folder *folder)
{
	if (!folder->unlocked)
		lock(folder->fd, F_OFD_SETLKW, F_RDLCK, UNDER_WAY);
}
