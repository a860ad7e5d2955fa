/* Offers and accepts: two programs, two devices, six digits, and every way in which it comes to nothing. */
#include "core/base/memory.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b, *c;
static struct desk_program *owner, *typist;
static char code[DSB_PAIRING_CODE_LEN + 1];

static void begin(void)
{
    desk = desk_begin();
    a = &desk->devices[0];
    b = &desk->devices[1];
    c = &desk->devices[2];
    fabric_hear(a->d, b->d, b->d->address);
    fabric_hear(b->d, a->d, a->d->address);
    owner = desk_join(a);
    typist = desk_join(b);
}

/* The digits of the offer whose news was just read. */
static void take_code(void)
{
    struct nx_bytes shown =
        dsoftbusd_pairing_begun_get_code(dsoftbusd_pairing_begun_root(&desk->body));

    memset(code, 0, sizeof(code));
    EXPECT_EQ(shown.len, DSB_PAIRING_CODE_LEN);
    memcpy(code, shown.ptr, shown.len < sizeof(code) ? shown.len : 0);
}

static void offer(struct desk_program *p, uint32_t id)
{
    desk_call_named(p, id, DSOFTBUSD_OPERATION_OFFER, p->at == a ? b->id : a->id);
    desk_expect_news(p, id);
    take_code();
}

static const char *wrong_code(void)
{
    static char wrong[DSB_PAIRING_CODE_LEN + 1];

    memcpy(wrong, code, sizeof(wrong));
    wrong[0] = wrong[0] == '1' ? '2' : '1';
    return wrong;
}

static bool holds_code(const struct desk_device *at)
{
    const uint8_t *bytes = (const uint8_t *)&at->engine;

    for (size_t i = 0; i + DSB_PAIRING_CODE_LEN <= sizeof(at->engine); i++) {
        if (memcmp(bytes + i, code, DSB_PAIRING_CODE_LEN) == 0)
            return true;
    }
    return false;
}

static void happy_rows(void)
{
    unit_row("digits go to who asked, and both sides are told that they are paired");
    begin();
    offer(owner, 1);
    desk_accept(typist, 1, a->id, code);
    desk_expect_news(typist, 1);
    EXPECT_EQ(dsoftbusd_pairing_begun_get_code(dsoftbusd_pairing_begun_root(&desk->body)).len, 0);
    desk_expect_reply(typist, 1, NX_OK);
    desk_expect_reply(owner, 1, NX_OK);
    EXPECT_BYTES(dsoftbusd_paired_get_id(dsoftbusd_paired_root(&desk->body)),
                 nx_bytes_of_text(b->id));
    EXPECT(fabric_session(a->d, b->d) != NULL);

    unit_row("no digit is left in the engines, typed or shown");
    EXPECT(!holds_code(a));
    EXPECT(!holds_code(b));

    unit_row("while they wait to be read by who asked, they are kept; when it goes they are not");
    begin();
    owner->unread_max = 0;
    desk_call_named(owner, 1, DSOFTBUSD_OPERATION_OFFER, b->id);
    memcpy(code, a->engine.clients[0].calls[0].secret_code, sizeof(code));
    EXPECT_EQ(nx_bytes_of_text(code).len, DSB_PAIRING_CODE_LEN);
    EXPECT(holds_code(a));
    desk_leave(owner);
    EXPECT(!holds_code(a));

    unit_row("a whole id that was never heard of can be offered to");
    begin();
    desk_call_named(owner, 1, DSOFTBUSD_OPERATION_OFFER, c->id);
    desk_expect_news(owner, 1);

    unit_row("a device may offer and accept at once, and the one that pairs answers both");
    begin();
    offer(owner, 1);
    offer(typist, 1);
    {
        struct desk_program *second = desk_join(a);

        desk_accept(second, 1, b->id, code);
        desk_expect_news(second, 1);
        desk_expect_reply(second, 1, NX_OK);
    }
    desk_expect_reply(typist, 1, NX_OK);
    desk_expect_reply(owner, 1, NX_OK);
}

/* ---- failures -------------------------------------------------------------------------------- */

static bool was_spent(void)
{
    return dsoftbusd_failure_get_code_spent(dsoftbusd_failure_root(&desk->body));
}

static void failure_rows(void)
{
    unit_row("wrong digits are told to both with what to do next, and are spent");
    begin();
    offer(owner, 1);
    desk_accept(typist, 1, a->id, wrong_code());
    desk_expect_news(typist, 1);
    desk_expect_failure(typist, 1, NX_E_DENIED,
                        "the digits were wrong, and are used up: have new ones offered there");
    EXPECT(was_spent());
    desk_expect_failure(owner, 1, NX_E_DENIED,
                        "wrong digits were typed there, and these are used up: offer new ones");
    EXPECT(was_spent());

    unit_row("an accept where nothing is offered says where to begin");
    begin();
    desk_accept(typist, 1, a->id, "123456");
    desk_expect_news(typist, 1);
    desk_expect_failure(
        typist, 1, NX_E_DENIED,
        "that device has no open offer for this one: begin there, with nx bus pair offer");
    EXPECT(!was_spent());

    unit_row("an accept that reaches nobody says which address did not answer");
    begin();
    a->d->host->refuses = true;
    desk_accept(typist, 1, a->id, "123456");
    desk_pass(nx_seconds(30));
    desk_expect_news(typist, 1);
    desk_expect_reply(typist, 1, NX_E_NOT_FOUND);
    {
        struct nx_bytes why = dsoftbusd_failure_get_why(dsoftbusd_failure_root(&desk->body));

        EXPECT(why.len > 15);
        if (why.len > 15)
            EXPECT_BYTES(nx_bytes_of(why.ptr, 16), nx_bytes_of_text("10.0.0.1:34567: "));
    }

    unit_row("an offer that nobody takes ends with its digits, at that moment");
    begin();
    offer(owner, 1);
    desk_pass(nx_seconds(DSB_PAIRING_CODE_LIFE_S - 1));
    desk_expect_nothing(owner);
    desk_pass(nx_seconds(1));
    desk_expect_failure(owner, 1, NX_E_TIMEOUT, "nobody typed the digits in time: offer new ones");

    unit_row("a second offer of this device is refused while one is open");
    begin();
    offer(owner, 1);
    {
        struct desk_program *second = desk_join(a);

        desk_call_named(second, 1, DSOFTBUSD_OPERATION_OFFER, c->id);
        desk_expect_failure(second, 1, NX_E_BUSY, "one pairing at a time, and one is under way");

        unit_row("and is in no way of its cancel: only who began it can take it back");
        desk_leave(second);
        desk_accept(typist, 1, a->id, code);
        desk_expect_reply(owner, 1, NX_OK);
    }

    unit_row("what is not stored is told with the store's own sentence");
    begin();
    offer(owner, 1);
    nx_store_memory_plan(&a->d->store, 1, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    desk_accept(typist, 1, a->id, code);
    desk_expect_reply(owner, 1, NX_E_NO_SPACE);
}

static void cancel_rows(void)
{
    const struct nx_ipc_head cancel = {
        .kind = NX_IPC_CANCEL, .operation = DSOFTBUSD_OPERATION_OFFER, .call_id = 1};
    struct desk_program *second;

    unit_row("an offer that is cancelled is over at both ends");
    begin();
    offer(owner, 1);
    desk_cancel(owner, 1);
    desk_expect_reply(owner, 1, NX_E_ABORTED);
    desk_expect_nothing(owner);
    desk_accept(typist, 1, a->id, code);
    desk_expect_news(typist, 1);
    desk_expect_reply(typist, 1, NX_E_DENIED);

    unit_row("a program that goes takes its offer with it, and the next one may offer");
    begin();
    offer(owner, 1);
    desk_leave(owner);
    EXPECT_EQ(dsb_pairing_state(&a->d->node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_CLOSED);
    owner = desk_join(a);
    offer(owner, 1);
    desk_accept(typist, 1, a->id, code);
    desk_expect_reply(owner, 1, NX_OK);

    unit_row("an accept that is cancelled ends, and may be tried again");
    begin();
    a->d->host->is_silent = true;
    desk_accept(typist, 1, a->id, "123456");
    desk_expect_news(typist, 1);
    desk_cancel(typist, 1);
    desk_expect_reply(typist, 1, NX_E_ABORTED);
    desk_pass(nx_seconds(60));
    desk_expect_nothing(typist);
    a->d->host->is_silent = false;
    fabric_hear(b->d, a->d, a->d->address);
    offer(owner, 1);
    desk_accept(typist, 2, a->id, code);
    desk_expect_news(typist, 2);
    desk_expect_reply(typist, 2, NX_OK);

    unit_row("an offer begun in the very turn that takes another one back is not taken for it");
    begin();
    second = desk_join(a);
    offer(owner, 1);
    desk_say(owner, &cancel, nx_bytes_of(NULL, 0));
    desk_call_named(second, 1, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_reply(owner, 1, NX_E_ABORTED);
    desk_expect_news(second, 1);
    take_code();
    desk_expect_nothing(second);
    desk_accept(typist, 1, a->id, code);
    desk_expect_reply(second, 1, NX_OK);
}

UNIT_SUITE(pairing_calls_test)
{
    happy_rows();
    failure_rows();
    cancel_rows();
}
