/* Seqpacket: the driver of core/ipc over a local socket of sequenced packets (docs/contracts/ipc.md).
 *
 *     nx_seqpacket_open(&s, &loop, "DIR", "dsoftbusd", &why)
 *     struct nx_ipc ipc = nx_seqpacket_as_ipc(&s);
 *     …  now and then nx_seqpacket_tick(&s, now); wait until nx_seqpacket_deadline(&s)
 *
 * Only the user that the daemon runs as comes in; whoever else is turned away before the engine hears
 * of it. A client that sends what is longer than a message has failed, and so has one that sends a
 * descriptor, unless nx_seqpacket_take_blobs said otherwise: then those that the head announces get here,
 * and one more or one less is a failure, too. Without it none ever does.
 *
 * Like host/net/sockets.h it asks the loop only about a socket that would have blocked, and besides
 * about the end of each client. A place is free again one turn of the loop after its client was
 * closed. It asks for no memory; what waits to be read waits in the system's buffers. */
#ifndef NX_HOST_IPC_SEQPACKET_H
#define NX_HOST_IPC_SEQPACKET_H

#include "core/ipc/ipc.h"
#include "host/ipc/place.h"
#include "host/loop.h"

/* Bytes asked of the system for what a client has not read yet; it gives twice that. */
#define NX_SEQPACKET_SEND_BUFFER 212992

/* After the system had no descriptor or memory for a client, accept asks again after so long. */
#define NX_SEQPACKET_PAUSE_MS 100

enum nx_seqpacket_state {
    NX_SEQPACKET_FREE,
    NX_SEQPACKET_OPEN,   /* also one that has failed: `failure` says so */
    NX_SEQPACKET_CLOSED, /* the loop has still to let go of it */
};

struct nx_seqpacket;

/* A blob that the engine has taken and not dropped. */
struct nx_seqpacket_blob {
    uint64_t number; /* 0: none */
    struct nx_bytes map;
};

/* A place of the table. */
struct nx_seqpacket_client {
    enum nx_seqpacket_state state;
    struct nx_seqpacket *owner;
    struct nx_handle handle;
    int fd;
    uv_poll_t poll;
    int watched;            /* UV_READABLE, UV_WRITABLE, UV_DISCONNECT: what the loop looks for */
    uint8_t wanted;         /* events that were promised, a bit for each kind */
    uint8_t due;            /* events to be told, likewise */
    bool is_due;            /* in the line of those that have something to tell */
    bool is_gone;           /* its end is closed */
    bool is_over;           /* ... and everything was received */
    enum nx_status failure; /* NX_OK, or what it did, for good */
    uint32_t next_due;

    int descriptors
        [NX_IPC_BLOBS_MAX]; /* of the message that was received last; -1: none, or taken */
    struct nx_seqpacket_blob blobs[NX_IPC_BLOBS_HELD_MAX];
    uint64_t blob_bytes; /* in those */
};

struct nx_seqpacket {
    struct nx_loop *loop;
    struct nx_ipc_place place;
    int listener; /* -1: not open */
    uv_poll_t poll;
    bool is_watched;        /* the listener, by the loop */
    bool is_acceptable_due; /* to be told */
    bool is_paused;         /* no place to accept into */
    bool is_starved;        /* it pauses for the system's sake, since the last tick */
    uint32_t live_count;    /* places and a listener that the loop knows of */
    uint64_t turned_away;   /* clients of another user */
    bool takes_blobs;
    uint64_t blobs_taken; /* so far: the number of the last one */
    struct nx_instant resume_at;
    struct nx_handles handles;
    struct nx_handle_slot slots[NX_IPC_CLIENTS_MAX];
    struct nx_seqpacket_client clients[NX_IPC_CLIENTS_MAX];
    uint32_t first_due; /* the line, by place; UINT32_MAX: none */
    uint32_t last_due;
};

/* Listens as `daemon` in `state_folder`. May not move. Keeps `loop`. On a failure `why` has a sentence,
 * which does not name the folder, and nothing is open; answers as nx_ipc_place_take, and NX_E_NO_MEMORY:
 * the loop has no place. */
NX_MUST_CHECK enum nx_status nx_seqpacket_open(struct nx_seqpacket *s, struct nx_loop *loop,
                                               const char *state_folder, const char *daemon,
                                               struct nx_why *why);

/* Likewise on a socket that listens already and does not block: its place is somebody else's, who opened
 * it for us. Takes `listener`, which is closed in the end, or on a failure.
 * NX_OK; NX_E_NO_MEMORY: the loop has no place, and `why` says so. */
NX_MUST_CHECK enum nx_status nx_seqpacket_open_on(struct nx_seqpacket *s, struct nx_loop *loop,
                                                  int listener, struct nx_why *why);

/* Closes every client, removes the socket, and turns the loop until it has let go. */
void nx_seqpacket_close(struct nx_seqpacket *s);

/* Accept asks again after it found the system without room. */
void nx_seqpacket_tick(struct nx_seqpacket *s, struct nx_instant now);
struct nx_instant nx_seqpacket_deadline(const struct nx_seqpacket *s);

/* From now on clients may send blobs along: this daemon has operations that take them. */
void nx_seqpacket_take_blobs(struct nx_seqpacket *s);

/* As core knows it; borrows `s` for as long as it is used. */
struct nx_ipc nx_seqpacket_as_ipc(struct nx_seqpacket *s);

#endif
