/* Answerer: the side of a stream `rpc/<service>` that accepted it and answers.
 *
 *     dsb_rpc_answerer_accept(…)           a stream that DSB_MUX_OPENED told of, and was accepted
 *     while (dsb_rpc_answerer_event(…))    in every turn, and when `deadline` has come:
 *         CALLED: dsb_rpc_answerer_reply(…)    at once, or when it is done
 *     dsb_rpc_answerer_ended(…)            when the mux tells that the stream is over
 *
 * Backpressure: while an answer finds no room, whoever answers at once asks for no further call, so a caller
 * that does not read its replies soon finds no room for requests. Nothing is kept for it here. */
#ifndef NX_CORE_RPC_ANSWERER_H
#define NX_CORE_RPC_ANSWERER_H

#include "core/rpc/rpc_stream.h"
#include "core/rpc/server.h"

struct dsb_rpc_answerer {
    struct dsb_rpc_stream stream;
    struct dsb_rpc_server server;
    bool body_is_lent;  /* the message at the front was put in */
    bool peer_finished; /* no more calls come */
};

/* Serve a stream that was accepted. Keeps memory and `places`, as dsb_rpc_server_init. */
void dsb_rpc_answerer_accept(struct dsb_rpc_answerer *a, const struct dsb_rpc_memory *memory,
                             struct dsb_rpc_served *places, uint32_t place_cap, struct dsb_mux *mux,
                             struct dsb_stream_handle stream);

/* Deadlines pass: for an owner that takes no news just now, because an answer of its own waits. */
void dsb_rpc_answerer_tick(struct dsb_rpc_answerer *a, struct nx_instant now);

/* The next piece of news; a body is lent until the next `event`. False: none just now, and what was to be
 * sent was, as far as there is room. */
bool dsb_rpc_answerer_event(struct dsb_rpc_answerer *a, struct nx_instant now,
                            struct dsb_rpc_server_event *event);

/* Answer an open call, as dsb_rpc_server_reply; copies the body.
 * NX_OK: sent, the call is over; NX_WOULD_BLOCK: the queue is full, try again after DSB_MUX_WRITABLE, the
 * call is open still; NX_E_NOT_FOUND: it is over, or the stream is; NX_E_INVALID. */
NX_MUST_CHECK enum nx_status dsb_rpc_answerer_reply(struct dsb_rpc_answerer *a,
                                                    struct nx_instant now, uint64_t call_id,
                                                    enum nx_status status, const char *why,
                                                    struct nx_bytes body);

/* DSB_MUX_ENDED told of the stream: the handle is let go of, and open calls are GONE. */
void dsb_rpc_answerer_ended(struct dsb_rpc_answerer *a);

/* No more: the stream is reset with this code and reason. */
void dsb_rpc_answerer_close(struct dsb_rpc_answerer *a, uint16_t code, const char *why);

/* The stream is over, and everything was told. */
bool dsb_rpc_answerer_is_over(const struct dsb_rpc_answerer *a);

/* When `event` next has something to do by itself. */
struct nx_instant dsb_rpc_answerer_deadline(const struct dsb_rpc_answerer *a);

#endif
