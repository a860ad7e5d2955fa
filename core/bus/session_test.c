#include "core/bus/session.h"

#include "core/base/memory.h"
#include "core/bus/session_duo.h"
#include "tests/unit/unit.h"

static struct session_duo duo; /* too large for a board's stack */

static const struct dsb_session_dial to_talk = {
    .purpose = DSB_PURPOSE_SESSION, .is_paired = true, .protocol = DSB_PROTOCOL_NATIVE};
static const struct dsb_session_dial to_talk_unpaired = {
    .purpose = DSB_PURPOSE_SESSION, .is_paired = false, .protocol = DSB_PROTOCOL_NATIVE};
static const struct dsb_session_dial to_pair = {
    .purpose = DSB_PURPOSE_PAIR, .is_paired = false, .protocol = DSB_PROTOCOL_NATIVE};
static const struct dsb_session_dial to_v1 = {
    .purpose = DSB_PURPOSE_SESSION, .is_paired = false, .protocol = DSB_PROTOCOL_V1};

static void expect_over(const struct session_end *end, enum nx_status status)
{
    EXPECT_EQ(end->session.state, DSB_SESSION_OVER);
    EXPECT_STATUS(end->session.end.status, status);
    EXPECT(end->session.end.why.text[0] != '\0');
}

/* ---- what goes well -------------------------------------------------------------------------- */

static void expect_talk(struct session_end *from, struct session_end *to, const char *text)
{
    session_duo_say(from, to, nx_bytes_of_text(text));
    session_duo_take(&duo, to);
    EXPECT_BYTES(nx_bytes_of(to->plain, to->plain_len), nx_bytes_of_text(text));
    EXPECT_STATUS(to->status, NX_WOULD_BLOCK);
}

static void up_rows(void)
{
    unit_row("two devices that know each other have a session, and each knows whom it talks to");
    session_duo_begin(&duo, &to_talk);
    session_duo_come_up(&duo);
    EXPECT_BYTES(nx_bytes_of(duo.responder.session.peer.id, DSB_ID_LEN),
                 nx_bytes_of(duo.initiator.identity.id, DSB_ID_LEN));
    EXPECT_BYTES(nx_bytes_of(duo.initiator.session.peer.id, DSB_ID_LEN),
                 nx_bytes_of(duo.responder.identity.id, DSB_ID_LEN));
    EXPECT_BYTES(nx_bytes_of(duo.responder.session.peer_static, NX_X25519_LEN),
                 nx_bytes_of(duo.initiator.identity.noise_static, NX_X25519_LEN));
    EXPECT_BYTES(nx_bytes_of(duo.responder.session.h, NX_BLAKE2S_LEN),
                 nx_bytes_of(duo.initiator.session.h, NX_BLAKE2S_LEN));
    EXPECT_EQ(duo.initiator.session.terms.protocol, DSB_PROTOCOL_NATIVE);
    EXPECT(duo.initiator.session.has_attested && duo.responder.session.has_attested);

    unit_row("records go both ways once it is up");
    expect_talk(&duo.initiator, &duo.responder, "over there");
    expect_talk(&duo.responder, &duo.initiator, "and back");

    unit_row("it has no deadline once it is up, unless a record has begun");
    EXPECT(nx_instant_is_never(dsb_session_deadline(&duo.initiator.session)));
    EXPECT(nx_instant_is_never(dsb_session_deadline(&duo.responder.session)));

    unit_row("a session for pairing comes up between devices that do not know each other");
    session_duo_begin(&duo, &to_pair);
    session_duo_ask(&duo);
    EXPECT_EQ(duo.responder.session.terms.purpose, DSB_PURPOSE_PAIR);
    dsb_session_admit(&duo.responder.session, false);
    session_duo_settle(&duo);
    EXPECT_EQ(duo.initiator.session.state, DSB_SESSION_UP);
    EXPECT_EQ(duo.responder.session.state, DSB_SESSION_UP);

    unit_row("a v1 node asks as one, is answered as one, and nothing is attested");
    session_duo_begin(&duo, &to_v1);
    session_duo_ask(&duo);
    EXPECT_EQ(duo.responder.session.terms.protocol, DSB_PROTOCOL_V1);
    EXPECT(!duo.responder.session.has_attested);
    dsb_session_admit(&duo.responder.session, false);
    session_duo_settle(&duo);
    EXPECT_EQ(duo.initiator.session.state, DSB_SESSION_UP);
    EXPECT_EQ(duo.initiator.session.records.protocol, DSB_RECORDS_V1);
    EXPECT_EQ(duo.responder.session.records.protocol, DSB_RECORDS_V1);
    expect_talk(&duo.initiator, &duo.responder, "a frame");

    unit_row("one byte at a time makes the same session");
    session_duo_begin(&duo, &to_talk);
    for (size_t i = 0; i < 6000 && duo.initiator.session.state != DSB_SESSION_UP; i++) {
        static uint8_t wire[2][2 * DSB_SESSION_OUTPUT_MAX];
        static size_t len[2];
        struct session_end *ends[] = {&duo.initiator, &duo.responder};

        if (i == 0)
            len[0] = len[1] = 0;
        for (size_t e = 0; e < 2; e++) {
            struct nx_writer out = nx_writer_over(wire[e], sizeof(wire[e]));

            out.len = len[e];
            while (dsb_session_output(&ends[e]->session, &out))
                ;
            len[e] = out.len;
            if (len[e] > 0) {
                ends[1 - e]->in[ends[1 - e]->in_len++] = wire[e][0];
                memmove(wire[e], wire[e] + 1, --len[e]);
            }
            session_duo_take(&duo, ends[1 - e]);
            if (ends[1 - e]->session.state == DSB_SESSION_ASKED)
                dsb_session_admit(&ends[1 - e]->session, true);
        }
    }
    EXPECT_EQ(duo.initiator.session.state, DSB_SESSION_UP);
    EXPECT_EQ(duo.responder.session.state, DSB_SESSION_UP);
    session_duo_wipe(&duo);
}

/* ---- refusals -------------------------------------------------------------------------------- */

struct refusal_row {
    const char *name;
    const struct dsb_session_dial *dial;
    enum dsb_refusal refusal; /* NONE: the owner admits */
    bool responder_knows;
    enum dsb_refusal told; /* what the initiator hears */
    enum nx_status status; /* on both sides */
    bool is_attested;
};

static const struct refusal_row refusal_rows[] = {
    {"a refusal reaches the other side with its reason, attested", &to_talk, DSB_REFUSAL_LIMIT,
     true, DSB_REFUSAL_LIMIT, NX_E_LIMIT, true},
    {"refused as busy is busy on both sides", &to_talk, DSB_REFUSAL_BUSY, true, DSB_REFUSAL_BUSY,
     NX_E_BUSY, true},
    {"refused for its keys is an identity that does not hold", &to_talk, DSB_REFUSAL_IDENTITY,
     false, DSB_REFUSAL_IDENTITY, NX_E_IDENTITY, true},
    {"refused by policy is denied", &to_pair, DSB_REFUSAL_DENIED, false, DSB_REFUSAL_DENIED,
     NX_E_DENIED, true},
    {"when only the dialler is paired the session is one-sided, admitted or not", &to_talk,
     DSB_REFUSAL_NONE, false, DSB_REFUSAL_ONE_SIDED, NX_E_DENIED, true},
    {"when only the dialled one is paired the session is one-sided, admitted or not",
     &to_talk_unpaired, DSB_REFUSAL_NONE, true, DSB_REFUSAL_ONE_SIDED, NX_E_DENIED, true},
    {"when neither is paired they are unknown to each other, admitted or not", &to_talk_unpaired,
     DSB_REFUSAL_NONE, false, DSB_REFUSAL_UNKNOWN, NX_E_DENIED, true},
    {"a v1 node that is not served is told so, unattested", &to_v1, DSB_REFUSAL_V1, false,
     DSB_REFUSAL_V1, NX_E_UNSUPPORTED, false},
};

static void refusal_table(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(refusal_rows); i++) {
        const struct refusal_row *row = &refusal_rows[i];

        unit_row(row->name);
        session_duo_begin(&duo, row->dial);
        session_duo_ask(&duo);
        if (row->refusal == DSB_REFUSAL_NONE)
            dsb_session_admit(&duo.responder.session, row->responder_knows);
        else
            dsb_session_refuse(&duo.responder.session, row->refusal, row->responder_knows);
        expect_over(&duo.responder, row->status);
        EXPECT(!duo.responder.session.end.by_peer);
        session_duo_settle(&duo);
        expect_over(&duo.initiator, row->status);
        EXPECT(duo.initiator.session.end.by_peer);
        EXPECT_EQ(duo.initiator.session.end.refusal, row->told);
        EXPECT_EQ(duo.initiator.session.has_attested, row->is_attested);
        session_duo_wipe(&duo);
    }
}

/* ---- lies in admission ----------------------------------------------------------------------- */

/* As far as the request, which waits sealed at the responder, behind the third message. Put another
 * in its place: `request` when it is one, else `text`. */
static void replace_request(const struct dsb_connect_request *request, const char *text)
{
    struct session_end *to = &duo.responder;
    struct dsb_records *records = &duo.initiator.session.records;
    struct nx_writer out = nx_writer_over(to->in, sizeof(to->in));

    (void)session_duo_carry(&duo.initiator, to); /* 1 */
    session_duo_take(&duo, to);
    (void)session_duo_carry(to, &duo.initiator); /* 2 */
    session_duo_take(&duo, &duo.initiator);
    (void)session_duo_carry(&duo.initiator, to); /* 3, and the request */

    struct nx_reader r = nx_reader_over(nx_bytes_of(to->in, to->in_len));
    out.len = 4 + nx_read_u32be(&r);
    records->sending.next_number = 0;
    struct nx_writer plain = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    if (request != NULL)
        NX_CHECK(dsb_connect_request_encode(request, &plain) == NX_OK);
    else
        nx_write_bytes(&plain, nx_bytes_of_text(text));
    NX_CHECK(dsb_records_seal(records, plain.len, &out) == NX_OK);
    to->in_len = out.len;
}

enum lie {
    LIE_NONE,
    LIE_OTHER_ID,
    LIE_NO_BYTES_OF_SIGNATURE,
    LIE_OTHER_ROLE,
    LIE_OTHER_H,
    LIE_OTHER_PEER,
    LIE_OTHER_PURPOSE,
    LIE_OTHER_PAIRED,
    LIE_OTHER_PROTOCOL,
    LIE_OTHER_FEATURES,
    LIE_OTHER_KEY,
    LIE_TWO_RECORDS,
};

/* A message's attestation, wrong in one way. */
static void attest_with(enum lie lie, const struct session_end *signer,
                        const struct session_end *peer, struct dsb_attested attested,
                        uint8_t attestation[NX_ED25519_SIGNATURE_LEN])
{
    uint8_t h[NX_BLAKE2S_LEN];
    const struct dsb_identity *key = &signer->identity;

    memcpy(h, signer->session.h, sizeof(h));
    attested.h = h;
    attested.own_id = signer->identity.id;
    attested.peer_id = peer->identity.id;
    if (lie == LIE_OTHER_ROLE)
        attested.by_initiator = !attested.by_initiator;
    if (lie == LIE_OTHER_H)
        h[31] ^= 1;
    if (lie == LIE_OTHER_PEER)
        attested.peer_id = signer->identity.id;
    if (lie == LIE_OTHER_PURPOSE)
        attested.purpose ^= 1;
    if (lie == LIE_OTHER_PAIRED)
        attested.is_paired = !attested.is_paired;
    if (lie == LIE_OTHER_PROTOCOL)
        attested.protocol += 1;
    if (lie == LIE_OTHER_FEATURES)
        attested.features ^= 1;
    if (lie == LIE_OTHER_KEY)
        key = &peer->identity;
    dsb_attest(&attested, key, attestation);
    if (lie == LIE_NO_BYTES_OF_SIGNATURE)
        attestation[0] ^= 1;
}

struct lie_row {
    const char *name;
    enum lie lie;
    enum nx_status status;
};

static const struct lie_row request_lies[] = {
    {"a request as it should be is asked about", LIE_NONE, NX_OK},
    {"a request that names another device is refused, whoever it names", LIE_OTHER_ID,
     NX_E_IDENTITY},
    {"an attestation with one bit turned is refused", LIE_NO_BYTES_OF_SIGNATURE, NX_E_CRYPTO},
    {"an attestation made as a responder is refused from an initiator", LIE_OTHER_ROLE,
     NX_E_CRYPTO},
    {"an attestation of another session is refused", LIE_OTHER_H, NX_E_CRYPTO},
    {"an attestation for another device is refused", LIE_OTHER_PEER, NX_E_CRYPTO},
    {"an attestation for another purpose is refused", LIE_OTHER_PURPOSE, NX_E_CRYPTO},
    {"an attestation that says something else about pairing is refused", LIE_OTHER_PAIRED,
     NX_E_CRYPTO},
    {"an attestation of another protocol is refused", LIE_OTHER_PROTOCOL, NX_E_CRYPTO},
    {"an attestation of other features is refused", LIE_OTHER_FEATURES, NX_E_CRYPTO},
    {"an attestation by another key is refused", LIE_OTHER_KEY, NX_E_CRYPTO},
    {"bytes behind the request, before its answer, are refused", LIE_TWO_RECORDS, NX_E_STATE},
};

static void request_table(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(request_lies); i++) {
        const struct lie_row *row = &request_lies[i];
        struct dsb_connect_request request = {
            .protocol = DSB_PROTOCOL_NATIVE, .is_paired = true, .has_attestation = true};
        const struct dsb_attested attested = {
            .by_initiator = true, .protocol = DSB_PROTOCOL_NATIVE, .is_paired = true};

        unit_row(row->name);
        session_duo_begin(&duo, &to_talk);
        replace_request(NULL, "?");
        attest_with(row->lie, &duo.initiator, &duo.responder, attested, request.attestation);
        memcpy(request.id,
               row->lie == LIE_OTHER_ID ? duo.responder.identity.id : duo.initiator.identity.id,
               sizeof(request.id));
        session_duo_begin(&duo, &to_talk); /* the same randomness: the same session */
        replace_request(&request, NULL);
        if (row->lie == LIE_TWO_RECORDS)
            duo.responder.in[duo.responder.in_len++] = 0;
        session_duo_take(&duo, &duo.responder);
        if (row->status == NX_OK) {
            EXPECT_EQ(duo.responder.session.state, DSB_SESSION_ASKED);
            continue;
        }
        expect_over(&duo.responder, row->status);
        EXPECT(!duo.responder.session.has_attested || row->lie == LIE_TWO_RECORDS);
        session_duo_settle(&duo);
        EXPECT_EQ(duo.initiator.session.state, DSB_SESSION_OVER);
        EXPECT(duo.initiator.session.end.by_peer);
        EXPECT(!duo.initiator.session.has_attested);
        session_duo_wipe(&duo);
    }

    unit_row("a request that is no message is refused, and told");
    session_duo_begin(&duo, &to_talk);
    replace_request(NULL, "hello");
    session_duo_take(&duo, &duo.responder);
    EXPECT_EQ(duo.responder.session.state, DSB_SESSION_OVER);
    session_duo_settle(&duo);
    EXPECT_EQ(duo.initiator.session.end.refusal, DSB_REFUSAL_DENIED);
    session_duo_wipe(&duo);
}

/* The answer goes out, and in its place `response`; NULL: what is none. */
static void replace_response(const struct dsb_connect_response *response)
{
    struct session_end *to = &duo.initiator;
    struct dsb_records *records = &duo.responder.session.records;
    struct nx_writer out = nx_writer_over(to->in, sizeof(to->in));

    dsb_session_admit(&duo.responder.session, true);
    (void)session_duo_carry(&duo.responder, to);
    records->sending.next_number = 0;
    struct nx_writer plain = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    if (response != NULL)
        NX_CHECK(dsb_connect_response_encode(response, &plain) == NX_OK);
    else
        nx_write_bytes(&plain, nx_bytes_of_text("hello"));
    NX_CHECK(dsb_records_seal(records, plain.len, &out) == NX_OK);
    to->in_len = out.len;
    session_duo_take(&duo, to);
}

static const struct lie_row response_lies[] = {
    {"an answer as it should be brings the session up", LIE_NONE, NX_OK},
    {"an answer's attestation with one bit turned ends it", LIE_NO_BYTES_OF_SIGNATURE, NX_E_CRYPTO},
    {"the initiator's own attestation, sent back, ends it", LIE_OTHER_ROLE, NX_E_CRYPTO},
    {"an answer attested in another session ends it", LIE_OTHER_H, NX_E_CRYPTO},
    {"an answer attested for another device ends it", LIE_OTHER_PEER, NX_E_CRYPTO},
    {"an answer attested for another purpose ends it", LIE_OTHER_PURPOSE, NX_E_CRYPTO},
    {"an answer whose word about pairing is not attested ends it", LIE_OTHER_PAIRED, NX_E_CRYPTO},
    {"an answer attested by another key ends it", LIE_OTHER_KEY, NX_E_CRYPTO},
};

static void response_table(void)
{
    struct dsb_attested attested = {.protocol = DSB_PROTOCOL_NATIVE, .is_paired = true};

    for (size_t i = 0; i < NX_COUNT_OF(response_lies); i++) {
        const struct lie_row *row = &response_lies[i];
        struct dsb_connect_response response = {.ok = true,
                                                .protocol = DSB_PROTOCOL_NATIVE,
                                                .is_paired = true,
                                                .has_attestation = true};

        unit_row(row->name);
        session_duo_begin(&duo, &to_talk);
        session_duo_ask(&duo);
        attest_with(row->lie, &duo.responder, &duo.initiator, attested, response.attestation);
        replace_response(&response);
        if (row->status == NX_OK)
            EXPECT_EQ(duo.initiator.session.state, DSB_SESSION_UP);
        else
            expect_over(&duo.initiator, row->status);
        session_duo_wipe(&duo);
    }

    unit_row("an answer with features that were not offered ends it");
    struct dsb_connect_response response = {.ok = true,
                                            .protocol = DSB_PROTOCOL_NATIVE,
                                            .features = 1,
                                            .is_paired = true,
                                            .has_attestation = true};
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    attested.features = 1;
    attest_with(LIE_NONE, &duo.responder, &duo.initiator, attested, response.attestation);
    replace_response(&response);
    expect_over(&duo.initiator, NX_E_MALFORMED);

    unit_row("a yes that does not say paired ends it as one-sided, attested as it is");
    response.features = attested.features = 0;
    response.is_paired = attested.is_paired = false;
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    attest_with(LIE_NONE, &duo.responder, &duo.initiator, attested, response.attestation);
    replace_response(&response);
    expect_over(&duo.initiator, NX_E_DENIED);
    EXPECT_EQ(duo.initiator.session.end.refusal, DSB_REFUSAL_ONE_SIDED);

    unit_row("a yes that says paired to one that does not say so is one-sided as well");
    response.is_paired = attested.is_paired = true;
    struct dsb_session_dial unpaired = to_talk;
    unpaired.is_paired = false;
    session_duo_begin(&duo, &unpaired);
    session_duo_ask(&duo);
    attest_with(LIE_NONE, &duo.responder, &duo.initiator, attested, response.attestation);
    replace_response(&response);
    expect_over(&duo.initiator, NX_E_DENIED);
    EXPECT_EQ(duo.initiator.session.end.refusal, DSB_REFUSAL_ONE_SIDED);
    response.is_paired = attested.is_paired = false;

    unit_row("an answer that is no message ends it");
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    replace_response(NULL);
    expect_over(&duo.initiator, NX_E_LIMIT); /* as many segments as no message has */

    unit_row("an answer that does not open ends it");
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    dsb_session_admit(&duo.responder.session, true);
    (void)session_duo_carry(&duo.responder, &duo.initiator);
    duo.initiator.in[5] ^= 1;
    session_duo_take(&duo, &duo.initiator);
    expect_over(&duo.initiator, NX_E_CRYPTO);

    unit_row("a paired device that answers as a v1 node is not taken for itself");
    const struct dsb_connect_response v1 = {.ok = true};
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    replace_response(&v1);
    expect_over(&duo.initiator, NX_E_IDENTITY);

    unit_row("a native answer to a v1 dial is more than was offered");
    session_duo_begin(&duo, &to_v1);
    session_duo_ask(&duo);
    attested.is_paired = false;
    attested.protocol = response.protocol = DSB_PROTOCOL_NATIVE;
    attest_with(LIE_NONE, &duo.responder, &duo.initiator, attested, response.attestation);
    replace_response(&response);
    expect_over(&duo.initiator, NX_E_MALFORMED);

    unit_row("a v1 node's no, without a reason, is a no");
    const struct dsb_connect_response no = {.ok = false};
    session_duo_begin(&duo, &to_v1);
    session_duo_ask(&duo);
    replace_response(&no);
    expect_over(&duo.initiator, NX_E_DENIED);
    EXPECT_EQ(duo.initiator.session.end.refusal, DSB_REFUSAL_NONE);
    EXPECT(duo.initiator.session.end.by_peer);
    session_duo_wipe(&duo);
}

/* ---- time and order -------------------------------------------------------------------------- */

static struct nx_instant later(uint32_t ms)
{
    return nx_instant_after(duo.now, nx_milliseconds(ms));
}

static void time_rows(void)
{
    unit_row("one millisecond before its bound a handshake goes on, at the bound it is over");
    session_duo_begin(&duo, &to_talk);
    EXPECT_EQ(dsb_session_deadline(&duo.responder.session).ns, later(5000).ns);
    dsb_session_tick(&duo.responder.session, later(4999));
    EXPECT_EQ(duo.responder.session.state, DSB_SESSION_HANDSHAKE);
    dsb_session_tick(&duo.responder.session, later(5000));
    expect_over(&duo.responder, NX_E_TIMEOUT);
    EXPECT(nx_instant_is_never(dsb_session_deadline(&duo.responder.session)));

    unit_row("a last message at the bound itself comes too late");
    session_duo_begin(&duo, &to_talk);
    (void)session_duo_carry(&duo.initiator, &duo.responder);
    duo.now = later(5000);
    session_duo_take(&duo, &duo.responder);
    expect_over(&duo.responder, NX_E_TIMEOUT);

    unit_row("the bound is one for all of it: a question that nobody answers ends it, too");
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    dsb_session_tick(&duo.responder.session, later(5000));
    expect_over(&duo.responder, NX_E_TIMEOUT);
    dsb_session_tick(&duo.initiator.session, later(5000));
    expect_over(&duo.initiator, NX_E_TIMEOUT);

    unit_row("half a record is waited for ten seconds, and then nothing is received any more");
    session_duo_begin(&duo, &to_talk);
    session_duo_come_up(&duo);
    session_duo_say(&duo.initiator, &duo.responder, nx_bytes_of_text("late"));
    duo.responder.in_len--;
    session_duo_take(&duo, &duo.responder);
    EXPECT_EQ(dsb_session_deadline(&duo.responder.session).ns, later(10000).ns);
    duo.now = later(10000);
    duo.responder.in_len++;
    session_duo_take(&duo, &duo.responder);
    EXPECT_STATUS(duo.responder.status, NX_E_TIMEOUT);
    EXPECT_STATUS(duo.responder.session.end.status, NX_E_TIMEOUT);

    unit_row("a reason can still be sent by the one who receives nothing any more");
    expect_talk(&duo.responder, &duo.initiator, "goodbye");
    session_duo_wipe(&duo);
}

static void order_rows(void)
{
    unit_row("a second message where ours is due ends it");
    session_duo_begin(&duo, &to_talk);
    (void)session_duo_carry(&duo.initiator, &duo.responder);
    memcpy(duo.responder.in + duo.responder.in_len, duo.responder.in, duo.responder.in_len);
    duo.responder.in_len *= 2;
    session_duo_take(&duo, &duo.responder);
    expect_over(&duo.responder, NX_E_STATE);
    EXPECT(!dsb_session_output(
        &duo.responder.session,
        &(struct nx_writer){duo.responder.plain, sizeof(duo.responder.plain), 0, false}));

    unit_row("an answer to a request that has not left ends it");
    session_duo_begin(&duo, &to_talk);
    session_duo_settle(&duo);
    duo.initiator.session.request_due = true;
    duo.initiator.in_len = 0;
    session_duo_take(&duo, &duo.initiator);
    EXPECT_STATUS(duo.initiator.status, NX_WOULD_BLOCK);
    duo.initiator.in[0] = 0;
    duo.initiator.in_len = 1;
    session_duo_take(&duo, &duo.initiator);
    expect_over(&duo.initiator, NX_E_STATE);

    unit_row("while the owner has not answered nothing is taken");
    session_duo_begin(&duo, &to_talk);
    session_duo_ask(&duo);
    duo.responder.in[0] = 0;
    duo.responder.in_len = 1;
    session_duo_take(&duo, &duo.responder);
    EXPECT_STATUS(duo.responder.status, NX_WOULD_BLOCK);
    EXPECT_EQ(duo.responder.in_len, 1);

    unit_row("a changed third message ends it");
    session_duo_begin(&duo, &to_talk);
    (void)session_duo_carry(&duo.initiator, &duo.responder);
    session_duo_take(&duo, &duo.responder);
    (void)session_duo_carry(&duo.responder, &duo.initiator);
    session_duo_take(&duo, &duo.initiator);
    (void)session_duo_carry(&duo.initiator, &duo.responder);
    duo.responder.in[100] ^= 1;
    session_duo_take(&duo, &duo.responder);
    expect_over(&duo.responder, NX_E_CRYPTO);

    unit_row("a changed record ends receiving with a reason");
    session_duo_begin(&duo, &to_talk);
    session_duo_come_up(&duo);
    session_duo_say(&duo.initiator, &duo.responder, nx_bytes_of_text("as sent"));
    duo.responder.in[5] ^= 1;
    session_duo_take(&duo, &duo.responder);
    EXPECT_STATUS(duo.responder.status, NX_E_CRYPTO);
    EXPECT_STATUS(duo.responder.session.end.status, NX_E_CRYPTO);
    EXPECT_EQ(duo.responder.session.state, DSB_SESSION_UP);

    unit_row("and that is the reason from then on, whatever comes");
    struct nx_bytes plain;
    size_t used;
    duo.responder.session.end.why.text[0] = '!';
    EXPECT_STATUS(
        dsb_session_input(&duo.responder.session, duo.now, duo.responder.in, 8, &used, &plain),
        NX_E_CRYPTO);
    EXPECT_EQ(duo.responder.session.end.why.text[0], '!');

    unit_row("without room for the longest nothing is said, and nothing is lost");
    session_duo_begin(&duo, &to_talk);
    struct nx_writer narrow = nx_writer_over(duo.responder.in, DSB_SESSION_OUTPUT_MAX - 1);
    EXPECT(!dsb_session_output(&duo.initiator.session, &narrow));
    EXPECT_EQ(narrow.len, 0);
    session_duo_come_up(&duo);

    unit_row("a static key that can be none is not dialled");
    uint8_t none[NX_X25519_LEN];
    memset(none, 0xff, sizeof(none));
    struct dsb_session_dial dial = to_talk;
    dial.noise_static = none;
    session_duo_begin(&duo, &dial);
    EXPECT_STATUS(duo.initiator.status, NX_E_CRYPTO);
    expect_over(&duo.initiator, NX_E_CRYPTO);

    unit_row("what was wiped says nothing and takes nothing");
    session_duo_begin(&duo, &to_talk);
    dsb_session_wipe(&duo.initiator.session);
    (void)session_duo_carry(&duo.initiator, &duo.responder);
    EXPECT_EQ(duo.responder.in_len, 0);
    session_duo_take(&duo, &duo.initiator);
    EXPECT_STATUS(duo.initiator.status, NX_E_CLOSED);
    dsb_session_wipe(&duo.initiator.session);
    session_duo_wipe(&duo);

    unit_row("without randomness there is no session");
    session_duo_begin(&duo, &to_talk);
    duo.initiator.session.rng = (struct nx_rng){0};
    (void)session_duo_carry(&duo.initiator, &duo.responder);
    EXPECT_EQ(duo.responder.in_len, 0);
    EXPECT_EQ(duo.initiator.session.state, DSB_SESSION_OVER);
    session_duo_wipe(&duo);
}

UNIT_SUITE(session_test)
{
    up_rows();
    refusal_table();
    request_table();
    response_table();
    time_rows();
    order_rows();
}
