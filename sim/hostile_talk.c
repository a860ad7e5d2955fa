/* One attempt: bytes without a handshake, or handshake, admission and what follows, in either role. */
#include "core/base/memory.h"
#include "sim/world.h"

struct nx_writer sim_talk_room(struct sim_attempt *a)
{
    if (a->out_at == a->out_len)
        a->out_at = a->out_len = 0;
    return nx_writer_over(a->out + a->out_len, sizeof(a->out) - a->out_len);
}

void sim_talk_wrote(struct sim_attempt *a, const struct nx_writer *out)
{
    a->out_len += out->len;
}

static void wait_until_closed(struct sim_attempt *a)
{
    a->state = SIM_ATTEMPT_WAITING;
}

/* Mostly at once, sometimes after a while: a slow one. */
static void pause(struct sim_world *w, struct sim_attempt *a, uint32_t most_ms)
{
    struct sim_hostile *h = &w->hostile;
    uint32_t ms = sim_hostile_chance(h, 5) ? sim_hostile_draw(h, 1, most_ms) : 0;

    a->act_at = nx_instant_after(w->now, nx_milliseconds(ms));
}

static void drop_in(struct sim_attempt *a, size_t used)
{
    a->in_len -= used;
    memmove(a->in, a->in + used, a->in_len);
}

static const struct dsb_credentials *own_of(const struct sim_world *w, const struct sim_attempt *a)
{
    return a->is_stranger ? &w->hostile.credentials : &w->devices[w->hostile.device].credentials;
}

/* ---- without an identity ----------------------------------------------------------------------- */

/* The length before a message, which no message has, and some bytes. */
static void put_length(struct sim_hostile *h, struct nx_writer *out)
{
    static const uint32_t lengths[] = {0, 1, 47, 49, 64, 2048, 2049, 65535, 65536, UINT32_MAX};
    uint8_t bytes[64];

    nx_write_u32be(out, lengths[sim_hostile_draw(h, 0, NX_COUNT_OF(lengths) - 1)]);
    sim_hostile_noise(h, bytes, sizeof(bytes));
    nx_write_bytes(out, nx_bytes_of(bytes, sim_hostile_draw(h, 0, sizeof(bytes))));
}

static void put_noise(struct sim_hostile *h, struct nx_writer *out)
{
    uint8_t bytes[600];

    sim_hostile_noise(h, bytes, sizeof(bytes));
    nx_write_bytes(out, nx_bytes_of(bytes, sim_hostile_draw(h, 0, sizeof(bytes))));
}

/* A first message as it should be; then it may be spoilt, or said twice. */
static void put_first(struct sim_world *w, struct sim_attempt *a, struct nx_writer *out)
{
    struct sim_hostile *h = &w->hostile;
    const struct dsb_identity *victim = &w->devices[a->victim].identity;
    const struct nx_rng rng = nx_prng_as_rng(&h->chance);
    const uint8_t *first = out->ptr + out->len;

    if (dsb_handshake_dial(&a->handshake, &h->credentials, victim->id, victim->noise_static) !=
            NX_OK ||
        dsb_handshake_output(&a->handshake, &rng, out) != NX_OK)
        return;
    if (sim_hostile_chance(h, 3)) {
        nx_write_bytes(out, nx_bytes_of(first, out->len));
        return;
    }
    if (sim_hostile_chance(h, 2))
        sim_hostile_spoil(h, out->ptr, &out->len, DSB_HANDSHAKE_FRAME_MAX);
}

/* What another one said when it dialled; as it was, or changed. */
static void put_overheard(struct sim_world *w, struct nx_writer *out)
{
    struct sim_hostile *h = &w->hostile;
    uint32_t count = sim_hostile_kept(h->overheard_count);
    const struct sim_overheard *o;

    if (count == 0)
        return;
    o = &h->overheard[sim_hostile_draw(h, 0, count - 1)];
    nx_write_bytes(out, nx_bytes_of(o->bytes, o->len));
    if (sim_hostile_chance(h, 3))
        sim_hostile_spoil(h, out->ptr, &out->len, out->cap);
}

static void put_raw(struct sim_world *w, struct sim_attempt *a)
{
    struct sim_hostile *h = &w->hostile;
    struct nx_writer out = sim_talk_room(a);

    switch (sim_hostile_draw(h, 0, 5)) {
    case 0:
        put_noise(h, &out);
        break;
    case 1:
        put_length(h, &out);
        break;
    case 2:
        break; /* silence */
    case 3:
        put_overheard(w, &out);
        break;
    default:
        put_first(w, a, &out);
        break;
    }
    sim_talk_wrote(a, &out);
}

/* ---- handshake --------------------------------------------------------------------------------- */

void sim_talk_begin(struct sim_world *w, struct sim_attempt *a)
{
    const struct dsb_identity *victim = &w->devices[a->victim].identity;

    sim_hostile_say(w, a, a->is_raw ? "raw" : a->is_initiator ? "dials" : "is dialled");
    a->state = SIM_ATTEMPT_HANDSHAKE;
    if (a->is_raw) {
        a->state = SIM_ATTEMPT_RAW;
        put_raw(w, a);
    } else if (!a->is_initiator) {
        dsb_handshake_accept(&a->handshake, own_of(w, a));
    } else if (dsb_handshake_dial(&a->handshake, own_of(w, a), victim->id, victim->noise_static) !=
               NX_OK) {
        wait_until_closed(a);
    }
    pause(w, a, 6000);
}

static void enter_admission(struct sim_world *w, struct sim_attempt *a)
{
    if (dsb_records_init(&a->records, &a->handshake.noise) != NX_OK) {
        wait_until_closed(a);
        return;
    }
    a->has_records = true;
    a->state = SIM_ATTEMPT_ADMISSION;
    w->hostile.proved_count++;
}

static void write_message(struct sim_world *w, struct sim_attempt *a)
{
    struct sim_hostile *h = &w->hostile;
    struct nx_writer out = sim_talk_room(a);
    const struct nx_rng rng = nx_prng_as_rng(&h->chance);

    if (dsb_handshake_output(&a->handshake, &rng, &out) != NX_OK) {
        wait_until_closed(a);
        return;
    }
    bool is_done = dsb_handshake_is_done(&a->handshake);
    if (sim_hostile_chance(h, 10)) {
        sim_hostile_spoil(h, out.ptr, &out.len, out.cap);
        wait_until_closed(a);
    } else if (is_done) {
        enter_admission(w, a);
    }
    sim_talk_wrote(a, &out);
}

static bool take_message(struct sim_world *w, struct sim_attempt *a)
{
    size_t used;
    enum nx_status status =
        dsb_handshake_input(&a->handshake, nx_bytes_of(a->in, a->in_len), &used, NULL);

    if (status == NX_WOULD_BLOCK)
        return false;
    drop_in(a, used);
    if (status != NX_OK)
        wait_until_closed(a);
    else if (dsb_handshake_is_done(&a->handshake))
        enter_admission(w, a);
    pause(w, a, 6000);
    return true;
}

/* ---- admission --------------------------------------------------------------------------------- */

/* What is wrong with a request, or an answer. */
enum breach {
    BREACH_NONE,
    BREACH_ID,
    BREACH_V1,
    BREACH_PURPOSE,
    BREACH_NOT_PAIRED, /* it says that only the other one calls them paired */
    BREACH_SIGNATURE,
    BREACH_SIGNED_OTHERWISE,
    BREACH_ROLE,
    BREACH_SESSION, /* attested to another one */
    BREACH_UNATTESTED,
    BREACH_BYTES,
    BREACH_COUNT,
};

static void attest(const struct sim_world *w, const struct sim_attempt *a, enum breach breach,
                   const struct dsb_connect_request *r,
                   uint8_t attestation[NX_ED25519_SIGNATURE_LEN])
{
    const uint8_t other_h[NX_BLAKE2S_LEN] = {1};
    const struct dsb_attested attested = {
        .by_initiator = a->is_initiator != (breach == BREACH_ROLE),
        .h = breach == BREACH_SESSION ? other_h : a->handshake.noise.h,
        .own_id = own_of(w, a)->identity->id,
        .peer_id = w->devices[a->victim].identity.id,
        .protocol = r->protocol,
        .features = r->features,
        .purpose = r->purpose,
        .is_paired = r->is_paired != (breach == BREACH_SIGNED_OTHERWISE),
    };

    dsb_attest(&attested, own_of(w, a)->identity, attestation);
    if (breach == BREACH_SIGNATURE)
        attestation[5] ^= 1;
}

/* What it asks for, in its role as one who dials; an answer is made of the same. */
static struct dsb_connect_request terms_of(struct sim_world *w, struct sim_attempt *a,
                                           enum breach breach)
{
    struct sim_hostile *h = &w->hostile;
    struct dsb_connect_request r = {
        .protocol = breach == BREACH_V1 ? DSB_PROTOCOL_V1 : DSB_PROTOCOL_NATIVE,
        .features = sim_hostile_chance(h, 8) && a->is_initiator ? 4 : 0,
        .purpose = breach == BREACH_PURPOSE ? 2 : a->purpose,
        .is_paired = breach != BREACH_NOT_PAIRED && a->purpose == DSB_PURPOSE_SESSION,
        .has_attestation = breach != BREACH_V1 && breach != BREACH_UNATTESTED,
    };

    memcpy(r.id, own_of(w, a)->identity->id, sizeof(r.id));
    if (breach == BREACH_ID)
        memcpy(r.id, w->devices[a->victim].identity.id, sizeof(r.id));
    if (r.has_attestation)
        attest(w, a, breach, &r, r.attestation);
    return r;
}

static enum breach draw_breach(struct sim_hostile *h)
{
    return sim_hostile_chance(h, 3) ? (enum breach)sim_hostile_draw(h, 1, BREACH_COUNT - 1)
                                    : BREACH_NONE;
}

static void seal(struct sim_attempt *a, const struct nx_writer *place, struct nx_writer *out)
{
    if (!place->overflow && place->len > 0)
        (void)!dsb_records_seal(&a->records, place->len, out);
    sim_talk_wrote(a, out);
}

static void ask(struct sim_world *w, struct sim_attempt *a)
{
    struct sim_hostile *h = &w->hostile;
    enum breach breach = draw_breach(h);
    struct nx_writer out = sim_talk_room(a);
    struct nx_writer place = dsb_records_room(&out, DSB_ADMISSION_LEN_MAX + 64);
    struct dsb_connect_request r;

    a->has_asked = true;
    a->purpose =
        a->is_stranger && !sim_hostile_chance(h, 5) ? DSB_PURPOSE_PAIR : DSB_PURPOSE_SESSION;
    if (!a->is_stranger && sim_hostile_chance(h, 10))
        a->purpose = DSB_PURPOSE_PAIR; /* nothing is open for it */
    r = terms_of(w, a, breach);
    if (dsb_connect_request_encode(&r, &place) != NX_OK)
        return;
    if (breach == BREACH_BYTES)
        sim_hostile_spoil(h, place.ptr, &place.len, place.cap);
    a->breaks_admission = (breach != BREACH_NONE && breach != BREACH_BYTES &&
                           (breach != BREACH_NOT_PAIRED || a->purpose == DSB_PURPOSE_SESSION)) ||
                          a->is_stranger != (a->purpose == DSB_PURPOSE_PAIR);
    sim_hostile_say(w, a, a->breaks_admission ? "asks against the rules" : "asks");
    seal(a, &place, &out);
    if (sim_hostile_chance(h, 12)) { /* it goes on before it was answered */
        out = sim_talk_room(a);
        place = dsb_records_room(&out, 64);
        dsb_records_admit(&a->records, DSB_RECORDS_NATIVE);
        nx_write_u64le(&place, 6);
        seal(a, &place, &out);
        wait_until_closed(a);
    }
}

static void come_up(struct sim_world *w, struct sim_attempt *a)
{
    a->state = SIM_ATTEMPT_UP;
    a->next_id = a->is_initiator ? 1 : 2;
    w->hostile.up_count++;
    dsb_records_admit(&a->records, DSB_RECORDS_NATIVE);
    sim_hostile_say(w, a, a->purpose == DSB_PURPOSE_PAIR ? "is up for pairing" : "is up");
}

static void take_answer(struct sim_world *w, struct sim_attempt *a, struct nx_bytes plain)
{
    struct dsb_connect_response r;

    if (dsb_connect_response_decode(plain, &r) != NX_OK) {
        sim_world_fail(w, "an answer to a request that is none");
        return;
    }
    if (!r.ok) {
        w->hostile.refused_count++;
        wait_until_closed(a);
        return;
    }
    if (a->breaks_admission)
        sim_world_fail(w, "what breaks the rules of admission was admitted");
    come_up(w, a);
}

/* It was asked: it says yes, whatever else it says. */
static void take_request(struct sim_world *w, struct sim_attempt *a, struct nx_bytes plain)
{
    struct sim_hostile *h = &w->hostile;
    enum breach breach = draw_breach(h);
    struct nx_writer out = sim_talk_room(a);
    struct nx_writer place = dsb_records_room(&out, DSB_ADMISSION_LEN_MAX + 64);
    struct dsb_connect_request asked, r;

    if (dsb_connect_request_decode(plain, &asked) != NX_OK) {
        sim_world_fail(w, "a request that is none");
        return;
    }
    a->purpose = asked.purpose;
    if (breach == BREACH_ID) /* there is none in an answer */
        breach = BREACH_NONE;
    r = terms_of(w, a, breach);
    a->breaks_admission = breach != BREACH_NONE && breach != BREACH_BYTES;
    const struct dsb_connect_response response = {
        .ok = !sim_hostile_chance(h, 10),
        .protocol = r.protocol,
        .features = breach == BREACH_PURPOSE ? 1 : 0,
        .is_paired = r.is_paired,
        .has_attestation = r.has_attestation,
    };
    struct dsb_connect_response said = response;
    said.refusal = said.ok ? DSB_REFUSAL_NONE : (enum dsb_refusal)sim_hostile_draw(h, 1, 7);
    memcpy(said.attestation, r.attestation, sizeof(said.attestation));
    if (dsb_connect_response_encode(&said, &place) != NX_OK)
        return;
    if (breach == BREACH_BYTES)
        sim_hostile_spoil(h, place.ptr, &place.len, place.cap);
    seal(a, &place, &out);
    if (breach == BREACH_NONE && said.ok)
        come_up(w, a);
    else
        sim_hostile_say(w, a, "answers against the rules");
    if (a->state != SIM_ATTEMPT_UP)
        wait_until_closed(a);
}

/* ---- records ----------------------------------------------------------------------------------- */

static bool take_record(struct sim_world *w, struct sim_attempt *a)
{
    struct nx_bytes plain;
    size_t used;
    enum nx_status status;

    if (a->state == SIM_ATTEMPT_ADMISSION && a->is_initiator && !a->has_asked)
        return false;
    status = dsb_records_open(&a->records, w->now, a->in, a->in_len, &plain, &used);
    if (status == NX_WOULD_BLOCK)
        return false;
    if (status != NX_OK)
        wait_until_closed(a);
    else if (a->state == SIM_ATTEMPT_UP)
        sim_frames_take(w, a, plain);
    else if (a->is_initiator)
        take_answer(w, a, plain);
    else
        take_request(w, a, plain);
    drop_in(a, status == NX_OK ? used : a->in_len);
    return true;
}

/* What was sealed last is spoilt: nothing behind it can be opened. */
static void break_record(struct sim_world *w, struct sim_attempt *a, struct nx_writer *out)
{
    struct sim_hostile *h = &w->hostile;
    bool is_sure = false;

    switch (sim_hostile_draw(h, 0, 4)) {
    case 0: /* twice */
        nx_write_bytes(out, nx_bytes_of(out->ptr, out->len));
        is_sure = !out->overflow;
        break;
    case 1: /* left out */
        out->len = 0;
        break;
    case 2: /* the next one is under another key */
        dsb_noise_cipher_rekey(&a->records.sending);
        break;
    case 3: /* a length that no record has */
        out->len = 0;
        nx_write_u32be(out, sim_hostile_chance(h, 2) ? 16 : 65536);
        is_sure = true;
        break;
    default:
        sim_hostile_spoil(h, out->ptr, &out->len, out->cap);
        break;
    }
    a->is_broken = is_sure && !a->is_garbled;
    a->is_garbled |= !is_sure;
    h->breach_count++;
}

static void say_record(struct sim_world *w, struct sim_attempt *a)
{
    struct sim_hostile *h = &w->hostile;
    struct nx_writer out = sim_talk_room(a);
    struct nx_writer place = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);

    if (out.cap < DSB_RECORD_MAX)
        return;
    if (a->purpose == DSB_PURPOSE_PAIR)
        sim_frames_put_pair(w, a, &place);
    else
        sim_frames_put(w, a, &place);
    h->said_count++;
    if (place.overflow || place.len == 0 || dsb_records_seal(&a->records, place.len, &out) != NX_OK)
        return;
    if (sim_hostile_chance(h, 60))
        break_record(w, a, &out);
    sim_talk_wrote(a, &out);
}

/* ---- all --------------------------------------------------------------------------------------- */

static bool take(struct sim_world *w, struct sim_attempt *a)
{
    if (a->in_len == 0)
        return false;
    switch (a->state) {
    case SIM_ATTEMPT_HANDSHAKE:
        return !dsb_handshake_writes(&a->handshake) && take_message(w, a);
    case SIM_ATTEMPT_ADMISSION:
    case SIM_ATTEMPT_UP:
        return take_record(w, a);
    case SIM_ATTEMPT_RAW:
    case SIM_ATTEMPT_WAITING:
        a->in_len = 0;
        return true;
    case SIM_ATTEMPT_FREE:
    case SIM_ATTEMPT_DIALLING:
        break;
    }
    return false;
}

static bool speak(struct sim_world *w, struct sim_attempt *a)
{
    if (!nx_instant_reached(a->act_at, w->now))
        return false;
    if (a->state == SIM_ATTEMPT_HANDSHAKE && dsb_handshake_writes(&a->handshake)) {
        write_message(w, a);
        return true;
    }
    if (a->state == SIM_ATTEMPT_ADMISSION && a->is_initiator && !a->has_asked) {
        ask(w, a);
        return true;
    }
    if (a->state != SIM_ATTEMPT_UP || a->out_at < a->out_len)
        return false;
    if (a->says_left == 0 || a->is_broken) {
        wait_until_closed(a);
        return true;
    }
    a->says_left--;
    say_record(w, a);
    a->act_at =
        nx_instant_after(w->now, nx_milliseconds(1 + sim_hostile_draw(&w->hostile, 0, 300)));
    return true;
}

bool sim_talk_go_on(struct sim_world *w, struct sim_attempt *a)
{
    bool moved = false;

    while (take(w, a))
        moved = true;
    while (speak(w, a))
        moved = true;
    return moved;
}
