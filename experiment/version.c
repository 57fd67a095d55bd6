/* Versions of the program and of its models; the build may say both with -D. */
#include "experiment/version.h"

#ifndef BOUNCE_VERSION
#define BOUNCE_VERSION "unknown"
#endif
#ifndef VERSION_OF_MODELS
#define VERSION_OF_MODELS "1"
#endif

const char *version_program(void)
{
	return BOUNCE_VERSION;
}

const char *version_models(void)
{
	return VERSION_OF_MODELS;
}
