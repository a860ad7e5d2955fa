#include "sim/middle.h"

#include "core/base/memory.h"
#include "core/bus/admission.h"
#include "core/bus/pairing_message.h"
#include "core/wire/frame.h"
#include "sim/world.h"

enum {
    LUCK = 4, /* one guess in so many is right, for the sake of what comes then */
    BACKLOG = 8,
};

static const char *const tricks[SIM_TRICK_COUNT] = {
    [SIM_TRICK_RELAY] = "relay",     [SIM_TRICK_GUESS] = "guess",     [SIM_TRICK_KEYS] = "keys",
    [SIM_TRICK_CHANNEL] = "channel", [SIM_TRICK_REFLECT] = "reflect", [SIM_TRICK_ROLES] = "roles",
    [SIM_TRICK_REPLAY] = "replay",   [SIM_TRICK_CUT] = "cut",
};

static void say(struct sim_world *w, const char *what, const char *more)
{
    sim_trace_say(&w->trace, w->now, "m", what, more);
}

static uint32_t draw(struct sim_middle *m, uint32_t count)
{
    return (uint32_t)(nx_prng_next(&m->chance) % count);
}

static enum sim_line_side side_of(const struct sim_middle *m, const struct sim_line *line)
{
    return (enum sim_line_side)(line - m->lines);
}

static struct sim_line *other_line(struct sim_middle *m, const struct sim_line *line)
{
    return &m->lines[side_of(m, line) == SIM_LINE_TO_OWNER ? SIM_LINE_FROM_TYPIST
                                                           : SIM_LINE_TO_OWNER];
}

/* ---- what it says ---------------------------------------------------------------------------- */

static void send_payload(struct sim_world *w, struct sim_line *line,
                         const struct dsb_pairing_message *message)
{
    uint8_t payload[DSB_PAIRING_MESSAGE_MAX];
    struct nx_writer body = nx_writer_over(payload, sizeof(payload));
    struct nx_writer out = nx_writer_over(line->out, sizeof(line->out));
    struct dsb_frame frame = {.kind = DSB_FRAME_PAIR};
    struct nx_writer plain;

    if (!line->is_up)
        return;
    dsb_pairing_message_encode(message, &body);
    frame.body = nx_writer_bytes(&body);
    out.len = line->out_len;
    plain = dsb_records_room(&out, DSB_FRAME_HEAD_LEN + DSB_PAIRING_MESSAGE_MAX);
    if (dsb_frame_encode(&frame, &plain) != NX_OK ||
        dsb_records_seal(&line->session.records, plain.len, &out) != NX_OK)
        sim_world_fail(w, "the man in the middle has too much to say");
    line->out_len = out.len;
}

static void send_value(struct sim_world *w, struct sim_line *line,
                       enum dsb_pairing_message_kind kind, const uint8_t *value)
{
    const struct dsb_pairing_message message = {.kind = kind, .value = value};

    send_payload(w, line, &message);
}

/* What its proof is bound to: what both sides know, or what a trick makes of it. */
static void bind_to(struct sim_world *w, struct sim_middle *m, struct sim_line *line)
{
    struct dsb_pairing_binding *b = &line->binding;
    bool is_typist = side_of(m, line) == SIM_LINE_TO_OWNER;
    const struct sim_device *owner = &w->devices[m->devices[SIM_LINE_TO_OWNER]];
    const struct sim_device *typist = &w->devices[m->devices[SIM_LINE_FROM_TYPIST]];
    const struct dsb_identity *as_owner = is_typist ? &owner->identity : &m->identity;
    const struct dsb_identity *as_typist = is_typist ? &m->identity : &typist->identity;

    if (m->trick == SIM_TRICK_KEYS) {
        as_owner = &owner->identity;
        as_typist = &typist->identity;
    }
    memcpy(b->channel, line->session.h, sizeof(b->channel));
    if (m->trick == SIM_TRICK_CHANNEL)
        memcpy(b->channel, other_line(m, line)->session.h, sizeof(b->channel));
    memcpy(b->owner.id, as_owner->id, sizeof(b->owner.id));
    memcpy(b->owner.ed25519, as_owner->ed25519, sizeof(b->owner.ed25519));
    memcpy(b->owner.noise_static, as_owner->noise_static, sizeof(b->owner.noise_static));
    memcpy(b->typist.id, as_typist->id, sizeof(b->typist.id));
    memcpy(b->typist.ed25519, as_typist->ed25519, sizeof(b->typist.ed25519));
    memcpy(b->typist.noise_static, as_typist->noise_static, sizeof(b->typist.noise_static));
}

static void draw_half(struct sim_world *w, struct sim_middle *m, struct sim_line *line)
{
    struct nx_rng rng = nx_prng_as_rng(&m->entropy);

    bind_to(w, m, line);
    if (dsb_pairing_prove(&line->binding, (const uint8_t *)m->guesses[side_of(m, line)], &rng,
                          &line->half) != NX_OK)
        sim_world_fail(w, "the man in the middle has no share");
}

/* The one moment at which a guess can be right: the first proof of an act, by the book. */
static void count_proof(struct sim_middle *m, const struct sim_line *line)
{
    enum sim_line_side side = side_of(m, line);
    bool is_right = memcmp(m->guesses[side], m->code, DSB_PAIRING_CODE_LEN) == 0;
    bool is_by_the_book = m->trick == SIM_TRICK_GUESS || m->trick == SIM_TRICK_CUT;

    if (m->proof_count[side]++ == 0 && is_right && is_by_the_book) {
        m->may_pair[m->devices[side]] = true;
        m->lucky_count++;
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void close_line(struct sim_middle *m, struct sim_line *line)
{
    if (!line->is_open)
        return;
    nx_net_close(&m->net, line->socket);
    dsb_session_wipe(&line->session);
    *line = (struct sim_line){0};
}

static void dial_owner(struct sim_world *w, struct sim_middle *m)
{
    struct sim_line *line = &m->lines[SIM_LINE_TO_OWNER];
    const struct sim_device *owner = &w->devices[m->devices[SIM_LINE_TO_OWNER]];
    const struct dsb_session_dial dial = {.id = owner->identity.id,
                                          .noise_static = owner->identity.noise_static,
                                          .purpose = DSB_PURPOSE_PAIR,
                                          .protocol = DSB_PROTOCOL_NATIVE};

    if (line->is_open)
        return;
    m->dial_count++;
    if (nx_net_connect(&m->net, &owner->address, nx_instant_after(w->now, nx_seconds(3)),
                       &line->socket, NULL) != NX_OK)
        return;
    line->is_open = true;
    if (dsb_session_dial(&line->session, w->now, &m->credentials, nx_prng_as_rng(&m->entropy),
                         &dial) != NX_OK)
        sim_world_fail(w, "the man in the middle cannot dial");
}

/* ---- what it hears --------------------------------------------------------------------------- */

static void hand_over(struct sim_world *w, struct sim_middle *m, struct sim_line *line,
                      enum dsb_pairing_message_kind kind)
{
    struct sim_line *to = other_line(m, line);

    if (kind == DSB_PAIRING_CONFIRM_TYPIST || kind == DSB_PAIRING_SHARE)
        m->proof_count[side_of(m, to)]++; /* whose guess that is, its other side decides */
    send_value(w, to, kind, line->heard[kind]);
}

static bool confirm(struct sim_line *line, bool is_typist, const uint8_t *share)
{
    return dsb_pairing_confirm(&line->binding, is_typist, &line->half, share, &line->confirms) ==
           NX_OK;
}

static void to_typist(struct sim_world *w, struct sim_middle *m, struct sim_line *line,
                      enum dsb_pairing_message_kind kind)
{
    switch (m->trick) {
    case SIM_TRICK_RELAY:
        hand_over(w, m, line, kind);
        return;
    case SIM_TRICK_REFLECT:
        if (kind == DSB_PAIRING_START)
            send_value(w, line, DSB_PAIRING_SHARE, line->heard[kind]);
        else
            send_value(w, line, DSB_PAIRING_CONFIRM_OWNER, line->heard[kind]);
        return;
    case SIM_TRICK_ROLES:
        send_value(w, line, kind, line->heard[kind]);
        return;
    case SIM_TRICK_REPLAY:
        send_value(
            w, line, kind == DSB_PAIRING_START ? DSB_PAIRING_SHARE : DSB_PAIRING_CONFIRM_OWNER,
            m->earlier[kind == DSB_PAIRING_START ? DSB_PAIRING_SHARE : DSB_PAIRING_CONFIRM_OWNER]);
        return;
    case SIM_TRICK_GUESS:
    case SIM_TRICK_KEYS:
    case SIM_TRICK_CHANNEL:
    case SIM_TRICK_CUT:
    case SIM_TRICK_COUNT:
        break;
    }
    if (kind == DSB_PAIRING_START) {
        draw_half(w, m, line);
        if (!confirm(line, false, line->heard[kind]))
            return;
        count_proof(m, line);
        send_value(w, line, DSB_PAIRING_SHARE, line->half.share);
    } else if (kind == DSB_PAIRING_CONFIRM_TYPIST && m->trick == SIM_TRICK_CUT) {
        line->closes = true;
    } else if (kind == DSB_PAIRING_CONFIRM_TYPIST) {
        send_value(w, line, DSB_PAIRING_CONFIRM_OWNER, line->confirms.secret_owner);
    }
}

static void to_owner(struct sim_world *w, struct sim_middle *m, struct sim_line *line,
                     enum dsb_pairing_message_kind kind)
{
    if (m->trick == SIM_TRICK_RELAY) {
        hand_over(w, m, line, kind);
        return;
    }
    if (kind != DSB_PAIRING_SHARE)
        return;
    if (m->trick == SIM_TRICK_REFLECT) {
        send_value(w, line, DSB_PAIRING_CONFIRM_TYPIST, line->heard[kind]);
    } else if (m->trick == SIM_TRICK_ROLES) {
        send_value(w, line, DSB_PAIRING_CONFIRM_OWNER, line->heard[kind]);
    } else if (m->trick == SIM_TRICK_REPLAY) {
        send_value(w, line, DSB_PAIRING_CONFIRM_TYPIST, m->earlier[DSB_PAIRING_CONFIRM_TYPIST]);
    } else if (confirm(line, true, line->heard[kind])) {
        count_proof(m, line);
        send_value(w, line, DSB_PAIRING_CONFIRM_TYPIST, line->confirms.secret_typist);
        line->closes = m->trick == SIM_TRICK_CUT && draw(m, 2) == 0;
    }
}

static void on_no(struct sim_world *w, struct sim_middle *m, struct sim_line *line,
                  enum dsb_pairing_no no)
{
    say(w, "is told no by", side_of(m, line) == SIM_LINE_TO_OWNER ? "the owner" : "the typist");
    line->closes = true;
    if (side_of(m, line) != SIM_LINE_TO_OWNER || no != DSB_PAIRING_NO_WRONG_CODE)
        return;
    if (++m->wrong_count > 1)
        sim_world_fail(w, "an owner looked at two guesses for one code");
}

static void on_payload(struct sim_world *w, struct sim_middle *m, struct sim_line *line,
                       struct nx_bytes payload)
{
    struct dsb_pairing_message message;

    if (dsb_pairing_message_decode(payload, &message) != NX_OK) {
        sim_world_fail(w, "a device says what is no message of pairing");
        return;
    }
    if (message.kind == DSB_PAIRING_NO) {
        on_no(w, m, line, message.no);
        return;
    }
    memcpy(line->heard[message.kind], message.value, DSB_PAIRING_VALUE_LEN);
    line->heard_kinds |= 1u << message.kind;
    if (m->trick != SIM_TRICK_REPLAY)
        memcpy(m->earlier[message.kind], message.value, DSB_PAIRING_VALUE_LEN);
    if (side_of(m, line) == SIM_LINE_TO_OWNER)
        to_owner(w, m, line, message.kind);
    else
        to_typist(w, m, line, message.kind);
}

static void take_plain(struct sim_world *w, struct sim_middle *m, struct sim_line *line,
                       struct nx_bytes plain)
{
    struct dsb_frame frame;
    size_t used;

    while (plain.len > 0 && dsb_frame_decode(plain, &frame, &used) == NX_OK) {
        if (frame.kind == DSB_FRAME_PAIR)
            on_payload(w, m, line, frame.body);
        if (frame.kind == DSB_FRAME_GOAWAY)
            line->closes = true;
        plain = nx_bytes_of(plain.ptr + used, plain.len - used);
    }
}

/* The typist speaks first; to an owner that is us. */
static void on_up(struct sim_world *w, struct sim_middle *m, struct sim_line *line)
{
    const struct sim_line *from = &m->lines[SIM_LINE_FROM_TYPIST];

    line->is_up = true;
    if (side_of(m, line) != SIM_LINE_TO_OWNER) {
        if (m->waits_for_typist && m->dial_count == 0)
            dial_owner(w, m);
        return;
    }
    say(w, "reaches", "the owner");
    switch (m->trick) {
    case SIM_TRICK_RELAY:
        if ((from->heard_kinds & 1u << DSB_PAIRING_START) != 0)
            send_value(w, line, DSB_PAIRING_START, from->heard[DSB_PAIRING_START]);
        return;
    case SIM_TRICK_ROLES:
        draw_half(w, m, line);
        send_value(w, line, DSB_PAIRING_SHARE, line->half.share);
        return;
    case SIM_TRICK_REPLAY:
        send_value(w, line, DSB_PAIRING_START, m->earlier[DSB_PAIRING_START]);
        return;
    case SIM_TRICK_GUESS:
    case SIM_TRICK_KEYS:
    case SIM_TRICK_CHANNEL:
    case SIM_TRICK_REFLECT:
    case SIM_TRICK_CUT:
    case SIM_TRICK_COUNT:
        break;
    }
    draw_half(w, m, line);
    send_value(w, line, DSB_PAIRING_START, line->half.share);
}

/* ---- a turn of a line ------------------------------------------------------------------------ */

static void accept_all(struct sim_world *w, struct sim_middle *m)
{
    struct sim_line *line = &m->lines[SIM_LINE_FROM_TYPIST];
    struct nx_address from;
    struct nx_handle socket;

    while (m->is_listening && nx_net_accept(&m->net, m->listener, &socket, &from) == NX_OK) {
        close_line(m, line); /* the newest counts */
        line->is_open = true;
        line->socket = socket;
        dsb_session_accept(&line->session, w->now, &m->credentials, nx_prng_as_rng(&m->entropy));
    }
}

static void follow(struct sim_world *w, struct sim_middle *m, struct sim_line *line)
{
    if (line->session.state == DSB_SESSION_ASKED) {
        if (line->session.terms.purpose == DSB_PURPOSE_PAIR && m->is_acting)
            dsb_session_admit(&line->session, false);
        else
            dsb_session_refuse(&line->session, DSB_REFUSAL_UNKNOWN, false);
    }
    if (line->session.state == DSB_SESSION_UP && !line->is_up)
        on_up(w, m, line);
    if (line->session.state == DSB_SESSION_OVER)
        line->closes = true;
}

static void take_in(struct sim_world *w, struct sim_middle *m, struct sim_line *line)
{
    enum nx_status status = NX_OK;

    while (status == NX_OK) {
        struct nx_bytes plain = nx_bytes_of(NULL, 0);
        size_t used = 0;

        status = dsb_session_input(&line->session, w->now, line->in, line->in_len, &used, &plain);
        if (status == NX_OK)
            take_plain(w, m, line, plain);
        memmove(line->in, line->in + used, line->in_len - used);
        line->in_len -= used;
        follow(w, m, line);
        if (status != NX_OK && status != NX_WOULD_BLOCK)
            line->closes = true;
    }
}

static bool receive(struct sim_middle *m, struct sim_line *line)
{
    size_t count = 0;
    const struct nx_net_room room = {line->in + line->in_len, sizeof(line->in) - line->in_len};
    enum nx_status status = nx_net_receive(&m->net, line->socket, &room, 1, &count);

    line->in_len += count;
    line->has_failed |= status != NX_OK && status != NX_WOULD_BLOCK;
    return count > 0;
}

static void send_out(struct sim_middle *m, struct sim_line *line)
{
    struct nx_writer out = nx_writer_over(line->out, sizeof(line->out));
    size_t sent = 0;

    out.len = line->out_len;
    while (dsb_session_output(&line->session, &out)) {
    }
    line->out_len = out.len;
    if (line->out_len == 0)
        return;
    const struct nx_bytes part = nx_bytes_of(line->out, line->out_len);
    enum nx_status status = nx_net_send(&m->net, line->socket, &part, 1, &sent);
    line->has_failed |= status != NX_OK && status != NX_WOULD_BLOCK;
    memmove(line->out, line->out + sent, line->out_len - sent);
    line->out_len -= sent;
}

static void work_line(struct sim_world *w, struct sim_middle *m, struct sim_line *line)
{
    bool may_retry;

    if (!line->is_open)
        return;
    dsb_session_tick(&line->session, w->now);
    follow(w, m, line);
    while (!line->has_failed && receive(m, line))
        take_in(w, m, line);
    follow(w, m, line);
    send_out(m, line);
    if (!line->has_failed && (!line->closes || line->out_len > 0))
        return;

    may_retry = side_of(m, line) == SIM_LINE_TO_OWNER && m->is_acting &&
                m->dial_count <= SIM_MIDDLE_RETRIES;
    close_line(m, line);
    if (may_retry) { /* it has looked over somebody's shoulder meanwhile, and its guess is spent */
        memcpy(m->guesses[SIM_LINE_TO_OWNER], m->code, sizeof(m->code));
        dial_owner(w, m);
    }
}

/* ---- the whole of it ------------------------------------------------------------------------- */

static void announce(struct sim_world *w, struct sim_middle *m)
{
    uint8_t bytes[DSB_BEACON_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(m->identity.id_text),
                                .port = SIM_PORT,
                                .has_trailer = true,
                                .sequence = w->now.ns,
                                .ttl_s = DSB_DISCOVERY_TTL_S,
                                .name = nx_bytes_of_text("b")};
    struct nx_address to = dsb_announcer_group(0);

    memcpy(beacon.noise_static, m->identity.noise_static, sizeof(beacon.noise_static));
    to.scope = w->net.interface_index;
    if (dsb_beacon_encode(&beacon, &out, NULL) == NX_OK)
        (void)!nx_net_send_to(&m->net, m->mouth, &to, nx_writer_bytes(&out));
    m->beacon_at = nx_instant_after(w->now, nx_seconds(SIM_MIDDLE_BEACON_S));
}

void sim_middle_begin(struct sim_world *w, struct sim_middle *m)
{
    const uint8_t address[4] = {10, 0, 0, 200};
    const struct nx_address any = nx_address_ipv4(address, 0);
    uint8_t seed[NX_ED25519_SEED_LEN];

    memset(m, 0, sizeof(*m));
    nx_prng_init(&m->chance, w->config.seed, "middle");
    nx_prng_init(&m->entropy, w->config.seed, "middle's entropy");
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)nx_prng_next(&m->entropy);
    dsb_identity_init(&m->identity, seed);
    dsb_credentials_init(&m->credentials, &m->identity);
    m->host = fakenet_add(&w->net, any);
    m->net = fake_host_as_net(m->host);
    m->address = nx_address_ipv4(address, SIM_PORT);
    if (nx_net_listen(&m->net, &m->address, BACKLOG, &m->listener, NULL) != NX_OK ||
        nx_net_bind(&m->net, &any, false, &m->mouth, NULL) != NX_OK)
        sim_world_fail(w, "the man in the middle has no socket");
    m->is_listening = true;
    m->is_touched = true;
}

static bool take_events(struct sim_middle *m)
{
    struct nx_net_event event;
    bool moved = false;

    while (nx_net_event(&m->net, &event)) {
        for (uint32_t i = 0; i < SIM_LINE_COUNT; i++) {
            if (m->lines[i].is_open && m->lines[i].socket.value == event.socket.value &&
                event.kind == NX_NET_DIALLED && event.status != NX_OK)
                m->lines[i].has_failed = true;
        }
        moved = true;
    }
    return moved;
}

static void stop_acting(struct sim_middle *m)
{
    m->is_acting = false;
    for (uint32_t i = 0; i < SIM_LINE_COUNT; i++)
        close_line(m, &m->lines[i]);
}

bool sim_middle_turn(struct sim_world *w, struct sim_middle *m)
{
    if (!m->is_listening ||
        (!take_events(m) && !m->is_touched && !nx_instant_reached(sim_middle_deadline(m), w->now)))
        return false;
    m->is_touched = false;
    if (nx_instant_reached(m->beacon_at, w->now))
        announce(w, m);
    if (m->is_acting && nx_instant_reached(m->ends_at, w->now))
        stop_acting(m);
    accept_all(w, m);
    for (uint32_t i = 0; i < SIM_LINE_COUNT; i++)
        work_line(w, m, &m->lines[i]);
    for (uint32_t i = 0; i < SIM_LINE_COUNT; i++) { /* what one line had to say on the other */
        if (m->lines[i].is_open)
            send_out(m, &m->lines[i]);
    }
    return true;
}

struct nx_instant sim_middle_deadline(const struct sim_middle *m)
{
    struct nx_instant next = m->beacon_at;

    if (!m->is_listening)
        return NX_NEVER;
    if (m->is_acting)
        next = nx_instant_earlier(next, m->ends_at);
    for (uint32_t i = 0; i < SIM_LINE_COUNT; i++) {
        if (m->lines[i].is_open)
            next = nx_instant_earlier(next, dsb_session_deadline(&m->lines[i].session));
    }
    return next;
}

static void guess(struct sim_middle *m, char out[DSB_PAIRING_CODE_LEN + 1])
{
    bool is_right = draw(m, LUCK) == 0 || m->trick == SIM_TRICK_KEYS ||
                    m->trick == SIM_TRICK_CHANNEL || m->trick == SIM_TRICK_CUT;

    memcpy(out, m->code, sizeof(m->code));
    if (!is_right)
        out[draw(m, DSB_PAIRING_CODE_LEN)] ^= 1;
}

void sim_middle_act(struct sim_world *w, struct sim_middle *m, const struct sim_device *owner,
                    const struct sim_device *typist, const char *code)
{
    stop_acting(m);
    m->trick = (enum sim_trick)draw(m, SIM_TRICK_COUNT);
    m->is_acting = true;
    m->ends_at = nx_instant_after(w->now, nx_seconds(SIM_MIDDLE_ACT_S));
    m->devices[SIM_LINE_TO_OWNER] = owner->index;
    m->devices[SIM_LINE_FROM_TYPIST] = typist->index;
    memcpy(m->code, code, sizeof(m->code));
    m->dial_count = m->wrong_count = 0;
    memset(m->proof_count, 0, sizeof(m->proof_count));
    memset(m->may_pair, 0, sizeof(m->may_pair));
    for (uint32_t i = 0; i < SIM_LINE_COUNT; i++)
        guess(m, m->guesses[i]);
    m->act_count++;
    m->is_touched = true;
    say(w, "tries", tricks[m->trick]);
    m->waits_for_typist = draw(m, 2) == 0;
    if (!m->waits_for_typist)
        dial_owner(w, m);
}

void sim_middle_end(struct sim_middle *m)
{
    stop_acting(m);
    nx_net_close(&m->net, m->listener);
    nx_net_close(&m->net, m->mouth);
    m->is_listening = false;
}
