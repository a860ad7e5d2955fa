#include "core/bus/v1_frame.h"

#include "schemas/dsoftbus.capnp.h"

enum {
    SEGMENTS_MAX = 4,  /* of a message by another encoder; ours has two at most */
    ROOT_WORDS = 3,    /* a pointer to the struct, its number, its pointer to the bytes */
    LANDING_WORDS = 1, /* in front of the bytes in a segment of their own */
};

static bool is_split(size_t bytes_len)
{
    return bytes_len > DSB_V1_FRAME_SEGMENT_MAX;
}

size_t dsb_v1_frame_len(size_t bytes_len)
{
    size_t words = ROOT_WORDS + (bytes_len + 7) / 8 + (is_split(bytes_len) ? LANDING_WORDS : 0);

    return nx_capn_frame_head_len(is_split(bytes_len) ? 2 : 1) + 8 * words;
}

/* The table in front of the segments, whose sizes are known before they are built. */
static void put_table(struct nx_writer *out, uint32_t segment_count, uint32_t second_words)
{
    bool is_single = segment_count == 1;

    nx_write_u32le(out, segment_count - 1);
    nx_write_u32le(out, is_single ? second_words + ROOT_WORDS : ROOT_WORDS);
    if (is_single)
        return;
    nx_write_u32le(out, second_words);
    nx_write_u32le(out, 0); /* to a whole word */
}

enum nx_status dsb_v1_frame_encode(const struct dsb_v1_frame *frame, struct nx_writer *out)
{
    size_t bytes_len = frame->bytes.len;

    if (bytes_len > DSB_V1_FRAME_BYTES_MAX)
        return NX_E_LIMIT;
    if (nx_writer_room(out) < dsb_v1_frame_len(bytes_len))
        return NX_WOULD_BLOCK;

    bool split = is_split(bytes_len);
    uint32_t data_words = nx_capn_data_words((uint32_t)bytes_len);
    uint32_t second_words = split ? data_words + LANDING_WORDS : data_words;

    /* Built in place. In two, the first segment is full where the bytes would begin. */
    put_table(out, split ? 2 : 1, second_words);
    uint8_t *at = nx_write_space(out, 8 * (size_t)(ROOT_WORDS + second_words));
    struct nx_capn_room rooms[] = {
        {.ptr = at, .word_cap = split ? ROOT_WORDS : ROOT_WORDS + second_words},
        {.ptr = at + (size_t)8 * ROOT_WORDS, .word_cap = second_words},
    };
    struct nx_capn_builder b;

    nx_capn_builder_init(&b, rooms, split ? 2 : 1);
    struct dsoftbus_frame_builder root = dsoftbus_frame_new_root(&b);
    dsoftbus_frame_set_chan(root, frame->chan);
    dsoftbus_frame_set_bytes(root, frame->bytes);
    NX_CHECK(b.status == NX_OK); /* the rooms have exactly what it takes */
    return NX_OK;
}

enum nx_status dsb_v1_frame_decode(struct nx_bytes in, struct dsb_v1_frame *frame)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message m;
    enum nx_status status =
        nx_capn_message_open(&m, &nx_capn_limits_default, in, table, SEGMENTS_MAX);

    if (status != NX_OK)
        return status;

    struct dsoftbus_frame_reader r = dsoftbus_frame_root(&m);
    const struct dsb_v1_frame read = {
        .chan = dsoftbus_frame_get_chan(r),
        .bytes = dsoftbus_frame_get_bytes(r),
    };
    if (m.status != NX_OK)
        return m.status;
    if (read.bytes.len > DSB_V1_FRAME_BYTES_MAX)
        return NX_E_LIMIT;
    *frame = read;
    return NX_OK;
}
