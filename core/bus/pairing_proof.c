#include "core/bus/pairing_proof.h"

#include "core/base/memory.h"
#include "core/bus/pairing_message.h"
#include "core/crypto/hkdf.h"

#define LABEL          "nexus-dsoftbus-cpace-v1"
#define CONFIRM_TYPIST LABEL " confirm typist"
#define CONFIRM_OWNER  LABEL " confirm owner"

/* lv() of each part costs one byte more than the part, as all are shorter than 128. */
#define CONTEXT_LEN    ((sizeof(LABEL) - 1) + 1 + 2 * DSB_ID_LEN + 4)
#define ASSOCIATED_MAX (sizeof("typist") - 1 + NX_ED25519_PUBLIC_LEN + NX_X25519_LEN + 3)
#define SAID_MAX       (2 * (1 + NX_CPACE_SHARE_LEN + 1 + ASSOCIATED_MAX))

_Static_assert(ASSOCIATED_MAX < 128 && sizeof(LABEL) < 128, "every length is one byte of LEB128");

/* CI = lv(label, mode, id of the typist, id of the owner). */
static struct nx_bytes context_of(const struct dsb_pairing_binding *binding,
                                  uint8_t memory[CONTEXT_LEN])
{
    static const uint8_t mode = DSB_PAIRING_MODE_ENTER;
    struct nx_writer w = nx_writer_over(memory, CONTEXT_LEN);

    nx_cpace_write_lv(&w, nx_bytes_of_text(LABEL));
    nx_cpace_write_lv(&w, nx_bytes_of(&mode, 1));
    nx_cpace_write_lv(&w, nx_bytes_of(binding->typist.id, DSB_ID_LEN));
    nx_cpace_write_lv(&w, nx_bytes_of(binding->owner.id, DSB_ID_LEN));
    NX_CHECK(!w.overflow);
    return nx_writer_bytes(&w);
}

/* AD = lv(role, Ed25519 key, Noise static). */
static struct nx_bytes associated_of(const char *role, const struct dsb_pairing_device *device,
                                     uint8_t memory[ASSOCIATED_MAX])
{
    struct nx_writer w = nx_writer_over(memory, ASSOCIATED_MAX);

    nx_cpace_write_lv(&w, nx_bytes_of_text(role));
    nx_cpace_write_lv(&w, nx_bytes_of(device->ed25519, sizeof(device->ed25519)));
    nx_cpace_write_lv(&w, nx_bytes_of(device->noise_static, sizeof(device->noise_static)));
    NX_CHECK(!w.overflow);
    return nx_writer_bytes(&w);
}

enum nx_status dsb_pairing_prove(const struct dsb_pairing_binding *binding,
                                 const uint8_t secret_code[DSB_PAIRING_CODE_LEN],
                                 const struct nx_rng *rng, struct dsb_pairing_half *half)
{
    uint8_t context[CONTEXT_LEN];
    uint8_t secret_generator[NX_RISTRETTO_LEN];
    enum nx_status status = nx_cpace_sample_scalar(rng, half->secret_scalar);

    if (status == NX_OK) {
        nx_cpace_generator(secret_generator, nx_bytes_of(secret_code, DSB_PAIRING_CODE_LEN),
                           context_of(binding, context),
                           nx_bytes_of(binding->channel, sizeof(binding->channel)));
        status = nx_cpace_share(half->share, half->secret_scalar, secret_generator);
        nx_crypto_wipe(secret_generator, sizeof(secret_generator));
    }
    if (status != NX_OK)
        nx_crypto_wipe(half, sizeof(*half));
    return status;
}

/* The first bytes of HMAC(HKDF(salt h, ISK, info, 64), h || said). */
static void confirm_with(const char *info, const uint8_t secret_key[NX_SHA512_LEN],
                         struct nx_bytes channel, struct nx_bytes said,
                         uint8_t secret_confirm[DSB_PAIRING_CONFIRM_LEN])
{
    uint8_t secret_expanded[NX_SHA512_LEN];
    uint8_t secret_mac[NX_SHA512_LEN];
    struct nx_hmac m;
    enum nx_status status =
        nx_hkdf_expand(secret_expanded, sizeof(secret_expanded), NX_HASH_SHA512,
                       nx_bytes_of(secret_key, NX_SHA512_LEN), nx_bytes_of_text(info));

    NX_CHECK(status == NX_OK); /* one block of 255 */
    nx_hmac_init(&m, NX_HASH_SHA512, nx_bytes_of(secret_expanded, sizeof(secret_expanded)));
    nx_hmac_add(&m, channel);
    nx_hmac_add(&m, said);
    nx_hmac_end(&m, secret_mac);
    memcpy(secret_confirm, secret_mac, DSB_PAIRING_CONFIRM_LEN);
    nx_crypto_wipe(secret_expanded, sizeof(secret_expanded));
    nx_crypto_wipe(secret_mac, sizeof(secret_mac));
}

enum nx_status dsb_pairing_confirm(const struct dsb_pairing_binding *binding, bool is_typist,
                                   const struct dsb_pairing_half *half,
                                   const uint8_t their_share[NX_CPACE_SHARE_LEN],
                                   struct dsb_pairing_confirms *confirms)
{
    uint8_t associated_typist[ASSOCIATED_MAX], associated_owner[ASSOCIATED_MAX];
    uint8_t said_memory[SAID_MAX];
    uint8_t secret_k[NX_RISTRETTO_LEN], secret_isk[NX_CPACE_ISK_LEN], secret_key[NX_SHA512_LEN];
    struct nx_bytes channel = nx_bytes_of(binding->channel, sizeof(binding->channel));
    struct nx_bytes ours = nx_bytes_of(half->share, NX_CPACE_SHARE_LEN);
    struct nx_bytes theirs = nx_bytes_of(their_share, NX_CPACE_SHARE_LEN);
    struct nx_cpace_transcript t = {
        .share_a = is_typist ? ours : theirs,
        .associated_a = associated_of("typist", &binding->typist, associated_typist),
        .share_b = is_typist ? theirs : ours,
        .associated_b = associated_of("owner", &binding->owner, associated_owner),
    };
    struct nx_writer said = nx_writer_over(said_memory, sizeof(said_memory));
    enum nx_status status =
        nx_cpace_shared(secret_k, half->secret_scalar, half->share, their_share);

    if (status != NX_OK) {
        nx_crypto_wipe(confirms, sizeof(*confirms));
        return status;
    }
    nx_cpace_write_transcript(&said, &t);
    NX_CHECK(!said.overflow);
    nx_cpace_isk(secret_isk, channel, secret_k, &t);
    nx_hkdf_extract(secret_key, NX_HASH_SHA512, channel,
                    nx_bytes_of(secret_isk, sizeof(secret_isk)));
    confirm_with(CONFIRM_TYPIST, secret_key, channel, nx_writer_bytes(&said),
                 confirms->secret_typist);
    confirm_with(CONFIRM_OWNER, secret_key, channel, nx_writer_bytes(&said),
                 confirms->secret_owner);
    nx_crypto_wipe(secret_k, sizeof(secret_k));
    nx_crypto_wipe(secret_isk, sizeof(secret_isk));
    nx_crypto_wipe(secret_key, sizeof(secret_key));
    return NX_OK;
}
