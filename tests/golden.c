/* golden CPUS: five counts of the golden stream (golden_fixture.h) on one line. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/golden_fixture.h"

int main(int argc, char **argv)
{
	char *end = NULL;
	unsigned long cpus = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
	struct golden g;

	if (!end || *end || cpus < 1 || cpus > GOLDEN_CPUS_MAX) {
		fprintf(stderr, "usage: golden CPUS    (1 to %d)\n", GOLDEN_CPUS_MAX);
		return 2;
	}
	g = golden_engine((unsigned)cpus);
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)g.read_misses,
	       (unsigned long long)g.write_misses, (unsigned long long)g.upgrades,
	       (unsigned long long)g.invalidations, (unsigned long long)g.downgrades);
	return 0;
}
