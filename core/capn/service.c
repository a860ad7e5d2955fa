#include "core/capn/service.h"

/* A message of one segment, whose root is null. */
static const uint8_t empty[16] = {[4] = 1};

enum nx_status nx_capn_service_begin(struct nx_capn_service_call *call, struct nx_bytes body,
                                     void *memory, size_t cap, struct nx_why *why)
{
    if (body.len == 0)
        body = nx_bytes_of(empty, sizeof(empty));

    if (nx_capn_message_open(&call->params, &nx_capn_limits_default, body, call->table,
                             NX_CAPN_SERVICE_SEGMENTS) != NX_OK) {
        nx_why_set(why, call->params.why);
        return NX_E_MALFORMED;
    }
    why->text[0] = '\0';
    nx_capn_builder_init_frame(&call->results, memory, cap);
    return NX_OK;
}

enum nx_status nx_capn_service_end(struct nx_capn_service_call *call, enum nx_status status,
                                   struct nx_bytes *reply, struct nx_why *why)
{
    *reply = (struct nx_bytes){NULL, 0};
    if (call->params.status != NX_OK) {
        nx_why_set(why, call->params.why);
        return call->params.status;
    }
    if (status == NX_OK && nx_capn_builder_finish(&call->results, reply) != NX_OK) {
        nx_why_set(why, "the answer is longer than there is room for");
        return NX_E_LIMIT;
    }
    if (status == NX_E_UNSUPPORTED && why->text[0] == '\0')
        nx_why_set(why, "the service has no such method");
    return status;
}
