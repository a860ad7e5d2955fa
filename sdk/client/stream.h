/* Stream: the one stream that a connection to the daemon carries, after open or listen was answered.
 *
 *     nx_client_call(&c, DSOFTBUSD_OPERATION_OPEN, …);  nx_client_stream_begin(&s, &c, kind)
 *     while (!nx_client_stream_is_over(&s))
 *         …  push, pull, finish, abort; poll nx_client_descriptor(&c) until s.until
 *
 *             finish      the peer finished       the daemon's last word
 *     OPEN ----------- both in any order ---------------------------------> OVER
 *       `--- abort: the daemon gets NX_CLIENT_STOP_MS for its last word -------^
 *
 * It went well only if `status` is NX_END and nothing remained unconfirmed: both sides finished, and the
 * peer's program took everything that was sent. Nothing here waits. */
#ifndef NX_SDK_CLIENT_STREAM_H
#define NX_SDK_CLIENT_STREAM_H

#include "sdk/client/client.h"

#define NX_CLIENT_PIECE_MAX NX_IPC_BODY_MAX

/* Codes of an abort; below 256 they are the bus's own (dsoftbusd.capnp). */
#define NX_CLIENT_ABORT_CANCELLED 1
#define NX_CLIENT_ABORT_UNKEPT    256 /* what came could not be kept */

/* After an abort, the daemon has so long to say what became of it. */
#define NX_CLIENT_STOP_MS 2000

struct nx_client_stream {
    struct nx_client *client;
    bool is_frames; /* a channel of a v1 session: an abort would end that, so it is left silently */
    bool wants_finish; /* to be said when the socket has room */
    bool is_finished;  /* it was said */
    bool is_aborted;   /* by us */
    bool is_over;
    bool is_cut;             /* the connection to the daemon ended first */
    struct nx_instant until; /* its last word is waited for no longer */

    /* The last word; the texts are the caller's to show with care. */
    enum nx_status status;
    bool by_peer;
    uint16_t code;
    char why[NX_IPC_CLIENT_WHY_CAP];
    uint64_t unconfirmed_messages, unconfirmed_bytes;
};

/* From now on the connection of `client`, which is kept, carries this stream. */
void nx_client_stream_begin(struct nx_client_stream *s, struct nx_client *client,
                            enum dsoftbusd_stream_kind kind);

/* Send a piece of at most NX_CLIENT_PIECE_MAX. NX_OK; NX_WOULD_BLOCK: no room, wait for it;
 * NX_E_CLOSED: the stream goes no further, its last word can be pulled. */
NX_MUST_CHECK enum nx_status nx_client_stream_push(struct nx_client_stream *s,
                                                   struct nx_bytes piece, bool ends_message);

/* Nothing more will be pushed. */
void nx_client_stream_finish(struct nx_client_stream *s);

/* Give it up; the first reason counts. At most 120 bytes of `why` are told. */
void nx_client_stream_abort(struct nx_client_stream *s, uint16_t code, const char *why);

/* The next piece, lent until the next call. NX_OK; NX_WOULD_BLOCK: none yet; NX_END: the peer finished
 * (told once), NX_E_CLOSED: the stream is over. */
NX_MUST_CHECK enum nx_status nx_client_stream_pull(struct nx_client_stream *s,
                                                   struct nx_bytes *piece, bool *ends_message);

/* Does it wait for room to say something, so that the descriptor is to be polled for that as well? */
bool nx_client_stream_wants_room(const struct nx_client_stream *s);

/* Has its last word been waited for long enough? Then it is over, as aborted. */
bool nx_client_stream_tick(struct nx_client_stream *s, struct nx_instant now);

#endif
