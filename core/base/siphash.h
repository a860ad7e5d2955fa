/* SipHash-2-4: a short keyed hash for tables whose keys other people choose.
 *
 * A stranger who knew the hash could pick ids that all fall into one chain and make a table walk it.
 * With a key that nobody outside knows (16 bytes of `nx_rng`, drawn at init) it cannot. It is no
 * message authentication here and proves nothing to anybody. Aumasson, Bernstein 2012. */
#ifndef NX_CORE_BASE_SIPHASH_H
#define NX_CORE_BASE_SIPHASH_H

#include "core/base/bytes.h"

#define NX_SIPHASH_KEY_LEN 16

/* The 64-bit hash of `bytes` under `key`: the paper's eight output bytes as a little-endian number. */
uint64_t nx_siphash(const uint8_t key[NX_SIPHASH_KEY_LEN], struct nx_bytes bytes);

#endif
