#include "core/bus/noise_duo.h"

#include "core/base/hex.h"
#include "core/base/memory.h"

const struct noise_duo_keys noise_duo_plain_keys = {
    "",
    "d08707b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf",
    "e08707232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
    "d187088b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7",
    "e08708030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
};

static enum nx_status fill_known(void *source, uint8_t *out, size_t len)
{
    NX_CHECK(len == NX_X25519_LEN);
    memcpy(out, source, len);
    return NX_OK;
}

static void key_of(const char *text, uint8_t key[NX_X25519_LEN])
{
    NX_CHECK(nx_hex_decode(nx_bytes_of_text(text), key, NX_X25519_LEN) == NX_OK);
}

static void begin_end(struct noise_duo_end *end, const char *secret_static,
                      const char *secret_ephemeral)
{
    key_of(secret_static, end->secret_static);
    key_of(secret_ephemeral, end->secret_ephemeral);
    nx_crypto_x25519_public(end->static_public, end->secret_static);
    end->rng = (struct nx_rng){fill_known, end->secret_ephemeral};
}

void noise_duo_begin(struct noise_duo *duo, const struct noise_duo_keys *keys)
{
    struct nx_bytes prologue = nx_bytes_of_text(keys->prologue);

    NX_CHECK(prologue.len / 2 <= sizeof(duo->prologue));
    NX_CHECK(nx_hex_decode(prologue, duo->prologue, prologue.len / 2) == NX_OK);
    prologue = nx_bytes_of(duo->prologue, prologue.len / 2);
    begin_end(&duo->initiator, keys->initiator_static, keys->initiator_ephemeral);
    begin_end(&duo->responder, keys->responder_static, keys->responder_ephemeral);
    for (size_t i = 0; i < 2; i++) {
        struct noise_duo_end *end = i == 0 ? &duo->initiator : &duo->responder;
        struct dsb_noise_config config = {
            .is_initiator = i == 0,
            .secret_static = end->secret_static,
            .static_public = end->static_public,
            .remote_static = i == 0 ? duo->responder.static_public : NULL,
            .prologue = prologue,
        };

        NX_CHECK(dsb_noise_init(&end->noise, &config) == NX_OK);
    }
}

struct noise_duo_end *noise_duo_writer(struct noise_duo *duo, size_t turn)
{
    return turn % 2 == 0 ? &duo->initiator : &duo->responder;
}

struct noise_duo_end *noise_duo_reader(struct noise_duo *duo, size_t turn)
{
    return turn % 2 == 0 ? &duo->responder : &duo->initiator;
}

void noise_duo_advance(struct noise_duo *duo, size_t turn)
{
    for (size_t i = 0; i < turn; i++) {
        uint8_t memory[DSB_NOISE_OVERHEAD_3];
        struct nx_writer message = nx_writer_over(memory, sizeof(memory));
        struct nx_writer payload = nx_writer_over(NULL, 0);
        struct noise_duo_end *writer = noise_duo_writer(duo, i);

        NX_CHECK(dsb_noise_write(&writer->noise, &writer->rng, nx_bytes_of(NULL, 0), &message) ==
                 NX_OK);
        NX_CHECK(dsb_noise_read(&noise_duo_reader(duo, i)->noise, nx_writer_bytes(&message),
                                &payload) == NX_OK);
    }
}

void noise_duo_wipe(struct noise_duo *duo)
{
    dsb_noise_wipe(&duo->initiator.noise);
    dsb_noise_wipe(&duo->responder.noise);
}
