/* Server: the calls that came on one stream `rpc/<service>` and are not answered yet
 * (docs/contracts/rpc.md).
 *
 *      request                event                        sent
 *     ---------> NEW ---------------------> OPEN ------- (reply) -------> free
 *                 |                           |                            ^
 *                 |   cancel, deadline        |   cancel, deadline         | output, event
 *                 `---------------------------+-------> OVER --------------'
 *                                                        ^
 *     one more than there may be ------------------------'
 *
 * Every request is answered once: by its owner; or, when it was cancelled, when its deadline passed by this
 * side's clock, or when there were too many, by the server itself, and then the owner is told that it need
 * not go on. What breaks the protocol ends the stream, and every call with it, unanswered.
 *
 * Messages in, messages out: core/rpc/answerer.h has it on a stream. */
#ifndef NX_CORE_RPC_SERVER_H
#define NX_CORE_RPC_SERVER_H

#include "core/base/time.h"
#include "core/rpc/envelope.h"

enum dsb_rpc_served_state {
    DSB_RPC_SERVED_FREE,
    DSB_RPC_SERVED_NEW,  /* to be told */
    DSB_RPC_SERVED_OPEN, /* the owner is to answer it */
    DSB_RPC_SERVED_OVER, /* answered by the server; to be sent, or to be told */
};

struct dsb_rpc_served {
    enum dsb_rpc_served_state state;
    bool answer_due; /* OVER: to be sent */
    bool gone_due;   /* OVER: the owner knows of the call, and not that it is over */
    uint64_t id;
    uint16_t method;
    uint32_t reply_max;
    struct nx_instant deadline;
    struct nx_bytes body; /* NEW; borrowed from what was put in */
    enum nx_status status;
    struct nx_why why;
};

/* Places for so many calls at once: one more, to refuse one more, so that a cancel behind it is heard. */
#define DSB_RPC_PLACES(calls) ((calls) + 1)

enum dsb_rpc_server_event_kind {
    DSB_RPC_SERVER_CALLED, /* answer it */
    DSB_RPC_SERVER_GONE, /* it is over, with `status`: NX_E_ABORTED cancelled, NX_E_TIMEOUT, NX_E_CLOSED */
};

struct dsb_rpc_server_event {
    enum dsb_rpc_server_event_kind kind;
    uint64_t call_id;
    uint16_t method;
    uint32_t reply_max;         /* CALLED */
    struct nx_instant deadline; /* CALLED: when it is over without an answer */
    struct nx_bytes body;       /* CALLED; lent until the next `input` */
    enum nx_status status;      /* GONE */
};

struct dsb_rpc_server {
    struct dsb_rpc_served *places;
    uint32_t place_cap;
    uint32_t place_count; /* in use */
    uint64_t last_id;     /* of the peer's */
    bool request_untold;  /* a body is lent from it */
    enum nx_status end_status;
    struct nx_why end_why;
};

/* Over `place_cap` places, which it keeps: DSB_RPC_PLACES of 1 to DSB_RPC_CALLS_MAX calls. */
void dsb_rpc_server_init(struct dsb_rpc_server *s, struct dsb_rpc_served *places,
                         uint32_t place_cap);

/* A message came; `message->body` is borrowed until its event was taken.
 * NX_OK; NX_WOULD_BLOCK: an event has to be taken first, or an answer to be sent, and then it is to be
 * brought again; NX_E_STATE: the peer broke the protocol, and the server is over; NX_E_CLOSED: it was over
 * before. */
NX_MUST_CHECK enum nx_status dsb_rpc_server_input(struct dsb_rpc_server *s, struct nx_instant now,
                                                  const struct dsb_rpc_message *message);

/* The next piece of news. False: none. */
bool dsb_rpc_server_event(struct dsb_rpc_server *s, struct dsb_rpc_server_event *event);

/* What to send as the answer to an open call: NX_OK and a body, or a failure and why (NULL: none). Of a
 * body that is longer than the caller takes it is a failure, limit. Nothing has happened yet: `sent` tells
 * that it is on its way, and until then the call is open.
 * NX_OK: `message`, which borrows the body; NX_E_NOT_FOUND: that call is over; NX_E_INVALID: `status` is
 * no answer. */
NX_MUST_CHECK enum nx_status dsb_rpc_server_reply(const struct dsb_rpc_server *s, uint64_t call_id,
                                                  enum nx_status status, const char *why,
                                                  struct nx_bytes body,
                                                  struct dsb_rpc_message *message);
void dsb_rpc_server_sent(struct dsb_rpc_server *s, uint64_t call_id);

/* The next answer of the server's own. It is taken by `output_sent`, and not before. False: none. */
bool dsb_rpc_server_output(const struct dsb_rpc_server *s, struct dsb_rpc_message *message);
void dsb_rpc_server_output_sent(struct dsb_rpc_server *s, const struct dsb_rpc_message *message);

void dsb_rpc_server_tick(struct dsb_rpc_server *s, struct nx_instant now);
struct nx_instant dsb_rpc_server_deadline(const struct dsb_rpc_server *s);

/* The stream is over. Nothing when it was over before. */
void dsb_rpc_server_end(struct dsb_rpc_server *s, enum nx_status status, const char *why);

/* Every call that came is answered and told. */
bool dsb_rpc_server_is_idle(const struct dsb_rpc_server *s);

#endif
