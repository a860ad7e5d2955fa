/* Client: what a program of this machine says to its dsoftbusd, and hears from it.
 *
 *     nx_client_open(&c, folder)                                  the daemon of that state folder
 *     dsoftbusd_offer_set_peer(dsoftbusd_offer_new_root(nx_client_request(&c)), peer);
 *     nx_client_begin(&c, DSOFTBUSD_OPERATION_OFFER, 0)
 *     …  poll nx_client_descriptor(&c) until nx_client_deadline(&c)
 *     while (nx_client_next(&c, &kind) == NX_OK && kind == NX_IPC_NEWS)
 *         …  nx_client_body(&c, &body); dsoftbusd_pairing_begun_root(&body)
 *
 *              begin                 news              reply, or a failure
 *     OPEN -----------> UNDER WAY -----------> again ----------------------> OPEN
 *       ^                  |  cancel: the daemon answers aborted, or what it came to when both crossed
 *       |                  `-----------------------------------------------------^
 *       `-- a call that handed a stream over: sdk/client/stream.h from there on
 *
 * What can be asked, and what is answered, is schemas/dsoftbusd.capnp; requests are filled, and answers
 * read, with its generated accessors. One call at a time. Nothing here waits but nx_client_call and
 * nx_client_look_why, which say so; there is no global state and no memory but the caller's. The sentence
 * behind a failure is in nx_client_why, with the next thing to try. */
#ifndef NX_SDK_CLIENT_CLIENT_H
#define NX_SDK_CLIENT_CLIENT_H

#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/capn/builder.h"
#include "core/capn/reader.h"
#include "host/ipc/client.h"
#include "schemas/dsoftbusd.capnp.h"

/* Bytes of a request: a typed call with the longest body. */
#define NX_CLIENT_REQUEST_LEN_MAX NX_IPC_BODY_MAX

/* Segments of an answer. */
#define NX_CLIENT_SEGMENTS_MAX 4

/* The daemon has so long to take a request; its answers are the deadline of each call. */
#define NX_CLIENT_SEND_MS 5000

/* A deadline that the daemon was told is waited for a little longer: it has the better sentence. */
#define NX_CLIENT_GRACE_MS 1000

struct nx_client {
    struct nx_ipc_client connection;

    /* The call that is under way, or was last. */
    uint16_t operation;
    uint32_t call_id; /* 0: none */
    struct nx_instant until;

    struct nx_capn_builder request;
    bool has_request;
    uint8_t request_bytes[NX_CLIENT_REQUEST_LEN_MAX];

    struct nx_ipc_message heard; /* lent by the connection until more is heard */
    struct nx_capn_segment segments[NX_CLIENT_SEGMENTS_MAX];
    char why[NX_IPC_CLIENT_WHY_CAP];
};

/* Not connected; every other call may be made and answers NX_E_CLOSED. */
void nx_client_init(struct nx_client *c);

/* The folder that a program works with: what its `--state` said, or NEXUS_STATE; NULL: neither. Borrowed
 * from there. */
const char *nx_client_state_folder(const char *option);

/* Connects to the dsoftbusd that serves `state_folder`, whose name is kept. One that another user runs is
 * not spoken to. Waits at most two seconds, for one that is too busy to take us.
 * NX_OK; NX_E_NOT_FOUND: none serves there; NX_E_DENIED: it is another user's, or its folder is;
 * NX_E_LIMIT: the path is too long; NX_E_BUSY: it serves as many programs as it can; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_client_open(struct nx_client *c, const char *state_folder);

/* Closes the connection, which takes back what was asked over it, and wipes what was said and heard. A
 * closed one may be closed again. */
void nx_client_close(struct nx_client *c);

/* For poll(2), -1 when closed: readable when `next` may have an answer. Not to be read. */
int nx_client_descriptor(const struct nx_client *c);

/* The sentence to the failure that was answered last. Lent until the next call. */
const char *nx_client_why(const struct nx_client *c);

/* After NX_E_CLOSED: was the daemon stopped, or restarted, or did it turn us away? Waits at most half a
 * second for what shows it, and makes it the sentence. */
void nx_client_look_why(struct nx_client *c);

/* ---- calls ----------------------------------------------------------------------------------- */

/* A new request, to be filled with the body of the call that is begun next. Lent until then. */
struct nx_capn_builder *nx_client_request(struct nx_client *c);

/* Begin a call with the request, or without a body where none was made since the last call; what still
 * comes of an earlier one is passed over from now on. `wait_ms` is how long its answer is waited for,
 * which the daemon is told; 0: for ever. The request's bytes are wiped.
 * NX_OK; NX_E_LIMIT: the request has no room for its texts; NX_E_CLOSED: the daemon ended the connection;
 * NX_E_TIMEOUT: it takes nothing; NX_E_INVALID: no such operation can be; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_client_begin(struct nx_client *c, uint16_t operation,
                                             uint32_t wait_ms);

/* What was said next about the call: news, its reply, or of a stream, in `c->heard` until the next call.
 * NX_OK; NX_WOULD_BLOCK: nothing yet, poll; NX_E_TIMEOUT: no answer in time, and the call was cancelled;
 * NX_E_CLOSED: the daemon ended the connection; NX_E_VERSION: it is of another version; NX_E_MALFORMED,
 * NX_E_LIMIT: what came is no message; NX_E_IO. Only NX_OK writes to `kind`. */
NX_MUST_CHECK enum nx_status nx_client_next(struct nx_client *c, enum nx_ipc_kind *kind);

/* When `next` gives the call up; NX_NEVER: not by itself. */
struct nx_instant nx_client_deadline(const struct nx_client *c);

/* The call is no longer wanted. Its answer, aborted or what it came to when both crossed, may be waited
 * for another `wait_ms`; 0: forget it, and pass over what comes of it. */
void nx_client_cancel(struct nx_client *c, uint32_t wait_ms);

/* A call without news that is waited for here: the daemon's answer, which is in `c->heard`, or what begin
 * and next answer. NX_E_MALFORMED also: there was news. */
NX_MUST_CHECK enum nx_status nx_client_call(struct nx_client *c, uint16_t operation,
                                            uint32_t wait_ms);

/* Opens the body of what was heard last, for the accessors of the schema; `body` is the caller's, and
 * good until more is heard. No bytes are a body without fields.
 * NX_OK; NX_E_MALFORMED, NX_E_LIMIT: it is none. What is read through `body` later shows in its status. */
NX_MUST_CHECK enum nx_status nx_client_body(struct nx_client *c, struct nx_capn_message *body);

/* Say something about the stream that the call handed over; for sdk/client/stream.h.
 * NX_OK; NX_WOULD_BLOCK: no room now; NX_E_CLOSED; NX_E_LIMIT; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_client_say(struct nx_client *c, uint16_t operation,
                                           struct nx_bytes body, bool ends_message);

#endif
