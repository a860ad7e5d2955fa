/* Markers: the lines by which a run proves what happened ("dsoftbus: paired peer=…").
 *
 * A marker is emitted on the very transition that makes it true and nowhere else. The sink is one
 * of the things a backend brings (docs/contracts/backend.md); every text is in the catalogue,
 * docs/contracts/markers.md, and `make tidy` compares the two.
 *
 * Markers are rate-limited, so that a peer cannot fill a console: a bucket of
 * NX_MARKER_BURST lines, refilled by NX_MARKER_PER_SECOND. What is held back is counted. */
#ifndef NX_CORE_BASE_MARKER_H
#define NX_CORE_BASE_MARKER_H

#include "core/base/bucket.h"
#include "core/base/bytes.h"

struct nx_markers {
    /* Takes one line, without its end. NULL: markers go nowhere. The sink may not call back. */
    void (*sink)(void *owner, struct nx_bytes line);
    void *owner;

    struct nx_bucket bucket;
    uint64_t emitted_count;
    uint64_t suppressed_count; /* held back by the rate limit */
};

/* Keeps `sink` and `owner`. The bucket starts full. */
void nx_markers_init(struct nx_markers *m, void (*sink)(void *owner, struct nx_bytes line),
                     void *owner);

/* Emit `line`, if the bucket allows. Borrows it. `m` may be NULL: nobody listens. */
void nx_marker_emit(struct nx_markers *m, struct nx_instant now, struct nx_bytes line);

#endif
