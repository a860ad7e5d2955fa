#include "core/bus/identity.h"

#include "core/base/memory.h"
#include "core/bus/v1_session.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define FILE "{\"signing_key\":\"" SEED "\"}"

static void expect_hex(const uint8_t *got, size_t len, const char *want)
{
    char text[2 * 32 + 1];

    nx_hex_encode(nx_bytes_of(got, len), text);
    EXPECT_TEXT(text, want);
}

static void device_row(const struct v1_device *device)
{
    struct dsb_identity identity;
    uint8_t seed[NX_ED25519_SEED_LEN];

    fixed_of_hex(device->seed, seed, sizeof(seed));
    dsb_identity_init(&identity, seed);
    expect_hex(identity.secret_seed, sizeof(identity.secret_seed), device->seed);
    expect_hex(identity.ed25519, sizeof(identity.ed25519), device->ed25519);
    expect_hex(identity.id, sizeof(identity.id), device->id);
    EXPECT_TEXT(identity.id_text, device->id);
    expect_hex(identity.secret_noise, sizeof(identity.secret_noise), device->noise_secret);
    expect_hex(identity.noise_static, sizeof(identity.noise_static), device->noise_static);
    dsb_identity_wipe(&identity);
}

static const struct {
    const char *name;
    const char *text;
    enum nx_status status;
} files[] = {
    {"the stored form is read", FILE, NX_OK},
    {"white space around it does not matter", " {\n \"signing_key\" : \"" SEED "\"\t}\r\n", NX_OK},
    {"nothing is no identity", "", NX_E_MALFORMED},
    {"an empty object is no identity", "{}", NX_E_MALFORMED},
    {"another key is no identity", "{\"signing-key\":\"" SEED "\"}", NX_E_MALFORMED},
    {"a list is no identity", "[\"" SEED "\"]", NX_E_MALFORMED},
    {"a number is no seed", "{\"signing_key\":1}", NX_E_MALFORMED},
    {"63 digits are no seed",
     "{\"signing_key\":\"00112233445566778899aabbccddeeff"
     "00112233445566778899aabbccddeef\"}",
     NX_E_MALFORMED},
    {"65 digits are no seed", "{\"signing_key\":\"" SEED "0\"}", NX_E_LIMIT},
    {"upper-case digits are no seed",
     "{\"signing_key\":\"000102030405060708090A0B0C0D0E0F"
     "101112131415161718191A1B1C1D1E1F\"}",
     NX_E_MALFORMED},
    {"a seed twice is no identity", "{\"signing_key\":\"" SEED "\",\"signing_key\":\"" SEED "\"}",
     NX_E_LIMIT},
    {"a second member is more than an identity", "{\"signing_key\":\"" SEED "\",\"a\":1}",
     NX_E_LIMIT},
    {"half a file is no identity", "{\"signing_key\":\"0001020304050607", NX_E_MALFORMED},
    {"what follows it is not overlooked", FILE "{}", NX_E_MALFORMED},
};

static void file_row(const char *text, enum nx_status want)
{
    struct dsb_identity identity, before;
    struct nx_why why = {""};

    memset(&identity, 0x5a, sizeof(identity));
    memcpy(&before, &identity, sizeof(before));
    EXPECT_STATUS(dsb_identity_decode(nx_bytes_of_text(text), &identity, &why), want);
    if (want == NX_OK) {
        expect_hex(identity.secret_seed, sizeof(identity.secret_seed), SEED);
        EXPECT_TEXT(identity.id_text, v1_session.initiator.id);
    } else {
        EXPECT(memcmp(&before, &identity, sizeof(before)) == 0);
        EXPECT(why.text[0] != '\0');
        EXPECT_STATUS(dsb_identity_decode(nx_bytes_of_text(text), &identity, NULL), want);
    }
}

static void encode_rows(void)
{
    uint8_t seed[NX_ED25519_SEED_LEN], memory[DSB_IDENTITY_FILE_LEN];
    struct nx_writer out = nx_writer_over(memory, sizeof(memory) - 1);
    struct dsb_identity identity;

    fixed_of_hex(SEED, seed, sizeof(seed));
    dsb_identity_init(&identity, seed);

    unit_row("a stored form is not begun where it does not fit");
    EXPECT_STATUS(dsb_identity_encode(&identity, &out), NX_E_LIMIT);
    EXPECT(out.len == 0 && !out.overflow);

    unit_row("the stored form is the Rust host's, byte for byte");
    out.cap = sizeof(memory);
    EXPECT_STATUS(dsb_identity_encode(&identity, &out), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&out), nx_bytes_of_text(FILE));
    dsb_identity_wipe(&identity);
}

static enum nx_status fill_seed(void *source, uint8_t *out, size_t len)
{
    (void)source;
    NX_CHECK(len == NX_ED25519_SEED_LEN);
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)i;
    return NX_OK;
}

static enum nx_status fill_nothing(void *source, uint8_t *out, size_t len)
{
    (void)source;
    memset(out, 0, len);
    return NX_E_UNSUPPORTED;
}

static void create_rows(void)
{
    const struct nx_rng rng = {fill_seed, NULL}, broken = {fill_nothing, NULL};
    static const struct dsb_identity zeros;
    struct dsb_identity identity;

    unit_row("a new device is what its entropy makes it");
    EXPECT_STATUS(dsb_identity_create(&identity, &rng), NX_OK);
    EXPECT_TEXT(identity.id_text, v1_session.initiator.id);

    unit_row("without entropy there is no device, least of all that of a zero seed");
    EXPECT_STATUS(dsb_identity_create(&identity, &broken), NX_E_UNSUPPORTED);
    EXPECT(memcmp(&identity, &zeros, sizeof(zeros)) == 0);

    unit_row("a wiped identity is zeros, and may be wiped again");
    EXPECT_STATUS(dsb_identity_create(&identity, &rng), NX_OK);
    dsb_identity_wipe(&identity);
    dsb_identity_wipe(&identity);
    EXPECT(memcmp(&identity, &zeros, sizeof(zeros)) == 0);
}

UNIT_SUITE(identity_test)
{
    unit_row("a seed gives the keys and the id of the contract's first device");
    device_row(&v1_session.initiator);
    unit_row("a seed gives the keys and the id of the contract's second device");
    device_row(&v1_session.responder);
    for (size_t i = 0; i < NX_COUNT_OF(files); i++) {
        unit_row(files[i].name);
        file_row(files[i].text, files[i].status);
    }
    encode_rows();
    create_rows();
}
