/* Mux: many streams over one link, in frames (docs/contracts/streams.md, wire.md §3).
 *
 *        open, push, finish …                               pull, accept …
 *     application -----------> mux ==== frames ====> mux -----------> application
 *
 *     ACTIVE --- shutdown, GOAWAY ---> ENDING --- no stream left ---> ENDED
 *       |                                                               ^
 *       `---- a broken frame, a limit, silence, the link cut -----------'
 *
 * One mux is one end of one admitted session. Below it is whatever carries bytes reliably and in
 * order: localSim's link in plaintext, records of a Noise session otherwise. The mux trusts the
 * other end with nothing: credit, ids, counts and rates are enforced by the receiver, and a breach
 * ends the session with a reason on both sides.
 *
 * Frames of control never wait behind data. All memory is the node's pools; a mux itself is small.
 * Every verb of a stream takes its handle and answers NX_E_CLOSED, for ever, once the handle was
 * released or never named a stream of this mux. */
#ifndef NX_CORE_BUS_MUX_H
#define NX_CORE_BUS_MUX_H

#include "core/base/bucket.h"
#include "core/bus/keepalive.h"
#include "core/bus/scheduler.h"
#include "core/bus/streams.h"
#include "core/wire/frame.h"

enum dsb_mux_state {
    DSB_MUX_ACTIVE,
    DSB_MUX_ENDING, /* a GOAWAY went or came: what is open goes on, nothing new begins */
    DSB_MUX_OVER,
};

/* In the order in which one stream's news is told. */
enum dsb_mux_event_kind {
    DSB_MUX_OPENED,        /* the peer opened a stream: accept or refuse it */
    DSB_MUX_ACCEPTED,      /* the peer accepted ours */
    DSB_MUX_READABLE,      /* there was nothing (more) to pull, and now there is an answer */
    DSB_MUX_WRITABLE,      /* push was told to wait, and now there is room */
    DSB_MUX_ENDED,         /* this stream is over; its handle waits to be released */
    DSB_MUX_PONG,          /* what dsb_mux_ping asked for came */
    DSB_MUX_SESSION_ENDED, /* all of it is over; every stream's end was told before */
};

/* Of dsb_mux_ping. */
enum dsb_mux_ping_state {
    DSB_MUX_PING_NONE,
    DSB_MUX_PING_DUE,
    DSB_MUX_PING_SENT,
    DSB_MUX_PING_ANSWERED, /* and not told yet */
};

struct dsb_mux_event {
    enum dsb_mux_event_kind kind;
    struct dsb_stream_handle stream; /* not for PONG and SESSION_ENDED */

    struct nx_bytes name; /* OPENED: lent until the stream is released */
    uint8_t priority;     /* OPENED */

    /* ENDED: NX_END both sides finished and everything was confirmed; NX_E_ABORTED with code and
     * why; NX_E_CLOSED the session went first.
     * SESSION_ENDED: NX_END after a GOAWAY, with code and why (those of a breach, where the peer
     * found one); NX_E_CLOSED the link was cut; NX_E_TIMEOUT silence; NX_E_MALFORMED, NX_E_LIMIT or
     * NX_E_STATE a breach of the peer's, named in why: its label, and of a limit the numbers. */
    enum nx_status status;
    bool by_peer; /* who began the end */
    uint16_t code;
    struct nx_why why;
    /* ENDED: accepted and not confirmed, told this once. SESSION_ENDED: the sum of it over all streams
     * there were. */
    struct dsb_amount unconfirmed;

    struct nx_duration round_trip; /* PONG */
};

/* A limit that was met, for the sentence of nx_why_limit. */
struct dsb_mux_limit {
    const char *what; /* static; NULL: none was */
    uint64_t limit;
    uint64_t asked;
};

struct dsb_mux_refusal {
    uint32_t stream_id;
    uint16_t code;
    const char *text; /* static: the label, or what the limit is of */
    uint32_t limit;   /* 0: a label stands alone */
    uint32_t asked;
};

struct dsb_mux {
    struct dsb_streams streams;
    struct nx_budget grants; /* this session's credit to its peer */
    struct nx_budget growth; /* of that, beyond what streams start with */
    struct nx_bucket opens;  /* OPENs of the peer */
    struct dsb_keepalive keepalive;
    struct dsb_scheduler scheduler;

    enum dsb_mux_state state;
    bool is_initiator;
    uint32_t next_id;      /* of ours */
    uint32_t last_peer_id; /* the highest the peer opened */
    uint64_t gone_credit;  /* what the peer may still send on streams that are gone on this side */

    struct dsb_mux_refusal refusals[DSB_RST_WAITING_MAX]; /* RSTs for streams that have no slot */
    uint8_t refusal_count;

    bool pong_due, goaway_due;
    bool goaway_came;
    uint32_t last_served_id; /* of the peer's, from the beginning of the end */
    uint8_t pong[DSB_PING_LEN];
    uint64_t ping_count;

    enum dsb_mux_ping_state ping_state;
    struct nx_instant ping_at;       /* asked for */
    uint64_t ping_number;            /* SENT: the first that answers it */
    struct nx_duration ping_took;    /* ANSWERED */
    struct nx_instant starved_until; /* push met the node's bound: when to look again */

    struct dsb_mux_limit limit; /* that the last NX_E_LIMIT of open or push was */

    bool end_due; /* SESSION_ENDED is to be told */
    bool end_by_peer;
    enum nx_status end_status;
    uint16_t end_code;
    struct nx_why end_why;
    const char *end_label; /* static: what GOAWAY says in place of end_why; NULL: the same */
    struct dsb_amount unconfirmed; /* of the streams that are over, in all */
};

/* One end of an admitted session. The initiator opens odd stream ids, the responder even ones.
 * Keeps `pools`; the mux may not move. */
void dsb_mux_init(struct dsb_mux *m, struct nx_instant now, struct dsb_pools *pools,
                  bool is_initiator);

/* Give everything back to the pools, telling nobody. Handles become closed. */
void dsb_mux_wipe(struct dsb_mux *m);

/* ---- the link's side ----------------------------------------------------------------------- */

/* Bytes arrived, in order. Takes every whole frame, `*used`; the rest is the beginning of one and
 * has to be brought again, longer.
 * NX_OK; NX_E_CLOSED: the session is over, nothing was taken; NX_E_MALFORMED, NX_E_LIMIT,
 * NX_E_STATE: the peer broke the protocol, and this ended the session. */
NX_MUST_CHECK enum nx_status dsb_mux_input(struct dsb_mux *m, struct nx_instant now,
                                           struct nx_bytes in, size_t *used);

/* Append whole frames to `out` while there is room and something to send. False when nothing was
 * appended. `out` has room for DSB_FRAME_MAX bytes to make progress with every frame. */
bool dsb_mux_output(struct dsb_mux *m, struct nx_writer *out);

/* Is there something that `output` would send? */
bool dsb_mux_has_output(const struct dsb_mux *m);

void dsb_mux_tick(struct dsb_mux *m, struct nx_instant now);
struct nx_instant dsb_mux_deadline(const struct dsb_mux *m);

/* The next piece of news. False when there is none. */
bool dsb_mux_event(struct dsb_mux *m, struct dsb_mux_event *event);

/* The link below is gone. Without a GOAWAY before it that is a cut, and told as one. */
void dsb_mux_cut(struct dsb_mux *m);

/* Say GOAWAY: open streams go on, no new ones begin, and the session ends with the last of them.
 * `why` is cut at NX_WHY_MAX bytes, and what is not fit to show is left out.
 * NX_OK; NX_E_CLOSED: it is over or ending. */
NX_MUST_CHECK enum nx_status dsb_mux_shutdown(struct dsb_mux *m, enum dsb_goaway_code code,
                                              const char *why);

/* End it now: GOAWAY goes out, and every stream is over. Nothing when it is over already. */
void dsb_mux_terminate(struct dsb_mux *m, enum dsb_goaway_code code, const char *why);

/* Whatever carries its frames found a breach of the peer's, a tag that does not hold or a record that
 * ends inside a frame: it is over with `status` (a failure) and `why`, and GOAWAY says protocol and
 * `why`. Nothing when it is over already. */
void dsb_mux_break(struct dsb_mux *m, enum nx_status status, const char *why);

/* How long does it take to the peer and back? A PING goes out, and DSB_MUX_PONG tells, unless the
 * session ends before. The time counts from this call.
 * NX_OK; NX_E_BUSY: one is under way, or was not told yet; NX_E_CLOSED: the session is over. */
NX_MUST_CHECK enum nx_status dsb_mux_ping(struct dsb_mux *m, struct nx_instant now);

/* There is a reason to doubt that the peer is there: ask it at once, and end with NX_E_TIMEOUT unless it
 * is heard in DSB_SESSION_DOUBT_S. */
void dsb_mux_doubt(struct dsb_mux *m, struct nx_instant now);

/* The session is over and its last frame was output: the link below may be closed. */
bool dsb_mux_is_over(const struct dsb_mux *m);

/* ---- the application's side ---------------------------------------------------------------- */

/* Open a stream called `name` (1..64 bytes of UTF-8, unique among those this side opened). Pushing
 * may begin at once. `is_messages`: pushes keep their borders.
 * NX_OK, `*stream`; NX_E_INVALID: name or priority; NX_E_EXISTS: the name is in use; NX_E_LIMIT: the
 * session, the node or their credit is full, see dsb_mux_why; NX_E_CLOSED: the session is over or
 * ending. */
NX_MUST_CHECK enum nx_status dsb_mux_open(struct dsb_mux *m, struct nx_bytes name, uint8_t priority,
                                          bool is_messages, struct dsb_stream_handle *stream);

/* The sentence to the last NX_E_LIMIT that open or push answered: which limit, its value, what was
 * asked. Empty when there was none. */
void dsb_mux_why(const struct dsb_mux *m, struct nx_why *why);

/* Accept a stream that the peer opened. `priority`: the highest that its service is given; the peer
 * may have asked for a lower one, and a higher one it does not get.
 * NX_OK; NX_E_INVALID: priority; NX_E_STATE: there is nothing to accept; NX_E_CLOSED, NX_E_ABORTED:
 * it is over already. */
NX_MUST_CHECK enum nx_status dsb_mux_accept(struct dsb_mux *m, struct dsb_stream_handle stream,
                                            bool is_messages, uint8_t priority);

/* Push bytes: accepts all of them, or as many as there is room for, `*taken`, and copies them.
 * Nothing to push is NX_OK.
 * NX_OK; NX_WOULD_BLOCK: full, DSB_MUX_WRITABLE will come; NX_E_LIMIT: a whole message that no queue
 * of this node's profile holds, see dsb_mux_why; NX_E_STATE: not accepted yet, by us; NX_E_CLOSED: finished, aborted,
 * or the session is over; NX_E_ABORTED: by the peer. */
NX_MUST_CHECK enum nx_status dsb_mux_push(struct dsb_mux *m, struct nx_instant now,
                                          struct dsb_stream_handle stream, struct nx_bytes bytes,
                                          enum dsb_push push, size_t *taken);

/* The next bytes, lent until `drop`, the next `input`, or whatever else ends the stream;
 * `*ends_message` as in dsb_inbox_peek.
 * NX_OK; NX_WOULD_BLOCK: none yet, DSB_MUX_READABLE will come; NX_END: the peer finished and all was
 * read; NX_E_STATE: not accepted yet, by us; NX_E_ABORTED: by the peer, what waited is gone;
 * NX_E_CLOSED: aborted here, or the session is over. */
NX_MUST_CHECK enum nx_status dsb_mux_peek(struct dsb_mux *m, struct dsb_stream_handle stream,
                                          struct nx_bytes *bytes, bool *ends_message);

/* Take `count` of the bytes that `peek` lent just before: this confirms them to the peer. Nothing
 * happens when the stream ended in between, and what was lent with it. */
void dsb_mux_drop(struct dsb_mux *m, struct dsb_stream_handle stream, uint32_t count);

/* No more will be pushed: the peer reads the end after the last byte.
 * NX_OK; NX_E_STATE, NX_E_CLOSED, NX_E_ABORTED as in push. */
NX_MUST_CHECK enum nx_status dsb_mux_finish(struct dsb_mux *m, struct dsb_stream_handle stream);

/* End it now: what waits on either side is dropped, the peer reads NX_E_ABORTED with `code` (an
 * enum dsb_rst_code, or the application's from 256) and `why`, as in shutdown. Refuses a stream not
 * yet accepted.
 * NX_OK; NX_E_CLOSED, NX_E_ABORTED: it is over already. */
NX_MUST_CHECK enum nx_status dsb_mux_abort(struct dsb_mux *m, struct dsb_stream_handle stream,
                                           uint16_t code, const char *why);

/* The application is done with the handle. A stream that is not over is aborted as cancelled, unless
 * both sides finished and only the confirmation is outstanding. */
void dsb_mux_release(struct dsb_mux *m, struct dsb_stream_handle stream);

/* What there is to know of a stream; NULL when the handle is closed. Borrowed until the next call. */
const struct dsb_stream *dsb_mux_stream(const struct dsb_mux *m, struct dsb_stream_handle stream);

#endif
