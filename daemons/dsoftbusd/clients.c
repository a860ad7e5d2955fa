/* Programs of this machine: who is connected, what they have asked, what they are told. */
#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "daemons/dsoftbusd/internal.h"

/* Messages of one client in one turn, so that the others have theirs. */
#define MESSAGES_PER_TURN 16

/* Between two tries to accept after one that failed for no reason that goes by itself. */
#define ACCEPT_AGAIN_S 1

/* ---- coming and going ------------------------------------------------------------------------ */

static struct dsoftbusd_client *free_client(struct dsoftbusd *d)
{
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        if (!d->clients[i].is_used)
            return &d->clients[i];
    }
    return NULL;
}

/* False: not now. */
static bool accept_one(struct dsoftbusd *d, struct nx_instant now, struct nx_handle *handle,
                       struct nx_ipc_sender *sender)
{
    enum nx_status status = nx_ipc_accept(&d->config.ipc, handle, sender);

    if (status == NX_OK)
        return true;
    d->may_accept = false; /* ACCEPTABLE will come */
    if (status != NX_WOULD_BLOCK && status != NX_E_NO_MEMORY)
        d->accept_again_at = nx_instant_after(now, nx_seconds(ACCEPT_AGAIN_S)); /* or it will not */
    return false;
}

void dsoftbusd_accept_clients(struct dsoftbusd *d, struct nx_instant now)
{
    if (nx_instant_reached(d->accept_again_at, now)) {
        d->accept_again_at = NX_NEVER;
        d->may_accept = true;
    }
    while (d->may_accept) {
        struct nx_handle handle;
        struct nx_ipc_sender sender;
        struct dsoftbusd_client *client = free_client(d);

        if (client == NULL || !accept_one(d, now, &handle, &sender))
            return;
        memset(client, 0, offsetof(struct dsoftbusd_client, stream.piece));
        client->is_used = client->may_receive = client->may_send = true;
        client->handle = handle;
        client->sender = sender;
        dsoftbusd_rise(&d->waters.clients, dsoftbusd_client_count(d));
    }
}

void dsoftbusd_client_close(struct dsoftbusd *d, struct nx_instant now,
                            struct dsoftbusd_client *client)
{
    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++) {
        struct dsoftbusd_call *call = &client->calls[i];

        if (call->state != DSOFTBUSD_CALL_FREE && call->state != DSOFTBUSD_CALL_DONE)
            dsoftbusd_give_up(d, now, call);
        nx_crypto_wipe(call, sizeof(*call));
    }
    dsoftbusd_stream_drop(d, now, &client->stream);
    nx_ipc_close(&d->config.ipc, client->handle);
    client->is_used = false;
    d->may_accept = true; /* whoever waits for the place was not told that it does */
    d->has_more = true;
}

void dsoftbusd_client_event(struct dsoftbusd *d, struct nx_instant now,
                            const struct nx_ipc_event *event)
{
    if (event->kind == NX_IPC_ACCEPTABLE) {
        d->may_accept = true;
        return;
    }
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        struct dsoftbusd_client *client = &d->clients[i];

        if (!client->is_used || client->handle.value != event->client.value)
            continue;
        if (event->kind == NX_IPC_GONE)
            dsoftbusd_client_close(d, now, client);
        else
            *(event->kind == NX_IPC_READABLE ? &client->may_receive : &client->may_send) = true;
        return;
    }
}

bool dsoftbusd_send(struct dsoftbusd *d, struct dsoftbusd_client *client,
                    const struct nx_ipc_head *head, struct nx_bytes body)
{
    if (!client->may_send)
        return false;

    enum nx_status status =
        nx_ipc_send(&d->config.ipc, client->handle, head, &body, body.len > 0 ? 1 : 0);
    if (status != NX_OK)
        client->may_send = false; /* WRITABLE will come */
    if (status != NX_OK && status != NX_WOULD_BLOCK)
        client->has_failed = d->has_more = true; /* nothing will */
    return status == NX_OK;
}

/* ---- calls ----------------------------------------------------------------------------------- */

void dsoftbusd_done(struct dsoftbusd_call *call, enum nx_status status, const char *why)
{
    call->state = DSOFTBUSD_CALL_DONE;
    call->status = status > 0 ? NX_E_BUSY : status; /* it waits for the owner's news to be taken */
    call->deadline = NX_NEVER;
    nx_why_set(&call->why, why == NULL ? "" : why);
}

struct dsoftbusd_client *dsoftbusd_client_of(struct dsoftbusd *d, const struct dsoftbusd_call *call)
{
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        struct dsoftbusd_client *client = &d->clients[i];

        if (call >= client->calls && call < client->calls + DSOFTBUSD_CALL_SLOTS)
            return client;
    }
    return NULL;
}

struct dsoftbusd_call *dsoftbusd_next_call(struct dsoftbusd *d, const struct dsoftbusd_call *call,
                                           enum dsoftbusd_call_state state)
{
    bool is_past = call == NULL;

    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        for (uint32_t k = 0; d->clients[i].is_used && k < DSOFTBUSD_CALL_SLOTS; k++) {
            struct dsoftbusd_call *at = &d->clients[i].calls[k];

            if (is_past && at->state == state)
                return at;
            is_past = is_past || at == call;
        }
    }
    return NULL;
}

struct dsoftbusd_call *dsoftbusd_find_call(struct dsoftbusd_client *client, uint32_t call_id)
{
    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++) {
        if (client->calls[i].state != DSOFTBUSD_CALL_FREE &&
            client->calls[i].head.call_id == call_id)
            return &client->calls[i];
    }
    return NULL;
}

static struct dsoftbusd_call *free_call(struct dsoftbusd_client *client)
{
    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++) {
        if (client->calls[i].state == DSOFTBUSD_CALL_FREE)
            return &client->calls[i];
    }
    return NULL;
}

static uint32_t call_count(const struct dsoftbusd_client *client)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++)
        count += client->calls[i].state != DSOFTBUSD_CALL_FREE;
    return count;
}

/* It carries a stream, or asked for one: then it asks for nothing else. */
static bool is_for_stream(const struct dsoftbusd_client *client)
{
    bool asks = false;

    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++) {
        const struct dsoftbusd_call *call = &client->calls[i];

        asks = asks || (call->state != DSOFTBUSD_CALL_FREE &&
                        (call->head.operation == DSOFTBUSD_OPERATION_OPEN ||
                         call->head.operation == DSOFTBUSD_OPERATION_LISTEN));
    }
    return asks || client->stream.is_open;
}

static void refuse_one_more(struct dsoftbusd_call *call)
{
    struct nx_why why = {{0}};

    nx_why_limit(&why, "calls under way", DSOFTBUSD_CALLS_MAX, DSOFTBUSD_CALLS_MAX + 1);
    dsoftbusd_done(call, NX_E_LIMIT, why.text);
}

static bool on_call(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client,
                    const struct nx_ipc_message *message)
{
    struct dsoftbusd_call *call = free_call(client);
    bool is_one_more = call_count(client) >= DSOFTBUSD_CALLS_MAX;

    if (is_for_stream(client) || dsoftbusd_find_call(client, message->head.call_id) != NULL)
        return false;
    NX_CHECK(call != NULL); /* nothing is received while there is none */
    *call = (struct dsoftbusd_call){.head = message->head, .began_at = now, .deadline = NX_NEVER};
    call->state = DSOFTBUSD_CALL_WAITS;
    dsoftbusd_rise(&d->waters.calls, call_count(client));
    if (message->head.deadline_ms > 0)
        call->deadline = nx_instant_after(now, nx_milliseconds(message->head.deadline_ms));
    if (is_one_more)
        refuse_one_more(call);
    else
        dsoftbusd_serve(d, now, call, message->body);
    return true;
}

static void cancel(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                   enum nx_status status)
{
    if (call == NULL || call->state == DSOFTBUSD_CALL_DONE)
        return; /* it crossed the reply */
    dsoftbusd_give_up(d, now, call);
    dsoftbusd_done(call, status, nx_status_text(status));
}

/* False: this client breaks the protocol. */
static bool on_message(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client,
                       const struct nx_ipc_message *message)
{
    switch (message->head.kind) {
    case NX_IPC_CALL:
        return on_call(d, now, client, message);
    case NX_IPC_CANCEL:
        cancel(d, now, dsoftbusd_find_call(client, message->head.call_id), NX_E_ABORTED);
        return true;
    case NX_IPC_STREAM:
        return dsoftbusd_stream_input(d, now, client, message);
    case NX_IPC_REPLY:
    case NX_IPC_NEWS:
        break;
    }
    return false;
}

/* ---- what they are told ---------------------------------------------------------------------- */

static void answer(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client,
                   struct dsoftbusd_call *call)
{
    if (!client->may_send || /* it is told when it may */
        call->state == DSOFTBUSD_CALL_FREE || !dsoftbusd_send_news(d, now, client, call) ||
        call->state != DSOFTBUSD_CALL_DONE)
        return;

    const struct nx_ipc_head head = nx_ipc_reply_head(&call->head, call->status);
    if (dsoftbusd_send(d, client, &head, dsoftbusd_reply_body(d, now, call)))
        nx_crypto_wipe(call, sizeof(*call));
    nx_crypto_wipe(d->body, 256); /* an offer's digits were there */
}

static void answer_all(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client)
{
    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++)
        answer(d, now, client, &client->calls[i]);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void receive(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_client *client)
{
    uint8_t *room = d->room + (8 - ((uintptr_t)d->room + NX_IPC_HEAD_LEN) % 8) % 8;

    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        struct nx_ipc_message message;

        if (!client->may_receive || free_call(client) == NULL ||
            !dsoftbusd_stream_has_room(&client->stream))
            return;
        enum nx_status status = nx_ipc_receive(&d->config.ipc, client->handle, room, &message);
        if (status == NX_WOULD_BLOCK) {
            client->may_receive = false;
            return;
        }
        bool is_good = status == NX_OK && on_message(d, now, client, &message);
        if (status == NX_OK && message.head.operation == DSOFTBUSD_OPERATION_ACCEPT)
            nx_crypto_wipe(room, NX_IPC_HEAD_LEN + message.body.len); /* it has the digits */
        if (!is_good) {
            dsoftbusd_client_close(d, now, client);
            return;
        }
        d->has_more = true; /* what it wants may be the network's business; and there may be more */
        answer_all(d, now, client);
    }
}

static void end_late_calls(struct dsoftbusd *d, struct nx_instant now,
                           struct dsoftbusd_client *client)
{
    for (uint32_t i = 0; i < DSOFTBUSD_CALL_SLOTS; i++) {
        struct dsoftbusd_call *call = &client->calls[i];

        if (call->state != DSOFTBUSD_CALL_FREE && nx_instant_reached(call->deadline, now))
            cancel(d, now, call, NX_E_TIMEOUT);
    }
}

void dsoftbusd_client_work(struct dsoftbusd *d, struct nx_instant now,
                           struct dsoftbusd_client *client)
{
    receive(d, now, client);
    if (!client->is_used)
        return;
    end_late_calls(d, now, client);
    answer_all(d, now, client);
    if (client->stream.is_open)
        dsoftbusd_stream_work(d, now, client);
    if (client->has_failed)
        dsoftbusd_client_close(d, now, client);
}
