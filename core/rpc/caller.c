#include "core/rpc/caller.h"

enum nx_status dsb_rpc_caller_open(struct dsb_rpc_caller *c, const struct dsb_rpc_memory *memory,
                                   struct dsb_rpc_call *calls, uint32_t call_cap,
                                   struct dsb_mux *mux, struct nx_bytes service)
{
    struct dsb_rpc_stream stream;
    enum nx_status status = dsb_rpc_stream_open(&stream, memory, mux, service);

    if (status != NX_OK)
        return status;
    *c = (struct dsb_rpc_caller){.stream = stream};
    dsb_rpc_client_init(&c->client, calls, call_cap);
    return NX_OK;
}

/* The stream is of no use any more, and the peer is to blame. */
static void give_up(struct dsb_rpc_caller *c, enum nx_status status, const char *why)
{
    dsb_rpc_client_end(&c->client, status, why);
    dsb_rpc_stream_abort(&c->stream, DSB_RPC_RST_PROTOCOL, why);
}

enum nx_status dsb_rpc_caller_call(struct dsb_rpc_caller *c, struct nx_instant now,
                                   const struct dsb_rpc_request *request, uint64_t *call_id,
                                   struct nx_why *why)
{
    struct dsb_rpc_message message;
    enum nx_status status = dsb_rpc_client_call(&c->client, request, &message, why);

    if (status != NX_OK)
        return status;
    status = dsb_rpc_stream_push(&c->stream, now, &message);
    if (status == NX_OK)
        *call_id = dsb_rpc_client_sent(&c->client, now, request);
    else
        nx_why_set(why, nx_status_text(status));
    return status;
}

enum nx_status dsb_rpc_caller_cancel(struct dsb_rpc_caller *c, struct nx_instant now,
                                     uint64_t call_id)
{
    return dsb_rpc_client_cancel(&c->client, now, call_id);
}

static void send_cancels(struct dsb_rpc_caller *c, struct nx_instant now)
{
    struct dsb_rpc_message message;

    while (dsb_rpc_client_output(&c->client, &message) &&
           dsb_rpc_stream_push(&c->stream, now, &message) == NX_OK)
        dsb_rpc_client_output_sent(&c->client, &message);
}

/* The next message, into the client. False: there is none, or nothing comes any more. */
static bool take_message(struct dsb_rpc_caller *c)
{
    struct dsb_rpc_message message;
    enum nx_status status = dsb_rpc_stream_peek(&c->stream, &message);

    if (status == NX_E_MALFORMED || status == NX_E_LIMIT)
        give_up(c, status, dsb_rpc_breach_label(status));
    if (status == NX_END) {
        dsb_rpc_client_end(&c->client, NX_E_CLOSED, "the service has ended");
        dsb_rpc_stream_release(&c->stream);
    }
    if (status != NX_OK) /* an end that the mux knows of, it will tell */
        return false;
    if (dsb_rpc_client_input(&c->client, &message) == NX_E_STATE) {
        const struct nx_why why = c->client.end_why;

        dsb_rpc_stream_abort(&c->stream, DSB_RPC_RST_PROTOCOL, why.text);
        return false;
    }
    c->body_is_lent = true;
    return true;
}

static bool next(struct dsb_rpc_caller *c, struct dsb_rpc_client_event *event)
{
    do {
        if (dsb_rpc_client_event(&c->client, event))
            return true;
        if (c->body_is_lent)
            dsb_rpc_stream_take(&c->stream);
        c->body_is_lent = false;
    } while (take_message(c));
    return dsb_rpc_client_event(&c->client, event);
}

bool dsb_rpc_caller_event(struct dsb_rpc_caller *c, struct nx_instant now,
                          struct dsb_rpc_client_event *event)
{
    bool was_over = dsb_rpc_caller_is_over(c);

    dsb_rpc_client_tick(&c->client, now);
    if (!was_over && dsb_rpc_caller_is_over(c))
        dsb_rpc_stream_abort(&c->stream, DSB_RPC_RST_PROTOCOL, c->client.end_why.text);
    if (next(c, event))
        return true;
    send_cancels(c, now);
    return false;
}

/* What a refusal of the stream says about the calls on it. */
static enum nx_status status_of(const struct dsb_mux_event *event)
{
    if (event->status != NX_E_ABORTED)
        return NX_E_CLOSED;
    switch (event->code) {
    case DSB_RST_UNSUPPORTED:
        return NX_E_UNSUPPORTED;
    case DSB_RST_LIMIT:
        return NX_E_LIMIT;
    case DSB_RST_DENIED:
        return NX_E_DENIED;
    default:
        return NX_E_ABORTED;
    }
}

void dsb_rpc_caller_ended(struct dsb_rpc_caller *c, const struct dsb_mux_event *event)
{
    enum nx_status status = status_of(event);

    dsb_rpc_client_end(&c->client, status,
                       event->why.text[0] != '\0' ? event->why.text : nx_status_text(status));
    dsb_rpc_stream_release(&c->stream);
}

void dsb_rpc_caller_close(struct dsb_rpc_caller *c)
{
    dsb_rpc_client_end(&c->client, NX_E_CLOSED, nx_status_text(NX_E_CLOSED));
    dsb_rpc_stream_release(&c->stream);
}

bool dsb_rpc_caller_is_over(const struct dsb_rpc_caller *c)
{
    return c->client.end_status != NX_OK;
}

struct nx_instant dsb_rpc_caller_deadline(const struct dsb_rpc_caller *c)
{
    return dsb_rpc_client_deadline(&c->client);
}
