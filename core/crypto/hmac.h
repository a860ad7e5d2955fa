/* HMAC (RFC 2104) over BLAKE2s, SHA-256 or SHA-512.
 *
 * At once, or in pieces: init, any number of adds, end. A MAC that came from outside is compared
 * with nx_crypto_equal. */
#ifndef NX_CORE_CRYPTO_HMAC_H
#define NX_CORE_CRYPTO_HMAC_H

#include "core/crypto/hash.h"

struct nx_hmac {
    struct nx_hash inner;
    struct nx_hash outer;
};

/* Under `key` of any length, which it takes into the hashes and does not keep. */
void nx_hmac_init(struct nx_hmac *m, enum nx_hash_kind kind, struct nx_bytes key);

void nx_hmac_add(struct nx_hmac *m, struct nx_bytes part);

/* Writes nx_hash_len bytes of the kind of init, and wipes `m`. */
void nx_hmac_end(struct nx_hmac *m, uint8_t *mac);

/* Writes nx_hash_len(kind) bytes; `mac` may be the memory of `key` or of `message`. */
void nx_hmac(uint8_t *mac, enum nx_hash_kind kind, struct nx_bytes key, struct nx_bytes message);

#endif
