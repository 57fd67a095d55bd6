/* Reads the file of a finding; see replay.h. */
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "experiment/file.h"
#include "experiment/keys.h"
#include "sim/verbs/backend.h"

enum { REPLAY_BYTES_MAX = 16 << 20 };

bool replay_has_workload(const struct combination *combination)
{
	return !combination->objects && combination->workload->restart;
}

struct explore_options replay_options(const struct combination *combination, uint64_t seed)
{
	struct explore_options o = combination->settings.explore;
	const struct plant *plant = keys_model_fault(combination->settings.plant);

	if (replay_has_workload(combination)) {
		o.workload = combination->workload->name;
		o.workload_settings = combination->workload_settings;
	}
	o.objects = combination->objects ? combination->objects->name : NULL;
	o.pages = combination->pages->name;
	o.objects_settings = combination->objects_settings;
	o.pages_settings = combination->pages_fitted;
	o.preempt = combination_preempt(combination);
	o.plant = plant ? plant->name : NULL;
	o.seed = seed;
	return o;
}

/* The lines of a schedule file in front of its experiment. */
struct kept {
	char *schedule, **sets;
	const char *version;
	char *model;                    /* loaded: "toy HASH"; NULL: none was */
	size_t set_count;
};

/* Returns where the experiment begins, NULL: that is no schedule. */
static char *read_kept(char *text, struct kept *kept)
{
	char *next;

	for (char *line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strcmp(line, "---"))
			return kept->schedule ? next : NULL;
		if (!strncmp(line, "set: ", 5))
			words_append(&kept->sets, &kept->set_count, line + 5);
		else if (!strncmp(line, "schedule: ", 10))
			kept->schedule = line + 10;
		else if (!strncmp(line, "version: ", 9))
			kept->version = line + 9;
		else if (!strncmp(line, "model: ", 7))
			kept->model = line + 7;
	}
	return NULL;
}

/* The allocator of one's own that it was found in: is it here? If not, that is told. */
static bool has_model(const char *path, const struct kept *kept)
{
	char *hash = kept->model ? strchr(kept->model, ' ') : NULL;
	const struct object_allocator *model;

	if (!hash)
		return true;
	*hash++ = '\0';
	model = object_allocator_find(kept->model);
	if (!model || !model->content) {
		complain("bounce: %s is about '%s', an allocator of your own; say which file it is with --model",
			 path, kept->model);
		return false;
	}
	if (strcmp(model->content, hash))
		complain("%s: note: '%s' was built from something else then; it may not go wrong any more",
			 path, kept->model);
	return true;
}

bool replay_open(const char *path, struct replayed *replayed, struct diagnostics *diagnostics)
{
	size_t length;
	struct kept kept = { 0 };
	char *begin;

	*replayed = (struct replayed){ .text = file_read(path, REPLAY_BYTES_MAX, &length) };
	if (!replayed->text) {
		perror(path);
		return false;
	}
	begin = read_kept(replayed->text, &kept);
	replayed->sets = kept.sets;
	if (!begin) {
		fprintf(stderr, "%s: error: this is no file of 'bounce explore'\n", path);
		replay_close(replayed);
		return false;
	}
	replayed->schedule = kept.schedule;
	if (has_model(path, &kept))
		replayed->experiment = experiment_parse(path, begin, strlen(begin), kept.sets,
							kept.set_count, diagnostics);
	if (!replayed->experiment) {
		replay_close(replayed);
		return false;
	}
	if (!kept.version || strcmp(kept.version, backend_explored.version))
		fprintf(stderr,
			"%s: note: found with another version of the models; it may not go wrong "
			"any more\n",
			path);
	return true;
}

void replay_close(struct replayed *replayed)
{
	if (replayed->experiment)
		experiment_free(replayed->experiment);
	free(replayed->sets);
	free(replayed->text);
	*replayed = (struct replayed){ 0 };
}
