#include "core/crypto/hmac.h"

#include "core/base/memory.h"

static void begin(struct nx_hash *h, enum nx_hash_kind kind,
                  const uint8_t secret_pad[NX_HASH_BLOCK_LEN_MAX], uint8_t mask)
{
    uint8_t secret_masked[NX_HASH_BLOCK_LEN_MAX];
    size_t block_len = nx_hash_block_len(kind);

    for (size_t i = 0; i < block_len; i++)
        secret_masked[i] = secret_pad[i] ^ mask;
    nx_hash_init(h, kind);
    nx_hash_add(h, nx_bytes_of(secret_masked, block_len));
    nx_crypto_wipe(secret_masked, sizeof(secret_masked));
}

void nx_hmac_init(struct nx_hmac *m, enum nx_hash_kind kind, struct nx_bytes key)
{
    uint8_t secret_pad[NX_HASH_BLOCK_LEN_MAX] = {0};

    if (key.len > nx_hash_block_len(kind)) {
        struct nx_hash h;

        nx_hash_init(&h, kind);
        nx_hash_add(&h, key);
        nx_hash_end(&h, secret_pad);
    } else if (key.len > 0) {
        memcpy(secret_pad, key.ptr, key.len);
    }
    begin(&m->inner, kind, secret_pad, 0x36);
    begin(&m->outer, kind, secret_pad, 0x5c);
    nx_crypto_wipe(secret_pad, sizeof(secret_pad));
}

void nx_hmac_add(struct nx_hmac *m, struct nx_bytes part)
{
    nx_hash_add(&m->inner, part);
}

void nx_hmac_end(struct nx_hmac *m, uint8_t *mac)
{
    uint8_t secret_digest[NX_HASH_LEN_MAX];
    size_t len = nx_hash_len(m->inner.kind);

    nx_hash_end(&m->inner, secret_digest);
    nx_hash_add(&m->outer, nx_bytes_of(secret_digest, len));
    nx_hash_end(&m->outer, mac);
    nx_crypto_wipe(secret_digest, sizeof(secret_digest));
}

void nx_hmac(uint8_t *mac, enum nx_hash_kind kind, struct nx_bytes key, struct nx_bytes message)
{
    struct nx_hmac m;

    nx_hmac_init(&m, kind, key);
    nx_hmac_add(&m, message);
    nx_hmac_end(&m, mac);
}
