/* Message: what a client and a daemon of one machine say to each other, as bytes
 * (docs/contracts/ipc.md).
 *
 *     0         1      2           4         8             12       16         20      21      22     24
 *     +---------+------+-----------+---------+-------------+--------+----------+-------+-------+------+--- -
 *     | version | kind | operation | call id | deadline ms | status | body len | flags | blobs | zero | body
 *     +---------+------+-----------+---------+-------------+--------+----------+-------+-------+------+--- -
 *
 * Little endian. One datagram is one message, so there is no beginning of one: bytes are a message or
 * they are none.
 *
 * A conversation begins with a call and is named by its call id, which the client chooses:
 *
 *     client                                daemon
 *       | -- CALL  (what is asked) ----------> |
 *       | <--------- NEWS, none to many ------ |     parts of an answer that goes on
 *       | -- CANCEL (no longer wanted) ------> |     perhaps; it crosses a reply or causes one
 *       | <--------- REPLY (status) ---------- |     exactly one, the last word of the call
 *       | <--------- STREAM, both ways ------> |     only after a call whose reply handed one over
 *
 * The body is a Cap'n Proto message (its table of segments in front), or nothing; the body of stream
 * data is the data itself. The codec has no state: what may be said at a given moment is the business
 * of the two sides. */
#ifndef NX_CORE_IPC_MESSAGE_H
#define NX_CORE_IPC_MESSAGE_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

#define NX_IPC_VERSION 1

enum nx_ipc_kind {
    NX_IPC_CALL = 1,
    NX_IPC_REPLY = 2,
    NX_IPC_NEWS = 3,
    NX_IPC_CANCEL = 4,
    NX_IPC_STREAM = 5,
};

/* A head as fields. Those that its kind does not have are zero. */
struct nx_ipc_head {
    enum nx_ipc_kind kind;
    uint16_t operation; /* of the daemon's schema, never 0; of a STREAM its own, else the call's */
    uint32_t call_id;   /* never 0; one that is under way may not be used for another call */
    uint32_t deadline_ms;  /* CALL: how long the caller will wait from now; 0: it does not say */
    enum nx_status status; /* REPLY: NX_OK or a failure */
    bool ends_message;     /* STREAM: the last piece of a message */
    uint8_t blob_count; /* not CANCEL: so much sealed memory comes along, 0 to NX_IPC_BLOBS_MAX */
};

struct nx_ipc_message {
    struct nx_ipc_head head;
    struct nx_bytes body;
};

/* The head of a reply to this call. */
static inline struct nx_ipc_head nx_ipc_reply_head(const struct nx_ipc_head *call,
                                                   enum nx_status status)
{
    return (struct nx_ipc_head){
        .kind = NX_IPC_REPLY,
        .operation = call->operation,
        .call_id = call->call_id,
        .status = status,
    };
}

/* The head of news on this call. */
static inline struct nx_ipc_head nx_ipc_news_head(const struct nx_ipc_head *call)
{
    return (struct nx_ipc_head){
        .kind = NX_IPC_NEWS,
        .operation = call->operation,
        .call_id = call->call_id,
    };
}

/* The message that a whole datagram is; its body borrows from there.
 * NX_OK; NX_E_VERSION: it has a head of another version, which may look different from here on;
 * NX_E_LIMIT: it announces a body over NX_IPC_BODY_MAX; NX_E_MALFORMED: anything else that is no
 * message. Only NX_OK writes to `message`. */
NX_MUST_CHECK enum nx_status nx_ipc_message_decode(struct nx_bytes datagram,
                                                   struct nx_ipc_message *message);

/* The bytes in front of a body of `body_len`.
 * NX_OK; NX_E_LIMIT: the body is over NX_IPC_BODY_MAX; NX_E_INVALID: no such head can be. `out` is
 * unchanged but for NX_OK. */
NX_MUST_CHECK enum nx_status nx_ipc_head_encode(const struct nx_ipc_head *head, size_t body_len,
                                                uint8_t out[NX_IPC_HEAD_LEN]);

#endif
