/* Calls of peers to services here. There is one so far, `node` (schemas/node.capnp), which the daemon
 * answers by itself, to whoever is paired, and at once. */
#include "core/base/memory.h"
#include "daemons/dsoftbusd/internal.h"
#include "schemas/node.capnp.h"

enum {
    CALLS_PER_TURN = 16, /* of one stream, so that the others have theirs */
    PROTOCOL = 1,        /* the native one */
};

/* ---- the service `node` ------------------------------------------------------------------------- */

struct turn {
    struct dsoftbusd *d;
    struct nx_instant now;
};

static enum nx_status on_echo(void *self, struct node_echo_reader params,
                              struct node_echo_builder results, struct nx_why *why)
{
    (void)self;
    (void)why;
    node_echo_set_data(results, node_echo_get_data(params));
    return NX_OK;
}

static void put_limits(struct node_info_builder info, const struct dsb_profile *profile)
{
    const struct {
        const char *name;
        uint64_t value;
    } limits[] = {
        {"peers_max", profile->peer_count_max},
        {"links_max", profile->link_count_max},
        {"streams_per_node_max", profile->stream_count_max},
        {"streams_per_session_max", DSB_STREAMS_PER_SESSION_MAX},
        {"credit_stream_max", DSB_CREDIT_STREAM_MAX},
        {"credit_session_max", DSB_CREDIT_SESSION_MAX},
        {"queue_per_stream_max", profile->stream_queue_max},
        {"rpc_body_max", DSB_RPC_BODY_MAX},
        {"rpc_calls_max", DSB_RPC_CALLS_MAX},
        {"rpc_deadline_max_ms", DSB_RPC_DEADLINE_MAX_MS},
    };
    struct nx_capn_list_builder list = node_info_init_limits(info, (uint32_t)NX_COUNT_OF(limits));

    for (uint32_t i = 0; i < NX_COUNT_OF(limits); i++) {
        struct node_limit_builder limit = node_limit_edit_at(list, i);

        node_limit_set_name(limit, nx_bytes_of_text(limits[i].name));
        node_limit_set_value(limit, limits[i].value);
    }
}

static enum nx_status on_info(void *self, struct node_info_request_reader params,
                              struct node_info_builder results, struct nx_why *why)
{
    const struct turn *turn = self;
    const struct dsoftbusd *d = turn->d;
    const struct dsb_node *node = d->config.node;

    (void)params;
    (void)why;
    node_info_set_name(results, nx_bytes_of_text(d->config.name));
    node_info_set_device_id(results, nx_bytes_of_text(node->config.id_text));
    node_info_set_version(results, nx_bytes_of_text(d->config.version));
    node_info_set_protocol(results, PROTOCOL);
    node_info_set_uptime_ms(results, nx_duration_between(d->started_at, turn->now).ns / 1000000);
    node_info_set_session_count(results, dsoftbusd_session_count(d));
    node_info_set_stream_count(results, node->pools.streams.used_count);
    node_info_set_call_count(results, (uint32_t)d->served_call_count);
    put_limits(results, node->config.profile);
    return NX_OK;
}

static const struct node_service_handlers node_service = {.on_echo = on_echo, .on_info = on_info};

/* ---- the streams -------------------------------------------------------------------------------- */

static struct dsoftbusd_served *free_place(struct dsoftbusd *d)
{
    for (uint32_t i = 0; i < DSOFTBUSD_SERVED_MAX; i++) {
        if (!d->served[i].is_used)
            return &d->served[i];
    }
    return NULL;
}

static void refuse(const struct dsb_node_event *event, uint16_t code, const char *why)
{
    (void)!dsb_mux_abort(event->session, event->mux.stream, code, why);
    dsb_mux_release(event->session, event->mux.stream);
}

void dsoftbusd_served_open(struct dsoftbusd *d, struct nx_instant now,
                           const struct dsb_node_event *event, struct nx_bytes service)
{
    struct dsoftbusd_served *s = free_place(d);

    if (!nx_bytes_equal(service, nx_bytes_of_text(NODE_SERVICE_NAME))) {
        refuse(event, DSB_RST_UNSUPPORTED, "that device has no such service");
        return;
    }
    if (s == NULL) {
        refuse(event, DSB_RST_LIMIT, "too many devices call that service just now");
        return;
    }
    if (dsb_node_accept(d->config.node, now, event->session, event->mux.stream) != NX_OK)
        return; /* it ended meanwhile */

    const struct dsb_rpc_memory memory = {d->served_messages[s - d->served], d->scratch};
    *s = (struct dsoftbusd_served){.is_used = true};
    dsb_rpc_answerer_accept(&s->answerer, &memory, s->places, NX_COUNT_OF(s->places),
                            event->session, event->mux.stream);
}

bool dsoftbusd_on_served(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    for (uint32_t i = 0; i < DSOFTBUSD_SERVED_MAX; i++) {
        struct dsoftbusd_served *s = &d->served[i];

        if (!s->is_used ||
            !dsb_rpc_stream_is(&s->answerer.stream, event->session, event->mux.stream))
            continue;
        if (event->mux.kind == DSB_MUX_ENDED)
            dsb_rpc_answerer_ended(&s->answerer);
        return true; /* READABLE, WRITABLE: it looks by itself */
    }
    return false;
}

/* False: its answer found no room, and waits. */
static bool answer(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_served *s)
{
    struct turn turn = {d, now};
    struct nx_bytes reply = {NULL, 0};
    struct nx_why why = {{0}};
    enum nx_status status =
        node_service_serve(&node_service, &turn, s->waiting.method, s->waiting.body, d->body,
                           DSB_RPC_BODY_MAX, &reply, &why);

    status = dsb_rpc_answerer_reply(&s->answerer, now, s->waiting.call_id, status, why.text, reply);
    s->has_waiting = status == NX_WOULD_BLOCK;
    d->served_call_count += status == NX_OK;
    d->has_more = d->has_more || status == NX_OK;
    return !s->has_waiting;
}

static void serve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_served *s)
{
    for (int i = 0; i < CALLS_PER_TURN; i++) {
        struct dsb_rpc_server_event event;

        dsb_rpc_answerer_tick(&s->answerer, now); /* one that waits may be over by now */
        if (s->has_waiting && !answer(d, now, s))
            return;
        if (!dsb_rpc_answerer_event(&s->answerer, now, &event))
            return;
        s->has_waiting =
            event.kind == DSB_RPC_SERVER_CALLED; /* else it is over, and was answered */
        s->waiting = event;
        d->has_more = true;
    }
    d->has_more = true;
}

void dsoftbusd_served_work(struct dsoftbusd *d, struct nx_instant now)
{
    for (uint32_t i = 0; i < DSOFTBUSD_SERVED_MAX; i++) {
        struct dsoftbusd_served *s = &d->served[i];

        if (!s->is_used)
            continue;
        uint64_t taken_count = s->answerer.stream.taken_count;
        serve(d, now, s);
        d->has_more = d->has_more || s->answerer.stream.taken_count != taken_count;
        if (dsb_rpc_answerer_is_over(&s->answerer))
            s->is_used = false;
    }
}

struct nx_instant dsoftbusd_served_deadline(const struct dsoftbusd *d)
{
    struct nx_instant deadline = NX_NEVER;

    for (uint32_t i = 0; i < DSOFTBUSD_SERVED_MAX; i++) {
        if (d->served[i].is_used)
            deadline =
                nx_instant_earlier(deadline, dsb_rpc_answerer_deadline(&d->served[i].answerer));
    }
    return deadline;
}
