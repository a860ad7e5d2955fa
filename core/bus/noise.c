#include "core/bus/noise.h"

#include "core/base/memory.h"
#include "core/crypto/hkdf.h"

/* 33 characters, which is over the hash's 32, so that the first h is its hash (§5.2). */
#define PROTOCOL_NAME "Noise_XK_25519_ChaChaPoly_BLAKE2s"

_Static_assert(sizeof(PROTOCOL_NAME) - 1 > NX_BLAKE2S_LEN, "the name is hashed, not padded");

/* Noise XK as the specification writes it:  -> e, es   <- e, ee   -> s, se */
enum token {
    TOKEN_E,
    TOKEN_S,
    TOKEN_EE,
    TOKEN_ES,
    TOKEN_SE,
};

#define TURNS           3
#define TOKENS_PER_TURN 2

static const enum token xk[TURNS][TOKENS_PER_TURN] = {
    {TOKEN_E, TOKEN_ES},
    {TOKEN_E, TOKEN_EE},
    {TOKEN_S, TOKEN_SE},
};

static const size_t overhead_len[TURNS] = {
    DSB_NOISE_OVERHEAD_1,
    DSB_NOISE_OVERHEAD_2,
    DSB_NOISE_OVERHEAD_3,
};

bool dsb_noise_static_is_valid(const uint8_t key[NX_X25519_LEN])
{
    /* p = 2^255 - 19, little endian: ed, then ff up to the last byte, which is 7f. */
    if (key[NX_X25519_LEN - 1] != 0x7f)
        return key[NX_X25519_LEN - 1] < 0x7f;
    for (size_t i = NX_X25519_LEN - 2; i > 0; i--) {
        if (key[i] != 0xff)
            return true;
    }
    return key[0] < 0xed;
}

/* ---- the symmetric state (§5.2) ------------------------------------------------------------- */

static void mix_hash(struct dsb_noise *n, struct nx_bytes data)
{
    struct nx_blake2s hash;

    nx_blake2s_init(&hash, sizeof(n->h), nx_bytes_of(NULL, 0));
    nx_blake2s_add(&hash, nx_bytes_of(n->h, sizeof(n->h)));
    nx_blake2s_add(&hash, data);
    nx_blake2s_end(&hash, n->h);
}

static void mix_key(struct dsb_noise *n, const uint8_t secret_shared[NX_X25519_LEN])
{
    nx_hkdf_noise2(n->secret_chaining_key, n->secret_key, n->secret_chaining_key,
                   nx_bytes_of(secret_shared, NX_X25519_LEN));
    n->next_number = 0;
}

/* The cipher of a handshake lives as long as one call: its state stays plain data, which can be
 * copied and thrown away. */
static struct dsb_noise_cipher cipher_of(const struct dsb_noise *n)
{
    struct dsb_noise_cipher cipher;

    dsb_noise_cipher_init(&cipher, n->secret_key);
    cipher.next_number = n->next_number;
    return cipher;
}

static enum nx_status encrypt_and_hash(struct dsb_noise *n, struct nx_bytes plain,
                                       struct nx_writer *out)
{
    size_t sealed_len = plain.len + NX_AEAD_TAG_LEN;
    uint8_t *sealed = nx_write_space(out, sealed_len);

    if (sealed == NULL)
        return NX_E_LIMIT;

    struct dsb_noise_cipher cipher = cipher_of(n);
    enum nx_status status =
        dsb_noise_cipher_seal(&cipher, nx_bytes_of(n->h, sizeof(n->h)), plain, sealed);
    n->next_number = cipher.next_number;
    dsb_noise_cipher_wipe(&cipher);
    if (status == NX_OK)
        mix_hash(n, nx_bytes_of(sealed, sealed_len));
    return status;
}

static enum nx_status decrypt_and_hash(struct dsb_noise *n, struct nx_bytes sealed, uint8_t *plain)
{
    struct dsb_noise_cipher cipher = cipher_of(n);
    enum nx_status status =
        dsb_noise_cipher_open(&cipher, nx_bytes_of(n->h, sizeof(n->h)), sealed, plain);

    n->next_number = cipher.next_number;
    dsb_noise_cipher_wipe(&cipher);
    if (status == NX_OK)
        mix_hash(n, sealed);
    return status;
}

/* ---- tokens (§5.3) -------------------------------------------------------------------------- */

static enum nx_status mix_shared(struct dsb_noise *n, const uint8_t secret[NX_X25519_LEN],
                                 const uint8_t public_key[NX_X25519_LEN])
{
    uint8_t secret_shared[NX_X25519_LEN];
    enum nx_status status = nx_crypto_x25519(secret_shared, secret, public_key);

    if (status == NX_OK)
        mix_key(n, secret_shared);
    nx_crypto_wipe(secret_shared, sizeof(secret_shared));
    return status;
}

/* The first letter is the initiator's key, the second the responder's. */
static enum nx_status mix_token(struct dsb_noise *n, enum token token)
{
    bool ours_is_static = token == (n->is_initiator ? TOKEN_SE : TOKEN_ES);
    bool theirs_is_static = token == (n->is_initiator ? TOKEN_ES : TOKEN_SE);

    return mix_shared(n, ours_is_static ? n->secret_static : n->secret_ephemeral,
                      theirs_is_static ? n->remote_static : n->remote_ephemeral);
}

static enum nx_status write_ephemeral(struct dsb_noise *n, const struct nx_rng *rng,
                                      struct nx_writer *out)
{
    uint8_t *ephemeral = nx_write_space(out, NX_X25519_LEN);

    if (ephemeral == NULL)
        return NX_E_LIMIT;

    enum nx_status status = nx_rng_fill(rng, n->secret_ephemeral, sizeof(n->secret_ephemeral));
    if (status != NX_OK)
        return status;
    nx_crypto_x25519_public(ephemeral, n->secret_ephemeral);
    mix_hash(n, nx_bytes_of(ephemeral, NX_X25519_LEN));
    return NX_OK;
}

static enum nx_status write_token(struct dsb_noise *n, enum token token, const struct nx_rng *rng,
                                  struct nx_writer *out)
{
    enum nx_status status = NX_OK;

    switch (token) {
    case TOKEN_E:
        status = write_ephemeral(n, rng, out);
        break;
    case TOKEN_S:
        status = encrypt_and_hash(n, nx_bytes_of(n->static_public, sizeof(n->static_public)), out);
        break;
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE:
        status = mix_token(n, token);
        break;
    }
    return status;
}

static enum nx_status read_static(struct dsb_noise *n, struct nx_bytes sealed)
{
    enum nx_status status = decrypt_and_hash(n, sealed, n->remote_static);

    if (status != NX_OK)
        return status;
    return dsb_noise_static_is_valid(n->remote_static) ? NX_OK : NX_E_CRYPTO;
}

/* That the message is long enough has been seen before the first token. */
static enum nx_status read_token(struct dsb_noise *n, enum token token, struct nx_reader *r)
{
    enum nx_status status = NX_OK;

    switch (token) {
    case TOKEN_E:
        memcpy(n->remote_ephemeral, nx_read_bytes(r, NX_X25519_LEN).ptr, NX_X25519_LEN);
        mix_hash(n, nx_bytes_of(n->remote_ephemeral, NX_X25519_LEN));
        break;
    case TOKEN_S:
        status = read_static(n, nx_read_bytes(r, NX_X25519_LEN + NX_AEAD_TAG_LEN));
        break;
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE:
        status = mix_token(n, token);
        break;
    }
    return status;
}

/* ---- the handshake ------------------------------------------------------------------------- */

/* The initiator writes in turns 0 and 2. */
static enum dsb_noise_state state_at(uint8_t turn, bool is_initiator)
{
    if (turn == TURNS)
        return DSB_NOISE_DONE;
    return (turn % 2 == 0) == is_initiator ? DSB_NOISE_WRITES : DSB_NOISE_READS;
}

enum nx_status dsb_noise_init(struct dsb_noise *n, const struct dsb_noise_config *config)
{
    NX_CHECK(config->is_initiator == (config->remote_static != NULL));

    *n = (struct dsb_noise){.is_initiator = config->is_initiator};
    if (config->is_initiator && !dsb_noise_static_is_valid(config->remote_static))
        return NX_E_CRYPTO;

    memcpy(n->secret_static, config->secret_static, sizeof(n->secret_static));
    memcpy(n->static_public, config->static_public, sizeof(n->static_public));
    if (config->is_initiator)
        memcpy(n->remote_static, config->remote_static, sizeof(n->remote_static));

    nx_blake2s(n->h, nx_bytes_of_text(PROTOCOL_NAME));
    memcpy(n->secret_chaining_key, n->h, sizeof(n->secret_chaining_key));
    mix_hash(n, config->prologue);
    /* The pre-message: <- s */
    mix_hash(n, nx_bytes_of(n->is_initiator ? n->remote_static : n->static_public, NX_X25519_LEN));
    n->state = state_at(0, n->is_initiator);
    return NX_OK;
}

void dsb_noise_wipe(struct dsb_noise *n)
{
    nx_crypto_wipe(n, sizeof(*n));
}

/* A message through: what was worked on becomes the state. */
static void commit(struct dsb_noise *n, const struct dsb_noise *next)
{
    *n = *next;
    n->turn++;
    n->state = state_at(n->turn, n->is_initiator);
}

enum nx_status dsb_noise_write(struct dsb_noise *n, const struct nx_rng *rng,
                               struct nx_bytes payload, struct nx_writer *out)
{
    if (n->state != DSB_NOISE_WRITES)
        return NX_E_STATE;
    if (payload.len > DSB_NOISE_MESSAGE_MAX - overhead_len[n->turn])
        return NX_E_LIMIT;

    struct dsb_noise next = *n;
    struct nx_writer message = *out;
    enum nx_status status = NX_OK;
    for (size_t i = 0; status == NX_OK && i < TOKENS_PER_TURN; i++)
        status = write_token(&next, xk[n->turn][i], rng, &message);
    if (status == NX_OK)
        status = encrypt_and_hash(&next, payload, &message);

    if (status == NX_OK) {
        commit(n, &next);
        *out = message;
    }
    nx_crypto_wipe(&next, sizeof(next));
    return status;
}

enum nx_status dsb_noise_read(struct dsb_noise *n, struct nx_bytes message,
                              struct nx_writer *payload)
{
    if (n->state != DSB_NOISE_READS)
        return NX_E_STATE;
    if (message.len < overhead_len[n->turn])
        return NX_E_MALFORMED;
    size_t payload_len = message.len - overhead_len[n->turn];
    if (message.len > DSB_NOISE_MESSAGE_MAX || payload_len > nx_writer_room(payload))
        return NX_E_LIMIT;

    struct dsb_noise next = *n;
    struct nx_reader r = nx_reader_over(message);
    uint8_t nothing;
    enum nx_status status = NX_OK;
    for (size_t i = 0; status == NX_OK && i < TOKENS_PER_TURN; i++)
        status = read_token(&next, xk[n->turn][i], &r);
    if (status == NX_OK)
        status = decrypt_and_hash(&next, r.rest,
                                  payload_len == 0 ? &nothing : payload->ptr + payload->len);

    if (status == NX_OK) {
        commit(n, &next);
        payload->len += payload_len;
    }
    nx_crypto_wipe(&next, sizeof(next));
    return status;
}

enum nx_status dsb_noise_split(struct dsb_noise *n, struct dsb_noise_cipher *sending,
                               struct dsb_noise_cipher *receiving)
{
    uint8_t secret_first[NX_BLAKE2S_LEN];
    uint8_t secret_second[NX_BLAKE2S_LEN];

    if (n->state != DSB_NOISE_DONE)
        return NX_E_STATE;

    /* The first key is for what the initiator sends (§5.3). */
    nx_hkdf_noise2(secret_first, secret_second, n->secret_chaining_key, nx_bytes_of(NULL, 0));
    dsb_noise_cipher_init(n->is_initiator ? sending : receiving, secret_first);
    dsb_noise_cipher_init(n->is_initiator ? receiving : sending, secret_second);
    nx_crypto_wipe(secret_first, sizeof(secret_first));
    nx_crypto_wipe(secret_second, sizeof(secret_second));

    nx_crypto_wipe(n->secret_chaining_key, sizeof(n->secret_chaining_key));
    nx_crypto_wipe(n->secret_key, sizeof(n->secret_key));
    nx_crypto_wipe(n->secret_static, sizeof(n->secret_static));
    nx_crypto_wipe(n->secret_ephemeral, sizeof(n->secret_ephemeral));
    n->state = DSB_NOISE_SPLIT;
    return NX_OK;
}
