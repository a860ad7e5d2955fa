#include "core/node/link.h"

#include "core/base/memory.h"
#include "core/wire/frame.h"
#include "tests/node/bench.h"
#include "tests/unit/unit.h"

static struct bench *b;

/* ---- what a link for pairing carries ------------------------------------------------------- */

/* A link that the peer dialled because self offers it a code. */
static uint32_t offered_link(void)
{
    struct dsb_link_info info = bench_info("guest", 5, DSB_LINK_TO_PAIR, false);
    char code[DSB_PAIRING_CODE_LEN + 1];
    uint32_t link = UINT32_MAX;

    b = bench_begin(0);
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_OK);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    return link;
}

static const struct {
    const char *name;
    struct dsb_frame frame;
    const char *body;
    enum nx_status status;
} rejects[] = {
    {"a stream on a link for pairing ends it",
     {.kind = DSB_FRAME_OPEN, .stream_id = 1, .window = DSB_CREDIT_INITIAL},
     "msg/x",
     NX_E_STATE},
    {"a ping on a link for pairing ends it", {.kind = DSB_FRAME_PING}, "12345678", NX_E_STATE},
    {"a message of pairing that is none ends it", {.kind = DSB_FRAME_PAIR}, "\x09", NX_E_MALFORMED},
};

static void pairing_link_rows(void)
{
    enum dsb_frame_kind kinds[4];
    uint8_t bytes[64];
    size_t used;

    for (size_t i = 0; i < NX_COUNT_OF(rejects); i++) {
        struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
        struct dsb_frame frame = rejects[i].frame;

        unit_row(rejects[i].name);
        uint32_t link = offered_link();
        frame.body = nx_bytes_of_text(rejects[i].body);
        EXPECT_STATUS(dsb_frame_encode(&frame, &w), NX_OK);
        EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, nx_writer_bytes(&w), &used),
                      rejects[i].status);
        size_t count = bench_kinds(b, link, kinds);
        EXPECT(count > 0 && kinds[count - 1] == DSB_FRAME_GOAWAY);
        EXPECT(dsb_node_link_is_over(&b->node, link));
    }

    unit_row("bytes that are no frame end a link for pairing");
    uint32_t link = offered_link();
    memset(bytes, 0xff, sizeof(bytes));
    EXPECT_STATUS(
        dsb_node_link_input(&b->node, b->now, link, nx_bytes_of(bytes, sizeof(bytes)), &used),
        NX_E_MALFORMED);
    EXPECT_EQ(bench_kinds(b, link, kinds), 1);
    EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
    EXPECT(dsb_node_link_is_over(&b->node, link));

    unit_row("the beginning of a frame waits for the rest of it");
    link = offered_link();
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, nx_bytes_of("\x10\0\0", 3), &used),
                  NX_OK);
    EXPECT_EQ(used, 0);
    EXPECT(!dsb_node_link_is_over(&b->node, link));

    unit_row("who comes to pair unasked is told no, and goodbye");
    struct dsb_link_info info = bench_info("stranger", 3, DSB_LINK_TO_PAIR, false);
    b = bench_begin(0);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    EXPECT_EQ(bench_kinds(b, link, kinds), 2);
    EXPECT_EQ(kinds[0], DSB_FRAME_PAIR);
    EXPECT_EQ(kinds[1], DSB_FRAME_GOAWAY);
    EXPECT(dsb_node_link_is_over(&b->node, link));
    dsb_node_link_down(&b->node, b->now, link);

    unit_row("an offer outlives the link that broke its rules");
    link = offered_link();
    memset(bytes, 0xff, sizeof(bytes));
    EXPECT_STATUS(
        dsb_node_link_input(&b->node, b->now, link, nx_bytes_of(bytes, sizeof(bytes)), &used),
        NX_E_MALFORMED);
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT_EQ(dsb_pairing_state(&b->node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
}

/* What a link says into so much room. */
static size_t output_len(uint32_t link, size_t room)
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, room);

    bool has_said = dsb_node_link_output(&b->node, link, &out);
    EXPECT_EQ(has_said, out.len > 0);
    return out.len;
}

static void end_rows(void)
{
    const size_t room = 2 * (DSB_FRAME_HEAD_LEN + DSB_PAIR_PAYLOAD_MAX);
    struct dsb_link_info info = bench_info("stranger", 3, DSB_LINK_TO_PAIR, false);
    struct nx_bytes bytes = nx_bytes_of_text("anything");
    uint32_t link;
    size_t used = 99;

    unit_row("a refusal waits for room for all that it says");
    b = bench_begin(0);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    EXPECT_EQ(output_len(link, room - 1), 0);
    EXPECT(!dsb_node_link_is_over(&b->node, link));

    unit_row("what comes on a refused link is taken and does not matter");
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, bytes, &used), NX_OK);
    EXPECT_EQ(used, bytes.len);
    EXPECT(output_len(link, room) > 0);
    EXPECT(dsb_node_link_is_over(&b->node, link));

    unit_row("a link that is over takes nothing and says nothing");
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, bytes, &used), NX_E_CLOSED);
    EXPECT_EQ(used, 0);
    EXPECT_EQ(output_len(link, room), 0);

    unit_row("a link that is free takes nothing and says nothing");
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, bytes, &used), NX_E_CLOSED);
    EXPECT_EQ(output_len(link, room), 0);

    unit_row("a goodbye waits for room");
    link = offered_link();
    EXPECT_STATUS(dsb_node_link_input(
                      &b->node, b->now, link,
                      nx_bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), &used),
                  NX_E_MALFORMED);
    EXPECT_EQ(output_len(link, room - 1), 0);
    EXPECT(output_len(link, room) > 0);
    EXPECT(dsb_node_link_is_over(&b->node, link));
}

UNIT_SUITE(link_test)
{
    end_rows();
    pairing_link_rows();
}
