#include "sdk/client/client.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "host/clock.h"

#include <poll.h>

static const char daemon_name[] = "dsoftbusd";
static const struct nx_instant at_once = {0};

/* ---- sentences ------------------------------------------------------------------------------- */

/* "dsoftbusd of DIR <what>" */
static enum nx_status fail(struct nx_client *c, enum nx_status status, const char *what)
{
    struct nx_text t = nx_text_over(c->why, sizeof(c->why));

    nx_text_add(&t, daemon_name);
    nx_text_add(&t, " of ");
    nx_text_add(&t, c->connection.state_folder);
    nx_text_add(&t, " ");
    nx_text_add(&t, what);
    return status;
}

/* What the connection says is a sentence already. */
static enum nx_status pass_on(struct nx_client *c, enum nx_status status)
{
    struct nx_text t = nx_text_over(c->why, sizeof(c->why));

    nx_text_add(&t, c->connection.why);
    return status;
}

const char *nx_client_why(const struct nx_client *c)
{
    return c->why;
}

void nx_client_look_why(struct nx_client *c)
{
    nx_ipc_client_look_why(&c->connection);
    (void)pass_on(c, NX_E_CLOSED);
}

/* ---- the connection -------------------------------------------------------------------------- */

const char *nx_client_state_folder(const char *option)
{
    return nx_ipc_state_folder(option);
}

void nx_client_init(struct nx_client *c)
{
    memset(c, 0, sizeof(*c));
    c->connection.fd = -1;
    c->connection.state_folder = "no folder";
    c->connection.daemon = daemon_name;
    c->until = NX_NEVER;
}

enum nx_status nx_client_open(struct nx_client *c, const char *state_folder)
{
    enum nx_status status = nx_ipc_client_open(&c->connection, state_folder, daemon_name);

    c->call_id = 0;
    c->until = NX_NEVER;
    if (status == NX_OK)
        return status;
    /* It is there, and has no place for us. */
    return pass_on(c, status == NX_E_TIMEOUT ? NX_E_BUSY : status);
}

void nx_client_close(struct nx_client *c)
{
    nx_ipc_client_close(&c->connection);
    nx_crypto_wipe(c->request_bytes, sizeof(c->request_bytes));
    c->has_request = false;
    c->call_id = 0;
}

int nx_client_descriptor(const struct nx_client *c)
{
    return nx_ipc_client_descriptor(&c->connection);
}

/* ---- calls ----------------------------------------------------------------------------------- */

struct nx_capn_builder *nx_client_request(struct nx_client *c)
{
    nx_capn_builder_init_frame(&c->request, c->request_bytes, sizeof(c->request_bytes));
    c->has_request = true;
    return &c->request;
}

static enum nx_status finish_request(struct nx_client *c, struct nx_bytes *body)
{
    *body = nx_bytes_of(NULL, 0);
    if (!c->has_request)
        return NX_OK;
    c->has_request = false;
    if (nx_capn_builder_finish(&c->request, body) == NX_OK)
        return NX_OK;
    return fail(c, NX_E_LIMIT, "was not asked: the texts of the request are too long");
}

enum nx_status nx_client_begin(struct nx_client *c, uint16_t operation, uint32_t wait_ms)
{
    struct nx_instant now = nx_clock_now();
    struct nx_instant sent_until = nx_instant_after(now, nx_milliseconds(NX_CLIENT_SEND_MS));
    struct nx_bytes body;
    enum nx_status status = finish_request(c, &body);

    if (status == NX_OK) {
        status =
            nx_ipc_client_begin(&c->connection, sent_until, operation, body, wait_ms, &c->call_id);
        if (status != NX_OK)
            status = pass_on(c, status == NX_WOULD_BLOCK ? NX_E_TIMEOUT : status);
    }
    nx_crypto_wipe(c->request_bytes, sizeof(c->request_bytes));
    c->operation = operation;
    c->until = NX_NEVER;
    if (wait_ms != 0)
        c->until = nx_instant_after(nx_instant_after(now, nx_milliseconds(wait_ms)),
                                    nx_milliseconds(NX_CLIENT_GRACE_MS));
    return status;
}

static void send_cancel(struct nx_client *c)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_CANCEL,
        .operation = c->operation,
        .call_id = c->call_id,
    };

    /* One that finds no room is made up for by the end of the connection. */
    if (c->call_id != 0)
        (void)!nx_ipc_client_send(&c->connection, at_once, &head, nx_bytes_of(NULL, 0));
}

void nx_client_cancel(struct nx_client *c, uint32_t wait_ms)
{
    send_cancel(c);
    c->until = nx_instant_after(nx_clock_now(), nx_milliseconds(wait_ms));
    if (wait_ms == 0)
        c->call_id = 0;
}

struct nx_instant nx_client_deadline(const struct nx_client *c)
{
    return c->until;
}

enum nx_status nx_client_next(struct nx_client *c, enum nx_ipc_kind *kind)
{
    for (;;) {
        enum nx_status status = nx_ipc_client_receive(&c->connection, at_once, &c->heard);

        if (status == NX_WOULD_BLOCK && !nx_instant_is_never(c->until) &&
            nx_instant_reached(c->until, nx_clock_now())) {
            send_cancel(c);
            return fail(c, NX_E_TIMEOUT, "did not answer in time");
        }
        if (status == NX_WOULD_BLOCK)
            return status;
        if (status != NX_OK)
            return pass_on(c, status);
        if (c->heard.head.call_id == c->call_id)
            break;
    }
    *kind = c->heard.head.kind;
    return NX_OK;
}

/* May be woken for nothing: whoever waits asks again. */
static void await(const struct nx_client *c)
{
    struct pollfd descriptor = {.fd = nx_client_descriptor(c), .events = POLLIN};
    uint64_t left_ms = nx_duration_between(nx_clock_now(), c->until).ns / 1000000 + 1;

    (void)poll(&descriptor, 1,
               nx_instant_is_never(c->until) ? -1 : (int)(left_ms < 60000 ? left_ms : 60000));
}

enum nx_status nx_client_call(struct nx_client *c, uint16_t operation, uint32_t wait_ms)
{
    enum nx_ipc_kind kind = NX_IPC_NEWS;
    enum nx_status status = nx_client_begin(c, operation, wait_ms);

    while (status == NX_OK && (status = nx_client_next(c, &kind)) == NX_WOULD_BLOCK) {
        await(c);
        status = NX_OK;
    }
    if (status != NX_OK)
        return status;
    return kind == NX_IPC_REPLY ? c->heard.head.status
                                : fail(c, NX_E_MALFORMED, "answered with news where there is none");
}

enum nx_status nx_client_body(struct nx_client *c, struct nx_capn_message *body)
{
    /* One segment of one word, a root that is null. */
    static const uint8_t nothing[16] = {0, 0, 0, 0, 1};
    struct nx_bytes bytes = c->heard.body;

    if (bytes.len == 0)
        bytes = nx_bytes_of(nothing, sizeof(nothing));
    enum nx_status status = nx_capn_message_open(body, &nx_capn_limits_default, bytes, c->segments,
                                                 NX_CLIENT_SEGMENTS_MAX);
    return status == NX_OK ? status : fail(c, status, "said what is no body of its schema");
}

enum nx_status nx_client_say(struct nx_client *c, uint16_t operation, struct nx_bytes body,
                             bool ends_message)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_STREAM,
        .operation = operation,
        .call_id = c->call_id,
        .ends_message = ends_message,
    };
    enum nx_status status = nx_ipc_client_send(&c->connection, at_once, &head, body);

    return status == NX_OK || status == NX_WOULD_BLOCK ? status : pass_on(c, status);
}
