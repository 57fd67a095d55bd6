/* Files that come with bounce: see shipped.h. */
#include "workloads/shipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool shipped_file(const char *folder, const char *name, char *path, size_t size)
{
	static const char *const below[] = { "", "../", "../../", "../share/bounce/" };
	const char *chosen = getenv("BOUNCE_DATA");
	char program[2048];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	if (chosen && *chosen) {
		snprintf(path, size, "%s/%s/%s", chosen, folder, name);
		return access(path, R_OK) == 0;
	}
	program[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(program, '/');

	for (size_t i = 0; slash && i < sizeof below / sizeof *below; i++) {
		slash[1] = '\0';
		snprintf(path, size, "%s%s%s/%s", program, below[i], folder, name);
		if (access(path, R_OK) == 0)
			return true;
	}
	snprintf(path, size, "%s/%s", folder, name);
	return access(path, R_OK) == 0;
}
