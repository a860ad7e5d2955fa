#include "core/bus/handshake.h"

#include "core/base/memory.h"

enum {
    HEAD_LEN = DSB_HANDSHAKE_FRAME_MAX - DSB_HANDSHAKE_MAX,
};

static const struct nx_bytes no_bytes = {NULL, 0};

static void say(struct nx_why *why, const char *text)
{
    if (why != NULL)
        nx_why_set(why, text);
}

void dsb_credentials_init(struct dsb_credentials *own, const struct dsb_identity *identity)
{
    own->identity = identity;
    dsb_identity_prove(identity, DSB_PROOF_SERVER, &own->proofs[DSB_PROOF_SERVER]);
    dsb_identity_prove(identity, DSB_PROOF_CLIENT, &own->proofs[DSB_PROOF_CLIENT]);
}

static enum nx_status begin(struct dsb_handshake *h, const struct dsb_credentials *own,
                            const uint8_t *peer_static)
{
    const struct dsb_noise_config config = {
        .is_initiator = peer_static != NULL,
        .secret_static = own->identity->secret_noise,
        .static_public = own->identity->noise_static,
        .remote_static = peer_static,
        .prologue = no_bytes,
    };

    *h = (struct dsb_handshake){.own = own};
    return dsb_noise_init(&h->noise, &config);
}

enum nx_status dsb_handshake_dial(struct dsb_handshake *h, const struct dsb_credentials *own,
                                  const uint8_t peer_id[DSB_ID_LEN],
                                  const uint8_t peer_static[NX_X25519_LEN])
{
    enum nx_status status = begin(h, own, peer_static);

    memcpy(h->peer.id, peer_id, sizeof(h->peer.id));
    return status;
}

void dsb_handshake_accept(struct dsb_handshake *h, const struct dsb_credentials *own)
{
    NX_CHECK(begin(h, own, NULL) == NX_OK); /* there is no key yet that could be wrong */
}

void dsb_handshake_wipe(struct dsb_handshake *h)
{
    dsb_noise_wipe(&h->noise);
    *h = (struct dsb_handshake){0};
}

bool dsb_handshake_writes(const struct dsb_handshake *h)
{
    return h->noise.state == DSB_NOISE_WRITES;
}

bool dsb_handshake_is_done(const struct dsb_handshake *h)
{
    return h->noise.state == DSB_NOISE_DONE;
}

/* ---- what comes ------------------------------------------------------------------------------ */

/* May message `turn` be that long? */
static enum nx_status check_length(uint8_t turn, uint32_t len)
{
    if (turn == 0)
        return len == DSB_NOISE_OVERHEAD_1 ? NX_OK : NX_E_MALFORMED;
    if (len > DSB_HANDSHAKE_MAX)
        return NX_E_LIMIT;
    return len < (turn == 1 ? DSB_NOISE_OVERHEAD_2 : DSB_NOISE_OVERHEAD_3) ? NX_E_MALFORMED : NX_OK;
}

/* The proof, which stands in every message but the first. */
static enum nx_status check_proof(struct dsb_handshake *h, struct nx_bytes text, struct nx_why *why)
{
    enum dsb_proof_role role = h->noise.is_initiator ? DSB_PROOF_SERVER : DSB_PROOF_CLIENT;
    struct dsb_identity_claim claim;
    enum nx_status status = dsb_identity_verify(text, role, h->noise.remote_static, &claim, why);

    if (status != NX_OK)
        return status;
    if (h->noise.is_initiator && memcmp(claim.id, h->peer.id, sizeof(claim.id)) != 0) {
        say(why, "another device answered: its id is not the one that was dialled");
        return NX_E_IDENTITY;
    }
    h->peer = claim;
    return NX_OK;
}

static enum nx_status take(struct dsb_handshake *h, struct nx_bytes message, struct nx_why *why)
{
    bool has_proof = h->noise.turn > 0;
    uint8_t memory[DSB_PROOF_PAYLOAD_MAX];
    struct nx_writer payload = nx_writer_over(memory, has_proof ? sizeof(memory) : 0);
    enum nx_status status = dsb_noise_read(&h->noise, message, &payload);

    if (status != NX_OK)
        say(why, "a handshake message that does not open");
    else if (has_proof)
        status = check_proof(h, nx_writer_bytes(&payload), why);
    return status;
}

static enum nx_status input(struct dsb_handshake *h, struct nx_bytes in, size_t *used,
                            struct nx_why *why)
{
    if (in.len == 0)
        return NX_WOULD_BLOCK;
    if (h->noise.state != DSB_NOISE_READS) {
        say(why, "bytes when none were due");
        return NX_E_STATE;
    }
    if (in.len < HEAD_LEN)
        return NX_WOULD_BLOCK;

    struct nx_reader r = nx_reader_over(in);
    uint32_t len = nx_read_u32be(&r);
    enum nx_status status = check_length(h->noise.turn, len);
    if (status != NX_OK) {
        say(why, "a length that no message of the handshake has");
        return status;
    }
    if (r.rest.len < len)
        return NX_WOULD_BLOCK;
    *used = HEAD_LEN + len;
    return take(h, nx_read_bytes(&r, len), why);
}

enum nx_status dsb_handshake_input(struct dsb_handshake *h, struct nx_bytes in, size_t *used,
                                   struct nx_why *why)
{
    *used = 0;
    enum nx_status status = input(h, in, used, why);
    if (status != NX_OK && status != NX_WOULD_BLOCK)
        dsb_handshake_wipe(h);
    return status;
}

/* ---- what goes ------------------------------------------------------------------------------- */

static struct nx_bytes proof_of(const struct dsb_credentials *own, uint8_t turn)
{
    const struct dsb_identity_proof *proof =
        &own->proofs[turn == 1 ? DSB_PROOF_SERVER : DSB_PROOF_CLIENT];

    return turn == 0 ? no_bytes : nx_bytes_of(proof->text, proof->len);
}

enum nx_status dsb_handshake_output(struct dsb_handshake *h, const struct nx_rng *rng,
                                    struct nx_writer *out)
{
    uint8_t memory[DSB_HANDSHAKE_MAX];
    struct nx_writer message = nx_writer_over(memory, sizeof(memory));

    if (!dsb_handshake_writes(h))
        return NX_E_STATE;
    if (nx_writer_room(out) < DSB_HANDSHAKE_FRAME_MAX)
        return NX_E_LIMIT;

    enum nx_status status =
        dsb_noise_write(&h->noise, rng, proof_of(h->own, h->noise.turn), &message);
    if (status != NX_OK) {
        dsb_handshake_wipe(h);
        return status;
    }
    nx_write_u32be(out, (uint32_t)message.len);
    nx_write_bytes(out, nx_writer_bytes(&message));
    return NX_OK;
}
