/* Duo: both ends of a handshake whose keys are all known, for the tests of noise and of what stands
 * on it. */
#ifndef NX_CORE_BUS_NOISE_DUO_H
#define NX_CORE_BUS_NOISE_DUO_H

#include "core/bus/noise.h"

/* As vectors spell them, in hex. */
struct noise_duo_keys {
    const char *prologue;
    const char *initiator_static;
    const char *initiator_ephemeral;
    const char *responder_static;
    const char *responder_ephemeral;
};

struct noise_duo_end {
    struct dsb_noise noise;
    uint8_t secret_static[NX_X25519_LEN];
    uint8_t static_public[NX_X25519_LEN];
    uint8_t secret_ephemeral[NX_X25519_LEN];
    struct nx_rng rng; /* gives `secret_ephemeral`, and nothing else */
};

struct noise_duo {
    struct noise_duo_end initiator;
    struct noise_duo_end responder;
    uint8_t prologue[32];
};

/* The keys of our own vector without payloads (noise_test.c). */
extern const struct noise_duo_keys noise_duo_plain_keys;

/* Both ends before the first message. The duo stays where it is. */
void noise_duo_begin(struct noise_duo *duo, const struct noise_duo_keys *keys);

/* The end that writes message `turn`, and the one that reads it. */
struct noise_duo_end *noise_duo_writer(struct noise_duo *duo, size_t turn);
struct noise_duo_end *noise_duo_reader(struct noise_duo *duo, size_t turn);

/* The messages before `turn`, which are all right, with nothing in them. */
void noise_duo_advance(struct noise_duo *duo, size_t turn);

void noise_duo_wipe(struct noise_duo *duo);

#endif
