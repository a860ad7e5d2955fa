#include "core/bus/identity.h"

#include "core/base/hex.h"
#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/base/memory.h"

#define SEED_TEXT_LEN (2 * NX_ED25519_SEED_LEN)

_Static_assert(DSB_ID_LEN == NX_SHA256_LEN && DSB_ID_TEXT_MAX == 2 * DSB_ID_LEN, "an id is a hash");
_Static_assert(NX_X25519_LEN == NX_SHA256_LEN, "a Noise secret is a hash");
_Static_assert(DSB_IDENTITY_FILE_LEN == sizeof("{\"signing_key\":\"\"}") - 1 + SEED_TEXT_LEN,
               "the stored form has one length");

void dsb_identity_id_of(const uint8_t ed25519[NX_ED25519_PUBLIC_LEN], uint8_t id[DSB_ID_LEN])
{
    nx_crypto_sha256(id, nx_bytes_of(ed25519, NX_ED25519_PUBLIC_LEN));
}

void dsb_identity_init(struct dsb_identity *identity, const uint8_t seed[NX_ED25519_SEED_LEN])
{
    memcpy(identity->secret_seed, seed, NX_ED25519_SEED_LEN);
    nx_crypto_ed25519_public(identity->ed25519, identity->secret_seed);
    dsb_identity_id_of(identity->ed25519, identity->id);
    nx_hex_encode(nx_bytes_of(identity->id, DSB_ID_LEN), identity->id_text);

    /* X25519 clamps by itself (RFC 7748 §5); the stored secret is clamped so that it is the same
     * number for whoever else computes with it. */
    nx_crypto_sha256(identity->secret_noise,
                     nx_bytes_of(identity->secret_seed, NX_ED25519_SEED_LEN));
    identity->secret_noise[0] &= 248;
    identity->secret_noise[31] &= 127;
    identity->secret_noise[31] |= 64;
    nx_crypto_x25519_public(identity->noise_static, identity->secret_noise);
}

enum nx_status dsb_identity_create(struct dsb_identity *identity, const struct nx_rng *rng)
{
    uint8_t secret_seed[NX_ED25519_SEED_LEN];
    enum nx_status status = nx_rng_fill(rng, secret_seed, sizeof(secret_seed));

    if (status == NX_OK)
        dsb_identity_init(identity, secret_seed);
    else
        dsb_identity_wipe(identity);
    nx_crypto_wipe(secret_seed, sizeof(secret_seed));
    return status;
}

void dsb_identity_wipe(struct dsb_identity *identity)
{
    nx_crypto_wipe(identity, sizeof(*identity));
}

/* ---- the stored form ----------------------------------------------------------------------- */

enum nx_status dsb_identity_encode(const struct dsb_identity *identity, struct nx_writer *out)
{
    char secret_text[SEED_TEXT_LEN + 1];

    if (nx_writer_room(out) < DSB_IDENTITY_FILE_LEN)
        return NX_E_LIMIT;

    struct nx_json_writer w = nx_json_writer_over(out);
    nx_hex_encode(nx_bytes_of(identity->secret_seed, NX_ED25519_SEED_LEN), secret_text);
    nx_json_begin_object(&w);
    nx_json_key(&w, "signing_key");
    nx_json_put_text(&w, secret_text);
    nx_json_end_object(&w);
    nx_crypto_wipe(secret_text, sizeof(secret_text));
    return nx_json_writer_finish(&w);
}

static const struct nx_json_limits file_limits = {
    .length_max = DSB_IDENTITY_FILE_MAX,
    .depth_max = 1,
    .string_max = SEED_TEXT_LEN,
    .member_count_max = 1,
};

static enum nx_status refuse(struct nx_why *why, const char *what)
{
    if (why != NULL)
        nx_why_set(why, what);
    return NX_E_MALFORMED;
}

enum nx_status dsb_identity_decode(struct nx_bytes text, struct dsb_identity *identity,
                                   struct nx_why *why)
{
    struct nx_json_node nodes[3]; /* an object, a key, a value */
    struct nx_json json;
    char secret_text[SEED_TEXT_LEN + 1];
    uint8_t secret_seed[NX_ED25519_SEED_LEN];
    enum nx_status status =
        nx_json_parse(&json, text, nodes, NX_COUNT_OF(nodes), &file_limits, why);

    if (status != NX_OK)
        return status;
    uint32_t node = nx_json_find(&json, 0, "signing_key");
    if (node == NX_JSON_NONE)
        return refuse(why, "identity: there is no signing_key");

    status = nx_json_get_text(&json, node, secret_text, sizeof(secret_text));
    if (status == NX_OK)
        status = nx_hex_decode(nx_bytes_of_text(secret_text), secret_seed, sizeof(secret_seed));
    if (status == NX_OK)
        dsb_identity_init(identity, secret_seed);
    nx_crypto_wipe(secret_text, sizeof(secret_text));
    nx_crypto_wipe(secret_seed, sizeof(secret_seed));
    return status == NX_OK ? NX_OK
                           : refuse(why, "identity: signing_key is not 64 lower-case hex digits");
}
