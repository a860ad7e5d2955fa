#include "core/bus/byte_stream.h"

#include "core/base/memory.h"
#include "core/bus/stream_name.h"

enum nx_status dsb_byte_stream_open(struct dsb_byte_stream *s, struct dsb_mux *mux,
                                    struct nx_bytes channel)
{
    struct dsb_stream_name name;
    enum nx_status status = dsb_stream_name_make(&name, DSB_BYTE_PREFIX, channel);

    if (status != NX_OK)
        return status;
    s->mux = mux;
    return dsb_mux_open(mux, nx_bytes_of(name.text, name.len), DSB_BYTE_PRIORITY, false,
                        &s->stream);
}

enum nx_status dsb_byte_stream_accept(struct dsb_byte_stream *s, struct dsb_mux *mux,
                                      struct dsb_stream_handle stream)
{
    s->mux = mux;
    s->stream = stream;
    return dsb_mux_accept(mux, stream, false, DSB_BYTE_PRIORITY);
}

enum nx_status dsb_byte_stream_push(struct dsb_byte_stream *s, struct nx_instant now,
                                    struct nx_bytes bytes, size_t *taken)
{
    return dsb_mux_push(s->mux, now, s->stream, bytes, DSB_PUSH_PART, taken);
}

enum nx_status dsb_byte_stream_peek(struct dsb_byte_stream *s, struct nx_bytes *bytes)
{
    bool ends_message = false;
    enum nx_status status = dsb_mux_peek(s->mux, s->stream, bytes, &ends_message);

    if (status != NX_OK || !ends_message)
        return status;
    *bytes = nx_bytes_of(NULL, 0);
    NX_CHECK(dsb_mux_abort(s->mux, s->stream, DSB_RST_UNSUPPORTED,
                           "a message in a stream of bytes") == NX_OK); /* it was there to peek */
    return NX_E_MALFORMED;
}

void dsb_byte_stream_drop(struct dsb_byte_stream *s, size_t count)
{
    dsb_mux_drop(s->mux, s->stream, (uint32_t)count);
}

enum nx_status dsb_byte_stream_pull(struct dsb_byte_stream *s, uint8_t *out, size_t cap,
                                    size_t *len)
{
    struct nx_bytes front;
    bool ends_message = false;
    enum nx_status status = dsb_byte_stream_peek(s, &front);

    *len = 0;
    while (status == NX_OK && !ends_message && *len < cap) {
        size_t part = front.len < cap - *len ? front.len : cap - *len;

        memcpy(out + *len, front.ptr, part);
        dsb_byte_stream_drop(s, part);
        *len += part;
        if (*len < cap) /* a message that ends here is for the next pull to refuse */
            status = dsb_mux_peek(s->mux, s->stream, &front, &ends_message);
    }
    return *len > 0 ? NX_OK : status;
}
