/* Noise: the handshake Noise_XK_25519_ChaChaPoly_BLAKE2s (Noise revision 34; docs/contracts/wire.md
 * §1).
 *
 *     initiator                              responder
 *     WRITES   ---- e, es, payload ------->  READS
 *     READS    <--- e, ee, payload --------  WRITES
 *     WRITES   ---- s, se, payload ------->  READS
 *     DONE     ---- split                    DONE
 *
 * The initiator knows the responder's static key beforehand; the responder learns the initiator's
 * from the third message. The first payload can be read by whoever gets hold of the responder's
 * static secret and replayed by anybody; the second one goes to an initiator not yet proved.
 *
 * A message that fails changes nothing: not the state, not the caller's memory beyond what it lent.
 * Whether there is a second try is the owner's decision, and a session does not give one. */
#ifndef NX_CORE_BUS_NOISE_H
#define NX_CORE_BUS_NOISE_H

#include "core/base/rng.h"
#include "core/bus/noise_cipher.h"
#include "core/crypto/blake2s.h"

#define DSB_NOISE_MESSAGE_MAX 65535 /* Noise §3 */

/* What each message is longer than its payload. */
#define DSB_NOISE_OVERHEAD_1 (NX_X25519_LEN + NX_AEAD_TAG_LEN)
#define DSB_NOISE_OVERHEAD_2 (NX_X25519_LEN + NX_AEAD_TAG_LEN)
#define DSB_NOISE_OVERHEAD_3 (NX_X25519_LEN + 2 * NX_AEAD_TAG_LEN)

enum dsb_noise_state {
    DSB_NOISE_WIPED,
    DSB_NOISE_WRITES,
    DSB_NOISE_READS,
    DSB_NOISE_DONE,  /* all three are through: split is next */
    DSB_NOISE_SPLIT, /* `h` and `remote_static` stay, every secret is gone */
};

struct dsb_noise_config {
    bool is_initiator;
    const uint8_t *secret_static; /* ours: 32 bytes, and the public key that belongs to them */
    const uint8_t *static_public;
    const uint8_t
        *remote_static;       /* the initiator: the responder's, 32 bytes. The responder: NULL */
    struct nx_bytes prologue; /* empty in our protocol */
};

struct dsb_noise {
    enum dsb_noise_state state;
    bool is_initiator;
    uint8_t turn; /* messages that are through */

    /* The symmetric state (§5.2). */
    uint8_t h[NX_BLAKE2S_LEN]; /* no secret: it names this handshake */
    uint8_t secret_chaining_key[NX_BLAKE2S_LEN];
    uint8_t secret_key[NX_AEAD_KEY_LEN];
    uint64_t next_number; /* under that key */

    uint8_t secret_static[NX_X25519_LEN];
    uint8_t static_public[NX_X25519_LEN];
    uint8_t secret_ephemeral[NX_X25519_LEN];
    uint8_t remote_static[NX_X25519_LEN];
    uint8_t remote_ephemeral[NX_X25519_LEN];
};

/* May this be somebody's static key? One spelling only for each point: bit 255 clear, and below
 * 2^255 - 19. */
bool dsb_noise_static_is_valid(const uint8_t key[NX_X25519_LEN]);

/* Copies the keys, borrows the rest until it returns. No curve operation yet.
 * NX_OK; NX_E_CRYPTO: `remote_static` is no valid key, `n` is wiped. */
NX_MUST_CHECK enum nx_status dsb_noise_init(struct dsb_noise *n,
                                            const struct dsb_noise_config *config);

/* Forgets everything, on every way out but split. May be done twice. */
void dsb_noise_wipe(struct dsb_noise *n);

/* Append the next message, with `payload` in it, to `out`. The ephemeral key comes from `rng`.
 * `payload` lies outside the room of `out`.
 * NX_OK; NX_E_STATE: it is not our turn; NX_E_LIMIT: too long for a message, or for `out`;
 * NX_E_CRYPTO: the other side's key makes a shared value of zero; what nx_rng_fill answers. But for
 * NX_OK nothing changed. */
NX_MUST_CHECK enum nx_status dsb_noise_write(struct dsb_noise *n, const struct nx_rng *rng,
                                             struct nx_bytes payload, struct nx_writer *out);

/* Take the next message, one whole; append its payload to `payload`, whose room lies outside
 * `message`.
 * NX_OK; NX_E_STATE: it is not the other side's turn; NX_E_MALFORMED: shorter than a message
 * without payload; NX_E_LIMIT: longer than a message may be, or the payload than its room;
 * NX_E_CRYPTO: a tag does not hold, a shared value is zero, or the static key is no valid one. But
 * for NX_OK nothing changed; the free room of `payload` may be. */
NX_MUST_CHECK enum nx_status dsb_noise_read(struct dsb_noise *n, struct nx_bytes message,
                                            struct nx_writer *payload);

/* The keys of what follows, into two ciphers that were wiped or never used; wipes every secret here.
 * NX_OK; NX_E_STATE: the handshake is not DONE, nothing changed. */
NX_MUST_CHECK enum nx_status dsb_noise_split(struct dsb_noise *n, struct dsb_noise_cipher *sending,
                                             struct dsb_noise_cipher *receiving);

#endif
