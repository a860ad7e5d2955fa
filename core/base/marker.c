#include "core/base/marker.h"

#include "core/base/limits.h"

void nx_markers_init(struct nx_markers *m, void (*sink)(void *owner, struct nx_bytes line),
                     void *owner)
{
    *m = (struct nx_markers){.sink = sink, .owner = owner};
    nx_bucket_init(&m->bucket, NX_MARKER_BURST, NX_MARKER_PER_SECOND);
}

void nx_marker_emit(struct nx_markers *m, struct nx_instant now, struct nx_bytes line)
{
    if (m == NULL || m->sink == NULL)
        return;
    if (!nx_bucket_take(&m->bucket, now)) {
        m->suppressed_count++;
        return;
    }
    m->emitted_count++;
    m->sink(m->owner, line);
}
