/* Stream: one slot of a node's pool, and its life.
 *
 *               finish (we)                     CLOSE (peer)
 *     OPEN ------------------> HALF_CLOSED_LOCAL ------------> CLOSED
 *      |  \                                                     ^
 *      |   \    CLOSE (peer)                    finish (we)     |
 *      |    `----------------> HALF_CLOSED_REMOTE --------------'
 *      |
 *      `-- abort, RST (from any state) --> RESET
 *
 * CLOSED is not yet gone: what was pushed may still be on its way, and either side may give it up.
 * Everything else is refused with mux.reject.invalid_stream_state_transition
 * (docs/contracts/streams.md). The struct is the mux's; applications hold handles. */
#ifndef NX_CORE_BUS_STREAM_H
#define NX_CORE_BUS_STREAM_H

#include "core/bus/inbox.h"
#include "core/bus/outbox.h"

enum dsb_stream_state {
    DSB_STREAM_OPEN,
    DSB_STREAM_HALF_CLOSED_LOCAL,
    DSB_STREAM_HALF_CLOSED_REMOTE,
    DSB_STREAM_CLOSED,
    DSB_STREAM_RESET,
};

enum dsb_stream_input {
    DSB_STREAM_SEND_CLOSE,
    DSB_STREAM_RECEIVE_CLOSE,
    DSB_STREAM_SEND_RESET,
    DSB_STREAM_RECEIVE_RESET,
};

/* Advance `*state`.
 * NX_OK; NX_E_STATE: there is no such edge, `*state` is unchanged. A second reset changes nothing. */
NX_MUST_CHECK enum nx_status dsb_stream_enter(enum dsb_stream_state *state,
                                              enum dsb_stream_input input);

/* "half-closed-local". Never NULL. */
const char *dsb_stream_state_name(enum dsb_stream_state state);

/* No slot. */
#define DSB_SLOT_NONE UINT16_MAX

/* What an application holds: a slot, and the serial that tells its use from every other one. The
 * zero value names no stream. */
struct dsb_stream_handle {
    uint32_t slot;
    uint64_t serial;
};

/* The lists of a session that a stream can be in, each at most once. */
enum dsb_stream_list {
    DSB_LIST_ALL,     /* holds a slot */
    DSB_LIST_READY,   /* has data that may be sent; by priority */
    DSB_LIST_CONTROL, /* has a frame other than DATA to send */
    DSB_LIST_EVENT,   /* has news for the owner */
    DSB_LIST_COUNT,
};

struct dsb_stream {
    uint64_t pool_link; /* the pool's, while the slot is free */
    uint64_t serial;    /* 0: the slot is free */
    const void *session;
    uint32_t id;

    struct {
        uint16_t previous;
        uint16_t next;
        bool is_in;
    } links[DSB_LIST_COUNT];
    uint16_t next_of_id;   /* in the session's index */
    uint16_t next_of_name; /* likewise */

    enum dsb_stream_state state;
    uint8_t priority;
    bool is_ours;     /* we opened it */
    bool is_accepted; /* OPEN_ACK was sent, or came */
    bool is_indexed;  /* the wire may still name it */
    bool is_finished; /* the application pushes no more */
    bool is_released; /* the application holds no handle any more */
    bool has_ended;   /* DSB_MUX_ENDED was delivered */
    bool was_offered; /* DSB_MUX_OPENED was delivered, or the stream is ours */

    bool open_due, ack_due, close_due, reset_due; /* frames to send */
    bool reader_waits, writer_waits;              /* the application was told to */
    uint8_t events;                               /* bits of enum dsb_mux_event_kind */

    enum nx_status read_status;  /* what pull answers when nothing waits; NX_WOULD_BLOCK in life */
    enum nx_status write_status; /* what push answers; NX_OK in life */
    enum nx_status end_status;   /* how it ended; NX_OK in life */
    bool reset_by_peer;
    uint16_t reset_code;
    struct nx_why why; /* of the reset, whoever did it */

    uint8_t name_len;
    char name[DSB_STREAM_NAME_MAX + 1];

    struct dsb_inbox inbox;
    struct dsb_outbox outbox;
};

static inline struct dsb_stream_handle dsb_stream_handle_of(uint32_t slot,
                                                            const struct dsb_stream *s)
{
    return (struct dsb_stream_handle){slot, s->serial};
}

#endif
