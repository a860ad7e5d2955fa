#include "core/rpc/answerer.h"

void dsb_rpc_answerer_accept(struct dsb_rpc_answerer *a, const struct dsb_rpc_memory *memory,
                             struct dsb_rpc_served *places, uint32_t place_cap, struct dsb_mux *mux,
                             struct dsb_stream_handle stream)
{
    *a = (struct dsb_rpc_answerer){0};
    dsb_rpc_stream_of(&a->stream, memory, mux, stream);
    dsb_rpc_server_init(&a->server, places, place_cap);
}

/* False: one of them found no room. */
static bool send_answers(struct dsb_rpc_answerer *a, struct nx_instant now)
{
    struct dsb_rpc_message message;

    while (dsb_rpc_server_output(&a->server, &message)) {
        if (dsb_rpc_stream_push(&a->stream, now, &message) != NX_OK)
            return false;
        dsb_rpc_server_output_sent(&a->server, &message);
    }
    return true;
}

/* The peer broke the protocol: every call is over, unanswered. */
static void give_up(struct dsb_rpc_answerer *a, enum nx_status status, const char *why)
{
    dsb_rpc_server_end(&a->server, status, why);
    dsb_rpc_stream_abort(&a->stream, DSB_RPC_RST_PROTOCOL, why);
}

/* No more calls come: when the last one is answered, this side ends as well. */
static void finish_when_idle(struct dsb_rpc_answerer *a)
{
    if (!a->peer_finished || !dsb_rpc_server_is_idle(&a->server) || a->stream.mux == NULL)
        return;
    (void)!dsb_mux_finish(a->stream.mux, a->stream.stream); /* a second time is no harm */
}

/* The next message, into the server. False: there is none, or it has to wait. */
static bool take_message(struct dsb_rpc_answerer *a, struct nx_instant now)
{
    struct dsb_rpc_message message;
    enum nx_status status = dsb_rpc_stream_peek(&a->stream, &message);

    if (status == NX_E_MALFORMED || status == NX_E_LIMIT)
        give_up(a, status, dsb_rpc_breach_label(status));
    a->peer_finished = a->peer_finished || status == NX_END;
    if (status != NX_OK)
        return false;
    status = dsb_rpc_server_input(&a->server, now, &message);
    if (status == NX_E_STATE) {
        const struct nx_why why = a->server.end_why;

        dsb_rpc_stream_abort(&a->stream, DSB_RPC_RST_PROTOCOL, why.text);
    }
    a->body_is_lent = status == NX_OK;
    return status == NX_OK;
}

void dsb_rpc_answerer_tick(struct dsb_rpc_answerer *a, struct nx_instant now)
{
    dsb_rpc_server_tick(&a->server, now);
}

bool dsb_rpc_answerer_event(struct dsb_rpc_answerer *a, struct nx_instant now,
                            struct dsb_rpc_server_event *event)
{
    dsb_rpc_server_tick(&a->server, now);
    do {
        if (dsb_rpc_server_event(&a->server, event))
            return true;
        if (a->body_is_lent)
            dsb_rpc_stream_take(&a->stream);
        a->body_is_lent = false;
    } while (send_answers(a, now) && take_message(a, now));
    if (dsb_rpc_server_event(&a->server, event))
        return true;
    finish_when_idle(a);
    return false;
}

enum nx_status dsb_rpc_answerer_reply(struct dsb_rpc_answerer *a, struct nx_instant now,
                                      uint64_t call_id, enum nx_status status, const char *why,
                                      struct nx_bytes body)
{
    struct dsb_rpc_message message;
    enum nx_status answer = dsb_rpc_server_reply(&a->server, call_id, status, why, body, &message);

    if (answer != NX_OK)
        return answer;
    answer = dsb_rpc_stream_push(&a->stream, now, &message);
    if (answer == NX_WOULD_BLOCK)
        return NX_WOULD_BLOCK;
    if (answer != NX_OK) /* the stream is over, and the mux will tell */
        return NX_E_NOT_FOUND;
    dsb_rpc_server_sent(&a->server, call_id);
    finish_when_idle(a);
    return NX_OK;
}

void dsb_rpc_answerer_ended(struct dsb_rpc_answerer *a)
{
    dsb_rpc_server_end(&a->server, NX_E_CLOSED, "");
    dsb_rpc_stream_release(&a->stream);
}

void dsb_rpc_answerer_close(struct dsb_rpc_answerer *a, uint16_t code, const char *why)
{
    dsb_rpc_server_end(&a->server, NX_E_CLOSED, why);
    dsb_rpc_stream_abort(&a->stream, code, why);
}

bool dsb_rpc_answerer_is_over(const struct dsb_rpc_answerer *a)
{
    return a->stream.mux == NULL && dsb_rpc_server_is_idle(&a->server);
}

struct nx_instant dsb_rpc_answerer_deadline(const struct dsb_rpc_answerer *a)
{
    return dsb_rpc_server_deadline(&a->server);
}
