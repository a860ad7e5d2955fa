/* Words: messages spelled word by word, for the tests of this room. */
#ifndef NX_CORE_CAPN_WORDS_H
#define NX_CORE_CAPN_WORDS_H

#include "core/capn/reader.h"
#include "core/capn/wire.h"

#define OFFSET(offset)            ((uint64_t)(offset) << 2 & 0xfffffffcu)
#define STRUCT(offset, data, ptr) (OFFSET(offset) | (uint64_t)(data) << 32 | (uint64_t)(ptr) << 48)
#define LIST(offset, element, count) \
    (OFFSET(offset) | 1 | (uint64_t)(element) << 32 | (uint64_t)(count) << 35)
#define TAG(count, data, ptr)   STRUCT(count, data, ptr)
#define FAR(segment, index)     ((uint64_t)(index) << 3 | 2 | (uint64_t)(segment) << 32)
#define FAR_FAR(segment, index) (FAR(segment, index) | 4)
#define CAPABILITY(number)      (3 | (uint64_t)(number) << 32)

#define WORDS_MAX 12u

/* A message of up to two segments, in memory that begins at an odd address. */
struct words {
    uint8_t bytes[2][1 + 8 * WORDS_MAX];
    struct nx_capn_segment segments[2];
    struct nx_capn_message m;
};

/* Opens the message that consists of these words; `count_1` 0: one segment. */
static inline enum nx_status words_open(struct words *w, const struct nx_capn_limits *limits,
                                        const uint64_t *words_0, uint32_t count_0,
                                        const uint64_t *words_1, uint32_t count_1)
{
    NX_CHECK(count_0 <= WORDS_MAX && count_1 <= WORDS_MAX);
    for (uint32_t i = 0; i < count_0; i++)
        nx_capn_store64(w->bytes[0] + 1 + 8 * i, words_0[i]);
    for (uint32_t i = 0; i < count_1; i++)
        nx_capn_store64(w->bytes[1] + 1 + 8 * i, words_1[i]);
    w->segments[0] = (struct nx_capn_segment){w->bytes[0] + 1, count_0};
    w->segments[1] = (struct nx_capn_segment){w->bytes[1] + 1, count_1};
    return nx_capn_message_over(&w->m, limits, w->segments, count_1 == 0 ? 1 : 2);
}

#endif
