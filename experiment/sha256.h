/* SHA-256 (FIPS 180-4): names points by what determines them. */
#ifndef EXPERIMENT_SHA256_H
#define EXPERIMENT_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

enum { SHA256_HEX_BYTES = 65 };         /* 64 digits and the terminator */

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t size);
void sha256_hex(struct sha256 *hash, char hex[SHA256_HEX_BYTES]);
/* All of it at once. */
void sha256_text(const void *data, size_t size, char hex[SHA256_HEX_BYTES]);

#endif
