#include "core/bus/noise_cipher.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static const uint8_t key[NX_AEAD_KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

static const struct {
    const char *name;
    uint64_t number;
    enum nx_status status;
} counts[] = {
    {"the first message has number 0", 0, NX_OK},
    {"the number is 64 bits wide", UINT64_C(1) << 32, NX_OK},
    {"the number before the last is used", UINT64_MAX - 1, NX_OK},
    {"the last number is kept for REKEY", UINT64_MAX, NX_E_LIMIT},
};

#define TEXT_LEN 5

/* "hello" under `secret_key` and `number`, by the primitive alone: a nonce is four zeros and the
 * number, little endian. */
static void seal_by_hand(const uint8_t secret_key[NX_AEAD_KEY_LEN], uint64_t number,
                         uint8_t sealed[TEXT_LEN + NX_AEAD_TAG_LEN])
{
    uint8_t nonce[NX_AEAD_NONCE_LEN] = {0};
    struct nx_aead aead;

    for (size_t i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(number >> (8 * i));
    nx_crypto_aead_init(&aead, secret_key);
    nx_crypto_aead_seal(&aead, nonce, nx_bytes_of_text("ad"), nx_bytes_of_text("hello"), sealed);
    nx_crypto_aead_wipe(&aead);
}

static void count_row(uint64_t number, enum nx_status want)
{
    struct nx_bytes ad = nx_bytes_of_text("ad");
    uint8_t by_hand[TEXT_LEN + NX_AEAD_TAG_LEN], sealed[sizeof(by_hand)] = {0};
    uint8_t untouched[sizeof(by_hand)] = {0}, plain[TEXT_LEN] = {0};
    struct dsb_noise_cipher sender, receiver;

    dsb_noise_cipher_init(&sender, key);
    dsb_noise_cipher_init(&receiver, key);
    sender.next_number = receiver.next_number = number;
    seal_by_hand(key, number, by_hand);

    EXPECT_STATUS(dsb_noise_cipher_seal(&sender, ad, nx_bytes_of_text("hello"), sealed), want);
    EXPECT_BYTES(nx_bytes_of(sealed, sizeof(sealed)),
                 nx_bytes_of(want == NX_OK ? by_hand : untouched, sizeof(sealed)));
    EXPECT_STATUS(
        dsb_noise_cipher_open(&receiver, ad, nx_bytes_of(by_hand, sizeof(by_hand)), plain), want);
    EXPECT_BYTES(nx_bytes_of(plain, want == NX_OK ? TEXT_LEN : 0),
                 nx_bytes_of_text(want == NX_OK ? "hello" : ""));
    EXPECT_EQ(sender.next_number, want == NX_OK ? number + 1 : number);
    EXPECT_EQ(receiver.next_number, sender.next_number);
    dsb_noise_cipher_wipe(&sender);
    dsb_noise_cipher_wipe(&receiver);
}

static void rekey_rows(void)
{
    uint8_t nonce[NX_AEAD_NONCE_LEN] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
    uint8_t zeros[NX_AEAD_KEY_LEN] = {0}, next_key[NX_AEAD_KEY_LEN + NX_AEAD_TAG_LEN];
    uint8_t by_hand[TEXT_LEN + NX_AEAD_TAG_LEN], sealed[sizeof(by_hand)];
    struct dsb_noise_cipher c;
    struct nx_aead aead;

    unit_row("REKEY takes the key from 32 zeros under the last number, and leaves the count");
    nx_crypto_aead_init(&aead, key);
    nx_crypto_aead_seal(&aead, nonce, nx_bytes_of(NULL, 0), nx_bytes_of(zeros, sizeof(zeros)),
                        next_key);
    nx_crypto_aead_wipe(&aead);
    dsb_noise_cipher_init(&c, key);
    c.next_number = 7;
    dsb_noise_cipher_rekey(&c);
    seal_by_hand(next_key, 7, by_hand);
    EXPECT_STATUS(
        dsb_noise_cipher_seal(&c, nx_bytes_of_text("ad"), nx_bytes_of_text("hello"), sealed),
        NX_OK);
    EXPECT_BYTES(nx_bytes_of(sealed, sizeof(sealed)), nx_bytes_of(by_hand, sizeof(by_hand)));

    unit_row("REKEY twice is another key again");
    dsb_noise_cipher_rekey(&c);
    EXPECT(memcmp(c.aead.secret_key, next_key, NX_AEAD_KEY_LEN) != 0);
    dsb_noise_cipher_wipe(&c);
}

static void refused_row(void)
{
    struct nx_bytes ad = nx_bytes_of_text("ad");
    uint8_t sealed[TEXT_LEN + NX_AEAD_TAG_LEN], plain[TEXT_LEN];
    struct dsb_noise_cipher c;

    unit_row("what does not open is not counted: the right message opens after it");
    dsb_noise_cipher_init(&c, key);
    seal_by_hand(key, 0, sealed);
    sealed[0] ^= 1;
    EXPECT_STATUS(dsb_noise_cipher_open(&c, ad, nx_bytes_of(sealed, sizeof(sealed)), plain),
                  NX_E_CRYPTO);
    EXPECT_EQ(c.next_number, 0);
    sealed[0] ^= 1;
    EXPECT_STATUS(dsb_noise_cipher_open(&c, ad, nx_bytes_of(sealed, sizeof(sealed)), plain), NX_OK);

    unit_row("a message opens once");
    EXPECT_STATUS(dsb_noise_cipher_open(&c, ad, nx_bytes_of(sealed, sizeof(sealed)), plain),
                  NX_E_CRYPTO);

    unit_row("a wiped cipher holds no key, and may be wiped again");
    uint8_t zeros[NX_AEAD_KEY_LEN] = {0};
    dsb_noise_cipher_wipe(&c);
    dsb_noise_cipher_wipe(&c);
    EXPECT_BYTES(nx_bytes_of(c.aead.secret_key, sizeof(zeros)), nx_bytes_of(zeros, sizeof(zeros)));
    EXPECT(c.aead.context == NULL);
}

UNIT_SUITE(noise_cipher_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(counts); i++) {
        unit_row(counts[i].name);
        count_row(counts[i].number, counts[i].status);
    }
    rekey_rows();
    refused_row();
}
