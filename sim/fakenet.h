/* FakeNet: the deterministic driver of core/net: a network in memory, and what goes wrong on one.
 *
 *     fake_host_as_net(a) --- connect, send, send_to ---> the way ---> fakenet_tick: accept, receive,
 *                                                  delay, rate, loss      receive_from at host b
 *
 * Hosts have an address each; streams are bounded pipes; datagrams wait in a bounded queue; the clock is
 * its owner's. Freestanding, without a thread: the same calls with the same seed give the same answers.
 *
 * It keeps what core/net/net.h promises and grants nothing beyond it (tests/net/net_table.c judges it).
 * In particular: nobody is told anything who was not told to wait, and a reset takes with it what
 * arrived before and was not received, as on some systems it does.
 *
 * The way between hosts is perfect and instant until its owner makes it worse:
 *
 *   - `way`: delay, jitter, and the rate of each host's line; of datagrams also loss, duplicates and
 *     bytes that change. Datagrams overtake each other as far as the jitter reaches. Bytes of a stream
 *     keep their order, as TCP sees to it; a loss is to them one more delay.
 *   - `side`: hosts of different sides are parted. Datagrams and dials between them are lost; what a
 *     stream has under way is sent again after 1, 2, 4 … 60 s, until the way is healed, or after
 *     FAKENET_PATIENCE_S the stream has failed (timed out).
 *   - fake_host_cut: a machine that dies without a word; its streams are half-open from then on, until
 *     it is back (`is_back`) and answers what is sent on them with a reset. */
#ifndef NX_SIM_FAKENET_H
#define NX_SIM_FAKENET_H

#include "core/base/rng.h"
#include "core/net/net.h"
#include "sim/clock.h"
#include "sim/timeline.h"

enum {
    FAKENET_HOSTS = 80,
    FAKENET_SOCKETS = 700, /* of all hosts */
    FAKENET_ENDS = 1000,   /* of streams: a socket has one, and each that waits to be accepted */
    FAKENET_PIPES = 64,    /* that hold bytes at one moment */
    FAKENET_PIPE_MAX = 65536,
    FAKENET_DATAGRAMS = 512,       /* under way, or waiting, at one moment; what is over is lost */
    FAKENET_SOCKET_DATAGRAMS = 64, /* of those: waiting at one socket */
    FAKENET_GROUPS = 4,            /* that a socket joins */
    FAKENET_WIRE_MAX = 16,         /* pieces of one stream that are under way */
    FAKENET_ENTRIES = 4 * FAKENET_ENDS + FAKENET_DATAGRAMS,
    FAKENET_AGAIN_FIRST_S = 1,
    FAKENET_AGAIN_MAX_S = 60,
    FAKENET_PATIENCE_S = 900,
    FAKENET_LOST_MS = 200, /* later, a piece of a stream that was lost once */
};

#define FAKENET_NONE UINT32_MAX

struct fakenet;

/* How bad it is between two hosts. All zero: not at all. Chances are of a million. */
struct fake_way {
    struct nx_duration delay;
    struct nx_duration jitter; /* up to so much longer */
    uint32_t rate;             /* bytes a second that leave one host; 0: as many as there are */
    uint32_t loss;    /* of a datagram, and of a piece of a stream, which then comes late */
    uint32_t twice;   /* of a datagram */
    uint32_t damage;  /* of a datagram: one byte of it is another one */
    uint32_t forgery; /* the same of what one send puts into a stream, past TCP's checksum */
};

/* One machine. The fields below the line may be changed at any time. */
struct fake_host {
    struct fakenet *net;
    struct nx_address address; /* port 0 */
    uint32_t socket_count;     /* open now */
    uint32_t backlog_count;    /* connections that wait here, at all listeners */
    uint64_t resets_sent;      /* streams that a close or an abort here cut */
    struct nx_instant line_free_at;

    /* ---- */
    uint32_t socket_max;           /* then the table is full */
    size_t receive_max;            /* bytes that one receive gives; 0: as many as there are */
    bool is_silent;                /* whoever dials here hears nothing */
    bool refuses;                  /* nobody listens, whoever thinks so */
    bool loses_datagrams;          /* none arrives */
    bool cannot_accept;            /* the system below fails */
    bool is_back;                  /* it answers what comes for streams that it does not know */
    const struct sim_clock *clock; /* its own, for deadlines; NULL: the network's */
    uint32_t side;                 /* hosts of other sides are out of reach */
    struct nx_duration lag;        /* its line is so much longer than the way, outwards */
};

enum fake_socket_kind {
    FAKE_LISTENER,
    FAKE_STREAM,
    FAKE_DATAGRAM,
};

struct fake_socket {
    struct nx_handle handle;
    struct fake_host *host;
    enum fake_socket_kind kind;
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
    struct nx_address groups[FAKENET_GROUPS];
    uint32_t group_count;
    uint32_t datagram_count; /* that wait */
};

/* What is under way to an end of a stream. */
enum fake_piece_kind {
    FAKE_PIECE_BYTES,
    FAKE_PIECE_END,
    FAKE_PIECE_RESET,
};

struct fake_piece {
    enum fake_piece_kind kind;
    uint32_t len; /* BYTES: of the pipe, behind what has arrived */
    struct nx_instant at;
};

/* One end of a stream: a socket's, or of one that waits to be accepted. */
struct fake_end {
    bool is_used;
    bool is_connecting;
    bool is_lost;    /* what is sent goes nowhere, and nothing comes */
    uint32_t socket; /* FAKENET_NONE: not accepted yet */
    uint32_t other;  /* FAKENET_NONE: it has been closed */
    uint32_t host;   /* where it is */
    struct nx_address local, remote;
    struct nx_instant deadline; /* of a dial */
    struct nx_instant try_at;   /* when it gets there */
    uint64_t number;            /* dials count from 1 */
    uint64_t serial;            /* no two uses of a place share one */
    uint32_t pipe; /* what arrived or is under way: its memory, while there is something */
    size_t first, len;
    size_t ready_len; /* of `len`: has arrived */
    size_t lost_len;  /* what was sent to nowhere */
    bool has_finished, end_came, end_was_read;
    enum nx_net_failure failure;

    struct fake_piece wire[FAKENET_WIRE_MAX]; /* under way to here, in order */
    uint32_t wire_count;
    uint32_t again_s;        /* the last wait before it was sent again; 0: not needed */
    struct nx_instant since; /* when that began */
};

/* A datagram's head; its bytes stand beside it. */
struct fake_datagram {
    uint32_t socket; /* FAKENET_NONE: free */
    uint64_t number; /* of its arrival; 0: under way */
    uint64_t serial;
    struct nx_net_datagram head;
};

struct fakenet {
    struct nx_instant now; /* the owner moves it, and then ticks */
    struct fake_way way;   /* the owner's to change */
    struct nx_prng chance;
    struct fake_host hosts[FAKENET_HOSTS];
    uint32_t host_count;
    struct fake_socket sockets[FAKENET_SOCKETS];
    uint32_t sockets_end; /* none was ever used from here on; so below */
    struct nx_handle_slot slots[FAKENET_SOCKETS];
    struct nx_handles handles;
    struct fake_end ends[FAKENET_ENDS];
    uint32_t ends_end;
    uint32_t connecting_count;
    uint8_t pipes[FAKENET_PIPES][FAKENET_PIPE_MAX];
    bool pipe_is_used[FAKENET_PIPES];
    size_t pipe_size; /* at most FAKENET_PIPE_MAX; may be changed while all pipes are empty */
    struct fake_datagram datagrams[FAKENET_DATAGRAMS];
    uint32_t datagrams_end;
    uint64_t dial_count, datagram_count, datagram_serial, end_count;
    uint16_t next_port;
    uint32_t interface_index; /* of every host */
    struct sim_timeline timeline;
    uint64_t lost_count; /* datagrams that did not arrive, for whatever reason */

    struct {
        uint32_t socket;
        struct nx_handle handle;
        enum nx_net_event_kind kind;
    } events[NX_NET_EVENT_KINDS * FAKENET_SOCKETS];
    uint32_t event_count; /* oldest first */

    /* Last, so that what is looked at often lies together. */
    struct sim_entry entries[FAKENET_ENTRIES];
    uint8_t datagram_bytes[FAKENET_DATAGRAMS][NX_NET_DATAGRAM_MAX];
};

/* Nobody is there, it is the instant 0, and the way is perfect. Chances are drawn from `seed`. */
void fakenet_init(struct fakenet *net, uint64_t seed);

/* One more machine, lent as long as the network. */
struct fake_host *fakenet_add(struct fakenet *net, struct nx_address address);
struct nx_net fake_host_as_net(struct fake_host *host);

/* What is under way arrives, dials go on and run out of time. False: nothing moved. */
bool fakenet_tick(struct fakenet *net);

/* When something of that is due next. */
struct nx_instant fakenet_deadline(const struct fakenet *net);

/* Does an event wait for this host? */
bool fake_host_has_event(const struct fake_host *host);

/* Every stream of this host is cut, and neither side hears a word. */
void fake_host_cut(struct fake_host *host);

/* What lies between the two has forgotten them: each stream between them is reset, and both sides are
 * told in this very instant. Dials under way are not touched. */
void fakenet_cut_between(struct fake_host *a, struct fake_host *b);

/* The machine is up again: what was sent to it on streams that it lost is answered with a reset, now
 * and whenever more is sent on one. */
void fake_host_back(struct fake_host *host);

/* For a test that breaks what is under way: the bytes that have arrived at this end and were not
 * received; they lie in at most two parts. NULL: none. */
uint8_t *fakenet_at(struct fakenet *net, struct nx_handle stream, size_t index);

/* Nothing is open, nothing waits anywhere, nothing is under way. */
bool fakenet_is_empty(const struct fakenet *net);

#endif
