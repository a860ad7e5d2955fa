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

    dsoftbusd_done(call, status,
                   status == NX_E_LIMIT && why->text[0] != '\0' ? why->text
                                                                : nx_status_text(status));
}

static void serve_offer(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                        struct dsoftbusd_offer_reader offer)
{
    if (!resolve_or_take(d, now, call, dsoftbusd_offer_get_peer(offer)))
        return;

    enum nx_status status = dsb_node_pair_offer(d->config.node, now, call->id_text, call->code);
    call->news_due = status == NX_OK;
    if (status != NX_OK)
        fail_pairing(d, call, status);
}

static void serve_accept(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                         struct dsoftbusd_accept_reader accept)
{
    if (!dsoftbusd_resolve(d, now, call, dsoftbusd_accept_get_peer(accept),
                           DSOFTBUSD_AMONG_PRESENT))
        return;

    enum nx_status status =
        dsb_node_pair_accept(d->config.node, now, call->id_text, dsoftbusd_accept_get_code(accept));
    call->news_due = status == NX_OK;
    if (status == NX_E_MALFORMED)
        dsoftbusd_done(call, status, "a code is six digits");
    else if (status != NX_OK)
        fail_pairing(d, call, status);
}

static void serve_unpair(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                         struct nx_bytes asked)
{
    if (!dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PAIRED))
        return;

    enum nx_status status = dsb_node_unpair(d->config.node, now, call->id_text);
    if (status != NX_OK)
        dsoftbusd_done(call, status, nx_status_text(status));
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
        dsoftbusd_done(call, status, nx_status_text(status));
    d->has_more = true; /* the dial */
    return false;
}

static void serve_connect(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                          struct nx_bytes asked)
{
    if (dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PAIRED) && has_session(d, call))
        dsoftbusd_done(call, NX_OK, NULL);
}

static void serve_connect_v1(struct dsoftbusd *d, struct nx_instant now,
                             struct dsoftbusd_call *call, struct dsoftbusd_connect_v1_reader asked)
{
    struct nx_address address;
    struct nx_why why = {{0}};
    struct nx_net_fault fault = {0};
    uint8_t id[DSB_ID_LEN], noise_static[NX_X25519_LEN];

    if (nx_address_parse(dsoftbusd_connect_v1_get_address(asked), 0, &address, &why) != NX_OK) {
        dsoftbusd_done(call, NX_E_MALFORMED, why.text);
        return;
    }
    if (nx_hex_decode(dsoftbusd_connect_v1_get_device_id(asked), id, sizeof(id)) != NX_OK ||
        nx_hex_decode(dsoftbusd_connect_v1_get_noise_static(asked), noise_static,
                      sizeof(noise_static)) != NX_OK) {
        dsoftbusd_done(call, NX_E_MALFORMED,
                       "a device id and a Noise static key are 64 lower-case hex digits each");
        return;
    }
    set_id(call, dsoftbusd_connect_v1_get_device_id(asked));
    if (dsb_connections_find(d->config.connections, call->id_text) != NULL) {
        dsoftbusd_done(call, NX_OK, NULL);
        return;
    }
    enum nx_status status =
        dsb_connections_dial_v1(d->config.connections, now, &address, id, noise_static, &fault);
    if (status != NX_OK)
        dsoftbusd_done(call, status,
                       fault.why.text[0] != '\0' ? fault.why.text : nx_status_text(status));
}

static void start_ping(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    call->mux = dsb_node_session(d->config.node, call->id_text);

    enum nx_status status = call->mux == NULL ? NX_E_UNSUPPORTED : dsb_mux_ping(call->mux, now);
    if (status == NX_E_UNSUPPORTED)
        dsoftbusd_done(call, status, "a v1 node answers no ping");
    else if (status != NX_OK)
        dsoftbusd_done(call, status, nx_status_text(status));
}

static void serve_ping(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_bytes asked)
{
    if (dsoftbusd_resolve(d, now, call, asked, DSOFTBUSD_AMONG_PAIRED) && has_session(d, call))
        start_ping(d, now, call);
}

/* ---- streams --------------------------------------------------------------------------------- */

static bool set_channel(struct dsoftbusd_call *call, struct nx_bytes channel, uint8_t kind)
{
    if (channel.len == 0 || channel.len > DSOFTBUSD_CHANNEL_MAX || !nx_utf8_is_valid(channel) ||
        kind > DSOFTBUSD_STREAM_KIND_FRAME) {
        dsoftbusd_done(call, NX_E_INVALID, "a channel has 1 to 59 bytes of UTF-8");
        return false;
    }
    memcpy(call->channel, channel.ptr, channel.len);
    call->channel[channel.len] = '\0';
    call->kind = kind;
    return true;
}

static void serve_open(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct dsoftbusd_open_reader open)
{
    call->priority = dsoftbusd_open_get_priority(open);
    if (set_channel(call, dsoftbusd_open_get_channel(open),
                    (uint8_t)dsoftbusd_open_get_kind(open)) &&
        dsoftbusd_resolve(d, now, call, dsoftbusd_open_get_peer(open), DSOFTBUSD_AMONG_PAIRED) &&
        has_session(d, call))
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
                         struct dsoftbusd_listen_reader listen)
{
    struct nx_bytes peer = dsoftbusd_listen_get_peer(listen);

    if (!set_channel(call, dsoftbusd_listen_get_channel(listen),
                     (uint8_t)dsoftbusd_listen_get_kind(listen)))
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

/* ---- all of them ----------------------------------------------------------------------------- */

static void serve_discover(struct dsoftbusd_call *call, struct dsoftbusd_discover_reader discover)
{
    call->state = DSOFTBUSD_CALL_LISTS;
    call->watches = dsoftbusd_discover_get_watch(discover);
}

static void serve_named(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                        struct nx_capn_message *m)
{
    struct nx_bytes peer = dsoftbusd_peer_name_get_peer(dsoftbusd_peer_name_root(m));

    if (m->status != NX_OK)
        dsoftbusd_done(call, NX_E_MALFORMED, nx_status_text(NX_E_MALFORMED));
    else if (call->head.operation == DSOFTBUSD_OPERATION_UNPAIR)
        serve_unpair(d, now, call, peer);
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
        serve_discover(call, dsoftbusd_discover_root(m));
        break;
    case DSOFTBUSD_OPERATION_OFFER:
        serve_offer(d, now, call, dsoftbusd_offer_root(m));
        break;
    case DSOFTBUSD_OPERATION_ACCEPT:
        serve_accept(d, now, call, dsoftbusd_accept_root(m));
        break;
    case DSOFTBUSD_OPERATION_UNPAIR:
    case DSOFTBUSD_OPERATION_CONNECT:
    case DSOFTBUSD_OPERATION_PING:
        serve_named(d, now, call, m);
        break;
    case DSOFTBUSD_OPERATION_CONNECT_V1:
        serve_connect_v1(d, now, call, dsoftbusd_connect_v1_root(m));
        break;
    case DSOFTBUSD_OPERATION_OPEN:
        serve_open(d, now, call, dsoftbusd_open_root(m));
        break;
    case DSOFTBUSD_OPERATION_LISTEN:
        serve_listen(d, now, call, dsoftbusd_listen_root(m));
        break;
    default:
        dsoftbusd_done(call, NX_E_UNSUPPORTED, "this dsoftbusd has no such operation");
        break;
    }
}

void dsoftbusd_serve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client,
                     struct dsoftbusd_call *call, struct nx_bytes body)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message m;

    (void)client;
    if (call->head.operation == DSOFTBUSD_OPERATION_STATUS) {
        dsoftbusd_done(call, NX_OK, NULL);
        return;
    }
    if (call->head.operation == DSOFTBUSD_OPERATION_PEERS) {
        call->state = DSOFTBUSD_CALL_LISTS;
        return;
    }
    if (nx_capn_message_open(&m, &nx_capn_limits_default, body, table, SEGMENTS_MAX) != NX_OK) {
        dsoftbusd_done(call, NX_E_MALFORMED, nx_status_text(NX_E_MALFORMED));
        return;
    }
    serve_message(d, now, call, &m);
    if (m.status != NX_OK && call->state != DSOFTBUSD_CALL_DONE) {
        dsoftbusd_give_up(d, now, call);
        dsoftbusd_done(call, NX_E_MALFORMED, nx_status_text(NX_E_MALFORMED));
    }
}

void dsoftbusd_give_up(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    if (call->head.operation == DSOFTBUSD_OPERATION_OFFER)
        dsb_node_pair_cancel(d->config.node, now, DSB_PAIRING_OWNER);
    if (call->head.operation == DSOFTBUSD_OPERATION_ACCEPT)
        dsb_node_pair_cancel(d->config.node, now, DSB_PAIRING_TYPIST);
    if (call->head.operation == DSOFTBUSD_OPERATION_OPEN && call->mux != NULL)
        dsb_mux_release(call->mux, call->stream);
    call->mux = NULL;
    nx_crypto_wipe(call->code, sizeof(call->code));
    d->has_more = true;
}

/* ---- news ------------------------------------------------------------------------------------ */

/* Every call about this device, of this operation or of any that waits for a session. */
static void finish_calls(struct dsoftbusd *d, uint16_t operation, const char *id_text,
                         enum nx_status status, const char *why, bool is_spent)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (is_about(call, operation, id_text)) {
            dsoftbusd_done(call, status, why);
            call->is_spent = is_spent;
        }
    }
}

static uint16_t operation_of(enum dsb_pairing_role role)
{
    return role == DSB_PAIRING_OWNER ? DSOFTBUSD_OPERATION_OFFER : DSOFTBUSD_OPERATION_ACCEPT;
}

static const char *why_pairing_failed(const struct dsb_node_event *event)
{
    if (event->status == NX_E_DENIED)
        return event->is_spent ? "the code was wrong, and is used up" : "the other device said no";
    if (event->status == NX_E_TIMEOUT)
        return "nobody came in time";
    return nx_status_text(event->status);
}

/* It is not one-sided any more, whatever it is instead. */
static void agree(struct dsoftbusd *d, const char *id_text)
{
    for (uint32_t i = 0; i < d->end_count; i++) {
        if (same_text(d->ends[i].id_text, id_text))
            d->ends[i].is_one_sided = false;
    }
}

/* A session stands: what waited for it goes on. */
static void on_session_up(struct dsoftbusd *d, struct nx_instant now, const char *id_text)
{
    struct dsoftbusd_call *call = NULL;

    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT, id_text, NX_OK, NULL, false);
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux != NULL)
            continue;
        if (is_about(call, DSOFTBUSD_OPERATION_PING, id_text))
            start_ping(d, now, call);
        else if (is_about(call, DSOFTBUSD_OPERATION_OPEN, id_text))
            dsoftbusd_stream_open(d, now, call);
    }
    agree(d, id_text);
}

static void on_dial_failed(struct dsoftbusd *d, const char *id_text, enum nx_status status,
                           const char *why)
{
    struct dsoftbusd_call *call = NULL;

    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT, id_text, status, why, false);
    finish_calls(d, DSOFTBUSD_OPERATION_CONNECT_V1, id_text, status, why, false);
    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->mux == NULL && (is_about(call, DSOFTBUSD_OPERATION_PING, id_text) ||
                                  is_about(call, DSOFTBUSD_OPERATION_OPEN, id_text)))
            dsoftbusd_done(call, status, why);
    }
}

static struct dsoftbusd_last_end *end_of(struct dsoftbusd *d, const char *id_text)
{
    uint32_t oldest = 0;

    for (uint32_t i = 0; i < d->end_count; i++) {
        if (same_text(d->ends[i].id_text, id_text))
            return &d->ends[i];
        if (d->ends[i].at.ns < d->ends[oldest].at.ns)
            oldest = i;
    }
    if (d->end_count < NX_COUNT_OF(d->ends))
        oldest = d->end_count++;
    d->ends[oldest] = (struct dsoftbusd_last_end){0};
    memcpy(d->ends[oldest].id_text, id_text, nx_bytes_of_text(id_text).len + 1);
    return &d->ends[oldest];
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
    switch (event->kind) {
    case DSB_NODE_DISCOVERY:
        on_change(d, event);
        break;
    case DSB_NODE_PAIRED:
        agree(d, event->id_text);
        finish_calls(d, operation_of(event->role), event->id_text, NX_OK, NULL, false);
        break;
    case DSB_NODE_PAIRING_FAILED:
        finish_calls(d, operation_of(event->role), event->id_text, event->status,
                     why_pairing_failed(event), event->is_spent);
        break;
    case DSB_NODE_UNPAIRED:
        agree(d, event->id_text);
        finish_calls(d, DSOFTBUSD_OPERATION_UNPAIR, event->id_text, NX_OK, NULL, false);
        break;
    case DSB_NODE_STORE_FAILED:
        finish_calls(d, DSOFTBUSD_OPERATION_UNPAIR, event->id_text, event->status, event->why.text,
                     false);
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

void dsoftbusd_on_connections(struct dsoftbusd *d, struct nx_instant now,
                              const struct dsb_connections_event *event)
{
    struct nx_why why = {{0}};

    if (event->refusal == DSB_REFUSAL_ONE_SIDED) {
        struct dsoftbusd_last_end *end = end_of(d, event->id_text);

        end->is_one_sided = true;
        end->at = end->at.ns == 0 ? now : end->at;
    } else if (event->refusal != DSB_REFUSAL_NONE) {
        agree(d, event->id_text);
    }
    switch (event->kind) {
    case DSB_CONNECTIONS_DIAL_FAILED:
        say_why(event, &why);
        on_dial_failed(d, event->id_text, event->status, why.text);
        break;
    case DSB_CONNECTIONS_V1_UP:
        finish_calls(d, DSOFTBUSD_OPERATION_CONNECT_V1, event->id_text, NX_OK, NULL, false);
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
