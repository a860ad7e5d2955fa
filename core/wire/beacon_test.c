#include "core/wire/beacon.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* The golden vector of NXSB v1: "node9", port 37020, static 11…, samgrd and bundlemgrd. */
static const char golden_v1[] = "4e58534201056e6f646539909c"
                                "1111111111111111111111111111111111111111111111111111111111111111"
                                "020673616d6772640a62756e646c656d677264";

/* The device of Ed25519 seed 00 01 … 1f, port 34567, service samgrd; sequence 7 << 32 | 42, TTL 60,
 * name "Living Room"; signed by an independent implementation (libsodium, directly). */
static const char golden_v2[] =
    "4e5853420140353634373561613735343633343734633032383564663564626632626361623733646136353133"
    "353838333965396237373438316232656162313037373038638707a5b984e765b978e7151119a21c548350f5d0"
    "eb8a26d6b17c74b9d25498bc496b010673616d6772644e585332000000070000002a003c0b4c6976696e672052"
    "6f6f6dc9ad26709d0f5be436ba203c15fbeee7ed6ecdd82980ced51c504ed50bbcc40a6375bdd155ba0cec166c"
    "2fdcc08e7bbad9b291a640ac6835e6c699c9d9d39501";

#define V1_LEN        64
#define V2_LEN        202
#define V2_SIGNED_LEN 138
#define V2_TRAILER_AT 112 /* where "NXS2" begins */

static struct nx_bytes from_hex(const char *hex, uint8_t *out, size_t len)
{
    NX_CHECK(nx_hex_decode(nx_bytes_of_text(hex), out, len) == NX_OK);
    return nx_bytes_of(out, len);
}

/* ---- decode: one change to a golden vector -------------------------------------------------- */

static const struct {
    const char *name;
    const char *golden;
    size_t at; /* where `bytes` replace what is there */
    size_t bytes_len;
    const char *bytes;
    size_t len; /* 0: all of it */
    enum nx_status status;
    const char *why;
} decodes[] = {
    {"the golden vector of v1", golden_v1, 0, 0, "", 0, NX_OK, ""},
    {"a v2 beacon", golden_v2, 0, 0, "", 0, NX_OK, ""},
    {"port 0 is a port like others", golden_v1, 11, 2, "\0\0", 0, NX_OK, ""},
    {"any 32 bytes are a static", golden_v1, 13, 2, "\0\0", 0, NX_OK, ""},
    {"no services, the rest is ignored", golden_v1, 45, 1, "\0", 0, NX_OK, ""},
    {"what follows the last service is ignored", golden_v1, 45, 1, "\1", 0, NX_OK, ""},
    {"a v1 reader takes a v2 beacon cut in its trailer's magic", golden_v2, 0, 0, "",
     V2_TRAILER_AT + 3, NX_OK, ""},
    {"another trailer is ignored", golden_v2, V2_TRAILER_AT + 3, 1, "3", 0, NX_OK, ""},
    {"a TTL of 1 is the least", golden_v2, 124, 2, "\0\1", 0, NX_OK, ""},
    {"a TTL of 300 is the most", golden_v2, 124, 2, "\1\54", 0, NX_OK, ""},

    {"nothing is truncated", golden_v1, 0, 0, "", SIZE_MAX, NX_E_MALFORMED, "beacon: truncated"},
    {"three bytes are truncated before they are no magic", golden_v1, 0, 3, "ABC", 3,
     NX_E_MALFORMED, "beacon: truncated"},
    {"another magic", golden_v1, 3, 1, "C", 0, NX_E_MALFORMED, "beacon: bad magic"},
    {"another magic comes before truncated", golden_v1, 0, 4, "XXXX", 4, NX_E_MALFORMED,
     "beacon: bad magic"},
    {"no version", golden_v1, 0, 0, "", 4, NX_E_MALFORMED, "beacon: truncated"},
    {"version 0", golden_v1, 4, 1, "\0", 0, NX_E_VERSION, "beacon: unsupported version 0"},
    {"version 2", golden_v1, 4, 1, "\2", 5, NX_E_VERSION, "beacon: unsupported version 2"},
    {"a device id of 0 bytes", golden_v1, 5, 1, "\0", 0, NX_E_MALFORMED,
     "beacon: device_id length"},
    {"a device id of 65 bytes", golden_v1, 5, 1, "\101", 0, NX_E_LIMIT,
     "beacon: device_id length: limit 64, asked 65"},
    {"a device id that is not UTF-8", golden_v1, 6, 1, "\377", 0, NX_E_MALFORMED,
     "beacon: a text is not UTF-8"},
    {"a device id that is not UTF-8 comes before what is missing behind it", golden_v1, 6, 1,
     "\377", 11, NX_E_MALFORMED, "beacon: a text is not UTF-8"},
    {"a device id longer than the datagram", golden_v1, 5, 1, "\100", 0, NX_E_MALFORMED,
     "beacon: truncated"},
    {"17 services", golden_v1, 45, 1, "\21", 0, NX_E_LIMIT,
     "beacon: service count: limit 16, asked 17"},
    {"16 services that are not there", golden_v1, 45, 1, "\20", 0, NX_E_MALFORMED,
     "beacon: truncated"},
    {"a service name of 0 bytes", golden_v1, 46, 1, "\0", 0, NX_E_MALFORMED,
     "beacon: service name length"},
    {"a service name of 65 bytes", golden_v1, 46, 1, "\101", 0, NX_E_LIMIT,
     "beacon: service name length: limit 64, asked 65"},
    {"a service name that is not UTF-8", golden_v1, 63, 1, "\200", 0, NX_E_MALFORMED,
     "beacon: a text is not UTF-8"},
    {"a trailer that is only its magic", golden_v2, 0, 0, "", V2_TRAILER_AT + 4, NX_E_MALFORMED,
     "beacon: truncated in the trailer"},
    {"a TTL of 0", golden_v2, 124, 2, "\0\0", 0, NX_E_MALFORMED, "beacon: a TTL of 0"},
    {"a TTL of 301", golden_v2, 124, 2, "\1\55", 0, NX_E_LIMIT,
     "beacon: TTL in seconds: limit 300, asked 301"},
    {"a name of 33 bytes", golden_v2, 126, 1, "\41", 0, NX_E_LIMIT,
     "beacon: name length: limit 32, asked 33"},
    {"a name that reaches into the signature leaves that too short", golden_v2, 126, 1, "\14", 0,
     NX_E_MALFORMED, "beacon: truncated in the trailer"},
    {"a name that is not UTF-8", golden_v2, 127, 1, "\355", 0, NX_E_MALFORMED,
     "beacon: a text is not UTF-8"},
    {"a signature that lacks its last byte", golden_v2, 0, 0, "", V2_LEN - 1, NX_E_MALFORMED,
     "beacon: truncated in the trailer"},
};

static void test_decodes(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(decodes); i++) {
        uint8_t raw[V2_LEN];
        struct nx_bytes in =
            from_hex(decodes[i].golden, raw, decodes[i].golden == golden_v1 ? V1_LEN : V2_LEN);
        struct dsb_beacon beacon = {.port = 9999};
        struct nx_why why = {{0}};

        memcpy(raw + decodes[i].at, decodes[i].bytes, decodes[i].bytes_len);
        if (decodes[i].len != 0)
            in.len = decodes[i].len == SIZE_MAX ? 0 : decodes[i].len;

        unit_row(decodes[i].name);
        EXPECT_STATUS(dsb_beacon_decode(in, &beacon, NULL, &why), decodes[i].status);
        EXPECT_STATUS(dsb_beacon_decode(in, &beacon, NULL, NULL), decodes[i].status);
        EXPECT_TEXT(why.text, decodes[i].why);
        EXPECT_EQ(beacon.port == 9999, decodes[i].status != NX_OK);
    }
}

static void test_fields(void)
{
    uint8_t raw[V2_LEN], zero[DSB_BEACON_SIGNATURE_LEN] = {0};
    struct dsb_beacon b;
    struct nx_bytes part;

    unit_row("v1: every field is where the table says");
    struct nx_bytes in = from_hex(golden_v1, raw, V1_LEN);
    NEED(dsb_beacon_decode(in, &b, &part, NULL) == NX_OK);
    EXPECT_BYTES(b.device_id, nx_bytes_of_text("node9"));
    EXPECT_EQ(b.port, 37020);
    EXPECT_EQ(b.noise_static[0], 0x11);
    EXPECT_EQ(b.noise_static[31], 0x11);
    EXPECT_EQ(b.service_count, 2);
    EXPECT_BYTES(b.services[0], nx_bytes_of_text("samgrd"));
    EXPECT_BYTES(b.services[1], nx_bytes_of_text("bundlemgrd"));
    EXPECT(!b.has_trailer && b.sequence == 0 && b.ttl_s == 0 && b.name.len == 0);
    EXPECT_BYTES(nx_bytes_of(b.signature, sizeof(zero)), nx_bytes_of(zero, sizeof(zero)));
    EXPECT_EQ(part.len, 0);

    unit_row("v2: every field is where the table says, the signature covers what lies before it");
    in = from_hex(golden_v2, raw, V2_LEN);
    NEED(dsb_beacon_decode(in, &b, &part, NULL) == NX_OK);
    EXPECT_EQ(b.port, 34567);
    EXPECT_EQ(b.service_count, 1);
    EXPECT(b.has_trailer);
    EXPECT_EQ(b.sequence, (uint64_t)7 << 32 | 42);
    EXPECT_EQ(b.ttl_s, 60);
    EXPECT_BYTES(b.name, nx_bytes_of_text("Living Room"));
    EXPECT_BYTES(part, nx_bytes_of(raw, V2_SIGNED_LEN));
    EXPECT_BYTES(nx_bytes_of(b.signature, 64), nx_bytes_of(raw + V2_SIGNED_LEN, 64));

    unit_row("what is signed is the label, its NUL, and the signed part");
    uint8_t message[DSB_BEACON_MESSAGE_MAX];
    struct nx_bytes signed_message = dsb_beacon_message(part, message);
    EXPECT_BYTES(nx_bytes_of(signed_message.ptr, 25), nx_bytes_of("nexus-dsoftbus-beacon-v2", 25));
    EXPECT_BYTES(nx_bytes_skip(signed_message, 25), part);
}

static void test_every_length(void)
{
    uint8_t raw[V2_LEN];
    struct nx_bytes in = from_hex(golden_v1, raw, V1_LEN);
    struct dsb_beacon b;

    unit_row("a v1 beacon cut anywhere is truncated");
    for (in.len = 0; in.len < V1_LEN; in.len++)
        EXPECT_STATUS(dsb_beacon_decode(in, &b, NULL, NULL), NX_E_MALFORMED);

    unit_row("a trailer cut anywhere behind its magic is truncated");
    in = from_hex(golden_v2, raw, V2_LEN);
    for (in.len = V2_TRAILER_AT + 4; in.len < V2_LEN; in.len++)
        EXPECT_STATUS(dsb_beacon_decode(in, &b, NULL, NULL), NX_E_MALFORMED);

    unit_row("a later trailer behind the signature is ignored and not signed");
    uint8_t longer[V2_LEN + 9] = {0};
    struct nx_bytes part;
    from_hex(golden_v2, longer, V2_LEN);
    EXPECT_STATUS(dsb_beacon_decode(nx_bytes_of(longer, sizeof(longer)), &b, &part, NULL), NX_OK);
    EXPECT_EQ(part.len, V2_SIGNED_LEN);

    unit_row("a v1 reader takes a beacon longer than any that we send");
    static uint8_t largest[41 + 64 + 16 * 65];
    memset(largest, 'a', sizeof(largest));
    memcpy(largest, "NXSB\1\100", 6);
    largest[104] = 16;
    for (size_t i = 0; i < 16; i++)
        largest[105 + 65 * i] = 64;
    EXPECT_EQ(sizeof(largest), 1145);
    EXPECT_STATUS(dsb_beacon_decode(nx_bytes_of(largest, sizeof(largest)), &b, NULL, NULL), NX_OK);
    EXPECT_EQ(b.services[15].len, 64);
}

/* ---- encode -------------------------------------------------------------------------------- */

static void test_round_trip(void)
{
    static const char *const vectors[] = {golden_v1, golden_v2};
    static const size_t lens[] = {V1_LEN, V2_LEN};

    for (size_t i = 0; i < NX_COUNT_OF(vectors); i++) {
        uint8_t raw[V2_LEN], out[DSB_BEACON_MAX];
        struct nx_bytes in = from_hex(vectors[i], raw, lens[i]);
        struct nx_writer w = nx_writer_over(out, sizeof(out));
        struct dsb_beacon b;

        unit_row_number("encoding what was decoded gives the golden bytes of v", i + 1);
        NEED(dsb_beacon_decode(in, &b, NULL, NULL) == NX_OK);
        EXPECT_EQ(dsb_beacon_len(&b), lens[i]);
        EXPECT_STATUS(dsb_beacon_encode(&b, &w, NULL), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&w), in);

        unit_row_number("one byte of room too few writes nothing, v", i + 1);
        w = nx_writer_over(out, lens[i] - 1);
        EXPECT_STATUS(dsb_beacon_encode(&b, &w, NULL), NX_E_LIMIT);
        EXPECT(w.len == 0 && !w.overflow);
        w = nx_writer_over(out, lens[i]);
        EXPECT_STATUS(dsb_beacon_encode(&b, &w, NULL), NX_OK);
    }

    unit_row("the signed part keeps room for the signature");
    uint8_t raw[V2_LEN], out[DSB_BEACON_MAX];
    struct dsb_beacon b;
    NEED(dsb_beacon_decode(from_hex(golden_v2, raw, V2_LEN), &b, NULL, NULL) == NX_OK);
    struct nx_writer w = nx_writer_over(out, V2_LEN - 1);
    EXPECT_STATUS(dsb_beacon_encode_signed_part(&b, &w, NULL), NX_E_LIMIT);
    w = nx_writer_over(out, V2_LEN);
    EXPECT_STATUS(dsb_beacon_encode_signed_part(&b, &w, NULL), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&w), nx_bytes_of(raw, V2_SIGNED_LEN));
}

static char letters[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* 65 */

static struct nx_bytes text_of(size_t len)
{
    return nx_bytes_of(letters, len);
}

static const struct {
    const char *name;
    size_t id_len, service_count, service_len, name_len;
    uint16_t ttl_s;
    enum nx_status status;
} encodes[] = {
    {"encode: the shortest id", 1, 0, 0, 0, 60, NX_OK},
    {"encode: the longest id and name", 64, 0, 0, 32, 60, NX_OK},
    {"encode: no id", 0, 0, 0, 0, 60, NX_E_INVALID},
    {"encode: an id of 65 bytes", 65, 0, 0, 0, 60, NX_E_INVALID},
    {"encode: a service without a name", 1, 1, 0, 0, 60, NX_E_INVALID},
    {"encode: a service name of 65 bytes", 1, 1, 65, 0, 60, NX_E_INVALID},
    {"encode: 16 short services", 1, 16, 5, 0, 60, NX_OK},
    {"encode: 17 services", 1, 17, 1, 0, 60, NX_E_INVALID},
    {"encode: a name of 33 bytes", 1, 0, 0, 33, 60, NX_E_INVALID},
    {"encode: a TTL of 0", 1, 0, 0, 0, 0, NX_E_INVALID},
    {"encode: a TTL of 301", 1, 0, 0, 0, 301, NX_E_INVALID},
    {"encode: exactly 256 bytes", 64, 1, 39, 32, 300, NX_OK},
    {"encode: 257 bytes", 64, 1, 40, 32, 300, NX_E_LIMIT},
};

static struct dsb_beacon beacon_of(size_t id_len, size_t service_count, size_t service_len,
                                   size_t name_len, uint16_t ttl_s)
{
    struct dsb_beacon b = {
        .device_id = text_of(id_len),
        .service_count = (uint8_t)service_count,
        .has_trailer = true,
        .ttl_s = ttl_s,
        .name = text_of(name_len),
    };

    for (size_t i = 0; i < service_count && i < DSB_BEACON_SERVICES_MAX; i++)
        b.services[i] = text_of(service_len);
    return b;
}

static void test_encodes(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(encodes); i++) {
        uint8_t out[300];
        struct nx_writer w = nx_writer_over(out, sizeof(out));
        struct nx_why why = {{0}};
        struct dsb_beacon b =
            beacon_of(encodes[i].id_len, encodes[i].service_count, encodes[i].service_len,
                      encodes[i].name_len, encodes[i].ttl_s);

        unit_row(encodes[i].name);
        EXPECT_STATUS(dsb_beacon_encode(&b, &w, &why), encodes[i].status);
        EXPECT_EQ(why.text[0] != '\0', encodes[i].status != NX_OK);
        EXPECT_EQ(w.len, encodes[i].status == NX_OK ? dsb_beacon_len(&b) : 0);
    }

    unit_row("a text that is not UTF-8 is never sent");
    uint8_t out[300];
    struct nx_writer w = nx_writer_over(out, sizeof(out));
    struct dsb_beacon b = beacon_of(1, 0, 0, 0, 60);
    b.name = nx_bytes_of("\300\200", 2);
    EXPECT_STATUS(dsb_beacon_encode(&b, &w, NULL), NX_E_INVALID);
}

static const struct {
    const char *name;
    size_t id_len, service_count, service_len, name_len;
    size_t cap;
    enum nx_status status;
    size_t services_left, name_left;
} fits[] = {
    {"what fits stays whole", 64, 1, 39, 32, 1000, NX_OK, 1, 32},
    {"exactly 256 bytes stay whole", 64, 2, 19, 32, 256, NX_OK, 2, 32},
    {"one byte less of room drops the last service", 64, 2, 19, 32, 255, NX_OK, 1, 32},
    {"services go from the last one on", 64, 4, 12, 32, 256, NX_OK, 3, 32},
    {"the name stays as long as a service is there to drop", 64, 16, 64, 32, 256, NX_OK, 0, 32},
    {"a smaller datagram drops services, then the name", 64, 2, 5, 32, 215, NX_OK, 0, 0},
    {"without services and name it fits exactly", 64, 2, 5, 32, 184, NX_OK, 0, 0},
    {"below that nothing helps, and nothing is dropped", 64, 2, 5, 32, 183, NX_E_LIMIT, 2, 32},
};

static void test_fits(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(fits); i++) {
        struct dsb_beacon b = beacon_of(fits[i].id_len, fits[i].service_count, fits[i].service_len,
                                        fits[i].name_len, 60);

        unit_row(fits[i].name);
        EXPECT_STATUS(dsb_beacon_fit(&b, fits[i].cap), fits[i].status);
        EXPECT_EQ(b.service_count, fits[i].services_left);
        EXPECT_EQ(b.name.len, fits[i].name_left);
    }

    unit_row("a v1 beacon has only services to drop");
    struct dsb_beacon b = beacon_of(64, 4, 39, 0, 60);
    b.has_trailer = false;
    EXPECT_STATUS(dsb_beacon_fit(&b, 256), NX_OK);
    EXPECT_EQ(b.service_count, 3);
    EXPECT_STATUS(dsb_beacon_fit(&b, 104), NX_E_LIMIT);
    EXPECT_STATUS(dsb_beacon_fit(&b, 105), NX_OK);
    EXPECT_EQ(b.service_count, 0);
}

UNIT_SUITE(beacon_test)
{
    test_decodes();
    test_fields();
    test_every_length();
    test_round_trip();
    test_encodes();
    test_fits();
}
