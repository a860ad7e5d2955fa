/* Any message, and any order of them. What is taken for an envelope is made again and reads the same. A
 * client and a server that hear whatever the input says, in between calls, cancels, answers and the time,
 * tell of each call that was made, and of each that came, once; and when all is over no place is taken. */
#include "core/base/memory.h"
#include "core/rpc/client.h"
#include "core/rpc/server.h"
#include "fuzz/fuzz.h"

enum {
    CALLS = 3,
    IDS = 256,
};

struct world {
    struct dsb_rpc_client client;
    struct dsb_rpc_call calls[CALLS];
    struct dsb_rpc_server server;
    struct dsb_rpc_served places[DSB_RPC_PLACES(CALLS)];
    struct nx_instant now;
    uint32_t made, told;            /* the client's */
    uint8_t called[IDS], gone[IDS]; /* the server's, by id */
};

static void same_again(struct nx_bytes bytes)
{
    static uint8_t memory[DSB_RPC_MESSAGE_MAX];
    struct dsb_rpc_message message, again;
    struct nx_bytes made;

    if (dsb_rpc_decode(bytes, &message) != NX_OK || message.kind == DSB_RPC_FOREIGN)
        return;
    NX_CHECK(dsb_rpc_encode(&message, memory, sizeof(memory), &made) == NX_OK);
    NX_CHECK(dsb_rpc_decode(made, &again) == NX_OK);
    NX_CHECK(again.kind == message.kind && again.call_id == message.call_id &&
             again.method == message.method && again.deadline_ms == message.deadline_ms &&
             again.reply_max == message.reply_max && again.status == message.status);
    NX_CHECK(nx_bytes_equal(again.body, message.body));
}

static void take_news(struct world *w)
{
    struct dsb_rpc_client_event end;
    struct dsb_rpc_server_event event;

    while (dsb_rpc_client_event(&w->client, &end)) {
        w->told++;
        NX_CHECK(end.tag < w->made && end.status <= 0);
    }
    while (dsb_rpc_server_event(&w->server, &event)) {
        uint64_t id = event.call_id % IDS;

        if (event.kind == DSB_RPC_SERVER_CALLED)
            NX_CHECK(w->called[id]++ == 0);
        else
            NX_CHECK(w->called[id] == 1 && w->gone[id]++ == 0);
    }
    NX_CHECK(w->told + w->client.call_count >= w->made);
}

static void call(struct world *w, uint8_t n)
{
    const struct dsb_rpc_request request = {.deadline_ms = 1u + n, .reply_max = n, .tag = w->made};
    struct dsb_rpc_message message;
    struct nx_why why;

    if (dsb_rpc_client_call(&w->client, &request, &message, &why) != NX_OK)
        return;
    NX_CHECK(dsb_rpc_client_sent(&w->client, w->now, &request) == message.call_id);
    w->made++;
}

static void answer(struct world *w, uint8_t n)
{
    struct dsb_rpc_message message;
    enum nx_status status = n % 2 == 0 ? NX_OK : NX_E_IO;

    if (dsb_rpc_server_reply(&w->server, n, status, "", nx_bytes_of(&w->now, n % 8), &message) !=
        NX_OK)
        return;
    NX_CHECK(w->called[n] == 1 && w->gone[n] == 0);
    w->gone[n] = 1;
    dsb_rpc_server_sent(&w->server, n);
}

static void send(struct world *w)
{
    struct dsb_rpc_message message;

    if (dsb_rpc_client_output(&w->client, &message))
        dsb_rpc_client_output_sent(&w->client, &message);
    if (dsb_rpc_server_output(&w->server, &message))
        dsb_rpc_server_output_sent(&w->server, &message);
}

static void hear(struct world *w, uint8_t what, uint8_t n)
{
    const struct dsb_rpc_message message = {
        .kind = (enum dsb_rpc_kind)(what / 8 % 4),
        .call_id = n,
        .deadline_ms = 1u + n,
        .reply_max = n,
        .body = nx_bytes_of(&w->now, what / 32),
    };

    if (what % 2 == 0)
        (void)!dsb_rpc_client_input(&w->client, &message);
    else
        (void)!dsb_rpc_server_input(&w->server, w->now, &message);
}

static void turn(struct world *w, uint8_t what, uint8_t n)
{
    switch (what % 8) {
    case 0:
    case 1:
        hear(w, what, n);
        break;
    case 2:
        call(w, n);
        break;
    case 3:
        (void)!dsb_rpc_client_cancel(&w->client, w->now, n);
        break;
    case 4:
        answer(w, n);
        break;
    case 5:
        send(w);
        break;
    case 6:
        w->now = nx_instant_after(w->now, nx_milliseconds(n * 16u));
        dsb_rpc_client_tick(&w->client, w->now);
        dsb_rpc_server_tick(&w->server, w->now);
        break;
    default:
        take_news(w);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;

    same_again(nx_bytes_of(data, size));
    memset(&w, 0, sizeof(w));
    dsb_rpc_client_init(&w.client, w.calls, CALLS);
    dsb_rpc_server_init(&w.server, w.places, NX_COUNT_OF(w.places));
    for (size_t i = 0; i + 1 < size; i += 2)
        turn(&w, data[i], data[i + 1]);

    dsb_rpc_client_end(&w.client, NX_E_CLOSED, "");
    dsb_rpc_server_end(&w.server, NX_E_CLOSED, "");
    take_news(&w);
    NX_CHECK(w.told == w.made && w.client.call_count == 0);
    NX_CHECK(dsb_rpc_server_is_idle(&w.server));
    return 0;
}
