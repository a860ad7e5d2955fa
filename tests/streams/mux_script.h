/* For tests: one mux, and a peer that sends whatever a script says.
 *
 * A row is a list of steps: frames in, frames out, calls of the application, news. The mux is the
 * initiator, so that its streams are odd and the peer's are even. Every frame is first offered
 * without its last byte, which has to change nothing; after the row all memory has to be back. */
#ifndef NX_TESTS_STREAMS_MUX_SCRIPT_H
#define NX_TESTS_STREAMS_MUX_SCRIPT_H

#include "core/bus/mux.h"

/* `id` is the stream that a step is about, named as on the wire. */
enum mux_op {
    DONE,
    IN,     /* the peer's frame: `status`. `times`: so many, OPENs with the next id each, and with
              * the next name where that ends with '#' */
    BREACH, /* the peer's frame ends the session: `status`, and GOAWAY with `code` and label `text2`;
             * we are told `why`, or, without one, the label */
    RAW,    /* likewise, for `count` bytes of `text` that are no frame */
    OUT,    /* this frame goes out next; `times`: so many alike, RSTs with the next id */
    QUIET,  /* nothing more goes out */
    SKIP,   /* whatever goes out, go */
    OPENS, /* we open a stream called `text`, of priority `count`, with id `id`: `status`, and `why` */
    ACCEPTS, /* the stream that OPENED told of, at priority `count` at most: `status` */
    PUSH,    /* `count` bytes, as one message or as bytes, `times`: `status`, and `why` */
    PULL,    /* `count` bytes and no more than these, ending with `status` */
    FINISH,
    ABORT, /* with `code` and `text` */
    RELEASE,
    AT,        /* it is `count` seconds now: a tick */
    LATE,      /* likewise, and the tick has not come yet */
    DUE,       /* the next tick is wanted at `count` seconds; UINT32_MAX: none is */
    CUT,       /* the link goes */
    SHUTDOWN,  /* with `code` and `text` */
    TERMINATE, /* likewise; the end is told to the peer before it is over */
    TIGHT,     /* something is to go out, and `count` bytes of room are too little for it */
    RECORD,    /* records have room for `count` bytes from now on */
    EVENT, /* the next news is `event`, of `id`; with `status`, `code`, `text` where it has them */
    NO_EVENT,
    UNCONFIRMED, /* ENDED of `id` comes next and counts `count` bytes */
    CREDIT,      /* the peer may still send `count` bytes on `id` */
    HELD,        /* `count` slots of the node are out */
    TAKEN,       /* others of the node take its credit, but for `count` bytes */
    QUEUED,      /* others of the node take room to queue, but for `count` bytes */
    DRY,         /* others of the node take every block */
};

struct mux_step {
    enum mux_op op;
    struct dsb_frame frame; /* its body is `text`, or `count` bytes for DATA */
    uint32_t id;
    const char *text;
    const char *text2;
    const char *why; /* the sentence of a limit, for whoever is on this side */
    uint32_t count;
    uint32_t times;
    uint16_t code;
    enum nx_status status;
    enum dsb_mux_event_kind event;
};

enum {
    MUX_SCRIPT_STEPS = 24,
};

struct mux_row {
    const char *name;
    struct mux_step steps[MUX_SCRIPT_STEPS];
};

/* Frames, for IN, BREACH and OUT. PROBE is a PING of the mux, the n-th. */
#define OPEN(n, name) OPEN_WITH(n, name, DSB_CREDIT_INITIAL)
#define ACK(n)        ACK_WITH(n, DSB_CREDIT_INITIAL)
#define DATA(n, len)  .frame = {.kind = DSB_FRAME_DATA, .stream_id = (n)}, .count = (len)
#define LAST(n, len) \
    .frame = {.kind = DSB_FRAME_DATA, .stream_id = (n), .ends_message = true}, .count = (len)
#define RETURN(n, credit) \
    .frame = {.kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = (n), .window = (credit)}
#define GROW(n, credit)                        \
    .frame = {.kind = DSB_FRAME_WINDOW_UPDATE, \
              .stream_id = (n),                \
              .window = (credit),              \
              .grows_window = true}
#define CLOSE(n) .frame = {.kind = DSB_FRAME_CLOSE, .stream_id = (n)}
#define RST(n, c, why) \
    .frame = {.kind = DSB_FRAME_RST, .stream_id = (n), .code = (c)}, .text = (why)
#define PING(eight) .frame = {.kind = DSB_FRAME_PING}, .text = (eight)
#define PROBE(n)    .frame = {.kind = DSB_FRAME_PING}, .count = (n)
#define PONG(eight) .frame = {.kind = DSB_FRAME_PONG}, .text = (eight)
#define GOAWAY(last, c, why) \
    .frame = {.kind = DSB_FRAME_GOAWAY, .last_stream_id = (last), .code = (c)}, .text = (why)
#define OPEN_WITH(n, name, credit) \
    .frame = {.kind = DSB_FRAME_OPEN, .stream_id = (n), .window = (credit)}, .text = (name)
#define ACK_WITH(n, credit) \
    .frame = {.kind = DSB_FRAME_OPEN_ACK, .stream_id = (n), .window = (credit)}

#define W     DSB_CREDIT_INITIAL
#define FRAME DSB_FRAME_PAYLOAD_MAX

/* Our stream 1, acknowledged; the peer's stream 2, accepted. */
/* clang-format off */
#define OURS \
    {OPENS, .id = 1, .text = "byte/a"}, {OUT, OPEN(1, "byte/a")}, {IN, ACK(1)}, \
    {EVENT, .event = DSB_MUX_ACCEPTED, .id = 1}
#define THEIRS {IN, OPEN(2, "byte/b")}, {ACCEPTS, .id = 2}, {OUT, ACK(2)}
/* clang-format on */

/* What a breach has to say, and how it ends: with NX_E_STATE or NX_E_LIMIT. */
#define ENDS(s, c, label) .status = (s), .code = (c), .text2 = (label)
#define ENDS_STATE \
    ENDS(NX_E_STATE, DSB_GOAWAY_PROTOCOL, "mux.reject.invalid_stream_state_transition")
#define ENDS_UNKNOWN  ENDS(NX_E_STATE, DSB_GOAWAY_PROTOCOL, "mux.reject.unknown_stream_frame")
#define REJECT_WINDOW "mux.reject.window_credit_overflow_or_underflow"
#define ENDS_WINDOW(numbers) \
    ENDS(NX_E_LIMIT, DSB_GOAWAY_PROTOCOL, REJECT_WINDOW), .why = REJECT_WINDOW ": " numbers

void mux_script_run(const struct mux_row *rows, size_t count);

#endif
