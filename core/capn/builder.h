/* Builder: a Cap'n Proto message made in memory that the caller lends.
 *
 *     uint8_t memory[256];
 *     struct nx_capn_builder b;
 *     struct nx_bytes message;
 *
 *     nx_capn_builder_init_frame(&b, memory, sizeof(memory));
 *     struct samgr_resolve_request_builder request = samgr_resolve_request_new_root(&b);
 *     samgr_resolve_request_set_name(request, nx_bytes_of_text("policyd"));
 *     enum nx_status status = nx_capn_builder_finish(&b, &message);
 *
 * Objects are laid out in the order in which they are made, each right behind the last one, so
 * that the same calls give the same bytes. When the segment of a pointer is full, the object goes
 * to the first segment with room, behind a far pointer, as the usual encoders do it.
 *
 * What does not fit is remembered in `status` (NX_E_NO_MEMORY); from then on handles come out
 * empty, setting a field of an empty handle does nothing, and finishing answers the status. So a
 * message is written like a list and asked about once.
 *
 * A pointer field is set once. Setting it again works, but the words of the first object stay in
 * the message, unreachable, and are still sent. */
#ifndef NX_CORE_CAPN_BUILDER_H
#define NX_CORE_CAPN_BUILDER_H

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/capn/frame.h"
#include "core/capn/reader.h"
#include "core/capn/wire.h"

/* A segment to build in: `ptr` and `word_cap` are given, `word_count` words are used so far. The
 * memory needs no alignment and no clearing. */
struct nx_capn_room {
    uint8_t *ptr;
    uint32_t word_cap;
    uint32_t word_count;
};

struct nx_capn_builder {
    struct nx_capn_room *rooms;
    uint32_t room_count;
    enum nx_status status;   /* NX_OK, or the first failure for good */
    struct nx_capn_room own; /* for a builder over one piece of memory */
};

/* A pointer that can be set: a field, an element, the root. `at` is NULL in an empty handle. */
struct nx_capn_slot {
    struct nx_capn_builder *builder;
    struct nx_capn_room *room;
    uint8_t *at;
};

struct nx_capn_struct_builder {
    struct nx_capn_builder *builder;
    struct nx_capn_room *room;
    uint8_t *data;
    uint8_t *pointers;
    uint32_t data_len; /* bytes; 0 in an empty handle */
    uint32_t pointer_count;
};

struct nx_capn_list_builder {
    struct nx_capn_builder *builder;
    struct nx_capn_room *room;
    uint8_t *elements;
    uint32_t count; /* 0 in an empty handle */
    uint32_t step_bits;
    uint32_t data_len;
    uint32_t pointer_count;
};

/* ---- the message --------------------------------------------------------------------------- */

/* Over the caller's segments, at least one, which are kept as long as the builder is used. The
 * first word is taken for the root; a first segment without room for it is NX_E_NO_MEMORY. Of a
 * segment with more words than NX_CAPN_LIST_COUNT_MAX no more are used, and its `word_cap` says so. */
void nx_capn_builder_init(struct nx_capn_builder *b, struct nx_capn_room *rooms,
                          uint32_t room_count);

/* Over one piece of memory of `cap` bytes, kept: a message of one segment, with its table in
 * front, in place. A message of n words takes (n + 1) * 8 bytes. The builder may not be moved. */
void nx_capn_builder_init_frame(struct nx_capn_builder *b, void *memory, size_t cap);

struct nx_capn_slot nx_capn_builder_root(struct nx_capn_builder *b);

/* Note a failure of the schema's user; the first one stays. */
void nx_capn_builder_fail(struct nx_capn_builder *b, enum nx_status status);

/* Finish a message of nx_capn_builder_init_frame: write the table; `*message` borrows the memory.
 * The builder's status. More may be added and finished again. */
NX_MUST_CHECK enum nx_status nx_capn_builder_finish(struct nx_capn_builder *b,
                                                    struct nx_bytes *message);

/* True when something did not fit the first segment. */
bool nx_capn_builder_spilled(const struct nx_capn_builder *b);

/* The segments in use, for reading them back, packing or framing them. `segments` lends room for
 * all of the builder's rooms; answers how many are used. They borrow the builder's memory. */
uint32_t nx_capn_builder_segments(const struct nx_capn_builder *b,
                                  struct nx_capn_segment *segments);

/* Bytes of the framed message, known before it is written. */
size_t nx_capn_builder_frame_len(const struct nx_capn_builder *b);

/* Append the framed message. The builder's status, or NX_E_NO_SPACE and nothing was written. */
NX_MUST_CHECK enum nx_status nx_capn_builder_encode(const struct nx_capn_builder *b,
                                                    struct nx_writer *out);

/* ---- how much room a message takes ------------------------------------------------------------ */

/* Words of a text or of data, without its pointer. */
static inline uint32_t nx_capn_text_words(uint32_t len)
{
    return len / NX_CAPN_WORD_LEN + 1;
}

static inline uint32_t nx_capn_data_words(uint32_t len)
{
    return len / NX_CAPN_WORD_LEN + (len % NX_CAPN_WORD_LEN != 0);
}

/* Words of a list of `count` elements that are no structs. */
static inline uint64_t nx_capn_list_words(enum nx_capn_element element, uint32_t count)
{
    uint32_t step = element == NX_CAPN_POINTER ? 64 : nx_capn_element_bits(element);

    return nx_capn_words_of_bits(count, step);
}

/* Words of a list of `count` structs, its tag included. */
static inline uint64_t nx_capn_struct_list_words(uint32_t count, uint32_t data_words,
                                                 uint32_t pointer_count)
{
    return 1 + (uint64_t)count * (data_words + pointer_count);
}

/* ---- objects: each call takes room and sets the pointer to it ---------------------------------- */

struct nx_capn_struct_builder nx_capn_new_struct(struct nx_capn_slot slot, uint16_t data_words,
                                                 uint16_t pointer_count);

/* `element` is anything but composite. More than NX_CAPN_LIST_COUNT_MAX elements: NX_E_LIMIT. */
struct nx_capn_list_builder nx_capn_new_list(struct nx_capn_slot slot, enum nx_capn_element element,
                                             uint32_t count);
struct nx_capn_list_builder nx_capn_new_struct_list(struct nx_capn_slot slot, uint32_t count,
                                                    uint16_t data_words, uint16_t pointer_count);

/* What the next three are made of, with a slot's parts in registers: `len` bytes, from `from` unless
 * it is NULL, and `extra` zeros behind them. */
uint8_t *nx_capn_place_bytes(struct nx_capn_builder *b, struct nx_capn_room *room, uint8_t *at,
                             const uint8_t *from, size_t len, uint32_t extra);

/* Room for `len` bytes, zeroed, lent to the caller to fill; NULL when there is none. */
static inline uint8_t *nx_capn_new_data(struct nx_capn_slot slot, size_t len)
{
    return nx_capn_place_bytes(slot.builder, slot.room, slot.at, NULL, len, 0);
}

/* Copies; the text gets its NUL. */
static inline void nx_capn_write_text(struct nx_capn_slot slot, struct nx_bytes text)
{
    nx_capn_place_bytes(slot.builder, slot.room, slot.at, text.ptr, text.len, 1);
}

static inline void nx_capn_write_data(struct nx_capn_slot slot, struct nx_bytes data)
{
    nx_capn_place_bytes(slot.builder, slot.room, slot.at, data.ptr, data.len, 0);
}

/* Set a pointer to null. */
void nx_capn_clear(struct nx_capn_slot slot);

/* ---- parts --------------------------------------------------------------------------------- */

static inline struct nx_capn_slot nx_capn_struct_slot(struct nx_capn_struct_builder s,
                                                      uint32_t index)
{
    bool there = index < s.pointer_count;

    return (struct nx_capn_slot){s.builder, s.room,
                                 there ? s.pointers + (size_t)index * NX_CAPN_WORD_LEN : NULL};
}

/* The pointer or the struct at `index`; an empty handle behind the end. */
static inline struct nx_capn_slot nx_capn_list_slot(struct nx_capn_list_builder list,
                                                    uint32_t index)
{
    bool there = index < list.count && list.pointer_count > 0;
    uint8_t *at =
        there ? list.elements + (size_t)index * (list.step_bits / 8) + list.data_len : NULL;

    return (struct nx_capn_slot){list.builder, list.room, at};
}

static inline struct nx_capn_struct_builder nx_capn_list_struct_at(struct nx_capn_list_builder list,
                                                                   uint32_t index)
{
    if (index >= list.count)
        return (struct nx_capn_struct_builder){.builder = list.builder, .room = list.room};

    uint8_t *at = list.elements + (size_t)index * (list.step_bits / 8);
    return (struct nx_capn_struct_builder){
        .builder = list.builder,
        .room = list.room,
        .data = at,
        .pointers = at + list.data_len,
        .data_len = list.data_len,
        .pointer_count = list.pointer_count,
    };
}

/* Elements; setting one behind the end does nothing. */
static inline uint8_t *nx_capn_list_room(struct nx_capn_list_builder list, uint32_t index,
                                         uint32_t len)
{
    if (index >= list.count || len > list.data_len)
        return NULL;
    return list.elements + (size_t)index * (list.step_bits / 8);
}

static inline void nx_capn_list_set_bool(struct nx_capn_list_builder list, uint32_t index,
                                         bool value)
{
    if (index >= list.count || list.step_bits != 1)
        return;

    uint8_t bit = (uint8_t)(1u << index % 8);
    uint8_t *at = list.elements + index / 8;
    *at = (uint8_t)(value ? *at | bit : *at & ~bit);
}

static inline void nx_capn_list_set_u8(struct nx_capn_list_builder list, uint32_t index,
                                       uint8_t value)
{
    uint8_t *at = nx_capn_list_room(list, index, 1);

    if (at != NULL)
        *at = value;
}

static inline void nx_capn_list_set_u16(struct nx_capn_list_builder list, uint32_t index,
                                        uint16_t value)
{
    uint8_t *at = nx_capn_list_room(list, index, 2);

    if (at != NULL)
        nx_capn_store16(at, value);
}

static inline void nx_capn_list_set_u32(struct nx_capn_list_builder list, uint32_t index,
                                        uint32_t value)
{
    uint8_t *at = nx_capn_list_room(list, index, 4);

    if (at != NULL)
        nx_capn_store32(at, value);
}

static inline void nx_capn_list_set_u64(struct nx_capn_list_builder list, uint32_t index,
                                        uint64_t value)
{
    uint8_t *at = nx_capn_list_room(list, index, 8);

    if (at != NULL)
        nx_capn_store64(at, value);
}

static inline void nx_capn_list_set_text(struct nx_capn_list_builder list, uint32_t index,
                                         struct nx_bytes text)
{
    nx_capn_write_text(nx_capn_list_slot(list, index), text);
}

static inline void nx_capn_list_set_data(struct nx_capn_list_builder list, uint32_t index,
                                         struct nx_bytes data)
{
    nx_capn_write_data(nx_capn_list_slot(list, index), data);
}

/* Fields, for generated accessors. */
static inline void nx_capn_set_bool(struct nx_capn_struct_builder s, uint32_t bit, bool value)
{
    if (bit / 8 >= s.data_len)
        return;

    uint8_t mask = (uint8_t)(1u << bit % 8);
    s.data[bit / 8] = (uint8_t)(value ? s.data[bit / 8] | mask : s.data[bit / 8] & ~mask);
}

static inline void nx_capn_set_u8(struct nx_capn_struct_builder s, uint32_t offset, uint8_t value)
{
    if (offset < s.data_len)
        s.data[offset] = value;
}

static inline void nx_capn_set_u16(struct nx_capn_struct_builder s, uint32_t offset, uint16_t value)
{
    if (offset + 2 <= s.data_len)
        nx_capn_store16(s.data + offset, value);
}

static inline void nx_capn_set_u32(struct nx_capn_struct_builder s, uint32_t offset, uint32_t value)
{
    if (offset + 4 <= s.data_len)
        nx_capn_store32(s.data + offset, value);
}

static inline void nx_capn_set_u64(struct nx_capn_struct_builder s, uint32_t offset, uint64_t value)
{
    if (offset + 8 <= s.data_len)
        nx_capn_store64(s.data + offset, value);
}

#endif
