/* How fast bytes become structs and back, and what the crypto below costs. */
#include "bench/measure.h"
#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/crypto/crypto.h"
#include "core/wire/beacon.h"
#include "core/wire/frame.h"

static uint8_t plain[65536], sealed[65536 + NX_AEAD_TAG_LEN];

/* ---- frames --------------------------------------------------------------------------------- */

struct frames {
    struct dsb_frame frame;
    uint8_t bytes[DSB_FRAME_MAX];
    size_t len;
};

static void encode_frame(void *context)
{
    struct frames *f = context;
    struct nx_writer w = nx_writer_over(f->bytes, sizeof(f->bytes));

    measure_need(dsb_frame_encode(&f->frame, &w) == NX_OK, "a frame does not encode");
    f->len = w.len;
    measure_keep(f->bytes);
}

static void decode_frame(void *context)
{
    struct frames *f = context;
    struct dsb_frame frame;
    size_t used;

    measure_need(dsb_frame_decode(nx_bytes_of(f->bytes, f->len), &frame, &used) == NX_OK,
                 "a frame does not decode");
    measure_keep(&frame);
}

static void bench_frames(void)
{
    static struct frames f;

    f.frame = (struct dsb_frame){
        .kind = DSB_FRAME_DATA, .stream_id = 1, .body = nx_bytes_of(plain, 1024)};
    measure("frame encode DATA 1 KiB", 1024, encode_frame, &f);
    measure("frame decode DATA 1 KiB", 0, decode_frame, &f);
    f.frame.body.len = DSB_FRAME_PAYLOAD_MAX;
    measure("frame encode DATA 32 KiB", DSB_FRAME_PAYLOAD_MAX, encode_frame, &f);
    f.frame = (struct dsb_frame){.kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = 1, .window = 65536};
    measure("frame encode WINDOW_UPDATE", 0, encode_frame, &f);
    measure("frame decode WINDOW_UPDATE", 0, decode_frame, &f);
}

/* ---- beacons -------------------------------------------------------------------------------- */

struct beacons {
    struct dsb_beacon beacon;
    uint8_t bytes[DSB_BEACON_MAX];
    size_t len;
};

static void encode_beacon(void *context)
{
    struct beacons *b = context;
    struct nx_writer w = nx_writer_over(b->bytes, sizeof(b->bytes));

    measure_need(dsb_beacon_encode(&b->beacon, &w, NULL) == NX_OK, "a beacon does not encode");
    b->len = w.len;
    measure_keep(b->bytes);
}

static void decode_beacon(void *context)
{
    struct beacons *b = context;
    struct dsb_beacon beacon;

    measure_need(dsb_beacon_decode(nx_bytes_of(b->bytes, b->len), &beacon, NULL, NULL) == NX_OK,
                 "a beacon does not decode");
    measure_keep(&beacon);
}

static void bench_beacons(void)
{
    static const char id[] = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
    static struct beacons b;

    b.beacon = (struct dsb_beacon){
        .device_id = nx_bytes_of_text(id),
        .service_count = 1,
        .services = {nx_bytes_of_text("samgrd")},
        .has_trailer = true,
        .ttl_s = 60,
        .name = nx_bytes_of_text("Living Room"),
    };
    measure("beacon encode, signed part and signature", 0, encode_beacon, &b);
    measure("beacon decode, v2", 0, decode_beacon, &b);
    b.beacon.has_trailer = false;
    encode_beacon(&b);
    measure("beacon decode, v1", 0, decode_beacon, &b);
}

/* ---- JSON: an object as a handshake's proof has it, 32 and 64 bytes as arrays of numbers ----- */

struct jsons {
    uint8_t bytes[1024];
    size_t len;
};

static void write_json(void *context)
{
    struct jsons *j = context;
    struct nx_writer out = nx_writer_over(j->bytes, sizeof(j->bytes));
    struct nx_json_writer w = nx_json_writer_over(&out);

    nx_json_begin_object(&w);
    nx_json_key(&w, "device_id");
    nx_json_put_text(&w, "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c");
    nx_json_key(&w, "verifying_key");
    nx_json_put_byte_array(&w, nx_bytes_of(plain, 32));
    nx_json_key(&w, "signature");
    nx_json_put_byte_array(&w, nx_bytes_of(plain, 64));
    nx_json_end_object(&w);
    measure_need(nx_json_writer_finish(&w) == NX_OK, "a value is not written");
    j->len = out.len;
    measure_keep(j->bytes);
}

static void parse_json(void *context)
{
    static const struct nx_json_limits limits = {
        .length_max = 2048, .depth_max = 4, .string_max = 128, .member_count_max = 8};
    struct jsons *j = context;
    struct nx_json_node nodes[128];
    struct nx_json json;

    measure_need(nx_json_parse(&json, nx_bytes_of(j->bytes, j->len), nodes, NX_COUNT_OF(nodes),
                               &limits, NULL) == NX_OK,
                 "a value is not read");
    measure_keep(nodes);
}

static void bench_json(void)
{
    static struct jsons j;

    for (size_t i = 0; i < 96; i++)
        plain[i] = (uint8_t)(i * 37);
    write_json(&j);
    measure("json write a proof", j.len, write_json, &j);
    measure("json parse a proof", j.len, parse_json, &j);
}

/* ---- crypto --------------------------------------------------------------------------------- */

struct aeads {
    struct nx_aead aead;
    size_t len;
};

static const uint8_t nonce[NX_AEAD_NONCE_LEN];

static void seal(void *context)
{
    struct aeads *a = context;

    nx_crypto_aead_seal(&a->aead, nonce, nx_bytes_of(NULL, 0), nx_bytes_of(plain, a->len), sealed);
    measure_keep(sealed);
}

static void open_sealed(void *context)
{
    struct aeads *a = context;
    struct nx_bytes in = nx_bytes_of(sealed, a->len + NX_AEAD_TAG_LEN);

    measure_need(nx_crypto_aead_open(&a->aead, nonce, nx_bytes_of(NULL, 0), in, plain) == NX_OK,
                 "what was sealed does not open");
}

static void bench_aead(void)
{
    static const struct {
        size_t len;
        const char *seal, *open;
    } sizes[] = {
        {64, "aead seal 64 B", "aead open 64 B"},
        {1024, "aead seal 1 KiB", "aead open 1 KiB"},
        {32768, "aead seal 32 KiB", "aead open 32 KiB"},
        {65536, "aead seal 64 KiB", "aead open 64 KiB"},
    };
    static const uint8_t key[NX_AEAD_KEY_LEN] = {1};
    struct aeads a;

    nx_crypto_aead_init(&a.aead, key);
    for (size_t i = 0; i < NX_COUNT_OF(sizes); i++) {
        a.len = sizes[i].len;
        measure(sizes[i].seal, a.len, seal, &a);
        measure(sizes[i].open, a.len, open_sealed, &a);
    }
    nx_crypto_aead_wipe(&a.aead);
}

struct keys {
    uint8_t seed[NX_ED25519_SEED_LEN];
    uint8_t public_key[NX_ED25519_PUBLIC_LEN];
    uint8_t signature[NX_ED25519_SIGNATURE_LEN];
    uint8_t x25519_public[NX_X25519_LEN];
    uint8_t out[NX_SHA512_LEN];
};

static void x25519(void *context)
{
    struct keys *k = context;

    measure_need(nx_crypto_x25519(k->out, k->seed, k->x25519_public) == NX_OK,
                 "a shared secret is zero");
    measure_keep(k->out);
}

static void sign(void *context)
{
    struct keys *k = context;

    nx_crypto_ed25519_sign(k->signature, nx_bytes_of(plain, 163), k->seed);
    measure_keep(k->signature);
}

static void verify(void *context)
{
    struct keys *k = context;

    measure_need(nx_crypto_ed25519_verify(k->signature, nx_bytes_of(plain, 163), k->public_key) ==
                     NX_OK,
                 "a signature does not hold");
}

static void sha256(void *context)
{
    struct keys *k = context;

    nx_crypto_sha256(k->out, nx_bytes_of(plain, sizeof(plain)));
    measure_keep(k->out);
}

static void ristretto(void *context)
{
    struct keys *k = context;
    uint8_t element[NX_RISTRETTO_LEN], product[NX_RISTRETTO_LEN];

    nx_crypto_ristretto_from_hash(element, k->out);
    measure_need(nx_crypto_ristretto_multiply(product, k->seed, element) == NX_OK,
                 "a product is neutral");
    measure_keep(product);
}

static void bench_curves(void)
{
    static struct keys k = {.seed = {1}};

    nx_crypto_ed25519_public(k.public_key, k.seed);
    nx_crypto_x25519_public(k.x25519_public, k.seed);
    measure("x25519", 0, x25519, &k);
    measure("ed25519 sign a beacon", 0, sign, &k);
    measure("ed25519 verify a beacon", 0, verify, &k);
    measure("sha-256 64 KiB", sizeof(plain), sha256, &k);
    measure("ristretto255 map and multiply", 0, ristretto, &k);
}

int main(void)
{
    measure_begin("codecs and crypto, one core");
    measure_need(nx_crypto_init() == NX_OK, "the crypto provider does not start");
    bench_frames();
    bench_beacons();
    bench_json();
    bench_aead();
    bench_curves();
    return 0;
}
