/* Files as a whole: read into memory, and written so that nobody ever sees half of one. */
#ifndef EXPERIMENT_FILE_H
#define EXPERIMENT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* All of a file, with a zero byte behind it; at most `limit` bytes of it. NULL: errno says why. */
char *file_read(const char *path, size_t limit, size_t *length);
/* DIRECTORY/NAME, whole or not at all: a temporary file, fsync, rename, fsync of the folder. */
bool file_write(const char *directory, const char *name, const char *text, size_t length, char *why,
		size_t size);
/* The folder of a path with its slash: "a/b/" of "a/b/c", "" of "c". */
void file_folder(const char *path, char *folder, size_t size);
/* SHA-256 of a file's content. */
bool file_hash(const char *path, char hex[65], char *why, size_t size);

#endif
