/* Pairing, attacked over the network: in the middle of two devices whose persons take him for the other
 * one, and from outside by whoever wants to spoil it.
 *
 * The devices are whole: node, connections, gate, registry. The attacker's machine has keys of its own,
 * answers at addresses of its own, and ends both channels itself. The code he does not know, but in the
 * rows that show that he would otherwise have got through. */
#include "core/base/memory.h"
#include "core/node/judge.h"
#include "tests/attacks/attacker.h"
#include "tests/unit/unit.h"

static struct fabric *f;
static struct fabric_device *a, *b, *c;
static struct attacker m, n;
static struct line line, other;
static struct wire wire;
static char code[DSB_PAIRING_CODE_LEN + 1];

static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
    attacker_init(&m, f, 1);
    attacker_init(&n, f, 2);
    attacker_listen(&m);
    attacker_listen(&n);
}

static void offer(struct fabric_device *d, const char *id_text)
{
    EXPECT_STATUS(dsb_node_pair_offer(&d->node, f->now, id_text, code), NX_OK);
    fabric_touch(d);
}

static enum nx_status type(struct fabric_device *d, const char *id_text)
{
    enum nx_status status = dsb_node_pair_accept(&d->node, f->now, id_text, nx_bytes_of_text(code));

    fabric_touch(d);
    return status;
}

static bool is_paired(const struct fabric_device *d, const uint8_t id[DSB_ID_LEN])
{
    return dsb_registry_find(&d->node.registry, id) != NULL;
}

static uint32_t failed_count(const struct fabric_device *d)
{
    return dsb_pairing_failed_count(&d->node.pairing);
}

static enum dsb_pairing_state state_of(const struct fabric_device *d, enum dsb_pairing_role role)
{
    return dsb_pairing_state(&d->node.pairing, role);
}

/* ---- what he says --------------------------------------------------------------------------- */

/* Pass on what comes next. */
static enum dsb_pairing_message_kind relay(struct line *from, struct line *to)
{
    const struct dsb_pairing_message message = line_hear_pair(from);

    if (message.kind != DSB_PAIRING_NO)
        line_say_pair(to, message.kind, message.value);
    return message.kind;
}

static const char *wrong(void)
{
    static char digits[DSB_PAIRING_CODE_LEN + 1];

    memcpy(digits, code, sizeof(digits));
    digits[0] ^= 1;
    return digits;
}

/* ---- in the middle ------------------------------------------------------------------------------ */

/* `a` shows a code for him, its person reads it out, and at `b` it is typed for him: both take him for
 * the other device. `line` leads to `b`, the typist, and `other` to `a`. */
static void begin_between(void)
{
    begin();
    attacker_announce(a, m.identity.id_text, m.identity.noise_static, m.address);
    attacker_announce(b, m.identity.id_text, m.identity.noise_static, m.address);
    offer(a, m.identity.id_text);
    EXPECT_STATUS(type(b, m.identity.id_text), NX_OK);
    EXPECT(line_answer(&line, &m));
    EXPECT(line_dial(&other, &m, a, DSB_PURPOSE_PAIR, false));
}

static void end_between(void)
{
    line_close(&line);
    line_close(&other);
    fabric_pass(f, nx_seconds(5));
    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        EXPECT_EQ(dsb_registry_count(&f->devices[i].node.registry), 0);
}

static void relay_rows(void)
{
    unit_row(
        "in the middle, every message passed on: the right digits pair nobody, and both are told");
    begin_between();
    EXPECT_EQ(relay(&line, &other), DSB_PAIRING_START);
    EXPECT_EQ(relay(&other, &line), DSB_PAIRING_SHARE);
    EXPECT_EQ(relay(&line, &other), DSB_PAIRING_CONFIRM_TYPIST);
    EXPECT_EQ(line_hear_pair(&other).no, DSB_PAIRING_NO_WRONG_CODE);
    EXPECT_STATUS(a->news.pairing_failure, NX_E_DENIED);
    EXPECT_EQ(failed_count(a), 1);
    line_close(&line);
    fabric_settle(f);
    EXPECT(b->news.pairing_failure != NX_OK);
    EXPECT_EQ(failed_count(b), 1);
    end_between();

    unit_row("the typist's confirmation held back, he types again: his digits are refused, for any "
             "peer");
    begin_between();
    EXPECT_EQ(relay(&line, &other), DSB_PAIRING_START);
    EXPECT_EQ(relay(&other, &line), DSB_PAIRING_SHARE);
    EXPECT_EQ(line_hear_pair(&line).kind, DSB_PAIRING_CONFIRM_TYPIST);
    line_close(&line);
    fabric_settle(f);
    EXPECT_STATUS(type(b, m.identity.id_text), NX_E_DENIED);
    EXPECT_STATUS(type(b, n.identity.id_text), NX_E_DENIED);
    end_between();

    unit_row("a wire that passes on the bytes of both pairs the right two, and him with nobody");
    begin();
    fabric_hear(a, b, b->address);
    fabric_hear(b, a, m.address);
    offer(a, b->identity.id_text);
    EXPECT_STATUS(type(b, a->identity.id_text), NX_OK);
    EXPECT(wire_open(&wire, &m, a));
    wire_run(&wire);
    EXPECT(is_paired(a, b->identity.id) && is_paired(b, a->identity.id));
    EXPECT(!is_paired(a, m.identity.id) && !is_paired(b, m.identity.id));
    wire_close(&wire);
}

static void guess_rows(void)
{
    unit_row("his own run with a wrong guess costs the code, and a second one is not begun");
    begin_between();
    EXPECT_EQ(line_pair_as_typist(&other, a, wrong()).no, DSB_PAIRING_NO_WRONG_CODE);
    EXPECT_EQ(failed_count(a), 1);
    line_close(&other);
    EXPECT(!line_dial(&other, &m, a, DSB_PURPOSE_PAIR, false));
    EXPECT_EQ(other.response.refusal, DSB_REFUSAL_DENIED);
    end_between();

    unit_row("with a right guess he is in: one in a million, and what the rows before are worth");
    begin_between();
    EXPECT_EQ(line_pair_as_typist(&other, a, code).kind, DSB_PAIRING_CONFIRM_OWNER);
    EXPECT(is_paired(a, m.identity.id));
    line_close(&line);
    line_close(&other);
}

static void role_rows(void)
{
    uint8_t value[DSB_PAIRING_VALUE_LEN];

    unit_row(
        "his own share sent back to a typist ends the run, before the digits were worth anything");
    begin_between();
    memcpy(value, line_hear_pair(&line).value, sizeof(value));
    line_say_pair(&line, DSB_PAIRING_SHARE, value);
    EXPECT_EQ(line_hear_pair(&line).no, DSB_PAIRING_NO_MALFORMED);
    EXPECT_STATUS(b->news.pairing_failure, NX_E_CRYPTO);
    EXPECT_EQ(failed_count(b), 0);
    EXPECT_STATUS(type(b, m.identity.id_text), NX_OK); /* they may be typed again */
    end_between();

    unit_row("an owner's share sent back to it as a start, and as a confirmation");
    begin_between();
    line_say_pair(&other, DSB_PAIRING_START, line_hear_pair(&line).value);
    memcpy(value, line_hear_pair(&other).value, sizeof(value));
    line_say_pair(&other, DSB_PAIRING_CONFIRM_TYPIST, value);
    EXPECT_EQ(line_hear_pair(&other).no, DSB_PAIRING_NO_WRONG_CODE);
    EXPECT_EQ(failed_count(a), 1);
    end_between();

    unit_row(
        "one device made owner and typist of the same digits, its own messages passed to itself");
    begin();
    attacker_announce(b, m.identity.id_text, m.identity.noise_static, m.address);
    offer(b, n.identity.id_text);
    EXPECT_STATUS(type(b, m.identity.id_text), NX_OK); /* "type what you see" */
    EXPECT(line_answer(&line, &m));
    EXPECT(line_dial(&other, &n, b, DSB_PURPOSE_PAIR, false));
    EXPECT_EQ(relay(&line, &other), DSB_PAIRING_START);
    EXPECT_EQ(relay(&other, &line), DSB_PAIRING_SHARE);
    EXPECT_EQ(relay(&line, &other), DSB_PAIRING_CONFIRM_TYPIST);
    EXPECT_EQ(line_hear_pair(&other).no, DSB_PAIRING_NO_WRONG_CODE);
    end_between();

    unit_row("both made typists: one's start given to the other as a share confirms nothing");
    begin();
    memcpy(code, "135790", sizeof(code));
    attacker_announce(a, m.identity.id_text, m.identity.noise_static, m.address);
    attacker_announce(b, n.identity.id_text, n.identity.noise_static, n.address);
    EXPECT_STATUS(type(a, m.identity.id_text), NX_OK);
    EXPECT_STATUS(type(b, n.identity.id_text), NX_OK);
    EXPECT(line_answer(&line, &m) && line_answer(&other, &n));
    memcpy(value, line_hear_pair(&line).value, sizeof(value));
    line_say_pair(&line, DSB_PAIRING_SHARE, line_hear_pair(&other).value);
    line_say_pair(&other, DSB_PAIRING_SHARE, value);
    memcpy(value, line_hear_pair(&line).value, sizeof(value));
    line_say_pair(&line, DSB_PAIRING_CONFIRM_OWNER, line_hear_pair(&other).value);
    line_say_pair(&other, DSB_PAIRING_CONFIRM_OWNER, value);
    EXPECT_STATUS(a->news.pairing_failure, NX_E_DENIED);
    EXPECT_STATUS(b->news.pairing_failure, NX_E_DENIED);
    end_between();
}

static void mode_rows(void)
{
    uint8_t start[DSB_PAIRING_MESSAGE_MAX];

    unit_row("a start of another mode is refused, and three of them are all that a code bears");
    begin_between();
    start[0] = DSB_PAIRING_START;
    start[1] = DSB_PAIRING_MODE_ENTER + 1;
    memcpy(start + 2, line_hear_pair(&line).value, DSB_PAIRING_VALUE_LEN);
    for (uint32_t i = 1; i <= DSB_PAIRING_STARTS_MAX; i++) {
        line_say_pair_bytes(&other, nx_bytes_of(start, sizeof(start)));
        EXPECT_EQ(line_hear_pair(&other).no, DSB_PAIRING_NO_UNSUPPORTED);
        EXPECT_EQ(state_of(a, DSB_PAIRING_OWNER),
                  i < DSB_PAIRING_STARTS_MAX ? DSB_PAIRING_OPEN : DSB_PAIRING_CLOSED);
        line_close(&other);
        EXPECT_EQ(line_dial(&other, &m, a, DSB_PURPOSE_PAIR, false), i < DSB_PAIRING_STARTS_MAX);
    }
    end_between();
}

static void open_stream(struct line *to)
{
    const struct dsb_frame frame = {.kind = DSB_FRAME_OPEN,
                                    .stream_id = 1,
                                    .window = DSB_CREDIT_INITIAL,
                                    .body = nx_bytes_of_text("byte/x")};

    line_say_frame(to, &frame);
}

static void purpose_rows(void)
{
    unit_row("a session for pairing opens no stream: it ends, and the code is as good as before");
    begin_between();
    open_stream(&other);
    EXPECT(line_is_cut(&other));
    EXPECT_EQ(a->news.opened_count, 0);
    EXPECT_EQ(state_of(a, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
    EXPECT_EQ(failed_count(a), 0);
    end_between();

    unit_row("nor does it when the pairing went well: whoever is paired dials anew");
    begin_between();
    EXPECT_EQ(line_pair_as_typist(&other, a, code).kind, DSB_PAIRING_CONFIRM_OWNER);
    EXPECT(is_paired(a, m.identity.id));
    open_stream(&other);
    EXPECT_EQ(a->news.opened_count, 0);
    EXPECT_EQ(a->news.up_count, 0);
    line_close(&line);
    line_close(&other);
}

/* ---- spoiling it ---------------------------------------------------------------------------------- */

static void burning_rows(void)
{
    unit_row(
        "strangers who come for an offer that is another's burn nothing, and the right one pairs");
    begin();
    fabric_hear(a, b, b->address);
    fabric_hear(b, a, a->address);
    offer(a, b->identity.id_text);
    for (uint8_t i = 0; i < 20; i++) {
        attacker_init(&m, f, (uint8_t)(10 + i));
        EXPECT(!line_dial(&line, &m, a, DSB_PURPOSE_PAIR, false));
        EXPECT_EQ(line.response.refusal, DSB_REFUSAL_DENIED);
        line_close(&line);
        fabric_pass(f, nx_milliseconds(200));
    }
    EXPECT_EQ(failed_count(a), 0);
    EXPECT_STATUS(a->news.pairing_failure, NX_OK);
    EXPECT_STATUS(type(b, a->identity.id_text), NX_OK);
    fabric_pass(f, nx_seconds(3));
    EXPECT(is_paired(a, b->identity.id));

    unit_row("the one whom the offer names holds one link of it, and a second one is busy");
    begin();
    offer(a, m.identity.id_text);
    EXPECT(line_dial(&other, &m, a, DSB_PURPOSE_PAIR, false));
    for (int i = 0; i < 6; i++) {
        EXPECT(!line_dial(&line, &m, a, DSB_PURPOSE_PAIR, false));
        EXPECT_EQ(line.response.refusal, DSB_REFUSAL_BUSY);
        line_close(&line);
        fabric_pass(f, nx_seconds(1));
    }
    EXPECT_EQ(state_of(a, DSB_PAIRING_OWNER), DSB_PAIRING_STARTING);

    unit_row("and if he says nothing in it, for as long as the code lives");
    EXPECT_STATUS(a->news.pairing_failure, NX_OK);
    fabric_pass(f, nx_seconds(DSB_PAIRING_SESSION_S));
    EXPECT_STATUS(a->news.pairing_failure, NX_E_TIMEOUT);
    EXPECT(line_is_cut(&other));
    line_close(&other);

    unit_row(
        "who burns the codes that are offered to him has to wait, is told of, and others pair");
    begin();
    for (uint32_t i = 1; i <= DSB_PAIRING_FAILED_FREE; i++) {
        memset(&a->news, 0, sizeof(a->news));
        offer(a, m.identity.id_text);
        EXPECT(line_dial(&other, &m, a, DSB_PURPOSE_PAIR, false));
        EXPECT_EQ(line_pair_as_typist(&other, a, wrong()).no, DSB_PAIRING_NO_WRONG_CODE);
        EXPECT_STATUS(a->news.pairing_failure, NX_E_DENIED);
        EXPECT_EQ(failed_count(a), i);
        line_close(&other);
        fabric_pass(f, nx_seconds(1));
    }
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, m.identity.id_text, code), NX_E_LIMIT);
    fabric_pair(a, b);
    EXPECT(is_paired(a, b->identity.id));
}

static void many_ids_row(void)
{
    unit_row("ten ids that burn a code each end all pairing for an hour, and no longer");
    begin();
    struct nx_instant first = f->now;
    for (uint8_t i = 0; i < DSB_PAIRING_FAILED_PER_HOUR; i++) {
        attacker_init(&m, f, (uint8_t)(10 + i));
        offer(a, m.identity.id_text);
        EXPECT(line_dial(&other, &m, a, DSB_PURPOSE_PAIR, false));
        EXPECT_EQ(line_pair_as_typist(&other, a, wrong()).no, DSB_PAIRING_NO_WRONG_CODE);
        line_close(&other);
        fabric_pass(f, nx_seconds(2));
    }
    EXPECT_EQ(failed_count(a), DSB_PAIRING_FAILED_PER_HOUR);
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, b->identity.id_text, code), NX_E_LIMIT);
    EXPECT_STATUS(
        dsb_node_pair_accept(&a->node, f->now, b->identity.id_text, nx_bytes_of_text("123456")),
        NX_E_LIMIT);

    unit_row("nor does a restart end it");
    fabric_switch_off(a, true);
    fabric_switch_on(a); /* a wait goes on with what was left when it was last stored */
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, b->identity.id_text, code), NX_E_LIMIT);
    fabric_pass(f, nx_duration_between(f->now, nx_instant_after(first, nx_seconds(3600 + 60))));
    fabric_pair(a, b);
    EXPECT(is_paired(a, b->identity.id));
}

/* A line that is cut in the middle of each run, by whoever holds it. */
static void cutting_row(void)
{
    unit_row(
        "a wire that is cut in each run costs a code its three starts, pairs nobody and is told");
    begin();
    fabric_hear(a, b, b->address);
    fabric_hear(b, a, m.address);
    offer(a, b->identity.id_text);
    for (uint32_t i = 0; i < DSB_PAIRING_STARTS_MAX; i++) {
        EXPECT_STATUS(type(b, a->identity.id_text), NX_OK);
        EXPECT(wire_open(&wire, &m, a));
        for (size_t passed = 0;
             state_of(a, DSB_PAIRING_OWNER) != DSB_PAIRING_CONFIRMING && passed < 20; passed++)
            wire_step(&wire);
        wire_close(&wire);
        fabric_pass(f, nx_seconds(2));
    }
    EXPECT_EQ(state_of(a, DSB_PAIRING_OWNER), DSB_PAIRING_CLOSED);
    EXPECT(a->news.pairing_failure != NX_OK && b->news.pairing_failure != NX_OK);
    EXPECT_EQ(failed_count(a) + failed_count(b), 0);
}

static void replay_row(void)
{
    unit_row("a pairing that went well, said once more byte for byte, pairs nobody");
    begin();
    fabric_hear(a, b, b->address);
    fabric_hear(b, a, m.address);
    offer(a, b->identity.id_text);
    EXPECT_STATUS(type(b, a->identity.id_text), NX_OK);
    EXPECT(wire_open(&wire, &m, a));
    wire_run(&wire);
    wire_close(&wire);
    EXPECT(is_paired(a, b->identity.id));
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    fabric_switch_off(b, true);
    offer(a, b->identity.id_text);
    line_connect(&line, &m, a->address);
    line_say(&line, nx_bytes_of(wire.to_far.bytes, wire.to_far.len));
    EXPECT(line_is_cut(&line));
    EXPECT(!is_paired(a, b->identity.id));
    EXPECT_EQ(state_of(a, DSB_PAIRING_OWNER),
              DSB_PAIRING_OPEN); /* and the code is as good as it was */
    EXPECT_EQ(failed_count(a), 0);
    line_close(&line);
}

UNIT_SUITE(pairing_attacks)
{
    relay_rows();
    guess_rows();
    role_rows();
    mode_rows();
    purpose_rows();
    burning_rows();
    many_ids_row();
    cutting_row();
    replay_row();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
