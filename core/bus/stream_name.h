/* Stream names: "<service>/<channel>", as they stand in OPEN (docs/contracts/wire.md §4). */
#ifndef NX_CORE_BUS_STREAM_NAME_H
#define NX_CORE_BUS_STREAM_NAME_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

struct dsb_stream_name {
    char text[DSB_STREAM_NAME_MAX + 1];
    size_t len;
};

/* `prefix` (with its slash) and `channel` behind it.
 * NX_OK; NX_E_INVALID: the channel is empty, no UTF-8, or the whole is over DSB_STREAM_NAME_MAX. */
NX_MUST_CHECK enum nx_status dsb_stream_name_make(struct dsb_stream_name *name, const char *prefix,
                                                  struct nx_bytes channel);

/* Does `name` begin with `prefix`, and what comes behind it? `*channel` lends from `name`. */
bool dsb_stream_name_split(struct nx_bytes name, const char *prefix, struct nx_bytes *channel);

#endif
