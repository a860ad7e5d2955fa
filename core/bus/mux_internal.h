/* What mux.c, mux_input.c and mux_output.c share. */
#ifndef NX_CORE_BUS_MUX_INTERNAL_H
#define NX_CORE_BUS_MUX_INTERNAL_H

#include "core/bus/mux.h"

/* The stable labels of docs/contracts/streams.md. */
#define MUX_REJECT_OVERSIZE     "mux.reject.frame_oversize"
#define MUX_REJECT_STATE        "mux.reject.invalid_stream_state_transition"
#define MUX_REJECT_WINDOW       "mux.reject.window_credit_overflow_or_underflow"
#define MUX_REJECT_UNKNOWN      "mux.reject.unknown_stream_frame"
#define MUX_REJECT_STREAM_LIMIT "mux.reject.stream_limit_exceeded"
#define MUX_REJECT_DUPLICATE    "mux.reject.duplicate_stream_name"
#define MUX_REJECT_NAME         "mux.reject.invalid_stream_name"

/* Of the limits that keep a stream from being opened: the one that dsb_streams_add met, and the one
 * that dsb_inbox_init met. Both are to be asked before anything else changes. */
struct dsb_mux_limit dsb_mux_limit_of_streams(const struct dsb_mux *m);
struct dsb_mux_limit dsb_mux_limit_of_credit(const struct dsb_mux *m);

/* "<label>: <what>: limit …, asked …"; without `label` (NULL) the sentence alone. */
void dsb_mux_limit_explain(const struct dsb_mux_limit *limit, const char *label,
                           struct nx_why *why);

/* The owner has news of this stream. */
void dsb_mux_tell(struct dsb_mux *m, uint32_t slot, enum dsb_mux_event_kind kind);

/* Something of this stream changed: put it into the lists where it belongs now, and end it when
 * nothing is left to do. */
void dsb_mux_settle(struct dsb_mux *m, uint32_t slot);

/* This stream is over. NX_END, or NX_E_ABORTED with reset_code, reset_by_peer and why set before,
 * or NX_E_CLOSED. */
void dsb_mux_end_stream(struct dsb_mux *m, uint32_t slot, enum nx_status status);

/* All of it is over. What the peer broke, silence among it, is told to it by a GOAWAY with `code`, even
 * behind one that went before. */
void dsb_mux_end(struct dsb_mux *m, enum nx_status status, uint16_t code, const char *why);

/* A GOAWAY goes or came: what the peer opens from now on is refused. */
void dsb_mux_begin_end(struct dsb_mux *m);

/* End an ending session, if no stream is left and every reset went out. */
void dsb_mux_end_when_drained(struct dsb_mux *m);

/* Give the slot back when neither wire, owner nor output need it any more. */
void dsb_mux_free_stream(struct dsb_mux *m, uint32_t slot);

#endif
