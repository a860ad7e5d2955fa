#include "core/rpc/rpc_stream.h"

#include "core/base/memory.h"
#include "core/bus/stream_name.h"

_Static_assert(DSB_RPC_SERVICE_MAX + sizeof(DSB_RPC_PREFIX) - 1 == DSB_STREAM_NAME_MAX,
               "a service's name fits its stream's");

void dsb_rpc_stream_of(struct dsb_rpc_stream *s, const struct dsb_rpc_memory *memory,
                       struct dsb_mux *mux, struct dsb_stream_handle stream)
{
    *s = (struct dsb_rpc_stream){.memory = *memory, .mux = mux, .stream = stream};
}

enum nx_status dsb_rpc_stream_open(struct dsb_rpc_stream *s, const struct dsb_rpc_memory *memory,
                                   struct dsb_mux *mux, struct nx_bytes service)
{
    struct dsb_stream_name name;
    struct dsb_stream_handle stream;
    enum nx_status status = dsb_stream_name_make(&name, DSB_RPC_PREFIX, service);

    if (status == NX_OK)
        status =
            dsb_mux_open(mux, nx_bytes_of(name.text, name.len), DSB_RPC_PRIORITY, true, &stream);
    if (status == NX_OK)
        dsb_rpc_stream_of(s, memory, mux, stream);
    return status;
}

enum nx_status dsb_rpc_stream_push(struct dsb_rpc_stream *s, struct nx_instant now,
                                   const struct dsb_rpc_message *message)
{
    struct nx_bytes bytes;
    size_t taken;

    if (s->mux == NULL)
        return NX_E_CLOSED;
    enum nx_status status = dsb_rpc_encode(message, s->memory.scratch, DSB_RPC_MESSAGE_MAX, &bytes);
    return status == NX_OK ? dsb_mux_push(s->mux, now, s->stream, bytes, DSB_PUSH_WHOLE, &taken)
                           : status;
}

/* What is here of the message at the front. */
static enum nx_status gather(struct dsb_rpc_stream *s)
{
    while (!s->is_whole) {
        struct nx_bytes front;
        bool ends;
        enum nx_status status = dsb_mux_peek(s->mux, s->stream, &front, &ends);

        if (status == NX_END && s->len > 0)
            return NX_E_MALFORMED; /* it ended within a message */
        if (status != NX_OK)
            return status;
        if (front.len > DSB_RPC_MESSAGE_MAX - s->len)
            return NX_E_LIMIT;
        if (front.len > 0)
            memcpy(s->memory.message + s->len, front.ptr, front.len);
        dsb_mux_drop(s->mux, s->stream, (uint32_t)front.len);
        s->len += front.len;
        s->is_whole = ends;
    }
    return NX_OK;
}

enum nx_status dsb_rpc_stream_peek(struct dsb_rpc_stream *s, struct dsb_rpc_message *message)
{
    if (s->mux == NULL)
        return NX_E_CLOSED;
    enum nx_status status = gather(s);

    return status == NX_OK ? dsb_rpc_decode(nx_bytes_of(s->memory.message, s->len), message)
                           : status;
}

void dsb_rpc_stream_take(struct dsb_rpc_stream *s)
{
    s->taken_count++;
    s->len = 0;
    s->is_whole = false;
}

void dsb_rpc_stream_abort(struct dsb_rpc_stream *s, uint16_t code, const char *why)
{
    if (s->mux != NULL)
        (void)!dsb_mux_abort(s->mux, s->stream, code, why); /* it may be over: then it is */
    dsb_rpc_stream_release(s);
}

void dsb_rpc_stream_release(struct dsb_rpc_stream *s)
{
    if (s->mux != NULL)
        dsb_mux_release(s->mux, s->stream);
    s->mux = NULL;
}

const char *dsb_rpc_breach_label(enum nx_status status)
{
    return status == NX_E_LIMIT ? "core.reject.oversize_frame_or_record" : nx_status_text(status);
}

bool dsb_rpc_stream_is(const struct dsb_rpc_stream *s, const struct dsb_mux *mux,
                       struct dsb_stream_handle stream)
{
    return s->mux != NULL && s->mux == mux && s->stream.slot == stream.slot &&
           s->stream.serial == stream.serial;
}
