/* The messages that are fixed elsewhere (docs/contracts/wire.md), byte for byte in both directions,
 * through generated accessors. */
#include "core/base/hex.h"
#include "core/base/limits.h"
#include "core/base/memory.h"
#include "core/capn/reader.h"
#include "schemas/bundlemgr.capnp.h"
#include "schemas/dsoftbus.capnp.h"
#include "schemas/policyd.capnp.h"
#include "schemas/samgr.capnp.h"
#include "schemas/test/dsoftbus_v1.capnp.h"
#include "tests/unit/unit.h"

static struct nx_bytes text(const char *string)
{
    return nx_bytes_of_text(string);
}

/* ---- what the messages say, and how they are made ---------------------------------------------
 *
 * The admission messages are made by the schema of the Rust host stack, which lacks what was added
 * since, and read by today's. */

static void make_connect_ok(struct nx_capn_builder *b)
{
    dsoftbus_v1_connect_response_set_ok(dsoftbus_v1_connect_response_new_root(b), true);
}

static void check_connect_ok(struct nx_capn_message *m)
{
    struct dsoftbus_connect_response_reader response = dsoftbus_connect_response_root(m);

    EXPECT(dsoftbus_connect_response_get_ok(response));
    EXPECT_EQ(dsoftbus_connect_response_get_protocol(response), 0);
    EXPECT(!dsoftbus_connect_response_has_attestation(response));
}

static void make_connect_refused(struct nx_capn_builder *b)
{
    dsoftbus_v1_connect_response_set_ok(dsoftbus_v1_connect_response_new_root(b), false);
}

static void check_connect_refused(struct nx_capn_message *m)
{
    EXPECT(!dsoftbus_connect_response_get_ok(dsoftbus_connect_response_root(m)));
}

static void make_connect_request(struct nx_capn_builder *b)
{
    dsoftbus_v1_connect_request_set_device_id(dsoftbus_v1_connect_request_new_root(b), text("ab"));
}

static void check_connect_request(struct nx_capn_message *m)
{
    struct dsoftbus_connect_request_reader request = dsoftbus_connect_request_root(m);

    EXPECT_BYTES(dsoftbus_connect_request_get_device_id(request), text("ab"));
    EXPECT_EQ(dsoftbus_connect_request_get_features(request), 0);
    EXPECT(!dsoftbus_connect_request_get_paired(request));
}

static void make_pong(struct nx_capn_builder *b)
{
    struct dsoftbus_frame_builder frame = dsoftbus_frame_new_root(b);

    dsoftbus_frame_set_chan(frame, 1);
    dsoftbus_frame_set_bytes(frame, text("pong"));
}

static void check_pong(struct nx_capn_message *m)
{
    struct dsoftbus_frame_reader frame = dsoftbus_frame_root(m);

    EXPECT_EQ(dsoftbus_frame_get_chan(frame), 1);
    EXPECT_BYTES(dsoftbus_frame_get_bytes(frame), text("pong"));
}

static void make_empty_frame(struct nx_capn_builder *b)
{
    struct dsoftbus_frame_builder frame = dsoftbus_frame_new_root(b);

    dsoftbus_frame_set_chan(frame, 3);
    dsoftbus_frame_set_bytes(frame, text(""));
}

static void check_empty_frame(struct nx_capn_message *m)
{
    struct dsoftbus_frame_reader frame = dsoftbus_frame_root(m);

    EXPECT_EQ(dsoftbus_frame_get_chan(frame), 3);
    EXPECT(dsoftbus_frame_has_bytes(frame));
    EXPECT_EQ(dsoftbus_frame_get_bytes(frame).len, 0);
}

static void make_check_request(struct nx_capn_builder *b)
{
    struct policyd_check_request_builder request = policyd_check_request_new_root(b);

    policyd_check_request_set_subject(request, text("samgrd"));
    nx_capn_list_set_text(policyd_check_request_init_required_caps(request, 1), 0,
                          text("ipc.core"));
}

static void check_check_request(struct nx_capn_message *m)
{
    struct policyd_check_request_reader request = policyd_check_request_root(m);
    struct nx_capn_list caps = policyd_check_request_get_required_caps(request);

    EXPECT_BYTES(policyd_check_request_get_subject(request), text("samgrd"));
    EXPECT_EQ(caps.count, 1);
    EXPECT_BYTES(nx_capn_list_text(caps, 0), text("ipc.core"));
}

static void make_register_request(struct nx_capn_builder *b)
{
    struct samgr_register_request_builder request = samgr_register_request_new_root(b);

    samgr_register_request_set_name(request, text("bundlemgrd"));
    samgr_register_request_set_endpoint(request, 7);
}

static void check_register_request(struct nx_capn_message *m)
{
    struct samgr_register_request_reader request = samgr_register_request_root(m);

    EXPECT_BYTES(samgr_register_request_get_name(request), text("bundlemgrd"));
    EXPECT_EQ(samgr_register_request_get_endpoint(request), 7);
}

static void make_install_request(struct nx_capn_builder *b)
{
    struct bundlemgr_install_request_builder request = bundlemgr_install_request_new_root(b);

    bundlemgr_install_request_set_name(request, text("demo"));
    bundlemgr_install_request_set_bytes_len(request, 300);
    bundlemgr_install_request_set_vmo_handle(request, 42);
}

static void check_install_request(struct nx_capn_message *m)
{
    struct bundlemgr_install_request_reader request = bundlemgr_install_request_root(m);

    EXPECT_BYTES(bundlemgr_install_request_get_name(request), text("demo"));
    EXPECT_EQ(bundlemgr_install_request_get_bytes_len(request), 300);
    EXPECT_EQ(bundlemgr_install_request_get_vmo_handle(request), 42);
}

/* clang-format off */
static const struct {
    const char *name;
    const char *hex;
    void (*make)(struct nx_capn_builder *b);
    void (*check)(struct nx_capn_message *m);
} samples[] = {
    {"ConnectResponse ok",
     "0000000002000000" "0000000001000000" "0100000000000000",
     make_connect_ok, check_connect_ok},
    {"ConnectResponse not ok has its data word all the same",
     "0000000002000000" "0000000001000000" "0000000000000000",
     make_connect_refused, check_connect_refused},
    {"ConnectRequest \"ab\"",
     "0000000003000000" "0000000000000100" "010000001a000000" "6162000000000000",
     make_connect_request, check_connect_request},
    {"Frame on channel 1 with \"pong\"",
     "0000000004000000" "0000000001000100" "0100000000000000" "0100000022000000" "706f6e6700000000",
     make_pong, check_pong},
    {"Frame on channel 3 with no bytes, which are there",
     "0000000003000000" "0000000001000100" "0300000000000000" "0100000002000000",
     make_empty_frame, check_empty_frame},
    {"CheckRequest samgrd, ipc.core",
     "0000000007000000" "0000000000000200" "050000003a000000" "050000000e000000" "73616d6772640000"
     "010000004a000000" "6970632e636f7265" "0000000000000000",
     make_check_request, check_check_request},
    {"RegisterRequest bundlemgrd, 7",
     "0000000005000000" "0000000001000100" "0700000000000000" "010000005a000000" "62756e646c656d67"
     "7264000000000000",
     make_register_request, check_register_request},
    {"InstallRequest demo, 300, 42",
     "0000000004000000" "0000000001000100" "2c0100002a000000" "010000002a000000" "64656d6f00000000",
     make_install_request, check_install_request},
};
/* clang-format on */

/* ---- frames of a v1 session above one segment ---------------------------------------------------- */

/* The other stack's first segment has 1,024 words; what does not fit goes to a second one, behind a
 * far pointer: 16 bytes of table, 24 of struct, 8 of pad, the payload. */
static void two_segments(void)
{
    static uint8_t first[1024 * 8];
    static uint8_t second[8190 * 8];
    static uint8_t payload[10000];
    static uint8_t out[16 + 24 + 8 + 10000];
    static const uint8_t head[] = {
        0x01, 0, 0, 0, 0x03, 0,    0,    0,    0xe3, 0x04, 0, 0, 0, 0, 0, 0, /* table */
        0x00, 0, 0, 0, 0x01, 0,    0x01, 0,    0x02, 0,    0, 0, 0, 0, 0, 0, /* struct */
        0x02, 0, 0, 0, 0x01, 0,    0,    0,                                  /* far pointer */
        0x01, 0, 0, 0, 0x82, 0x38, 0x01, 0x00,                               /* pad */
        0x41,
    };
    struct nx_capn_room rooms[] = {{.ptr = first, .word_cap = 1024},
                                   {.ptr = second, .word_cap = 8190}};
    struct nx_capn_segment table[2];
    struct nx_capn_builder b;
    struct nx_capn_message m;
    struct nx_writer w = nx_writer_over(out, sizeof(out));

    unit_row("a Frame of 10,000 bytes has two segments, like the other stack's");
    memset(payload, 0x41, sizeof(payload));
    nx_capn_builder_init(&b, rooms, 2);
    struct dsoftbus_frame_builder frame = dsoftbus_frame_new_root(&b);
    dsoftbus_frame_set_chan(frame, 2);
    dsoftbus_frame_set_bytes(frame, nx_bytes_of(payload, sizeof(payload)));
    EXPECT_EQ(nx_capn_builder_frame_len(&b), sizeof(out));
    EXPECT_STATUS(nx_capn_builder_encode(&b, &w), NX_OK);
    EXPECT_BYTES(nx_bytes_of(out, sizeof(head)), nx_bytes_of(head, sizeof(head)));

    unit_row("a Frame of two segments reads through the far pointer");
    EXPECT_STATUS(nx_capn_message_open(&m, &nx_capn_limits_default, nx_writer_bytes(&w), table, 2),
                  NX_OK);
    EXPECT_EQ(dsoftbus_frame_get_chan(dsoftbus_frame_root(&m)), 2);
    EXPECT_BYTES(dsoftbus_frame_get_bytes(dsoftbus_frame_root(&m)),
                 nx_bytes_of(payload, sizeof(payload)));
    EXPECT_STATUS(m.status, NX_OK);

    unit_row("a Frame of 8,168 bytes just fits one segment");
    nx_capn_builder_init(&b, rooms, 2);
    frame = dsoftbus_frame_new_root(&b);
    dsoftbus_frame_set_bytes(frame, nx_bytes_of(payload, 8168));
    EXPECT(!nx_capn_builder_spilled(&b));

    unit_row("a Frame of 8,169 bytes does not");
    nx_capn_builder_init(&b, rooms, 2);
    frame = dsoftbus_frame_new_root(&b);
    dsoftbus_frame_set_bytes(frame, nx_bytes_of(payload, 8169));
    EXPECT(nx_capn_builder_spilled(&b));
    EXPECT_STATUS(b.status, NX_OK);
}

UNIT_SUITE(sample_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(samples); i++) {
        uint8_t want[128];
        uint8_t memory[256];
        size_t len = nx_bytes_of_text(samples[i].hex).len / 2;
        struct nx_capn_segment table[1];
        struct nx_capn_message m;
        struct nx_capn_builder b;
        struct nx_bytes made;

        unit_row(samples[i].name);
        EXPECT_STATUS(nx_hex_decode(nx_bytes_of_text(samples[i].hex), want, len), NX_OK);

        EXPECT_STATUS(
            nx_capn_message_open(&m, &nx_capn_limits_default, nx_bytes_of(want, len), table, 1),
            NX_OK);
        samples[i].check(&m);
        EXPECT_STATUS(m.status, NX_OK);

        nx_capn_builder_init_frame(&b, memory, sizeof(memory));
        samples[i].make(&b);
        EXPECT_STATUS(nx_capn_builder_finish(&b, &made), NX_OK);
        EXPECT_BYTES(made, nx_bytes_of(want, len));
    }
    two_segments();
}
