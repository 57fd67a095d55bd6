/* Outputs of a given name; see output.h. */
#include "cli/output.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/options.h"

static bool is_same_file(const struct stat *there, const char *path)
{
	struct stat other;

	return path && stat(path, &other) == 0 && other.st_dev == there->st_dev &&
	       other.st_ino == there->st_ino;
}

bool output_may_be(const char *verb, const char *path, const char *input, bool replace)
{
	const char *slash = strrchr(path, '/');
	struct stat there;

	if (!*(slash ? slash + 1 : path))
		complain("%s: the output wants the name of a file, got '%s'", verb, path);
	else if (lstat(path, &there) != 0) /* a folder that is missing is told when it is written */
		return true;
	else if (S_ISLNK(there.st_mode))
		complain("%s: %s is a link; it is not written through", verb, path);
	else if (!S_ISREG(there.st_mode))
		complain("%s: %s is no file", verb, path);
	else if (is_same_file(&there, input))
		complain("%s: %s is the input itself; give the output another name", verb, path);
	else if (!replace)
		complain("%s: %s is there; --replace writes over it", verb, path);
	else
		return true;
	return false;
}
