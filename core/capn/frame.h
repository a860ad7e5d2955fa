/* Frame: the segment table in front of a message in a stream, and the table in our memory.
 *
 *   u32 segment count - 1 | u32 words of segment 0 | u32 words of segment 1 … | zeros to a word
 *
 * All little endian; the segments follow in order, without gaps. */
#ifndef NX_CORE_CAPN_FRAME_H
#define NX_CORE_CAPN_FRAME_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* Words that belong to somebody else; they need no alignment. */
struct nx_capn_segment {
    const uint8_t *ptr;
    uint32_t word_count;
};

/* Read the table at the front of `in`, which may hold less or more than one message. The table's
 * entries go to `segments`, which lends room for `segment_cap` of them: that is the limit of
 * segments. They borrow from `in`.
 *
 * NX_OK: `*segment_count` of them, and the message took `*used` bytes of `in`.
 * NX_WOULD_BLOCK: the rest has not come; `*used` is how many bytes are known to be needed.
 * NX_E_LIMIT: more segments than `segment_cap`, or more words in all of them than `words_max`.
 * It says so from the table alone, before a word of the message has come. The results are good
 * for NX_OK only. */
NX_MUST_CHECK enum nx_status nx_capn_frame_decode(struct nx_bytes in, uint64_t words_max,
                                                  struct nx_capn_segment *segments,
                                                  uint32_t segment_cap, uint32_t *segment_count,
                                                  size_t *used);

/* Bytes of the table for so many segments (at least 1). */
size_t nx_capn_frame_head_len(uint32_t segment_count);

/* Bytes of the table and all segments. */
size_t nx_capn_frame_len(const struct nx_capn_segment *segments, uint32_t segment_count);

/* Append the table and the segments (at least one). NX_OK; NX_E_NO_SPACE: `out` has no room for
 * all of it, and got nothing. */
NX_MUST_CHECK enum nx_status nx_capn_frame_encode(const struct nx_capn_segment *segments,
                                                  uint32_t segment_count, struct nx_writer *out);

#endif
