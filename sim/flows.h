/* Flows: what the applications of the devices send each other, and the books on it.
 *
 *     sender: open, push, finish ----> stream ----> receiver: accept, pull, finish
 *          |                                            |
 *          `------- one row: pushed, pulled, ended -----'
 *
 * Each flow is one stream in one direction. Its content follows from its number, so that a receiver
 * knows what has to come without being told, borders of messages included: what is pulled is a prefix
 * of what was pushed. The name of the stream carries the number. */
#ifndef NX_SIM_FLOWS_H
#define NX_SIM_FLOWS_H

#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/node/node.h"

enum {
    SIM_FLOWS_MAX = 64
};

struct sim_world;
struct sim_device;

struct sim_flow_end {
    bool is_attached; /* it has a stream */
    bool is_over;     /* told so, or gone with its device */
    bool may_go_on;   /* not told to wait */
    struct dsb_mux *mux;
    struct dsb_stream_handle stream;
};

struct sim_flow {
    bool is_used;
    uint32_t number;
    uint32_t from, to; /* devices */
    bool is_messages;
    bool is_slow; /* its reader takes its time */
    uint8_t priority;
    uint64_t wanted_bytes;     /* to be pushed */
    struct nx_instant late_at; /* it has to be over by then; NX_NEVER: it has the time it takes */
    struct dsb_amount pushed;  /* accepted */
    struct dsb_amount pulled;
    uint64_t push_at, pull_at; /* bytes of the message under way, pushed and pulled so far */
    bool is_finished, end_pulled;
    struct sim_flow_end sender, receiver;
    struct nx_instant pull_after; /* a slow reader's */
};

struct sim_flows {
    struct sim_flow at[SIM_FLOWS_MAX];
    uint32_t count; /* numbers given */
    uint32_t used_count;

    /* Of all that are over. */
    uint64_t whole_count; /* both finished, all confirmed */
    uint64_t cut_count;
    struct dsb_amount pushed, pulled, unconfirmed;
};

/* What a flow is to be. */
struct sim_flow_wish {
    bool is_messages;
    bool is_slow;   /* its reader takes its time */
    uint64_t bytes; /* messages: at least so many */
    bool has_priority;
    uint8_t priority;          /* else that of its service */
    struct nx_duration within; /* all of it is pulled by then, whatever else there is to send; 0: no
                                * such promise. A flow whose session ends is not held to it */
};

/* `from` begins one to `to`, over the session that there is. False: it could not. */
bool sim_flow_open(struct sim_world *w, struct sim_device *from, struct sim_device *to,
                   const struct sim_flow_wish *wish);

/* The node's news of streams, as the applications of `d` hear it. */
void sim_flows_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event);

/* The applications of `d` push and pull. True: they are not through. */
bool sim_flows_work(struct sim_world *w, struct sim_device *d);

/* `d` went off, and its applications with it. */
void sim_flows_off(struct sim_world *w, struct sim_device *d);

/* When a slow reader of `d` goes on, in the world's time. */
struct nx_instant sim_flows_deadline(const struct sim_world *w, const struct sim_device *d);

#endif
