#include "sim/hostile.h"

#include "core/base/memory.h"
#include "sim/world.h"

enum {
    ATTEMPT_LEAST_MS = 10,
    ATTEMPT_MOST_MS = 1500,
    ATTEMPT_S = 40, /* and then it is over */
    MINUTES_TO_GET_IN = 3,
    BREACH_S = 3, /* after which whoever broke the rules is out */
};

/* ---- chance ------------------------------------------------------------------------------------ */

uint32_t sim_hostile_draw(struct sim_hostile *h, uint32_t least, uint32_t most)
{
    return least + (uint32_t)(nx_prng_next(&h->chance) % ((uint64_t)most - least + 1));
}

bool sim_hostile_chance(struct sim_hostile *h, uint32_t of)
{
    return sim_hostile_draw(h, 1, of) == 1;
}

void sim_hostile_noise(struct sim_hostile *h, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)nx_prng_next(&h->chance);
}

uint32_t sim_hostile_kept(uint32_t count)
{
    return count < SIM_HOSTILE_HEARD ? count : SIM_HOSTILE_HEARD;
}

void sim_hostile_spoil(struct sim_hostile *h, uint8_t *bytes, size_t *len, size_t cap)
{
    const uint32_t last = *len == 0 ? 0 : (uint32_t)*len - 1;
    const uint32_t how = sim_hostile_draw(h, 0, 3);
    const uint32_t bit = sim_hostile_draw(h, 0, 7);
    const uint32_t anywhere = sim_hostile_draw(h, 0, last);
    const uint32_t in_head = sim_hostile_draw(h, 0, last < 16 ? last : 16);
    size_t more = sim_hostile_draw(h, 1, 64);

    switch (*len == 0 ? 3 : how) {
    case 0:
        bytes[anywhere] ^= (uint8_t)(1u << bit);
        break;
    case 1: /* where heads and lengths are */
        bytes[in_head] ^= (uint8_t)(1u << bit);
        break;
    case 2:
        *len = anywhere;
        break;
    default:
        if (more > cap - *len)
            more = cap - *len;
        sim_hostile_noise(h, bytes + *len, more);
        *len += more;
        break;
    }
}

void sim_hostile_say(struct sim_world *w, const struct sim_attempt *a, const char *what)
{
    struct nx_text *t = sim_trace_begin(&w->trace, w->now, "!", what);

    nx_text_add(t, " at ");
    nx_text_add(t, w->devices[a->victim].name);
    nx_text_add(t, a->is_stranger ? " as a stranger #" : " #");
    nx_text_add_u64(t, (uint64_t)(a - w->hostile.attempts));
    sim_trace_end(&w->trace);
}

/* ---- life -------------------------------------------------------------------------------------- */

bool sim_hostile_is(const struct sim_world *w, const struct sim_device *d)
{
    return w->hostile.is_there && d->index == w->hostile.device;
}

bool sim_hostile_is_stranger(const struct sim_world *w, const char *id_text)
{
    return w->hostile.is_there &&
           nx_bytes_equal(nx_bytes_of_text(w->hostile.stranger.id_text), nx_bytes_of_text(id_text));
}

void sim_hostile_init(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    uint8_t seed[NX_ED25519_SEED_LEN];

    h->is_there = true;
    h->device = w->device_count - 1;
    h->attempt_at = h->beacon_at = NX_NEVER;
    nx_prng_init(&h->chance, w->config.seed, "hostile");
    sim_hostile_noise(h, seed, sizeof(seed));
    dsb_identity_init(&h->stranger, seed);
    dsb_credentials_init(&h->credentials, &h->stranger);
    for (uint32_t i = 0; i < SIM_HOSTILE_HOSTS; i++) {
        const uint8_t address[4] = {10, 0, 1, (uint8_t)i};

        h->hosts[i] =
            i == 0 ? w->devices[h->device].host : fakenet_add(&w->net, nx_address_ipv4(address, 0));
        h->nets[i] = fake_host_as_net(h->hosts[i]);
    }
}

static void open_ears(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    const struct nx_address group = dsb_announcer_group(0);
    struct nx_address any = h->hosts[1]->address;

    any.port = DSB_DISCOVERY_PORT;
    h->may_hear = nx_net_bind(&h->nets[1], &any, true, &h->ear, NULL) == NX_OK &&
                  nx_net_join(&h->nets[1], h->ear, &group, w->net.interface_index, NULL) == NX_OK;
    h->may_accept =
        nx_net_listen(&h->nets[0], &w->devices[h->device].address, 8, &h->listener, NULL) == NX_OK;
    if (!h->may_hear || !h->may_accept)
        sim_world_fail(w, "what a device that is off had open is still open");
}

void sim_hostile_begin(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_device *d = &w->devices[h->device];

    sim_device_stop(d);
    sim_world_pass(w, nx_seconds(SIM_STOP_S + 2));
    sim_trace_say(&w->trace, w->now, "!", "begins", "");
    fake_host_back(d->host);
    h->is_at_it = true;
    h->attempt_at = h->beacon_at = w->now;
    open_ears(w);
}

static void close_attempt(struct sim_hostile *h, struct sim_attempt *a)
{
    if (a->state == SIM_ATTEMPT_FREE)
        return;
    if (sim_hostile_chance(h, 3))
        nx_net_abort(&h->nets[a->host], a->socket);
    else
        nx_net_close(&h->nets[a->host], a->socket);
    dsb_handshake_wipe(&a->handshake);
    dsb_records_wipe(&a->records);
    a->state = SIM_ATTEMPT_FREE;
}

void sim_hostile_calm(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;

    if (!h->is_at_it)
        return;
    h->is_at_it = false;
    h->attempt_at = h->beacon_at = NX_NEVER;
    for (uint32_t i = 0; i < SIM_HOSTILE_ATTEMPTS; i++)
        close_attempt(h, &h->attempts[i]);
    nx_net_close(&h->nets[0], h->listener);
    nx_net_close(&h->nets[1], h->ear);
    sim_trace_say(&w->trace, w->now, "!", "is honest again", "");
    sim_device_on(&w->devices[h->device]);
}

const struct dsb_mux *sim_hostile_session(const struct sim_device *d, const struct sim_attempt *a)
{
    for (uint32_t i = 0; a->has_records && i < d->connections.used_end; i++) {
        const struct dsb_connection *conn = &d->places[i];

        if (conn->state == DSB_CONNECTION_OPEN && conn->link != DSB_CONNECTION_NONE &&
            d->node.links[conn->link].state == DSB_LINK_SESSION &&
            memcmp(a->handshake.noise.h, conn->session.h, NX_BLAKE2S_LEN) == 0)
            return &d->node.links[conn->link].mux;
    }
    return NULL;
}

/* ---- attempts ---------------------------------------------------------------------------------- */

static struct sim_attempt *free_attempt(struct sim_hostile *h)
{
    for (uint32_t i = 0; i < SIM_HOSTILE_ATTEMPTS; i++) {
        if (h->attempts[i].state == SIM_ATTEMPT_FREE)
            return &h->attempts[i];
    }
    return NULL;
}

static void begin_attempt(struct sim_world *w, struct sim_attempt *a)
{
    static const uint32_t pieces[] = {SIM_HOSTILE_OUT_MAX, 1500, 64, 7};
    struct sim_hostile *h = &w->hostile;

    memset(a, 0, offsetof(struct sim_attempt, in));
    a->is_initiator = true;
    a->is_raw = sim_hostile_chance(h, 3);
    a->is_stranger = a->is_raw || sim_hostile_chance(h, 4);
    a->host = a->is_stranger ? sim_hostile_draw(h, 1, SIM_HOSTILE_HOSTS - 1) : 0;
    a->victim = sim_hostile_draw(h, 0, h->device - 1);
    a->piece_max = pieces[sim_hostile_draw(h, 0, NX_COUNT_OF(pieces) - 1)];
    a->rest_ms = sim_hostile_chance(h, 4) ? sim_hostile_draw(h, 1, 1000) : 0;
    a->says_left = sim_hostile_draw(h, 1, 60);
    a->act_at = w->now;
    a->broken_at = NX_NEVER;
    a->close_at =
        nx_instant_after(w->now, nx_milliseconds(sim_hostile_draw(h, 1, 1000 * ATTEMPT_S)));
}

static void dial(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_attempt *a = free_attempt(h);

    h->attempt_at = nx_instant_after(
        w->now, nx_milliseconds(sim_hostile_draw(h, ATTEMPT_LEAST_MS, ATTEMPT_MOST_MS)));
    if (a == NULL)
        return;
    begin_attempt(w, a);
    if (nx_net_connect(&h->nets[a->host], &w->devices[a->victim].address, NX_NEVER, &a->socket,
                       NULL) != NX_OK)
        return;
    a->state = SIM_ATTEMPT_DIALLING;
    h->begun_count++;
}

/* Somebody dials it: it answers as it pleases. */
static bool accept(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_attempt *a = free_attempt(h);
    struct nx_address from;
    struct nx_handle socket;

    if (!h->may_accept || a == NULL)
        return false;
    if (nx_net_accept(&h->nets[0], h->listener, &socket, &from) != NX_OK) {
        h->may_accept = false;
        return false;
    }
    begin_attempt(w, a);
    a->is_initiator = false;
    a->is_raw = sim_hostile_chance(h, 6);
    a->is_stranger = sim_hostile_chance(h, 12);
    a->host = 0;
    a->socket = socket;
    a->may_receive = a->may_send = true;
    for (uint32_t i = 0; i < h->device; i++) {
        if (nx_address_same_host(&w->devices[i].host->address, &from))
            a->victim = i;
    }
    h->accepted_count++;
    sim_talk_begin(w, a);
    return true;
}

static struct sim_attempt *attempt_of(struct sim_hostile *h, uint32_t host, struct nx_handle socket)
{
    for (uint32_t i = 0; i < SIM_HOSTILE_ATTEMPTS; i++) {
        struct sim_attempt *a = &h->attempts[i];

        if (a->state != SIM_ATTEMPT_FREE && a->host == host && a->socket.value == socket.value)
            return a;
    }
    return NULL;
}

static void take_event(struct sim_world *w, uint32_t host, const struct nx_net_event *event)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_attempt *a = attempt_of(h, host, event->socket);

    if (a == NULL) {
        h->may_accept |= event->kind == NX_NET_ACCEPTABLE;
        h->may_hear |= event->kind == NX_NET_READABLE && host == 1;
        return;
    }
    a->may_receive |= event->kind != NX_NET_WRITABLE;
    a->may_send |= event->kind != NX_NET_READABLE;
    if (event->kind != NX_NET_DIALLED)
        return;
    if (event->status == NX_OK)
        sim_talk_begin(w, a);
    else
        close_attempt(h, a);
}

/* What waits goes out, in pieces. False: nothing moved. */
static bool send(struct sim_hostile *h, struct sim_attempt *a, struct nx_instant now)
{
    bool moved = false;

    while (a->may_send && a->out_at < a->out_len && nx_instant_reached(a->send_at, now)) {
        struct nx_bytes part = nx_bytes_of(a->out + a->out_at, a->out_len - a->out_at);
        size_t sent = 0;

        if (part.len > a->piece_max)
            part.len = a->piece_max;
        enum nx_status status = nx_net_send(&h->nets[a->host], a->socket, &part, 1, &sent);
        a->may_send = status == NX_OK;
        a->out_at += sent;
        moved |= sent > 0;
        if (a->rest_ms > 0)
            a->send_at = nx_instant_after(now, nx_milliseconds(sim_hostile_draw(h, 1, a->rest_ms)));
        if (status != NX_OK && status != NX_WOULD_BLOCK)
            a->out_at = a->out_len;
    }
    return moved;
}

/* False: nothing moved, or the attempt is over. */
static bool receive(struct sim_hostile *h, struct sim_attempt *a)
{
    struct nx_net_room room = {a->in + a->in_len, sizeof(a->in) - a->in_len};
    size_t received = 0;

    if (!a->may_receive || room.cap == 0)
        return false;
    enum nx_status status = nx_net_receive(&h->nets[a->host], a->socket, &room, 1, &received);
    a->may_receive = status == NX_OK;
    a->in_len += received;
    if (status != NX_OK && status != NX_WOULD_BLOCK)
        close_attempt(h, a);
    return received > 0;
}

/* What broke the rules has left, and a while has passed: the session may not stand any more. */
static void judge_breach(struct sim_world *w, struct sim_attempt *a)
{
    const struct sim_device *victim = &w->devices[a->victim];
    const struct dsb_mux *session;

    if (!a->is_broken || a->out_at < a->out_len || a->state == SIM_ATTEMPT_FREE)
        return;
    if (nx_instant_is_never(a->broken_at)) {
        a->broken_at = w->now;
        a->close_at = nx_instant_after(w->now, nx_seconds(BREACH_S));
    }
    if (!nx_instant_reached(a->close_at, w->now) || w->faults.plan != 0)
        return;
    session = victim->state == SIM_DEVICE_ON ? sim_hostile_session(victim, a) : NULL;
    if (session != NULL &&
        session->state == DSB_MUX_ACTIVE) /* one that ends charges what is late */
        sim_world_fail(w, "a breach of the protocol did not end its session");
}

static bool work(struct sim_world *w, struct sim_attempt *a)
{
    struct sim_hostile *h = &w->hostile;
    bool moved = false;

    if (a->state != SIM_ATTEMPT_FREE && a->state != SIM_ATTEMPT_DIALLING)
        moved = receive(h, a);
    if (a->state != SIM_ATTEMPT_FREE && a->state != SIM_ATTEMPT_DIALLING)
        moved |= sim_talk_go_on(w, a);
    if (a->state != SIM_ATTEMPT_FREE && a->state != SIM_ATTEMPT_DIALLING)
        moved |= send(h, a, w->now);
    judge_breach(w, a);
    if (nx_instant_reached(a->close_at, w->now))
        close_attempt(h, a);
    return moved;
}

/* What others say when they dial, as it arrives. It may be there for more than one turn. */
static void overhear_end(struct sim_world *w, uint32_t end, uint32_t victim)
{
    struct sim_hostile *h = &w->hostile;
    const struct fake_end *e = &w->net.ends[end];
    struct sim_overheard *o = NULL;
    size_t same = 0;

    for (uint32_t i = 0; i < SIM_HOSTILE_HEARD; i++) {
        if (h->overheard[i].end == end && h->overheard[i].serial == e->serial)
            o = &h->overheard[i];
    }
    if (o == NULL) {
        o = &h->overheard[h->overheard_count++ % SIM_HOSTILE_HEARD];
        *o = (struct sim_overheard){.end = end, .serial = e->serial, .victim = victim};
    }
    while (o->last_at + same < o->len && same < e->ready_len &&
           o->bytes[o->last_at + same] ==
               w->net.pipes[e->pipe][(e->first + same) % w->net.pipe_size])
        same++;
    if (o->last_at + same < o->len) { /* something else, behind it */
        o->last_at = o->len;
        same = 0;
    }
    for (; same < e->ready_len && o->len < SIM_HOSTILE_HEARD_MAX; same++)
        o->bytes[o->len++] = w->net.pipes[e->pipe][(e->first + same) % w->net.pipe_size];
}

static void overhear(struct sim_world *w)
{
    const struct sim_hostile *h = &w->hostile;

    for (uint32_t i = 0; i < w->net.ends_end; i++) {
        const struct fake_end *e = &w->net.ends[i];

        if (!e->is_used || e->ready_len == 0 || e->local.port != SIM_PORT || e->host >= h->device ||
            e->remote.bytes[2] != 0)
            continue;
        overhear_end(w, i, e->host);
    }
}

bool sim_hostile_turn(struct sim_world *w)
{
    struct sim_hostile *h = &w->hostile;
    struct nx_net_event event;
    bool moved = false;

    if (!h->is_at_it)
        return false;
    overhear(w);
    for (uint32_t i = 0; i < SIM_HOSTILE_HOSTS; i++) {
        while (nx_net_event(&h->nets[i], &event)) {
            take_event(w, i, &event);
            moved = true;
        }
    }
    if (nx_instant_reached(h->attempt_at, w->now)) {
        dial(w);
        moved = true;
    }
    while (accept(w))
        moved = true;
    moved |= sim_hostile_beacons(w);
    for (uint32_t i = 0; i < SIM_HOSTILE_ATTEMPTS; i++)
        moved |= work(w, &h->attempts[i]);
    return moved;
}

struct nx_instant sim_hostile_deadline(const struct sim_world *w)
{
    const struct sim_hostile *h = &w->hostile;
    struct nx_instant next;

    if (!h->is_at_it)
        return NX_NEVER;
    next = nx_instant_earlier(h->attempt_at, h->beacon_at);
    for (uint32_t i = 0; i < SIM_HOSTILE_ATTEMPTS; i++) {
        const struct sim_attempt *a = &h->attempts[i];

        if (a->state == SIM_ATTEMPT_FREE)
            continue;
        next = nx_instant_earlier(next, a->close_at);
        if (a->act_at.ns > w->now.ns)
            next = nx_instant_earlier(next, a->act_at);
        if (a->may_send && a->out_at < a->out_len && a->send_at.ns > w->now.ns)
            next = nx_instant_earlier(next, a->send_at);
    }
    return next;
}

/* ---- after the calm ---------------------------------------------------------------------------- */

void sim_hostile_check(struct sim_world *w)
{
    const uint64_t seconds = w->now.ns / 1000000000 + 1;

    for (uint32_t i = 0; i < w->hostile.device; i++) {
        const struct dsb_gate_counts *c = dsb_gate_counts(&w->devices[i].connections.gate);

        if (c->completed + c->failed + c->left >
            2 * (DSB_GATE_NODE_BURST + DSB_GATE_NODE_PER_SECOND * seconds) + c->dropped)
            sim_world_fail(w, "a gate let more handshakes in than it has turns for");
    }
    if (w->hostile.begun_count == 0 ||
        (w->hostile.up_count == 0 && w->config.minutes >= MINUTES_TO_GET_IN))
        sim_world_fail(w, "a hostile device that did nothing");
}
