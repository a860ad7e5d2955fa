/* Ipc: the clients of a daemon as its engine sees them: a few calls that a backend answers.
 *
 *     engine of a daemon ---- nx_ipc_send(…) ---->  driver: host/ipc (a socket), the simulator's
 *                        <--- nx_ipc_event(…) ----
 *
 *     try  ----- NX_OK, a failure ----------------------------> done
 *       ^ \
 *       |  `--- NX_WOULD_BLOCK: you will be told ---> event: once, then try again
 *       |                                               |
 *       `-----------------------------------------------'
 *
 * Nothing here waits and nothing calls back, as in core/net/net.h: only who was told NX_WOULD_BLOCK is
 * told when to try again, once for each time it was told so, and that is a hint. One event comes
 * unasked: a client that went is told as GONE, once, also while nobody receives from it.
 *
 *     accept ---> OPEN ----- its end closed: GONE, then NX_END -----> close
 *                  |                                                    ^
 *                  `---- what is no message came: the failure ----------'
 *
 * A failure is final, is the client's own, and is answered again and again; the owner closes it and
 * gives back all that it held for it. Nobody else notices.
 *
 * Backpressure is the channel's own. A client from which nothing is received can send only as much as
 * the channel holds; one that does not read makes send answer NX_WOULD_BLOCK. So an engine receives
 * from a client only while it has room for what may come, and keeps at most the one message that it
 * could not send. One page on all of it: docs/contracts/ipc.md. */
#ifndef NX_CORE_IPC_IPC_H
#define NX_CORE_IPC_IPC_H

#include "core/base/handle.h"
#include "core/ipc/message.h"

/* Who is asking, as the channel tells it; never from what it carries. */
struct nx_ipc_sender {
    uint32_t uid;
    uint32_t pid; /* of whoever connected, to be shown; 0: the channel cannot tell */
};

enum nx_ipc_event_kind {
    NX_IPC_ACCEPTABLE, /* try accept again; no client */
    NX_IPC_READABLE,   /* try receive again */
    NX_IPC_WRITABLE,   /* try send again */
    NX_IPC_GONE, /* it sends and reads nothing any more; what it sent before can be received */
};
#define NX_IPC_EVENT_KINDS 4

/* A body too long for a message: memory that its sender cannot change any more, mapped for reading. It
 * counts against its client's bytes until it is dropped, whatever it cost that client to make. */
struct nx_ipc_blob {
    struct nx_handle handle;
    struct nx_bytes bytes;
};

struct nx_ipc_event {
    struct nx_handle client; /* NX_HANDLE_NONE with ACCEPTABLE */
    enum nx_ipc_event_kind kind;
};

/* What a driver brings. It may trust its arguments: the calls below have looked at them. `parts` are
 * one datagram, head and all; `receive` gives one datagram, whole, with room for NX_IPC_MESSAGE_MAX
 * bytes. */
struct nx_ipc_driver {
    enum nx_status (*accept)(void *self, struct nx_handle *client, struct nx_ipc_sender *sender);
    enum nx_status (*send)(void *self, struct nx_handle client, const struct nx_bytes *parts,
                           size_t part_count);
    enum nx_status (*receive)(void *self, struct nx_handle client, uint8_t *room, size_t *len);
    void (*close)(void *self, struct nx_handle client);
    bool (*event)(void *self, struct nx_ipc_event *event);

    /* NULL, both: no blobs here, and a message that brings one never gets through. */
    enum nx_status (*take_blob)(void *self, struct nx_handle client, uint32_t index,
                                uint64_t announced_len, struct nx_ipc_blob *blob);
    void (*drop_blob)(void *self, struct nx_handle client, struct nx_handle blob);
};

/* The clients as something handed in, like nx_net. Its owner keeps `self` as long as it is used. */
struct nx_ipc {
    const struct nx_ipc_driver *driver;
    void *self;
};

/* Take the next client that waits and may come in; the others were turned away.
 * NX_OK: `client`, and who it is; NX_WOULD_BLOCK: none waits, ACCEPTABLE will come; NX_E_NO_MEMORY:
 * there is no place for one, whether or not one waits, and it keeps waiting; ACCEPTABLE comes when one
 * waits and there may be a place again; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_accept(const struct nx_ipc *ipc, struct nx_handle *client,
                                           struct nx_ipc_sender *sender);

/* Send one message, all of it or nothing: `head`, and a body that is the `part_count` spans of `body`
 * one behind the other (none to NX_IPC_PARTS_MAX, borrowed for the call; `body` may then be NULL).
 * NX_OK: it is on its way; NX_WOULD_BLOCK: the client has not read what was sent before, WRITABLE will
 * come; NX_E_LIMIT: a body over NX_IPC_BODY_MAX; NX_E_INVALID: too many spans, or no such head can
 * be; NX_E_CLOSED: it went, or the handle is closed; NX_E_MALFORMED, NX_E_LIMIT, NX_E_IO: it failed
 * before. */
NX_MUST_CHECK enum nx_status nx_ipc_send(const struct nx_ipc *ipc, struct nx_handle client,
                                         const struct nx_ipc_head *head,
                                         const struct nx_bytes *body, size_t part_count);

/* Receive one message. `room` is lent for NX_IPC_MESSAGE_MAX bytes, and `message` borrows from it; a
 * room that is aligned for words has an aligned body.
 * NX_OK; NX_WOULD_BLOCK: nothing there yet, READABLE will come; NX_END: it went, and everything it sent
 * was received; NX_E_MALFORMED, NX_E_VERSION, NX_E_LIMIT: what came is no message that this version
 * takes, or something came along with it: close it; NX_E_CLOSED: no such handle; NX_E_IO. Only NX_OK
 * writes to `message`. */
NX_MUST_CHECK enum nx_status nx_ipc_receive(const struct nx_ipc *ipc, struct nx_handle client,
                                            uint8_t room[NX_IPC_MESSAGE_MAX],
                                            struct nx_ipc_message *message);

/* Map the blob with this number, from 0, of those that came with the message that was received last;
 * `announced_len` is what that message says of it. What is not taken is gone with the next receive.
 * NX_OK; NX_E_NOT_FOUND: no such blob came, or it was taken; NX_E_MALFORMED: it is not sealed against every
 * change, or of another length; NX_E_LIMIT: announced as nothing, or it would be more than the client may
 * have held, in number or bytes; NX_E_NO_MEMORY; NX_E_CLOSED: no such client; NX_E_UNSUPPORTED. Whatever it
 * answers but NX_OK and NX_E_LIMIT, that blob is gone. */
NX_MUST_CHECK enum nx_status nx_ipc_take_blob(const struct nx_ipc *ipc, struct nx_handle client,
                                              uint32_t index, uint64_t announced_len,
                                              struct nx_ipc_blob *blob);

/* It is not read any more. Dropped twice, or with its client: nothing happens. */
void nx_ipc_drop_blob(const struct nx_ipc *ipc, struct nx_handle client, struct nx_handle blob);

/* Away with the client: the handle finds nothing from now on and its events are dropped. What was sent
 * can still be read by it. Closed twice, or never accepted: nothing happens. */
void nx_ipc_close(const struct nx_ipc *ipc, struct nx_handle client);

/* The next event, oldest first. False: none. */
bool nx_ipc_event(const struct nx_ipc *ipc, struct nx_ipc_event *event);

#endif
