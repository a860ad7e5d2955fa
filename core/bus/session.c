#include "core/bus/session.h"

#include "core/base/memory.h"

_Static_assert(DSB_RECORD_BODY_MAX - DSB_RECORD_PLAIN_MAX == NX_AEAD_TAG_LEN,
               "what a record is longer than what it holds");

enum nx_status dsb_refusal_status(enum dsb_refusal refusal)
{
    switch (refusal) {
    case DSB_REFUSAL_IDENTITY:
        return NX_E_IDENTITY;
    case DSB_REFUSAL_BUSY:
        return NX_E_BUSY;
    case DSB_REFUSAL_LIMIT:
        return NX_E_LIMIT;
    case DSB_REFUSAL_V1:
        return NX_E_UNSUPPORTED;
    case DSB_REFUSAL_NONE:
    case DSB_REFUSAL_UNKNOWN:
    case DSB_REFUSAL_ONE_SIDED:
    case DSB_REFUSAL_DENIED:
        break;
    }
    return NX_E_DENIED;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static void begin(struct dsb_session *s, struct nx_instant now, const struct dsb_credentials *own,
                  struct nx_rng rng)
{
    *s = (struct dsb_session){
        .state = DSB_SESSION_HANDSHAKE,
        .own = own,
        .rng = rng,
        .deadline = nx_instant_after(now, nx_seconds(DSB_HANDSHAKE_S)),
    };
    dsb_records_wipe(&s->records); /* until there is a key nothing opens */
}

static enum nx_status end(struct dsb_session *s, enum nx_status status, const char *why)
{
    s->end.was = s->state;
    s->state = DSB_SESSION_OVER;
    s->end.status = status;
    nx_why_set(&s->end.why, why);
    s->request_due = false;
    dsb_handshake_wipe(&s->handshake);
    return status;
}

/* As `end` says; what still waits to leave is the refusal in `response`. */
static enum nx_status end_refused(struct dsb_session *s, enum dsb_refusal refusal, bool by_peer,
                                  enum nx_status status, const char *why)
{
    s->end.refusal = refusal;
    s->end.by_peer = by_peer;
    return end(s, status, why);
}

enum nx_status dsb_session_dial(struct dsb_session *s, struct nx_instant now,
                                const struct dsb_credentials *own, struct nx_rng rng,
                                const struct dsb_session_dial *dial)
{
    NX_CHECK(dial->protocol == DSB_PROTOCOL_NATIVE || dial->purpose == DSB_PURPOSE_SESSION);
    begin(s, now, own, rng);
    s->is_initiator = true;
    s->terms.protocol = dial->protocol;
    if (dial->protocol != DSB_PROTOCOL_V1)
        s->terms.features = DSB_FEATURES;
    s->terms.purpose = dial->purpose;
    s->we_say_paired = dial->is_paired;

    enum nx_status status = dsb_handshake_dial(&s->handshake, own, dial->id, dial->noise_static);
    if (status != NX_OK)
        return end(s, status, "that is no Noise static key");
    return NX_OK;
}

void dsb_session_accept(struct dsb_session *s, struct nx_instant now,
                        const struct dsb_credentials *own, struct nx_rng rng)
{
    begin(s, now, own, rng);
    dsb_handshake_accept(&s->handshake, own);
}

void dsb_session_wipe(struct dsb_session *s)
{
    dsb_handshake_wipe(&s->handshake);
    dsb_records_wipe(&s->records);
    s->response_due = s->request_due = false;
    if (s->state != DSB_SESSION_OVER)
        (void)end(s, NX_E_CLOSED, "it was closed");
}

/* ---- from the handshake to admission --------------------------------------------------------- */

/* The third message is through, on this side. */
static void enter_admission(struct dsb_session *s)
{
    s->peer = s->handshake.peer;
    memcpy(s->peer_static, s->handshake.noise.remote_static, sizeof(s->peer_static));
    memcpy(s->h, s->handshake.noise.h, sizeof(s->h));
    NX_CHECK(dsb_records_init(&s->records, &s->handshake.noise) == NX_OK);
    dsb_handshake_wipe(&s->handshake);
    s->state = DSB_SESSION_ADMISSION;
    s->request_due = s->is_initiator;
}

static void come_up(struct dsb_session *s)
{
    dsb_records_admit(&s->records,
                      s->terms.protocol == DSB_PROTOCOL_V1 ? DSB_RECORDS_V1 : DSB_RECORDS_NATIVE);
    s->state = DSB_SESSION_UP;
    s->deadline = NX_NEVER;
}

/* What the side that `by_us` names attests in a message with these terms. */
static struct dsb_attested attested(const struct dsb_session *s, bool by_us, uint16_t protocol,
                                    uint64_t features, bool is_paired)
{
    const uint8_t *own_id = s->own->identity->id;

    return (struct dsb_attested){
        .by_initiator = by_us == s->is_initiator,
        .h = s->h,
        .own_id = by_us ? own_id : s->peer.id,
        .peer_id = by_us ? s->peer.id : own_id,
        .protocol = protocol,
        .features = features,
        .purpose = (uint16_t)s->terms.purpose,
        .is_paired = is_paired,
    };
}

static enum nx_status seal(struct dsb_session *s, const struct nx_writer *plain,
                           struct nx_writer *out)
{
    return dsb_records_seal(&s->records, plain->len, out);
}

/* ---- the initiator's side -------------------------------------------------------------------- */

static void put_request(struct dsb_session *s, struct nx_writer *out)
{
    struct dsb_connect_request request = {
        .protocol = s->terms.protocol,
        .features = s->terms.features,
        .purpose = (uint16_t)s->terms.purpose,
        .is_paired = s->we_say_paired,
        .has_attestation = s->terms.protocol != DSB_PROTOCOL_V1,
    };
    struct nx_writer plain = dsb_records_room(out, DSB_ADMISSION_LEN_MAX);

    memcpy(request.id, s->own->identity->id, sizeof(request.id));
    if (request.has_attestation) {
        const struct dsb_attested a =
            attested(s, true, request.protocol, request.features, request.is_paired);
        dsb_attest(&a, s->own->identity, request.attestation);
    }
    NX_CHECK(dsb_connect_request_encode(&request, &plain) == NX_OK &&
             seal(s, &plain, out) == NX_OK); /* `output` saw to the room; it is record 0 */
    s->request_due = false;
}

/* Is the answer one that can be given to what we asked, by the device it comes from? */
static enum nx_status check_response(const struct dsb_session *s,
                                     const struct dsb_connect_response *r, const char **why)
{
    if (r->protocol > s->terms.protocol || (r->features & ~s->terms.features) != 0) {
        *why = "the answer has more than was offered";
        return NX_E_MALFORMED;
    }
    if (!r->has_attestation)
        return NX_OK;

    const struct dsb_attested a = attested(s, false, r->protocol, r->features, r->is_paired);
    *why = "the answer's attestation does not hold";
    return dsb_attestation_verify(&a, s->peer.ed25519, r->attestation);
}

static enum nx_status take_refusal(struct dsb_session *s, enum dsb_refusal refusal)
{
    const char *why =
        refusal == DSB_REFUSAL_NONE ? "refused, without a reason" : dsb_refusal_word(refusal);

    return end_refused(s, refusal, true, dsb_refusal_status(refusal), why);
}

static enum nx_status take_response(struct dsb_session *s, struct nx_bytes plain)
{
    struct dsb_connect_response r;
    const char *why = "an answer that is none";
    enum nx_status status = dsb_connect_response_decode(plain, &r);

    if (status == NX_OK)
        status = check_response(s, &r, &why);
    if (status != NX_OK)
        return end(s, status, why);

    s->has_attested = r.has_attestation;
    s->terms.peer_says_paired = r.is_paired;
    if (!r.ok)
        return take_refusal(s, r.refusal);
    s->end.is_v1_answer = r.protocol != s->terms.protocol; /* only ever lower */
    if (s->end.is_v1_answer)
        return end(s, NX_E_IDENTITY, "it answered as a v1 node, and is none that may");
    if (s->terms.protocol != DSB_PROTOCOL_V1 && s->terms.purpose == DSB_PURPOSE_SESSION &&
        !(r.is_paired && s->we_say_paired))
        return end_refused(s, DSB_REFUSAL_ONE_SIDED, false, NX_E_DENIED,
                           "only one of the two devices is paired with the other");
    s->terms.features = r.features;
    come_up(s);
    return NX_OK;
}

/* ---- the responder's side -------------------------------------------------------------------- */

static void answer(struct dsb_session *s, enum dsb_refusal refusal, bool we_say_paired)
{
    struct dsb_connect_response *r = &s->response;

    *r = (struct dsb_connect_response){.ok = refusal == DSB_REFUSAL_NONE, .refusal = refusal};
    if (s->has_attested) {
        r->protocol = s->terms.protocol;
        r->features = s->terms.features;
        r->is_paired = we_say_paired;
        r->has_attestation = true;
        const struct dsb_attested a = attested(s, true, r->protocol, r->features, r->is_paired);
        dsb_attest(&a, s->own->identity, r->attestation);
    }
    s->we_say_paired = we_say_paired;
    s->response_due = true;
}

void dsb_session_refuse(struct dsb_session *s, enum dsb_refusal refusal, bool we_say_paired)
{
    NX_CHECK(s->state == DSB_SESSION_ASKED && refusal != DSB_REFUSAL_NONE);
    answer(s, refusal, we_say_paired);
    (void)end_refused(s, refusal, false, dsb_refusal_status(refusal), dsb_refusal_word(refusal));
}

void dsb_session_admit(struct dsb_session *s, bool we_say_paired)
{
    NX_CHECK(s->state == DSB_SESSION_ASKED);

    if (s->terms.protocol != DSB_PROTOCOL_V1 && s->terms.purpose == DSB_PURPOSE_SESSION &&
        !(we_say_paired && s->terms.peer_says_paired)) {
        bool is_one_sided = we_say_paired || s->terms.peer_says_paired;

        dsb_session_refuse(s, is_one_sided ? DSB_REFUSAL_ONE_SIDED : DSB_REFUSAL_UNKNOWN,
                           we_say_paired);
        return;
    }
    answer(s, DSB_REFUSAL_NONE, we_say_paired);
    s->state = DSB_SESSION_ADMISSION; /* UP when the answer has left */
}

/* A request that is not one: it is told so, unattested, since nothing it said was proved. */
static enum nx_status turn_away(struct dsb_session *s, enum dsb_refusal refusal,
                                enum nx_status status, const char *why)
{
    answer(s, refusal, false);
    return end_refused(s, refusal, false, status, why);
}

static enum nx_status take_request(struct dsb_session *s, struct nx_bytes plain, bool is_alone)
{
    struct dsb_connect_request r;
    enum nx_status status = dsb_connect_request_decode(plain, &r);

    if (status != NX_OK)
        return turn_away(s, DSB_REFUSAL_DENIED, status, "a request that is none");
    if (!is_alone)
        return turn_away(s, DSB_REFUSAL_DENIED, NX_E_STATE, "it went on before it was answered");
    if (memcmp(r.id, s->peer.id, sizeof(r.id)) != 0)
        return turn_away(s, DSB_REFUSAL_IDENTITY, NX_E_IDENTITY,
                         "core.reject.payload_identity_spoof_vs_sender_service_id");

    s->terms.purpose = (enum dsb_purpose)r.purpose;
    s->terms.peer_says_paired = r.is_paired;
    if (r.has_attestation) {
        const struct dsb_attested a = attested(s, false, r.protocol, r.features, r.is_paired);

        if (dsb_attestation_verify(&a, s->peer.ed25519, r.attestation) != NX_OK)
            return turn_away(s, DSB_REFUSAL_IDENTITY, NX_E_CRYPTO,
                             "the request's attestation does not hold");
        s->has_attested = true;
    }
    s->terms.protocol = r.protocol == DSB_PROTOCOL_V1 ? DSB_PROTOCOL_V1 : DSB_PROTOCOL_NATIVE;
    s->terms.features = r.features & DSB_FEATURES;
    s->state = DSB_SESSION_ASKED;
    return NX_OK;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static enum nx_status handshake_input(struct dsb_session *s, struct nx_bytes in, size_t *used)
{
    struct nx_why why = {{0}};
    enum nx_status status = dsb_handshake_input(&s->handshake, in, used, &why);

    if (status != NX_OK && status != NX_WOULD_BLOCK)
        return end(s, status, why.text);
    if (dsb_handshake_is_done(&s->handshake))
        enter_admission(s);
    return status;
}

static enum nx_status admission_input(struct dsb_session *s, struct nx_instant now, uint8_t *in,
                                      size_t in_len, size_t *used)
{
    struct nx_bytes plain;
    enum nx_status status = NX_WOULD_BLOCK;

    if (s->response_due)
        return NX_WOULD_BLOCK;
    if (s->request_due) /* it cannot have been answered */
        return in_len == 0 ? NX_WOULD_BLOCK : end(s, NX_E_STATE, "it answered before it was asked");
    status = dsb_records_open(&s->records, now, in, in_len, &plain, used);
    if (status == NX_WOULD_BLOCK)
        return status;
    if (status != NX_OK)
        return end(s, status, "a record that does not open");
    if (s->is_initiator)
        return take_response(s, plain);
    return take_request(s, plain, *used == in_len);
}

static enum nx_status record_input(struct dsb_session *s, struct nx_instant now, uint8_t *in,
                                   size_t in_len, size_t *used, struct nx_bytes *plain)
{
    enum nx_status status = dsb_records_open(&s->records, now, in, in_len, plain, used);

    if (status != NX_OK && status != NX_WOULD_BLOCK && s->end.status == NX_OK) {
        s->end.status = status;
        nx_why_set(&s->end.why, "a record that does not open");
    }
    return status;
}

enum nx_status dsb_session_input(struct dsb_session *s, struct nx_instant now, uint8_t *in,
                                 size_t in_len, size_t *used, struct nx_bytes *plain)
{
    *used = 0;
    *plain = (struct nx_bytes){NULL, 0};
    dsb_session_tick(s, now);
    switch (s->state) {
    case DSB_SESSION_HANDSHAKE:
        return handshake_input(s, nx_bytes_of(in, in_len), used);
    case DSB_SESSION_ADMISSION:
        return admission_input(s, now, in, in_len, used);
    case DSB_SESSION_UP:
        return record_input(s, now, in, in_len, used, plain);
    case DSB_SESSION_ASKED:
        return NX_WOULD_BLOCK;
    case DSB_SESSION_OVER:
        break;
    }
    return NX_E_CLOSED;
}

static void put_response(struct dsb_session *s, struct nx_writer *out)
{
    struct nx_writer plain = dsb_records_room(out, DSB_ADMISSION_LEN_MAX);

    NX_CHECK(dsb_connect_response_encode(&s->response, &plain) == NX_OK &&
             seal(s, &plain, out) == NX_OK);
    s->response_due = false;
    if (s->state == DSB_SESSION_ADMISSION)
        come_up(s);
}

static void put_handshake(struct dsb_session *s, struct nx_writer *out)
{
    enum nx_status status = dsb_handshake_output(&s->handshake, &s->rng, out);

    if (status != NX_OK)
        (void)end(s, status, "no handshake message could be made");
    else if (dsb_handshake_is_done(&s->handshake))
        enter_admission(s);
}

bool dsb_session_output(struct dsb_session *s, struct nx_writer *out)
{
    size_t before = out->len;

    if (nx_writer_room(out) < DSB_SESSION_OUTPUT_MAX)
        return false;
    if (s->state == DSB_SESSION_HANDSHAKE && dsb_handshake_writes(&s->handshake))
        put_handshake(s, out);
    if (s->request_due)
        put_request(s, out);
    if (s->response_due)
        put_response(s, out);
    return out->len > before;
}

/* ---- time ------------------------------------------------------------------------------------ */

void dsb_session_tick(struct dsb_session *s, struct nx_instant now)
{
    if (s->state == DSB_SESSION_UP)
        dsb_records_tick(&s->records, now);
    else if (s->state != DSB_SESSION_OVER && nx_instant_reached(s->deadline, now))
        (void)end(s, NX_E_TIMEOUT, "handshake and admission took too long");
}

struct nx_instant dsb_session_deadline(const struct dsb_session *s)
{
    if (s->state == DSB_SESSION_OVER)
        return NX_NEVER;
    return s->state == DSB_SESSION_UP ? dsb_records_deadline(&s->records) : s->deadline;
}
