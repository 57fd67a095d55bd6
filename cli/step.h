/*
 * For verbs that show events of an experiment's run: choosing the run, and printing its frames.
 * The events themselves: steps/events.h.
 */
#ifndef CLI_STEP_H
#define CLI_STEP_H

#include "cli/frame.h"
#include "experiment/experiment.h"

/*
 * The point of an experiment that `choice` names, as --point takes it ("objects=slub-page,seed=2");
 * NULL: the first. NULL and a reason in `why`: no point, or not one alone, is called so.
 */
const struct planned *step_point(const struct experiment *experiment, const char *choice, char *why,
				 size_t size);
/* "objects=slub-page,seed=1", as --point takes it; the caller frees. */
char *step_label(const struct experiment *experiment, const struct planned *planned);

/* What somebody wants to see. */
struct step_wish {
	const char *verb;               /* that asks, for messages: "bounce step" */
	const char *file;               /* an experiment, a results folder or its name, a file of events */
	const char *replay;             /* or the file of a finding of 'bounce explore' */
	char **sets;
	size_t set_count;
	const char *point, *colour;     /* of --point, --color; NULL */
	uint64_t most;                  /* events; 0: all */
};

/* NULL: told on stderr, the mistake is the user's. events_close. */
struct events *step_events(const struct step_wish *wish);

/* An event by the word that --until takes: 0 and a reason in `why`: it is none of them. */
uint32_t step_flags(const char *word, char *why, size_t size);

#endif
