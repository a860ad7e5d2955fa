#include "core/bus/pairing_proof.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* Computed once by other code (Python's hashlib and hmac over libsodium's ristretto255) from the
 * page: digits 042137, h = 00 01 … 1f, the devices below, scalars from 64 bytes of 0x31 and of
 * 0x41. */
#define GOLDEN_SHARE_A   "0465f35ef1bfedf0a18bc0877dc223a7250a1850250a57ce48d465b4c280a136"
#define GOLDEN_SHARE_B   "528d8c298b79bd45eac7d08ae21debf3c44c2ac15d21ca01de8aa2e5f700d42f"
#define GOLDEN_CONFIRM_A "fad7a3a577551a364cf075595857a3437d17aefc5fb961afd5115633924facb5"
#define GOLDEN_CONFIRM_B "13e841040d23c33b1b7d9370810a4fdcead749d1bd6531523f23af9be4494cd2"

static enum nx_status constant_fill(void *source, uint8_t *out, size_t len)
{
    const uint8_t *byte = source;

    memset(out, *byte, len);
    return *byte == 0xee ? NX_E_IO : NX_OK;
}

static struct dsb_pairing_binding example_binding(void)
{
    struct dsb_pairing_binding b;

    for (uint8_t i = 0; i < DSB_PAIRING_CHANNEL_LEN; i++)
        b.channel[i] = i;
    memset(b.typist.id, 0x11, DSB_ID_LEN);
    memset(b.typist.ed25519, 0x12, sizeof(b.typist.ed25519));
    memset(b.typist.noise_static, 0x13, sizeof(b.typist.noise_static));
    memset(b.owner.id, 0x21, DSB_ID_LEN);
    memset(b.owner.ed25519, 0x22, sizeof(b.owner.ed25519));
    memset(b.owner.noise_static, 0x23, sizeof(b.owner.noise_static));
    return b;
}

static void expect_hex(const uint8_t *got, const char *want)
{
    uint8_t bytes[32];

    EXPECT(nx_hex_decode(nx_bytes_of_text(want), bytes, sizeof(bytes)) == NX_OK);
    EXPECT_BYTES(nx_bytes_of(got, sizeof(bytes)), nx_bytes_of(bytes, sizeof(bytes)));
}

/* One run: each side with its own binding and digits. */
struct run {
    struct dsb_pairing_half typist, owner;
    struct dsb_pairing_confirms at_typist, at_owner;
};

static void run_with(struct run *run, const struct dsb_pairing_binding *typist,
                     const struct dsb_pairing_binding *owner, const char *typed, const char *shown)
{
    uint8_t byte_a = 0x31, byte_b = 0x41;
    struct nx_rng rng_a = {constant_fill, &byte_a}, rng_b = {constant_fill, &byte_b};
    uint8_t code[DSB_PAIRING_CODE_LEN];

    memcpy(code, typed, sizeof(code));
    EXPECT_STATUS(dsb_pairing_prove(typist, code, &rng_a, &run->typist), NX_OK);
    memcpy(code, shown, sizeof(code));
    EXPECT_STATUS(dsb_pairing_prove(owner, code, &rng_b, &run->owner), NX_OK);
    EXPECT_STATUS(
        dsb_pairing_confirm(typist, true, &run->typist, run->owner.share, &run->at_typist), NX_OK);
    EXPECT_STATUS(dsb_pairing_confirm(owner, false, &run->owner, run->typist.share, &run->at_owner),
                  NX_OK);
}

static bool agrees(const struct run *run)
{
    bool typist = memcmp(run->at_typist.secret_typist, run->at_owner.secret_typist, 32) == 0;
    bool owner = memcmp(run->at_typist.secret_owner, run->at_owner.secret_owner, 32) == 0;

    EXPECT(typist == owner); /* never one without the other */
    return typist;
}

/* Whatever the owner sees otherwise, both confirmations come out otherwise. */
static const struct {
    const char *name;
    size_t at; /* byte of the owner's binding that is changed */
} differences[] = {
    {"another channel: two channels of a man in the middle never agree",
     offsetof(struct dsb_pairing_binding, channel)},
    {"another last byte of the channel",
     offsetof(struct dsb_pairing_binding, channel) + DSB_PAIRING_CHANNEL_LEN - 1},
    {"another id of the typist", offsetof(struct dsb_pairing_binding, typist.id)},
    {"another Ed25519 key of the typist", offsetof(struct dsb_pairing_binding, typist.ed25519)},
    {"another Noise static of the typist",
     offsetof(struct dsb_pairing_binding, typist.noise_static)},
    {"another id of the owner", offsetof(struct dsb_pairing_binding, owner.id)},
    {"another Ed25519 key of the owner", offsetof(struct dsb_pairing_binding, owner.ed25519)},
    {"another Noise static of the owner", offsetof(struct dsb_pairing_binding, owner.noise_static)},
};

static void agreement_rows(void)
{
    struct dsb_pairing_binding typist = example_binding();
    struct run run;

    unit_row("the page's run comes out as other code computed it");
    run_with(&run, &typist, &typist, "042137", "042137");
    expect_hex(run.typist.share, GOLDEN_SHARE_A);
    expect_hex(run.owner.share, GOLDEN_SHARE_B);
    expect_hex(run.at_typist.secret_typist, GOLDEN_CONFIRM_A);
    expect_hex(run.at_typist.secret_owner, GOLDEN_CONFIRM_B);

    unit_row("both sides agree on both confirmations");
    EXPECT(agrees(&run));

    unit_row("the confirmations of typist and owner differ, so that none can be sent back");
    EXPECT(memcmp(run.at_owner.secret_typist, run.at_owner.secret_owner, 32) != 0);

    unit_row("another last digit: no agreement");
    run_with(&run, &typist, &typist, "042137", "042138");
    EXPECT(!agrees(&run));

    for (size_t i = 0; i < NX_COUNT_OF(differences); i++) {
        struct dsb_pairing_binding owner = typist;

        unit_row(differences[i].name);
        ((uint8_t *)&owner)[differences[i].at] ^= 1;
        run_with(&run, &typist, &owner, "042137", "042137");
        EXPECT(!agrees(&run));
    }

    unit_row("roles swapped on one side: no agreement");
    struct dsb_pairing_binding swapped = {.typist = typist.owner, .owner = typist.typist};
    memcpy(swapped.channel, typist.channel, sizeof(swapped.channel));
    run_with(&run, &typist, &swapped, "042137", "042137");
    EXPECT(!agrees(&run));
}

UNIT_SUITE(pairing_proof_test)
{
    static const uint8_t zero[sizeof(struct dsb_pairing_confirms)];
    struct dsb_pairing_binding b = example_binding();
    struct run run;
    struct dsb_pairing_confirms confirms;
    uint8_t broken = 0xee, none = 0, code[DSB_PAIRING_CODE_LEN] = "042137";
    struct nx_rng broken_rng = {constant_fill, &broken}, zero_rng = {constant_fill, &none};

    agreement_rows();

    unit_row("a neutral share gives no confirmation, and leaves nothing behind");
    run_with(&run, &b, &b, "042137", "042137");
    confirms = run.at_typist;
    EXPECT_STATUS(dsb_pairing_confirm(&b, true, &run.typist, zero, &confirms), NX_E_CRYPTO);
    EXPECT(memcmp(&confirms, zero, sizeof(confirms)) == 0);

    unit_row("our own share come back gives none");
    EXPECT_STATUS(dsb_pairing_confirm(&b, true, &run.typist, run.typist.share, &confirms),
                  NX_E_CRYPTO);

    unit_row("without randomness there is no half of a run");
    EXPECT_STATUS(dsb_pairing_prove(&b, code, &broken_rng, &run.typist), NX_E_IO);
    EXPECT(memcmp(&run.typist, zero, sizeof(run.typist)) == 0);

    unit_row("randomness that gives the scalar zero gives none either");
    EXPECT_STATUS(dsb_pairing_prove(&b, code, &zero_rng, &run.typist), NX_E_CRYPTO);
    EXPECT(memcmp(&run.typist, zero, sizeof(run.typist)) == 0);
}
