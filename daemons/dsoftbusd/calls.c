/* What can be asked, and the news that a call waits for. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/stream_name.h"
#include "core/crypto/crypto.h"
#include "daemons/dsoftbusd/internal.h"

enum {
    SEGMENTS_MAX = 4,
};

static bool same_text(const char *a, const char *b)
{
    return nx_bytes_equal(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

static bool is_about(const struct dsoftbusd_call *call, uint16_t operation, const char *id_text)
{
    return call->head.operation == operation && same_text(call->id_text, id_text);
}

/* To be asked when every field that matters was read, and before anything is done about it. False: the
 * call is done. */
static bool is_whole(struct dsoftbusd_call *call, const struct nx_capn_message *m)
{
    if (m->status == NX_OK)
        return true;
    dsoftbusd_done(call, NX_E_MALFORMED, nx_status_text(NX_E_MALFORMED));
    return false;
}

/* Refused by a verb of the node: of a limit its own sentence. */
static void fail(struct dsoftbusd *d, struct dsoftbusd_call *call, enum nx_status status)
{
    const char *why = nx_status_text(status);

    if (status == NX_E_LIMIT)
        why = dsb_node_why(d->config.node)->text;
    if (status == NX_E_STATE)
        why = dsb_node_registry_why(d->config.node)->text;
    if (status == NX_E_CLOSED)
        why = "this dsoftbusd is shutting down";
    dsoftbusd_done(call, status, why[0] != '\0' ? why : nx_status_text(status));
}

/* ---- pairing --------------------------------------------------------------------------------- */

static void set_id(struct dsoftbusd_call *call, struct nx_bytes id)
{
    struct nx_text t = nx_text_over(call->id_text, sizeof(call->id_text));

    nx_text_add_bytes(&t, id);
}

/* A whole id names a device that was never heard of. */
static bool resolve_or_take(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                            struct nx_bytes asked)
{
    uint8_t id[DSB_ID_LEN];

    if (nx_hex_decode(asked, id, sizeof(id)) != NX_OK)
        return dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PRESENT);
    set_id(call, asked);
    return true;
}

static void fail_pairing(struct dsoftbusd *d, struct dsoftbusd_call *call, enum nx_status status)
{
    const struct nx_why *why = dsb_pairing_why(&d->config.node->pairing);

    bool says_why = status == NX_E_BUSY || status == NX_E_LIMIT || status == NX_E_INVALID ||
                    status == NX_E_MALFORMED || status == NX_E_DENIED;

    if (says_why && why->text[0] != '\0')
        dsoftbusd_done(call, status, why->text);
    else
        fail(d, call, status);
}

static void serve_offer(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                        struct nx_capn_message *m)
{
    struct nx_bytes peer = dsoftbusd_offer_get_peer(dsoftbusd_offer_root(m));

    if (!is_whole(call, m) || !resolve_or_take(d, now, call, peer))
        return;

    enum nx_status status =
        dsb_node_pair_offer(d->config.node, now, call->id_text, call->secret_code);
    call->news_due = status == NX_OK;
    if (status != NX_OK)
        fail_pairing(d, call, status);
}

static void serve_accept(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                         struct nx_capn_message *m)
{
    struct dsoftbusd_accept_reader accept = dsoftbusd_accept_root(m);
    struct nx_bytes peer = dsoftbusd_accept_get_peer(accept);
    struct nx_bytes code = dsoftbusd_accept_get_code(accept);

    if (!is_whole(call, m) || !dsoftbusd_resolve(d, now, call, peer, DSOFTBUSD_AMONG_PRESENT))
        return;

    enum nx_status status = dsb_node_pair_accept(d->config.node, now, call->id_text, code);
    call->news_due = status == NX_OK;
    if (status != NX_OK)
        fail_pairing(d, call, status);
}

static void serve_unpair(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                         struct nx_bytes asked)
{
    if (!dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PAIRED))
        return;

    enum nx_status status = dsb_node_unpair(d->config.node, now, call->id_text);
    if (status == NX_E_NOT_FOUND)
        dsoftbusd_done(call, status, "a v1 node is not paired: it is allowed by --allow-v1");
    else if (status != NX_OK)
        fail(d, call, status);
}

/* ---- sessions -------------------------------------------------------------------------------- */

/* A session with this device, or one is asked for. False: the call is done, or waits. */
static bool has_session(struct dsoftbusd *d, struct dsoftbusd_call *call)
{
    if (dsb_node_session(d->config.node, call->id_text) != NULL ||
        dsb_connections_find(d->config.connections, call->id_text) != NULL)
        return true;

    enum nx_status status = dsb_node_connect(d->config.node, call->id_text);
    if (status != NX_OK)
        fail(d, call, status);
    return false;
}

static void serve_connect(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                          struct nx_bytes asked)
{
    if (dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PAIRED) && has_session(d, call))
        dsoftbusd_done(call, NX_OK, NULL);
}

struct v1_device {
    struct nx_address address;
    uint8_t id[DSB_ID_LEN];
    uint8_t noise_static[NX_X25519_LEN];
};

/* False: the call is done. */
static bool read_v1(struct dsoftbusd_call *call, struct nx_capn_message *m,
                    struct v1_device *device)
{
    struct dsoftbusd_connect_v1_reader asked = dsoftbusd_connect_v1_root(m);
    struct nx_bytes address = dsoftbusd_connect_v1_get_address(asked);
    struct nx_bytes id = dsoftbusd_connect_v1_get_device_id(asked);
    struct nx_bytes noise_static = dsoftbusd_connect_v1_get_noise_static(asked);
    struct nx_why why = {{0}};

    if (!is_whole(call, m))
        return false;
    if (nx_address_parse(address, 0, &device->address, &why) != NX_OK) {
        dsoftbusd_done(call, NX_E_MALFORMED, why.text);
        return false;
    }
    if (nx_hex_decode(id, device->id, sizeof(device->id)) != NX_OK ||
        nx_hex_decode(noise_static, device->noise_static, sizeof(device->noise_static)) != NX_OK) {
        dsoftbusd_done(call, NX_E_MALFORMED,
                       "a device id and a Noise static key are 64 lower-case hex digits each");
        return false;
    }
    set_id(call, id);
    return true;
}

static const char *why_not_v1(const struct dsoftbusd *d, enum nx_status status)
{
    const struct nx_why *why = dsb_node_v1_why(d->config.node);

    if (why->text[0] != '\0')
        return why->text;
    if (status == NX_E_DENIED)
        return "not allowed: start dsoftbusd with --allow-v1 and that id";
    if (status == NX_E_IDENTITY)
        return "it is known by another key, or as more than a v1 node";
    return nx_status_text(status);
}

static void serve_connect_v1(struct dsoftbusd *d, struct nx_instant now,
                             struct dsoftbusd_call *call, struct nx_capn_message *m)
{
    const struct dsb_connection *up;
    struct nx_net_fault fault = {0};
    struct v1_device device;

    if (!read_v1(call, m, &device))
        return;
    up = dsb_connections_find(d->config.connections, call->id_text);
    if (up != NULL && up->is_v1_up) {
        dsoftbusd_done(call, NX_OK, NULL);
        return;
    }
    enum nx_status status = dsb_connections_dial_v1(d->config.connections, now, &device.address,
                                                    device.id, device.noise_static, &fault);
    if (status != NX_OK)
        dsoftbusd_done(call, status,
                       fault.why.text[0] != '\0' ? fault.why.text : why_not_v1(d, status));
}

/* One that is under way already tells for all who wait. */
static void start_ping(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    call->mux = dsb_node_session(d->config.node, call->id_text);

    enum nx_status status = call->mux == NULL ? NX_E_UNSUPPORTED : dsb_mux_ping(call->mux, now);
    if (status == NX_E_UNSUPPORTED)
        dsoftbusd_done(call, status, "a v1 node answers no ping");
    else if (status != NX_OK && status != NX_E_BUSY)
        dsoftbusd_done(call, status, nx_status_text(status));
}

static void serve_ping(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_bytes asked)
{
    if (dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PAIRED) && has_session(d, call))
        start_ping(d, now, call);
}

/* ---- streams --------------------------------------------------------------------------------- */

static bool has_zero(struct nx_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == 0)
            return true;
    }
    return false;
}

static bool set_channel(struct dsoftbusd_call *call, struct nx_bytes channel,
                        enum dsoftbusd_stream_kind kind)
{
    if ((uint32_t)kind > DSOFTBUSD_STREAM_KIND_FRAME) {
        dsoftbusd_done(call, NX_E_INVALID, "a stream is of messages, bytes or frames");
        return false;
    }
    if (channel.len == 0 || channel.len > DSOFTBUSD_CHANNEL_MAX || !nx_utf8_is_valid(channel) ||
        has_zero(channel)) {
        dsoftbusd_done(call, NX_E_INVALID, "a channel has 1 to 59 bytes of UTF-8, and no zero");
        return false;
    }
    memcpy(call->channel, channel.ptr, channel.len);
    call->channel[channel.len] = '\0';
    call->kind = (uint8_t)kind;
    return true;
}

static void serve_open(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_capn_message *m)
{
    struct dsoftbusd_open_reader open = dsoftbusd_open_root(m);
    struct nx_bytes peer = dsoftbusd_open_get_peer(open);
    struct nx_bytes channel = dsoftbusd_open_get_channel(open);

    call->priority = dsoftbusd_open_get_priority(open);
    if (is_whole(call, m) && set_channel(call, channel, dsoftbusd_open_get_kind(open)) &&
        dsoftbusd_resolve(d, now, call, peer, DSOFTBUSD_AMONG_PAIRED) && has_session(d, call))
        dsoftbusd_stream_open(d, now, call);
}

static bool is_listened_to(struct dsoftbusd *d, const struct dsoftbusd_call *like)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call != like && is_about(call, DSOFTBUSD_OPERATION_LISTEN, like->id_text) &&
            call->kind == like->kind && same_text(call->channel, like->channel))
            return true;
    }
    return false;
}

static void serve_listen(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                         struct nx_capn_message *m)
{
    struct dsoftbusd_listen_reader listen = dsoftbusd_listen_root(m);
    struct nx_bytes peer = dsoftbusd_listen_get_peer(listen);
    struct nx_bytes channel = dsoftbusd_listen_get_channel(listen);

    if (!is_whole(call, m) || !set_channel(call, channel, dsoftbusd_listen_get_kind(listen)))
        return;
    if (peer.len > 0 && !dsoftbusd_resolve(d, now, call, peer, DSOFTBUSD_AMONG_PAIRED))
        return;
    if (call->kind == DSOFTBUSD_STREAM_KIND_FRAME)
        dsoftbusd_done(call, NX_E_UNSUPPORTED, "a v1 node opens no streams: open the channel");
    else if (is_listened_to(d, call))
        dsoftbusd_done(call, NX_E_EXISTS, "another program listens on that channel");
    else
        call->news_due = true;
}

/* ---- typed calls ------------------------------------------------------------------------------- */

static bool set_service(struct dsoftbusd_call *call, struct nx_bytes service)
{
    if (service.len == 0 || service.len > DSB_RPC_SERVICE_MAX || !nx_utf8_is_valid(service) ||
        has_zero(service)) {
        dsoftbusd_done(call, NX_E_INVALID, "a service has 1 to 60 bytes of UTF-8, and no zero");
        return false;
    }
    memcpy(call->channel, service.ptr, service.len);
    call->channel[service.len] = '\0';
    return true;
}

static void serve_call(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_capn_message *m)
{
    struct dsoftbusd_call_reader asked = dsoftbusd_call_root(m);
    struct nx_bytes peer = dsoftbusd_call_get_peer(asked);
    struct nx_bytes service = dsoftbusd_call_get_service(asked);
    struct nx_bytes body = dsoftbusd_call_get_body(asked);
    uint32_t reply_max = dsoftbusd_call_get_reply_max(asked);

    call->method = dsoftbusd_call_get_method(asked);
    if (nx_instant_is_never(call->deadline))
        call->deadline = nx_instant_after(now, nx_milliseconds(DSOFTBUSD_CALL_DEADLINE_MS));
    if (is_whole(call, m) && set_service(call, service) &&
        dsoftbusd_remote_take(d, call, reply_max, body) &&
        dsoftbusd_resolve(d, now, call, peer, DSOFTBUSD_AMONG_PAIRED) && has_session(d, call))
        dsoftbusd_remote_start(d, now, call);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void serve_discover(struct dsoftbusd_call *call, struct nx_capn_message *m)
{
    call->watches = dsoftbusd_discover_get_watch(dsoftbusd_discover_root(m));
    if (is_whole(call, m))
        call->state = DSOFTBUSD_CALL_LISTS;
}

static void serve_named(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                        struct nx_capn_message *m)
{
    struct nx_bytes peer = dsoftbusd_peer_name_get_peer(dsoftbusd_peer_name_root(m));

    if (!is_whole(call, m))
        return;
    if (call->head.operation == DSOFTBUSD_OPERATION_UNPAIR)
        serve_unpair(d, now, call, peer);
    else if (call->head.operation == DSOFTBUSD_OPERATION_DOCTOR)
        dsoftbusd_serve_doctor(d, now, call, peer);
    else if (call->head.operation == DSOFTBUSD_OPERATION_CONNECT)
        serve_connect(d, now, call, peer);
    else
        serve_ping(d, now, call, peer);
}

static void serve_message(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                          struct nx_capn_message *m)
{
    switch (call->head.operation) {
    case DSOFTBUSD_OPERATION_DISCOVER:
        serve_discover(call, m);
        break;
    case DSOFTBUSD_OPERATION_OFFER:
        serve_offer(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_ACCEPT:
        serve_accept(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_UNPAIR:
    case DSOFTBUSD_OPERATION_CONNECT:
    case DSOFTBUSD_OPERATION_PING:
    case DSOFTBUSD_OPERATION_DOCTOR: /* which has the same body */
        serve_named(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_CONNECT_V1:
        serve_connect_v1(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_OPEN:
        serve_open(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_LISTEN:
        serve_listen(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_CALL:
        serve_call(d, now, call, m);
        break;
    default:
        NX_CHECK(false); /* has_operation */
    }
}

static bool has_operation(uint16_t operation)
{
    return (operation >= DSOFTBUSD_OPERATION_STATUS && operation <= DSOFTBUSD_OPERATION_LISTEN) ||
           operation == DSOFTBUSD_OPERATION_CALL || operation == DSOFTBUSD_OPERATION_DOCTOR ||
           operation == DSOFTBUSD_OPERATION_LIMITS || operation == DSOFTBUSD_OPERATION_WATCH;
}

/* Those that ask for nothing in particular. */
static bool is_empty(uint16_t operation)
{
    return operation == DSOFTBUSD_OPERATION_STATUS || operation == DSOFTBUSD_OPERATION_PEERS ||
           operation == DSOFTBUSD_OPERATION_LIMITS || operation == DSOFTBUSD_OPERATION_WATCH;
}

static void serve_empty(const struct dsoftbusd *d, struct dsoftbusd_call *call,
                        struct nx_bytes body)
{
    if (body.len > 0) {
        dsoftbusd_done(call, NX_E_MALFORMED, nx_status_text(NX_E_MALFORMED));
    } else if (call->head.operation == DSOFTBUSD_OPERATION_PEERS) {
        call->state = DSOFTBUSD_CALL_LISTS;
    } else if (call->head.operation == DSOFTBUSD_OPERATION_WATCH) {
        call->state = DSOFTBUSD_CALL_WATCHES;
        call->news_due = true;
        call->happened_next = d->happened_count;
    } else {
        dsoftbusd_done(call, NX_OK, NULL);
    }
}

void dsoftbusd_serve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                     struct nx_bytes body)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message m;

    if (!has_operation(call->head.operation))
        dsoftbusd_done(
            call, NX_E_UNSUPPORTED,
            "this dsoftbusd has no such operation: it is older than what asks, restart it");
    else if (is_empty(call->head.operation))
        serve_empty(d, call, body);
    else if (nx_capn_message_open(&m, &nx_capn_limits_default, body, table, SEGMENTS_MAX) != NX_OK)
        dsoftbusd_done(call, NX_E_MALFORMED, nx_status_text(NX_E_MALFORMED));
    else
        serve_message(d, now, call, &m);
}

/* The node tells of its end as of any other, and by then somebody else may have begun one with the same
 * device: that telling is nobody's. */
static void take_pairing_back(struct dsoftbusd *d, struct nx_instant now,
                              enum dsb_pairing_role role)
{
    if (dsb_pairing_state(&d->config.node->pairing, role) == DSB_PAIRING_CLOSED)
        return;
    d->taken_back[role]++;
    dsb_node_pair_cancel(d->config.node, now, role);
}

void dsoftbusd_give_up(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    if (call->head.operation == DSOFTBUSD_OPERATION_OFFER)
        take_pairing_back(d, now, DSB_PAIRING_OWNER);
    if (call->head.operation == DSOFTBUSD_OPERATION_ACCEPT)
        take_pairing_back(d, now, DSB_PAIRING_TYPIST);
    if (call->head.operation == DSOFTBUSD_OPERATION_DOCTOR)
        dsoftbusd_doctor_give_up(d, call);
    if (call->head.operation == DSOFTBUSD_OPERATION_OPEN && call->mux != NULL)
        dsb_mux_release(call->mux, call->stream);
    if (call->head.operation == DSOFTBUSD_OPERATION_CALL)
        dsoftbusd_remote_give_up(d, now, call);
    call->mux = NULL;
    call->news_due = false;
    nx_crypto_wipe(call->secret_code, sizeof(call->secret_code));
    d->has_more = true;
}

/* ---- news ------------------------------------------------------------------------------------ */

/* Every call about this device, of this operation or of any that waits for a session. */
static void finish_calls(struct dsoftbusd *d, uint16_t operation, const char *id_text,
                         enum nx_status status, const char *why)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (is_about(call, operation, id_text))
            dsoftbusd_done(call, status, why);
    }
}

static uint16_t operation_of(enum dsb_pairing_role role)
{
    return role == DSB_PAIRING_OWNER ? DSOFTBUSD_OPERATION_OFFER : DSOFTBUSD_OPERATION_ACCEPT;
}

/* What a person can do about it, where there is something. */
static const char *why_pairing_failed(const struct dsb_node_event *event)
{
    bool is_owner = event->role == DSB_PAIRING_OWNER;

    if (event->status == NX_E_DENIED && !event->is_spent)
        return "that device has no open offer for this one: begin there, with nx bus pair offer";
    if (event->status == NX_E_DENIED)
        return is_owner ? "wrong digits were typed there, and these are used up: offer new ones"
                        : "the digits were wrong, and are used up: have new ones offered there";
    if (event->status == NX_E_TIMEOUT)
        return is_owner ? "nobody typed the digits in time: offer new ones"
                        : "it took too long: have new digits offered there";
    if (event->status == NX_E_ABORTED)
        return is_owner ? "it was called off: offer new digits"
                        : "it was called off: have new digits offered there";
    if (event->status == NX_E_BUSY)
        return "the other device is pairing with another one: try again in a minute";
    if (event->status == NX_E_IO)
        return "the other device could not store it: see nx status there";
    return nx_status_text(event->status);
}

/* What is known about the failure that a pairing's call is about to hear of. */
static void note_why(struct dsoftbusd *d, const char *id_text, const struct nx_why *why)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (is_about(call, DSOFTBUSD_OPERATION_OFFER, id_text) ||
            is_about(call, DSOFTBUSD_OPERATION_ACCEPT, id_text))
            call->why = *why;
    }
}

static void on_pairing_failed(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    if (d->taken_back[event->role] > 0) {
        d->taken_back[event->role]--;
        return;
    }
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        struct nx_why why;
        struct nx_text t = nx_text_over(why.text, sizeof(why.text));

        if (!is_about(call, operation_of(event->role), event->id_text))
            continue;
        nx_text_add(&t, call->why.text[0] != '\0' ? call->why.text : why_pairing_failed(event));
        if (call->why.text[0] != '\0' && event->is_spent)
            nx_text_add(&t, "; these digits are used up");
        dsoftbusd_done(call, event->status, why.text);
        call->is_spent = event->is_spent;
    }
}

/* It is not one-sided any more, whatever it is instead. */
static void agree(struct dsoftbusd *d, const char *id_text)
{
    for (uint32_t i = 0; i < d->end_count; i++) {
        if (same_text(d->ends[i].id_text, id_text))
            d->ends[i].is_one_sided = false;
    }
}

/* Whichever of the two sides it was that did it: one that was open beside it is over as well, and nothing
 * else tells of that. */
static void on_paired(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    finish_calls(d, DSOFTBUSD_OPERATION_OFFER, event->id_text, NX_OK, NULL);
    finish_calls(d, DSOFTBUSD_OPERATION_ACCEPT, event->id_text, NX_OK, NULL);
    agree(d, event->id_text);
}

/* A session stands: what waited for it goes on. */
static void on_session_up(struct dsoftbusd *d, struct nx_instant now, const char *id_text)
{
    struct dsoftbusd_call *call = NULL;

    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT, id_text, NX_OK, NULL);
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux != NULL)
            continue;
        if (is_about(call, DSOFTBUSD_OPERATION_PING, id_text))
            start_ping(d, now, call);
        else if (is_about(call, DSOFTBUSD_OPERATION_OPEN, id_text))
            dsoftbusd_stream_open(d, now, call);
        else if (call->remote == NULL && is_about(call, DSOFTBUSD_OPERATION_CALL, id_text))
            dsoftbusd_remote_start(d, now, call);
    }
    agree(d, id_text);
}

static void on_dial_failed(struct dsoftbusd *d, const char *id_text, enum nx_status status,
                           const char *why)
{
    struct dsoftbusd_call *call = NULL;

    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT, id_text, status, why);
    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT_V1, id_text, status, why);
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux == NULL && call->remote == NULL &&
            (is_about(call, DSOFTBUSD_OPERATION_PING, id_text) ||
             is_about(call, DSOFTBUSD_OPERATION_OPEN, id_text) ||
             is_about(call, DSOFTBUSD_OPERATION_CALL, id_text)))
            dsoftbusd_done(call, status, why);
    }
}

static bool is_peer(const struct dsoftbusd *d, const char *id_text)
{
    return dsb_registry_find_text(&d->config.node->registry, id_text) != NULL;
}

/* The oldest, of strangers or of anybody; NULL: none. */
static struct dsoftbusd_last_end *oldest_end(struct dsoftbusd *d, bool of_strangers)
{
    struct dsoftbusd_last_end *oldest = NULL;

    for (uint32_t i = 0; i < d->end_count; i++) {
        struct dsoftbusd_last_end *end = &d->ends[i];

        if ((!of_strangers || !is_peer(d, end->id_text)) &&
            (oldest == NULL || end->at.ns < oldest->at.ns))
            oldest = end;
    }
    return oldest;
}

/* What is known of this device; a stranger finds no place where that would be a peer's. NULL: none. */
static struct dsoftbusd_last_end *end_of(struct dsoftbusd *d, const char *id_text)
{
    struct dsoftbusd_last_end *end;

    for (uint32_t i = 0; i < d->end_count; i++) {
        if (same_text(d->ends[i].id_text, id_text))
            return &d->ends[i];
    }
    if (d->end_count < NX_COUNT_OF(d->ends))
        end = &d->ends[d->end_count++];
    else
        end = oldest_end(d, true);
    if (end == NULL && is_peer(d, id_text))
        end = oldest_end(d, false);
    if (end == NULL)
        return NULL;
    *end = (struct dsoftbusd_last_end){0};
    memcpy(end->id_text, id_text, nx_bytes_of_text(id_text).len + 1);
    return end;
}

static void on_session_ended(struct dsoftbusd *d, struct nx_instant now,
                             const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    if (event->session == NULL) { /* a dial failed, and the connections have said why */
        on_dial_failed(d, event->id_text, event->status, event->mux.why.text);
        return;
    }
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux == event->session) {
            call->mux = NULL;
            dsoftbusd_done(call, NX_E_CLOSED, "the session ended");
        }
    }

    struct dsoftbusd_last_end *end = end_of(d, event->id_text);
    if (end == NULL)
        return; /* it was unpaired */
    end->end = event->mux;
    end->at = now;
}

static void on_pong(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux != event->session || call->head.operation != DSOFTBUSD_OPERATION_PING)
            continue;
        call->mux = NULL;
        call->round_trip = event->mux.round_trip;
        dsoftbusd_done(call, NX_OK, NULL);
    }
}

static void on_change(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsb_discovery_event change = {.kind = event->discovery};
    struct dsoftbusd_call *call = NULL;

    memcpy(change.id, event->id_text, sizeof(change.id));
    for (int i = 0; i < 2; i++) { /* while it is told the list, it is told changes after that */
        call = NULL;
        while ((call = dsoftbusd_next_call(
                    d, call, i == 0 ? DSOFTBUSD_CALL_LISTS : DSOFTBUSD_CALL_WATCHES)) != NULL) {
            if (!call->watches)
                continue;
            if (call->change_count == DSOFTBUSD_NEWS_MAX)
                call->has_missed = true;
            else
                call->changes[(call->change_first + call->change_count++) % DSOFTBUSD_NEWS_MAX] =
                    change;
        }
    }
}

void dsoftbusd_on_node(struct dsoftbusd *d, struct nx_instant now,
                       const struct dsb_node_event *event)
{
    dsoftbusd_doctor_on_node(d, now, event);
    dsoftbusd_happened_in_node(d, event);
    switch (event->kind) {
    case DSB_NODE_DISCOVERY:
        on_change(d, event);
        break;
    case DSB_NODE_PAIRED:
        on_paired(d, event);
        break;
    case DSB_NODE_PAIRING_FAILED:
        on_pairing_failed(d, event);
        break;
    case DSB_NODE_UNPAIRED:
        agree(d, event->id_text);
        finish_calls(d, DSOFTBUSD_OPERATION_UNPAIR, event->id_text, NX_OK, NULL);
        break;
    case DSB_NODE_STORE_FAILED:
        finish_calls(d, DSOFTBUSD_OPERATION_UNPAIR, event->id_text, event->status, event->why.text);
        note_why(d, event->id_text, &event->why);
        break;
    case DSB_NODE_SESSION_UP:
        on_session_up(d, now, event->id_text);
        break;
    case DSB_NODE_SESSION_ENDED:
        on_session_ended(d, now, event);
        break;
    case DSB_NODE_STREAM:
        if (event->mux.kind == DSB_MUX_PONG)
            on_pong(d, event);
        else
            dsoftbusd_on_stream(d, now, event);
        break;
    case DSB_NODE_PAIRING_BROKEN:
        break;
    }
}

/* "<address>: <why>", and what a refusal means. */
static void say_why(const struct dsb_connections_event *event, struct nx_why *why)
{
    static const char *const meaning[] = {
        [DSB_REFUSAL_NONE] = NULL,
        [DSB_REFUSAL_UNKNOWN] = "it is not paired with this device",
        [DSB_REFUSAL_ONE_SIDED] = "only one of the two devices is paired: pair them again",
        [DSB_REFUSAL_IDENTITY] = "it has other keys pinned for this device",
        [DSB_REFUSAL_DENIED] = "it does not let us in",
        [DSB_REFUSAL_BUSY] = "it is busy with another one",
        [DSB_REFUSAL_LIMIT] = "it is full",
        [DSB_REFUSAL_V1] = "it does not serve this device as a v1 node",
    };
    char address[NX_ADDRESS_TEXT_CAP];
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    if (event->address.family != NX_ADDRESS_NONE) {
        nx_address_print(&event->address, address);
        nx_text_add(&t, address);
        nx_text_add(&t, ": ");
    }
    nx_text_add(&t, meaning[event->refusal] != NULL ? meaning[event->refusal] : event->why.text);
}

static void on_one_sided(struct dsoftbusd *d, struct nx_instant now, const char *id_text)
{
    struct dsoftbusd_last_end *end = end_of(d, id_text);

    if (end == NULL)
        return;
    end->is_one_sided = true;
    end->at = end->at.ns == 0 ? now : end->at;
}

void dsoftbusd_on_connections(struct dsoftbusd *d, struct nx_instant now,
                              const struct dsb_connections_event *event)
{
    struct nx_why why = {{0}};

    dsoftbusd_doctor_on_connections(d, now, event);
    if (event->refusal == DSB_REFUSAL_ONE_SIDED)
        on_one_sided(d, now, event->id_text);
    else if (event->refusal != DSB_REFUSAL_NONE)
        agree(d, event->id_text);
    if (event->kind == DSB_CONNECTIONS_DIAL_FAILED)
        say_why(event, &why);
    dsoftbusd_happened_in_connections(d, event, why.text);
    switch (event->kind) {
    case DSB_CONNECTIONS_DIAL_FAILED:
        if (event->refusal != DSB_REFUSAL_DENIED) /* else it has no offer, which is said better */
            note_why(d, event->id_text, &why);
        on_dial_failed(d, event->id_text, event->status, why.text);
        break;
    case DSB_CONNECTIONS_V1_UP:
        finish_calls(d, DSOFTBUSD_OPERATION_CONNECT_V1, event->id_text, NX_OK, NULL);
        on_session_up(d, now, event->id_text);
        break;
    case DSB_CONNECTIONS_V1_ENDED:
        dsoftbusd_on_v1_ended(d, event);
        break;
    case DSB_CONNECTIONS_TURNED_AWAY:
    case DSB_CONNECTIONS_V1_READABLE:
    case DSB_CONNECTIONS_V1_WRITABLE:
        break; /* the stream looks by itself */
    }
}
