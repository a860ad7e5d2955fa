/* Client: the calls that one side of a stream `rpc/<service>` has in flight (docs/contracts/rpc.md).
 *
 *                 sent                       reply
 *     (call) ----------> IN_FLIGHT ------------------------> ANSWERED --- event ---> free
 *                            |                                  ^
 *        deadline, cancel    |                                  | reply
 *                            v                                  |
 *                         GIVEN_UP --- event, cancel goes ---> ABANDONED -- 30 s --> the stream fails
 *
 * Every call that was sent is told of once, by one event: the peer's answer, the end of its deadline by
 * this side's clock, its cancellation, or the end of the stream. The peer answers each as well, once, and
 * in any order; so one that was given up keeps its place until that answer came and was passed over.
 * Whatever else the peer says breaks the protocol and ends the stream: nothing that was answered can be
 * answered again, and a reply finds its own call or none.
 *
 * Messages in, messages out: core/rpc/caller.h has it on a stream. Bodies are borrowed, never kept. */
#ifndef NX_CORE_RPC_CLIENT_H
#define NX_CORE_RPC_CLIENT_H

#include "core/base/time.h"
#include "core/rpc/envelope.h"

/* What is asked. */
struct dsb_rpc_request {
    uint16_t method;
    uint32_t deadline_ms; /* from now, 1 to DSB_RPC_DEADLINE_MAX_MS */
    uint32_t reply_max;   /* bytes of body, at most DSB_RPC_BODY_MAX */
    struct nx_bytes body; /* at most DSB_RPC_BODY_MAX; borrowed until it was sent */
    uint64_t tag;         /* the owner's own, given back with the end of the call */
};

enum dsb_rpc_call_state {
    DSB_RPC_CALL_FREE,
    DSB_RPC_CALL_IN_FLIGHT,
    DSB_RPC_CALL_ANSWERED,  /* over, to be told */
    DSB_RPC_CALL_GIVEN_UP,  /* likewise, and the peer has not answered yet */
    DSB_RPC_CALL_ABANDONED, /* was told; the peer's answer is still to come */
};

struct dsb_rpc_call {
    enum dsb_rpc_call_state state;
    bool cancel_due; /* to be sent */
    uint64_t id;
    uint64_t tag;
    uint32_t reply_max;
    struct nx_instant deadline; /* IN_FLIGHT; then until the peer has answered */
    bool by_peer;               /* ANSWERED: its answer is what ended the call */
    enum nx_status status;
    struct nx_why why;
    struct nx_bytes body; /* ANSWERED; borrowed from what was put in */
};

/* A call is over. */
struct dsb_rpc_client_event {
    uint64_t call_id;
    uint64_t tag;
    /* NX_OK, or the peer's own answer (by_peer); NX_E_LIMIT: a reply longer than was asked for;
     * NX_E_TIMEOUT, NX_E_ABORTED: given up here; else how the stream ended: the peer may have done
     * what was asked, or not. */
    enum nx_status status;
    bool by_peer;
    struct nx_why why;
    struct nx_bytes body; /* lent until the next `input` */
};

struct dsb_rpc_client {
    struct dsb_rpc_call *calls;
    uint32_t call_cap;
    uint32_t call_count; /* places in use, abandoned ones among them */
    uint64_t last_id;
    bool reply_untold;         /* a body is lent from it */
    enum nx_status end_status; /* NX_OK in life */
    struct nx_why end_why;
};

/* Over `call_cap` places, at most DSB_RPC_CALLS_MAX, which it keeps. */
void dsb_rpc_client_init(struct dsb_rpc_client *c, struct dsb_rpc_call *calls, uint32_t call_cap);

/* What to send for a call: `message`, which borrows the body. Nothing has happened yet: `sent` tells
 * that it is on its way, and until then it may be forgotten.
 * NX_OK; NX_E_INVALID: deadline or reply_max out of their bounds; NX_E_LIMIT: the body, or as many calls
 * in flight as there may be, `why` says which; NX_E_CLOSED: the stream is over. */
NX_MUST_CHECK enum nx_status dsb_rpc_client_call(const struct dsb_rpc_client *c,
                                                 const struct dsb_rpc_request *request,
                                                 struct dsb_rpc_message *message,
                                                 struct nx_why *why);

/* That message is on its way: the call is in flight from now on. Answers its id. */
uint64_t dsb_rpc_client_sent(struct dsb_rpc_client *c, struct nx_instant now,
                             const struct dsb_rpc_request *request);

/* No longer wanted: the call ends with NX_E_ABORTED, and the peer is told.
 * NX_OK; NX_E_NOT_FOUND: it is over already. */
NX_MUST_CHECK enum nx_status dsb_rpc_client_cancel(struct dsb_rpc_client *c, struct nx_instant now,
                                                   uint64_t call_id);

/* A message came; `message->body` is borrowed until the event of its call was taken.
 * NX_OK; NX_WOULD_BLOCK: an event has to be taken first, and then it is to be brought again; NX_E_STATE:
 * the peer broke the protocol, and the client is over; NX_E_CLOSED: it was over before. */
NX_MUST_CHECK enum nx_status dsb_rpc_client_input(struct dsb_rpc_client *c,
                                                  const struct dsb_rpc_message *message);

/* The next cancel to send. It is taken by `output_sent`, and not before. False: none. */
bool dsb_rpc_client_output(const struct dsb_rpc_client *c, struct dsb_rpc_message *message);
void dsb_rpc_client_output_sent(struct dsb_rpc_client *c, const struct dsb_rpc_message *message);

/* Deadlines pass. A peer that owes an answer for DSB_RPC_ANSWER_S to a call that was given up has failed:
 * then the client is over with NX_E_TIMEOUT. */
void dsb_rpc_client_tick(struct dsb_rpc_client *c, struct nx_instant now);
struct nx_instant dsb_rpc_client_deadline(const struct dsb_rpc_client *c);

/* The stream is over: so is every call, with this. Nothing when it was over before. */
void dsb_rpc_client_end(struct dsb_rpc_client *c, enum nx_status status, const char *why);

/* The next call that is over, in the order of their places. False: none. */
bool dsb_rpc_client_event(struct dsb_rpc_client *c, struct dsb_rpc_client_event *event);

#endif
