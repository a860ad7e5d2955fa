/* Any bytes as a proof and as a stored identity: nobody is proved whose id is not the key's, what is
 * refused leaves its outputs alone, and what is stored anew is the same device. */
#include "core/base/memory.h"
#include "core/bus/identity_proof.h"
#include "fuzz/fuzz.h"

static void prove(struct nx_bytes text)
{
    static const uint8_t noise_static[NX_X25519_LEN] = {9};
    struct dsb_identity_claim claim, before;
    uint8_t id[DSB_ID_LEN];

    memset(&claim, 0x5a, sizeof(claim));
    memcpy(&before, &claim, sizeof(before));
    if (dsb_identity_verify(text, DSB_PROOF_SERVER, noise_static, &claim, NULL) == NX_OK) {
        dsb_identity_id_of(claim.ed25519, id);
        NX_CHECK(memcmp(id, claim.id, sizeof(id)) == 0);
    } else {
        NX_CHECK(memcmp(&claim, &before, sizeof(before)) == 0);
    }
}

static void restore(struct nx_bytes text)
{
    uint8_t memory[DSB_IDENTITY_FILE_LEN];
    struct nx_writer out = nx_writer_over(memory, sizeof(memory));
    struct dsb_identity identity, again;

    if (dsb_identity_decode(text, &identity, NULL) != NX_OK)
        return;
    NX_CHECK(dsb_identity_encode(&identity, &out) == NX_OK);
    NX_CHECK(dsb_identity_decode(nx_writer_bytes(&out), &again, NULL) == NX_OK);
    NX_CHECK(memcmp(&identity, &again, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;

    if (!is_ready)
        NX_CHECK(nx_crypto_init() == NX_OK);
    is_ready = true;
    prove(nx_bytes_of(data, size));
    restore(nx_bytes_of(data, size));
    return 0;
}
