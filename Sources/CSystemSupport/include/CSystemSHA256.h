// SHA-256 by the processor's own instructions, where it has them.
#ifndef CSYSTEMSHA256_H
#define CSYSTEMSHA256_H

#include <stddef.h>
#include <stdint.h>

/// Takes `count` blocks of 64 bytes into `state` (FIPS 180-4, 6.2.2). False, and nothing done, where the processor
/// has no instructions for it.
_Bool csys_sha256_blocks(uint32_t state[8], const void *blocks, size_t count);

#endif
