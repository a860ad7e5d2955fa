/* Waiting: the budgets as the machine keeps them, spent digits, and the clock. */
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

/* A run with digits that are not the offer's; both codes are spent by it. */
static void fail_once(struct duo *d)
{
    NEED(duo_offer(d) == NX_OK);
    d->code[5] = d->code[5] == '9' ? '0' : (char)(d->code[5] + 1);
    NEED(duo_accept(d, d->code) == NX_OK);
    NEED(duo_connect(d) == NX_OK);
    duo_run(d);
}

static struct dsb_pairing_peer peer_of(uint32_t number)
{
    struct dsb_pairing_peer peer = {.id = {0x80, (uint8_t)number}, .id_text = "another"};

    return peer;
}

/* ---- budgets -------------------------------------------------------------------------------- */

static void budget_rows(void)
{
    static struct duo d;
    struct dsb_pairing_saved saved;

    unit_row("three failed codes, and both ends wait a minute");
    duo_init(&d, 3);
    for (uint32_t i = 0; i < 3; i++)
        fail_once(&d);
    EXPECT_EQ(dsb_pairing_failed_count(&d.owner.machine), 3);
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    EXPECT_TEXT(dsb_pairing_why(&d.owner.machine)->text,
                "failed codes with this device: limit 3, asked 4; 60 s to wait");
    EXPECT_STATUS(duo_accept(&d, "555555"), NX_E_LIMIT);

    unit_row("other devices do not wait for it");
    struct dsb_pairing_peer peer = peer_of(1);
    char code[DSB_PAIRING_CODE_LEN + 1];
    EXPECT_STATUS(dsb_pairing_offer(&d.owner.machine, d.now, &peer, code), NX_OK);
    dsb_pairing_cancel(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_E_ABORTED);

    unit_row("a second before its end the wait holds, at its end it does not");
    duo_wait(&d, 59);
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    duo_wait(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    dsb_pairing_cancel(&d.owner.machine, d.now, DSB_PAIRING_OWNER, NX_E_ABORTED);

    unit_row("the fourth costs two minutes, and a restart resumes what is left of them");
    duo_listen(&d, &d.owner);
    fail_once(&d);
    duo_wait(&d, 30);
    dsb_pairing_export(&d.owner.machine, d.now, &saved);
    uint32_t budget_count = d.owner.budget_count;
    duo_init(&d, 4);
    EXPECT_STATUS(dsb_pairing_import(&d.owner.machine, d.now, &saved), NX_OK);
    EXPECT_EQ(dsb_pairing_failed_count(&d.owner.machine), 4);
    duo_wait(&d, 89);
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    duo_wait(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);

    unit_row("each change of the budgets is told, to be stored");
    EXPECT(budget_count >= 6);

    unit_row("a success forgets the failures of its device");
    duo_init(&d, 5);
    fail_once(&d);
    fail_once(&d);
    EXPECT(duo_pair(&d));
    EXPECT_EQ(d.typist.last.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(d.owner.last.kind, DSB_PAIRING_EVENT_PAIRED);
    EXPECT_EQ(dsb_pairing_failed_count(&d.typist.machine), 2);
    fail_once(&d);
    EXPECT_STATUS(duo_offer(&d), NX_OK);

    unit_row("a budget used up while an offer waits keeps its link from beginning");
    duo_init(&d, 6);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK);
    for (uint32_t i = 0; i < 3; i++)
        dsb_pairing_budget_fail(&d.owner.machine.budget, d.now, d.typist.name.id);
    EXPECT_STATUS(duo_connect(&d), NX_E_LIMIT);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_OPEN);

    unit_row("one used up while a link talks keeps the confirmation from being looked at");
    duo_init(&d, 7);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK && duo_connect(&d) == NX_OK);
    for (uint32_t i = 0; i < 3; i++)
        dsb_pairing_budget_fail(&d.owner.machine.budget, d.now, d.typist.name.id);
    duo_run(&d);
    EXPECT_STATUS(d.owner.last.status, NX_E_LIMIT);
    EXPECT(d.owner.last.spent);
    EXPECT_EQ(d.owner.store_count, 0);

    unit_row("and the typist's from leaving");
    duo_init(&d, 8);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK && duo_connect(&d) == NX_OK);
    for (uint32_t i = 0; i < 3; i++)
        dsb_pairing_budget_fail(&d.typist.machine.budget, d.now, d.owner.name.id);
    duo_run(&d);
    EXPECT_STATUS(d.typist.last.status, NX_E_LIMIT);
    EXPECT(!d.typist.last.spent);
    EXPECT_STATUS(d.owner.last.status, NX_E_ABORTED);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_OPEN);

    unit_row("damaged budgets are refused, and nothing changes");
    dsb_pairing_export(&d.typist.machine, d.now, &saved);
    saved.spent_ms = DSB_PAIRING_CODE_LIFE_S * 1000 + 1;
    EXPECT_STATUS(dsb_pairing_import(&d.typist.machine, d.now, &saved), NX_E_MALFORMED);
    saved.spent_ms = 0;
    saved.budget.suspect_count = UINT32_MAX;
    EXPECT_STATUS(dsb_pairing_import(&d.typist.machine, d.now, &saved), NX_E_MALFORMED);
    EXPECT_EQ(dsb_pairing_failed_count(&d.typist.machine), 3);
}

/* A man in the middle lets the typist's confirmation go and waits for the second try. */
static void spent_rows(void)
{
    static struct duo d;
    struct dsb_pairing_peer other = peer_of(1);
    struct dsb_pairing_saved saved;

    duo_init(&d, 1);
    d.trick_at = 3;
    d.trick = DUO_CUT;
    unit_row("digits whose confirmation left are refused, with this device");
    EXPECT(duo_pair(&d));
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_OPEN);
    duo_wait(&d, 1);
    EXPECT_STATUS(duo_accept(&d, d.code), NX_E_DENIED);
    EXPECT_EQ(typist_state(&d), DSB_PAIRING_CLOSED);

    unit_row("and with any other, and spelled otherwise");
    char spelled[] = {d.code[0], '-',       d.code[1], d.code[2], ' ',
                      d.code[3], d.code[4], ' ',       d.code[5], '\0'};
    EXPECT_STATUS(dsb_pairing_accept(&d.typist.machine, d.now, &other, nx_bytes_of_text(spelled)),
                  NX_E_DENIED);

    unit_row("other digits are taken");
    EXPECT_STATUS(duo_accept(&d, memcmp(d.code, "555555", 6) == 0 ? "555556" : "555555"), NX_OK);
    dsb_pairing_cancel(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_E_ABORTED);

    unit_row("the typist counts it as failed: nobody proved to have known the code");
    EXPECT_EQ(dsb_pairing_failed_count(&d.typist.machine), 1);
    EXPECT_EQ(dsb_pairing_failed_count(&d.owner.machine), 0);

    unit_row("a restart gives no digits back: until these would have expired, none are taken");
    dsb_pairing_export(&d.typist.machine, d.now, &saved);
    EXPECT_EQ(saved.spent_ms, 119000);
    dsb_pairing_init(&d.typist.machine, &d.typist.machine.config);
    EXPECT_STATUS(dsb_pairing_import(&d.typist.machine, d.now, &saved), NX_OK);
    EXPECT_STATUS(duo_accept(&d, "555555"), NX_E_LIMIT);
    d.now = nx_instant_after(d.now, nx_seconds(118));
    EXPECT_STATUS(duo_accept(&d, "555555"), NX_E_LIMIT);
    d.now = nx_instant_after(d.now, nx_seconds(1));
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);

    unit_row("without a restart they are good again when the code would have expired");
    duo_init(&d, 2);
    d.trick_at = 3;
    d.trick = DUO_DROP;
    EXPECT(duo_pair(&d));
    duo_wait(&d, 119);
    dsb_pairing_cancel(&d.typist.machine, d.now, DSB_PAIRING_TYPIST, NX_E_ABORTED);
    EXPECT_STATUS(duo_accept(&d, d.code), NX_E_DENIED);
    duo_wait(&d, 1);
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void time_rows(void)
{
    static struct duo d;

    unit_row("an offer lives 120 seconds, and not at the 120th");
    duo_init(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    EXPECT_EQ(dsb_pairing_deadline(&d.owner.machine).ns,
              nx_instant_after(d.now, nx_seconds(120)).ns);
    d.now = nx_instant_after(d.now, nx_seconds(119));
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
    EXPECT_STATUS(
        dsb_pairing_admits(&d.owner.machine, d.now, DSB_PAIRING_OWNER, d.typist.device.id), NX_OK);
    d.now = nx_instant_after(d.now, nx_seconds(1));
    EXPECT_STATUS(
        dsb_pairing_admits(&d.owner.machine, d.now, DSB_PAIRING_OWNER, d.typist.device.id),
        NX_E_DENIED);
    EXPECT_STATUS(duo_connect(&d), NX_E_DENIED);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_CLOSED);
    duo_listen(&d, &d.owner);
    EXPECT_STATUS(d.owner.last.status, NX_E_TIMEOUT);
    EXPECT(!duo_leaks(&d, &d.owner));

    unit_row("a confirmation at the 120th second is too late to be looked at");
    duo_init(&d, 1);
    EXPECT_STATUS(duo_offer(&d), NX_OK);
    d.now = nx_instant_after(d.now, nx_seconds(119));
    d.owner.stores = false;
    d.trick_at = 3;
    d.trick = DUO_DROP;
    EXPECT(duo_accept(&d, d.code) == NX_OK && duo_connect(&d) == NX_OK);
    duo_run(&d);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_CONFIRMING);
    uint8_t confirm[1 + DSB_PAIRING_CONFIRM_LEN] = {DSB_PAIRING_CONFIRM_TYPIST};
    memcpy(confirm + 1, d.owner.machine.sides[DSB_PAIRING_OWNER].link.confirms.secret_typist,
           DSB_PAIRING_CONFIRM_LEN);
    d.now = nx_instant_after(d.now, nx_seconds(1));
    EXPECT_STATUS(dsb_pairing_input(&d.owner.machine, d.now, DSB_PAIRING_OWNER,
                                    nx_bytes_of(confirm, sizeof(confirm))),
                  NX_E_CLOSED);
    duo_run(&d);
    EXPECT_STATUS(d.owner.last.status, NX_E_TIMEOUT);
    EXPECT_EQ(d.owner.store_count, 0);

    unit_row("the typist hears that it was too late");
    EXPECT_STATUS(d.typist.last.status, NX_E_TIMEOUT);

    unit_row("an accept that no link was found for ends after 120 seconds");
    duo_init(&d, 1);
    EXPECT_STATUS(duo_accept(&d, "042137"), NX_OK);
    duo_wait(&d, 119);
    EXPECT(dsb_pairing_to_dial(&d.typist.machine) != NULL);
    duo_wait(&d, 1);
    EXPECT(dsb_pairing_to_dial(&d.typist.machine) == NULL);
    EXPECT_STATUS(d.typist.last.status, NX_E_TIMEOUT);

    unit_row("a typist who hears nothing after his confirmation waits as long as a session lives");
    duo_init(&d, 1);
    d.trick_at = 4;
    d.trick = DUO_DROP;
    EXPECT(duo_pair(&d));
    duo_wait(&d, DSB_PAIRING_SESSION_S - 1);
    EXPECT_EQ(typist_state(&d), DSB_PAIRING_CONFIRMING);
    duo_wait(&d, 1);
    EXPECT_EQ(typist_state(&d), DSB_PAIRING_CLOSED);

    unit_row("a clock that jumps ahead ends what is open and no more");
    duo_init(&d, 1);
    EXPECT(duo_offer(&d) == NX_OK && duo_accept(&d, d.code) == NX_OK && duo_connect(&d) == NX_OK);
    d.now = nx_instant_after(d.now, nx_seconds(1000000));
    dsb_pairing_tick(&d.owner.machine, d.now);
    dsb_pairing_tick(&d.typist.machine, d.now);
    duo_run(&d);
    EXPECT_STATUS(d.owner.last.status, NX_E_TIMEOUT);
    EXPECT_STATUS(d.typist.last.status, NX_E_TIMEOUT);
    EXPECT(!duo_leaks(&d, &d.owner) && !duo_leaks(&d, &d.typist));
    EXPECT_STATUS(duo_offer(&d), NX_OK);

    unit_row("a clock that goes back ends what is open, as it cannot measure it");
    d.now = nx_instant_after((struct nx_instant){0}, nx_seconds(500));
    dsb_pairing_tick(&d.owner.machine, d.now);
    EXPECT_EQ(owner_state(&d), DSB_PAIRING_CLOSED);
    EXPECT(!duo_leaks(&d, &d.owner));

    unit_row("and frees nobody from a wait, nor makes it longer");
    duo_init(&d, 3);
    for (uint32_t i = 0; i < 3; i++)
        fail_once(&d);
    d.now = nx_instant_after((struct nx_instant){0}, nx_seconds(10));
    dsb_pairing_tick(&d.typist.machine, d.now);
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    d.now = nx_instant_after((struct nx_instant){0}, nx_seconds(69));
    EXPECT_STATUS(duo_offer(&d), NX_E_LIMIT);
    d.now = nx_instant_after((struct nx_instant){0}, nx_seconds(70));
    EXPECT_STATUS(duo_offer(&d), NX_OK);

    unit_row("nor gives digits back before their time");
    d.now = nx_instant_after((struct nx_instant){0}, nx_seconds(129));
    EXPECT_STATUS(duo_accept(&d, d.code), NX_E_LIMIT);
    d.now = nx_instant_after((struct nx_instant){0}, nx_seconds(130));
    EXPECT_STATUS(duo_accept(&d, d.code), NX_OK);
}

UNIT_SUITE(pairing_wait_test)
{
    budget_rows();
    spent_rows();
    time_rows();
}
