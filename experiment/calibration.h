/*
 * This host as a machine of bounce: measured with the microbenchmarks of configs/micro on its own
 * processors (native/native.h), completed from another machine file where n CPUs cannot show it.
 */
#ifndef EXPERIMENT_CALIBRATION_H
#define EXPERIMENT_CALIBRATION_H

#include <stdio.h>

#include "experiment/diagnostic.h"
#include "native/native.h"
#include "sim/machine.h"

enum { CALIBRATED_CPUS_MAX = NATIVE_CPUS_MAX, CALIBRATED_DISTANCES = 3 };

struct calibration_options {
	const char *id;                 /* of the machine that is written */
	const char *like;               /* machine for the rest; NULL: by the processor's maker */
	unsigned samples;               /* of each microbenchmark; their median counts */
};

/* Where a number comes from, for the comment beside it. */
enum origin { ORIGIN_MEASURED, ORIGIN_HOST, ORIGIN_DERIVED, ORIGIN_NONE, ORIGIN_LIKE };

struct calibration {
	struct machine machine;
	char like[SETTING_NAME_BYTES], processor[128];
	unsigned cpus, host[CALIBRATED_CPUS_MAX];       /* one per core, the host's numbers */
	unsigned partner[CALIBRATED_DISTANCES];         /* of CPU 0 at each distance, an index */
	bool shared_llc;                /* says the host; llc_apart: but it does not show */
	bool llc_apart;
	bool three;                     /* three CPUs: what two others share was measured */
	struct native_own own;
	unsigned moved;                 /* rounds that were of another kind */
	unsigned disturbed, runs;       /* microbenchmarks that the host disturbed, of so many */
};

/* False: mistakes are in `diagnostics`, or `why` says what could not be measured. `progress`: one
 * line per microbenchmark; NULL: none. */
bool calibrate(const struct calibration_options *options, struct calibration *calibration,
	       FILE *progress, struct diagnostics *diagnostics, char *why, size_t size);

/* The machine file. */
void calibration_print(FILE *out, const struct calibration *calibration);

#endif
