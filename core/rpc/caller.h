/* Caller: the side of a stream `rpc/<service>` that opened it and calls.
 *
 *     dsb_rpc_caller_open(…)
 *     dsb_rpc_caller_call(…)               any number of times, in flight at once
 *     while (dsb_rpc_caller_event(…))      in every turn, and when `deadline` has come:
 *         …                                each call's end, once
 *     dsb_rpc_caller_ended(…)              when the mux tells that the stream is over
 *     dsb_rpc_caller_close(…)              no more calls */
#ifndef NX_CORE_RPC_CALLER_H
#define NX_CORE_RPC_CALLER_H

#include "core/rpc/client.h"
#include "core/rpc/rpc_stream.h"

struct dsb_rpc_caller {
    struct dsb_rpc_stream stream;
    struct dsb_rpc_client client;
    bool body_is_lent; /* the message at the front was told of */
};

/* Open the stream. Calls may follow at once. Keeps memory and `calls`, as dsb_rpc_client_init.
 * NX_OK, and else what dsb_mux_open answers, and nothing has begun. */
NX_MUST_CHECK enum nx_status dsb_rpc_caller_open(struct dsb_rpc_caller *c,
                                                 const struct dsb_rpc_memory *memory,
                                                 struct dsb_rpc_call *calls, uint32_t call_cap,
                                                 struct dsb_mux *mux, struct nx_bytes service);

/* Send a request; `*call_id` names the call. `why` is set with every failure.
 * NX_OK: in flight, one event will tell of its end; NX_WOULD_BLOCK: the queue is full, try again after
 * DSB_MUX_WRITABLE; NX_E_INVALID, NX_E_LIMIT, NX_E_CLOSED as dsb_rpc_client_call; else what dsb_mux_push
 * answers. */
NX_MUST_CHECK enum nx_status dsb_rpc_caller_call(struct dsb_rpc_caller *c, struct nx_instant now,
                                                 const struct dsb_rpc_request *request,
                                                 uint64_t *call_id, struct nx_why *why);

/* As dsb_rpc_client_cancel. */
NX_MUST_CHECK enum nx_status dsb_rpc_caller_cancel(struct dsb_rpc_caller *c, struct nx_instant now,
                                                   uint64_t call_id);

/* The next call that is over; a body is lent until the next `event`. False: none just now, and what was
 * to be sent was, as far as there is room. */
bool dsb_rpc_caller_event(struct dsb_rpc_caller *c, struct nx_instant now,
                          struct dsb_rpc_client_event *event);

/* DSB_MUX_ENDED told of the stream: all calls end, and the handle is let go of. */
void dsb_rpc_caller_ended(struct dsb_rpc_caller *c, const struct dsb_mux_event *event);

/* No more calls: the stream is given up, and every call in flight ends with NX_E_CLOSED. */
void dsb_rpc_caller_close(struct dsb_rpc_caller *c);

/* No call can be made any more. Those that are over may still have to be told. */
bool dsb_rpc_caller_is_over(const struct dsb_rpc_caller *c);

/* When `event` next has something to do by itself. */
struct nx_instant dsb_rpc_caller_deadline(const struct dsb_rpc_caller *c);

#endif
