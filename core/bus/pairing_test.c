/* The conversation: two machines, what they say to each other, and everything that can go wrong
 * with it on the way. Offers and accepts are in pairing_act_test.c, budgets and the clock in
 * pairing_wait_test.c. */
#include "core/bus/pairing.h"

#include "core/base/memory.h"
#include "core/bus/pairing_duo.h"
#include "tests/unit/unit.h"

/* How an act went at one end: its first news, whatever came after it. */
struct outcome {
    enum dsb_pairing_event_kind kind;
    enum nx_status status;
    bool spent;
};

#define PAIRED                                \
    {                                         \
        DSB_PAIRING_EVENT_PAIRED, NX_OK, true \
    }
/* An accept is over without success; the digits are good still, or they are not. */
#define FAILED(status)                            \
    {                                             \
        DSB_PAIRING_EVENT_FAILED, (status), false \
    }
#define SPENT(status)                            \
    {                                            \
        DSB_PAIRING_EVENT_FAILED, (status), true \
    }
/* An offer is open still. */
#define AGAIN(status)                                  \
    {                                                  \
        DSB_PAIRING_EVENT_INTERRUPTED, (status), false \
    }

enum message {
    START = 1,
    SHARE,
    CONFIRM_A,
    CONFIRM_B
};

static const struct {
    const char *name;
    enum message at;
    enum duo_trick trick;
    struct outcome typist;
    struct outcome owner;
} tricks[] = {
    {"nothing in the way: both are paired", 0, DUO_PASS, PAIRED, PAIRED},

    {"a start that is lost ends both at the code's time", START, DUO_DROP, FAILED(NX_E_TIMEOUT),
     FAILED(NX_E_TIMEOUT)},
    {"a start twice is out of order", START, DUO_TWICE, FAILED(NX_E_MALFORMED),
     AGAIN(NX_E_MALFORMED)},
    {"a start cut short", START, DUO_SHORT, FAILED(NX_E_MALFORMED), AGAIN(NX_E_MALFORMED)},
    {"a start with a byte more", START, DUO_LONG, FAILED(NX_E_MALFORMED), AGAIN(NX_E_MALFORMED)},
    {"a start that claims to be a share", START, DUO_RETYPE, FAILED(NX_E_MALFORMED),
     AGAIN(NX_E_MALFORMED)},
    {"a neutral Ya", START, DUO_NEUTRAL, FAILED(NX_E_MALFORMED), AGAIN(NX_E_CRYPTO)},
    {"a Ya that encodes no point", START, DUO_NEGATIVE, FAILED(NX_E_MALFORMED), AGAIN(NX_E_CRYPTO)},
    {"a Ya spelled in another way", START, DUO_TOP_BIT, FAILED(NX_E_MALFORMED), AGAIN(NX_E_CRYPTO)},
    {"a line that breaks before the start", START, DUO_CUT, FAILED(NX_E_CLOSED),
     AGAIN(NX_E_CLOSED)},

    {"a share that is lost ends both at the code's time", SHARE, DUO_DROP, FAILED(NX_E_TIMEOUT),
     FAILED(NX_E_TIMEOUT)},
    {"a share twice is out of order, and the confirmation that waited is counted as gone", SHARE,
     DUO_TWICE, SPENT(NX_E_MALFORMED), AGAIN(NX_E_MALFORMED)},
    {"a share cut short", SHARE, DUO_SHORT, FAILED(NX_E_MALFORMED), AGAIN(NX_E_MALFORMED)},
    {"a share with a byte more", SHARE, DUO_LONG, FAILED(NX_E_MALFORMED), AGAIN(NX_E_MALFORMED)},
    {"a share that claims to be a confirmation", SHARE, DUO_RETYPE, FAILED(NX_E_MALFORMED),
     AGAIN(NX_E_MALFORMED)},
    {"a neutral Yb", SHARE, DUO_NEUTRAL, FAILED(NX_E_CRYPTO), AGAIN(NX_E_MALFORMED)},
    {"a Yb that encodes no point", SHARE, DUO_NEGATIVE, FAILED(NX_E_CRYPTO), AGAIN(NX_E_MALFORMED)},
    {"a Yb spelled in another way", SHARE, DUO_TOP_BIT, FAILED(NX_E_CRYPTO), AGAIN(NX_E_MALFORMED)},
    {"a Yb that is the typist's own Ya", SHARE, DUO_REFLECT, FAILED(NX_E_CRYPTO),
     AGAIN(NX_E_MALFORMED)},
    {"a line that breaks before the share", SHARE, DUO_CUT, FAILED(NX_E_CLOSED),
     AGAIN(NX_E_CLOSED)},

    {"a typist's confirmation that is lost has left all the same", CONFIRM_A, DUO_DROP,
     SPENT(NX_E_TIMEOUT), FAILED(NX_E_TIMEOUT)},
    {"a typist's confirmation twice is out of order, and nobody is paired", CONFIRM_A, DUO_TWICE,
     SPENT(NX_E_MALFORMED), SPENT(NX_E_MALFORMED)},
    {"a typist's confirmation cut short is none", CONFIRM_A, DUO_SHORT, SPENT(NX_E_MALFORMED),
     AGAIN(NX_E_MALFORMED)},
    {"a typist's confirmation with a byte more is none", CONFIRM_A, DUO_LONG, SPENT(NX_E_MALFORMED),
     AGAIN(NX_E_MALFORMED)},
    {"a typist's confirmation that claims to be an owner's", CONFIRM_A, DUO_RETYPE,
     SPENT(NX_E_MALFORMED), AGAIN(NX_E_MALFORMED)},
    {"one bit of the typist's confirmation", CONFIRM_A, DUO_FLIP, SPENT(NX_E_DENIED),
     SPENT(NX_E_DENIED)},
    {"a typist's confirmation of zeros", CONFIRM_A, DUO_NEUTRAL, SPENT(NX_E_DENIED),
     SPENT(NX_E_DENIED)},
    {"a typist's confirmation that is the owner's Yb", CONFIRM_A, DUO_REFLECT, SPENT(NX_E_DENIED),
     SPENT(NX_E_DENIED)},
    {"a line that breaks before the typist's confirmation comes", CONFIRM_A, DUO_CUT,
     SPENT(NX_E_CLOSED), AGAIN(NX_E_CLOSED)},

    {"an owner's confirmation that is lost leaves one side paired", CONFIRM_B, DUO_DROP,
     SPENT(NX_E_TIMEOUT), PAIRED},
    {"an owner's confirmation twice is out of order", CONFIRM_B, DUO_TWICE, SPENT(NX_E_MALFORMED),
     PAIRED},
    {"an owner's confirmation cut short", CONFIRM_B, DUO_SHORT, SPENT(NX_E_MALFORMED), PAIRED},
    {"an owner's confirmation with a byte more", CONFIRM_B, DUO_LONG, SPENT(NX_E_MALFORMED),
     PAIRED},
    {"one bit of the owner's confirmation", CONFIRM_B, DUO_FLIP, SPENT(NX_E_DENIED), PAIRED},
    {"an owner's confirmation that is the typist's sent back", CONFIRM_B, DUO_REFLECT,
     SPENT(NX_E_DENIED), PAIRED},
    {"a line that breaks before the owner's confirmation comes", CONFIRM_B, DUO_CUT,
     SPENT(NX_E_CLOSED), PAIRED},
};

static void expect_outcome(const struct duo_end *end, struct outcome want)
{
    EXPECT(end->news_count > 0);
    EXPECT_EQ(end->first.kind, want.kind);
    EXPECT_STATUS(end->first.status, want.status);
    EXPECT(end->first.spent == want.spent);

    /* Whoever is paired has stored it and said so, once; nobody else has. */
    bool is_paired = want.kind == DSB_PAIRING_EVENT_PAIRED;
    uint32_t said = 0;
    for (uint32_t i = 0; i < end->line_count; i++)
        said += nx_bytes_equal(nx_bytes_of(end->lines[i], 22),
                               nx_bytes_of_text("dsoftbus: paired peer="));
    EXPECT_EQ(said, is_paired);
    EXPECT(end->store_count >= said);
}

/* An offer that waits for its next link keeps its digits and nothing of the last one. */
static void expect_no_link(const struct duo_end *end)
{
    static const struct dsb_pairing_link zero;

    EXPECT(memcmp(&end->machine.sides[DSB_PAIRING_OWNER].link, &zero, sizeof(zero)) == 0);
}

static void expect_silence(struct duo *d)
{
    EXPECT_EQ(dsb_pairing_state(&d->typist.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_CLOSED);
    EXPECT_EQ(dsb_pairing_state(&d->owner.machine, DSB_PAIRING_OWNER), DSB_PAIRING_CLOSED);
    EXPECT(nx_instant_is_never(dsb_pairing_deadline(&d->typist.machine)));
    EXPECT(nx_instant_is_never(dsb_pairing_deadline(&d->owner.machine)));
    EXPECT(!duo_leaks(d, &d->typist));
    EXPECT(!duo_leaks(d, &d->owner));
}

/* After each trick: the outcome at both ends, and once all time is over nothing is left in memory.
 * */
static void trick_rows(void)
{
    static struct duo d;

    for (size_t i = 0; i < NX_COUNT_OF(tricks); i++) {
        unit_row(tricks[i].name);
        duo_init(&d, i);
        d.trick_at = tricks[i].at;
        d.trick = tricks[i].trick;
        EXPECT(duo_pair(&d));
        if (dsb_pairing_state(&d.owner.machine, DSB_PAIRING_OWNER) == DSB_PAIRING_OPEN)
            expect_no_link(&d.owner);
        duo_wait(&d, 300);
        expect_outcome(&d.typist, tricks[i].typist);
        expect_outcome(&d.owner, tricks[i].owner);
        expect_silence(&d);
    }
}

/* ---- what the two have to agree on ---------------------------------------------------------- */

static void wrong_rows(void)
{
    static struct duo d;
    const struct outcome wrong = SPENT(NX_E_DENIED);

    unit_row("a wrong code pairs nobody, is spent at both ends, and counts once at each");
    duo_init(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    char typed[] = {d.code[0] == '9' ? '0' : (char)(d.code[0] + 1),
                    d.code[1],
                    d.code[2],
                    d.code[3],
                    d.code[4],
                    d.code[5],
                    '\0'};
    EXPECT_STATUS(duo_accept(&d, typed), NX_OK);
    EXPECT_STATUS(duo_connect(&d), NX_OK);
    duo_run(&d);
    expect_outcome(&d.typist, wrong);
    expect_outcome(&d.owner, wrong);
    EXPECT_EQ(d.typist.store_count + d.owner.store_count, 0);
    EXPECT_EQ(dsb_pairing_failed_count(&d.typist.machine), 1);
    EXPECT_EQ(dsb_pairing_failed_count(&d.owner.machine), 1);

    unit_row("the offer is gone after it: the right code comes too late");
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    EXPECT_STATUS(duo_connect(&d), NX_E_DENIED);
    duo_wait(&d, 300);
    expect_silence(&d);

    unit_row("a man in the middle who relays between two channels pairs nobody");
    duo_init(&d, 2);
    d.owner_channel[31] ^= 1;
    EXPECT(duo_pair(&d));
    expect_outcome(&d.typist, wrong);
    expect_outcome(&d.owner, wrong);

    unit_row("a man in the middle who shows the owner a static of his own pairs nobody");
    duo_init(&d, 3);
    d.typist.device.noise_static[0] ^= 1;
    EXPECT(duo_pair(&d));
    expect_outcome(&d.owner, wrong);

    unit_row("a man in the middle who shows the typist an Ed25519 key of his own pairs nobody");
    duo_init(&d, 4);
    d.owner.device.ed25519[0] ^= 1;
    EXPECT(duo_pair(&d));
    expect_outcome(&d.typist, wrong);
}

static size_t take(struct duo_end *end, enum dsb_pairing_role role, uint8_t *bytes)
{
    struct nx_writer w = nx_writer_over(bytes, DSB_PAIRING_MESSAGE_MAX);

    return dsb_pairing_output(&end->machine, role, &w) ? w.len : 0;
}

static enum nx_status give(struct duo *d, struct duo_end *end, enum dsb_pairing_role role,
                           const uint8_t *bytes, size_t len)
{
    return dsb_pairing_input(&end->machine, d->now, role, nx_bytes_of(bytes, len));
}

/* Two people type the same digits, and the man between them makes each the other's owner. */
static void role_swap_rows(void)
{
    static struct duo d;
    struct duo_end *a = &d.typist, *b = &d.owner;
    uint8_t from_a[DSB_PAIRING_MESSAGE_MAX], from_b[DSB_PAIRING_MESSAGE_MAX];
    struct nx_bytes digits = nx_bytes_of_text("042137");

    unit_row(
        "two typists of the same digits, each made to believe the other the owner, do not pair");
    duo_init(&d, 5);
    EXPECT_STATUS(dsb_pairing_accept(&a->machine, d.now, &b->name, digits), NX_OK);
    EXPECT_STATUS(dsb_pairing_accept(&b->machine, d.now, &a->name, digits), NX_OK);
    EXPECT_STATUS(
        dsb_pairing_begin(&a->machine, d.now, DSB_PAIRING_TYPIST, &b->device, d.typist_channel),
        NX_OK);
    EXPECT_STATUS(
        dsb_pairing_begin(&b->machine, d.now, DSB_PAIRING_TYPIST, &a->device, d.typist_channel),
        NX_OK);
    EXPECT_EQ(take(a, DSB_PAIRING_TYPIST, from_a), 34);
    EXPECT_EQ(take(b, DSB_PAIRING_TYPIST, from_b), 34);
    from_a[1] = from_b[1] = DSB_PAIRING_SHARE;
    EXPECT_STATUS(give(&d, a, DSB_PAIRING_TYPIST, from_b + 1, 33), NX_OK);
    EXPECT_STATUS(give(&d, b, DSB_PAIRING_TYPIST, from_a + 1, 33), NX_OK);
    EXPECT_EQ(take(a, DSB_PAIRING_TYPIST, from_a), 33);
    EXPECT_EQ(take(b, DSB_PAIRING_TYPIST, from_b), 33);
    from_a[0] = from_b[0] = DSB_PAIRING_CONFIRM_OWNER;
    EXPECT_STATUS(give(&d, a, DSB_PAIRING_TYPIST, from_b, 33), NX_E_DENIED);
    EXPECT_STATUS(give(&d, b, DSB_PAIRING_TYPIST, from_a, 33), NX_E_DENIED);
    EXPECT_EQ(a->store_count + b->store_count, 0);
}

/* A man who recorded a run plays the typist's half of it to a new offer. */
static void replay_rows(void)
{
    static struct duo d;
    uint8_t start[DSB_PAIRING_MESSAGE_MAX], share[DSB_PAIRING_MESSAGE_MAX];
    uint8_t confirm[DSB_PAIRING_MESSAGE_MAX];
    size_t start_len, confirm_len;

    unit_row("a run recorded and played again does not fit a new one");
    duo_init(&d, 6);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK && duo_connect(&d) == NX_OK);
    start_len = take(&d.typist, DSB_PAIRING_TYPIST, start);
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, start, start_len), NX_OK);
    EXPECT_EQ(take(&d.owner, DSB_PAIRING_OWNER, share), 33);
    EXPECT_STATUS(give(&d, &d.typist, DSB_PAIRING_TYPIST, share, 33), NX_OK);
    confirm_len = take(&d.typist, DSB_PAIRING_TYPIST, confirm);
    dsb_pairing_link_lost(&d.owner.machine, d.now, DSB_PAIRING_OWNER);
    EXPECT_EQ(dsb_pairing_state(&d.owner.machine, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
    EXPECT_STATUS(dsb_pairing_begin(&d.owner.machine, d.now, DSB_PAIRING_OWNER, &d.typist.device,
                                    d.owner_channel),
                  NX_OK);
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, start, start_len), NX_OK);
    EXPECT_EQ(take(&d.owner, DSB_PAIRING_OWNER, share), 33);
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, confirm, confirm_len), NX_E_DENIED);
    EXPECT_EQ(d.owner.machine.sides[DSB_PAIRING_OWNER].state, DSB_PAIRING_CLOSED);
}

/* ---- the store ------------------------------------------------------------------------------ */

static void store_rows(void)
{
    static struct duo d;

    unit_row("the owner is not paired, and says nothing, before its entry is stored");
    duo_init(&d, 7);
    d.owner.stores = false;
    EXPECT(duo_pair(&d));
    EXPECT_EQ(d.owner.store_count, 1);
    EXPECT_EQ(dsb_pairing_state(&d.owner.machine, DSB_PAIRING_OWNER), DSB_PAIRING_STORING);
    EXPECT_EQ(d.owner.line_count, 1); /* the offer's */
    EXPECT_EQ(d.owner.news_count, 0);
    EXPECT_EQ(d.typist.store_count, 0);

    unit_row("the entry to store carries the typist's id and both keys");
    EXPECT(memcmp(&d.owner.store.device, &d.typist.device, sizeof(d.typist.device)) == 0);
    EXPECT_TEXT(d.owner.store.peer.id_text, "typist");

    unit_row("stored: the owner is paired, and only then the typist hears of it");
    d.typist.stores = false;
    EXPECT_STATUS(dsb_pairing_stored(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_OK), NX_OK);
    EXPECT_TEXT(d.owner.lines[1], "dsoftbus: paired peer=typist");
    duo_run(&d);
    EXPECT_EQ(d.owner.last.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(d.typist.store_count, 1);

    unit_row("the typist is not paired, and says nothing, before his entry is stored");
    EXPECT_EQ(dsb_pairing_state(&d.typist.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_STORING);
    EXPECT_EQ(d.typist.line_count, 0);
    EXPECT_EQ(d.typist.news_count, 0);
    EXPECT(memcmp(&d.typist.store.device, &d.owner.device, sizeof(d.owner.device)) == 0);

    unit_row(
        "a no of the owner, who is paired already, takes nothing away while the typist stores");
    static const uint8_t no[] = {DSB_PAIRING_NO, DSB_PAIRING_NO_CANCELLED};
    EXPECT_STATUS(dsb_pairing_input(&d.typist.machine, d.now, DSB_PAIRING_TYPIST,
                                    nx_bytes_of(no, sizeof(no))),
                  NX_OK);
    EXPECT_EQ(dsb_pairing_state(&d.typist.machine, DSB_PAIRING_TYPIST), DSB_PAIRING_STORING);

    unit_row("a line that ends while the typist stores takes nothing away");
    dsb_pairing_link_lost(&d.typist.machine, d.now, DSB_PAIRING_TYPIST);
    EXPECT_STATUS(dsb_pairing_stored(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_OK), NX_OK);
    EXPECT_TEXT(d.typist.lines[0], "dsoftbus: paired peer=owner");
    duo_run(&d);
    expect_outcome(&d.typist, (struct outcome)PAIRED);

    unit_row("stored twice is once too often");
    EXPECT_STATUS(dsb_pairing_stored(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_OK),
                  NX_E_STATE);
    EXPECT_EQ(d.typist.line_count, 1);

    unit_row("the owner's store that fails is told, and nobody is paired");
    duo_init(&d, 8);
    d.owner.store_status = NX_E_NO_SPACE;
    EXPECT(duo_pair(&d));
    expect_outcome(&d.owner, (struct outcome)SPENT(NX_E_NO_SPACE));
    expect_outcome(&d.typist, (struct outcome)SPENT(NX_E_IO));
    EXPECT_EQ(dsb_pairing_failed_count(&d.owner.machine), 0); /* the code was right */
    duo_wait(&d, 300);
    expect_silence(&d);

    unit_row("the typist's store that fails leaves one side paired, and is no failed code");
    duo_init(&d, 9);
    d.typist.store_status = NX_E_IO;
    EXPECT(duo_pair(&d));
    expect_outcome(&d.owner, (struct outcome)PAIRED);
    expect_outcome(&d.typist, (struct outcome)SPENT(NX_E_IO));
    EXPECT_EQ(dsb_pairing_failed_count(&d.typist.machine), 0);
    duo_wait(&d, 300);
    expect_silence(&d);

    unit_row("a store that never answers ends both within the time of a session");
    duo_init(&d, 10);
    d.owner.stores = false;
    EXPECT(duo_pair(&d));
    duo_wait(&d, DSB_PAIRING_SESSION_S - 1);
    EXPECT_EQ(dsb_pairing_state(&d.owner.machine, DSB_PAIRING_OWNER), DSB_PAIRING_STORING);
    duo_wait(&d, 1);
    expect_outcome(&d.owner, (struct outcome)SPENT(NX_E_TIMEOUT));
    EXPECT(!duo_leaks(&d, &d.owner));

    unit_row("an answer after that finds nobody: the entry has to be taken out again");
    EXPECT_STATUS(dsb_pairing_stored(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_OK),
                  NX_E_STATE);
    EXPECT_EQ(d.owner.line_count, 1);

    unit_row("an answer that is none is refused");
    duo_init(&d, 11);
    d.owner.stores = false;
    EXPECT(duo_pair(&d));
    EXPECT_STATUS(dsb_pairing_stored(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_WOULD_BLOCK),
                  NX_E_INVALID);
    EXPECT_EQ(dsb_pairing_state(&d.owner.machine, DSB_PAIRING_OWNER), DSB_PAIRING_STORING);

    unit_row(
        "a line that breaks while the owner stores: the typist cannot be told, so nobody pairs");
    dsb_pairing_link_lost(&d.owner.machine, d.now, DSB_PAIRING_OWNER);
    duo_listen(&d, &d.owner);
    expect_outcome(&d.owner, (struct outcome)SPENT(NX_E_CLOSED));
    EXPECT_STATUS(dsb_pairing_stored(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_OK),
                  NX_E_STATE);
}

/* ---- nobody there, and no ------------------------------------------------------------------- */

static void line_rows(void)
{
    static struct duo d;
    static const uint8_t other_mode[] = {DSB_PAIRING_START, 2, 1, 2, 3};
    static const uint8_t busy[] = {DSB_PAIRING_NO, DSB_PAIRING_NO_BUSY};
    uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];

    unit_row("what comes in without a link is answered and changes nothing");
    duo_init(&d, 12);
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, busy, 2), NX_E_CLOSED);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, busy, 2), NX_E_CLOSED);
    EXPECT(!dsb_pairing_has_link(&d.owner.machine, DSB_PAIRING_OWNER));

    unit_row("a start of another mode is told so, and the code stays good");
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    EXPECT_STATUS(duo_connect(&d), NX_OK);
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, other_mode, sizeof(other_mode)),
                  NX_E_UNSUPPORTED);
    EXPECT_EQ(take(&d.owner, DSB_PAIRING_OWNER, bytes), 2);
    EXPECT_EQ(bytes[1], DSB_PAIRING_NO_UNSUPPORTED);
    EXPECT_EQ(dsb_pairing_state(&d.owner.machine, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);

    unit_row("a typist who hears it stops, his digits unspent");
    EXPECT_STATUS(give(&d, &d.typist, DSB_PAIRING_TYPIST, bytes, 2), NX_OK);
    duo_listen(&d, &d.typist);
    expect_outcome(&d.typist, (struct outcome)FAILED(NX_E_UNSUPPORTED));
    EXPECT_EQ(dsb_pairing_failed_count(&d.typist.machine), 0);

    unit_row("nothing is said on a link that begins but what belongs to it");
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    EXPECT_STATUS(dsb_pairing_begin(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, &d.owner.device,
                                    d.typist_channel),
                  NX_OK);
    dsb_pairing_cancel(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_E_ABORTED);
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    EXPECT_STATUS(duo_connect(&d), NX_OK);
    EXPECT_EQ(take(&d.typist, DSB_PAIRING_TYPIST, bytes), 34);
    EXPECT_EQ(bytes[0], DSB_PAIRING_START);
    EXPECT_EQ(take(&d.typist, DSB_PAIRING_TYPIST, bytes), 0);

    unit_row("the owner keeps no half of a run whose confirmations it has");
    static const struct dsb_pairing_half no_half;
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, bytes, 34), NX_OK);
    EXPECT(memcmp(&d.owner.machine.sides[DSB_PAIRING_OWNER].link.half, &no_half, sizeof(no_half)) ==
           0);

    unit_row("a message waits for room to leave");
    struct nx_writer w = nx_writer_over(bytes, 32);
    EXPECT(!dsb_pairing_output(&d.owner.machine, DSB_PAIRING_OWNER, &w));
    EXPECT_EQ(w.len, 0);
    EXPECT(!w.overflow);
    w = nx_writer_over(bytes, 33);
    EXPECT(dsb_pairing_output(&d.owner.machine, DSB_PAIRING_OWNER, &w));

    unit_row("a mode is asked for at the start only: later the same bytes are malformed");
    EXPECT_STATUS(give(&d, &d.owner, DSB_PAIRING_OWNER, other_mode, sizeof(other_mode)),
                  NX_E_MALFORMED);

    unit_row("what the owner did not get to say on one link is not said on the next");
    EXPECT_STATUS(dsb_pairing_begin(&d.owner.machine, d.now, DSB_PAIRING_OWNER, &d.typist.device,
                                    d.owner_channel),
                  NX_OK);
    EXPECT_EQ(take(&d.owner, DSB_PAIRING_OWNER, bytes), 0);

    unit_row("wipe leaves no byte of anything");
    static const struct dsb_pairing zero;
    EXPECT_STATUS(duo_connect(&d), NX_E_BUSY); /* the typist's link is up still */
    dsb_pairing_wipe(&d.typist.machine);
    EXPECT(memcmp(&d.typist.machine, &zero, sizeof(zero)) == 0);
}

static const struct {
    const char *name;
    enum nx_status status;
    enum dsb_pairing_no no;
} refusals[] = {
    {"a second link is told that the first is busy", NX_E_BUSY, DSB_PAIRING_NO_BUSY},
    {"one over a budget is told to come later", NX_E_LIMIT, DSB_PAIRING_NO_BUSY},
    {"so is one that finds no room for news", NX_WOULD_BLOCK, DSB_PAIRING_NO_BUSY},
    {"one that nothing is open for is told that the code is gone", NX_E_DENIED,
     DSB_PAIRING_NO_EXPIRED},
    {"one that found no randomness is told no more than no", NX_E_IO, DSB_PAIRING_NO_CANCELLED},
};

UNIT_SUITE(pairing_test)
{
    trick_rows();
    wrong_rows();
    role_swap_rows();
    replay_rows();
    store_rows();
    line_rows();

    for (size_t i = 0; i < NX_COUNT_OF(refusals); i++) {
        uint8_t bytes[2];
        struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));

        unit_row(refusals[i].name);
        dsb_pairing_refuse(refusals[i].status, &w);
        EXPECT_EQ(w.len, 2);
        EXPECT_EQ(bytes[0], DSB_PAIRING_NO);
        EXPECT_EQ(bytes[1], refusals[i].no);
    }
}
