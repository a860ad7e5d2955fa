/* What is used of the limits, and what those hear who watch. */
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b, *c;
static struct desk_program *p, *q;

static const struct nx_bytes nothing = {NULL, 0};

static void begin_paired(void)
{
    desk = desk_begin_paired();
    a = &desk->devices[0];
    b = &desk->devices[1];
    c = &desk->devices[2];
    p = desk_join(a);
    q = desk_join(a);
}

/* ---- limits ------------------------------------------------------------------------------------ */

/* The figures of one limit, by its name. */
static struct dsoftbusd_limit_reader limit_named(const char *name)
{
    struct nx_capn_list limits = dsoftbusd_limits_get_limits(dsoftbusd_limits_root(&desk->body));

    for (uint32_t i = 0; i < limits.count; i++) {
        struct dsoftbusd_limit_reader l = dsoftbusd_limit_at(limits, i);

        if (nx_bytes_equal(dsoftbusd_limit_get_name(l), nx_bytes_of_text(name)))
            return l;
    }
    EXPECT_TEXT("no limit", name);
    return dsoftbusd_limit_at(limits, 0);
}

static void expect_used(const char *name, uint64_t limit, uint64_t used, uint64_t high_water)
{
    struct dsoftbusd_limit_reader l = limit_named(name);

    EXPECT_EQ(dsoftbusd_limit_get_limit(l), limit);
    EXPECT_EQ(dsoftbusd_limit_get_used(l), used);
    EXPECT_EQ(dsoftbusd_limit_get_high_water(l), high_water);
}

static void limit_rows(void)
{
    unit_row("limits tells what is used, and the most that was");
    begin_paired();
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_OFFER, c->id);
    desk_expect_news(p, 1);
    desk_cancel(p, 1);
    desk_expect_reply(p, 1, NX_E_ABORTED);
    desk_leave(q);
    desk_settle();
    desk_call(p, 2, DSOFTBUSD_OPERATION_LIMITS, nothing);
    desk_expect_reply(p, 2, NX_OK);
    expect_used("programs at once", NX_IPC_CLIENTS_MAX, 1, 2);
    expect_used("calls of one program", DSOFTBUSD_CALLS_MAX, 1, 1);
    expect_used("paired devices", a->d->node.config.profile->peer_count_max, 1, 1);
    expect_used("sessions", a->d->node.config.profile->link_count_max, 1, 1);

    unit_row("an offer that was taken back counts among those of the hour");
    expect_used("offers in an hour", DSB_PAIRING_OFFERS_PER_HOUR, 2, 0); /* b's was the first */
    EXPECT(!dsoftbusd_limit_get_has_high_water(limit_named("offers in an hour")));
}

/* ---- what happens ------------------------------------------------------------------------------ */

static void expect_happening(uint32_t id, enum dsoftbusd_happening_what what, const char *of)
{
    desk_expect_news(p, id);
    struct dsoftbusd_happening_reader h = dsoftbusd_happening_root(&desk->body);
    EXPECT_EQ(dsoftbusd_happening_get_what(h), what);
    EXPECT_BYTES(dsoftbusd_happening_get_id(h), nx_bytes_of_text(of));
}

static void watch_rows(void)
{
    unit_row("watch tells that it watches, and then what happens and nothing from before");
    begin_paired();
    p->unread_max = 200;
    desk_call(p, 1, DSOFTBUSD_OPERATION_WATCH, nothing);
    expect_happening(1, DSOFTBUSD_HAPPENING_WHAT_WATCHING, "");
    desk_expect_nothing(p);
    desk_call_named(q, 1, DSOFTBUSD_OPERATION_UNPAIR, b->id);
    desk_expect_reply(q, 1, NX_OK);
    {
        uint32_t told = 0;

        while (desk_read(p)) {
            enum dsoftbusd_happening_what what =
                dsoftbusd_happening_get_what(dsoftbusd_happening_root(&desk->body));

            told |= 1u << (unsigned)what;
        }
        EXPECT_EQ(told, (1u << DSOFTBUSD_HAPPENING_WHAT_UNPAIRED) |
                            (1u << DSOFTBUSD_HAPPENING_WHAT_SESSION_ENDED));
    }

    unit_row("who does not read is told once that it missed something, and then the latest");
    p->unread_max = 1;
    fabric_hear(a->d, c->d, c->d->address);
    desk_settle(); /* one message waits, and the next ones in the ring */
    for (uint32_t i = 0; i < DSOFTBUSD_HAPPENED_MAX + 1; i++) {
        desk_pass(nx_seconds(100));
        fabric_hear(a->d, c->d, c->d->address);
        desk_settle();
    }
    expect_happening(1, DSOFTBUSD_HAPPENING_WHAT_SEEN, c->id);
    expect_happening(1, DSOFTBUSD_HAPPENING_WHAT_MISSED, "");
    p->unread_max = 200;
    for (uint32_t i = 0; i < DSOFTBUSD_HAPPENED_MAX; i++)
        desk_expect_news(p, 1);
    desk_expect_nothing(p);

    unit_row("a watch that is cancelled tells nothing more");
    desk_cancel(p, 1);
    desk_expect_reply(p, 1, NX_E_ABORTED);
    desk_pass(nx_seconds(100));
    desk_expect_nothing(p);
}

UNIT_SUITE(happened_test)
{
    limit_rows();
    watch_rows();
}
