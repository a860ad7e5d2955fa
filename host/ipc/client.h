/* Client: one connection of a command or an app to a daemon of this machine (docs/contracts/ipc.md).
 *
 *     nx_ipc_client_open(&c, state_folder, "dsoftbusd")
 *     nx_ipc_client_begin(&c, OPERATION, body, deadline_ms, until, &call_id)
 *     while (nx_ipc_client_receive(&c, until, &message) == NX_OK && message.head.kind == NX_IPC_NEWS)
 *         …
 *
 * Calls wait until a moment that is handed in; one that is already past, such as zero, tries once and
 * does not wait. The descriptor is there to be polled beside others. What failed is a sentence in
 * `why`, with the next thing to try, for the person who typed the command. */
#ifndef NX_HOST_IPC_CLIENT_H
#define NX_HOST_IPC_CLIENT_H

#include "core/base/time.h"
#include "core/ipc/message.h"
#include "host/ipc/place.h"

/* Two paths of a state folder and a sentence around them. */
#define NX_IPC_CLIENT_WHY_CAP 400

struct nx_ipc_client {
    int fd; /* -1: not connected */
    uint32_t last_call_id;
    uint32_t daemon_pid; /* as the system saw it, to tell one daemon from the next */
    const char *state_folder;
    const char *daemon;
    char why[NX_IPC_CLIENT_WHY_CAP]; /* what failed last, terminated */
    _Alignas(8) uint8_t room[NX_IPC_MESSAGE_MAX];
};

/* The state folder that a command works with: what `--state` said, or NEXUS_STATE; NULL: neither. */
const char *nx_ipc_state_folder(const char *option);

/* Connects to the daemon that serves `state_folder`; keeps both names. One that belongs to another user
 * is not spoken to. Waits at most two seconds, for one that is too busy to take us.
 * NX_OK; NX_E_NOT_FOUND: no daemon serves there; NX_E_DENIED: it is another user's, or its folder is;
 * NX_E_LIMIT: the path is too long; NX_E_TIMEOUT: it takes nobody just now; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_client_open(struct nx_ipc_client *c, const char *state_folder,
                                                const char *daemon);

/* Closes the connection, which takes back what was asked over it, and wipes what was received, which may
 * have been the digits of a code. A closed one may be closed again. */
void nx_ipc_client_close(struct nx_ipc_client *c);

/* After NX_E_CLOSED: who serves there now? Waits at most half a second for what shows it, and makes it
 * `why`: it was stopped, it was restarted, or it goes on and will not speak with us. */
void nx_ipc_client_look_why(struct nx_ipc_client *c);

/* For poll(2): readable when receive has an answer, writable when send has room. Not to be read. */
static inline int nx_ipc_client_descriptor(const struct nx_ipc_client *c)
{
    return c->fd;
}

/* Send one message; `head` and `body` as nx_ipc_head_encode has them.
 * NX_OK; NX_WOULD_BLOCK: the daemon took nothing until `until`; NX_E_LIMIT, NX_E_INVALID: no such
 * message; NX_E_CLOSED: the daemon ended the connection, and what it said last can still be received;
 * NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_client_send(struct nx_ipc_client *c, struct nx_instant until,
                                                const struct nx_ipc_head *head,
                                                struct nx_bytes body);

/* The same with the `fd_count` descriptors of sealed memory (host/ipc/blob.h) that the head announces;
 * they stay the caller's. NX_E_INVALID also: the head announces another number. */
NX_MUST_CHECK enum nx_status nx_ipc_client_send_with(struct nx_ipc_client *c,
                                                     struct nx_instant until,
                                                     const struct nx_ipc_head *head,
                                                     struct nx_bytes body, const int *fds,
                                                     uint32_t fd_count);

/* Receive one message, lent until the next receive.
 * NX_OK; NX_WOULD_BLOCK: nothing came until `until`; NX_E_CLOSED: the daemon ended the connection;
 * NX_E_VERSION: it is of another version; NX_E_MALFORMED, NX_E_LIMIT: what came is no message;
 * NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_client_receive(struct nx_ipc_client *c, struct nx_instant until,
                                                   struct nx_ipc_message *message);

/* Send a call, under a new id. `deadline_ms` is what the daemon is told (0: nothing). Answers as send. */
NX_MUST_CHECK enum nx_status nx_ipc_client_begin(struct nx_ipc_client *c, struct nx_instant until,
                                                 uint16_t operation, struct nx_bytes body,
                                                 uint32_t deadline_ms, uint32_t *call_id);

/* A call that has no news: send it, and wait for its reply, `wait_ms` in all, which the daemon is told,
 * too. `reply` is lent until the next receive; its status is the daemon's answer, and may be a failure.
 * NX_OK: there is a reply; NX_E_TIMEOUT: there was none in time, and the call was cancelled;
 * NX_E_MALFORMED: something else came; and as send and receive. */
NX_MUST_CHECK enum nx_status nx_ipc_client_call(struct nx_ipc_client *c, uint16_t operation,
                                                struct nx_bytes body, uint32_t wait_ms,
                                                struct nx_ipc_message *reply);

#endif
