/* Connections: two and three devices that pair, talk and go wrong over a network in memory. */
#include "core/node/connections.h"

#include "core/base/memory.h"
#include "tests/node/fabric.h"
#include "tests/unit/unit.h"

static struct fabric *f;
static struct fabric_device *a, *b, *c;

static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
}

static void begin_paired(void)
{
    begin();
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(20));
    memset(&a->news, 0, sizeof(a->news));
    memset(&b->news, 0, sizeof(b->news));
}

static void pairing_rows(void)
{
    unit_row("two devices pair with six digits, and the session comes by itself");
    begin();
    fabric_pair(a, b);
    EXPECT_EQ(a->news.paired_count, 1);
    EXPECT_EQ(b->news.paired_count, 1);
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT_EQ(b->news.up_count, 1);
    fabric_pass(f, nx_seconds(30));
    EXPECT(fabric_session(a, b) != NULL && fabric_session(b, a) != NULL);
    EXPECT_EQ(a->news.ended_count + b->news.ended_count, 0);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), 1);
    EXPECT_EQ(dsb_connections_open_count(&b->connections), 1);
}

static void session_rows(void)
{
    unit_row("who was unpaired is refused");
    begin_paired();
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    EXPECT_EQ(a->news.unpaired_count, 1);
    EXPECT_EQ(b->news.unpaired_count, 1);
    EXPECT_EQ(b->news.end.code, DSB_GOAWAY_UNPAIRED);
    EXPECT(fabric_session(a, b) == NULL && fabric_session(b, a) == NULL);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_E_NOT_FOUND);
    fabric_pass(f, nx_seconds(100));
    EXPECT_EQ(a->news.up_count + b->news.up_count, 0);
}

UNIT_SUITE(connections_test)
{
    pairing_rows();
    session_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
