/* Net: TCP and UDP as core sees them: a few calls that a backend answers.
 *
 *     engine of a daemon ---- nx_net_send(…) ---->  driver: host/net (sockets), the simulator's
 *                        <--- nx_net_event(…) ----          network, netstackd over IPC
 *
 *     try  ----- NX_OK, a failure ----------------------------> done
 *       ^ \
 *       |  `--- NX_WOULD_BLOCK: you will be told ---> event: once, then try again
 *       |                                               |
 *       `-----------------------------------------------'
 *
 * Nothing here waits and nothing calls back. A call tries at once, in the caller's memory; only who was
 * told NX_WOULD_BLOCK is told when to try again, once for each time it was told so. What a socket may
 * have to tell at one moment is therefore four events at most, and no queue of events can run over.
 * An event is a hint: the try that follows may be told NX_WOULD_BLOCK again.
 *
 * A stream over its life, as its owner sees it:
 *
 *     connect ---> CONNECTING ----- DIALLED, NX_OK ----> OPEN <---- accept
 *                       |                                 |
 *                       | DIALLED, the failure            | reset, time-out: the failure
 *                       v                                 v
 *                     FAILED <----------------------------+          close: from each of them
 *
 * Inside OPEN each direction ends by itself: ours by `finish`, theirs when `receive` answers NX_END.
 * A failure is final and is answered again and again. What arrived before it can still be received, as
 * far as the system below kept it, and is never followed by NX_END.
 *
 * Sockets are named by handles; a handle that was closed finds nothing, whoever has moved in since. A
 * call on such a one answers NX_E_CLOSED, a call on a socket of another sort NX_E_INVALID.
 * One page on all of it: docs/contracts/net.md. */
#ifndef NX_CORE_NET_NET_H
#define NX_CORE_NET_NET_H

#include "core/base/bytes.h"
#include "core/base/handle.h"
#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/base/time.h"
#include "core/wire/address.h"

/* What can go wrong below, told apart. A status is what a program acts on; these are for the sentence
 * that a person reads, and for who dials: refused is not the same as nobody home. */
enum nx_net_failure {
    NX_NET_FAILURE_NONE,
    NX_NET_REFUSED,       /* somebody is there and nobody listens: NX_E_NOT_FOUND */
    NX_NET_UNREACHABLE,   /* no way leads there: NX_E_NOT_FOUND */
    NX_NET_TIMED_OUT,     /* nobody answered in time: NX_E_TIMEOUT */
    NX_NET_RESET,         /* cut by the other side, or by what lies between: NX_E_ABORTED */
    NX_NET_IN_USE,        /* the port is taken: NX_E_EXISTS */
    NX_NET_NOT_OURS,      /* no interface here has that address: NX_E_NOT_FOUND */
    NX_NET_NOT_PERMITTED, /* NX_E_DENIED */
    NX_NET_FULL,          /* no place, descriptor or buffer is left: NX_E_NO_MEMORY */
    NX_NET_NOT_POSSIBLE,  /* this backend or machine does not have it: NX_E_UNSUPPORTED */
    NX_NET_BROKEN,        /* anything else: NX_E_IO */
};

/* The status of a failure; NX_OK for NX_NET_FAILURE_NONE. */
enum nx_status nx_net_failure_status(enum nx_net_failure failure);

/* The same for a person, as what stands behind "connect 192.0.2.7:34567: ". Never NULL. */
const char *nx_net_failure_text(enum nx_net_failure failure);

/* What went wrong with which address; no failure for an argument that nobody below was asked about. */
struct nx_net_fault {
    enum nx_net_failure failure;
    struct nx_why why; /* "connect 192.0.2.7:34567: refused, nobody listens there" */
};

enum nx_net_event_kind {
    NX_NET_DIALLED,    /* `status`: a connect is over; NX_OK: the stream is open */
    NX_NET_ACCEPTABLE, /* try accept again */
    NX_NET_READABLE,   /* try receive again */
    NX_NET_WRITABLE,   /* try send again */
};
#define NX_NET_EVENT_KINDS 4

struct nx_net_event {
    struct nx_handle socket;
    enum nx_net_event_kind kind;
    enum nx_status status; /* of DIALLED; NX_OK with the others */
};

/* Room that the caller lends for bytes to arrive in. */
struct nx_net_room {
    uint8_t *ptr;
    size_t cap;
};

/* A datagram's head. */
struct nx_net_datagram {
    struct nx_address from;
    uint32_t interface_index; /* it came in by this one; 0: the backend cannot tell */
    size_t len;               /* of the whole datagram, also of one that was too long */
};

/* What a driver brings. It may trust its arguments: the calls below have looked at them. Each answers as
 * the call of the same name; those that open a socket answer with the failure, and on a failure leave
 * the handle alone. What a backend does not have it answers NX_NET_NOT_POSSIBLE, NX_E_UNSUPPORTED. */
struct nx_net_driver {
    enum nx_net_failure (*listen)(void *self, const struct nx_address *local, uint32_t backlog,
                                  struct nx_handle *listener);
    enum nx_status (*accept)(void *self, struct nx_handle listener, struct nx_handle *stream,
                             struct nx_address *peer);
    enum nx_net_failure (*connect)(void *self, const struct nx_address *peer,
                                   struct nx_instant deadline, struct nx_handle *stream);
    enum nx_status (*send)(void *self, struct nx_handle stream, const struct nx_bytes *parts,
                           size_t part_count, size_t *sent);
    enum nx_status (*receive)(void *self, struct nx_handle stream, const struct nx_net_room *rooms,
                              size_t room_count, size_t *received);
    enum nx_status (*finish)(void *self, struct nx_handle stream);

    enum nx_net_failure (*bind)(void *self, const struct nx_address *local, bool is_shared,
                                struct nx_handle *socket);
    enum nx_net_failure (*join)(void *self, struct nx_handle socket, const struct nx_address *group,
                                uint32_t interface_index);
    enum nx_status (*send_to)(void *self, struct nx_handle socket, const struct nx_address *to,
                              struct nx_bytes datagram);
    enum nx_status (*receive_from)(void *self, struct nx_handle socket, struct nx_net_room room,
                                   struct nx_net_datagram *datagram);

    enum nx_status (*local)(void *self, struct nx_handle socket, struct nx_address *address);
    enum nx_net_failure (*failure)(void *self, struct nx_handle socket);
    void (*close)(void *self, struct nx_handle socket, bool is_abort);
    bool (*event)(void *self, struct nx_net_event *event);
};

/* The network as something handed in, like nx_rng. Its owner keeps `self` as long as it is used. */
struct nx_net {
    const struct nx_net_driver *driver;
    void *self;
};

/* ---- streams --------------------------------------------------------------------------------- */

/* Listen on `local`; port 0: one that is free, which nx_net_local then names. At most `backlog`
 * (1..NX_NET_BACKLOG_MAX) connections wait to be accepted; what comes beyond that the system drops or
 * refuses. A port whose last connections only wait for their end may be listened on again. Copies
 * everything. `fault` may be NULL, here and below; on a failure it says which and why.
 * NX_OK; NX_E_INVALID: no address, or no such backlog; NX_E_EXISTS: the port is taken; NX_E_NOT_FOUND:
 * the address is not ours; NX_E_DENIED; NX_E_NO_MEMORY; NX_E_UNSUPPORTED; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_net_listen(const struct nx_net *net, const struct nx_address *local,
                                           uint32_t backlog, struct nx_handle *listener,
                                           struct nx_net_fault *fault);

/* Take the next connection that waits.
 * NX_OK: `stream` is open, `peer` is where it comes from; NX_WOULD_BLOCK: none waits, ACCEPTABLE will
 * come; NX_E_NO_MEMORY: there is no place for one, whether or not one waits, and it keeps waiting;
 * ACCEPTABLE comes when one waits and there may be a place again; NX_E_CLOSED, NX_E_INVALID; NX_E_IO. A
 * connection that was cut while it waited comes as one that has failed, or not at all. */
NX_MUST_CHECK enum nx_status nx_net_accept(const struct nx_net *net, struct nx_handle listener,
                                           struct nx_handle *stream, struct nx_address *peer);

/* Begin to reach `peer`; DIALLED tells how it went, no later than at the first tick of the driver at or
 * after `deadline`, which may be NX_NEVER: then the system's own patience counts. Until then
 * send and receive answer NX_WOULD_BLOCK, and are told when the dial is over.
 * NX_OK: begun, whatever comes of it is told by DIALLED alone; NX_E_INVALID: no address or no port;
 * NX_E_DENIED, NX_E_NO_MEMORY, NX_E_UNSUPPORTED, NX_E_IO: it could not begin, there is no socket. */
NX_MUST_CHECK enum nx_status nx_net_connect(const struct nx_net *net, const struct nx_address *peer,
                                            struct nx_instant deadline, struct nx_handle *stream,
                                            struct nx_net_fault *fault);

/* Send from the front of `parts` (1..NX_NET_PARTS_MAX spans, borrowed for the call), in order, as much
 * as is taken now; `*sent` bytes were, at least one with NX_OK unless there were none. Small pieces are
 * not held back to be joined.
 * NX_OK; NX_WOULD_BLOCK: nothing was, WRITABLE will come; NX_E_CLOSED: we have finished, or the handle
 * is; NX_E_INVALID: too many parts; NX_E_ABORTED, NX_E_TIMEOUT, NX_E_NOT_FOUND, NX_E_IO: the stream
 * has failed. `*sent` is 0 with all but NX_OK. */
NX_MUST_CHECK enum nx_status nx_net_send(const struct nx_net *net, struct nx_handle stream,
                                         const struct nx_bytes *parts, size_t part_count,
                                         size_t *sent);

/* Receive into `rooms` (1..NX_NET_PARTS_MAX, at least one byte in all), in order; `*received` bytes
 * came, at least one with NX_OK.
 * NX_OK; NX_WOULD_BLOCK: nothing there yet, READABLE will come; NX_END: the other side has finished and
 * everything it sent was received, now and ever after; NX_E_CLOSED, NX_E_INVALID, and failures as of
 * nx_net_send. `*received` is 0 with all but NX_OK. */
NX_MUST_CHECK enum nx_status nx_net_receive(const struct nx_net *net, struct nx_handle stream,
                                            const struct nx_net_room *rooms, size_t room_count,
                                            size_t *received);

/* End our direction: the other side reads NX_END after our last byte. Receiving goes on.
 * NX_OK; NX_E_STATE: still connecting; NX_E_CLOSED: finished before, or no such handle; NX_E_INVALID;
 * failures as of nx_net_send. */
NX_MUST_CHECK enum nx_status nx_net_finish(const struct nx_net *net, struct nx_handle stream);

/* ---- datagrams ------------------------------------------------------------------------------- */

/* Receive what is sent to `local`; port 0: one that is free. `is_shared`: others who say so too may bind
 * the same port, and each gets what is sent to a group; who of them gets what is sent to one address is
 * not said. Answers as nx_net_listen. */
NX_MUST_CHECK enum nx_status nx_net_bind(const struct nx_net *net, const struct nx_address *local,
                                         bool is_shared, struct nx_handle *socket,
                                         struct nx_net_fault *fault);

/* Take part in the group (its port and scope are of no account) on one interface. Joining twice is fine.
 * NX_OK; NX_E_INVALID: no group, interface 0, or a socket of the other family; NX_E_CLOSED;
 * NX_E_UNSUPPORTED: no such interface, one without multicast, or no datagram socket; NX_E_NO_MEMORY: in
 * too many groups. */
NX_MUST_CHECK enum nx_status nx_net_join(const struct nx_net *net, struct nx_handle socket,
                                         const struct nx_address *group, uint32_t interface_index,
                                         struct nx_net_fault *fault);

/* Send one datagram, whole. To a group: by the interface that `to->scope` names, in both families, with
 * hop limit 1, and to those on this machine who joined as well.
 * NX_OK: it is on its way, no more than that; NX_WOULD_BLOCK: no room, WRITABLE will come; NX_E_LIMIT:
 * longer than NX_NET_DATAGRAM_MAX, or than the way can carry; NX_E_NOT_FOUND: no way leads there;
 * NX_E_INVALID: no address, no port, or the other family; NX_E_DENIED; NX_E_CLOSED; NX_E_IO.
 * Whatever the answer, the socket goes on. */
NX_MUST_CHECK enum nx_status nx_net_send_to(const struct nx_net *net, struct nx_handle socket,
                                            const struct nx_address *to, struct nx_bytes datagram);

/* Take the next datagram. One that is longer than the room is dropped as a whole, and that is said: no
 * part of a datagram is ever taken for one.
 * NX_OK: `datagram->len` bytes are in the room, 0 is possible; NX_WOULD_BLOCK: READABLE will come;
 * NX_E_LIMIT: one was dropped, `datagram` says from where and how long, the room's content is
 * unspecified; NX_E_CLOSED; NX_E_INVALID; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_net_receive_from(const struct nx_net *net, struct nx_handle socket,
                                                 struct nx_net_room room,
                                                 struct nx_net_datagram *datagram);

/* ---- both ------------------------------------------------------------------------------------ */

/* Our end's address. NX_OK; NX_E_CLOSED; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_net_local(const struct nx_net *net, struct nx_handle socket,
                                          struct nx_address *address);

/* What a stream failed of; NX_NET_FAILURE_NONE when it has not, or for a handle that is closed. */
enum nx_net_failure nx_net_failure_of(const struct nx_net *net, struct nx_handle socket);

/* Away with the socket: the handle finds nothing from now on, its events are dropped, and what was sent
 * still goes its way. Bytes that arrived and were not received make it a reset, as does the abort.
 * Closed twice, or never opened: nothing happens. */
void nx_net_close(const struct nx_net *net, struct nx_handle socket);

/* The same, and the other side is told so by a reset; what was sent may be lost. */
void nx_net_abort(const struct nx_net *net, struct nx_handle socket);

/* The next event, oldest first. False: none. */
bool nx_net_event(const struct nx_net *net, struct nx_net_event *event);

/* 224.0.0.0/4 or ff00::/8. */
bool nx_net_is_group(const struct nx_address *address);

#endif
