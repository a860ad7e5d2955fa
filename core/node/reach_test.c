#include "core/node/reach.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

#define STEPS 12

static struct dsb_reach reach;
static struct nx_prng prng;

static struct nx_instant at_ms(uint64_t ms)
{
    return (struct nx_instant){ms * 1000000};
}

static void begin(uint64_t seed)
{
    nx_prng_init(&prng, seed, "reach");
    struct nx_rng rng = nx_prng_as_rng(&prng);
    dsb_reach_init(&reach, &rng);
}

/* "a00", "a01", …; the text lives until the next call. */
static const char *id(size_t number)
{
    static char text[4];

    text[0] = (char)('a' + number / 100);
    text[1] = (char)('0' + number / 10 % 10);
    text[2] = (char)('0' + number % 10);
    return text;
}

static size_t number_of(const char *text)
{
    return (size_t)(text[0] - 'a') * 100 + (size_t)(text[1] - '0') * 10 + (size_t)(text[2] - '0');
}

static bool next(uint64_t now_ms, char text[DSB_ID_TEXT_MAX + 1])
{
    return dsb_reach_next(&reach, at_ms(now_ms), text);
}

static uint64_t due_ms(const char *id_text)
{
    const struct dsb_reach_device *d = dsb_reach_find(&reach, id_text);

    return d == NULL ? 0 : d->due_at.ns / 1000000;
}

/* Whoever is wanted, tried at the moment it is due, without a hurry: the clock moves there. */
static uint64_t try_when_due(uint64_t now_ms)
{
    char text[DSB_ID_TEXT_MAX + 1];
    uint64_t due = due_ms(id(0));

    now_ms = due > now_ms ? due : now_ms;
    EXPECT(next(now_ms, text));
    return now_ms;
}

/* ---- one device over time --------------------------------------------------------------------- */

enum what {
    NOTHING,
    FAIL,    /* tried when due; it times out */
    DENY,    /* tried when due; one-sided */
    MISTAKE, /* tried when due; other keys */
    TALK,    /* tried when due; a session that lasts so many ms and is cut */
    BYE,     /* the same, and it ends with a word */
    CALLED,  /* they dial, at once: a session that lasts so many ms and is cut */
    ASK,     /* a person asks, so many ms from now */
    BEACON,  /* likewise a beacon */
};

static const struct {
    const char *name;
    struct {
        enum what what;
        uint32_t ms;
        uint32_t least_ms, most_ms; /* the wait for the next try */
    } steps[STEPS];
} lives[] = {
    {"a device that is wanted is tried within a second", {{ASK, 5000, 0, 0}}},
    {"waits double from one second to sixty",
     {{FAIL, 0, 1000, 2000},
      {FAIL, 0, 2000, 4000},
      {FAIL, 0, 4000, 8000},
      {FAIL, 0, 8000, 16000},
      {FAIL, 0, 16000, 32000},
      {FAIL, 0, 30000, 60000},
      {FAIL, 0, 30000, 60000}}},
    {"a session that lasted and was cut is sought again within a second",
     {{TALK, 10000, 0, 1000}, {FAIL, 0, 1000, 2000}, {FAIL, 0, 2000, 4000}}},
    {"one that ended with a word is sought again after the first wait",
     {{BYE, 10000, 1000, 2000}, {FAIL, 0, 2000, 4000}}},
    {"a session of ten seconds exactly forgets the failures before it",
     {{FAIL, 0, 1000, 2000},
      {FAIL, 0, 2000, 4000},
      {FAIL, 0, 4000, 8000},
      {TALK, 10000, 0, 1000},
      {FAIL, 0, 1000, 2000}}},
    {"one that ends a millisecond before that is another failure",
     {{FAIL, 0, 1000, 2000},
      {FAIL, 0, 2000, 4000},
      {FAIL, 0, 4000, 8000},
      {TALK, 9999, 8000, 16000},
      {TALK, 0, 16000, 32000}}},
    {"sessions that end at once are no busy loop",
     {{TALK, 0, 1000, 2000},
      {TALK, 0, 2000, 4000},
      {BYE, 0, 4000, 8000},
      {TALK, 0, 8000, 16000},
      {TALK, 0, 16000, 32000},
      {TALK, 0, 30000, 60000}}},
    {"when they dial and it ends at once, what was left of our wait is left still",
     {{FAIL, 0, 1000, 2000}, {CALLED, 0, 1000, 2000}, {CALLED, 100, 900, 1900}}},
    {"when they dial and it lasts, ours is forgotten",
     {{FAIL, 0, 1000, 2000}, {FAIL, 0, 2000, 4000}, {CALLED, 10000, 0, 1000}}},
    {"whoever refuses us is tried at the longest back-off only",
     {{DENY, 0, 30000, 60000}, {DENY, 0, 30000, 60000}, {FAIL, 0, 30000, 60000}}},
    {"and so is whoever has other keys", {{MISTAKE, 0, 30000, 60000}, {MISTAKE, 0, 30000, 60000}}},
    {"a beacon does not make it sooner", {{DENY, 0, 30000, 60000}, {BEACON, 0, 30000, 60000}}},
    {"a person does, and then waits are as before",
     {{DENY, 0, 30000, 60000}, {ASK, 0, 0, 0}, {FAIL, 0, 1000, 2000}, {FAIL, 0, 2000, 4000}}},
    {"and if nothing was mended it is held again",
     {{DENY, 0, 30000, 60000}, {ASK, 0, 0, 0}, {DENY, 0, 30000, 60000}, {BEACON, 0, 30000, 60000}}},
    {"a session that lasts mends it", {{DENY, 0, 30000, 60000}, {TALK, 10000, 0, 1000}}},
    {"one that ends at once does not",
     {{DENY, 0, 30000, 60000}, {TALK, 9999, 30000, 60000}, {BEACON, 0, 30000, 60000}}},
    {"a beacon makes the next try one at once, and waits short",
     {{FAIL, 0, 1000, 2000},
      {FAIL, 0, 2000, 4000},
      {FAIL, 0, 4000, 8000},
      {BEACON, 0, 0, 0},
      {FAIL, 0, 1000, 2000}}},
    {"a second beacon within a second waits for the rest of it",
     {{FAIL, 0, 1000, 2000}, {BEACON, 0, 0, 0}, {FAIL, 0, 1000, 2000}, {BEACON, 0, 1000, 1000}}},
    {"one after 999 ms waits for one more",
     {{FAIL, 0, 1000, 2000}, {BEACON, 0, 0, 0}, {FAIL, 0, 1000, 2000}, {BEACON, 999, 1, 1}}},
    {"one after a second exactly does not wait",
     {{FAIL, 0, 1000, 2000}, {BEACON, 0, 0, 0}, {FAIL, 0, 1000, 2000}, {BEACON, 1000, 0, 0}}},
    {"the second counts from the try that was hurried, not from the beacon",
     {{FAIL, 0, 1000, 2000},
      {BEACON, 0, 0, 0},
      {FAIL, 0, 1000, 2000},
      {BEACON, 999, 1, 1},
      {FAIL, 0, 1000, 2000},
      {BEACON, 500, 500, 500}}},
    {"persons are in no greater hurry than that",
     {{FAIL, 0, 1000, 2000}, {ASK, 0, 0, 0}, {FAIL, 0, 1000, 2000}, {ASK, 0, 1000, 1000}}},
};

static void live(enum what what, uint32_t ms, uint64_t *now)
{
    static const enum nx_status why[] = {
        [FAIL] = NX_E_TIMEOUT, [DENY] = NX_E_DENIED, [MISTAKE] = NX_E_IDENTITY};

    switch (what) {
    case NOTHING:
        break;
    case FAIL:
    case DENY:
    case MISTAKE:
        *now = try_when_due(*now);
        EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(*now), id(0), why[what]), NX_OK);
        break;
    case TALK:
    case BYE:
    case CALLED:
        if (what != CALLED)
            *now = try_when_due(*now);
        EXPECT_STATUS(dsb_reach_up(&reach, at_ms(*now), id(0)), NX_OK);
        EXPECT(nx_instant_is_never(dsb_reach_deadline(&reach)));
        *now += ms;
        EXPECT_STATUS(dsb_reach_down(&reach, at_ms(*now), id(0),
                                     what == BYE ? DSB_REACH_GOODBYE : DSB_REACH_CUT),
                      NX_OK);
        break;
    case ASK:
    case BEACON:
        *now += ms;
        EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(*now), id(0),
                                      what == ASK ? DSB_REACH_PERSON : DSB_REACH_BEACON),
                      NX_OK);
        break;
    }
}

static void test_lives(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(lives); i++) {
        unit_row(lives[i].name);
        for (uint64_t seed = 0; seed < 50 && !unit_row_has_failed(); seed++) {
            uint64_t now = 100000;

            begin(seed);
            EXPECT_STATUS(dsb_reach_want(&reach, at_ms(now), id(0)), NX_OK);
            EXPECT(due_ms(id(0)) >= now && due_ms(id(0)) <= now + 1000);
            for (size_t n = 0; n < STEPS && lives[i].steps[n].what != NOTHING; n++) {
                live(lives[i].steps[n].what, lives[i].steps[n].ms, &now);
                uint64_t due = due_ms(id(0));
                uint64_t wait = due > now ? due - now : 0;

                EXPECT(wait >= lives[i].steps[n].least_ms && wait <= lives[i].steps[n].most_ms);
                EXPECT_EQ(dsb_reach_deadline(&reach).ns / 1000000, due);
            }
        }
    }
}

/* ---- words in the wrong place ----------------------------------------------------------------- */

static void test_words(void)
{
    static const char longest[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char too_long[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0";
    char text[DSB_ID_TEXT_MAX + 1];

    begin(1);
    unit_row("an id has 1 to 64 characters");
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), ""), NX_E_INVALID);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), too_long), NX_E_INVALID);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), longest), NX_OK);
    NEED(next(1000, text));
    EXPECT_TEXT(text, longest);

    unit_row("what is wanted twice is wanted once, and goes on as it was");
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), longest), NX_OK);
    EXPECT_EQ(reach.count, 1);
    EXPECT_EQ(reach.trying_count, 1);

    unit_row("whoever is not wanted is not found");
    EXPECT_STATUS(dsb_reach_forget(&reach, "b"), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(0), "b", DSB_REACH_PERSON), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(0), "b", NX_E_TIMEOUT), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_reach_up(&reach, at_ms(0), "b"), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_reach_down(&reach, at_ms(0), "b", DSB_REACH_CUT), NX_E_NOT_FOUND);
    EXPECT(dsb_reach_find(&reach, "b") == NULL);

    unit_row("a dial that is not under way cannot fail, a session that is not up cannot end");
    begin(1);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), "a"), NX_OK);
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(0), "a", NX_E_TIMEOUT), NX_E_STATE);
    EXPECT_STATUS(dsb_reach_down(&reach, at_ms(0), "a", DSB_REACH_CUT), NX_E_STATE);
    NEED(next(1000, text));
    EXPECT_STATUS(dsb_reach_down(&reach, at_ms(1000), "a", DSB_REACH_CUT), NX_E_STATE);
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(1000), "a", NX_E_TIMEOUT), NX_OK);
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(1000), "a", NX_E_TIMEOUT), NX_E_STATE);

    unit_row("when they are faster, our dial is over with it");
    NEED(next(60000, text));
    EXPECT_STATUS(dsb_reach_up(&reach, at_ms(60000), "a"), NX_OK);
    EXPECT_EQ(reach.trying_count, 0);
    EXPECT_EQ(reach.up_count, 1);
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(60001), "a", NX_E_EXISTS), NX_E_STATE);

    unit_row("a second session with the same device does not make the first one younger");
    EXPECT_STATUS(dsb_reach_up(&reach, at_ms(70000), "a"), NX_OK);
    EXPECT_EQ(reach.up_count, 1);
    EXPECT_EQ(dsb_reach_find(&reach, "a")->up_at.ns, at_ms(60000).ns);

    unit_row("a device that is up is not dialled, whoever is in a hurry");
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(70000), "a", DSB_REACH_PERSON), NX_OK);
    EXPECT(!next(1000000, text));

    unit_row("whoever is forgotten is not dialled, in whatever state it was");
    EXPECT_STATUS(dsb_reach_forget(&reach, "a"), NX_OK);
    EXPECT_EQ(reach.up_count, 0);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), "a"), NX_OK);
    NEED(next(1000, text));
    EXPECT_STATUS(dsb_reach_forget(&reach, "a"), NX_OK);
    EXPECT_EQ(reach.trying_count, 0);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), "a"), NX_OK);
    EXPECT_STATUS(dsb_reach_forget(&reach, "a"), NX_OK);
    EXPECT_STATUS(dsb_reach_forget(&reach, "a"), NX_E_NOT_FOUND);
    EXPECT(!next(1000000, text));

    unit_row("a hurry while it is tried makes what follows a failure short");
    begin(1);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), "a"), NX_OK);
    for (uint64_t now = 100000; now < 600000; now += 100000) {
        NEED(next(now, text));
        EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(now), "a", NX_E_TIMEOUT), NX_OK);
    }
    NEED(next(600000, text));
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(600000), "a", DSB_REACH_BEACON), NX_OK);
    EXPECT(!next(600000, text));
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(600000), "a", NX_E_TIMEOUT), NX_OK);
    EXPECT(due_ms("a") >= 601000 && due_ms("a") <= 602000);

    unit_row("a hundred of them count as one, and do not put off the next");
    NEED(next(700000, text));
    for (int n = 0; n < 100; n++)
        EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(700000), "a", DSB_REACH_BEACON), NX_OK);
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(700000), "a", NX_E_TIMEOUT), NX_OK);
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(700000), "a", DSB_REACH_BEACON), NX_OK);
    EXPECT_EQ(due_ms("a"), 701000);

    unit_row("at the end of time nothing is due and nothing breaks");
    EXPECT(dsb_reach_next(&reach, (struct nx_instant){UINT64_MAX - 1}, text));
    EXPECT_STATUS(dsb_reach_failed(&reach, (struct nx_instant){UINT64_MAX - 1}, "a", NX_E_DENIED),
                  NX_OK);
    EXPECT(nx_instant_is_never(dsb_reach_deadline(&reach)));
    EXPECT(!dsb_reach_next(&reach, NX_NEVER, text));
}

static enum nx_status no_entropy(void *source, uint8_t *out, size_t len)
{
    (void)source, (void)out, (void)len;
    return NX_E_IO;
}

static void test_without_entropy(void)
{
    struct nx_rng rng = {.fill = no_entropy};
    char text[DSB_ID_TEXT_MAX + 1];

    unit_row("without randomness each wait is its longest, and devices are still reached");
    dsb_reach_init(&reach, &rng);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), "a"), NX_OK);
    EXPECT_EQ(due_ms("a"), 1000);
    NEED(next(1000, text));
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(1000), "a", NX_E_TIMEOUT), NX_OK);
    EXPECT_EQ(due_ms("a"), 61000);
    EXPECT(!next(60999, text));
    NEED(next(61000, text));
    EXPECT_STATUS(dsb_reach_up(&reach, at_ms(61000), "a"), NX_OK);
    EXPECT_STATUS(dsb_reach_down(&reach, at_ms(71000), "a", DSB_REACH_CUT), NX_OK);
    EXPECT_EQ(due_ms("a"), 72000);
}

/* ---- many devices ----------------------------------------------------------------------------- */

static void want_many(size_t count)
{
    begin(7);
    for (size_t i = 0; i < count; i++)
        EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), id(i)), NX_OK);
}

static void test_many(void)
{
    char text[DSB_ID_TEXT_MAX + 1];

    unit_row("128 devices are wanted, one more is refused");
    want_many(DSB_PEERS_MAX);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), "zzz"), NX_E_LIMIT);
    EXPECT_STATUS(dsb_reach_want(&reach, at_ms(0), id(127)), NX_OK);

    unit_row("they are not all due at one moment");
    uint32_t early_count = 0;
    for (size_t i = 0; i < DSB_PEERS_MAX; i++)
        early_count += due_ms(id(i)) < 500;
    EXPECT(early_count > 32 && early_count < 96);

    unit_row("seven are dialled at once, the one due longest first");
    uint64_t before = 0;
    for (size_t i = 0; i < 7; i++) {
        NEED(next(1000, text));
        EXPECT(due_ms(text) >= before);
        before = due_ms(text);
    }
    EXPECT(!next(1000, text));
    EXPECT(nx_instant_is_never(dsb_reach_deadline(&reach)));
    for (size_t i = 0; i < DSB_PEERS_MAX; i++) {
        if (dsb_reach_find(&reach, id(i))->state == DSB_REACH_WAITING)
            EXPECT(due_ms(id(i)) >= before);
    }

    unit_row("the eighth is for a person, whose device goes before all that are due longer");
    size_t asked = 0;
    while (dsb_reach_find(&reach, id(asked))->state != DSB_REACH_WAITING)
        asked++;
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(1000), id(asked), DSB_REACH_BEACON), NX_OK);
    EXPECT(!next(1000, text));
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(1000), id(asked), DSB_REACH_PERSON), NX_OK);
    EXPECT(nx_instant_reached(dsb_reach_deadline(&reach), at_ms(1000)));
    NEED(next(1000, text));
    EXPECT_TEXT(text, id(asked));

    unit_row("a ninth is not dialled for anybody");
    size_t other = asked + 1;
    while (dsb_reach_find(&reach, id(other))->state != DSB_REACH_WAITING)
        other++;
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(1000), id(other), DSB_REACH_PERSON), NX_OK);
    EXPECT(!next(1000, text));
    EXPECT_EQ(reach.trying_count, 8);

    unit_row("when one fails, the person's is next, and the seven others leave no more room");
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(1000), id(asked), NX_E_TIMEOUT), NX_OK);
    NEED(next(1000, text));
    EXPECT_TEXT(text, id(other));
    EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(1000), id(other), NX_E_TIMEOUT), NX_OK);
    EXPECT(!next(1000, text));

    unit_row("with dials to spare a person's device still goes first");
    want_many(3);
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(0), id(0), DSB_REACH_BEACON), NX_OK);
    EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(500), id(2), DSB_REACH_PERSON), NX_OK);
    NEED(next(1000, text));
    EXPECT_TEXT(text, id(2));
    NEED(next(1000, text));
    EXPECT_TEXT(text, id(0));

    unit_row("of two that are due since the same moment the one wanted first goes first");
    want_many(2);
    for (size_t i = 2; i-- > 0;)
        EXPECT_STATUS(dsb_reach_hurry(&reach, at_ms(0), id(i), DSB_REACH_BEACON), NX_OK);
    NEED(next(0, text));
    EXPECT_TEXT(text, id(0));

    unit_row("a nanosecond before it is due nothing is, and then it is");
    want_many(1);
    struct nx_instant due = dsb_reach_deadline(&reach);
    EXPECT(!dsb_reach_next(&reach, (struct nx_instant){due.ns - 1}, text));
    EXPECT(dsb_reach_next(&reach, due, text));

    unit_row("forgetting one leaves the others in their order");
    want_many(5);
    EXPECT_STATUS(dsb_reach_forget(&reach, id(2)), NX_OK);
    EXPECT_TEXT(reach.devices[1].id_text, id(1));
    EXPECT_TEXT(reach.devices[2].id_text, id(3));
    EXPECT_TEXT(reach.devices[3].id_text, id(4));
    EXPECT_EQ(reach.count, 4);
}

/* Twenty devices that are all switched off, for an hour: each gets its share. */
static void test_fair(void)
{
    uint32_t tries[20] = {0};
    char text[DSB_ID_TEXT_MAX + 1];
    struct {
        char id_text[DSB_ID_TEXT_MAX + 1];
        uint64_t ends_ms;
    } dials[8];
    size_t dial_count = 0;

    unit_row("twenty devices that never answer are tried equally often");
    want_many(20);
    for (uint64_t now = 0; now < 3600000; now += 100) {
        while (dial_count > 0 && dials[0].ends_ms <= now) {
            EXPECT_STATUS(dsb_reach_failed(&reach, at_ms(now), dials[0].id_text, NX_E_TIMEOUT),
                          NX_OK);
            dial_count--;
            memmove(&dials[0], &dials[1], dial_count * sizeof(dials[0]));
        }
        while (next(now, text)) {
            NEED(dial_count < 8);
            memcpy(dials[dial_count].id_text, text, sizeof(text));
            dials[dial_count++].ends_ms = now + 15000;
            tries[number_of(text)]++;
        }
    }
    for (size_t i = 1; i < 20; i++)
        EXPECT(tries[i] + 8 >= tries[0] && tries[i] <= tries[0] + 8);
    EXPECT(tries[0] >= 3600 / 75 - 2);
}

/* ---- any order of words ----------------------------------------------------------------------- */

static void expect_in_order(void)
{
    uint32_t trying_count = 0, up_count = 0;

    for (uint32_t i = 0; i < reach.count; i++) {
        trying_count += reach.devices[i].state == DSB_REACH_TRYING;
        up_count += reach.devices[i].state == DSB_REACH_UP;
        EXPECT(!reach.devices[i].is_asked || reach.devices[i].state != DSB_REACH_UP);
    }
    EXPECT_EQ(reach.trying_count, trying_count);
    EXPECT_EQ(reach.up_count, up_count);
    EXPECT(trying_count <= DSB_REACH_DIALS_MAX);
}

static void test_random(uint64_t seed)
{
    static uint64_t tried_ms[30][2]; /* the last two tries of each, plus one */
    struct nx_prng own;
    char text[DSB_ID_TEXT_MAX + 1];
    uint64_t now = 0;

    unit_row_number("whatever is said in whatever order, no device is tried in a loop, seed", seed);
    nx_prng_init(&own, seed, "reach words");
    begin(seed);
    memset(tried_ms, 0, sizeof(tried_ms));
    for (int step = 0; step < 10000 && !unit_row_has_failed(); step++) {
        uint64_t draw = nx_prng_next(&own);
        size_t number = draw % 30;
        const char *who = id(number);

        now += (draw >> 8) % 16 == 0 ? (draw >> 16) % 20000 : (draw >> 16) % 20;
        enum nx_status status = NX_OK;
        switch ((draw >> 40) % 9) {
        case 0:
            EXPECT_STATUS(dsb_reach_want(&reach, at_ms(now), who), NX_OK);
            break;
        case 1:
            if ((draw >> 48) % 8 == 0 && dsb_reach_forget(&reach, who) == NX_OK)
                tried_ms[number][0] = tried_ms[number][1] = 0;
            break;
        case 2:
        case 3:
            status =
                dsb_reach_hurry(&reach, at_ms(now), who, (enum dsb_reach_hurry)((draw >> 48) % 2));
            break;
        case 4:
            status = dsb_reach_up(&reach, at_ms(now), who);
            break;
        case 5:
            status =
                dsb_reach_down(&reach, at_ms(now), who, (enum dsb_reach_end)((draw >> 48) % 2));
            break;
        case 6:
            status = dsb_reach_failed(&reach, at_ms(now), who,
                                      (draw >> 48) % 4 == 0 ? NX_E_DENIED : NX_E_TIMEOUT);
            break;
        default:
            if (dsb_reach_next(&reach, at_ms(now), text)) {
                uint64_t *tries = tried_ms[number_of(text)];

                /* One try may follow soon, when a hurry came or a session was lost; not two. */
                EXPECT(tries[0] == 0 || now + 1 - tries[0] >= 1000);
                tries[0] = tries[1];
                tries[1] = now + 1;
            }
            break;
        }
        EXPECT(status == NX_OK || status == NX_E_NOT_FOUND || status == NX_E_STATE);
        expect_in_order();
    }
}

UNIT_SUITE(reach_test)
{
    test_lives();
    test_words();
    test_without_entropy();
    test_many();
    test_fair();
    for (uint64_t seed = 0; seed < 8; seed++)
        test_random(seed);
}
