/* Versions of the program and of what its points are made of. */
#include "experiment/version.h"

#include <stddef.h>
#include <string.h>

#ifdef VERSION_FILE
#include VERSION_FILE
#else
#define BOUNCE_VERSION "unknown"
#define VERSION_OF_MODELS "unknown"
#define VERSIONS_OF_PARTS { 0 }
#endif

struct part {
	const char *name, *version;
};

static const struct part parts[] = { VERSIONS_OF_PARTS };

const char *version_program(void)
{
	return BOUNCE_VERSION;
}

const char *version_models(void)
{
	return VERSION_OF_MODELS;
}

static const struct part *find(const char *name)
{
	for (const struct part *part = parts; part->name; part++) {
		if (!strcmp(part->name, name))
			return part;
	}
	return NULL;
}

bool version_knows(const char *name)
{
	return find(name) != NULL;
}

const char *version_of(const char *name)
{
	const struct part *part = find(name);

	return part ? part->version : VERSION_OF_MODELS;
}
