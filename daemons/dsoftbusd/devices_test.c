/* Which device is meant, and what is told of those that are there. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b, *c;
static struct desk_program *p;

static void begin(bool is_paired)
{
    desk = is_paired ? desk_begin_paired() : desk_begin();
    a = &desk->devices[0];
    b = &desk->devices[1];
    c = &desk->devices[2];
    p = desk_join(a);
    p->unread_max = 100;
}

/* `a` hears this device, and it goes by this name. */
static void hear(const struct desk_device *of, const char *name)
{
    struct dsb_neighbour *n;
    struct nx_text t;

    fabric_hear(a->d, of->d, of->d->address);
    n = dsb_neighbours_find(&a->d->node.discovery.neighbours, nx_bytes_of_text(of->id));
    t = nx_text_over(n->name, sizeof(n->name));
    nx_text_add(&t, name);
    desk_settle();
}

static const char *beginning(const char *id, size_t len)
{
    static char text[DSB_ID_TEXT_MAX + 1];

    memset(text, 0, sizeof(text));
    memcpy(text, id, len);
    return text;
}

/* How many devices the failure that was read last names. */
static uint32_t candidate_count(void)
{
    return dsoftbusd_failure_get_candidates(dsoftbusd_failure_root(&desk->body)).count;
}

static void name_rows(void)
{
    unit_row("a device is named by its name");
    begin(true);
    hear(b, "kitchen");
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_PING, "kitchen");
    desk_expect_reply(p, 1, NX_OK);

    unit_row("by the beginning of its id, one digit or all of them");
    desk_call_named(p, 2, DSOFTBUSD_OPERATION_PING, beginning(b->id, 1));
    desk_expect_reply(p, 2, NX_OK);
    desk_call_named(p, 3, DSOFTBUSD_OPERATION_PING, beginning(b->id, 63));
    desk_expect_reply(p, 3, NX_OK);
    desk_call_named(p, 4, DSOFTBUSD_OPERATION_PING, b->id);
    desk_expect_reply(p, 4, NX_OK);

    unit_row("not by the beginning of its name, nor by nothing, nor by more than its id");
    desk_call_named(p, 5, DSOFTBUSD_OPERATION_PING, "kitch");
    desk_expect_reply(p, 5, NX_E_NOT_FOUND);
    desk_call_named(p, 6, DSOFTBUSD_OPERATION_PING, "");
    desk_expect_reply(p, 6, NX_E_NOT_FOUND);
    EXPECT_EQ(candidate_count(), 0);
    desk_call_named(p, 7, DSOFTBUSD_OPERATION_PING,
                    "0123456789012345678901234567890123456789012345678901234567890123456789");
    desk_expect_reply(p, 7, NX_E_NOT_FOUND);

    unit_row("who is paired has no namesakes among those who are not");
    hear(c, "kitchen");
    desk_call_named(p, 8, DSOFTBUSD_OPERATION_PING, "kitchen");
    desk_expect_reply(p, 8, NX_OK);

    unit_row("where any device may be meant, two of a name are told with their ids");
    desk_accept(p, 9, "kitchen", "123456");
    desk_expect_failure(p, 9, NX_E_NOT_FOUND, "more than one device fits: say more of its id");
    EXPECT_EQ(candidate_count(), 2);

    unit_row("a whole id is its device's, whatever another one calls itself");
    hear(c, b->id);
    desk_accept(p, 10, b->id, "12345");
    desk_expect_failure(p, 10, NX_E_MALFORMED, "a code is six digits");
    desk_call_named(p, 11, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_news(p, 11);
    EXPECT_BYTES(dsoftbusd_pairing_begun_get_id(dsoftbusd_pairing_begun_root(&desk->body)),
                 nx_bytes_of_text(b->id));
}

static void gone_rows(void)
{
    struct dsoftbusd_failure_reader failure;

    unit_row("a name that two have is the one's that is still heard, and no longer two's");
    begin(false);
    hear(c, "kitchen");
    desk_pass(nx_seconds(DSOFTBUSD_QUIET_S));
    hear(b, "kitchen");
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_OFFER, "kitchen");
    desk_expect_news(p, 1);
    EXPECT_BYTES(dsoftbusd_pairing_begun_get_id(dsoftbusd_pairing_begun_root(&desk->body)),
                 nx_bytes_of_text(b->id));

    unit_row("a moment before that it is both's, and each is told with when it was heard");
    begin(false);
    hear(c, "kitchen");
    desk_pass(nx_milliseconds(DSOFTBUSD_QUIET_S * 1000 - 1));
    hear(b, "kitchen");
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_OFFER, "kitchen");
    desk_expect_failure(p, 1, NX_E_NOT_FOUND, "more than one device fits: say more of its id");
    failure = dsoftbusd_failure_root(&desk->body);
    EXPECT_EQ(candidate_count(), 2);
    for (uint32_t i = 0; i < candidate_count(); i++) {
        struct dsoftbusd_candidate_reader one =
            dsoftbusd_candidate_at(dsoftbusd_failure_get_candidates(failure), i);
        bool is_c = nx_bytes_equal(dsoftbusd_candidate_get_id(one), nx_bytes_of_text(c->id));

        EXPECT_EQ(dsoftbusd_candidate_get_last_seen_ms(one),
                  is_c ? DSOFTBUSD_QUIET_S * 1000 - 1 : 0);
    }

    unit_row("when neither is heard any more it is for a person to say");
    desk_pass(nx_seconds(DSOFTBUSD_QUIET_S));
    desk_call_named(p, 2, DSOFTBUSD_OPERATION_OFFER, "kitchen");
    desk_expect_failure(p, 2, NX_E_NOT_FOUND, "more than one device fits: say more of its id");
}

static void unpaired_rows(void)
{
    static const uint16_t asked[] = {DSOFTBUSD_OPERATION_CONNECT, DSOFTBUSD_OPERATION_PING,
                                     DSOFTBUSD_OPERATION_UNPAIR};
    char why[NX_WHY_MAX + 1];
    struct nx_text t = nx_text_over(why, sizeof(why));

    unit_row("a device that is here and not paired is told as that, with the next thing to type");
    begin(false);
    hear(b, "kitchen");
    nx_text_add(&t, "kitchen is here and not paired: nx bus pair offer ");
    nx_text_add_bytes(&t, nx_bytes_of(b->id, 16));
    for (uint32_t i = 0; i < NX_COUNT_OF(asked); i++) {
        desk_call_named(p, 1 + i, asked[i], "kitchen");
        desk_expect_failure(p, 1 + i, NX_E_DENIED, why);
    }
    desk_open(p, 8, b->id, DSOFTBUSD_STREAM_KIND_MSG, "talk");
    desk_expect_failure(p, 8, NX_E_DENIED, why);

    unit_row("unpair tells the name that is forgotten with it, also of a device that is not heard");
    begin(true);
    {
        /* A registry's table is what the store had; a name is for show. */
        struct dsb_peer *pinned =
            (struct dsb_peer *)(uintptr_t)dsb_registry_find_text(&a->d->node.registry, b->id);
        struct nx_text name = nx_text_over(pinned->name, sizeof(pinned->name));

        nx_text_add(&name, "kitchen");
    }
    desk_switch_off(b, false);
    desk_pass(nx_seconds(100));
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_UNPAIR, b->id);
    desk_expect_reply(p, 1, NX_OK);
    EXPECT_BYTES(dsoftbusd_paired_get_name(dsoftbusd_paired_root(&desk->body)),
                 nx_bytes_of_text("kitchen"));

    unit_row("of two such devices none is named");
    begin(false);
    hear(b, "kitchen");
    hear(c, "kitchen");
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_CONNECT, "kitchen");
    desk_expect_failure(p, 1, NX_E_NOT_FOUND,
                        "no paired device has that name or id: see nx bus peers");
}

/* ---- discover -------------------------------------------------------------------------------- */

static struct dsoftbusd_discovered_reader expect_discovered(uint32_t id,
                                                            enum dsoftbusd_discovered_what what)
{
    struct dsoftbusd_discovered_reader seen;

    desk_expect_news(p, id);
    seen = dsoftbusd_discovered_root(&desk->body);
    EXPECT_EQ(dsoftbusd_discovered_get_what(seen), what);
    return seen;
}

static void discover_rows(void)
{
    unit_row("discover tells who is there, sorted by id, and then replies");
    begin(false);
    hear(b, "kitchen");
    hear(c, "cellar");
    desk_discover(p, 1, false);
    {
        char last[65] = "";

        for (int i = 0; i < 3; i++) {
            struct nx_bytes id = dsoftbusd_device_get_id(dsoftbusd_discovered_get_device(
                expect_discovered(1, DSOFTBUSD_DISCOVERED_WHAT_HERE)));

            EXPECT(nx_bytes_compare(id, nx_bytes_of_text(last)) > 0);
            memcpy(last, id.ptr, id.len);
        }
    }
    desk_expect_reply(p, 1, NX_OK);
    EXPECT_EQ(desk->heard.body.len, 0);

    unit_row("with watch, what changes is told after the list, at once");
    begin(false);
    desk_discover(p, 1, true);
    (void)expect_discovered(1, DSOFTBUSD_DISCOVERED_WHAT_HERE);
    (void)expect_discovered(1, DSOFTBUSD_DISCOVERED_WHAT_LISTED);
    hear(b, "kitchen");
    (void)expect_discovered(1, DSOFTBUSD_DISCOVERED_WHAT_SEEN);
    desk_pass(nx_seconds(100));
    {
        struct dsoftbusd_discovered_reader gone =
            expect_discovered(1, DSOFTBUSD_DISCOVERED_WHAT_GONE);

        EXPECT_BYTES(dsoftbusd_device_get_id(dsoftbusd_discovered_get_device(gone)),
                     nx_bytes_of_text(b->id));
    }
    desk_expect_nothing(p);

    unit_row("who does not read what it watches is told once that it missed something");
    p->unread_max = 1;
    for (int i = 0; i < 20; i++) {
        hear(b, "kitchen");
        desk_pass(nx_seconds(100));
    }
    EXPECT_EQ(p->unread_count, 1);
    for (int i = 0; i <= DSOFTBUSD_NEWS_MAX; i++)
        desk_expect_news(p, 1);
    (void)expect_discovered(1, DSOFTBUSD_DISCOVERED_WHAT_MISSED);
    desk_expect_nothing(p);

    unit_row("a watch that is cancelled tells nothing more");
    desk_cancel(p, 1);
    desk_expect_reply(p, 1, NX_E_ABORTED);
    hear(b, "kitchen");
    desk_expect_nothing(p);
}

static void peer_rows(void)
{
    struct dsoftbusd_peer_reader peer;

    unit_row("peers tells of a paired device where its session goes, and no end of one");
    begin(true);
    desk_call(p, 1, DSOFTBUSD_OPERATION_PEERS, nx_bytes_of(NULL, 0));
    desk_expect_news(p, 1);
    peer = dsoftbusd_peer_root(&desk->body);
    EXPECT_BYTES(dsoftbusd_peer_get_id(peer), nx_bytes_of_text(b->id));
    EXPECT(dsoftbusd_peer_get_is_paired(peer));
    EXPECT_EQ(dsoftbusd_peer_get_session(peer), DSOFTBUSD_SESSION_STATE_UP);
    EXPECT_EQ(dsoftbusd_peer_get_protocol(peer), 1);
    EXPECT(!dsoftbusd_peer_get_one_sided(peer));
    EXPECT(!dsoftbusd_peer_has_last_end(peer));
    desk_expect_reply(p, 1, NX_OK);

    unit_row("a device that has forgotten us is told as one-sided, until a session stands again");
    desk_switch_off(b, false);
    nx_store_memory_init(&b->d->store, b->d->store.values, b->d->store.value_cap,
                         b->d->store.held_cap);
    desk_switch_on(b);
    desk_pass(nx_seconds(100));
    desk_call(p, 2, DSOFTBUSD_OPERATION_PEERS, nx_bytes_of(NULL, 0));
    desk_expect_news(p, 2);
    EXPECT(dsoftbusd_peer_get_one_sided(dsoftbusd_peer_root(&desk->body)));
    desk_expect_reply(p, 2, NX_OK);

    unit_row("connect to such a device says so");
    fabric_hear(a->d, b->d, b->d->address);
    desk_call_named(p, 3, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_pass(nx_seconds(70));
    desk_expect_failure(p, 3, NX_E_DENIED,
                        "10.0.0.2:34567: only one of the two devices is paired: pair them again");

    unit_row("pairing again mends it");
    fabric_hear(a->d, b->d, b->d->address);
    fabric_hear(b->d, a->d, a->d->address);
    desk_call_named(p, 4, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_news(p, 4);
    {
        struct desk_program *typist = desk_join(b);
        char code[DSB_PAIRING_CODE_LEN + 1] = "";
        struct nx_bytes shown =
            dsoftbusd_pairing_begun_get_code(dsoftbusd_pairing_begun_root(&desk->body));

        memcpy(code, shown.ptr, shown.len < sizeof(code) ? shown.len : 0);
        desk_accept(typist, 1, a->id, code);
    }
    desk_expect_reply(p, 4, NX_OK);
    desk_call(p, 5, DSOFTBUSD_OPERATION_PEERS, nx_bytes_of(NULL, 0));
    desk_expect_news(p, 5);
    EXPECT(!dsoftbusd_peer_get_one_sided(dsoftbusd_peer_root(&desk->body)));
}

UNIT_SUITE(devices_test)
{
    name_rows();
    gone_rows();
    unpaired_rows();
    discover_rows();
    peer_rows();
}
