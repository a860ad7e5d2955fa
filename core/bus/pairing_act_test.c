/* Offers and accepts: what may be opened, by whom it may be used, and how it ends. The conversation
 * itself is in pairing_test.c, what failing costs in pairing_wait_test.c. */
#include "core/base/memory.h"
#include "core/bus/pairing_duo.h"
#include "tests/unit/unit.h"

static enum dsb_pairing_state owner_state(const struct duo *d)
{
    return dsb_pairing_state(&d->owner.machine, DSB_PAIRING_OWNER);
}

static enum dsb_pairing_state typist_state(const struct duo *d)
{
    return dsb_pairing_state(&d->typist.machine, DSB_PAIRING_TYPIST);
}

/* ---- offers --------------------------------------------------------------------------------- */

static struct dsb_pairing_peer peer_of(uint32_t number)
{
    struct dsb_pairing_peer peer = {.id = {0x80, (uint8_t)number}, .id_text = "another"};

    return peer;
}

static void offer_rows(void)
{
    static struct duo d;
    struct dsb_pairing_peer peer;
    char code[DSB_PAIRING_CODE_LEN + 1] = "------";

    unit_row("an offer says so, the digits hidden");
    duo_init(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    EXPECT_EQ(nx_bytes_of_text(d.code).len, DSB_PAIRING_CODE_LEN);
    EXPECT_EQ(d.owner.line_count, 1);
    EXPECT_TEXT(d.owner.lines[0], "dsoftbus: pair offer peer=typist code=hidden");

    unit_row("a second offer is refused while one is open, and costs nothing");
    peer = peer_of(1);
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &peer, code), NX_E_BUSY);
    EXPECT_TEXT(code, "------");
    EXPECT_EQ(d.owner.line_count, 1);
    EXPECT(memcmp(dsb_pairing_peer_of(&d.owner.machine, DSB_PAIRING_OWNER)->id, d.typist.name.id,
                  DSB_ID_LEN) == 0);

    unit_row("cancelled, another may be opened, with a code of its own");
    dsb_pairing_cancel(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_E_ABORTED);
    EXPECT(!duo_leaks(&d, &d.owner));
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &peer, code), NX_OK);
    EXPECT(memcmp(code, d.code, DSB_PAIRING_CODE_LEN) != 0);
    duo_listen(&d, &d.owner);
    EXPECT_STATUS(d.owner.last.status, NX_E_ABORTED);

    unit_row("in localSim, and only there, the marker carries the digits");
    duo_init(&d, 1);
    d.owner.machine.config.markers_show_code = true;
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    memcpy(code, d.owner.lines[0] + nx_bytes_of_text(d.owner.lines[0]).len - 6, 6);
    EXPECT_TEXT(code, d.code);

    unit_row("the same seed offers the same code, another seed another");
    memcpy(code, d.code, sizeof(code));
    duo_init(&d, 1);
    EXPECT(duo_offer(&d) == NX_OK && memcmp(code, d.code, 6) == 0);
    duo_init(&d, 2);
    EXPECT(duo_offer(&d) == NX_OK && memcmp(code, d.code, 6) != 0);

    unit_row("nobody pairs with himself");
    duo_init(&d, 1);
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &d.owner.name, code), NX_E_INVALID);

    unit_row("nor with a device without a name, or one whose name has no end");
    peer = peer_of(1);
    peer.id_text[0] = '\0';
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &peer, code), NX_E_INVALID);
    memset(peer.id_text, 'x', sizeof(peer.id_text));
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &peer, code), NX_E_INVALID);
    peer.id_text[DSB_ID_TEXT_MAX] = '\0';
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &peer, code), NX_OK);

    unit_row("ten offers an hour, and only those that were opened count");
    duo_init(&d, 1);
    for (uint32_t i = 0; i < DSB_PAIRING_OFFERS_PER_HOUR; i++) {
        EXPECT_STATUS(duo_offer(&d), NX_OK);
        EXPECT_STATUS(duo_offer(&d), NX_E_BUSY);
        dsb_pairing_cancel(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_E_ABORTED);
        duo_listen(&d, &d.owner);
    }
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    EXPECT_TEXT(dsb_pairing_why(&d.owner.machine)->text,
                "offers in an hour, called off or not: limit 10, asked 11; 3600 s to wait");
    EXPECT_EQ(d.owner.line_count, 8 + 2);
    duo_wait(&d, 3599);
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    duo_wait(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
}

static enum nx_status broken_fill(void *source, uint8_t *out, size_t len)
{
    (void)source;
    memset(out, 0x55, len);
    return NX_E_IO;
}

static void randomness_rows(void)
{
    static struct duo d;
    struct nx_rng broken = {broken_fill, NULL}, good;

    duo_init(&d, 1);
    good = d.owner.machine.config.rng;
    unit_row("without randomness there is no offer, and it cost nothing");
    d.owner.machine.config.rng = broken;
    EXPECT_STATUS(duo_offer(&d), NX_E_IO);
    EXPECT_EQ(d.owner.line_count, 0);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_CLOSED);
    d.owner.machine.config.rng = good;
    EXPECT_STATUS(duo_offer(&d), NX_OK);

    unit_row("nor an accept");
    good = d.typist.machine.config.rng;
    d.typist.machine.config.rng = broken;
    EXPECT_STATUS(duo_accept(&d, d.code), NX_E_IO);
    d.typist.machine.config.rng = good;
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);

    unit_row("nor a start: the accept waits for another link");
    d.typist.machine.config.rng = broken;
    EXPECT_STATUS(duo_connect(&d), NX_E_IO);
    EXPECT_EQ(typist_state(&d), DSB_PAIRING_OPEN);
    EXPECT(!dsb_pairing_has_link(&d.typist.machine, DSB_PAIRING_TYPIST));
    d.typist.machine.config.rng = good;

    unit_row("nor an answer to one: the typist is told, the offer stays");
    EXPECT_STATUS(dsb_pairing_begin(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, &d.owner.device,
                                    d.typist_channel),
                  NX_OK);
    d.owner.machine.config.rng = broken;
    duo_run(&d);
    EXPECT_STATUS(d.owner.last.status, NX_E_IO);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_OPEN);
    EXPECT_STATUS(d.typist.last.status, NX_E_ABORTED);
    EXPECT(!d.typist.last.spent);
}

/* ---- who may use them ----------------------------------------------------------------------- */

static void admission_rows(void)
{
    static struct duo d;
    struct dsb_pairing_device stranger;
    struct dsb_pairing_saved before, after;

    duo_init(&d, 1);
    stranger = d.typist.device;
    stranger.id[31] ^= 1;

    unit_row("nobody may begin while nothing is open");
    EXPECT_STATUS(duo_connect(&d), NX_E_DENIED);

    unit_row("a device that the offer does not name is denied, and nothing is counted");
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    duo_listen(&d, &d.owner);
    dsb_pairing_export(&d.owner.machine, d.now, &before);
    for (uint32_t i = 0; i < 1000; i++) {
        stranger.id[0] = (uint8_t)i;
        EXPECT(dsb_pairing_admits(&d.owner.machine, d.now, DSB_PAIRING_OWNER, stranger.id) ==
               NX_E_DENIED);
        EXPECT(dsb_pairing_begin(&d.owner.machine, d.now, DSB_PAIRING_OWNER, &stranger,
                                 d.owner_channel) == NX_E_DENIED);
    }
    dsb_pairing_export(&d.owner.machine, d.now, &after);
    EXPECT(memcmp(&before, &after, sizeof(before)) == 0);
    struct dsb_pairing_event event;
    EXPECT(!dsb_pairing_event(&d.owner.machine, &event));
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_OPEN);

    unit_row("a dial that reached another device is denied, and the accept waits on");
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    EXPECT_STATUS(dsb_pairing_begin(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, &stranger,
                                    d.typist_channel),
                  NX_E_DENIED);
    EXPECT(dsb_pairing_to_dial(&d.typist.machine) != NULL);
    EXPECT_TEXT(dsb_pairing_to_dial(&d.typist.machine)->id_text, "owner");

    unit_row("a second link of the very device is told busy, and the first goes on");
    EXPECT_STATUS(duo_connect(&d), NX_OK);
    EXPECT(dsb_pairing_to_dial(&d.typist.machine) == NULL);
    EXPECT_STATUS(
        dsb_pairing_admits(&d.owner.machine, d.now, DSB_PAIRING_OWNER, d.typist.device.id),
        NX_E_BUSY);
    EXPECT_STATUS(duo_connect(&d), NX_E_BUSY);
    duo_run(&d);
    EXPECT_EQ(d.owner.last.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(d.typist.last.kind, DSB_PAIRING_EVENT_PAIRED);

    unit_row("no address answered: the accept is over, its digits unspent");
    duo_init(&d, 1);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK);
    dsb_pairing_cancel(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_E_NOT_FOUND);
    duo_listen(&d, &d.typist);
    EXPECT_STATUS(d.typist.last.status, NX_E_NOT_FOUND);
    EXPECT(!d.typist.last.spent);
    EXPECT(!duo_leaks(&d, &d.typist));
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);

    unit_row("an accept may not be opened twice");
    EXPECT_STATUS(duo_accept(&d, d.code), NX_E_BUSY);

    unit_row("digits that are none cost nothing, not even when ten were typed");
    dsb_pairing_cancel(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_E_ABORTED);
    for (uint32_t i = 0; i < 20; i++)
        EXPECT_STATUS(duo_accept(&d, "12345"), NX_E_MALFORMED);
    for (uint32_t i = 2; i < DSB_PAIRING_ACCEPTS_PER_HOUR; i++) {
        EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
        dsb_pairing_cancel(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_E_ABORTED);
        duo_listen(&d, &d.typist);
    }
    EXPECT_STATUS(duo_accept(&d, d.code), NX_E_LIMIT);

    unit_row("ten accepts leave ten offers");
    char code[DSB_PAIRING_CODE_LEN + 1];
    EXPECT_STATUS(dsb_pairing_offer(&d.typist.machine, d.now, &d.owner.name, code), NX_OK);

    unit_row("three starts under one code, and it is spent");
    duo_init(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    for (uint32_t i = 0; i < DSB_PAIRING_STARTS_MAX; i++) {
        EXPECT_EQ(owner_state(&d), DSB_PAIRING_OPEN);
        EXPECT(duo_accept(&d, d.code) == NX_OK && duo_connect(&d) == NX_OK);
        d.message_count = 0;
        d.trick_at = 2;
        d.trick = DUO_CUT;
        duo_run(&d);
    }
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_CLOSED);
    EXPECT_EQ(d.owner.last.kind, DSB_PAIRING_EVENT_FAILED);
    EXPECT(d.owner.last.spent);
    EXPECT(!duo_leaks(&d, &d.owner));
    EXPECT_EQ(dsb_pairing_failed_count(&d.owner.machine), 0);
}

/* ---- news that nobody takes ----------------------------------------------------------------- */

static void event_rows(void)
{
    static struct duo d;
    struct dsb_pairing_event event;
    uint32_t count = 0;

    unit_row("news that nobody takes stop what would make more, and none is lost");
    duo_init(&d, 1);
    while (duo_offer(&d) == NX_OK) {
        dsb_pairing_cancel(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_E_ABORTED);
        count++;
    }
    EXPECT_STATUS(duo_offer(&d), NX_WOULD_BLOCK);
    EXPECT_EQ(count, DSB_PAIRING_EVENTS_MAX);
    while (dsb_pairing_event(&d.owner.machine, &event))
        count -= event.kind == DSB_PAIRING_EVENT_FAILED;
    EXPECT_EQ(count, 0);
    EXPECT_STATUS(duo_offer(&d), NX_OK);

    unit_row("a link waits for room too");
    duo_init(&d, 1);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK);
    for (uint32_t i = 0; i < 20 && duo_connect(&d) == NX_OK; i++) {
        dsb_pairing_link_lost(&d.owner.machine, d.now, DSB_PAIRING_OWNER);
        dsb_pairing_link_lost(&d.typist.machine, d.now, DSB_PAIRING_TYPIST);
        duo_listen(&d, &d.typist);
        EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    }
    EXPECT_STATUS(duo_connect(&d), NX_WOULD_BLOCK);
    duo_run(&d);
    EXPECT_STATUS(duo_connect(&d), NX_OK);
}

/* ---- both at once --------------------------------------------------------------------------- */

/* Both show a code and both type the other's: one act of each kind at both ends. */
struct cross {
    struct duo d;
    char typists_code[DSB_PAIRING_CODE_LEN + 1];
};

static void cross_init(struct cross *c)
{
    struct duo *d = &c->d;

    duo_init(d, 9);
    EXPECT_STATUS(duo_offer(d), NX_OK);
    EXPECT_STATUS(dsb_pairing_offer(&d->typist.machine, d->now, &d->owner.name, c->typists_code),
                  NX_OK);
    EXPECT_STATUS(duo_accept(d, d->code), NX_OK);
    EXPECT_STATUS(dsb_pairing_accept(&d->owner.machine, d->now, &d->typist.name,
                                     nx_bytes_of_text(c->typists_code)),
                  NX_OK);
}

/* The session that the larger id dialled comes up at one end: at its own, or at the other. */
static enum nx_status larger_dials(struct duo *d, struct duo_end *at)
{
    bool is_own = at == &d->owner;

    return dsb_pairing_begin(&at->machine, d->now, is_own ? DSB_PAIRING_TYPIST : DSB_PAIRING_OWNER,
                             is_own ? &d->typist.device : &d->owner.device, d->typist_channel);
}

static void cross_rows(void)
{
    static struct cross c;
    struct duo *d = &c.d;
    uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));

    unit_row("both dial at once: the session of the larger id is not begun beside the smaller's");
    cross_init(&c);
    EXPECT_STATUS(duo_connect(d), NX_OK);
    EXPECT_STATUS(larger_dials(d, &d->owner), NX_E_BUSY);
    EXPECT_STATUS(larger_dials(d, &d->typist), NX_E_BUSY);
    EXPECT(dsb_pairing_to_dial(&d->owner.machine) == NULL);

    unit_row("and its success closes every offer and accept between the two");
    duo_run(d);
    EXPECT_EQ(d->typist.first.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(d->owner.first.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(d->typist.last.kind, DSB_PAIRING_EVENT_SUPERSEDED);
    EXPECT_EQ(d->owner.last.kind, DSB_PAIRING_EVENT_SUPERSEDED);
    for (uint32_t role = 0; role < DSB_PAIRING_ROLE_COUNT; role++) {
        EXPECT_EQ(dsb_pairing_state(&d->typist.machine, role), DSB_PAIRING_CLOSED);
        EXPECT_EQ(dsb_pairing_state(&d->owner.machine, role), DSB_PAIRING_CLOSED);
    }
    EXPECT(!duo_leaks(d, &d->typist) && !duo_leaks(d, &d->owner));
    EXPECT_EQ(d->typist.line_count, 2); /* its offer, and paired: once */
    EXPECT_EQ(d->owner.line_count, 2);

    unit_row("the larger id's session that came up first is broken off, its code unspent");
    cross_init(&c);
    EXPECT_STATUS(larger_dials(d, &d->owner), NX_OK);
    EXPECT_STATUS(larger_dials(d, &d->typist), NX_OK);
    EXPECT_STATUS(duo_connect(d), NX_OK);
    duo_listen(d, &d->typist);
    duo_listen(d, &d->owner);
    EXPECT_EQ(d->typist.last.kind, DSB_PAIRING_EVENT_INTERRUPTED);
    EXPECT_EQ(d->owner.last.kind, DSB_PAIRING_EVENT_INTERRUPTED);
    EXPECT_EQ(d->owner.last.role, DSB_PAIRING_TYPIST);
    EXPECT_EQ(dsb_pairing_state(&d->typist.machine, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
    EXPECT_EQ(dsb_pairing_state(&d->owner.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_OPEN);

    unit_row("it is told busy");
    EXPECT(dsb_pairing_output(&d->typist.machine, DSB_PAIRING_OWNER, &w));
    EXPECT_EQ(w.len, 2);
    EXPECT_EQ(bytes[1], DSB_PAIRING_NO_BUSY);

    unit_row("and the smaller id's pairs the two");
    duo_run(d);
    EXPECT_EQ(d->typist.last.kind, DSB_PAIRING_EVENT_SUPERSEDED);
    EXPECT_EQ(d->owner.last.kind, DSB_PAIRING_EVENT_SUPERSEDED);

    unit_row("a session whose confirmation left goes on beside it: it could not end unspent");
    cross_init(&c);
    EXPECT_STATUS(larger_dials(d, &d->owner), NX_OK);
    EXPECT_STATUS(larger_dials(d, &d->typist), NX_OK);
    for (uint32_t i = 0; i < 2; i++) { /* Ya and Yb of that session */
        struct duo_end *from = i == 0 ? &d->owner : &d->typist;
        struct duo_end *to = i == 0 ? &d->typist : &d->owner;
        enum dsb_pairing_role role = i == 0 ? DSB_PAIRING_TYPIST : DSB_PAIRING_OWNER;

        w = nx_writer_over(bytes, sizeof(bytes));
        EXPECT(dsb_pairing_output(&from->machine, role, &w));
        EXPECT_STATUS(dsb_pairing_input(&to->machine, d->now,
                                        i == 0 ? DSB_PAIRING_OWNER : DSB_PAIRING_TYPIST,
                                        nx_writer_bytes(&w)),
                      NX_OK);
    }
    EXPECT_EQ(dsb_pairing_state(&d->owner.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_CONFIRMING);
    EXPECT_STATUS(duo_connect(d), NX_OK);
    EXPECT_EQ(dsb_pairing_state(&d->owner.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_CONFIRMING);
    EXPECT_EQ(dsb_pairing_state(&d->typist.machine, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
    duo_run(d);
    EXPECT_EQ(d->typist.last.kind, DSB_PAIRING_EVENT_SUPERSEDED);
    EXPECT_EQ(d->owner.last.kind, DSB_PAIRING_EVENT_SUPERSEDED);
    EXPECT_EQ(d->owner.store_count, 1);
    duo_wait(d, 300);
    EXPECT(!duo_leaks(d, &d->typist) && !duo_leaks(d, &d->owner));

    unit_row("an accept with another device does not mind");
    duo_init(d, 10);
    struct dsb_pairing_peer other = peer_of(1);
    EXPECT_STATUS(dsb_pairing_accept(&d->owner.machine, d->now, &other, nx_bytes_of_text("042137")),
                  NX_OK);
    EXPECT(duo_pair(d));
    EXPECT_EQ(d->owner.last.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(dsb_pairing_state(&d->owner.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_OPEN);

    unit_row("nor does its link: either goes on beside the other");
    struct dsb_pairing_device third = d->typist.device;
    memcpy(third.id, other.id, sizeof(third.id));
    EXPECT(duo_offer(d) == NX_OK && duo_accept(d, d->code) == NX_OK);
    EXPECT_STATUS(duo_connect(d), NX_OK);
    EXPECT(dsb_pairing_to_dial(&d->owner.machine) != NULL);
    EXPECT_STATUS(
        dsb_pairing_begin(&d->owner.machine, d->now, DSB_PAIRING_TYPIST, &third, d->owner_channel),
        NX_OK);
    EXPECT(dsb_pairing_has_link(&d->owner.machine, DSB_PAIRING_OWNER));
    duo_run(d);
    EXPECT_EQ(d->owner.last.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(dsb_pairing_state(&d->owner.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_SHARING);
}

/* ---- unpair --------------------------------------------------------------------------------- */

/* After how many messages the owner unpairs the typist, and what becomes of it. */
static const struct {
    const char *name;
    uint32_t messages;
    bool typist_spent;
} unpairs[] = {
    {"unpair before a start", 0, false},
    {"unpair between start and share", 1, false},
    {"unpair before the confirmation comes", 2, true},
    {"unpair while the entry is being stored", 3, true},
};

static void unpair_rows(void)
{
    static struct duo d;
    static const uint8_t other[DSB_ID_LEN];

    for (size_t i = 0; i < NX_COUNT_OF(unpairs); i++) {
        unit_row(unpairs[i].name);
        duo_init(&d, 20 + i);
        d.owner.stores = false;
        EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK);
        EXPECT_STATUS(duo_connect(&d), NX_OK);
        for (uint32_t n = 0; n < unpairs[i].messages; n++) {
            uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];
            struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
            bool from_typist = n != 1;

            EXPECT(dsb_pairing_output(from_typist ? &d.typist.machine : &d.owner.machine,
                                      from_typist ? DSB_PAIRING_TYPIST : DSB_PAIRING_OWNER, &w));
            EXPECT_STATUS(dsb_pairing_input(from_typist ? &d.owner.machine : &d.typist.machine,
                                            d.now,
                                            from_typist ? DSB_PAIRING_OWNER : DSB_PAIRING_TYPIST,
                                            nx_writer_bytes(&w)),
                          NX_OK);
        }
        dsb_pairing_unpair(&d.owner.machine, d.now, other);
        EXPECT(dsb_pairing_has_link(&d.owner.machine, DSB_PAIRING_OWNER));
        dsb_pairing_unpair(&d.owner.machine, d.now, d.typist.device.id);
        EXPECT_EQ(owner_state(&d), DSB_PAIRING_CLOSED);
        EXPECT_STATUS(dsb_pairing_stored(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_OK),
                      NX_E_STATE);
        duo_wait(&d, 300);
        EXPECT_STATUS(d.owner.last.status, NX_E_ABORTED);
        EXPECT_EQ(d.typist.last.kind, DSB_PAIRING_EVENT_FAILED);
        EXPECT_EQ(d.typist.last.spent, unpairs[i].typist_spent);
        EXPECT_EQ(d.typist.store_count, 0);
        EXPECT_EQ(d.owner.line_count, 1);
        EXPECT(!duo_leaks(&d, &d.owner) && !duo_leaks(&d, &d.typist));
    }
}

UNIT_SUITE(pairing_act_test)
{
    offer_rows();
    randomness_rows();
    admission_rows();
    event_rows();
    cross_rows();
    unpair_rows();
}
