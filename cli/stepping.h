/* Going through events, by hand or in a row (stepping.c). */
#ifndef CLI_STEPPING_H
#define CLI_STEPPING_H

#include "cli/frame.h"

/* Where one is, and what one wants to see. */
struct stepping {
	struct events *events;
	struct sources *sources;
	uint64_t at;                    /* number of the event shown; 0: before the first */
	int cpu;                        /* of this CPU alone; -1: of all */
	char line[128];                 /* of this struct or member alone; "": of all */
	bool colour;
};

/* "1204", an event; "12000cyc", a time. */
struct stepping_place {
	bool is_time;
	uint64_t number;
};

/* False: it is neither. */
bool stepping_place(const char *text, struct stepping_place *place);

/* To that event, or the first one there or behind it that is wanted; to the next one with one of these
 * flags, this one counted; to the last one. False: there is none, and one stays. */
bool stepping_go(struct stepping *stepping, const struct stepping_place *place);
bool stepping_until(struct stepping *stepping, uint32_t flags);
bool stepping_last(struct stepping *stepping);

/* So many frames from here on, and the end if the run ends there. */
void stepping_print(struct stepping *stepping, uint64_t frames);
/* Shows where one is and does what is typed on stdin until that ends. */
void stepping_talk(struct stepping *stepping);

#endif
