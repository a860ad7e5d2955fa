#include "core/bus/stream_name.h"

#include "core/base/text.h"

enum nx_status dsb_stream_name_make(struct dsb_stream_name *name, const char *prefix,
                                    struct nx_bytes channel)
{
    struct nx_text t = nx_text_over(name->text, sizeof(name->text));

    if (channel.len == 0 || !nx_utf8_is_valid(channel))
        return NX_E_INVALID;
    nx_text_add(&t, prefix);
    nx_text_add_bytes(&t, channel);
    name->len = t.len;
    return t.cut ? NX_E_INVALID : NX_OK;
}

bool dsb_stream_name_split(struct nx_bytes name, const char *prefix, struct nx_bytes *channel)
{
    struct nx_bytes head = nx_bytes_of_text(prefix);

    if (name.len <= head.len || !nx_bytes_equal(nx_bytes_of(name.ptr, head.len), head))
        return false;
    *channel = nx_bytes_skip(name, head.len);
    return true;
}
