/*
 * Finding the files that belong to bounce from where the program lies.
 */
#include "experiment/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool found_in(const char *directory, const char *below, const char *name, char *path,
		     size_t size)
{
	int length = snprintf(path, size, "%s/%s%s", directory, below, name);

	return length > 0 && (size_t)length < size && access(path, R_OK) == 0;
}

/* The folder of the running program, links resolved. */
static bool program_folder(char *folder, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", folder, size - 1);

	if (length <= 0)
		return false;
	folder[length] = '\0';

	char *slash = strrchr(folder, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

bool data_file(const char *name, char *path, size_t size)
{
	static const char *const below[] = { "", "../", "../../", "../share/bounce/" };
	const char *chosen = getenv("BOUNCE_DATA");
	char folder[3072];

	if (chosen && *chosen)
		return found_in(chosen, "", name, path, size);
	if (program_folder(folder, sizeof folder))
		for (size_t i = 0; i < sizeof below / sizeof *below; i++)
			if (found_in(folder, below[i], name, path, size))
				return true;
	return found_in(".", "", name, path, size);
}
