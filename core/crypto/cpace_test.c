#include "core/crypto/cpace.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* The whole run of CPACE-RISTR255-SHA512 in the draft's testvectors.json, where the group goes by
 * the name Coffee25519. */
#define VECTOR_PRS     "50617373776f7264"
#define VECTOR_CI      "0b415f696e69746961746f720b425f726573706f6e646572"
#define VECTOR_SID     "7e4b4791d6a8ef019b936c79fb7f2c57"
#define VECTOR_G       "222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56"
#define VECTOR_YA      "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08"
#define VECTOR_YB      "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d"
#define VECTOR_ADA     "414461"
#define VECTOR_ADB     "414462"
#define VECTOR_SHARE_A "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157"
#define VECTOR_SHARE_B "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258"
#define VECTOR_K       "80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f"
#define VECTOR_ISK_IR                                                  \
    "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd" \
    "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447"

#define VERIFY_SCALAR "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05"

/* G.scalar_mult_vfy(s, X), with the draft's valid and invalid X and what else has to be refused. */
static const struct {
    const char *name;
    const char *own_share;
    const char *their_share;
    enum nx_status status;
    const char *k;
} verified[] = {
    {"a point of the group gives the product", VECTOR_SHARE_A,
     "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c", NX_OK,
     "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e"},
    {"the draft's invalid point Y1, which is no encoding, is refused", VECTOR_SHARE_A,
     "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c", NX_E_CRYPTO, ""},
    {"the draft's invalid point Y2, the neutral element, is refused", VECTOR_SHARE_A,
     "0000000000000000000000000000000000000000000000000000000000000000", NX_E_CRYPTO, ""},
    {"a field element at the modulus, which would be zero again, is refused", VECTOR_SHARE_A,
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", NX_E_CRYPTO, ""},
    {"a valid point with the unused top bit set is refused", VECTOR_SHARE_A,
     "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a59c", NX_E_CRYPTO, ""},
    {"a negative field element, which RFC 9496 does not encode, is refused", VECTOR_SHARE_A,
     "0100000000000000000000000000000000000000000000000000000000000000", NX_E_CRYPTO, ""},
    {"the largest bytes there are are refused", VECTOR_SHARE_A,
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", NX_E_CRYPTO, ""},
    {"our own share come back is refused", VECTOR_SHARE_A, VECTOR_SHARE_A, NX_E_CRYPTO, ""},
};

static const struct {
    const char *name;
    size_t len;
    size_t head_len;
    uint8_t head[2];
} lengths[] = {
    {"lv of nothing is a zero", 0, 1, {0}},
    {"lv of one byte", 1, 1, {1}},
    {"lv of 127 bytes still has a length of one byte", 127, 1, {0x7f}},
    {"lv of 128 bytes has a length of two", 128, 2, {0x80, 0x01}},
    {"lv of 300 bytes has a length of two", 300, 2, {0xac, 0x02}},
};

struct blob {
    uint8_t at[64];
    size_t len;
};

static struct blob from_hex(const char *text)
{
    struct blob blob = {.len = nx_bytes_of_text(text).len / 2};

    EXPECT(nx_hex_decode(nx_bytes_of_text(text), blob.at, blob.len) == NX_OK);
    return blob;
}

static void expect_hex(const uint8_t *got, const char *want)
{
    struct blob blob = from_hex(want);

    EXPECT_BYTES(nx_bytes_of(got, blob.len), nx_bytes_of(blob.at, blob.len));
}

static void vector_rows(void)
{
    struct blob prs = from_hex(VECTOR_PRS), ci = from_hex(VECTOR_CI), sid = from_hex(VECTOR_SID);
    struct blob ya = from_hex(VECTOR_YA), ada = from_hex(VECTOR_ADA);
    struct blob yb = from_hex(VECTOR_YB), adb = from_hex(VECTOR_ADB);
    uint8_t generator[NX_RISTRETTO_LEN], share_a[NX_CPACE_SHARE_LEN], share_b[NX_CPACE_SHARE_LEN];
    uint8_t k[NX_RISTRETTO_LEN], isk[NX_CPACE_ISK_LEN];

    unit_row("the draft's run: the generator");
    nx_cpace_generator(generator, nx_bytes_of(prs.at, prs.len), nx_bytes_of(ci.at, ci.len),
                       nx_bytes_of(sid.at, sid.len));
    expect_hex(generator, VECTOR_G);

    unit_row("the draft's run: both shares");
    EXPECT_STATUS(nx_cpace_share(share_a, ya.at, generator), NX_OK);
    expect_hex(share_a, VECTOR_SHARE_A);
    EXPECT_STATUS(nx_cpace_share(share_b, yb.at, generator), NX_OK);
    expect_hex(share_b, VECTOR_SHARE_B);

    unit_row("the draft's run: the shared point, from either side");
    EXPECT_STATUS(nx_cpace_shared(k, yb.at, share_b, share_a), NX_OK);
    expect_hex(k, VECTOR_K);
    EXPECT_STATUS(nx_cpace_shared(k, ya.at, share_a, share_b), NX_OK);
    expect_hex(k, VECTOR_K);

    unit_row("the draft's run: the key, initiator first");
    struct nx_cpace_transcript t = {
        .share_a = nx_bytes_of(share_a, sizeof(share_a)),
        .associated_a = nx_bytes_of(ada.at, ada.len),
        .share_b = nx_bytes_of(share_b, sizeof(share_b)),
        .associated_b = nx_bytes_of(adb.at, adb.len),
    };
    nx_cpace_isk(isk, nx_bytes_of(sid.at, sid.len), k, &t);
    expect_hex(isk, VECTOR_ISK_IR);

    unit_row("the transcript is lv_cat(Ya, ADa) and lv_cat(Yb, ADb)");
    uint8_t said[80];
    struct nx_writer w = nx_writer_over(said, sizeof(said));
    nx_cpace_write_transcript(&w, &t);
    EXPECT_EQ(w.len, 2 * (1 + 32 + 1 + 3));
    EXPECT(said[0] == 32 && said[33] == 3 && said[37] == 32 && said[70] == 3);
    EXPECT_BYTES(nx_bytes_of(said + 71, 3), nx_bytes_of_text("ADb"));

    unit_row("a transcript that does not fit shows as overflow");
    w = nx_writer_over(said, 73);
    nx_cpace_write_transcript(&w, &t);
    EXPECT(w.overflow);
}

/* Each input moves the generator; a code longer than the hash's block needs no padding. */
static void generator_rows(void)
{
    static const char long_code[] = "a code far longer than any person would type, so long that it "
                                    "fills the first block of the "
                                    "hash and there is nothing left to pad at all";
    struct nx_bytes code = nx_bytes_of_text("042137"), context = nx_bytes_of_text("context");
    struct nx_bytes session = nx_bytes_of_text("session");
    uint8_t base[NX_RISTRETTO_LEN], other[NX_RISTRETTO_LEN];

    nx_cpace_generator(base, code, context, session);

    unit_row("another code is another generator");
    nx_cpace_generator(other, nx_bytes_of_text("042138"), context, session);
    EXPECT(memcmp(base, other, sizeof(base)) != 0);

    unit_row("another context is another generator");
    nx_cpace_generator(other, code, nx_bytes_of_text("Context"), session);
    EXPECT(memcmp(base, other, sizeof(base)) != 0);

    unit_row("another session is another generator");
    nx_cpace_generator(other, code, context, nx_bytes_of_text("Session"));
    EXPECT(memcmp(base, other, sizeof(base)) != 0);

    unit_row("a byte moved from the context to the session is another generator");
    nx_cpace_generator(other, code, nx_bytes_of_text("contex"), nx_bytes_of_text("tsession"));
    EXPECT(memcmp(base, other, sizeof(base)) != 0);

    unit_row("a code longer than a block of the hash is taken as it is");
    uint8_t share[NX_CPACE_SHARE_LEN];
    nx_cpace_generator(other, nx_bytes_of_text(long_code), context, session);
    EXPECT_STATUS(nx_cpace_share(share, from_hex(VECTOR_YA).at, other), NX_OK);
}

static enum nx_status broken_fill(void *source, uint8_t *out, size_t len)
{
    (void)source;
    memset(out, 0xee, len);
    return NX_E_IO;
}

static void scalar_rows(void)
{
    struct nx_rng broken = {broken_fill, NULL};
    struct nx_prng prng;
    struct nx_rng rng = nx_prng_as_rng(&prng);
    uint8_t one[NX_CPACE_SCALAR_LEN], two[NX_CPACE_SCALAR_LEN];
    static const uint8_t zero[NX_CPACE_SCALAR_LEN];
    struct blob g = from_hex(VECTOR_G);
    uint8_t share[NX_CPACE_SHARE_LEN];

    nx_prng_init(&prng, 1, "cpace");
    unit_row("each run has a scalar of its own");
    EXPECT_STATUS(nx_cpace_sample_scalar(&rng, one), NX_OK);
    EXPECT_STATUS(nx_cpace_sample_scalar(&rng, two), NX_OK);
    EXPECT(memcmp(one, two, sizeof(one)) != 0);

    unit_row("a scalar lies below the order, whose top byte is 0x10");
    EXPECT(one[31] <= 0x10 && two[31] <= 0x10);

    unit_row("without randomness there is no scalar, and what there is cannot be used");
    EXPECT_STATUS(nx_cpace_sample_scalar(&broken, one), NX_E_IO);
    EXPECT_BYTES(nx_bytes_of(one, sizeof(one)), nx_bytes_of(zero, sizeof(zero)));
    EXPECT_STATUS(nx_cpace_share(share, one, g.at), NX_E_CRYPTO);
    EXPECT_BYTES(nx_bytes_of(share, sizeof(share)), nx_bytes_of(zero, sizeof(zero)));
}

UNIT_SUITE(cpace_test)
{
    vector_rows();

    for (size_t i = 0; i < NX_COUNT_OF(verified); i++) {
        struct blob scalar = from_hex(VERIFY_SCALAR);
        static const uint8_t zero[NX_RISTRETTO_LEN];
        uint8_t k[NX_RISTRETTO_LEN];

        unit_row(verified[i].name);
        memset(k, 0xee, sizeof(k));
        EXPECT_STATUS(nx_cpace_shared(k, scalar.at, from_hex(verified[i].own_share).at,
                                      from_hex(verified[i].their_share).at),
                      verified[i].status);
        if (verified[i].status == NX_OK)
            expect_hex(k, verified[i].k);
        else
            EXPECT_BYTES(nx_bytes_of(k, sizeof(k)), nx_bytes_of(zero, sizeof(zero)));
    }

    for (size_t i = 0; i < NX_COUNT_OF(lengths); i++) {
        static const uint8_t part[300];
        uint8_t out[302];
        struct nx_writer w = nx_writer_over(out, sizeof(out));

        unit_row(lengths[i].name);
        nx_cpace_write_lv(&w, nx_bytes_of(part, lengths[i].len));
        EXPECT_EQ(w.len, lengths[i].head_len + lengths[i].len);
        EXPECT_BYTES(nx_bytes_of(out, lengths[i].head_len),
                     nx_bytes_of(lengths[i].head, lengths[i].head_len));
    }

    generator_rows();
    scalar_rows();
}
