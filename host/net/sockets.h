/* Sockets: the driver of core/net over the sockets of a POSIX machine.
 *
 *     struct nx_net net = nx_sockets_as_net(&sockets);
 *     …  now and then nx_sockets_tick(&sockets, now); wait until nx_sockets_deadline(&sockets)
 *
 * The table is its owner's memory and its size is the limit of everything; a message costs no request
 * for memory. Calls go straight to the system; the loop is asked only about a socket that would have
 * blocked, and it keeps watching a socket that is used again and again, so that the usual turn costs
 * the wait and nothing else.
 *
 * A place is free again one turn of the loop after its socket was closed. Descriptors are closed at
 * once and never outlive an exec. */
#ifndef NX_HOST_NET_SOCKETS_H
#define NX_HOST_NET_SOCKETS_H

#include "core/net/net.h"
#include "host/loop.h"

/* Dials under way at once; each of them has a deadline to look at. */
#define NX_SOCKETS_DIALS_MAX 64

/* A listener that found the system without room asks again after so long. */
#define NX_SOCKETS_PAUSE_MS 100

enum nx_socket_kind {
    NX_SOCKET_LISTENER,
    NX_SOCKET_STREAM,
    NX_SOCKET_DATAGRAMS,
};

enum nx_socket_state {
    NX_SOCKET_FREE,
    NX_SOCKET_CONNECTING,
    NX_SOCKET_OPEN,   /* also one that has failed: `failure` says so */
    NX_SOCKET_CLOSED, /* the loop has still to let go of it */
};

struct nx_sockets;

/* A place of the table. */
struct nx_socket {
    enum nx_socket_state state;
    enum nx_socket_kind kind;
    struct nx_sockets *owner;
    struct nx_handle handle;
    int fd;
    uv_poll_t poll;
    int watched;      /* UV_READABLE, UV_WRITABLE: what the loop is looking for */
    uint8_t wanted;   /* events that were promised, a bit for each kind */
    uint8_t due;      /* events to be told, likewise */
    bool is_due;      /* in the line of those that have something to tell */
    bool is_paused;   /* a listener without a place to accept into */
    bool is_finished; /* our direction */
    bool is_over;     /* theirs: there is nothing more to receive ... */
    bool is_ended;    /* ... because they have finished */
    enum nx_net_failure failure;
    struct nx_instant deadline; /* of a dial */
    struct nx_address local;    /* of datagrams: what it was bound to */
    uint32_t next_due;
};

struct nx_sockets {
    struct nx_loop *loop;
    struct nx_socket *places;
    struct nx_handles handles;
    uint32_t loopback_index; /* the interface; 0: not looked for, or none */
    uint32_t open_count;     /* places that the loop knows of */
    uint32_t first_due;      /* the line, by place; UINT32_MAX: none */
    uint32_t last_due;
    uint32_t dials[NX_SOCKETS_DIALS_MAX]; /* places */
    uint32_t dial_count;
    uint32_t paused_count;
    bool is_starved; /* a listener pauses for the system's sake, since the last tick */
    struct nx_instant resume_at;
};

/* Over `cap` places, all zero, and as many slots, both of which it keeps. Nothing is open. May not
 * move. Keeps `loop`. */
void nx_sockets_init(struct nx_sockets *s, struct nx_loop *loop, struct nx_socket *places,
                     struct nx_handle_slot *slots, uint32_t cap);

/* Closes everything and turns the loop until it has let go. */
void nx_sockets_wipe(struct nx_sockets *s);

/* A TCP socket that listens already and does not block. Takes it; it is closed on a failure.
 * NX_OK: `listener` is as nx_net_listen gives it; NX_E_NO_MEMORY: no place for it. */
NX_MUST_CHECK enum nx_status nx_sockets_adopt(struct nx_sockets *s, int fd,
                                              struct nx_handle *listener);

/* Dials whose time is over fail; listeners that pause ask again. */
void nx_sockets_tick(struct nx_sockets *s, struct nx_instant now);
struct nx_instant nx_sockets_deadline(const struct nx_sockets *s);

/* As core knows it; borrows `s` for as long as it is used. */
struct nx_net nx_sockets_as_net(struct nx_sockets *s);

#endif
