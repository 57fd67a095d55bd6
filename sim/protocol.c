/* The protocol tables; see protocol.h. */
#include "sim/protocol.h"

#include <string.h>
#include <strings.h>

const char state_letter[STATES + 1] = "ISFOEM";

const enum copy_event fill_event[STATES] = {
	[STATE_S] = COPY_FILL_S, [STATE_E] = COPY_FILL_E, [STATE_M] = COPY_FILL_M,
};

/* clang-format off */
#define NO(state) { IMPOSSIBLE, state }

const struct protocol protocol_mesi = {
	.name = "mesi",
	.summary = "Modified, Exclusive, Shared, Invalid; a dirty line that is read is written back and shared",
	.states = 1 << STATE_I | 1 << STATE_S | 1 << STATE_E | 1 << STATE_M,
	.copy = {
		[STATE_I] = {
			[COPY_LOAD]             = { DO_GET_SHARED, STATE_I },
			[COPY_STORE]            = { DO_GET_MODIFIED, STATE_I },
			[COPY_PROBE_SHARE]      = { DO_NONE_HERE, STATE_I },
			[COPY_PROBE_INVALIDATE] = { DO_NONE_HERE, STATE_I },
			[COPY_FILL_S]           = { DO_HIT, STATE_S },
			[COPY_FILL_E]           = { DO_HIT, STATE_E },
			[COPY_FILL_M]           = { DO_HIT, STATE_M },
			[COPY_EVICT]            = NO(STATE_I),
		},
		[STATE_S] = {
			[COPY_LOAD]             = { DO_HIT, STATE_S },
			[COPY_STORE]            = { DO_UPGRADE, STATE_S },
			[COPY_PROBE_SHARE]      = NO(STATE_S),
			[COPY_PROBE_INVALIDATE] = { DO_ACK, STATE_I },
			[COPY_FILL_S]           = NO(STATE_S),
			[COPY_FILL_E]           = NO(STATE_S),
			[COPY_FILL_M]           = { DO_HIT, STATE_M },
			[COPY_EVICT]            = { 0, STATE_I },
		},
		[STATE_E] = {
			[COPY_LOAD]             = { DO_HIT, STATE_E },
			[COPY_STORE]            = { DO_HIT, STATE_M },
			[COPY_PROBE_SHARE]      = { DO_DATA, STATE_S },
			[COPY_PROBE_INVALIDATE] = { DO_DATA, STATE_I },
			[COPY_FILL_S]           = NO(STATE_E),
			[COPY_FILL_E]           = NO(STATE_E),
			[COPY_FILL_M]           = NO(STATE_E),
			[COPY_EVICT]            = { 0, STATE_I },
		},
		[STATE_M] = {
			[COPY_LOAD]             = { DO_HIT, STATE_M },
			[COPY_STORE]            = { DO_HIT, STATE_M },
			[COPY_PROBE_SHARE]      = { DO_DATA | DO_WRITE_BACK, STATE_S },
			[COPY_PROBE_INVALIDATE] = { DO_DATA, STATE_I },
			[COPY_FILL_S]           = NO(STATE_M),
			[COPY_FILL_E]           = NO(STATE_M),
			[COPY_FILL_M]           = NO(STATE_M),
			[COPY_EVICT]            = { DO_WRITE_BACK, STATE_I },
		},
	},
	.home = {
		[HOME_U] = {
			[GET_SHARED]   = { HOME_SEND | HOME_GRANT_E, HOME_X },
			[GET_MODIFIED] = { HOME_SEND | HOME_GRANT_M, HOME_X },
			[UPGRADE]      = { HOME_SEND | HOME_GRANT_M, HOME_X },
			[WRITE_BACK]   = { HOME_ACCEPT, HOME_U },
		},
		[HOME_S] = {
			[GET_SHARED]   = { HOME_SEND | HOME_GRANT_S, HOME_S },
			[GET_MODIFIED] = { HOME_SEND | HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[UPGRADE]      = { HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[WRITE_BACK]   = { HOME_ACCEPT, HOME_S },
		},
		[HOME_X] = {
			[GET_SHARED]   = { HOME_PROBE_SHARE | HOME_GRANT_S, HOME_S },
			[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_GRANT_M, HOME_X },
			[UPGRADE]      = { HOME_PROBE_INVALIDATE | HOME_GRANT_M, HOME_X },
			[WRITE_BACK]   = { HOME_ACCEPT, HOME_U },
		},
	},
};
/* clang-format on */

const struct protocol *const protocols[] = { &protocol_mesi, NULL };

const struct protocol *protocol_find(const char *name)
{
	for (const struct protocol *const *p = protocols; *p; p++)
		if (!strcasecmp((*p)->name, name))
			return *p;
	return NULL;
}

struct word {
	unsigned bit;
	const char *text;
};

static void print_words(FILE *to, const struct word *word, unsigned action)
{
	const char *separator = "";

	for (; word->text; word++)
		if (action & word->bit) {
			fprintf(to, "%s%s", separator, word->text);
			separator = ", ";
		}
}

static void print_copy_rules(FILE *to, const struct protocol *p)
{
	static const char *const event[COPY_EVENTS] = {
		"load",   "store",  "probe: share", "probe: invalidate",
		"fill S", "fill E", "fill M",       "evict",
	};
	static const struct word words[] = {
		{ DO_HIT, "hit" },
		{ DO_GET_SHARED, "get shared" },
		{ DO_GET_MODIFIED, "get modified" },
		{ DO_UPGRADE, "upgrade" },
		{ DO_DATA, "send data" },
		{ DO_WRITE_BACK, "write back" },
		{ DO_ACK, "acknowledge" },
		{ DO_NONE_HERE, "none here" },
		{ 0, NULL },
	};

	fprintf(to,
		"What a cache does with its copy:\n\n  state  event              next  action\n");
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < COPY_EVENTS; e++) {
			const struct copy_rule *r = &p->copy[s][e];

			if (!(p->states & 1u << s) || r->action & IMPOSSIBLE)
				continue;
			fprintf(to, "  %c      %-17s  %c     ", state_letter[s], event[e],
				state_letter[r->next]);
			print_words(to, words, r->action);
			fputs(r->action ? "\n" : "silent\n", to);
		}
}

static void print_home_rules(FILE *to, const struct protocol *p)
{
	static const char *const state[HOME_STATES] = { "nobody", "sharers", "owner" };
	static const char *const request[REQUESTS] = { "get shared", "get modified", "upgrade",
						       "write back" };
	static const struct word words[] = {
		{ HOME_SEND, "send data" },
		{ HOME_PROBE_SHARE, "probe owner: share" },
		{ HOME_PROBE_INVALIDATE, "probe owner: invalidate" },
		{ HOME_INVALIDATE, "invalidate sharers" },
		{ HOME_GRANT_S, "grant S" },
		{ HOME_GRANT_E, "grant E" },
		{ HOME_GRANT_M, "grant M" },
		{ HOME_ACCEPT, "take the line unless a probe took it on its way" },
		{ 0, NULL },
	};

	fprintf(to, "\nWhat the home does with a request:\n\n  knows    request       then     "
		    "action\n");
	for (int s = 0; s < HOME_STATES; s++)
		for (int q = 0; q < REQUESTS; q++) {
			const struct home_rule *r = &p->home[s][q];

			fprintf(to, "  %-7s  %-12s  %-7s  ", state[s], request[q], state[r->next]);
			print_words(to, words, r->action);
			fputc('\n', to);
		}
}

void protocol_print(FILE *to, const struct protocol *p)
{
	fprintf(to, "%s: %s\n\n", p->name, p->summary);
	print_copy_rules(to, p);
	print_home_rules(to, p);
}
