/* The main job's typed calls: each node calls the other's service `node` and hears its own words. */
#include "cli/localsim_steps.h"
#include "schemas/node.capnp.h"

/* ---- the side that answers ------------------------------------------------------------------- */

static enum nx_status on_echo(void *self, struct node_echo_reader params,
                              struct node_echo_builder results, struct nx_why *why)
{
    (void)self;
    (void)why;
    node_echo_set_data(results, node_echo_get_data(params));
    return NX_OK;
}

static const struct node_service_handlers handlers = {.on_echo = on_echo};

static void answer(struct localsim_drive *d, struct localsim_exchange *x, struct localsim_end *end)
{
    const struct dsb_rpc_memory memory = {x->answered, x->scratch};
    struct dsb_rpc_server_event called;

    if (!end->calls_are_open)
        return;
    if (!x->is_served)
        dsb_rpc_answerer_accept(&x->answerer, &memory, x->places, NX_COUNT_OF(x->places),
                                end->calls_mux, end->calls);
    x->is_served = true;
    while (dsb_rpc_answerer_event(&x->answerer, d->now, &called)) {
        struct nx_bytes reply = {NULL, 0};
        struct nx_why why;

        if (called.kind != DSB_RPC_SERVER_CALLED)
            continue;
        enum nx_status status = node_service_serve(&handlers, NULL, called.method, called.body,
                                                   x->body, sizeof(x->body), &reply, &why);
        /* An answer that finds no room is not sent again, and shows as a call without one. */
        (void)!dsb_rpc_answerer_reply(&x->answerer, d->now, called.call_id, status, why.text,
                                      reply);
    }
}

/* ---- the side that calls ----------------------------------------------------------------------- */

static enum nx_status ask(struct localsim_drive *d, struct localsim_exchange *x, int side,
                          const char *words)
{
    struct dsb_node *node = dsb_localsim_node(&d->sim, (enum dsb_localsim_side)side);
    struct dsb_mux *mux = dsb_node_session(node, side == DSB_LOCALSIM_SELF ? DSB_LOCALSIM_PEER_ID
                                                                           : DSB_LOCALSIM_SELF_ID);
    const struct dsb_rpc_memory memory = {x->asked, x->scratch};
    struct dsb_rpc_request request = {
        .method = NODE_SERVICE_METHOD_ECHO,
        .deadline_ms = LOCALSIM_PATIENCE_S * 1000,
        .reply_max = DSB_RPC_BODY_MAX,
    };
    struct nx_capn_builder b;
    struct nx_why why;
    uint64_t id;

    nx_capn_builder_init_frame(&b, x->body, sizeof(x->body));
    node_echo_set_data(node_service_echo_call(&b), nx_bytes_of_text(words));
    enum nx_status status = nx_capn_builder_finish(&b, &request.body);
    if (status == NX_OK)
        status = dsb_rpc_caller_open(&x->caller, &memory, x->calls, NX_COUNT_OF(x->calls), mux,
                                     nx_bytes_of_text(NODE_SERVICE_NAME));
    return status == NX_OK ? dsb_rpc_caller_call(&x->caller, d->now, &request, &id, &why) : status;
}

static bool is_echo_of(struct nx_bytes body, const char *words)
{
    struct nx_capn_segment table[1];
    struct nx_capn_message m;

    if (nx_capn_message_open(&m, &nx_capn_limits_default, body, table, 1) != NX_OK)
        return false;
    struct nx_bytes data = node_echo_get_data(node_service_echo_answer(&m));
    return m.status == NX_OK && nx_bytes_equal(data, nx_bytes_of_text(words));
}

/* From this side to the other and back. */
static enum nx_status call(struct localsim_drive *d, struct localsim_exchange *x, int side,
                           const char *words)
{
    struct dsb_rpc_client_event end;
    enum nx_status status = ask(d, x, side, words);

    while (status == NX_OK && !dsb_rpc_caller_event(&x->caller, d->now, &end)) {
        status = localsim_drive(d);
        answer(d, x, &d->ends[1 - side]);
    }
    if (status == NX_OK && end.status != NX_OK)
        status = end.status;
    if (status == NX_OK && !is_echo_of(end.body, words))
        status = NX_E_MALFORMED;
    return status == NX_OK ? NX_OK
                           : localsim_fail(d, status, "a typed call was not answered: %s",
                                           nx_status_text(status));
}

enum nx_status localsim_call(struct localsim_run *run)
{
    static const char *const words[] = {"are you there?", "and are you?"};
    struct localsim_exchange *exchanges = run->exchanges;
    enum nx_status status = NX_OK;

    for (int side = 0; side < DSB_LOCALSIM_SIDES && status == NX_OK; side++) {
        status = call(&run->drive, &exchanges[side], side, words[side]);
        run->summary.call_count += status == NX_OK;
    }
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        dsb_rpc_caller_close(&exchanges[side].caller);
        dsb_rpc_answerer_ended(&exchanges[side].answerer);
    }
    return status;
}
