#include "core/bus/msg_stream.h"

#include "core/base/memory.h"
#include "core/bus/stream_name.h"

enum nx_status dsb_msg_stream_open(struct dsb_msg_stream *s, struct dsb_mux *mux,
                                   struct nx_bytes channel)
{
    struct dsb_stream_name name;
    enum nx_status status = dsb_stream_name_make(&name, DSB_MSG_PREFIX, channel);

    if (status != NX_OK)
        return status;
    s->mux = mux;
    return dsb_mux_open(mux, nx_bytes_of(name.text, name.len), DSB_MSG_PRIORITY, true, &s->stream);
}

enum nx_status dsb_msg_stream_accept(struct dsb_msg_stream *s, struct dsb_mux *mux,
                                     struct dsb_stream_handle stream)
{
    s->mux = mux;
    s->stream = stream;
    return dsb_mux_accept(mux, stream, true, DSB_MSG_PRIORITY);
}

enum nx_status dsb_msg_stream_push(struct dsb_msg_stream *s, struct nx_instant now,
                                   struct nx_bytes message)
{
    size_t taken;

    return dsb_mux_push(s->mux, now, s->stream, message, DSB_PUSH_WHOLE, &taken);
}

enum nx_status dsb_msg_stream_push_part(struct dsb_msg_stream *s, struct nx_instant now,
                                        struct nx_bytes part, bool is_last, size_t *taken)
{
    return dsb_mux_push(s->mux, now, s->stream, part, is_last ? DSB_PUSH_LAST : DSB_PUSH_PART,
                        taken);
}

enum nx_status dsb_msg_stream_pull(struct dsb_msg_stream *s, uint8_t *out, size_t cap, size_t *len,
                                   bool *is_whole)
{
    struct nx_bytes front;
    bool ends = false;

    *len = 0;
    *is_whole = false;
    enum nx_status status = dsb_mux_peek(s->mux, s->stream, &front, &ends);
    if (status != NX_OK)
        return status;

    /* A message lies in as many pieces as it came in; hand out what is here of it. */
    do {
        size_t part = front.len < cap - *len ? front.len : cap - *len;

        if (part > 0)
            memcpy(out + *len, front.ptr, part);
        dsb_mux_drop(s->mux, s->stream, (uint32_t)part);
        *len += part;
        *is_whole = ends && part == front.len;
    } while (!*is_whole && *len < cap && dsb_mux_peek(s->mux, s->stream, &front, &ends) == NX_OK);
    return NX_OK;
}
