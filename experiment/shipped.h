/*
 * The experiments that come with bounce, from its source tree or as installed: by name, without
 * folder and ".yaml".
 */
#ifndef EXPERIMENT_SHIPPED_H
#define EXPERIMENT_SHIPPED_H

#include <stdbool.h>
#include <stddef.h>

struct shipped {
	char *name;                     /* "remote-free", "pages/llfree" */
	char *title;
	char *takes;                    /* "about 1 min", on two cores; "" where its file does not say */
};

/* All of them, by name; shipped_free() frees them. */
struct shipped *shipped_experiments(size_t *count);
void shipped_free(struct shipped *shipped, size_t count);

/* The file to read: `given` where there is one, else that of the shipped experiment of that name, or
 * of that path in the source tree ("labs/03-ping-pong.yaml"); in buf. Where there is neither, `given`. */
const char *shipped_path(const char *given, char *buf, size_t size);
/* The name nearest to `given`, in buf; NULL: none is near. */
const char *shipped_nearest(const char *given, char *buf, size_t size);

#endif
