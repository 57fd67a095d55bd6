/* Prints workloads/quantiles.c: make -s quantiles >workloads/quantiles.c */
#include <stdio.h>

#include "tests/quantiles_fixture.h"

static void print(const char *name, const uint32_t quantile[QUANTILES])
{
	printf("\nconst uint32_t quantiles_%s[QUANTILES] = {", name);
	for (unsigned i = 0; i < QUANTILES; i++)
		printf("%s%u,", i % 12 ? " " : "\n\t", quantile[i]);
	printf("\n};\n");
}

int main(void)
{
	uint32_t quantile[QUANTILES];

	printf("/* Made by tests/quantiles.c; a test compares. See work.h. */\n"
	       "#include \"workloads/work.h\"\n\n/* clang-format off */");
	quantiles_make_exponential(quantile);
	print("exponential", quantile);
	quantiles_make_lognormal(quantile);
	print("lognormal", quantile);
	printf("/* clang-format on */\n");
	return 0;
}
