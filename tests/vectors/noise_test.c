/* Noise XK and the v1 session, as whole files of vectors have them.
 *
 *     noise_test SHARED PAGE        the folder that holds vectors/noise and vectors/nexus (NEXUS_SHARED
 *                                   in the environment goes before it); docs/contracts/wire.md */
#include "core/bus/identity_proof.h"
#include "core/bus/noise_duo.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_CAP 4096

static const char *shared; /* where data that the project does not hold is kept */
static const char *page;

static json_t *load(const char *name)
{
    char path[4096];
    json_error_t error;

    snprintf(path, sizeof(path), "%s/vectors/%s", shared, name);
    json_t *file = json_load_file(path, 0, &error);
    if (!EXPECT(file != NULL))
        unit_note(error.text);
    return file;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    NX_CHECK(text != NULL);
    return text;
}

static void expect_hex(const uint8_t *got, size_t len, const char *want)
{
    uint8_t memory[MESSAGE_CAP];

    EXPECT_BYTES(nx_bytes_of(got, len), bytes_of_hex(want, memory, sizeof(memory)));
}

/* Message `turn` from one end to the other. */
static void carry(struct noise_duo *duo, size_t turn, struct nx_bytes payload, const char *message)
{
    uint8_t written[MESSAGE_CAP], taken[MESSAGE_CAP];
    struct nx_writer out = nx_writer_over(written, sizeof(written));
    struct nx_writer in = nx_writer_over(taken, sizeof(taken));
    struct noise_duo_end *writer = noise_duo_writer(duo, turn);

    EXPECT_STATUS(dsb_noise_write(&writer->noise, &writer->rng, payload, &out), NX_OK);
    expect_hex(written, out.len, message);
    EXPECT_STATUS(dsb_noise_read(&noise_duo_reader(duo, turn)->noise, nx_writer_bytes(&out), &in),
                  NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&in), payload);
}

/* The ciphers of what an end sends, and of what the other end makes of it. */
struct ciphers {
    struct dsb_noise_cipher sending[2]; /* initiator, responder */
    struct dsb_noise_cipher receiving[2];
};

/* `h`: what both ends have to have agreed on; NULL: the vector does not say. */
static void split(struct noise_duo *duo, const char *h, struct ciphers *c)
{
    EXPECT_STATUS(dsb_noise_split(&duo->initiator.noise, &c->sending[0], &c->receiving[1]), NX_OK);
    EXPECT_STATUS(dsb_noise_split(&duo->responder.noise, &c->sending[1], &c->receiving[0]), NX_OK);
    EXPECT_BYTES(nx_bytes_of(duo->initiator.noise.h, NX_BLAKE2S_LEN),
                 nx_bytes_of(duo->responder.noise.h, NX_BLAKE2S_LEN));
    if (h != NULL)
        expect_hex(duo->initiator.noise.h, NX_BLAKE2S_LEN, h);
}

static void carry_sealed(struct ciphers *c, size_t sender, const char *plain, const char *sealed)
{
    uint8_t memory[MESSAGE_CAP], bytes[MESSAGE_CAP];
    struct nx_bytes text = bytes_of_hex(plain, memory, sizeof(memory) - NX_AEAD_TAG_LEN);
    struct nx_bytes none = nx_bytes_of(NULL, 0);

    EXPECT_STATUS(dsb_noise_cipher_seal(&c->sending[sender], none, text, bytes), NX_OK);
    expect_hex(bytes, text.len + NX_AEAD_TAG_LEN, sealed);
    EXPECT_STATUS(dsb_noise_cipher_open(&c->receiving[sender], none,
                                        nx_bytes_of(bytes, text.len + NX_AEAD_TAG_LEN), bytes),
                  NX_OK);
    EXPECT_BYTES(nx_bytes_of(bytes, text.len), text);
}

static void ciphers_wipe(struct ciphers *c)
{
    for (size_t i = 0; i < 2; i++) {
        dsb_noise_cipher_wipe(&c->sending[i]);
        dsb_noise_cipher_wipe(&c->receiving[i]);
    }
}

/* ---- files --------------------------------------------------------------------------------- */

static void cacophony_row(const json_t *vector)
{
    const json_t *messages = json_object_get(vector, "messages");
    const struct noise_duo_keys keys = {
        text_of(vector, "init_prologue"), text_of(vector, "init_static"),
        text_of(vector, "init_ephemeral"), text_of(vector, "resp_static"),
        text_of(vector, "resp_ephemeral")};
    struct noise_duo duo;
    struct ciphers ciphers = {.sending[0].next_number = 0};

    noise_duo_begin(&duo, &keys);
    expect_hex(duo.initiator.noise.remote_static, NX_X25519_LEN,
               text_of(vector, "init_remote_static"));
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        uint8_t memory[MESSAGE_CAP];
        const char *payload = text_of(message, "payload");

        if (i < 3) {
            carry(&duo, i, bytes_of_hex(payload, memory, sizeof(memory)),
                  text_of(message, "ciphertext"));
            continue;
        }
        if (i == 3)
            split(&duo, NULL, &ciphers);
        carry_sealed(&ciphers, i % 2, payload, text_of(message, "ciphertext"));
    }
    EXPECT(json_array_size(messages) > 3);
    ciphers_wipe(&ciphers);
    noise_duo_wipe(&duo);
}

UNIT_SUITE(xk_25519_file)
{
    unit_row("the file can be read");
    json_t *file = load("noise/xk_25519.json");
    const json_t *vectors = json_object_get(file, "vectors");
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *vector = json_array_get(vectors, i);

        if (strcmp(text_of(vector, "name"), "Noise_XK_25519_ChaChaPoly_BLAKE2s") != 0)
            continue;
        unit_row_number("our protocol, vector", ++count);
        cacophony_row(vector);
    }
    unit_row("our protocol is among them");
    EXPECT(count > 0);
    json_decref(file);
}

UNIT_SUITE(xk_empty_file)
{
    unit_row("no prologue, no payloads");
    json_t *file = load("nexus/xk_empty_payloads.json");
    NEED(file != NULL);
    const struct noise_duo_keys keys = {
        text_of(file, "prologue"), text_of(file, "init_static"), text_of(file, "init_ephemeral"),
        text_of(file, "resp_static"), text_of(file, "resp_ephemeral")};
    static const char *const names[] = {"message1", "message2", "message3"};
    struct noise_duo duo;
    struct ciphers ciphers;

    noise_duo_begin(&duo, &keys);
    for (size_t i = 0; i < NX_COUNT_OF(names); i++)
        carry(&duo, i, nx_bytes_of(NULL, 0), text_of(file, names[i]));
    split(&duo, text_of(file, "handshake_hash"), &ciphers);
    expect_hex(ciphers.sending[0].aead.secret_key, NX_AEAD_KEY_LEN,
               text_of(file, "k_init_to_resp"));
    expect_hex(ciphers.sending[1].aead.secret_key, NX_AEAD_KEY_LEN,
               text_of(file, "k_resp_to_init"));
    ciphers_wipe(&ciphers);
    noise_duo_wipe(&duo);
    json_decref(file);
}

/* ---- a whole session, and the page that shows it ------------------------------------------------ */

static void device_row(const json_t *device, struct dsb_identity_proof proofs[2])
{
    static const char *const names[] = {
        [DSB_PROOF_SERVER] = "proof_server", [DSB_PROOF_CLIENT] = "proof_client"};
    struct dsb_identity identity;
    uint8_t seed[NX_ED25519_SEED_LEN];

    fixed_of_hex(text_of(device, "ed25519_seed"), seed, sizeof(seed));
    dsb_identity_init(&identity, seed);
    expect_hex(identity.ed25519, sizeof(identity.ed25519), text_of(device, "ed25519_public"));
    EXPECT_TEXT(identity.id_text, text_of(device, "device_id"));
    expect_hex(identity.secret_noise, sizeof(identity.secret_noise),
               text_of(device, "noise_secret"));
    expect_hex(identity.noise_static, sizeof(identity.noise_static),
               text_of(device, "noise_public"));
    for (size_t role = 0; role < NX_COUNT_OF(names); role++) {
        dsb_identity_prove(&identity, (enum dsb_proof_role)role, &proofs[role]);
        EXPECT_BYTES(nx_bytes_of(proofs[role].text, proofs[role].len),
                     nx_bytes_of_text(text_of(json_object_get(device, names[role]), "json")));
    }
    dsb_identity_wipe(&identity);
}

static char page_text[1 << 18]; /* without white space */

static bool read_page(void)
{
    FILE *file = fopen(page, "r");
    size_t len = 0;

    if (file == NULL)
        return false;
    for (int c = fgetc(file); c != EOF && len < sizeof(page_text) - 1; c = fgetc(file)) {
        if (c != ' ' && c != '\n')
            page_text[len++] = (char)c;
    }
    page_text[len] = '\0';
    fclose(file);
    return true;
}

static void page_row(const json_t *object)
{
    static const char *const names[] = {
        "message1",
        "message2",
        "message3",
        "handshake_hash",
        "connect_request",
        "key_initiator_to_responder",
        "record0_initiator",
        "record0_responder",
        "key_responder_to_initiator",
        "ephemeral_initiator",
        "ephemeral_responder",
        "connect_response_ok",
    };
    static const char *const device_names[] = {"ed25519_seed", "ed25519_public", "device_id",
                                               "noise_secret", "noise_public"};
    const json_t *devices = json_object_get(object, "identities");
    const json_t *initiator = json_object_get(devices, "initiator");
    const json_t *responder = json_object_get(devices, "responder");

    EXPECT(read_page());
    for (size_t i = 0; i < NX_COUNT_OF(names); i++)
        EXPECT(strstr(page_text, text_of(object, names[i])) != NULL);
    for (size_t i = 0; i < NX_COUNT_OF(device_names); i++) {
        EXPECT(strstr(page_text, text_of(initiator, device_names[i])) != NULL);
        EXPECT(strstr(page_text, text_of(responder, device_names[i])) != NULL);
    }
    EXPECT(strstr(page_text, text_of(json_object_get(initiator, "proof_client"), "json")) != NULL);
    EXPECT(strstr(page_text, text_of(json_object_get(responder, "proof_server"), "json")) != NULL);
}

UNIT_SUITE(session_v1_file)
{
    unit_row("the file can be read");
    json_t *file = load("nexus/session_v1.json");
    NEED(file != NULL);
    const json_t *devices = json_object_get(file, "identities");
    const json_t *initiator = json_object_get(devices, "initiator");
    const json_t *responder = json_object_get(devices, "responder");
    struct dsb_identity_proof proofs[2][2];

    unit_row("the initiator's keys, id and proofs");
    device_row(initiator, proofs[0]);
    unit_row("the responder's keys, id and proofs");
    device_row(responder, proofs[1]);

    unit_row("the three messages, h, and both keys");
    const struct noise_duo_keys keys = {
        "", text_of(initiator, "noise_secret"), text_of(file, "ephemeral_initiator"),
        text_of(responder, "noise_secret"), text_of(file, "ephemeral_responder")};
    const struct dsb_identity_proof *server = &proofs[1][DSB_PROOF_SERVER];
    const struct dsb_identity_proof *client = &proofs[0][DSB_PROOF_CLIENT];
    struct noise_duo duo;
    struct ciphers ciphers;
    noise_duo_begin(&duo, &keys);
    carry(&duo, 0, nx_bytes_of(NULL, 0), text_of(file, "message1"));
    carry(&duo, 1, nx_bytes_of(server->text, server->len), text_of(file, "message2"));
    carry(&duo, 2, nx_bytes_of(client->text, client->len), text_of(file, "message3"));
    split(&duo, text_of(file, "handshake_hash"), &ciphers);
    expect_hex(ciphers.sending[0].aead.secret_key, NX_AEAD_KEY_LEN,
               text_of(file, "key_initiator_to_responder"));
    expect_hex(ciphers.sending[1].aead.secret_key, NX_AEAD_KEY_LEN,
               text_of(file, "key_responder_to_initiator"));

    unit_row("the first record each way");
    carry_sealed(&ciphers, 0, text_of(file, "connect_request"), text_of(file, "record0_initiator"));
    carry_sealed(&ciphers, 1, text_of(file, "connect_response_ok"),
                 text_of(file, "record0_responder"));
    ciphers_wipe(&ciphers);
    noise_duo_wipe(&duo);

    unit_row("docs/contracts/wire.md shows the same session");
    page_row(file);
    json_decref(file);
}

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"vectors/noise xk_25519", xk_25519_file},
        {"vectors/noise xk_empty_payloads", xk_empty_file},
        {"vectors/noise session_v1", session_v1_file},
    };
    char folder[4096];

    if (argc != 3) {
        fprintf(stderr, "usage: noise_test SHARED PAGE\n");
        return 2;
    }
    shared = getenv("NEXUS_SHARED") != NULL ? getenv("NEXUS_SHARED") : argv[1];
    page = argv[2];
    snprintf(folder, sizeof(folder), "%s/vectors/noise", shared);
    if (access(folder, R_OK | X_OK) != 0) {
        printf("ok 1 - vectors/noise # SKIP no vectors at %s; NEXUS_SHARED may name another "
               "place\n1..1\n",
               folder);
        return 0;
    }
    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
