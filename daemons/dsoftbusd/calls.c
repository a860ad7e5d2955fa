/* What can be asked. */
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

bool dsoftbusd_is_about(const struct dsoftbusd_call *call, uint16_t operation, const char *id_text)
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

void dsoftbusd_start_ping(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
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
        dsoftbusd_start_ping(d, now, call);
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
        if (call != like && dsoftbusd_is_about(call, DSOFTBUSD_OPERATION_LISTEN, like->id_text) &&
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
