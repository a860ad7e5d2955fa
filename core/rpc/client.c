#include "core/rpc/client.h"

/* The labels of the contracts' section on errors. */
static const char breach_correlation[] = "core.reject.nonce_mismatch_or_stale_reply";
static const char breach_direction[] = "core.reject.invalid_state_transition";

void dsb_rpc_client_init(struct dsb_rpc_client *c, struct dsb_rpc_call *calls, uint32_t call_cap)
{
    NX_CHECK(call_cap >= 1 && call_cap <= DSB_RPC_CALLS_MAX);
    *c = (struct dsb_rpc_client){.calls = calls, .call_cap = call_cap};
    for (uint32_t i = 0; i < call_cap; i++)
        calls[i] = (struct dsb_rpc_call){0};
}

static struct dsb_rpc_call *find(struct dsb_rpc_client *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->call_cap; i++) {
        if (c->calls[i].state != DSB_RPC_CALL_FREE && c->calls[i].id == id)
            return &c->calls[i];
    }
    return NULL;
}

static void release(struct dsb_rpc_client *c, struct dsb_rpc_call *call)
{
    *call = (struct dsb_rpc_call){0};
    c->call_count--;
}

/* ---- calling --------------------------------------------------------------------------------- */

enum nx_status dsb_rpc_client_call(const struct dsb_rpc_client *c,
                                   const struct dsb_rpc_request *request,
                                   struct dsb_rpc_message *message, struct nx_why *why)
{
    if (c->end_status != NX_OK) {
        *why = c->end_why;
        return NX_E_CLOSED;
    }
    if (request->deadline_ms < 1 || request->deadline_ms > DSB_RPC_DEADLINE_MAX_MS) {
        nx_why_limit(why, "milliseconds of a call's deadline", DSB_RPC_DEADLINE_MAX_MS,
                     request->deadline_ms);
        return NX_E_INVALID;
    }
    if (request->reply_max > DSB_RPC_BODY_MAX) {
        nx_why_limit(why, "bytes of a reply", DSB_RPC_BODY_MAX, request->reply_max);
        return NX_E_INVALID;
    }
    if (request->body.len > DSB_RPC_BODY_MAX) {
        nx_why_limit(why, "bytes of a request", DSB_RPC_BODY_MAX, request->body.len);
        return NX_E_LIMIT;
    }
    if (c->call_count == c->call_cap) {
        nx_why_limit(why, "calls in flight", c->call_cap, (uint64_t)c->call_cap + 1);
        return NX_E_LIMIT;
    }
    *message = (struct dsb_rpc_message){
        .kind = DSB_RPC_REQUEST,
        .call_id = c->last_id + 1,
        .method = request->method,
        .deadline_ms = request->deadline_ms,
        .reply_max = request->reply_max,
        .body = request->body,
    };
    return NX_OK;
}

uint64_t dsb_rpc_client_sent(struct dsb_rpc_client *c, struct nx_instant now,
                             const struct dsb_rpc_request *request)
{
    uint32_t i = 0;

    while (i < c->call_cap && c->calls[i].state != DSB_RPC_CALL_FREE)
        i++;
    NX_CHECK(i < c->call_cap && c->end_status == NX_OK); /* `call` has said so */
    c->calls[i] = (struct dsb_rpc_call){
        .state = DSB_RPC_CALL_IN_FLIGHT,
        .id = ++c->last_id,
        .tag = request->tag,
        .reply_max = request->reply_max,
        .deadline = nx_instant_after(now, nx_milliseconds(request->deadline_ms)),
    };
    c->call_count++;
    return c->last_id;
}

static void give_up(struct dsb_rpc_call *call, struct nx_instant now, enum nx_status status,
                    const char *why)
{
    call->state = DSB_RPC_CALL_GIVEN_UP;
    call->cancel_due = true;
    call->deadline = nx_instant_after(now, nx_seconds(DSB_RPC_ANSWER_S));
    call->status = status;
    nx_why_set(&call->why, why);
}

enum nx_status dsb_rpc_client_cancel(struct dsb_rpc_client *c, struct nx_instant now,
                                     uint64_t call_id)
{
    struct dsb_rpc_call *call = find(c, call_id);

    if (call == NULL || call->state != DSB_RPC_CALL_IN_FLIGHT)
        return NX_E_NOT_FOUND;
    give_up(call, now, NX_E_ABORTED, "cancelled");
    return NX_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void take_reply(struct dsb_rpc_client *c, struct dsb_rpc_call *call,
                       const struct dsb_rpc_message *message)
{
    call->state = DSB_RPC_CALL_ANSWERED;
    call->by_peer = true;
    call->status = message->status;
    call->why = message->why;
    call->body = message->body;
    if (message->body.len > call->reply_max) { /* it was told how much there may be */
        call->status = NX_E_LIMIT;
        nx_why_limit(&call->why, "bytes of a reply", call->reply_max, message->body.len);
        call->body = (struct nx_bytes){NULL, 0};
    }
    c->reply_untold = true;
}

enum nx_status dsb_rpc_client_input(struct dsb_rpc_client *c, const struct dsb_rpc_message *message)
{
    if (c->end_status != NX_OK)
        return NX_E_CLOSED;
    if (c->reply_untold)
        return NX_WOULD_BLOCK;
    if (message->kind == DSB_RPC_FOREIGN)
        return NX_OK;
    if (message->kind != DSB_RPC_REPLY) {
        dsb_rpc_client_end(c, NX_E_STATE, breach_direction);
        return NX_E_STATE;
    }

    struct dsb_rpc_call *call = find(c, message->call_id);
    if (call == NULL || call->state == DSB_RPC_CALL_ANSWERED) {
        dsb_rpc_client_end(c, NX_E_STATE, breach_correlation);
        return NX_E_STATE;
    }
    if (call->state == DSB_RPC_CALL_IN_FLIGHT) {
        take_reply(c, call, message);
    } else if (call->state == DSB_RPC_CALL_GIVEN_UP) { /* it ends as was decided here */
        call->state = DSB_RPC_CALL_ANSWERED;
        call->cancel_due = false;
    } else {
        release(c, call);
    }
    return NX_OK;
}

/* ---- cancels --------------------------------------------------------------------------------- */

bool dsb_rpc_client_output(const struct dsb_rpc_client *c, struct dsb_rpc_message *message)
{
    for (uint32_t i = 0; i < c->call_cap && c->end_status == NX_OK; i++) {
        if (!c->calls[i].cancel_due)
            continue;
        *message = (struct dsb_rpc_message){.kind = DSB_RPC_CANCEL, .call_id = c->calls[i].id};
        return true;
    }
    return false;
}

void dsb_rpc_client_output_sent(struct dsb_rpc_client *c, const struct dsb_rpc_message *message)
{
    struct dsb_rpc_call *call = find(c, message->call_id);

    if (call != NULL)
        call->cancel_due = false;
}

/* ---- time and ends --------------------------------------------------------------------------- */

static bool has_deadline(const struct dsb_rpc_call *call)
{
    return call->state == DSB_RPC_CALL_IN_FLIGHT || call->state == DSB_RPC_CALL_GIVEN_UP ||
           call->state == DSB_RPC_CALL_ABANDONED;
}

void dsb_rpc_client_tick(struct dsb_rpc_client *c, struct nx_instant now)
{
    for (uint32_t i = 0; i < c->call_cap && c->end_status == NX_OK; i++) {
        struct dsb_rpc_call *call = &c->calls[i];

        if (!has_deadline(call) || !nx_instant_reached(call->deadline, now))
            continue;
        if (call->state == DSB_RPC_CALL_IN_FLIGHT)
            give_up(call, now, NX_E_TIMEOUT, "no answer came before its deadline");
        else
            dsb_rpc_client_end(c, NX_E_TIMEOUT, "the service owes an answer for too long");
    }
}

struct nx_instant dsb_rpc_client_deadline(const struct dsb_rpc_client *c)
{
    struct nx_instant deadline = NX_NEVER;

    for (uint32_t i = 0; i < c->call_cap && c->end_status == NX_OK; i++) {
        if (has_deadline(&c->calls[i]))
            deadline = nx_instant_earlier(deadline, c->calls[i].deadline);
    }
    return deadline;
}

void dsb_rpc_client_end(struct dsb_rpc_client *c, enum nx_status status, const char *why)
{
    if (c->end_status != NX_OK)
        return;
    c->end_status = status;
    nx_why_set(&c->end_why, why);
    for (uint32_t i = 0; i < c->call_cap; i++) {
        struct dsb_rpc_call *call = &c->calls[i];

        call->cancel_due = false;
        if (call->state == DSB_RPC_CALL_IN_FLIGHT) {
            call->status = status;
            call->why = c->end_why;
        }
        if (call->state == DSB_RPC_CALL_ABANDONED)
            release(c, call);
        else if (call->state != DSB_RPC_CALL_FREE)
            call->state = DSB_RPC_CALL_ANSWERED;
    }
}

bool dsb_rpc_client_event(struct dsb_rpc_client *c, struct dsb_rpc_client_event *event)
{
    for (uint32_t i = 0; i < c->call_cap; i++) {
        struct dsb_rpc_call *call = &c->calls[i];

        if (call->state != DSB_RPC_CALL_ANSWERED && call->state != DSB_RPC_CALL_GIVEN_UP)
            continue;
        *event = (struct dsb_rpc_client_event){
            .call_id = call->id,
            .tag = call->tag,
            .status = call->status,
            .by_peer = call->by_peer,
            .why = call->why,
            .body = call->body,
        };
        if (call->by_peer)
            c->reply_untold = false;
        if (call->state == DSB_RPC_CALL_ANSWERED)
            release(c, call);
        else
            call->state = DSB_RPC_CALL_ABANDONED;
        return true;
    }
    return false;
}
