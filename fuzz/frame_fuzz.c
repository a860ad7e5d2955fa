/* Any bytes: what is decoded encodes to the very bytes it came from, and nothing is read beyond
 * them. */
#include "core/base/memory.h"
#include "core/wire/frame.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t copy[DSB_FRAME_MAX];
    struct nx_bytes rest = nx_bytes_of(data, size);
    struct dsb_frame frame;
    size_t used;

    while (dsb_frame_decode(rest, &frame, &used) == NX_OK) {
        struct nx_writer out = nx_writer_over(copy, sizeof(copy));

        NX_CHECK(used >= DSB_FRAME_HEAD_LEN && used <= rest.len && used <= DSB_FRAME_MAX);
        NX_CHECK(dsb_frame_encode(&frame, &out) == NX_OK);
        NX_CHECK(out.len == used && memcmp(copy, rest.ptr, used) == 0);

        /* One byte less is the beginning of it. */
        NX_CHECK(dsb_frame_decode(nx_bytes_of(rest.ptr, used - 1), &frame, &used) ==
                 NX_WOULD_BLOCK);
        rest = nx_bytes_skip(rest, used);
    }
    return 0;
}
