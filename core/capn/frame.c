#include "core/capn/frame.h"

#include "core/capn/wire.h"

size_t nx_capn_frame_head_len(uint32_t segment_count)
{
    return ((size_t)segment_count / 2 + 1) * NX_CAPN_WORD_LEN;
}

enum nx_status nx_capn_frame_decode(struct nx_bytes in, uint64_t words_max,
                                    struct nx_capn_segment *segments, uint32_t segment_cap,
                                    uint32_t *segment_count, size_t *used)
{
    *used = sizeof(uint32_t);
    if (in.len < *used)
        return NX_WOULD_BLOCK;

    /* The count is one less than it means: compared before it is raised, it cannot wrap. */
    uint32_t last = nx_capn_load32(in.ptr);
    if (last >= segment_cap)
        return NX_E_LIMIT;

    uint32_t count = last + 1;
    *used = nx_capn_frame_head_len(count);
    if (in.len < *used)
        return NX_WOULD_BLOCK;

    uint64_t words = 0;
    for (uint32_t i = 0; i < count; i++) {
        segments[i].word_count = nx_capn_load32(in.ptr + 4 + 4 * (size_t)i);
        words += segments[i].word_count;
    }
    if (words > words_max || words > (SIZE_MAX - *used) / NX_CAPN_WORD_LEN)
        return NX_E_LIMIT;

    const uint8_t *content = in.ptr + *used;
    *used += (size_t)words * NX_CAPN_WORD_LEN;
    if (in.len < *used)
        return NX_WOULD_BLOCK;

    for (uint32_t i = 0; i < count; i++) {
        segments[i].ptr = content;
        content += (size_t)segments[i].word_count * NX_CAPN_WORD_LEN;
    }
    *segment_count = count;
    return NX_OK;
}

size_t nx_capn_frame_len(const struct nx_capn_segment *segments, uint32_t segment_count)
{
    size_t len = nx_capn_frame_head_len(segment_count);

    for (uint32_t i = 0; i < segment_count; i++)
        len += (size_t)segments[i].word_count * NX_CAPN_WORD_LEN;
    return len;
}

enum nx_status nx_capn_frame_encode(const struct nx_capn_segment *segments, uint32_t segment_count,
                                    struct nx_writer *out)
{
    NX_CHECK(segment_count > 0);
    if (nx_writer_room(out) < nx_capn_frame_len(segments, segment_count))
        return NX_E_NO_SPACE;

    nx_write_u32le(out, segment_count - 1);
    for (uint32_t i = 0; i < segment_count; i++)
        nx_write_u32le(out, segments[i].word_count);
    if (segment_count % 2 == 0)
        nx_write_u32le(out, 0);
    for (uint32_t i = 0; i < segment_count; i++) {
        nx_write_bytes(
            out, nx_bytes_of(segments[i].ptr, (size_t)segments[i].word_count * NX_CAPN_WORD_LEN));
    }
    return NX_OK;
}
