/* For tests: a network in memory. Hosts with an address each, streams that are bounded pipes,
 * datagrams, and a clock that is stepped by hand. Freestanding, without a thread and without chance:
 * the same calls give the same answers.
 *
 *     pipe_host_as_net(a) ---- connect ----> tick: refused, silent, or open ----> accept at host b
 *
 * It keeps what core/net/net.h promises and grants nothing beyond it. In particular: nobody is told
 * anything who was not told to wait, and a reset takes with it what arrived before and was not
 * received, as on some systems it does. What a test may make go wrong stands at pipe_host. */
#ifndef NX_TESTS_NET_PIPE_NET_H
#define NX_TESTS_NET_PIPE_NET_H

#include "core/net/net.h"

enum {
    PIPE_NET_HOSTS = 80,
    PIPE_NET_SOCKETS = 700, /* of all hosts */
    PIPE_NET_ENDS = 1000,   /* of streams: a socket has one, and each that waits to be accepted */
    PIPE_NET_PIPES = 64,    /* that hold bytes at one moment */
    PIPE_NET_PIPE_MAX = 65536,
    PIPE_NET_DATAGRAMS = 32, /* that wait at one moment */
    PIPE_NET_GROUPS = 4,     /* that a socket joins */
};

#define PIPE_NET_NONE UINT32_MAX

struct pipe_net;

/* One machine. The fields below the line may be changed at any time. */
struct pipe_host {
    struct pipe_net *net;
    struct nx_address address; /* port 0 */
    uint32_t socket_count;     /* open now */
    uint32_t backlog_count;    /* connections that wait here, at all listeners */
    uint64_t resets_sent;      /* streams that a close or an abort here cut */

    /* ---- */
    uint32_t socket_max;  /* then the table is full */
    size_t receive_max;   /* bytes that one receive gives; 0: as many as there are */
    bool is_silent;       /* whoever dials here hears nothing */
    bool refuses;         /* nobody listens, whoever thinks so */
    bool loses_datagrams; /* none arrives */
    bool cannot_accept;   /* the system below fails */
};

enum pipe_socket_kind {
    PIPE_LISTENER,
    PIPE_STREAM,
    PIPE_DATAGRAM,
};

struct pipe_socket {
    struct nx_handle handle;
    struct pipe_host *host;
    enum pipe_socket_kind kind;
    struct nx_address local;

    bool waits[NX_NET_EVENT_KINDS];   /* was told NX_WOULD_BLOCK */
    bool is_told[NX_NET_EVENT_KINDS]; /* lies in the queue */
    enum nx_status dialled;

    uint32_t end; /* STREAM */

    uint32_t backlog_max; /* LISTENER */
    uint32_t backlog[NX_NET_BACKLOG_MAX + 1];
    uint32_t backlog_count;
    bool waits_for_place;

    bool is_shared; /* DATAGRAM */
    struct nx_address groups[PIPE_NET_GROUPS];
    uint32_t group_count;
};

/* One end of a stream: a socket's, or of one that waits to be accepted. */
struct pipe_end {
    bool is_used;
    bool is_connecting;
    bool is_lost;    /* what is sent goes nowhere, and nothing comes */
    uint32_t socket; /* PIPE_NET_NONE: not accepted yet */
    uint32_t other;  /* PIPE_NET_NONE: it has been closed */
    struct nx_address local, remote;
    struct nx_instant deadline; /* of a dial */
    uint64_t number;            /* dials count from 1 */
    uint32_t pipe;              /* what arrived: its memory, while there is something */
    size_t first, len;
    size_t lost_len; /* what was sent to nowhere */
    bool has_finished, end_came, end_was_read;
    enum nx_net_failure failure;
};

struct pipe_datagram {
    uint32_t socket; /* PIPE_NET_NONE: free */
    uint64_t number;
    struct nx_net_datagram head;
    uint8_t bytes[NX_NET_DATAGRAM_MAX];
};

struct pipe_net {
    struct nx_instant now; /* the owner moves it, and then ticks */
    struct pipe_host hosts[PIPE_NET_HOSTS];
    uint32_t host_count;
    struct pipe_socket sockets[PIPE_NET_SOCKETS];
    struct nx_handle_slot slots[PIPE_NET_SOCKETS];
    struct nx_handles handles;
    struct pipe_end ends[PIPE_NET_ENDS];
    uint8_t pipes[PIPE_NET_PIPES][PIPE_NET_PIPE_MAX];
    bool pipe_is_used[PIPE_NET_PIPES];
    size_t pipe_size; /* at most PIPE_NET_PIPE_MAX; may be changed while all pipes are empty */
    struct pipe_datagram datagrams[PIPE_NET_DATAGRAMS];
    uint64_t dial_count, datagram_count;
    uint16_t next_port;
    uint32_t interface_index; /* of every host */

    struct {
        uint32_t socket;
        struct nx_handle handle;
        enum nx_net_event_kind kind;
    } events[NX_NET_EVENT_KINDS * PIPE_NET_SOCKETS];
    uint32_t event_count; /* oldest first */
};

/* Nobody is there, and it is the instant 0. */
void pipe_net_init(struct pipe_net *net);

/* One more machine, lent as long as the network. */
struct pipe_host *pipe_net_add(struct pipe_net *net, struct nx_address address);
struct nx_net pipe_host_as_net(struct pipe_host *host);

/* Dials go on, and run out of time. False: nothing moved. */
bool pipe_net_tick(struct pipe_net *net);

/* When the next dial runs out of time. */
struct nx_instant pipe_net_deadline(const struct pipe_net *net);

/* Does an event wait for this host? */
bool pipe_host_has_event(const struct pipe_host *host);

/* Every stream of this host is cut, and neither side hears a word. */
void pipe_host_cut(struct pipe_host *host);

/* For a test that breaks what is under way: the bytes that have arrived at this end and were not
 * received; they lie in at most two parts. NULL: none. */
uint8_t *pipe_net_at(struct pipe_net *net, struct nx_handle stream, size_t index);

/* Nothing is open, nothing waits anywhere. */
bool pipe_net_is_empty(const struct pipe_net *net);

#endif
