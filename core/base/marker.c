#include "core/base/marker.h"

#include "core/base/limits.h"

void nx_markers_init(struct nx_markers *m, void (*sink)(void *owner, struct nx_bytes line),
                     void *owner)
{
    *m = (struct nx_markers){.sink = sink, .owner = owner, .tokens = NX_MARKER_BURST};
}

static void refill(struct nx_markers *m, struct nx_instant now)
{
    const uint64_t interval_ns = 1000000000u / NX_MARKER_PER_SECOND;
    uint64_t due = nx_duration_between(m->refilled_at, now).ns / interval_ns;

    if (due >= NX_MARKER_BURST - m->tokens) {
        m->tokens = NX_MARKER_BURST;
        m->refilled_at = now;
        return;
    }
    m->tokens += (uint32_t)due;
    m->refilled_at.ns += due * interval_ns; /* what is left of an interval is not lost */
}

void nx_marker_emit(struct nx_markers *m, struct nx_instant now, struct nx_bytes line)
{
    if (m == NULL || m->sink == NULL)
        return;

    refill(m, now);
    if (m->tokens == 0) {
        m->suppressed_count++;
        return;
    }
    m->tokens--;
    m->emitted_count++;
    m->sink(m->owner, line);
}
