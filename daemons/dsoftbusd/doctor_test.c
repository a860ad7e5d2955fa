/* Doctor: what is gathered, what is waited for, and that nobody is in another one's way. Which cause
 * follows from what is core/node/diagnosis_test.c's; that each is named on real machines is
 * tests/machines/doctor's. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b;
static struct desk_program *p, *q;

static void begin(struct desk *fresh)
{
    desk = fresh;
    a = &desk->devices[0];
    b = &desk->devices[1];
    p = desk_join(a);
    q = desk_join(a);
}

/* As a driver does: whoever wants the machine is told of one that is well. */
static void tell_machine(void)
{
    static const uint8_t here[4] = {10, 0, 0, 1};
    const struct dsoftbusd_machine well = {
        .chosen_count = 1,
        .has_loopback = true,
        .subnets = {{.address = nx_address_ipv4(here, 0), .prefix_len = 24}},
        .subnet_count = 1,
    };

    dsoftbusd_set_machine(&a->engine, desk->f->now, &well);
    desk_settle();
}

/* So long passes; the machine is told of as soon as it is wanted. Answers after how many ms it was. */
static uint32_t pass(uint32_t ms)
{
    for (uint32_t at = 0; at < ms; at += 100) {
        if (dsoftbusd_wants_machine(&a->engine)) {
            tell_machine();
            return at;
        }
        desk_pass(nx_milliseconds(100));
    }
    return ms;
}

static void expect_verdict(uint32_t id, const char *cause, const char *rung)
{
    desk_expect_reply(p, id, NX_OK);

    struct dsoftbusd_diagnosis_reader d = dsoftbusd_diagnosis_root(&desk->body);
    struct nx_capn_list rungs = dsoftbusd_diagnosis_get_rungs(d);
    struct nx_bytes failed = nx_bytes_of_text("");

    EXPECT_EQ(rungs.count, 10);
    for (uint32_t i = 0; i < rungs.count; i++) {
        struct dsoftbusd_finding_reader f = dsoftbusd_finding_at(rungs, i);

        if (dsoftbusd_finding_get_state(f) == DSOFTBUSD_RUNG_STATE_FAILED)
            failed = dsoftbusd_finding_get_word(f);
    }
    EXPECT_BYTES(dsoftbusd_diagnosis_get_cause(d), nx_bytes_of_text(cause));
    EXPECT_BYTES(failed, nx_bytes_of_text(rung));
    EXPECT_EQ(dsoftbusd_diagnosis_get_remedy(d).len > 0, cause[0] != '\0');
}

static void ask(struct desk_program *who, uint32_t id, const char *peer)
{
    desk_call_named(who, id, DSOFTBUSD_OPERATION_DOCTOR, peer);
}

static void verdict_rows(void)
{
    unit_row("of a peer in session nothing is wrong, and it does not take long");
    begin(desk_begin_paired());
    fabric_hear(a->d, b->d, b->d->address);
    ask(p, 1, b->id);
    EXPECT(pass(10000) < 2500);
    expect_verdict(1, "", "");
    EXPECT_BYTES(dsoftbusd_diagnosis_get_id(dsoftbusd_diagnosis_root(&desk->body)),
                 nx_bytes_of_text(b->id));

    unit_row("without a device the ladder ends with the beacons");
    ask(p, 2, "");
    (void)pass(10000);
    expect_verdict(2, "", "");

    unit_row("a device nobody heard of is waited for by a daemon that has just begun");
    begin(desk_begin());
    ask(p, 1, "kitchen");
    EXPECT_EQ(pass(10000), 7000);
    expect_verdict(1, "nobody-heard", "beacon");

    unit_row("and not by one that would have heard it");
    ask(p, 2, "kitchen");
    EXPECT(pass(10000) < 2500);
    expect_verdict(2, "nobody-heard", "beacon");

    unit_row("one that is heard meanwhile is dialled, though it is nobody's, and proves itself");
    begin(desk_begin());
    ask(p, 1, b->id);
    (void)pass(1000);
    fabric_hear(a->d, b->d, b->d->address);
    desk_settle();
    (void)pass(10000);
    expect_verdict(1, "not-paired", "paired");

    unit_row("a stranger that is probed has no session, and neither side is paired");
    EXPECT(dsb_node_session(&a->d->node, b->id) == NULL);
    EXPECT(dsb_node_session(&b->d->node, a->id) == NULL);
    EXPECT_EQ(dsb_registry_count(&b->d->node.registry), 0);

    unit_row("a port where nobody listens");
    b->d->host->refuses = true;
    fabric_hear(a->d, b->d, b->d->address);
    ask(p, 2, b->id);
    (void)pass(20000);
    expect_verdict(2, "port-closed", "tcp");

    unit_row("nobody answers there and nobody is heard any more");
    b->d->host->refuses = false;
    b->d->host->is_silent = true;
    desk_pass(nx_seconds(20));
    ask(p, 3, b->id);
    (void)pass(30000);
    expect_verdict(3, "stale-address", "address");
}

static void peer_rows(void)
{
    unit_row("a peer that has forgotten us");
    begin(desk_begin_paired());
    desk_switch_off(b, false);
    nx_store_memory_init(&b->d->store, b->d->store.values, b->d->store.value_cap,
                         b->d->store.held_cap);
    desk_switch_on(b);
    fabric_hear(a->d, b->d, b->d->address);
    desk_pass(nx_seconds(3));
    ask(p, 1, b->id);
    (void)pass(20000);
    expect_verdict(1, "one-sided", "paired");

    unit_row("a session by which nothing comes is dialled anew, and what that finds is told");
    begin(desk_begin_paired());
    fabric_hear(a->d, b->d, b->d->address);
    b->is_on = false; /* it has no turns */
    ask(p, 1, b->id);
    (void)pass(30000);
    expect_verdict(1, "no-handshake", "handshake");
}

/* The offer that a program of ours waits for. */
static const struct dsoftbusd_call *offer_of_anybody(void)
{
    static const struct dsoftbusd_call none = {.why = {"there is none"}};

    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        for (uint32_t k = 0; k < DSOFTBUSD_CALL_SLOTS; k++) {
            const struct dsoftbusd_call *call = &a->engine.clients[i].calls[k];

            if (call->state == DSOFTBUSD_CALL_WAITS &&
                call->head.operation == DSOFTBUSD_OPERATION_OFFER)
                return call;
        }
    }
    return &none;
}

static void bound_rows(void)
{
    unit_row("one examination at a time; the next when its answer has left");
    begin(desk_begin());
    ask(p, 1, "kitchen");
    ask(q, 1, "");
    desk_expect_failure(q, 1, NX_E_BUSY,
                        "another nx doctor is at work: try again in half a minute");
    (void)pass(10000);
    expect_verdict(1, "nobody-heard", "beacon");
    ask(q, 2, "");
    (void)pass(10000);
    desk_expect_reply(q, 2, NX_OK);

    unit_row("one that is cancelled makes room for another one");
    ask(p, 2, "kitchen");
    desk_cancel(p, 2);
    desk_expect_reply(p, 2, NX_E_ABORTED);
    ask(q, 3, "");
    (void)pass(10000);
    desk_expect_reply(q, 3, NX_OK);

    unit_row("so does one whose program has gone");
    ask(p, 3, "kitchen");
    desk_leave(p);
    desk_settle();
    ask(q, 4, "");
    (void)pass(10000);
    desk_expect_reply(q, 4, NX_OK);

    unit_row("a call that has the place of an examination that is over is left alone");
    desk_call_named(q, 5, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_news(q, 5);
    EXPECT(!dsoftbusd_wants_machine(&a->engine));
    tell_machine();
    desk_expect_nothing(q);
    desk_cancel(q, 5);
    desk_expect_reply(q, 5, NX_E_ABORTED);

    unit_row("what its dial comes to is not told to a program that pairs with that device");
    fabric_hear(a->d, b->d, b->d->address);
    desk_call_named(q, 5, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_news(q, 5);
    p = desk_join(a);
    ask(p, 6, b->id);
    (void)pass(20000);
    expect_verdict(6, "not-paired", "paired");
    EXPECT_EQ(offer_of_anybody()->why.text[0], '\0');
    desk_cancel(q, 5);
    desk_expect_reply(q, 5, NX_E_ABORTED);

    unit_row("a machine that nobody asked for changes nothing");
    tell_machine();
    desk_expect_nothing(q);

    unit_row("words that fit two devices are told with both");
    fabric_hear(a->d, b->d, b->d->address);
    fabric_hear(a->d, desk->devices[2].d, desk->devices[2].d->address);
    for (uint32_t i = 1; i < 3; i++) {
        struct dsb_neighbour *n = dsb_neighbours_find(&a->d->node.discovery.neighbours,
                                                      nx_bytes_of_text(desk->devices[i].id));
        struct nx_text t = nx_text_over(n->name, sizeof(n->name));

        nx_text_add(&t, "twin");
    }
    ask(q, 6, "twin");
    desk_expect_failure(q, 6, NX_E_NOT_FOUND, "more than one device fits: say more of its id");

    unit_row("a name longer than any is refused");
    ask(q, 7, "0123456789012345678901234567890123456789012345678901234567890123456789");
    desk_expect_failure(q, 7, NX_E_INVALID, "a device's name or id has at most 64 bytes");
}

UNIT_SUITE(doctor_test)
{
    verdict_rows();
    peer_rows();
    bound_rows();
}
