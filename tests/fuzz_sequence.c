/*
 * What the fuzzer feeds: bytes as a recorded sequence. What is read keeps its promises: times of a CPU
 * do not go back, accesses are aligned; what is not says why.
 */
#include <stdint.h>
#include <stdlib.h>

#include "workloads/struct_sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[300] = "";
	struct sequence *sequence = sequence_parse((const char *)data, size, why, sizeof why);
	uint64_t all = 0;

	if (!sequence && !*why)
		abort();
	for (unsigned cpu = 0; sequence && cpu < sequence->cpus; cpu++) {
		for (size_t i = 0; i < sequence->steps[cpu]; i++, all++) {
			const struct sequence_step *step = &sequence->step[cpu][i];

			if ((i && step->at < step[-1].at) || step->offset % step->size ||
			    step->instance >= sequence->instances ||
			    step->offset + step->size > sequence->bytes)
				abort();
		}
	}
	if (sequence && (all != sequence->all || sequence->warmup >= all))
		abort();
	sequence_free(sequence);
	return 0;
}
