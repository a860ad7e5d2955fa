/* Diagnosis: from evidence to rung and cause; beside each cause stand its neighbours. */
#include "core/node/diagnosis.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

static const uint8_t here[4] = {10, 77, 0, 1}, there[4] = {10, 77, 0, 2}, far[4] = {10, 78, 0, 2};

/* ---- evidence --------------------------------------------------------------------------------- */

/* A machine that hears itself and two others, and asks about one of them, which is paired and answers. */
static void well(struct dsb_evidence *e)
{
    *e = (struct dsb_evidence){
        .mode = DSB_DISCOVERY_MULTICAST,
        .chosen_count = 1,
        .has_loopback = true,
        .echo = {{.was_sent = true, .came_back = true}, {.was_sent = true, .came_back = true}},
        .subnets = {{.address = nx_address_ipv4(here, 0), .prefix_len = 24}},
        .subnet_count = 1,
        .listened = nx_seconds(60),
        .heard_count = 2,
        .peer_count = 1,
        .peer_cap = 128,
        .is_asked = true,
        .is_known = true,
        .is_paired = true,
        .is_heard = true,
        .is_heard_since_dialled = true,
        .was_heard = true,
        .silence = nx_seconds(2),
        .heard_from = nx_address_ipv4(there, 37020),
        .address_count = 1,
        .address = nx_address_ipv4(there, 34567),
        .is_up = true,
        .protocol = DSB_PROTOCOL_NATIVE,
        .is_answered = true,
        .round_trip = nx_milliseconds(1),
    };
}

static void dial_fails(struct dsb_evidence *e, enum dsb_dial_stage stage,
                       enum nx_net_failure failure, enum nx_status status)
{
    e->is_up = e->is_answered = false;
    e->has_dial = true;
    e->dial = (struct dsb_evidence_dial){
        .status = status, .end = {.stage = stage, .failure = failure}, .address = e->address};
    nx_why_set(&e->dial.why, "the reason");
}

static void is_refused(struct dsb_evidence *e, enum dsb_refusal refusal)
{
    dial_fails(e, DSB_DIAL_AT_ADMISSION, NX_NET_FAILURE_NONE, dsb_refusal_status(refusal));
    e->dial.refusal = refusal;
    e->dial.end.was_answered = true;
}

/* It was heard before, and is not any more. */
static void falls_silent(struct dsb_evidence *e)
{
    e->is_heard = e->is_heard_since_dialled = false;
    e->silence = nx_seconds(40);
}

static void nobody_was_ever_heard(struct dsb_evidence *e)
{
    falls_silent(e);
    e->is_known = e->is_paired = e->was_heard = e->is_up = e->is_answered = false;
    e->address_count = e->heard_count = 0;
}

static void asks_about_nobody(struct dsb_evidence *e)
{
    e->is_asked = e->is_known = e->is_up = e->is_answered = false;
}

static void is_not_paired(struct dsb_evidence *e)
{
    is_refused(e, DSB_REFUSAL_UNKNOWN);
    e->is_paired = false;
}

static void times_out(struct dsb_evidence *e)
{
    dial_fails(e, DSB_DIAL_AT_CONNECT, NX_NET_TIMED_OUT, NX_E_TIMEOUT);
}

static void is_unreachable(struct dsb_evidence *e)
{
    dial_fails(e, DSB_DIAL_AT_CONNECT, NX_NET_UNREACHABLE, NX_E_NOT_FOUND);
}

static void is_closed_unanswered(struct dsb_evidence *e)
{
    dial_fails(e, DSB_DIAL_AT_HANDSHAKE, NX_NET_FAILURE_NONE, NX_E_CLOSED);
}

/* ---- rows: this machine ------------------------------------------------------------------------ */

/* clang-format off */
#define CHANGE(name, ...) static void name(struct dsb_evidence *e) { __VA_ARGS__ }
/* clang-format on */

CHANGE(off, nobody_was_ever_heard(e); e->mode = DSB_DISCOVERY_OFF;)
CHANGE(off_in_session, e->mode = DSB_DISCOVERY_OFF; falls_silent(e);)
CHANGE(none_chosen, nobody_was_ever_heard(e); e->chosen_count = 0; e->mode = DSB_DISCOVERY_QUIET;)
CHANGE(none_chosen_in_session, e->chosen_count = 0; falls_silent(e);)
CHANGE(none_chosen_peer_heard, e->chosen_count = 0; e->unicast_count = 1;)
CHANGE(missing, e->missing_interface = "eth7";)
CHANGE(down, e->down_interface = "eth0";)
CHANGE(bare, e->bare_interface = "eth0";)
CHANGE(down_in_loopback, e->down_interface = "eth0"; e->mode = DSB_DISCOVERY_LOOPBACK;)
CHANGE(no_loopback, e->has_loopback = false; e->mode = DSB_DISCOVERY_LOOPBACK;)
CHANGE(
    taken, for (int i = 0; i < 2; i++) {
        e->echo[i] = (struct dsb_evidence_echo){.was_sent = false};
        nx_why_set(&e->echo[i].why, "bind: in use");
    })
CHANGE(taken_in_one_family, nx_why_set(&e->echo[1].why, "bind: in use");
       e->echo[1].came_back = false;)
CHANGE(no_route, e->echo[0] = e->echo[1] = (struct dsb_evidence_echo){.was_sent = true,
                                                                      .sent = NX_E_NOT_FOUND};)
CHANGE(no_route_in_one_family,
       e->echo[1] = (struct dsb_evidence_echo){.was_sent = true, .sent = NX_E_NOT_FOUND};)
CHANGE(dropped_here, e->echo[0].came_back = e->echo[1].came_back = false;)
CHANGE(dropped_in_one_family, e->echo[0].came_back = false;)
CHANGE(dropped_and_no_route, no_route_in_one_family(e); e->echo[0].came_back = false;)
CHANGE(forbidden,
       e->echo[0] = e->echo[1] = (struct dsb_evidence_echo){.was_sent = true, .sent = NX_E_DENIED};)
CHANGE(quiet, e->mode = DSB_DISCOVERY_QUIET;
       e->echo[0] = e->echo[1] = (struct dsb_evidence_echo){0};)

/* ---- rows: beacons and addresses --------------------------------------------------------------- */

CHANGE(alone, nobody_was_ever_heard(e); asks_about_nobody(e);)
CHANGE(not_it, nobody_was_ever_heard(e); e->heard_count = 2;)
CHANGE(isolated, falls_silent(e); times_out(e); e->heard_count = 0; e->silent_count = 2;)
CHANGE(isolated_nobody_asked, isolated(e); asks_about_nobody(e);)
CHANGE(isolated_but_answers, isolated(e); e->is_answered = true;)
CHANGE(isolated_but_refuses, isolated(e); e->dial.end.failure = NX_NET_REFUSED;)
CHANGE(one_fell_silent, isolated(e); e->silent_count = 1;)
CHANGE(others_are_heard, isolated(e); e->heard_count = 1;)
CHANGE(no_place, nobody_was_ever_heard(e); e->no_room = 7;)
CHANGE(behind, e->is_behind = true;)
CHANGE(quiet_peer, falls_silent(e);)
CHANGE(portless, e->address_count = 0; e->is_up = e->is_answered = false;)
CHANGE(wrong_subnet, is_unreachable(e); e->dial.address = nx_address_ipv4(far, 34567);)
CHANGE(wrong_subnet_by_a_router, times_out(e); e->dial.address = nx_address_ipv4(far, 34567);)
CHANGE(wide_subnet, times_out(e); e->dial.address = nx_address_ipv4(far, 34567);
       e->subnets[0].prefix_len = 8;)
CHANGE(subnet_of_odd_bits, times_out(e); e->dial.address = nx_address_ipv4(far, 34567);
       e->subnets[0].prefix_len = 14;)
CHANGE(subnet_a_bit_narrower, times_out(e); e->dial.address = nx_address_ipv4(far, 34567);
       e->subnets[0].prefix_len = 15;)
CHANGE(far_and_silent, wrong_subnet_by_a_router(e); falls_silent(e);)
CHANGE(stale, times_out(e); falls_silent(e);)
CHANGE(stale_and_unreachable, is_unreachable(e); falls_silent(e);)
CHANGE(just_gone, is_unreachable(e);)
CHANGE(filtered, times_out(e);)
CHANGE(closed, dial_fails(e, DSB_DIAL_AT_CONNECT, NX_NET_REFUSED, NX_E_NOT_FOUND);)
CHANGE(closed_and_silent, closed(e); falls_silent(e);)
CHANGE(not_permitted, dial_fails(e, DSB_DIAL_AT_CONNECT, NX_NET_NOT_PERMITTED, NX_E_DENIED);)
CHANGE(no_descriptors, dial_fails(e, DSB_DIAL_AT_NOTHING, NX_NET_FULL, NX_E_NO_MEMORY);)

/* ---- rows: who is there ------------------------------------------------------------------------ */

CHANGE(no_handshake, is_closed_unanswered(e);)
CHANGE(replaced, is_closed_unanswered(e); e->is_replaced = true;)
CHANGE(conflicting, is_closed_unanswered(e); e->has_key_conflict = true;)
CHANGE(conflict_heard_and_proved, e->has_key_conflict = true;)
CHANGE(proof_fails, is_closed_unanswered(e); e->dial.status = NX_E_IDENTITY;
       e->dial.end.was_answered = true;)
CHANGE(pinned_there, is_refused(e, DSB_REFUSAL_IDENTITY);)
CHANGE(v1, dial_fails(e, DSB_DIAL_AT_ADMISSION, NX_NET_FAILURE_NONE, NX_E_IDENTITY);
       e->dial.end.was_answered = e->dial.end.is_v1_answer = true; e->is_paired = false;)
CHANGE(v1_paired, v1(e); e->is_paired = true;)
CHANGE(v1_in_session, e->protocol = DSB_PROTOCOL_V1; e->is_paired = false;)
CHANGE(not_paired, is_not_paired(e);)
CHANGE(full, is_not_paired(e); e->peer_count = e->peer_cap;)
CHANGE(one_below_full, is_not_paired(e); e->peer_count = e->peer_cap - 1;)
CHANGE(full_and_paired, e->peer_count = e->peer_cap;)
CHANGE(no_registry, is_not_paired(e); e->registry_status = NX_E_IO;
       nx_why_set(&e->registry_why, "damaged");)
CHANGE(forgotten_there, is_refused(e, DSB_REFUSAL_ONE_SIDED);)
CHANGE(forgotten_here, is_refused(e, DSB_REFUSAL_ONE_SIDED); e->is_paired = false;)
CHANGE(unknown_there, is_refused(e, DSB_REFUSAL_UNKNOWN);)
CHANGE(full_there, is_refused(e, DSB_REFUSAL_LIMIT);)
CHANGE(busy_there, is_refused(e, DSB_REFUSAL_BUSY);)
CHANGE(denied_there, is_refused(e, DSB_REFUSAL_DENIED);)
CHANGE(mute, e->is_answered = false;)

#define FINE 0, DSB_CAUSE_NONE

/* clang-format off */
static const struct {
    const char *name;
    void (*change)(struct dsb_evidence *e);
    int failed; /* a rung, or 0 */
    enum dsb_cause cause;
} cases[] = {
    {"of a peer that answers nothing is wrong", well, FINE},
    {"with nobody asked about it is enough to hear somebody", asks_about_nobody, FINE},

    {"discovery that is off finds nobody", off, DSB_RUNG_INTERFACE, DSB_CAUSE_DISCOVERY_OFF},
    {"and is in nobody's way who answers", off_in_session, FINE},
    {"without an interface nobody is found", none_chosen, DSB_RUNG_INTERFACE, DSB_CAUSE_NO_INTERFACE},
    {"and whoever answers needs none", none_chosen_in_session, FINE},
    {"nor does who is found by --peer", none_chosen_peer_heard, FINE},
    {"an interface that is not there", missing, DSB_RUNG_INTERFACE, DSB_CAUSE_INTERFACE_DOWN},
    {"an interface that is down", down, DSB_RUNG_INTERFACE, DSB_CAUSE_INTERFACE_DOWN},
    {"an interface without an address", bare, DSB_RUNG_INTERFACE, DSB_CAUSE_NO_ADDRESS},
    {"in loopback mode other interfaces do not matter", down_in_loopback, FINE},
    {"in loopback mode loopback does", no_loopback, DSB_RUNG_INTERFACE, DSB_CAUSE_INTERFACE_DOWN},
    {"a port that is taken", taken, DSB_RUNG_MULTICAST, DSB_CAUSE_PORT_TAKEN},
    {"one family is enough to listen by", taken_in_one_family, FINE},
    {"no multicast route", no_route, DSB_RUNG_MULTICAST, DSB_CAUSE_NO_MULTICAST_ROUTE},
    {"one family's route is enough", no_route_in_one_family, FINE},
    {"a firewall here that drops what comes in", dropped_here, DSB_RUNG_MULTICAST, DSB_CAUSE_FIREWALL_HERE},
    {"one family that is heard is enough", dropped_in_one_family, FINE},
    {"a drop says more than a family without a route", dropped_and_no_route, DSB_RUNG_MULTICAST, DSB_CAUSE_FIREWALL_HERE},
    {"a firewall here that lets nothing out", forbidden, DSB_RUNG_MULTICAST, DSB_CAUSE_FIREWALL_HERE},
    {"a quiet device sends nothing to be heard by, and is well", quiet, FINE},

    {"nobody is heard", alone, DSB_RUNG_BEACON, DSB_CAUSE_NOBODY_HEARD},
    {"nobody is heard, and somebody is asked about", nobody_was_ever_heard, DSB_RUNG_BEACON, DSB_CAUSE_NOBODY_HEARD},
    {"others are heard, it is not", not_it, DSB_RUNG_BEACON, DSB_CAUSE_NOT_HEARD},
    {"all fell silent at once", isolated, DSB_RUNG_BEACON, DSB_CAUSE_ISOLATED},
    {"the same with nobody asked about", isolated_nobody_asked, DSB_RUNG_BEACON, DSB_CAUSE_ISOLATED},
    {"who answers is not isolated", isolated_but_answers, FINE},
    {"nor is one whose machine refuses", isolated_but_refuses, DSB_RUNG_TCP, DSB_CAUSE_PORT_CLOSED},
    {"one that fell silent may be off or elsewhere", one_fell_silent, DSB_RUNG_ADDRESS, DSB_CAUSE_STALE_ADDRESS},
    {"who still hears another one is not isolated", others_are_heard, DSB_RUNG_ADDRESS, DSB_CAUSE_STALE_ADDRESS},
    {"no place for strangers", no_place, DSB_RUNG_BEACON, DSB_CAUSE_FULL_TABLE},
    {"a boot counter that ran back", behind, DSB_RUNG_BEACON, DSB_CAUSE_CLOCK},
    {"a peer that is not heard and answers is well", quiet_peer, FINE},

    {"a device that takes no sessions", portless, DSB_RUNG_ADDRESS, DSB_CAUSE_TAKES_NO_SESSIONS},
    {"heard, and of another subnet", wrong_subnet, DSB_RUNG_ADDRESS, DSB_CAUSE_WRONG_SUBNET},
    {"the same where a router swallows it", wrong_subnet_by_a_router, DSB_RUNG_ADDRESS, DSB_CAUSE_WRONG_SUBNET},
    {"of a subnet that is wide enough it is no other one", wide_subnet, DSB_RUNG_TCP, DSB_CAUSE_FIREWALL_THERE},
    {"a prefix of 14 bits holds 10.77 and 10.78", subnet_of_odd_bits, DSB_RUNG_TCP, DSB_CAUSE_FIREWALL_THERE},
    {"one of 15 bits does not", subnet_a_bit_narrower, DSB_RUNG_ADDRESS, DSB_CAUSE_WRONG_SUBNET},
    {"far, silent, and not heard any more", far_and_silent, DSB_RUNG_ADDRESS, DSB_CAUSE_STALE_ADDRESS},
    {"an address where nobody answers any more", stale, DSB_RUNG_ADDRESS, DSB_CAUSE_STALE_ADDRESS},
    {"an address where nobody is any more", stale_and_unreachable, DSB_RUNG_ADDRESS, DSB_CAUSE_STALE_ADDRESS},
    {"a device that was heard and has gone since", just_gone, DSB_RUNG_ADDRESS, DSB_CAUSE_STALE_ADDRESS},
    {"heard all the while, and silent to a dial", filtered, DSB_RUNG_TCP, DSB_CAUSE_FIREWALL_THERE},
    {"a port that is closed", closed, DSB_RUNG_TCP, DSB_CAUSE_PORT_CLOSED},
    {"the same of a device that is not heard", closed_and_silent, DSB_RUNG_TCP, DSB_CAUSE_PORT_CLOSED},
    {"a firewall here that lets no connection out", not_permitted, DSB_RUNG_TCP, DSB_CAUSE_FIREWALL_HERE},
    {"no descriptor to dial with", no_descriptors, DSB_RUNG_TCP, DSB_CAUSE_UNREACHABLE},

    {"whoever is there makes no handshake", no_handshake, DSB_RUNG_HANDSHAKE, DSB_CAUSE_NO_HANDSHAKE},
    {"and another device is heard from there", replaced, DSB_RUNG_IDENTITY, DSB_CAUSE_KEY_CHANGED},
    {"and its id is heard with another key", conflicting, DSB_RUNG_IDENTITY, DSB_CAUSE_KEY_CHANGED},
    {"a forged beacon beside a session is nothing", conflict_heard_and_proved, FINE},
    {"a proof that does not hold", proof_fails, DSB_RUNG_IDENTITY, DSB_CAUSE_KEY_CHANGED},
    {"it has another key of ours", pinned_there, DSB_RUNG_IDENTITY, DSB_CAUSE_KEY_CHANGED},
    {"a v1 node", v1, DSB_RUNG_VERSION, DSB_CAUSE_VERSION},
    {"a paired device that has become a v1 node", v1_paired, DSB_RUNG_VERSION, DSB_CAUSE_VERSION},
    {"a v1 node with a session is what it was allowed to be", v1_in_session, FINE},

    {"not paired", not_paired, DSB_RUNG_PAIRED, DSB_CAUSE_NOT_PAIRED},
    {"not paired, and no room to be", full, DSB_RUNG_PAIRED, DSB_CAUSE_FULL_TABLE},
    {"room for one is room", one_below_full, DSB_RUNG_PAIRED, DSB_CAUSE_NOT_PAIRED},
    {"a full registry is in no paired device's way", full_and_paired, FINE},
    {"a registry that cannot be read", no_registry, DSB_RUNG_PAIRED, DSB_CAUSE_REGISTRY},
    {"it has forgotten us", forgotten_there, DSB_RUNG_PAIRED, DSB_CAUSE_ONE_SIDED},
    {"we have forgotten it", forgotten_here, DSB_RUNG_PAIRED, DSB_CAUSE_ONE_SIDED},
    {"it says unknown to a paired device", unknown_there, DSB_RUNG_PAIRED, DSB_CAUSE_ONE_SIDED},
    {"it is full", full_there, DSB_RUNG_SERVICE, DSB_CAUSE_FULL_TABLE},
    {"it is busy", busy_there, DSB_RUNG_SERVICE, DSB_CAUSE_BUSY},
    {"it does not let us in", denied_there, DSB_RUNG_SERVICE, DSB_CAUSE_REFUSED},
    {"a session by which nothing comes", mute, DSB_RUNG_SERVICE, DSB_CAUSE_NO_ANSWER},
};
/* clang-format on */

/* Up to the rung that fails everything is said and nothing failed; behind it nothing was reached. */
static void expect_ladder(const struct dsb_diagnosis *d, bool is_asked)
{
    bool has_failed = false;
    enum dsb_rung rung = dsb_rung_next((enum dsb_rung)0);

    for (; rung != 0; rung = dsb_rung_next(rung)) {
        const struct dsb_finding *finding = &d->rungs[rung];
        bool is_first = d->cause != DSB_CAUSE_NONE && rung == d->failed;
        bool is_reached = !has_failed && (is_asked || rung <= DSB_RUNG_BEACON);

        EXPECT_EQ(finding->state == DSB_RUNG_FAILED, is_first);
        EXPECT_EQ(finding->state != DSB_RUNG_NOT_REACHED, is_reached);
        EXPECT_EQ(finding->evidence.text[0] != '\0', is_reached);
        has_failed = has_failed || is_first;
    }
    EXPECT_EQ(has_failed, d->cause != DSB_CAUSE_NONE);
}

static void case_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct dsb_evidence e;
        struct dsb_diagnosis d;

        unit_row(cases[i].name);
        well(&e);
        cases[i].change(&e);
        dsb_diagnose(&e, &d);
        EXPECT_EQ(d.cause, cases[i].cause);
        if (d.cause != DSB_CAUSE_NONE)
            EXPECT_EQ((int)d.failed, cases[i].failed);
        expect_ladder(&d, e.is_asked);
    }
}

static void word_rows(void)
{
    unit_row("each cause has a word and a remedy, each rung a word, and nothing else has");
    for (int i = 1; i < DSB_CAUSES; i++) {
        EXPECT(dsb_cause_word((enum dsb_cause)i)[0] != '\0');
        EXPECT(dsb_cause_remedy((enum dsb_cause)i)[0] != '\0');
    }
    EXPECT_EQ(dsb_cause_word(DSB_CAUSE_NONE)[0], '\0');
    EXPECT_EQ(dsb_cause_word((enum dsb_cause)DSB_CAUSES)[0], '\0');
    EXPECT_EQ(dsb_cause_remedy((enum dsb_cause)DSB_CAUSES)[0], '\0');
    EXPECT(dsb_rung_word(DSB_RUNG_SERVICE)[0] != '\0');
    EXPECT_EQ(dsb_rung_word((enum dsb_rung)10)[0], '\0');
    EXPECT_EQ(dsb_rung_word((enum dsb_rung)DSB_RUNGS)[0], '\0');
    EXPECT_EQ(dsb_rung_next(DSB_RUNG_PAIRED), DSB_RUNG_SERVICE);
    EXPECT(dsb_rung_next(DSB_RUNG_SERVICE) == 0);

    unit_row("each cause is named by some row");
    for (int i = 1; i < DSB_CAUSES; i++) {
        size_t at = 0;

        while (at < NX_COUNT_OF(cases) && cases[at].cause != (enum dsb_cause)i)
            at++;
        EXPECT(at < NX_COUNT_OF(cases));
    }
}

static void subnet_rows(void)
{
    static const uint8_t link_local[16] = {0xfe, 0x80, [15] = 2}, site[16] = {0xfd, 0x77, [15] = 2};
    struct dsb_evidence e;
    struct nx_address v6 = nx_address_ipv6(site, 1, 0);
    struct nx_address local = nx_address_ipv6(link_local, 1, 3);

    well(&e);
    unit_row("link-local is on the link; of others a subnet of their family says so");
    EXPECT(dsb_evidence_is_on_link(&e, &local));
    EXPECT(!dsb_evidence_is_on_link(&e, &v6));
    e.subnets[e.subnet_count++] = (struct dsb_evidence_subnet){v6, 64};
    EXPECT(dsb_evidence_is_on_link(&e, &v6));

    unit_row("a prefix longer than an address is the address");
    e.subnets[0].prefix_len = 200;
    e.subnet_count = 1;
    struct nx_address own = nx_address_ipv4(here, 9), other = nx_address_ipv4(there, 9);
    EXPECT(dsb_evidence_is_on_link(&e, &own));
    EXPECT(!dsb_evidence_is_on_link(&e, &other));

    unit_row("a prefix of nothing is everything of its family");
    e.subnets[0].prefix_len = 0;
    EXPECT(dsb_evidence_is_on_link(&e, &other));
    EXPECT(!dsb_evidence_is_on_link(&e, &v6));
}

UNIT_SUITE(diagnosis_test)
{
    case_rows();
    word_rows();
    subnet_rows();
}
