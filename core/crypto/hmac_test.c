#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/hmac.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    enum nx_hash_kind kind;
} kinds[] = {
    {"BLAKE2s", NX_HASH_BLAKE2S},
    {"SHA-256", NX_HASH_SHA256},
    {"SHA-512", NX_HASH_SHA512},
};

/* The RFC gives the MACs over SHA-2; those over BLAKE2s are what an independent implementation
 * makes of the same input. */
static const struct {
    const char *name;
    const char *key;
    const char *message;
    const char *macs[NX_COUNT_OF(kinds)];
} cases[] = {
    {"RFC 4231 §4.2",
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "4869205468657265",
     {"65a8b7c5cc9136d424e82c37e2707e74e913c0655b99c75f40edf387453a3260",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
      "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"}},
    {"RFC 4231 §4.3, a key shorter than the digest",
     "4a656665",
     "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     {"90b6281e2f3038c9056af0b4a7e763cae6fe5d9eb4386a0ec95237890c104ff0",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"}},
    {"RFC 4231 §4.4, key and message of more than a block together",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
     "dddddddddddddddddddddddddddddddddddd",
     {"fcc4f59529502e34c3d8da3ffdab82966a2cb637ff5e9bd701135c2e9469e790",
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
      "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"}},
    {"RFC 4231 §4.5",
     "0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     {"464434dcbece095d456a1d62d6ec56f898e625a39e5c52bdf94daf111bad83aa",
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
      "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"}},
    {"RFC 4231 §4.6, of which the RFC shows the first 16 bytes",
     "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c",
     "546573742057697468205472756e636174696f6e",
     {"1825eff4619fb8b20833b9432892c81b64e8fcc3caef9ca55422f02e238c5ac9",
      "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5",
      "415fad6271580a531d4179bc891d87a650188707922a4fbb36663a1eb16da008"
      "711c5b50ddd0fc235084eb9d3364a1454fb2ef67cd1d29fe6773068ea266e96b"}},
    {"RFC 4231 §4.7, a key longer than the block is hashed first",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
     "65204b6579202d2048617368204b6579204669727374",
     {"d23d79394f53d536a096e6514447eeaabb05ded01be32c1937da6a8f7103bc4e",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
      "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"}},
    {"RFC 4231 §4.8, and a message longer than the block",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaa",
     "5468697320697320612074657374207573696e672061206c6172676572207468"
     "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
     "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
     "647320746f20626520686173686564206265666f7265206265696e6720757365"
     "642062792074686520484d414320616c676f726974686d2e",
     {"cb60f6a791f140bf8aa2e51ff358cdb2cc5c0333045b7fb77aba7ab3b0cfb237",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
      "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
      "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"}},
};

static void row_of(const char *case_name, const char *kind_name)
{
    char name[150];
    struct nx_text t = nx_text_over(name, sizeof(name));

    nx_text_add(&t, kind_name);
    nx_text_add(&t, ", ");
    nx_text_add(&t, case_name);
    unit_row(name);
}

static void check(size_t case_index, size_t kind_index)
{
    uint8_t key_memory[131], message_memory[152], want[NX_HASH_LEN_MAX], got[NX_HASH_LEN_MAX];
    enum nx_hash_kind kind = kinds[kind_index].kind;
    struct nx_bytes key = bytes_of_hex(cases[case_index].key, key_memory, sizeof(key_memory));
    struct nx_bytes message =
        bytes_of_hex(cases[case_index].message, message_memory, sizeof(message_memory));
    struct nx_bytes mac = bytes_of_hex(cases[case_index].macs[kind_index], want, sizeof(want));
    struct nx_hmac m;

    row_of(cases[case_index].name, kinds[kind_index].name);
    EXPECT_EQ(nx_hash_len(kind), mac.len);
    nx_hmac(got, kind, key, message);
    EXPECT_BYTES(nx_bytes_of(got, mac.len), mac);

    nx_hmac_init(&m, kind, key);
    for (; message.len > 0; message = nx_bytes_skip(message, 1))
        nx_hmac_add(&m, nx_bytes_of(message.ptr, 1));
    nx_hmac_end(&m, got);
    EXPECT_BYTES(nx_bytes_of(got, mac.len), mac);
}

UNIT_SUITE(hmac_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        for (size_t j = 0; j < NX_COUNT_OF(kinds); j++)
            check(i, j);
    }

    unit_row("no key is a key of zeros");
    uint8_t zeros[64] = {0}, with_none[32], with_zeros[32];
    nx_hmac(with_none, NX_HASH_SHA256, nx_bytes_of(NULL, 0), nx_bytes_of_text("x"));
    nx_hmac(with_zeros, NX_HASH_SHA256, nx_bytes_of(zeros, 64), nx_bytes_of_text("x"));
    EXPECT_BYTES(nx_bytes_of(with_none, 32), nx_bytes_of(with_zeros, 32));

    unit_row("a key of one block is taken as it is, one byte more is hashed");
    uint8_t key[65] = {5}, digest[32], mac[32], want[32];
    nx_hmac(mac, NX_HASH_SHA256, nx_bytes_of(key, 65), nx_bytes_of_text("x"));
    nx_crypto_sha256(digest, nx_bytes_of(key, 65));
    nx_hmac(want, NX_HASH_SHA256, nx_bytes_of(digest, 32), nx_bytes_of_text("x"));
    EXPECT_BYTES(nx_bytes_of(mac, 32), nx_bytes_of(want, 32));
    nx_hmac(mac, NX_HASH_SHA256, nx_bytes_of(key, 64), nx_bytes_of_text("x"));
    nx_hmac(want, NX_HASH_SHA256, nx_bytes_of(key, 1), nx_bytes_of_text("x"));
    EXPECT_BYTES(nx_bytes_of(mac, 32), nx_bytes_of(want, 32));

    unit_row("the state is wiped at the end");
    struct nx_hmac m, zero;
    memset(&zero, 0, sizeof(zero));
    nx_hmac_init(&m, NX_HASH_SHA512, nx_bytes_of(key, 65));
    nx_hmac_add(&m, nx_bytes_of(key, 65));
    uint8_t long_mac[64];
    nx_hmac_end(&m, long_mac);
    EXPECT_BYTES(nx_bytes_of(&m, sizeof(m)), nx_bytes_of(&zero, sizeof(zero)));
}
