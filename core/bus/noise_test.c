#include "core/bus/noise.h"

#include "core/base/memory.h"
#include "core/bus/noise_duo.h"
#include "core/crypto/hkdf.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

#define TURNS       3
#define MESSAGE_CAP 256

/* ---- vectors ------------------------------------------------------------------------------- */

/* cacophony, by way of noise-c (MIT), and one computed by another implementation that reproduces it.
 * The vector of a whole session is in records_test.c. */
static const struct {
    const char *name;
    struct noise_duo_keys keys;
    const char *payloads[TURNS];
    const char *messages[TURNS];
    const char *h;
    struct {
        const char *plain;
        const char *sealed;
    } transport[3]; /* the responder's, the initiator's, the responder's */
} vectors[] = {
    {"cacophony: Noise_XK_25519_ChaChaPoly_BLAKE2s with a prologue and payloads",
     {"4a6f686e2047616c74", "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
      "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
      "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
      "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"},
     {"4c756477696720766f6e204d69736573", "4d757272617920526f746862617264",
      "462e20412e20486179656b"},
     {"ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
      "e953bb4cd3450eecab157a8ce632f74fcac39a3fcd5be08267d5923ca353d4f0",
      "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884382521c3ea09af48bfa39627819b0"
      "07e7c0e179dad4a9a7482841bae32ec8eb",
      "f032de86c8d3c2099478fefb9b2e6a1fef904d3b2470949858ae9f497ff068dbb6ff7cb43fa51946bcd8a8786384"
      "9aa7f0e663cd83961c752ce3be41384de8a849e4d130d9a2d717a5c7e8"},
     "899891a0f1a8db67f8bfa46b8bced371c1c25de377f20cf882fdd06fc15517fd",
     {{"4361726c204d656e676572", "cb54ca2168a55a150760c409e2157b9e57ceab823d897bff36eeab"},
      {"4a65616e2d426170746973746520536179",
       "948e26c8a5348aec2711343de8e7c8faa7cae4b6bf51e9026eab234ed4f3e8e8fc"},
      {"457567656e2042f6686d20766f6e2042617765726b",
       "dbf0cedc457d87e0eaa4629b7167a7e552ac5197d5436a20a1b5ba001ca21116e22669773c"}}},
    {"ours: no prologue, no payloads",
     {"", "d08707b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf",
      "e08707232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
      "d187088b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7",
      "e08708030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},
     {"", "", ""},
     {"5e1fa81af16f52619ad4be177e85db5a96809cea7119262fe7e2929f3d509a2b"
      "0693eee0a4b9a6abe2578d59508a57a7",
      "d82cb0b240bd827fd5bcab0918a6679e3dbabd5d4026c6639948ac78d7f51042"
      "0508f534a59d94936e7840d32f688663",
      "da5d89d54bce60788fc3e3c5f45d1e01f4f1b7b79a94161c2a45ae6e69f3b308"
      "718c6f0f61d2b27ee1e19b20bc9d6e22b60bed45954eca68ab2b0aa30bc17ddc"},
     "f08b4bf8f9175c2447166f4ef3b8b95891431c5abf2144b9bf7ea6c9f82fcad4",
     {{NULL, NULL}, {"68656c6c6f", "b31bdb44b86e65484c5269ec09da1a601f0ee416d6"}}},
};

static void handshake_row(size_t row, struct noise_duo *duo)
{
    for (size_t turn = 0; turn < TURNS; turn++) {
        uint8_t payload_memory[32], message_memory[MESSAGE_CAP];
        uint8_t written[MESSAGE_CAP], taken[32];
        struct nx_bytes payload =
            bytes_of_hex(vectors[row].payloads[turn], payload_memory, sizeof(payload_memory));
        struct nx_bytes message =
            bytes_of_hex(vectors[row].messages[turn], message_memory, sizeof(message_memory));
        struct nx_writer out = nx_writer_over(written, sizeof(written));
        struct nx_writer in = nx_writer_over(taken, sizeof(taken));
        struct noise_duo_end *writer = noise_duo_writer(duo, turn);

        EXPECT_STATUS(dsb_noise_write(&writer->noise, &writer->rng, payload, &out), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&out), message);
        EXPECT_STATUS(dsb_noise_read(&noise_duo_reader(duo, turn)->noise, message, &in), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&in), payload);
    }
}

static void transport_row(size_t row, struct noise_duo *duo)
{
    uint8_t h[NX_BLAKE2S_LEN];
    struct dsb_noise_cipher ends[2][2]; /* initiator, responder; sending, receiving */

    EXPECT_STATUS(dsb_noise_split(&duo->initiator.noise, &ends[0][0], &ends[0][1]), NX_OK);
    EXPECT_STATUS(dsb_noise_split(&duo->responder.noise, &ends[1][0], &ends[1][1]), NX_OK);
    fixed_of_hex(vectors[row].h, h, sizeof(h));
    EXPECT_BYTES(nx_bytes_of(duo->initiator.noise.h, sizeof(h)), nx_bytes_of(h, sizeof(h)));
    EXPECT_BYTES(nx_bytes_of(duo->responder.noise.h, sizeof(h)), nx_bytes_of(h, sizeof(h)));
    EXPECT_BYTES(nx_bytes_of(duo->responder.noise.remote_static, NX_X25519_LEN),
                 nx_bytes_of(duo->initiator.static_public, NX_X25519_LEN));

    for (size_t i = 0; i < NX_COUNT_OF(vectors[row].transport); i++) {
        uint8_t plain_memory[32], sealed_memory[48], bytes[48];
        size_t sender = i % 2 == 0 ? 1 : 0;

        if (vectors[row].transport[i].plain == NULL)
            continue;
        struct nx_bytes plain =
            bytes_of_hex(vectors[row].transport[i].plain, plain_memory, sizeof(plain_memory));
        struct nx_bytes sealed =
            bytes_of_hex(vectors[row].transport[i].sealed, sealed_memory, sizeof(sealed_memory));

        EXPECT_STATUS(dsb_noise_cipher_seal(&ends[sender][0], nx_bytes_of(NULL, 0), plain, bytes),
                      NX_OK);
        EXPECT_BYTES(nx_bytes_of(bytes, plain.len + NX_AEAD_TAG_LEN), sealed);
        EXPECT_STATUS(
            dsb_noise_cipher_open(&ends[1 - sender][1], nx_bytes_of(NULL, 0), sealed, bytes),
            NX_OK);
        EXPECT_BYTES(nx_bytes_of(bytes, plain.len), plain);
    }
    for (size_t i = 0; i < 4; i++)
        dsb_noise_cipher_wipe(&ends[i / 2][i % 2]);
}

/* ---- messages that are not what they should be ------------------------------------------------ */

static const char payload_text[] = "sixteen of bytes";

/* The message of `turn`, with payload_text in it. */
static struct nx_bytes make_message(struct noise_duo *duo, size_t turn, uint8_t memory[MESSAGE_CAP])
{
    struct noise_duo_end *writer = noise_duo_writer(duo, turn);
    struct nx_writer out = nx_writer_over(memory, MESSAGE_CAP);

    noise_duo_begin(duo, &noise_duo_plain_keys);
    noise_duo_advance(duo, turn);
    EXPECT_STATUS(
        dsb_noise_write(&writer->noise, &writer->rng, nx_bytes_of_text(payload_text), &out), NX_OK);
    return nx_writer_bytes(&out);
}

/* Refused as `want`, and neither state nor payload has changed. */
static bool is_refused(struct dsb_noise *noise, struct nx_bytes message, enum nx_status want)
{
    uint8_t taken[64];
    struct nx_writer payload = nx_writer_over(taken, sizeof(taken));
    struct dsb_noise before;

    memcpy(&before, noise, sizeof(before));
    return dsb_noise_read(noise, message, &payload) == want && payload.len == 0 &&
           !payload.overflow && memcmp(&before, noise, sizeof(before)) == 0;
}

static void expect_taken(struct dsb_noise *noise, struct nx_bytes message)
{
    uint8_t taken[64];
    struct nx_writer payload = nx_writer_over(taken, sizeof(taken));

    EXPECT_STATUS(dsb_noise_read(noise, message, &payload), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&payload), nx_bytes_of_text(payload_text));
}

static void broken_rows(size_t turn)
{
    static const size_t overhead_len[TURNS] = {DSB_NOISE_OVERHEAD_1, DSB_NOISE_OVERHEAD_2,
                                               DSB_NOISE_OVERHEAD_3};
    struct noise_duo duo;
    uint8_t memory[MESSAGE_CAP];
    struct nx_bytes message = make_message(&duo, turn, memory);
    struct dsb_noise *reader = &noise_duo_reader(&duo, turn)->noise;
    size_t passed_count = 0;

    unit_row_number("every truncation is refused and changes nothing: message", turn + 1);
    for (size_t len = 0; len < message.len; len++)
        passed_count += !is_refused(reader, nx_bytes_of(memory, len),
                                    len < overhead_len[turn] ? NX_E_MALFORMED : NX_E_CRYPTO);
    EXPECT_EQ(passed_count, 0);

    unit_row_number("every flipped bit is refused and changes nothing: message", turn + 1);
    for (size_t bit = 0; bit < 8 * message.len; bit++) {
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        passed_count += !is_refused(reader, message, NX_E_CRYPTO);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    EXPECT_EQ(passed_count, 0);

    unit_row_number("one byte more is refused and changes nothing: message", turn + 1);
    memory[message.len] = 0;
    EXPECT(is_refused(reader, nx_bytes_of(memory, message.len + 1), NX_E_CRYPTO));

    unit_row_number("after all these the right one is taken, once: message", turn + 1);
    expect_taken(reader, message);
    EXPECT(is_refused(reader, message, NX_E_STATE));
    noise_duo_wipe(&duo);
}

/* ---- whose turn it is ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool initiator;
    size_t turn; /* messages that are through */
    enum dsb_noise_state state;
} turns[] = {
    {"at first the initiator writes", true, 0, DSB_NOISE_WRITES},
    {"at first the responder reads", false, 0, DSB_NOISE_READS},
    {"after one message the initiator reads", true, 1, DSB_NOISE_READS},
    {"after one message the responder writes", false, 1, DSB_NOISE_WRITES},
    {"after two messages the initiator writes", true, 2, DSB_NOISE_WRITES},
    {"after two messages the responder reads", false, 2, DSB_NOISE_READS},
    {"after three messages the initiator is done", true, 3, DSB_NOISE_DONE},
    {"after three messages the responder is done", false, 3, DSB_NOISE_DONE},
};

static void turn_row(size_t row)
{
    struct noise_duo duo;
    uint8_t memory[MESSAGE_CAP] = {0};
    struct nx_writer out = nx_writer_over(memory, sizeof(memory));
    struct dsb_noise_cipher ciphers[2];

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    noise_duo_advance(&duo, turns[row].turn);
    struct noise_duo_end *end = turns[row].initiator ? &duo.initiator : &duo.responder;

    EXPECT_EQ(end->noise.state, turns[row].state);
    if (turns[row].state != DSB_NOISE_WRITES) {
        EXPECT_STATUS(dsb_noise_write(&end->noise, &end->rng, nx_bytes_of(NULL, 0), &out),
                      NX_E_STATE);
        EXPECT_EQ(out.len, 0);
    }
    if (turns[row].state != DSB_NOISE_READS)
        EXPECT(is_refused(&end->noise, nx_bytes_of(memory, DSB_NOISE_OVERHEAD_3), NX_E_STATE));
    if (turns[row].state != DSB_NOISE_DONE)
        EXPECT_STATUS(dsb_noise_split(&end->noise, &ciphers[0], &ciphers[1]), NX_E_STATE);
    EXPECT_EQ(end->noise.state, turns[row].state);
    noise_duo_wipe(&duo);
}

/* ---- lengths --------------------------------------------------------------------------------- */

static uint8_t long_payload[DSB_NOISE_MESSAGE_MAX + 1];
static uint8_t long_message[DSB_NOISE_MESSAGE_MAX + 1];

static void length_rows(void)
{
    const size_t longest = DSB_NOISE_MESSAGE_MAX - DSB_NOISE_OVERHEAD_1;
    struct noise_duo duo;
    struct nx_writer out = nx_writer_over(long_message, sizeof(long_message));
    struct nx_writer payload = nx_writer_over(long_payload, longest);

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    struct noise_duo_end *writer = &duo.initiator;

    unit_row("a message of 65,536 bytes is not written");
    EXPECT_STATUS(
        dsb_noise_write(&writer->noise, &writer->rng, nx_bytes_of(long_payload, longest + 1), &out),
        NX_E_LIMIT);
    EXPECT_EQ(out.len, 0);

    unit_row("a room that is one byte short is not written into");
    out.cap = DSB_NOISE_MESSAGE_MAX - 1;
    EXPECT_STATUS(
        dsb_noise_write(&writer->noise, &writer->rng, nx_bytes_of(long_payload, longest), &out),
        NX_E_LIMIT);
    EXPECT(out.len == 0 && !out.overflow && writer->noise.state == DSB_NOISE_WRITES);

    unit_row("a message of 65,535 bytes is written");
    out.cap = sizeof(long_message);
    EXPECT_STATUS(
        dsb_noise_write(&writer->noise, &writer->rng, nx_bytes_of(long_payload, longest), &out),
        NX_OK);
    EXPECT_EQ(out.len, DSB_NOISE_MESSAGE_MAX);

    unit_row("a message of 65,536 bytes is not read, whatever the room");
    payload.cap = sizeof(long_payload);
    EXPECT_STATUS(dsb_noise_read(&duo.responder.noise,
                                 nx_bytes_of(long_message, sizeof(long_message)), &payload),
                  NX_E_LIMIT);

    unit_row("a payload longer than its room is not read; as long as its room it is");
    payload.cap = longest - 1;
    EXPECT_STATUS(dsb_noise_read(&duo.responder.noise, nx_writer_bytes(&out), &payload),
                  NX_E_LIMIT);
    EXPECT(payload.len == 0 && !payload.overflow);
    payload.cap = longest;
    EXPECT_STATUS(dsb_noise_read(&duo.responder.noise, nx_writer_bytes(&out), &payload), NX_OK);
    EXPECT_EQ(payload.len, longest);
    noise_duo_wipe(&duo);
}

static void room_row(size_t turn)
{
    struct noise_duo duo;
    uint8_t memory[MESSAGE_CAP];
    size_t whole_len = make_message(&duo, turn, memory).len, written_count = 0;
    struct noise_duo_end *writer = noise_duo_writer(&duo, turn);
    struct dsb_noise before;

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    noise_duo_advance(&duo, turn);
    memcpy(&before, &writer->noise, sizeof(before));
    for (size_t cap = 0; cap < whole_len; cap++) {
        struct nx_writer out = nx_writer_over(memory, cap);

        written_count += dsb_noise_write(&writer->noise, &writer->rng,
                                         nx_bytes_of_text(payload_text), &out) != NX_E_LIMIT ||
                         out.len != 0 || out.overflow;
    }
    EXPECT_EQ(written_count, 0);
    EXPECT(memcmp(&before, &writer->noise, sizeof(before)) == 0);
    noise_duo_wipe(&duo);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *key;
    bool valid;
} statics[] = {
    {"p - 1 is a key", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true},
    {"p is no key", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
    {"p + 9, the base point spelled anew, is no key",
     "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
    {"2^255 - 1 is no key", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
     false},
    {"bit 255 makes no key of the base point",
     "0900000000000000000000000000000000000000000000000000000000000080", false},
    {"all bits make no key", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     false},
    {"a byte in the middle below ff is enough to be below p",
     "fffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffff7f", true},
    {"a second byte below ff is enough to be below p",
     "fffeffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true},
    {"the base point is a key", "0900000000000000000000000000000000000000000000000000000000000000",
     true},
};

/* Points whose product with any clamped secret is zero, in their spellings below 2^255 (RFC 7748 §6;
 * the order of each divides 8). The last one is none of them and shows that the row could pass. */
static const struct {
    const char *name;
    const char *key;
    enum nx_status status;
} ephemerals[] = {
    {"an ephemeral of zero is refused",
     "0000000000000000000000000000000000000000000000000000000000000000", NX_E_CRYPTO},
    {"an ephemeral of one is refused",
     "0100000000000000000000000000000000000000000000000000000000000000", NX_E_CRYPTO},
    {"the first ephemeral of order 8 is refused",
     "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", NX_E_CRYPTO},
    {"the second ephemeral of order 8 is refused",
     "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", NX_E_CRYPTO},
    {"an ephemeral of p - 1 is refused",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", NX_E_CRYPTO},
    {"an ephemeral of p is refused",
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", NX_E_CRYPTO},
    {"an ephemeral of p + 1 is refused",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", NX_E_CRYPTO},
    {"any other ephemeral, made likewise, is taken", NULL, NX_OK},
};

static void add_to_hash(uint8_t h[NX_BLAKE2S_LEN], struct nx_bytes data)
{
    struct nx_blake2s hash;

    nx_blake2s_init(&hash, NX_BLAKE2S_LEN, nx_bytes_of(NULL, 0));
    nx_blake2s_add(&hash, nx_bytes_of(h, NX_BLAKE2S_LEN));
    nx_blake2s_add(&hash, data);
    nx_blake2s_end(&hash, h);
}

/* Message 1 as somebody writes it who knows no secret but what `shared` comes out as: if zero were
 * a shared value like others, its tag would hold. */
static void forge_message_1(const struct noise_duo *duo, const uint8_t ephemeral[NX_X25519_LEN],
                            const uint8_t shared[NX_X25519_LEN],
                            uint8_t message[DSB_NOISE_OVERHEAD_1])
{
    static const uint8_t nonce[NX_AEAD_NONCE_LEN];
    uint8_t h[NX_BLAKE2S_LEN], chaining_key[NX_BLAKE2S_LEN], key[NX_BLAKE2S_LEN];
    struct nx_aead aead;

    nx_blake2s(h, nx_bytes_of_text("Noise_XK_25519_ChaChaPoly_BLAKE2s"));
    memcpy(chaining_key, h, sizeof(h));
    add_to_hash(h, nx_bytes_of(NULL, 0));
    add_to_hash(h, nx_bytes_of(duo->responder.static_public, NX_X25519_LEN));
    add_to_hash(h, nx_bytes_of(ephemeral, NX_X25519_LEN));
    nx_hkdf_noise2(chaining_key, key, chaining_key, nx_bytes_of(shared, NX_X25519_LEN));

    memcpy(message, ephemeral, NX_X25519_LEN);
    nx_crypto_aead_init(&aead, key);
    nx_crypto_aead_seal(&aead, nonce, nx_bytes_of(h, sizeof(h)), nx_bytes_of(NULL, 0),
                        message + NX_X25519_LEN);
    nx_crypto_aead_wipe(&aead);
}

static void ephemeral_row(const char *key, enum nx_status want)
{
    uint8_t ephemeral[NX_X25519_LEN], shared[NX_X25519_LEN] = {0};
    uint8_t message[DSB_NOISE_OVERHEAD_1];
    struct nx_writer payload = nx_writer_over(NULL, 0);
    struct noise_duo duo;

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    if (key != NULL) {
        fixed_of_hex(key, ephemeral, sizeof(ephemeral));
    } else {
        nx_crypto_x25519_public(ephemeral, duo.initiator.secret_ephemeral);
        EXPECT_STATUS(
            nx_crypto_x25519(shared, duo.initiator.secret_ephemeral, duo.responder.static_public),
            NX_OK);
    }
    forge_message_1(&duo, ephemeral, shared, message);
    EXPECT_STATUS(
        dsb_noise_read(&duo.responder.noise, nx_bytes_of(message, sizeof(message)), &payload),
        want);
    noise_duo_wipe(&duo);
}

static void init_row(const char *remote_static, enum nx_status init_status,
                     enum nx_status write_status)
{
    uint8_t remote[NX_X25519_LEN], memory[MESSAGE_CAP];
    struct nx_writer out = nx_writer_over(memory, sizeof(memory));
    struct noise_duo duo;
    struct dsb_noise noise;

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    fixed_of_hex(remote_static, remote, sizeof(remote));
    struct dsb_noise_config config = {
        .is_initiator = true,
        .secret_static = duo.initiator.secret_static,
        .static_public = duo.initiator.static_public,
        .remote_static = remote,
    };
    EXPECT_STATUS(dsb_noise_init(&noise, &config), init_status);
    EXPECT_STATUS(dsb_noise_write(&noise, &duo.initiator.rng, nx_bytes_of(NULL, 0), &out),
                  write_status);
    EXPECT(out.len == 0 && !out.overflow);
    dsb_noise_wipe(&noise);
    noise_duo_wipe(&duo);
}

/* X25519 does not look at bit 255, so that every tag of this third message holds. */
static void second_spelling_row(void)
{
    uint8_t memory[MESSAGE_CAP];
    struct nx_writer out = nx_writer_over(memory, sizeof(memory));
    struct noise_duo duo;

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    noise_duo_advance(&duo, 2);
    duo.initiator.noise.static_public[NX_X25519_LEN - 1] |= 0x80;
    EXPECT_STATUS(
        dsb_noise_write(&duo.initiator.noise, &duo.initiator.rng, nx_bytes_of(NULL, 0), &out),
        NX_OK);
    EXPECT(is_refused(&duo.responder.noise, nx_writer_bytes(&out), NX_E_CRYPTO));
    noise_duo_wipe(&duo);
}

static void prologue_row(void)
{
    struct noise_duo_keys keys = noise_duo_plain_keys;
    uint8_t memory[MESSAGE_CAP];
    struct nx_writer out = nx_writer_over(memory, sizeof(memory));
    struct noise_duo with, without;

    noise_duo_begin(&without, &keys);
    keys.prologue = "00";
    noise_duo_begin(&with, &keys);
    EXPECT_STATUS(
        dsb_noise_write(&with.initiator.noise, &with.initiator.rng, nx_bytes_of(NULL, 0), &out),
        NX_OK);
    EXPECT(is_refused(&without.responder.noise, nx_writer_bytes(&out), NX_E_CRYPTO));
    noise_duo_wipe(&with);
    noise_duo_wipe(&without);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static enum nx_status fill_nothing(void *source, uint8_t *out, size_t len)
{
    (void)source;
    memset(out, 0, len);
    return NX_E_IO;
}

static void entropy_row(void)
{
    uint8_t memory[MESSAGE_CAP];
    struct nx_writer out = nx_writer_over(memory, sizeof(memory));
    struct nx_rng broken = {fill_nothing, NULL};
    struct noise_duo duo;
    struct dsb_noise before;

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    memcpy(&before, &duo.initiator.noise, sizeof(before));
    EXPECT_STATUS(dsb_noise_write(&duo.initiator.noise, &broken, nx_bytes_of(NULL, 0), &out),
                  NX_E_IO);
    EXPECT(out.len == 0 && memcmp(&before, &duo.initiator.noise, sizeof(before)) == 0);
    noise_duo_wipe(&duo);
}

static bool is_zero(const void *memory, size_t len)
{
    const uint8_t *bytes = memory;
    uint8_t all = 0;

    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all == 0;
}

static void wipe_rows(void)
{
    struct noise_duo duo;
    struct dsb_noise_cipher ciphers[2];

    noise_duo_begin(&duo, &noise_duo_plain_keys);
    noise_duo_advance(&duo, TURNS);
    struct dsb_noise *noise = &duo.initiator.noise;

    unit_row("split leaves h and the other side's key, and no secret");
    EXPECT_STATUS(dsb_noise_split(noise, &ciphers[0], &ciphers[1]), NX_OK);
    EXPECT_EQ(noise->state, DSB_NOISE_SPLIT);
    EXPECT(!is_zero(noise->h, sizeof(noise->h)));
    EXPECT_BYTES(nx_bytes_of(noise->remote_static, NX_X25519_LEN),
                 nx_bytes_of(duo.responder.static_public, NX_X25519_LEN));
    EXPECT(is_zero(noise->secret_chaining_key, sizeof(noise->secret_chaining_key)));
    EXPECT(is_zero(noise->secret_key, sizeof(noise->secret_key)));
    EXPECT(is_zero(noise->secret_static, sizeof(noise->secret_static)));
    EXPECT(is_zero(noise->secret_ephemeral, sizeof(noise->secret_ephemeral)));
    dsb_noise_cipher_wipe(&ciphers[0]);
    dsb_noise_cipher_wipe(&ciphers[1]);

    unit_row("a handshake splits once");
    EXPECT_STATUS(dsb_noise_split(noise, &ciphers[0], &ciphers[1]), NX_E_STATE);

    unit_row("a wiped handshake is zeros, answers that it has no turn, and may be wiped again");
    noise_duo_wipe(&duo);
    noise_duo_wipe(&duo);
    EXPECT(is_zero(noise, sizeof(*noise)));
    EXPECT(is_zero(&duo.responder.noise, sizeof(duo.responder.noise)));
    EXPECT(is_refused(noise, nx_bytes_of(long_message, DSB_NOISE_OVERHEAD_1), NX_E_STATE));
}

UNIT_SUITE(noise_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(vectors); i++) {
        struct noise_duo duo;

        unit_row(vectors[i].name);
        noise_duo_begin(&duo, &vectors[i].keys);
        handshake_row(i, &duo);
        transport_row(i, &duo);
        noise_duo_wipe(&duo);
    }
    for (size_t turn = 0; turn < TURNS; turn++)
        broken_rows(turn);
    for (size_t i = 0; i < NX_COUNT_OF(turns); i++) {
        unit_row(turns[i].name);
        turn_row(i);
    }
    for (size_t turn = 0; turn < TURNS; turn++) {
        unit_row_number("too little room changes nothing: message", turn + 1);
        room_row(turn);
    }
    length_rows();
    for (size_t i = 0; i < NX_COUNT_OF(statics); i++) {
        uint8_t key[NX_X25519_LEN];

        unit_row(statics[i].name);
        fixed_of_hex(statics[i].key, key, sizeof(key));
        EXPECT_EQ(dsb_noise_static_is_valid(key), statics[i].valid);
    }
    for (size_t i = 0; i < NX_COUNT_OF(ephemerals); i++) {
        unit_row(ephemerals[i].name);
        ephemeral_row(ephemerals[i].key, ephemerals[i].status);
    }
    unit_row("nobody dials a static key that is no valid one");
    init_row("0900000000000000000000000000000000000000000000000000000000000080", NX_E_CRYPTO,
             NX_E_STATE);
    unit_row("nothing is said to a static key of small order");
    init_row("0100000000000000000000000000000000000000000000000000000000000000", NX_OK,
             NX_E_CRYPTO);
    unit_row("a second spelling of a good static key is refused, though every tag holds");
    second_spelling_row();
    unit_row("another prologue is another handshake");
    prologue_row();
    unit_row("without entropy nothing is said, and nothing changes");
    entropy_row();
    wipe_rows();
}
