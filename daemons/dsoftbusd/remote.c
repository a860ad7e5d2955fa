/* Calls of programs here to services of peers.
 *
 *     program --- Call ---> [ body ] ---- request ----> caller of that service ===> peer
 *             <-- Answer -- [ body ] <--- reply -------
 *
 * All calls of one service of one session share a stream. A body waits in memory of its call: the request
 * until its stream has room for it, the answer until the program takes it. */
#include "core/base/memory.h"
#include "daemons/dsoftbusd/internal.h"

static bool same_text(const char *a, const char *b)
{
    return nx_bytes_equal(nx_bytes_of_text(a), nx_bytes_of_text(b));
}

/* ---- the calls -------------------------------------------------------------------------------- */

/* A call's place, as what its caller gives back. */
static uint64_t tag_of(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    const struct dsoftbusd_client *client = dsoftbusd_client_of(d, call);

    return (uint64_t)(client - d->clients) * DSOFTBUSD_CALL_SLOTS +
           (uint64_t)(call - client->calls);
}

uint8_t *dsoftbusd_body_of(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    uint64_t tag = tag_of(d, call);

    return d->bodies[tag / DSOFTBUSD_CALL_SLOTS][tag % DSOFTBUSD_CALL_SLOTS];
}

bool dsoftbusd_remote_take(struct dsoftbusd *d, struct dsoftbusd_call *call, uint32_t reply_max,
                           struct nx_bytes body)
{
    struct nx_why why = {{0}};

    if (body.len > DSB_RPC_BODY_MAX)
        nx_why_limit(&why, "bytes of a call's body", DSB_RPC_BODY_MAX, body.len);
    else if (reply_max > DSB_RPC_BODY_MAX)
        nx_why_limit(&why, "bytes of an answer", DSB_RPC_BODY_MAX, reply_max);
    if (why.text[0] != '\0') {
        dsoftbusd_done(call, NX_E_LIMIT, why.text);
        return false;
    }
    if (body.len > 0)
        memcpy(dsoftbusd_body_of(d, call), body.ptr, body.len);
    call->body_len = body.len;
    call->reply_max = reply_max;
    return true;
}

/* What is left of the time that the program gives, in whole milliseconds. */
static uint32_t ms_left(const struct dsoftbusd_call *call, struct nx_instant now)
{
    uint64_t ms = (nx_duration_between(now, call->deadline).ns + 999999) / 1000000;

    if (ms < 1)
        return 1;
    return ms < DSB_RPC_DEADLINE_MAX_MS ? (uint32_t)ms : DSB_RPC_DEADLINE_MAX_MS;
}

/* The request, if there is room for it by now. */
static void ask(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    struct dsoftbusd_remote *r = call->remote;
    const struct dsb_rpc_request request = {
        .method = call->method,
        .deadline_ms = ms_left(call, now),
        .reply_max = call->reply_max,
        .body = nx_bytes_of(dsoftbusd_body_of(d, call), call->body_len),
        .tag = tag_of(d, call),
    };
    struct nx_why why = {{0}};
    enum nx_status status =
        dsb_rpc_caller_call(&r->caller, now, &request, &call->rpc_call_id, &why);

    if (status == NX_WOULD_BLOCK)
        return;
    r->number = ++d->remote_call_count;
    d->has_more = true;
    if (status != NX_OK) {
        call->remote = NULL;
        dsoftbusd_done(call, status, why.text);
    }
}

void dsoftbusd_remote_give_up(struct dsoftbusd *d, struct nx_instant now,
                              struct dsoftbusd_call *call)
{
    (void)d;
    if (call->remote != NULL && call->rpc_call_id != 0)
        (void)!dsb_rpc_caller_cancel(&call->remote->caller, now, call->rpc_call_id);
    call->remote = NULL;
}

/* ---- the services ------------------------------------------------------------------------------ */

static bool is_waited_for(struct dsoftbusd *d, const struct dsoftbusd_remote *r)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->remote == r)
            return true;
    }
    return false;
}

static struct dsoftbusd_remote *find(struct dsoftbusd *d, const struct dsb_mux *mux,
                                     const char *service)
{
    for (uint32_t i = 0; i < DSOFTBUSD_REMOTES_MAX; i++) {
        struct dsoftbusd_remote *r = &d->remotes[i];

        if (r->is_used && r->mux == mux && !dsb_rpc_caller_is_over(&r->caller) &&
            same_text(r->service, service))
            return r;
    }
    return NULL;
}

/* A free place, or that of the service that nobody waits for and that was called longest ago. */
static struct dsoftbusd_remote *free_place(struct dsoftbusd *d)
{
    struct dsoftbusd_remote *oldest = NULL;

    for (uint32_t i = 0; i < DSOFTBUSD_REMOTES_MAX; i++) {
        struct dsoftbusd_remote *r = &d->remotes[i];

        if (!r->is_used)
            return r;
        if ((oldest == NULL || r->number < oldest->number) && !is_waited_for(d, r))
            oldest = r;
    }
    if (oldest != NULL)
        dsb_rpc_caller_close(&oldest->caller);
    return oldest;
}

static void fail_open(struct dsoftbusd_call *call, const struct dsb_mux *mux, enum nx_status status)
{
    struct nx_why why = {{0}};

    nx_why_set(&why, nx_status_text(status));
    if (status == NX_E_LIMIT)
        dsb_mux_why(mux, &why);
    dsoftbusd_done(call, status, why.text);
}

/* The stream of that service in that session, opened if there is none. NULL: the call is done. */
static struct dsoftbusd_remote *remote_of(struct dsoftbusd *d, struct dsoftbusd_call *call,
                                          struct dsb_mux *mux)
{
    struct dsoftbusd_remote *r = find(d, mux, call->channel);
    struct nx_bytes service = nx_bytes_of_text(call->channel);

    if (r != NULL)
        return r;
    r = free_place(d);
    if (r == NULL) {
        struct nx_why why = {{0}};

        nx_why_limit(&why, "services called at once", DSOFTBUSD_REMOTES_MAX,
                     DSOFTBUSD_REMOTES_MAX + 1);
        dsoftbusd_done(call, NX_E_LIMIT, why.text);
        return NULL;
    }
    const struct dsb_rpc_memory memory = {d->remote_messages[r - d->remotes], d->scratch};
    enum nx_status status =
        dsb_rpc_caller_open(&r->caller, &memory, r->calls, DSB_RPC_CALLS_MAX, mux, service);
    r->is_used = status == NX_OK;
    r->mux = mux;
    memcpy(r->service, call->channel, sizeof(r->service));
    if (status != NX_OK)
        fail_open(call, mux, status);
    return status == NX_OK ? r : NULL;
}

void dsoftbusd_remote_start(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    struct dsb_mux *mux = dsb_node_session(d->config.node, call->id_text);

    if (mux == NULL) {
        dsoftbusd_done(call, NX_E_UNSUPPORTED, "a v1 node has no services to call, but channels");
        return;
    }
    call->remote = remote_of(d, call, mux);
    if (call->remote != NULL)
        ask(d, now, call);
}

/* ---- answers ----------------------------------------------------------------------------------- */

/* What a person reads of it; where the peer said nothing, what to do next. */
static const char *why_of(const struct dsb_rpc_client_event *end)
{
    if (!end->by_peer && end->status == NX_E_TIMEOUT)
        return "that device did not answer in time: is it there? see nx bus ping and nx bus "
               "discover";
    return end->why.text[0] != '\0' ? end->why.text : nx_status_text(end->status);
}

/* Whoever asked may have gone meanwhile, and another one have taken the place. */
static void take_end(struct dsoftbusd *d, const struct dsoftbusd_remote *r,
                     const struct dsb_rpc_client_event *end)
{
    struct dsoftbusd_call *call =
        &d->clients[end->tag / DSOFTBUSD_CALL_SLOTS].calls[end->tag % DSOFTBUSD_CALL_SLOTS];

    if (call->state != DSOFTBUSD_CALL_WAITS || call->remote != r ||
        call->rpc_call_id != end->call_id)
        return;
    if (end->body.len > 0)
        memcpy(dsoftbusd_body_of(d, call), end->body.ptr, end->body.len);
    call->body_len = end->body.len;
    call->remote = NULL;
    dsoftbusd_done(call, end->status, why_of(end));
    call->by_peer = end->by_peer;
}

/* Its stream is over: those that had not asked yet are done as well. */
static void end_waiting(struct dsoftbusd *d, struct dsoftbusd_remote *r)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->remote != r)
            continue;
        call->remote = NULL;
        dsoftbusd_done(call, r->caller.client.end_status, r->caller.client.end_why.text);
    }
    *r = (struct dsoftbusd_remote){0};
}

static void ask_waiting(struct dsoftbusd *d, struct nx_instant now,
                        const struct dsoftbusd_remote *r)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->remote == r && call->rpc_call_id == 0)
            ask(d, now, call);
    }
}

/* A session that is ending waits for its streams: one that nobody waits for any more is let go of. */
static bool holds_up_an_end(struct dsoftbusd *d, const struct dsoftbusd_remote *r)
{
    const struct dsb_mux *mux = r->caller.stream.mux;

    return mux != NULL && mux->state != DSB_MUX_ACTIVE && !is_waited_for(d, r);
}

void dsoftbusd_remote_work(struct dsoftbusd *d, struct nx_instant now)
{
    struct dsb_rpc_client_event end;

    for (uint32_t i = 0; i < DSOFTBUSD_REMOTES_MAX; i++) {
        struct dsoftbusd_remote *r = &d->remotes[i];

        if (!r->is_used)
            continue;
        uint64_t taken_count = r->caller.stream.taken_count;
        while (dsb_rpc_caller_event(&r->caller, now, &end)) {
            take_end(d, r, &end);
            d->has_more = true; /* a cancel may have to go */
        }
        d->has_more = d->has_more || r->caller.stream.taken_count != taken_count; /* credit */
        if (holds_up_an_end(d, r)) {
            dsb_rpc_caller_close(&r->caller);
            d->has_more = true; /* its reset has to go */
        }
        if (dsb_rpc_caller_is_over(&r->caller))
            end_waiting(d, r);
    }
}

struct nx_instant dsoftbusd_remote_deadline(const struct dsoftbusd *d)
{
    struct nx_instant deadline = NX_NEVER;

    for (uint32_t i = 0; i < DSOFTBUSD_REMOTES_MAX; i++) {
        if (d->remotes[i].is_used)
            deadline = nx_instant_earlier(deadline, dsb_rpc_caller_deadline(&d->remotes[i].caller));
    }
    return deadline;
}

bool dsoftbusd_on_remote(struct dsoftbusd *d, struct nx_instant now,
                         const struct dsb_node_event *event)
{
    for (uint32_t i = 0; i < DSOFTBUSD_REMOTES_MAX; i++) {
        struct dsoftbusd_remote *r = &d->remotes[i];

        if (!r->is_used || !dsb_rpc_stream_is(&r->caller.stream, event->session, event->mux.stream))
            continue;
        if (event->mux.kind == DSB_MUX_ENDED)
            dsb_rpc_caller_ended(&r->caller, &event->mux);
        if (event->mux.kind == DSB_MUX_WRITABLE)
            ask_waiting(d, now, r);
        return true;
    }
    return false;
}
