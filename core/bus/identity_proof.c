#include "core/bus/identity_proof.h"

#include "core/base/hex.h"
#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/base/text.h"

/* The only thing that keeps a proof of one role from being one of the other. */
static void digest_of(enum dsb_proof_role role, const uint8_t noise_static[NX_X25519_LEN],
                      uint8_t digest[NX_SHA256_LEN])
{
    static const char *const tags[] = {
        [DSB_PROOF_SERVER] = "server-static",
        [DSB_PROOF_CLIENT] = "client-static",
    };
    struct nx_sha256 hash;

    nx_crypto_sha256_init(&hash);
    nx_crypto_sha256_add(&hash, nx_bytes_of_text(tags[role]));
    nx_crypto_sha256_add(&hash, nx_bytes_of(noise_static, NX_X25519_LEN));
    nx_crypto_sha256_end(&hash, digest);
}

void dsb_identity_prove(const struct dsb_identity *identity, enum dsb_proof_role role,
                        struct dsb_identity_proof *proof)
{
    uint8_t digest[NX_SHA256_LEN], signature[NX_ED25519_SIGNATURE_LEN];
    struct nx_writer out = nx_writer_over(proof->text, sizeof(proof->text));
    struct nx_json_writer w = nx_json_writer_over(&out);

    digest_of(role, identity->noise_static, digest);
    nx_crypto_ed25519_sign(signature, nx_bytes_of(digest, sizeof(digest)), identity->secret_seed);

    nx_json_begin_object(&w);
    nx_json_key(&w, "device_id");
    nx_json_put_text(&w, identity->id_text);
    nx_json_key(&w, "verifying_key");
    nx_json_put_byte_array(&w, nx_bytes_of(identity->ed25519, sizeof(identity->ed25519)));
    nx_json_key(&w, "signature");
    nx_json_put_byte_array(&w, nx_bytes_of(signature, sizeof(signature)));
    nx_json_end_object(&w);

    enum nx_status status = nx_json_writer_finish(&w);
    NX_CHECK(status == NX_OK); /* the longest proof fits */
    proof->len = out.len;
}

/* ---- verifying ----------------------------------------------------------------------------- */

static const struct nx_json_limits proof_limits = {
    .length_max = DSB_PROOF_PAYLOAD_MAX,
    .depth_max = NX_JSON_DEPTH_MAX,
    .string_max = DSB_PROOF_PAYLOAD_MAX,
    .member_count_max = DSB_PROOF_MEMBERS_MAX,
};

static enum nx_status refuse(struct nx_why *why, enum nx_status status, const char *what)
{
    if (why != NULL) {
        struct nx_text t = nx_text_over(why->text, sizeof(why->text));

        nx_text_add(&t, "proof: ");
        nx_text_add(&t, what);
    }
    return status;
}

/* Is the string at `node` the id of this key, as it is spelled? */
static bool is_id_of_key(const struct nx_json *json, uint32_t node,
                         const struct dsb_identity_claim *claim)
{
    char claimed[DSB_ID_TEXT_MAX + 1], computed[DSB_ID_TEXT_MAX + 1];

    nx_hex_encode(nx_bytes_of(claim->id, sizeof(claim->id)), computed);
    return nx_json_get_text(json, node, claimed, sizeof(claimed)) == NX_OK &&
           nx_bytes_equal(nx_bytes_of_text(claimed), nx_bytes_of_text(computed));
}

static enum nx_status verify(const struct nx_json *json, enum dsb_proof_role role,
                             const uint8_t noise_static[NX_X25519_LEN],
                             struct dsb_identity_claim *claim, struct nx_why *why)
{
    uint32_t device_id = nx_json_find(json, 0, "device_id");
    uint32_t verifying_key = nx_json_find(json, 0, "verifying_key");
    uint32_t signed_by = nx_json_find(json, 0, "signature");
    uint8_t signature[NX_ED25519_SIGNATURE_LEN], digest[NX_SHA256_LEN];

    if (nx_json_type_of(json, device_id) != NX_JSON_STRING ||
        nx_json_type_of(json, verifying_key) != NX_JSON_ARRAY ||
        nx_json_type_of(json, signed_by) != NX_JSON_ARRAY)
        return refuse(why, NX_E_MALFORMED, "it lacks an id, a key or a signature");

    if (nx_json_get_byte_array(json, verifying_key, claim->ed25519, sizeof(claim->ed25519)) !=
        NX_OK)
        return refuse(why, NX_E_MALFORMED, "the key is not 32 bytes");
    dsb_identity_id_of(claim->ed25519, claim->id);
    if (!is_id_of_key(json, device_id, claim))
        return refuse(why, NX_E_IDENTITY, "the id is not the key's");

    if (nx_json_get_byte_array(json, signed_by, signature, sizeof(signature)) != NX_OK)
        return refuse(why, NX_E_MALFORMED, "the signature is not 64 bytes");
    digest_of(role, noise_static, digest);
    if (nx_crypto_ed25519_verify(signature, nx_bytes_of(digest, sizeof(digest)), claim->ed25519) !=
        NX_OK)
        return refuse(why, NX_E_CRYPTO, "the signature does not hold");
    return NX_OK;
}

enum nx_status dsb_identity_verify(struct nx_bytes text, enum dsb_proof_role role,
                                   const uint8_t noise_static[NX_X25519_LEN],
                                   struct dsb_identity_claim *claim, struct nx_why *why)
{
    struct nx_json_node nodes[DSB_PROOF_NODES_MAX];
    struct nx_json json;
    struct dsb_identity_claim read;
    enum nx_status status =
        nx_json_parse(&json, text, nodes, NX_COUNT_OF(nodes), &proof_limits, why);

    if (status == NX_OK)
        status = verify(&json, role, noise_static, &read, why);
    if (status == NX_OK)
        *claim = read;
    return status;
}
