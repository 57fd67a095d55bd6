/* Who meets whom in a comparison; see arrange.h. */
#include "cli/arrange.h"

#include <string.h>

#include "cli/select.h"

enum { KEYS_MAX = 64 };

/* The keys that tell groups apart: what is swept, but `by` and the seed. */
struct keys {
	const char *key[KEYS_MAX];
	size_t count;
};

static void add_keys(struct keys *keys, const struct points *points, const char *by)
{
	for (size_t i = 0; i < points->swepts && keys->count < KEYS_MAX; i++) {
		const char *key = points->swept[i];
		size_t at = 0;

		while (at < keys->count && strcmp(keys->key[at], key) != 0)
			at++;
		if (at == keys->count && strcmp(key, "seed") != 0 && !(by && !strcmp(key, by)))
			keys->key[keys->count++] = key;
	}
}

/* `series` NULL: the point's value of `by`. */
static void add_points(struct groups *groups, const struct points *points, const struct keys *keys,
		       const char *series, const char *by)
{
	for (size_t i = 0; i < points->count; i++) {
		const struct point *point = points->point[i];
		char group[512] = "", seed[24];
		size_t used = 0;

		for (size_t k = 0; k < keys->count && used < sizeof group; k++) {
			const char *value = select_value(point, keys->key[k], seed, sizeof seed);

			if (value)
				used += (size_t)snprintf(group + used, sizeof group - used,
							 "%s%s=%s", used ? ", " : "", keys->key[k],
							 value);
		}

		const char *name = series ? series : select_value(point, by, seed, sizeof seed);

		/* a point without the key is not compared by it */
		if (name)
			groups_add(groups, name, group, point);
	}
}

struct groups *arrange_two(const struct points *a, const char *a_name, const struct points *b,
			   const char *b_name)
{
	struct groups *groups = groups_new();
	struct keys keys = { .count = 0 };

	add_keys(&keys, a, NULL);
	add_keys(&keys, b, NULL);
	add_points(groups, a, &keys, a_name, NULL);
	add_points(groups, b, &keys, b_name, NULL);
	return groups;
}

struct groups *arrange_by(const struct points *points, const char *by)
{
	struct groups *groups = groups_new();
	struct keys keys = { .count = 0 };

	add_keys(&keys, points, by);
	add_points(groups, points, &keys, NULL, by);
	return groups;
}

struct groups *arrange_series(const struct points *points)
{
	struct groups *groups = groups_new();
	char series[512], group[512];

	for (size_t i = 0; i < points->count; i++) {
		const struct point *point = points->point[i];

		groups_series(points, point, NULL, series, sizeof series);
		groups_settings(points, point, group, sizeof group);
		groups_add(groups, series, group, point);
	}
	return groups;
}
