/*
 * bounce explore: runs an experiment's allocators through many schedules, and tells the one that
 * goes wrong; or runs the schedule of a file again.
 */
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/options.h"
#include "cli/replay.h"
#include "cli/table.h"
#include "experiment/experiment.h"
#include "experiment/file.h"
#include "experiment/keys.h"
#include "experiment/text.h"
#include "explored/explored.h"
#include "sim/verbs/backend.h"
#include "sim/verbs/xalloc.h"

enum { HASH_DIGITS = 12, PLANT_OPERATIONS = 2, PLACE_SCHEDULES = 2000 };
enum which_plants { PLANTS_NONE, PLANTS_NAMED, PLANTS_PLACES };

struct arguments {
	char **files;
	size_t file_count;
	struct shared_options shared;
	const char *replay, *output;
	enum which_plants plants;
};

enum { OPTION_REPLAY = 256, OPTION_OUTPUT, OPTION_PLANTS };

/* clang-format off */
static const struct argp_option options[] = {
	{ "replay", OPTION_REPLAY, "FILE", 0, "Run the schedule of a finding again", 0 },
	{ "plants", OPTION_PLANTS, "named|places", OPTION_ARG_OPTIONAL, "Schedules until each planted fault is found, by strategy: those with names (default), or one for each place where a lock is taken or a word compared", 0 },
	{ "output", OPTION_OUTPUT, "DIR", 0, "Findings go to DIR/NAME/findings (results/NAME/findings)", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Runs a few operations per CPU in many orders and checks the allocator's promises: no object "
	"handed out twice, none lost, invariants, locks. What goes wrong is made as short as can be, "
	"told step by step and kept. The section 'explore:' of the experiment says how.\v"
	"Examples:\n\n"
	"  bounce explore configs/remote-free.yaml\n"
	"  bounce explore configs/remote-free.yaml --set explore.strategy=exhaustive\n"
	"  bounce explore configs/remote-free.yaml --set plant=no-list-lock\n"
	"  bounce explore --replay results/remote-free/findings/HASH.schedule\n\n"
	"Exit status 1: something was found; 130: it was stopped, and the report tells of what was run "
	"till then, and who was not looked at.";

/* By SIGTERM, as of `timeout`, or an interrupt; a second one ends at once. */
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void stop_when_asked(void)
{
	const struct sigaction action = { .sa_handler = stop, .sa_flags = SA_RESETHAND };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

/* What was found is told; that not all was looked at is what a caller has to know first. */
static int status_of(int status)
{
	return stopped && status != EXIT_MISTAKE ? EXIT_INTERRUPTED : status;
}

static enum which_plants which_plants(const char *word, const struct argp_state *state)
{
	if (word && strcmp(word, "named") != 0 && strcmp(word, "places") != 0)
		argp_error(state, "--plants is named or places, not '%s'", word);
	return word && !strcmp(word, "places") ? PLANTS_PLACES : PLANTS_NAMED;
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->shared;
		return 0;
	case OPTION_REPLAY:
		arguments->replay = word;
		return 0;
	case OPTION_PLANTS:
		arguments->plants = which_plants(word, state);
		return 0;
	case OPTION_OUTPUT:
		arguments->output = word;
		return 0;
	case ARGP_KEY_ARG:
		words_append(&arguments->files, &arguments->file_count, word);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file_count == !arguments->replay)
			argp_error(state,
				   "which experiment? A file, like configs/remote-free.yaml; "
				   "or --replay with the file of a finding");
		if (arguments->replay && (arguments->shared.set_count || arguments->output || arguments->plants))
			argp_error(state, "a finding has its own settings, and is kept already: no --set, "
					  "--output or --plants with --replay");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- what is explored ------------------------------------------------------------------------ */

/* Whose name and settings findings are told under. */
static const char *explored_name(const struct combination *combination)
{
	if (replay_has_workload(combination))
		return combination->workload->name;
	return combination->objects ? combination->objects->name : combination->pages->name;
}

/* The swept settings of who is explored: " (slub-cpu.variant dfb4f096)", or without keys " dfb4f096". */
static void print_swept(const struct combination *combination, bool keys)
{
	char section[SETTING_NAME_BYTES + 1];

	snprintf(section, sizeof section, "%s.",
		 replay_has_workload(combination) ? "workload" : explored_name(combination));
	for (size_t i = 0; i < combination->keys; i++) {
		const struct point_key *key = &combination->key[i];

		if (!key->swept || strncmp(key->key, section, strlen(section)) != 0)
			continue;
		if (keys)
			printf(" (%s %s)", key->key, key->value);
		else
			printf(" %s", key->value);
	}
}

/* "slub-cpu (slub-cpu.variant dfb4f096) on buddy". */
static void print_models(const struct combination *combination)
{
	bool pages = !combination->objects && !replay_has_workload(combination);

	if (!pages)
		printf("%s", explored_name(combination));
	print_swept(combination, true);
	if (combination->objects)
		printf(" on ");
	if (!replay_has_workload(combination))
		printf("%s", combination->pages->name);
}

/* Do two combinations differ in nothing that the explorer sees? */
static bool same_to_explorer(const struct combination *a, const struct combination *b)
{
	if (replay_has_workload(a))
		return a->workload == b->workload &&
		       !memcmp(a->workload_settings, b->workload_settings,
			       a->workload->settings_size);
	return a->objects == b->objects && a->pages == b->pages &&
	       combination_preempt(a) == combination_preempt(b) &&
	       (!a->objects ||
		!memcmp(a->objects_settings, b->objects_settings, a->objects->settings_size)) &&
	       (!a->pages->settings_size ||
		!memcmp(a->pages_fitted, b->pages_fitted, a->pages->settings_size));
}

static bool explored_before(const struct experiment *experiment, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_to_explorer(experiment->combination[i], experiment->combination[at]))
			return true;
	return false;
}

/* ---- what does not fit ------------------------------------------------------------------------ */

struct telling {
	const struct experiment *experiment;
	struct diagnostics *diagnostics;
};

static void tell_option(void *to, const char *key, const char *text)
{
	const struct telling *telling = to;
	const struct experiment *experiment = telling->experiment;
	struct place place = !strcmp(key, "explore.program") ? experiment->program
			     : !strcmp(key, "explore.fault") ? experiment->fault
							     : experiment->plant;

	mistake(telling->diagnostics, place, "%s", text);
}

bool explore_rehearse(const struct experiment *experiment, bool *out, struct diagnostics *diagnostics)
{
	struct telling telling = { experiment, diagnostics_new() };
	size_t good = 0;

	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];
		struct explore_options o = replay_options(combination, combination->settings.seed);
		bool fits = explored_before(experiment, i) ||
			    backend_explored.explorer->check(&o, tell_option, &telling);

		if (out)
			out[i] = !fits;
		good += fits && !explored_before(experiment, i);
	}
	if (good)
		diagnostics_excuse(diagnostics, telling.diagnostics, LEFT_OUT);
	else
		diagnostics_join(diagnostics, telling.diagnostics);
	return good;
}

/* ---- what was found -------------------------------------------------------------------------- */

static void print_how(const struct explore_options *o)
{
	const struct explorer *explorer = backend_explored.explorer;

	printf(": %s", explorer->strategies[o->strategy]);
	if (o->strategy == STRATEGY_EXHAUSTIVE)
		printf(", %" PRIu64 " preemption%s", o->preemptions,
		       o->preemptions == 1 ? "" : "s");
	if (o->strategy == STRATEGY_PCT)
		printf(", depth %" PRIu64, o->depth);
	if (o->store_buffer)
		printf(", store buffers of %" PRIu64, o->store_buffer);
	if (o->interrupts)
		printf(", %" PRIu64 " interrupt%s at each CPU", o->interrupts,
		       o->interrupts == 1 ? "" : "s");
	if (o->plant || o->fault[0])
		printf(", planted: %s", o->plant ? o->plant : o->fault);
	putchar('\n');
}

static void print_report(const struct explore_options *o, const struct explore_report *r)
{
	const struct coverage *c = &r->coverage;

	printf("  %" PRIu64 " schedule%s of %" PRIu64 " program%s, %" PRIu64
	       " steps, the longest %" PRIu64 "%s\n",
	       r->schedules, r->schedules == 1 ? "" : "s", r->programs, r->programs == 1 ? "" : "s",
	       r->steps, r->longest,
	       r->stopped                                       ? "; stopped"
	       : o->strategy != STRATEGY_EXHAUSTIVE || r->finding ? ""
	       : r->complete                                    ? "; nothing is left"
								: "; more are left");
	printf("  covered: %" PRIu64 " pairs of accesses of two CPUs to one word, %" PRIu64
	       " of them in both orders; paths:",
	       c->pairs, c->both_orders);
	for (unsigned i = 0; i < c->paths; i++)
		printf("%s %s", i ? "," : "", c->path[i]);
	putchar('\n');
	if (c->states)
		printf("  %u states of slabs, lists and pages, with nobody inside: ", c->states);
	for (unsigned i = 0; i < c->states; i++)
		printf("%s%s", i ? ", " : "", c->state[i]);
	if (c->states)
		putchar('\n');
	if (o->strategy == STRATEGY_PCT)
		printf("  each schedule finds a fault of depth %" PRIu64
		       " with probability %.2g or more "
		       "(%u that may go on, %" PRIu64 " steps; %" PRIu64 " were longer)\n",
		       o->depth, r->bound, r->entities, r->k, r->beyond);
}

static void print_finding(const struct finding *f)
{
	const struct explorer *explorer = backend_explored.explorer;

	printf("  FOUND by schedule %" PRIu64 ": %s\n    %s\n", f->at, explorer->findings[f->kind],
	       f->message);
	printf("  start %s, program %s, %u switch%s\n\n", explorer->starts[f->start],
	       f->program[0] ? f->program : "(none)", f->switches, f->switches == 1 ? "" : "es");
	fputs(f->story ? f->story : "", stdout);
	putchar('\n');
}

static void print_schedule(FILE *out, const struct experiment *experiment,
			   const struct combination *combination, const struct finding *f)
{
	fputs("# A schedule that went wrong; 'bounce explore --replay FILE' runs it again.\n", out);
	fprintf(out, "version: %s\n", backend_explored.version);
	fprintf(out, "found: %s\n", backend_explored.explorer->findings[f->kind]);
	for (size_t i = 0; i < combination->keys; i++)
		if (combination->key[i].swept)
			fprintf(out, "set: %s=%s\n", combination->key[i].key,
				combination->key[i].value);
	if (combination->objects && combination->objects->content)
		fprintf(out, "model: %s %s\n", combination->objects->name,
			combination->objects->content);
	fprintf(out, "set: explore.start=%s\n", backend_explored.explorer->starts[f->start]);
	fprintf(out, "set: explore.program=%s\n", *f->program ? f->program : "\"\"");
	fprintf(out, "schedule: %s\n---\n%s", f->schedule, experiment->effective);
}

/* What stands in the way is told when the file is written. */
static void make_folder(const char *path)
{
	char part[4096];

	for (size_t i = 1; i < sizeof part && path[i - 1]; i++)
		if (path[i] == '/' || !path[i]) {
			snprintf(part, sizeof part, "%.*s", (int)i, path);
			mkdir(part, 0777);
		}
}

/* DIR/NAME/findings/HASH.schedule; the hash is of what is in it. */
static bool save(const struct arguments *arguments, const struct experiment *experiment,
		 const struct combination *combination, const struct finding *f)
{
	char folder[4096], name[HASH_DIGITS + 16], hex[SHA256_HEX_BYTES], why[200], path[4200];
	struct sha256 hash;
	char *text;
	size_t length;
	FILE *out = text_open(&text, &length);
	bool good;

	print_schedule(out, experiment, combination, f);
	text_close(out);
	sha256_start(&hash);
	sha256_add(&hash, text, length);
	sha256_hex(&hash, hex);
	snprintf(name, sizeof name, "%.*s.schedule", HASH_DIGITS, hex);
	snprintf(folder, sizeof folder, "%s/%s/findings",
		 arguments->output ? arguments->output : "results", experiment->name);
	make_folder(folder);
	good = file_write(folder, name, text, length, why, sizeof why);
	free(text);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (good) {
		fputs("Again: bounce explore --replay ", stdout);
		text_shell(stdout, path);
		fputs("\n\n", stdout);
	} else {
		complain("bounce: %s", why);
	}
	return good;
}

static int explore_one(const struct arguments *arguments, const struct experiment *experiment,
		       const struct combination *combination)
{
	struct explore_options o = replay_options(combination, combination->settings.seed);
	struct explore_report report;
	char why[400];
	int status = EXIT_DONE;

	o.stop = &stopped;
	if (!backend_explored.explorer->explore(&o, &report, why, sizeof why)) {
		fprintf(stderr, "%s: error: %s\n", experiment->path, why);
		return EXIT_MISTAKE;
	}
	print_models(combination);
	print_how(&o);
	print_report(&o, &report);
	if (report.finding) {
		status = EXIT_FAILED;
		print_finding(report.finding);
		save(arguments, experiment, combination, report.finding);
	} else {
		puts(report.stopped ? "  nothing found till then" : "  nothing found");
	}
	backend_explored.explorer->finding_free(report.finding);
	fflush(stdout);
	return status;
}

int explore_told(const struct experiment *experiment, const char *output)
{
	const struct arguments arguments = { .output = output };

	stop_when_asked();
	return status_of(explore_one(&arguments, experiment, experiment->combination[0]));
}

static void print_missed(const struct combination *combination)
{
	print_models(combination);
	puts(": not looked at; stopped");
}

/* ---- planted faults --------------------------------------------------------------------------- */

/* Is what the options plant found by that strategy? Who was stopped cannot say. */
static bool plant_cell(const struct experiment *experiment, struct explore_options o, int strategy)
{
	struct explore_report report;
	char why[400];
	bool found;

	o.strategy = strategy;
	o.stop = &stopped;
	if (strategy == STRATEGY_EXHAUSTIVE && o.operations > PLANT_OPERATIONS)
		o.operations = PLANT_OPERATIONS; /* all orders of longer programs are too many */
	if (!backend_explored.explorer->explore(&o, &report, why, sizeof why)) {
		fprintf(stderr, "%s: error: %s\n", experiment->path, why);
		return false;
	}
	found = report.finding != NULL;
	if (found)
		printf(" %" PRIu64 " |", report.finding->at);
	else if (report.stopped)
		printf(" stopped at %" PRIu64 " |", report.schedules);
	else
		printf(" not in %" PRIu64 " |", report.schedules);
	backend_explored.explorer->finding_free(report.finding);
	fflush(stdout);
	return found;
}

static void print_strategies(const char *first)
{
	const struct explorer *explorer = backend_explored.explorer;

	fputs(first, stdout);
	for (int s = 0; explorer->strategies[s]; s++)
		printf(" %s |", explorer->strategies[s]);
}

static void print_plants(const struct experiment *experiment)
{
	const struct explorer *explorer = backend_explored.explorer;

	print_strategies("| allocator | planted |");
	puts("\n|---|---|--:|--:|--:|--:|");
	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *c = experiment->combination[i];
		const char *name = explored_name(c);

		for (int p = 0; explorer->plants[p].name; p++) {
			if (!explorer->plant_is_for(&explorer->plants[p], name) || explored_before(experiment, i))
				continue;
			printf("| %s", name);
			print_swept(c, false);
			printf(" | %s |", explorer->plants[p].name);
			for (int s = 0; explorer->strategies[s]; s++) {
				struct explore_options o = replay_options(c, c->settings.seed);

				o.plant = explorer->plants[p].name;
				plant_cell(experiment, o, s);
			}
			putchar('\n');
			if (stopped) {
				puts("\nStopped: the others were not planted.");
				return;
			}
		}
	}
}

/* ---- faults at each place ---------------------------------------------------------------------- */

/* Where sound schedules take locks and compare words. */
static bool find_places(const struct experiment *experiment, struct explore_options o,
			struct coverage *coverage)
{
	struct explore_report report;
	char why[400];

	o.places = true;
	o.stop = &stopped;
	o.strategy = STRATEGY_RUNS;
	o.schedules = PLACE_SCHEDULES;
	if (!backend_explored.explorer->explore(&o, &report, why, sizeof why)) {
		fprintf(stderr, "%s: error: %s\n", experiment->path, why);
		return false;
	}
	if (report.finding)
		fprintf(stderr, "%s: without a planted fault: %s\n", experiment->path,
			report.finding->message);
	backend_explored.explorer->finding_free(report.finding);
	*coverage = report.coverage;
	return true;
}

/* One row; false: no strategy finds it. The last column is of a lock that is not noted as held. */
static bool print_place(const struct experiment *experiment, struct explore_options o,
			const struct fault_place *place)
{
	const struct explorer *explorer = backend_explored.explorer;
	static const char lock[] = "no-lock@";
	bool found = false;

	printf("| `%s` | `%s` in `%s` |", place->fault, place->site->text, place->site->function);
	snprintf(o.fault, sizeof o.fault, "%s", place->fault);
	for (int s = 0; explorer->strategies[s]; s++)
		found |= plant_cell(experiment, o, s);
	if (!strncmp(place->fault, lock, sizeof lock - 1)) {
		snprintf(o.fault, sizeof o.fault, "forgotten-lock@%s",
			 place->fault + sizeof lock - 1);
		found |= plant_cell(experiment, o, STRATEGY_RUNS);
	} else {
		fputs(" |", stdout);
	}
	putchar('\n');
	return found;
}

static void print_places(const struct experiment *experiment,
			 const struct combination *combination)
{
	struct explore_options o = replay_options(combination, combination->settings.seed);
	struct coverage coverage;
	unsigned found = 0, tried;

	if (!find_places(experiment, o, &coverage))
		return;
	print_models(combination);
	print_strategies(":\n\n| fault | what is there |");
	puts(" unnoted |\n|---|---|--:|--:|--:|--:|--:|");
	for (tried = 0; tried < coverage.places && !stopped; tried++)
		found += print_place(experiment, o, &coverage.place[tried]);
	if (stopped)
		printf("\nStopped: %u of %u faults were tried, %u are found.\n\n", tried,
		       coverage.places, found);
	else
		printf("\n%u of %u faults are found.\n\n", found, coverage.places);
}

/* ---- experiments, replays ---------------------------------------------------------------------- */

static int explore_combinations(const struct arguments *arguments,
				const struct experiment *experiment, const bool *out)
{
	int status = EXIT_DONE;

	if (arguments->plants == PLANTS_NAMED)
		print_plants(experiment);
	for (size_t i = 0; i < experiment->combinations && arguments->plants != PLANTS_NAMED; i++) {
		int one = EXIT_DONE;

		if (out[i] || explored_before(experiment, i))
			continue;
		if (stopped)
			print_missed(experiment->combination[i]);
		else if (arguments->plants == PLANTS_PLACES)
			print_places(experiment, experiment->combination[i]);
		else
			one = explore_one(arguments, experiment, experiment->combination[i]);

		if (one > status)
			status = one;
	}
	return status;
}

static int explore_file(const struct arguments *arguments, const char *file,
			struct diagnostics *diagnostics)
{
	struct experiment *experiment =
		experiment_load(file, arguments->shared.sets, arguments->shared.set_count, diagnostics);
	int status = EXIT_MISTAKE;
	bool *out;

	if (!experiment)
		return EXIT_MISTAKE;
	out = xalloc(experiment->combinations * sizeof *out);
	if (keys_protocol_fault(experiment->combination[0]->settings.plant)) {
		mistake(diagnostics, experiment->plant,
			"'plant' is a fault of the protocol, for 'bounce run'; the explorer has no caches");
	} else if (explore_rehearse(experiment, out, diagnostics)) {
		status = explore_combinations(arguments, experiment, out);
	}
	free(out);
	experiment_free(experiment);
	return status;
}

static int replay_experiment(const struct arguments *arguments, const struct replayed *replayed)
{
	const struct combination *combination = replayed->experiment->combination[0];
	struct explore_options o = replay_options(combination, combination->settings.seed);
	struct explore_report report;
	char why[400];
	int status = EXIT_DONE;

	if (!backend_explored.explorer->replay(&o, replayed->schedule, &report, why, sizeof why)) {
		fprintf(stderr, "%s: error: %s\n", arguments->replay, why);
		return EXIT_MISTAKE;
	}
	print_models(combination);
	printf(": one schedule, %" PRIu64 " steps\n", report.steps);
	if (report.finding) {
		report.finding->at = 1;
		print_finding(report.finding);
		status = EXIT_FAILED;
	} else {
		puts("  nothing found");
	}
	backend_explored.explorer->finding_free(report.finding);
	return status;
}

static int replay(const struct arguments *arguments, struct diagnostics *diagnostics)
{
	struct replayed replayed;
	int status = EXIT_MISTAKE;

	if (!replay_open(arguments->replay, &replayed, diagnostics))
		return EXIT_MISTAKE;
	status = replay_experiment(arguments, &replayed);
	replay_close(&replayed);
	return status;
}

int cli_explore(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE...", help, shared_options, NULL, NULL };
	struct arguments arguments = { 0 };
	struct diagnostics *diagnostics = diagnostics_new();
	int status = EXIT_DONE;

	options_parse(&argp, argc, argv, "bounce explore", &arguments);
	if (arguments.replay)
		status = replay(&arguments, diagnostics);
	else
		stop_when_asked();
	for (size_t i = 0; i < arguments.file_count; i++) {
		int one = explore_file(&arguments, arguments.files[i], diagnostics);

		if (one > status)
			status = one;
	}
	status = status_of(status);
	diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments.shared.colour));
	diagnostics_free(diagnostics);
	free(arguments.files);
	free(arguments.shared.sets);
	return status;
}
