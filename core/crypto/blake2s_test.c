#include "core/base/memory.h"
#include "core/crypto/blake2s.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    size_t counted_len; /* the message is 00 01 02 …, this long */
    size_t key_len;     /* and so is the key */
    const char *digest;
} counted[] = {
    {"nothing", 0, 0, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"},
    {"a byte less than a block", 63, 0,
     "e57cb79487dd57902432b250733813bd96a84efce59f650fac26e6696aefafc3"},
    {"a block exactly is the last block", 64, 0,
     "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e"},
    {"a byte more than a block", 65, 0,
     "1b53ee94aaf34e4b159d48de352c7f0661d0a40edff95a0b1639b4090e974472"},
    {"a byte less than two blocks", 127, 0,
     "f18417b39d617ab1c18fdf91ebd0fc6d5516bb34cf39364037bce81fa04cecb1"},
    {"two blocks exactly", 128, 0,
     "1fa877de67259d19863a2a34bcc6962a2b25fcbf5cbecd7ede8f1fa36688a796"},
    {"a byte more than two blocks", 129, 0,
     "5bd169e67c82c2c2e98ef7008bdf261f2ddf30b1c00f9e7f275bb3e8a28dc9a2"},
    {"nothing under a key: the key's block is the last", 0, 32,
     "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49"},
    {"a block under a key", 64, 32,
     "8975b0577fd35566d750b362b0897a26c399136df07bababbde6203ff2954ed4"},
    {"255 bytes under a key", 255, 32,
     "3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd"},
};

static uint8_t message[1024];

static void check_counted(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(message); i++)
        message[i] = (uint8_t)i;

    for (size_t i = 0; i < NX_COUNT_OF(counted); i++) {
        struct nx_bytes rest = nx_bytes_of(message, counted[i].counted_len);
        struct nx_bytes key = nx_bytes_of(message, counted[i].key_len);
        uint8_t want[NX_BLAKE2S_LEN], got[NX_BLAKE2S_LEN];
        struct nx_blake2s h;

        unit_row(counted[i].name);
        fixed_of_hex(counted[i].digest, want, sizeof(want));
        nx_blake2s_init(&h, sizeof(got), key);
        nx_blake2s_add(&h, rest);
        nx_blake2s_end(&h, got);
        EXPECT_BYTES(nx_bytes_of(got, sizeof(got)), nx_bytes_of(want, sizeof(want)));

        /* The same, a byte at a time. */
        nx_blake2s_init(&h, sizeof(got), key);
        for (; rest.len > 0; rest = nx_bytes_skip(rest, 1))
            nx_blake2s_add(&h, nx_bytes_of(rest.ptr, 1));
        nx_blake2s_end(&h, got);
        EXPECT_BYTES(nx_bytes_of(got, sizeof(got)), nx_bytes_of(want, sizeof(want)));
    }
}

/* RFC 7693 appendix E: deterministic bytes, and the digests of many of them hashed together. */
static void fill(uint8_t *out, size_t len, uint32_t seed)
{
    uint32_t a = 0xdead4badu * seed;
    uint32_t b = 1;

    for (size_t i = 0; i < len; i++) {
        uint32_t next = a + b;

        a = b;
        b = next;
        out[i] = (uint8_t)(next >> 24);
    }
}

static void check_appendix_e(void)
{
    static const size_t digest_lens[] = {16, 20, 28, 32};
    static const size_t message_lens[] = {0, 3, 64, 65, 255, 1024};
    uint8_t digest[NX_BLAKE2S_LEN], key[NX_BLAKE2S_KEY_MAX], want[NX_BLAKE2S_LEN];
    struct nx_blake2s all, one;

    nx_blake2s_init(&all, NX_BLAKE2S_LEN, nx_bytes_of(NULL, 0));
    for (size_t i = 0; i < NX_COUNT_OF(digest_lens); i++) {
        for (size_t j = 0; j < NX_COUNT_OF(message_lens); j++) {
            fill(message, message_lens[j], (uint32_t)message_lens[j]);
            nx_blake2s_init(&one, digest_lens[i], nx_bytes_of(NULL, 0));
            nx_blake2s_add(&one, nx_bytes_of(message, message_lens[j]));
            nx_blake2s_end(&one, digest);
            nx_blake2s_add(&all, nx_bytes_of(digest, digest_lens[i]));

            fill(key, digest_lens[i], (uint32_t)digest_lens[i]);
            nx_blake2s_init(&one, digest_lens[i], nx_bytes_of(key, digest_lens[i]));
            nx_blake2s_add(&one, nx_bytes_of(message, message_lens[j]));
            nx_blake2s_end(&one, digest);
            nx_blake2s_add(&all, nx_bytes_of(digest, digest_lens[i]));
        }
    }
    nx_blake2s_end(&all, digest);
    fixed_of_hex("6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe", want, 32);
    EXPECT_BYTES(nx_bytes_of(digest, 32), nx_bytes_of(want, 32));
}

UNIT_SUITE(blake2s_test)
{
    uint8_t got[NX_BLAKE2S_LEN], want[NX_BLAKE2S_LEN];

    unit_row("RFC 7693 appendix B, abc");
    nx_blake2s(got, nx_bytes_of_text("abc"));
    fixed_of_hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982", want, 32);
    EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));

    unit_row("the name of our Noise suite");
    nx_blake2s(got, nx_bytes_of_text("Noise_XK_25519_ChaChaPoly_BLAKE2s"));
    fixed_of_hex("c9c0ebe48a922f8e9ebee28cb8a711bc276b5f754ae5c9087c79fd6660837d33", want, 32);
    EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));

    check_counted();

    unit_row("RFC 7693 appendix E, digests and keys of every length");
    check_appendix_e();

    unit_row("the state is wiped at the end");
    struct nx_blake2s h, zero;
    memset(&zero, 0, sizeof(zero));
    nx_blake2s_init(&h, 32, nx_bytes_of(message, 32));
    nx_blake2s_add(&h, nx_bytes_of(message, 100));
    nx_blake2s_end(&h, got);
    EXPECT_BYTES(nx_bytes_of(&h, sizeof(h)), nx_bytes_of(&zero, sizeof(zero)));
}
