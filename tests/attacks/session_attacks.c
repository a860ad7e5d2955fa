/* Sessions, attacked: what was said before is said again, what was said to one is said to another,
 * somebody is less than he could be, or is somebody else.
 *
 * He owns the network between the devices: he reads, keeps, holds back and makes up every byte. Some rows
 * give him more: what a stolen disk image of a device without its seed would have, its Noise static and
 * its proofs, but not its Ed25519 key. */
#include "core/base/memory.h"
#include "core/bus/byte_stream.h"
#include "tests/attacks/attacker.h"
#include "tests/unit/unit.h"

static struct fabric *f;
static struct fabric_device *a, *b, *c;
static struct attacker m;
static struct line line;
static struct wire wire;

static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
    attacker_init(&m, f, 1);
    attacker_listen(&m);
}

/* `a` is paired with `c`, and has a session with it; and with `b`, which is paired and in session with
 * `a` by a wire through the attacker's machine. */
static void begin_wired(void)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    begin();
    fabric_pair(a, c);
    fabric_hear(b, a, m.address);
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, b->identity.id_text, code), NX_OK);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, a->identity.id_text, nx_bytes_of_text(code)), NX_OK);
    fabric_touch(a);
    fabric_touch(b);
    EXPECT(wire_open(&wire, &m, a));
    wire_run(&wire);
    wire_close(&wire);
    fabric_pass(f, nx_seconds(2));
    EXPECT(wire_open(&wire, &m, a));
    wire_run(&wire);
    EXPECT(fabric_session(a, b) != NULL && fabric_session(b, a) != NULL);
    fabric_forget_news(f);
}

/* `a` and `b` are paired and in session, without anybody between them; `b` is off then. */
static void begin_paired(void)
{
    begin();
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(2));
    fabric_switch_off(b, false);
    fabric_settle(f);
    fabric_forget_news(f);
}

/* Somebody dials him now, has said its first message and waits for the second. */
static void await_dial(void)
{
    for (int i = 0; i < 120; i++) {
        while (line_accept(&line, &m)) {
            if (!line_is_cut(&line) && line.in_len == DSB_HANDSHAKE_FIRST_LEN)
                return;
            line_close(&line); /* it did not wait for so long */
        }
        fabric_pass(f, nx_seconds(1));
    }
    EXPECT(false);
}

/* Nobody got in, and nobody was told that somebody did. */
static void expect_nobody(void)
{
    EXPECT(line.state != LINE_UP);
    EXPECT_EQ(a->news.up_count, 0);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP], 0);
    line_close(&line);
}

static void expect_dial_failed(const struct fabric_device *d, enum nx_status status)
{
    EXPECT_STATUS(d->news.last[DSB_CONNECTIONS_DIAL_FAILED].status, status);
    EXPECT_EQ(d->news.up_count, 0);
}

/* ---- said again -------------------------------------------------------------------------------- */

static void replay_rows(void)
{
    static uint8_t second[DSB_HANDSHAKE_FRAME_MAX];
    size_t second_len;

    unit_row("a whole session, said again byte for byte, is not let in");
    begin_wired();
    wire_close(&wire);
    fabric_switch_off(b, true);
    fabric_forget_news(f);
    line_connect(&line, &m, a->address);
    line_say(&line, nx_bytes_of(wire.to_far.bytes, wire.to_far.len));
    EXPECT(line_is_cut(&line));
    expect_nobody();

    unit_row(
        "a first message said again is answered, leads nowhere and is given up after five seconds");
    begin_wired();
    memcpy(second, wire.to_near.bytes, sizeof(second));
    second_len = 4 + ((size_t)second[2] << 8) + second[3];
    line_connect(&line, &m, a->address);
    line_say(&line, nx_bytes_of(wire.to_far.bytes, DSB_HANDSHAKE_FIRST_LEN));
    line_hear(&line);
    EXPECT(line.heard_count > 0);
    EXPECT(memcmp(line.in, second, second_len) != 0);
    fabric_pass(f, nx_seconds(DSB_HANDSHAKE_S));
    EXPECT(line_is_cut(&line));
    expect_nobody();

    unit_row("a second message of an earlier handshake is no answer to a new one");
    wire_close(&wire);
    await_dial();
    fabric_forget_news(f);
    line_say(&line, nx_bytes_of(second, second_len));
    EXPECT(line_is_cut(&line));
    expect_dial_failed(b, NX_E_CRYPTO);
    expect_nobody();

    unit_row("nor is his own first message, sent back to him");
    await_dial();
    line_say(&line, nx_bytes_of(line.in, line.in_len));
    EXPECT(line_is_cut(&line));
    expect_dial_failed(b, NX_E_CRYPTO);
    expect_nobody();
}

static void reflection_row(void)
{
    unit_row("a device that is led to itself knows that it is not whom it was looking for");
    begin();
    attacker_announce(a, m.identity.id_text, a->identity.noise_static, a->address);
    EXPECT_STATUS(
        dsb_node_pair_accept(&a->node, f->now, m.identity.id_text, nx_bytes_of_text("135790")),
        NX_OK);
    fabric_touch(a);
    EXPECT_STATUS(a->news.last[DSB_CONNECTIONS_DIAL_FAILED].status, NX_E_IDENTITY);
    EXPECT_STATUS(a->news.pairing_failure, NX_E_IDENTITY);
}

/* ---- records ------------------------------------------------------------------------------------- */

static uint8_t said[3][DSB_RECORD_MAX];
static size_t said_len[3];

/* `d` says a record, which does not get further than the wire: kept as the `index`th. */
static void hold_back(struct fabric_device *d, const struct fabric_device *to, size_t index)
{
    struct line *from = d == b ? &wire.near : &wire.far;

    dsb_mux_doubt(fabric_session(d, to), f->now); /* a PING */
    fabric_touch(d);
    line_hear(from);
    EXPECT(from->in_len > 0 && from->in_len < DSB_RECORD_MAX);
    memcpy(said[index], from->in, from->in_len);
    said_len[index] = from->in_len;
    from->in_len = 0;
}

/* `a` hears what is kept there. */
static void let_go(size_t index)
{
    line_say(&wire.far, nx_bytes_of(said[index], said_len[index]));
}

/* What `b` said as its `number`th, from 0, is kept as the `index`th. */
static void keep_from_tape(uint32_t number, size_t index)
{
    struct nx_reader r = nx_reader_over(nx_bytes_of(wire.to_far.bytes, wire.to_far.len));
    struct nx_writer out = nx_writer_over(said[index], sizeof(said[index]));

    for (uint32_t i = 0; i < number; i++)
        (void)nx_read_bytes(&r, nx_read_u32be(&r));
    uint32_t len = nx_read_u32be(&r);
    nx_write_u32be(&out, len);
    nx_write_bytes(&out, nx_read_bytes(&r, len));
    EXPECT(!r.short_read);
    said_len[index] = out.len;
}

enum record_trick {
    RECORD_PASSED,
    RECORD_TWICE,
    RECORD_OLD,
    RECORD_LEFT_OUT,
    RECORD_REFLECTED,
    RECORD_FIRST,
    RECORD_CHANGED,
    RECORD_SHORT,
};

static void play(enum record_trick trick)
{
    hold_back(b, a, 0);
    switch (trick) {
    case RECORD_PASSED:
        let_go(0);
        break;
    case RECORD_TWICE:
        let_go(0);
        let_go(0);
        break;
    case RECORD_OLD:
        let_go(0);
        hold_back(a, b, 1); /* so that time went by */
        let_go(0);
        break;
    case RECORD_LEFT_OUT:
        fabric_pass(f, nx_seconds(DSB_SESSION_DOUBT_S - 1));
        hold_back(b, a, 1);
        let_go(1);
        break;
    case RECORD_REFLECTED:
        hold_back(a, b, 1);
        let_go(1);
        break;
    case RECORD_FIRST:
        keep_from_tape(2, 1); /* behind two messages of the handshake */
        let_go(1);
        break;
    case RECORD_CHANGED:
        said[0][said_len[0] - 1] ^= 1;
        let_go(0);
        break;
    case RECORD_SHORT:
        said[0][3]--;
        let_go(0);
        break;
    }
}

static void record_rows(void)
{
    static const struct {
        const char *name;
        enum record_trick trick;
        bool ends;
    } rows[] = {
        {"a record that is passed on late is a record like any other", RECORD_PASSED, false},
        {"a record said twice ends its session, and no other", RECORD_TWICE, true},
        {"so does an old one said again", RECORD_OLD, true},
        {"and one that was left out", RECORD_LEFT_OUT, true},
        {"and one of the other direction, sent back to who said it", RECORD_REFLECTED, true},
        {"and the first one of all, its admission", RECORD_FIRST, true},
        {"and one bit that was changed", RECORD_CHANGED, true},
        {"and a length that was made shorter", RECORD_SHORT, true},
    };

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        unit_row(rows[i].name);
        begin_wired();
        play(rows[i].trick);
        EXPECT_EQ(a->news.ended_count, rows[i].ends);
        if (rows[i].ends) {
            EXPECT_STATUS(a->news.end.status, NX_E_CRYPTO);
            EXPECT_TEXT(a->news.end.why.text, "a record that does not open");
        }
        EXPECT(fabric_has_one_session(a, c));
        wire_close(&wire);
    }
}

static void truncation_row(void)
{
    static uint8_t bytes[1000];
    struct dsb_byte_stream from, to;
    size_t len;

    unit_row("a wire that is cut before the last record makes no end of what was sent");
    begin_wired();
    EXPECT_STATUS(dsb_byte_stream_open(&from, fabric_session(b, a), nx_bytes_of_text("t")), NX_OK);
    fabric_touch(b);
    wire_run(&wire);
    EXPECT_EQ(a->news.opened_count, 1);
    to = (struct dsb_byte_stream){fabric_session(a, b), a->news.opened};
    EXPECT_STATUS(dsb_byte_stream_push(&from, f->now, nx_bytes_of(bytes, sizeof(bytes)), &len),
                  NX_OK);
    fabric_touch(b);
    wire_run(&wire);
    EXPECT_STATUS(dsb_mux_finish(from.mux, from.stream), NX_OK);
    fabric_touch(b);
    line_hear(&wire.near);
    EXPECT(wire.near.in_len > 0); /* CLOSE is held back */
    EXPECT_STATUS(nx_net_finish(&m.net, wire.far.socket), NX_OK);
    fabric_settle(f);
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, NX_E_CLOSED);
    EXPECT_STATUS(a->news.stream_end.status, NX_E_CLOSED);
    EXPECT_STATUS(dsb_byte_stream_pull(&to, bytes, sizeof(bytes), &len), NX_E_CLOSED);
    wire_close(&wire);
}

/* ---- less than he could be --------------------------------------------------------------------------- */

/* What a device has, but for the Ed25519 key: its Noise static, and the proofs that it once signed. */
struct stolen {
    struct dsb_identity identity;
    struct dsb_credentials credentials;
};

static void steal(struct stolen *s, const struct fabric_device *from)
{
    s->identity = from->identity;
    s->credentials = from->credentials;
    s->credentials.identity = &s->identity;
    memset(s->identity.secret_seed, 0x66, sizeof(s->identity.secret_seed)); /* that he has not */
}

/* A request of protocol 0, by whoever `as` is. */
static bool ask_as_v1(const struct dsb_credentials *as, const struct dsb_identity *identity)
{
    line_connect(&line, &m, a->address);
    if (!line_shake(&line, a, as))
        return false;
    line.request = (struct dsb_connect_request){.protocol = DSB_PROTOCOL_V1};
    memcpy(line.request.id, identity->id, DSB_ID_LEN);
    return line_ask(&line);
}

static void expect_v1_refused(void)
{
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_V1);
    EXPECT(!line.response.has_attestation);
    expect_nobody();
}

static void downgrade_rows(void)
{
    static struct stolen stolen;

    unit_row("a stranger that says it is a v1 node is not served as one");
    begin();
    EXPECT(!ask_as_v1(NULL, &m.identity));
    expect_v1_refused();

    unit_row("one that is on the list is: what the rows around it are worth");
    EXPECT_STATUS(dsb_node_allow_v1(&a->node, m.identity.id_text), NX_OK);
    EXPECT(ask_as_v1(NULL, &m.identity));
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP], 1);
    line_close(&line);

    unit_row("until it attests once: from then on it is native, on the list or not");
    fabric_pass(f, nx_seconds(2));
    fabric_forget_news(f);
    EXPECT(!line_dial(&line, &m, a, DSB_PURPOSE_SESSION, false));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_UNKNOWN);
    line_close(&line);
    EXPECT(!ask_as_v1(NULL, &m.identity));
    expect_v1_refused();

    unit_row(
        "the static and the proofs of a paired device, without its Ed25519 key, are no v1 node");
    begin_paired();
    steal(&stolen, b);
    EXPECT(!ask_as_v1(&stolen.credentials, &stolen.identity));
    expect_v1_refused();

    unit_row("nor a native one: what they sign is not what it would have signed");
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, &stolen.credentials));
    line_make_request(&line, &stolen.identity, DSB_PURPOSE_SESSION, true);
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
    EXPECT(!line.response.has_attestation);
    expect_nobody();

    unit_row("nor one that does not sign at all");
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, &stolen.credentials));
    line_make_request(&line, &stolen.identity, DSB_PURPOSE_SESSION, true);
    line.request.has_attestation = false;
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_DENIED);
    expect_nobody();

    unit_row("nor a v1 node once it was unpaired and the list has it");
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    (void)!dsb_node_allow_v1(&a->node, b->identity.id_text);
    EXPECT(!ask_as_v1(&stolen.credentials, &stolen.identity));
    expect_v1_refused();
}

/* `b` dials `a`, and reaches the attacker, who has stolen what `a` has but for its Ed25519 key. */
static void begin_answering(struct stolen *stolen)
{
    begin_wired();
    steal(stolen, a);
    wire_close(&wire);
    await_dial();
    fabric_forget_news(f);
    EXPECT(line_shake_back(&line, &stolen->credentials));
    EXPECT(line_take_request(&line));
}

static void answer_rows(void)
{
    static struct stolen stolen;

    unit_row("who is dialled and answers as a v1 node is not the paired device that was dialled");
    begin_answering(&stolen);
    line.response = (struct dsb_connect_response){.ok = true};
    line_respond(&line);
    expect_dial_failed(b, NX_E_IDENTITY);
    line_close(&line);

    unit_row("nor is it one that cannot sign");
    begin_answering(&stolen);
    line_make_response(&line, &stolen.identity);
    line_respond(&line);
    expect_dial_failed(b, NX_E_CRYPTO);
    line_close(&line);
}

/* ---- somebody else -------------------------------------------------------------------------------------- */

/* The text of his own proof, with `new` where the id was. */
static struct dsb_credentials with_id_text(const char *new_text)
{
    struct dsb_credentials as = m.credentials;
    struct dsb_identity_proof *proof = &as.proofs[DSB_PROOF_CLIENT];
    const struct dsb_identity_proof *own = &m.credentials.proofs[DSB_PROOF_CLIENT];
    const size_t at = sizeof("{\"device_id\":\"") - 1;
    struct nx_writer out = nx_writer_over(proof->text, sizeof(proof->text));

    nx_write_bytes(&out, nx_bytes_of(own->text, at));
    nx_write_bytes(&out, nx_bytes_of_text(new_text));
    nx_write_bytes(&out, nx_bytes_of(own->text + at + 64, own->len - at - 64));
    EXPECT(!out.overflow);
    proof->len = out.len;
    return as;
}

static void upper(char text[DSB_ID_TEXT_MAX + 1])
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] >= 'a')
            text[i] = (char)(text[i] - 'a' + 'A');
    }
}

/* He shows this proof: he is not even asked what he wants. */
static void expect_no_proof(const struct dsb_credentials *as)
{
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, as));
    line_make_request(&line, &m.identity, DSB_PURPOSE_SESSION, true);
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.in_len, 0);
    EXPECT(line_is_cut(&line));
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_TURNED_AWAY], 0);
    expect_nobody();
    fabric_pass(f, nx_seconds(6));
}

static void proof_rows(void)
{
    struct dsb_credentials as;
    char text[2 * DSB_ID_TEXT_MAX + 40];

    unit_row("the proof of a paired device over another's static is no proof");
    begin_paired();
    as = m.credentials;
    as.proofs[DSB_PROOF_CLIENT] = b->credentials.proofs[DSB_PROOF_CLIENT];
    expect_no_proof(&as);

    unit_row("nor is one's own that names a paired device's id");
    as = with_id_text(b->identity.id_text);
    expect_no_proof(&as);

    unit_row("nor his own id in capitals, so that no device has two");
    memcpy(text, m.identity.id_text, DSB_ID_TEXT_MAX + 1);
    upper(text);
    as = with_id_text(text);
    expect_no_proof(&as);

    unit_row("nor one with a character more, or a space, or a NUL behind it");
    memcpy(text, m.identity.id_text, DSB_ID_TEXT_MAX);
    memcpy(text + DSB_ID_TEXT_MAX, "0", 2);
    as = with_id_text(text);
    expect_no_proof(&as);
    text[DSB_ID_TEXT_MAX] = ' ';
    as = with_id_text(text);
    expect_no_proof(&as);
    memcpy(text + DSB_ID_TEXT_MAX, "\\u0000", 7);
    as = with_id_text(text);
    expect_no_proof(&as);

    unit_row("nor both ids, whichever comes first");
    as = m.credentials; /* without the key's last number: that there is room for both */
    struct nx_writer out =
        nx_writer_over(as.proofs[DSB_PROOF_CLIENT].text, sizeof(as.proofs[DSB_PROOF_CLIENT].text));
    nx_write_bytes(&out, nx_bytes_of_text("{\"device_id\":\""));
    nx_write_bytes(&out, nx_bytes_of_text(m.identity.id_text));
    nx_write_bytes(&out, nx_bytes_of_text("\",\"device_id\":\""));
    nx_write_bytes(&out, nx_bytes_of_text(b->identity.id_text));
    nx_write_bytes(&out, nx_bytes_of_text("\"}"));
    as.proofs[DSB_PROOF_CLIENT].len = out.len;
    expect_no_proof(&as);

    unit_row("nor his own of the other role");
    as = m.credentials;
    as.proofs[DSB_PROOF_CLIENT] = m.credentials.proofs[DSB_PROOF_SERVER];
    expect_no_proof(&as);
}

static void admission_rows(void)
{
    uint8_t attestation[NX_ED25519_SIGNATURE_LEN];

    unit_row(
        "a request in the name of a paired device, after a handshake in one's own, is refused");
    begin_paired();
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, NULL));
    line_make_request(&line, &m.identity, DSB_PURPOSE_SESSION, true);
    memcpy(attestation, line.request.attestation, sizeof(attestation));
    memcpy(line.request.id, b->identity.id, DSB_ID_LEN);
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
    expect_nobody();

    unit_row("an attestation of an earlier session is none of this one");
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, NULL));
    line_make_request(&line, &m.identity, DSB_PURPOSE_SESSION, true);
    memcpy(line.request.attestation, attestation, sizeof(attestation));
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
    expect_nobody();

    unit_row("one that says less than it signed, or more, does not hold");
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, NULL));
    line_make_request(&line, &m.identity, DSB_PURPOSE_SESSION, false);
    line.request.is_paired = true;
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
    expect_nobody();

    unit_row("who says that he is paired, and is not, is told one-sided and let in nowhere");
    EXPECT(!line_dial(&line, &m, a, DSB_PURPOSE_SESSION, true));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_ONE_SIDED);
    expect_nobody();
}

/* What `b` said when it dialled the attacker to pair with him: all that he was ever given of `b`. */
static void relayed_row(void)
{
    static struct stolen stolen;
    uint8_t attestation[NX_ED25519_SIGNATURE_LEN];

    unit_row("what a paired device attested to him is worth nothing elsewhere, its static stolen "
             "and all");
    begin();
    fabric_pair(a, b);
    steal(&stolen, b);
    attacker_announce(b, m.identity.id_text, m.identity.noise_static, m.address);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, m.identity.id_text, nx_bytes_of_text("135790")),
        NX_OK);
    fabric_touch(b);
    EXPECT(line_answer(&line, &m));
    memcpy(attestation, line.request.attestation, sizeof(attestation));
    line_close(&line);
    fabric_pass(f, nx_seconds(2));
    fabric_forget_news(f);
    for (uint32_t is_paired = 0; is_paired < 2; is_paired++) {
        line_connect(&line, &m, a->address);
        EXPECT(line_shake(&line, a, &stolen.credentials));
        line_make_request(&line, &stolen.identity, DSB_PURPOSE_PAIR, is_paired);
        memcpy(line.request.attestation, attestation, sizeof(attestation));
        EXPECT(!line_ask(&line));
        EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
        expect_nobody();
    }
    EXPECT(fabric_has_one_session(a, b));
}

static void other_key_rows(void)
{
    static struct dsb_identity other;
    static struct dsb_credentials as;

    unit_row("a paired device's Ed25519 key over another static is another identity, and changes "
             "no pin");
    begin_paired();
    other = b->identity;
    memcpy(other.secret_noise, m.identity.secret_noise, sizeof(other.secret_noise));
    memcpy(other.noise_static, m.identity.noise_static, sizeof(other.noise_static));
    dsb_credentials_init(&as, &other);
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, &as));
    line_make_request(&line, &other, DSB_PURPOSE_SESSION, true);
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
    expect_nobody();
    line_connect(&line, &m, a->address);
    EXPECT(line_shake(&line, a, &as));
    line_make_request(&line, &other, DSB_PURPOSE_PAIR, true);
    EXPECT(!line_ask(&line));
    EXPECT_EQ(line.response.refusal, DSB_REFUSAL_IDENTITY);
    expect_nobody();
    fabric_switch_on(b);
    fabric_hear(b, a, a->address);
    fabric_pass(f, nx_seconds(10));
    EXPECT(fabric_has_one_session(a, b));

    unit_row("an unknown device announced with his static is not paired with under its own id");
    begin();
    attacker_announce(b, a->identity.id_text, m.identity.noise_static, m.address);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, a->identity.id_text, nx_bytes_of_text("135790")),
        NX_OK);
    fabric_touch(b);
    EXPECT(line_accept(&line, &m));
    EXPECT(!line_shake_back(&line, NULL));
    EXPECT_STATUS(b->news.pairing_failure, NX_E_IDENTITY);
    expect_nobody();

    unit_row("a paired one announced so is dialled by its pinned static, which he cannot answer");
    begin_paired();
    fabric_forget_news(f);
    attacker_announce(a, b->identity.id_text, m.identity.noise_static, m.address);
    attacker_announce(a, b->identity.id_text, b->identity.noise_static, m.address);
    await_dial();
    EXPECT(!line_shake_back(&line, NULL));
    expect_nobody();
}

UNIT_SUITE(session_attacks)
{
    replay_rows();
    reflection_row();
    record_rows();
    truncation_row();
    downgrade_rows();
    answer_rows();
    proof_rows();
    admission_rows();
    relayed_row();
    other_key_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
