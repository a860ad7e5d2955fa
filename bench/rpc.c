/* What a typed call of 64 bytes costs, one at a time and 64 in flight: two muxes back to back, envelopes and
 * glue and all, without records and sockets between them. */
#include "bench/measure.h"
#include "core/rpc/answerer.h"
#include "core/rpc/caller.h"
#include "schemas/node.capnp.h"

#include <stdlib.h>

enum {
    BYTES = 64,
    MOST = 64,
};

struct pair {
    struct dsb_pools pools[2];
    struct dsb_mux ends[2];
    struct nx_instant now;
    struct dsb_rpc_caller caller;
    struct dsb_rpc_call calls[MOST];
    struct dsb_rpc_answerer answerer;
    struct dsb_rpc_served places[DSB_RPC_PLACES(MOST)];
    uint32_t depth, in_flight;
    struct nx_bytes body;
    uint8_t request[256], record[DSB_FRAME_MAX], reply[DSB_RPC_BODY_MAX];
    uint8_t gathered[2][DSB_RPC_MESSAGE_MAX], scratch[DSB_RPC_MESSAGE_MAX];
};

static enum nx_status on_echo(void *self, struct node_echo_reader params,
                              struct node_echo_builder results, struct nx_why *why)
{
    (void)self;
    (void)why;
    node_echo_set_data(results, node_echo_get_data(params));
    return NX_OK;
}

static const struct node_service_handlers handlers = {.on_echo = on_echo};

static bool carry(struct pair *p, int from)
{
    struct nx_writer out = nx_writer_over(p->record, sizeof(p->record));
    size_t used;

    if (!dsb_mux_output(&p->ends[from], &out))
        return false;
    measure_need(dsb_mux_input(&p->ends[1 - from], p->now, nx_writer_bytes(&out), &used) == NX_OK,
                 "a frame was refused");
    return true;
}

static void ask(struct pair *p)
{
    const struct dsb_rpc_request request = {
        .deadline_ms = 1000, .reply_max = 4096, .body = p->body};
    struct nx_why why;
    uint64_t id;

    while (p->in_flight < p->depth) {
        measure_need(dsb_rpc_caller_call(&p->caller, p->now, &request, &id, &why) == NX_OK,
                     "a call was refused");
        p->in_flight++;
    }
}

static void serve(struct pair *p)
{
    struct dsb_rpc_server_event called;

    while (dsb_rpc_answerer_event(&p->answerer, p->now, &called)) {
        struct nx_bytes reply;
        struct nx_why why;

        measure_need(node_service_serve(&handlers, NULL, called.method, called.body, p->reply,
                                        sizeof(p->reply), &reply, &why) == NX_OK &&
                         dsb_rpc_answerer_reply(&p->answerer, p->now, called.call_id, NX_OK, NULL,
                                                reply) == NX_OK,
                     "a call was not answered");
    }
}

/* As many calls as are in flight. */
static void turn(void *context)
{
    struct pair *p = context;
    struct dsb_rpc_client_event end;

    ask(p);
    while (carry(p, 0))
        ;
    serve(p);
    while (carry(p, 1))
        ;
    while (dsb_rpc_caller_event(&p->caller, p->now, &end)) {
        measure_need(end.status == NX_OK, "a call failed");
        p->in_flight--;
    }
    measure_need(p->in_flight == 0, "an answer is missing");
}

static void start(struct pair *p, void *memory[2], uint64_t size)
{
    const struct dsb_rpc_memory rooms[2] = {{p->gathered[0], p->scratch},
                                            {p->gathered[1], p->scratch}};
    static const uint8_t bytes[BYTES] = {1};
    struct nx_capn_builder b;
    struct dsb_mux_event event;

    for (int i = 0; i < 2; i++) {
        measure_need(dsb_pools_init(&p->pools[i], &dsb_profile_board, memory[i], size) == NX_OK,
                     "the pools did not begin");
        dsb_mux_init(&p->ends[i], p->now, &p->pools[i], i == 0);
    }
    nx_capn_builder_init_frame(&b, p->request, sizeof(p->request));
    node_echo_set_data(node_service_echo_call(&b), nx_bytes_of(bytes, BYTES));
    measure_need(nx_capn_builder_finish(&b, &p->body) == NX_OK &&
                     dsb_rpc_caller_open(&p->caller, &rooms[0], p->calls, MOST, &p->ends[0],
                                         nx_bytes_of_text("node")) == NX_OK,
                 "the stream did not open");
    while (carry(p, 0))
        ;
    measure_need(dsb_mux_event(&p->ends[1], &event) &&
                     dsb_mux_accept(&p->ends[1], event.stream, true, DSB_RPC_PRIORITY) == NX_OK,
                 "the stream was not accepted");
    dsb_rpc_answerer_accept(&p->answerer, &rooms[1], p->places, NX_COUNT_OF(p->places), &p->ends[1],
                            event.stream);
}

int main(void)
{
    static struct pair p;
    uint64_t size = dsb_pools_size(&dsb_profile_board);
    void *memory[2] = {calloc(1, size), calloc(1, size)};

    measure_begin("typed calls");
    measure_need(memory[0] != NULL && memory[1] != NULL, "out of memory");
    start(&p, memory, size);
    p.depth = 1;
    measure_result("echo 64 B, one at a time", "ns_per_call", measure_ns(turn, &p));
    p.depth = MOST;
    measure_result("echo 64 B, 64 in flight", "ns_per_call", measure_ns(turn, &p) / MOST);
    free(memory[0]);
    free(memory[1]);
    return 0;
}
