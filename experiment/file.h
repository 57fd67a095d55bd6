/* Files as a whole: read into memory, and written so that nobody ever sees half of one. */
#ifndef EXPERIMENT_FILE_H
#define EXPERIMENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * A regular file for reading; NULL: file_problem(errno) says why. A FIFO, a device, a folder is
 * refused at once, except a pipe that the caller was given as /dev/fd/N or /dev/stdin.
 */
FILE *file_open(const char *path);
/* The same, read: all of it, with a zero byte behind it; at most `limit` bytes of it. */
char *file_read(const char *path, size_t limit, size_t *length);
/* strerror, and a word for what is no file. */
const char *file_problem(int error);
/*
 * DIRECTORY/NAME, whole or not at all: a temporary file, fsync, rename, fsync of the folder. A
 * link of that name is replaced, never followed. Interrupts wait until it is done.
 */
bool file_write(const char *directory, const char *name, const char *text, size_t length, char *why,
		size_t size);
/* The same for what `write` puts there, by file_put; it says false, with errno, if it could not. It may
 * take long, and be interrupted: then there is nothing. */
bool file_write_by(const char *path, bool (*write)(void *to, int fd), void *to, char *why, size_t size);
bool file_put(int fd, const void *bytes, size_t count);
/*
 * The pattern, for mkstemp, of temporary files of DIRECTORY/NAME: hidden, beside it, and known by
 * their names to file_sweep. false: the path is too long.
 */
bool file_temporary(const char *directory, const char *name, char *path, size_t size);
/* Removes what writers that were killed left behind: of NAME, or, NULL, of all files there. */
void file_sweep(const char *directory, const char *name);

/* A text in memory, written as a file is, whole and with a zero byte behind it once it is closed;
 * without memory for it the program ends. */
FILE *text_open(char **text, size_t *length);
void text_close(FILE *file);

/* The folder of a path with its slash: "a/b/" of "a/b/c", "" of "c". */
void file_folder(const char *path, char *folder, size_t size);
/* SHA-256 of a file's content. */
bool file_hash(const char *path, char hex[65], char *why, size_t size);

#endif
