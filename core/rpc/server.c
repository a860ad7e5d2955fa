#include "core/rpc/server.h"

static const char breach_correlation[] = "core.reject.nonce_mismatch_or_stale_reply";
static const char breach_direction[] = "core.reject.invalid_state_transition";

void dsb_rpc_server_init(struct dsb_rpc_server *s, struct dsb_rpc_served *places,
                         uint32_t place_cap)
{
    NX_CHECK(place_cap >= DSB_RPC_PLACES(1) && place_cap <= DSB_RPC_PLACES(DSB_RPC_CALLS_MAX));
    *s = (struct dsb_rpc_server){.places = places, .place_cap = place_cap};
    for (uint32_t i = 0; i < place_cap; i++)
        places[i] = (struct dsb_rpc_served){0};
}

static struct dsb_rpc_served *find(const struct dsb_rpc_server *s, uint64_t id)
{
    for (uint32_t i = 0; i < s->place_cap; i++) {
        if (s->places[i].state != DSB_RPC_SERVED_FREE && s->places[i].id == id)
            return &s->places[i];
    }
    return NULL;
}

static void release(struct dsb_rpc_server *s, struct dsb_rpc_served *call)
{
    *call = (struct dsb_rpc_served){0};
    s->place_count--;
}

static void release_if_done(struct dsb_rpc_server *s, struct dsb_rpc_served *call)
{
    if (call->state == DSB_RPC_SERVED_OVER && !call->answer_due && !call->gone_due)
        release(s, call);
}

/* ---- what comes ------------------------------------------------------------------------------ */

/* Answered by the server itself; whoever was told of it is told of this. */
static void close_call(struct dsb_rpc_server *s, struct dsb_rpc_served *call, enum nx_status status,
                       const char *why)
{
    if (call->state == DSB_RPC_SERVED_NEW)
        s->request_untold = false;
    call->gone_due = call->state == DSB_RPC_SERVED_OPEN;
    call->answer_due = true;
    call->state = DSB_RPC_SERVED_OVER;
    call->deadline = NX_NEVER;
    call->status = status;
    call->body = (struct nx_bytes){NULL, 0};
    nx_why_set(&call->why, why);
}

static void refuse_one_more(struct dsb_rpc_server *s, struct dsb_rpc_served *call)
{
    close_call(s, call, NX_E_LIMIT, "");
    nx_why_limit(&call->why, "calls in flight", s->place_cap - 1, s->place_cap);
}

static void take_request(struct dsb_rpc_server *s, struct nx_instant now,
                         const struct dsb_rpc_message *message)
{
    bool is_one_more = s->place_count == s->place_cap - 1;
    uint32_t i = 0;

    while (s->places[i].state != DSB_RPC_SERVED_FREE)
        i++;
    s->places[i] = (struct dsb_rpc_served){
        .state = DSB_RPC_SERVED_NEW,
        .id = message->call_id,
        .method = message->method,
        .reply_max = message->reply_max,
        .deadline = nx_instant_after(now, nx_milliseconds(message->deadline_ms)),
        .body = message->body,
    };
    s->place_count++;
    s->last_id = message->call_id;
    s->request_untold = true;
    if (is_one_more)
        refuse_one_more(s, &s->places[i]);
}

static void take_cancel(struct dsb_rpc_server *s, uint64_t call_id)
{
    struct dsb_rpc_served *call = find(s, call_id);

    if (call != NULL && call->state != DSB_RPC_SERVED_OVER) /* else it crossed the answer */
        close_call(s, call, NX_E_ABORTED, "cancelled");
}

static enum nx_status breach(struct dsb_rpc_server *s, const char *label)
{
    dsb_rpc_server_end(s, NX_E_STATE, label);
    return NX_E_STATE;
}

enum nx_status dsb_rpc_server_input(struct dsb_rpc_server *s, struct nx_instant now,
                                    const struct dsb_rpc_message *message)
{
    if (s->end_status != NX_OK)
        return NX_E_CLOSED;
    if (s->request_untold)
        return NX_WOULD_BLOCK;
    switch (message->kind) {
    case DSB_RPC_REQUEST:
        if (message->call_id <= s->last_id)
            return breach(s, breach_correlation);
        if (s->place_count == s->place_cap)
            return NX_WOULD_BLOCK;
        take_request(s, now, message);
        return NX_OK;
    case DSB_RPC_CANCEL:
        if (message->call_id > s->last_id)
            return breach(s, breach_correlation);
        take_cancel(s, message->call_id);
        return NX_OK;
    case DSB_RPC_REPLY:
        return breach(s, breach_direction);
    case DSB_RPC_FOREIGN:
        break;
    }
    return NX_OK;
}

/* ---- what the owner is told, and says --------------------------------------------------------- */

bool dsb_rpc_server_event(struct dsb_rpc_server *s, struct dsb_rpc_server_event *event)
{
    for (uint32_t i = 0; i < s->place_cap; i++) {
        struct dsb_rpc_served *call = &s->places[i];
        bool is_new = call->state == DSB_RPC_SERVED_NEW;

        if (!is_new && !call->gone_due)
            continue;
        *event = (struct dsb_rpc_server_event){
            .kind = is_new ? DSB_RPC_SERVER_CALLED : DSB_RPC_SERVER_GONE,
            .call_id = call->id,
            .method = call->method,
            .reply_max = call->reply_max,
            .deadline = call->deadline,
            .body = call->body,
            .status = call->status,
        };
        call->gone_due = false;
        if (is_new) {
            call->state = DSB_RPC_SERVED_OPEN;
            call->body = (struct nx_bytes){NULL, 0};
            s->request_untold = false;
        }
        release_if_done(s, call);
        return true;
    }
    return false;
}

enum nx_status dsb_rpc_server_reply(const struct dsb_rpc_server *s, uint64_t call_id,
                                    enum nx_status status, const char *why, struct nx_bytes body,
                                    struct dsb_rpc_message *message)
{
    const struct dsb_rpc_served *call = find(s, call_id);

    if (call == NULL || call->state != DSB_RPC_SERVED_OPEN)
        return NX_E_NOT_FOUND;
    if (status > 0)
        return NX_E_INVALID;

    struct dsb_rpc_message reply = {.kind = DSB_RPC_REPLY, .call_id = call_id, .status = status};
    if (status != NX_OK) {
        nx_why_set(&reply.why, why == NULL ? "" : why);
    } else if (body.len > call->reply_max) {
        reply.status = NX_E_LIMIT;
        nx_why_limit(&reply.why, "bytes of a reply", call->reply_max, body.len);
    } else {
        reply.body = body;
    }
    *message = reply;
    return NX_OK;
}

void dsb_rpc_server_sent(struct dsb_rpc_server *s, uint64_t call_id)
{
    struct dsb_rpc_served *call = find(s, call_id);

    NX_CHECK(call != NULL && call->state == DSB_RPC_SERVED_OPEN); /* `reply` has said so */
    release(s, call);
}

/* ---- the server's own answers ------------------------------------------------------------------ */

bool dsb_rpc_server_output(const struct dsb_rpc_server *s, struct dsb_rpc_message *message)
{
    for (uint32_t i = 0; i < s->place_cap; i++) {
        const struct dsb_rpc_served *call = &s->places[i];

        if (!call->answer_due)
            continue;
        *message = (struct dsb_rpc_message){
            .kind = DSB_RPC_REPLY,
            .call_id = call->id,
            .status = call->status,
            .why = call->why,
        };
        return true;
    }
    return false;
}

void dsb_rpc_server_output_sent(struct dsb_rpc_server *s, const struct dsb_rpc_message *message)
{
    struct dsb_rpc_served *call = find(s, message->call_id);

    NX_CHECK(call != NULL && call->answer_due);
    call->answer_due = false;
    release_if_done(s, call);
}

/* ---- time and ends --------------------------------------------------------------------------- */

void dsb_rpc_server_tick(struct dsb_rpc_server *s, struct nx_instant now)
{
    for (uint32_t i = 0; i < s->place_cap; i++) {
        struct dsb_rpc_served *call = &s->places[i];

        if (call->state != DSB_RPC_SERVED_FREE && nx_instant_reached(call->deadline, now))
            close_call(s, call, NX_E_TIMEOUT, "its deadline passed before it was done");
    }
}

struct nx_instant dsb_rpc_server_deadline(const struct dsb_rpc_server *s)
{
    struct nx_instant deadline = NX_NEVER;

    for (uint32_t i = 0; i < s->place_cap; i++) {
        if (s->places[i].state != DSB_RPC_SERVED_FREE)
            deadline = nx_instant_earlier(deadline, s->places[i].deadline);
    }
    return deadline;
}

void dsb_rpc_server_end(struct dsb_rpc_server *s, enum nx_status status, const char *why)
{
    if (s->end_status != NX_OK)
        return;
    s->end_status = status;
    nx_why_set(&s->end_why, why);
    for (uint32_t i = 0; i < s->place_cap; i++) {
        struct dsb_rpc_served *call = &s->places[i];

        if (call->state == DSB_RPC_SERVED_FREE)
            continue;
        if (call->state != DSB_RPC_SERVED_OVER)
            close_call(s, call, NX_E_CLOSED, "");
        call->answer_due = false;
        release_if_done(s, call);
    }
}

bool dsb_rpc_server_is_idle(const struct dsb_rpc_server *s)
{
    return s->place_count == 0;
}
