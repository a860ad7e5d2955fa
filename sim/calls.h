/* Calls: typed calls that the applications of the devices make of each other, and the books on them.
 *
 *     caller: call, cancel ----> stream rpc/sim ----> answerer: works for a while, answers
 *          |                                              |
 *          `---- one book: what was asked, until it ended -'
 *
 * What is answered, when, and whether it fails, follows from the number of the call, so that a caller knows
 * what has to come. A call whose caller is on ends once: with its answer; or with a failure that something
 * explains. */
#ifndef NX_SIM_CALLS_H
#define NX_SIM_CALLS_H

#include "core/node/node.h"
#include "core/rpc/answerer.h"
#include "core/rpc/caller.h"

enum {
    SIM_CALLERS_MAX = 6,   /* streams, of all devices together */
    SIM_ANSWERERS_MAX = 6, /* likewise */
    SIM_CALLS_MAX = 8,     /* in flight on one of them */
    SIM_WORKS_MAX = 5,     /* answered at once: fewer, so that some are refused */
};

struct sim_world;
struct sim_device;

/* What a caller knows of a call that has not ended. */
struct sim_call_book {
    bool is_used, is_cancelled;
    uint32_t number;
    uint64_t call_id;
    uint32_t reply_max;
    struct nx_instant deadline; /* the device's time, as the next one */
};

struct sim_caller {
    bool is_used;
    uint32_t from, to; /* devices */
    struct dsb_rpc_caller caller;
    struct dsb_rpc_call calls[SIM_CALLS_MAX];
    struct sim_call_book books[SIM_CALLS_MAX];
    uint8_t message[DSB_RPC_MESSAGE_MAX];
};

/* A call that an answerer works on. */
struct sim_work {
    bool is_used;
    uint32_t number;
    uint64_t call_id;
    struct nx_instant ready_at;
};

struct sim_answerer {
    bool is_used;
    uint32_t at; /* device */
    struct dsb_rpc_answerer answerer;
    struct dsb_rpc_served places[DSB_RPC_PLACES(SIM_WORKS_MAX)];
    struct sim_work works[SIM_WORKS_MAX];
    uint8_t message[DSB_RPC_MESSAGE_MAX];
};

struct sim_calls {
    struct sim_caller callers[SIM_CALLERS_MAX];
    struct sim_answerer answerers[SIM_ANSWERERS_MAX];
    uint32_t count; /* made, and numbers given */
    uint32_t answered_count, failed_count;
    uint8_t scratch[DSB_RPC_MESSAGE_MAX];
    uint8_t body[DSB_RPC_BODY_MAX];
};

/* `from` calls `to`, over the session that there is; in so many milliseconds it has to be answered. */
void sim_call_make(struct sim_world *w, struct sim_device *from, struct sim_device *to,
                   uint32_t deadline_ms, uint32_t body_len, uint32_t reply_max);

/* Cancel the oldest call of `from` that is in flight, if there is one. */
void sim_call_cancel(struct sim_world *w, struct sim_device *from);

/* The node's news of streams. False: it is not about calls. */
bool sim_calls_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event);

/* The applications of `d` call and answer. True: something moved. */
bool sim_calls_work(struct sim_world *w, struct sim_device *d);

/* `d` went off, and its applications with it. */
void sim_calls_off(struct sim_world *w, const struct sim_device *d);

/* When something of `d` is due, in its own time. */
struct nx_instant sim_calls_deadline(const struct sim_world *w, const struct sim_device *d);

/* No call is in flight any more. */
bool sim_calls_are_over(const struct sim_world *w);

#endif
