#include "core/capn/builder.h"

#include "core/base/memory.h"

void nx_capn_builder_fail(struct nx_capn_builder *b, enum nx_status status)
{
    if (b->status == NX_OK)
        b->status = status;
}

/* ---- room ---------------------------------------------------------------------------------- */

/* The next `words` of a room; NULL when it has fewer. What is in them is the caller's to clear. */
static uint8_t *take(struct nx_capn_room *room, uint32_t words)
{
    if (words > room->word_cap - room->word_count)
        return NULL;

    uint8_t *at = room->ptr + (size_t)room->word_count * NX_CAPN_WORD_LEN;
    room->word_count += words;
    return at;
}

static int64_t words_between(const uint8_t *from, const uint8_t *to)
{
    return (to - from) / (int64_t)NX_CAPN_WORD_LEN;
}

/* In the first room that has place for the object and its pad, which lies right in front of it. No
 * object has more than NX_CAPN_LIST_COUNT_MAX words and a tag, so that one more does not wrap. */
static uint8_t *place_far(struct nx_capn_builder *b, uint8_t *pointer, uint32_t words,
                          uint64_t word, struct nx_capn_room **home)
{
    for (uint32_t i = 0; i < b->room_count; i++) {
        uint8_t *pad = take(&b->rooms[i], words + 1);

        if (pad == NULL)
            continue;
        nx_capn_store64(pad, word); /* right behind it: offset 0 */
        nx_capn_store64(pointer,
                        nx_capn_far_word((uint32_t)words_between(b->rooms[i].ptr, pad), i));
        *home = &b->rooms[i];
        return pad + NX_CAPN_WORD_LEN;
    }
    nx_capn_builder_fail(b, NX_E_NO_MEMORY);
    return NULL;
}

/* Place for an object of `words`, not cleared, with the pointer to it set: `word` describes it, and
 * gets its offset here. `room` is the pointer's own; `*home` becomes the object's. */
static uint8_t *place(struct nx_capn_builder *b, struct nx_capn_room *room, uint8_t *pointer,
                      uint32_t words, uint64_t word, struct nx_capn_room **home)
{
    if (pointer == NULL || b->status != NX_OK)
        return NULL;

    uint8_t *at = take(room, words);
    if (at == NULL)
        return place_far(b, pointer, words, word, home);

    int64_t offset = words_between(pointer, at) - 1;
    nx_capn_store64(pointer, word | ((uint64_t)offset << 2 & 0xfffffffcu));
    *home = room;
    return at;
}

static uint8_t *place_zeroed(struct nx_capn_slot slot, uint32_t words, uint64_t word,
                             struct nx_capn_room **home)
{
    uint8_t *at = place(slot.builder, slot.room, slot.at, words, word, home);

    if (at != NULL)
        memset(at, 0, (size_t)words * NX_CAPN_WORD_LEN);
    return at;
}

/* ---- the message --------------------------------------------------------------------------- */

void nx_capn_builder_init(struct nx_capn_builder *b, struct nx_capn_room *rooms,
                          uint32_t room_count)
{
    NX_CHECK(room_count > 0);
    *b = (struct nx_capn_builder){.rooms = rooms, .room_count = room_count};
    for (uint32_t i = 0; i < room_count; i++)
        rooms[i].word_count = 0;

    /* A far pointer has 29 bits for a position. */
    for (uint32_t i = 0; i < room_count; i++) {
        if (rooms[i].word_cap > NX_CAPN_LIST_COUNT_MAX)
            rooms[i].word_cap = NX_CAPN_LIST_COUNT_MAX;
    }
    uint8_t *root = take(&rooms[0], 1);
    if (root == NULL)
        nx_capn_builder_fail(b, NX_E_NO_MEMORY);
    else
        nx_capn_store64(root, 0);
}

void nx_capn_builder_init_frame(struct nx_capn_builder *b, void *memory, size_t cap)
{
    size_t words = cap / NX_CAPN_WORD_LEN;
    size_t word_cap = words < 1 ? 0 : words - 1; /* the first holds the table */
    struct nx_capn_room own = {
        .ptr = (uint8_t *)memory + (words < 1 ? 0 : NX_CAPN_WORD_LEN),
        .word_cap = word_cap > NX_CAPN_LIST_COUNT_MAX ? NX_CAPN_LIST_COUNT_MAX : (uint32_t)word_cap,
    };

    nx_capn_builder_init(b, &own, 1);
    b->own = own;
    b->rooms = &b->own;
}

struct nx_capn_slot nx_capn_builder_root(struct nx_capn_builder *b)
{
    return (struct nx_capn_slot){b, &b->rooms[0], b->status == NX_OK ? b->rooms[0].ptr : NULL};
}

enum nx_status nx_capn_builder_finish(struct nx_capn_builder *b, struct nx_bytes *message)
{
    NX_CHECK(b->rooms == &b->own);
    if (b->status != NX_OK)
        return b->status;

    uint8_t *head = b->own.ptr - NX_CAPN_WORD_LEN;
    nx_capn_store32(head, 0);
    nx_capn_store32(head + 4, b->own.word_count);
    *message = nx_bytes_of(head, ((size_t)b->own.word_count + 1) * NX_CAPN_WORD_LEN);
    return NX_OK;
}

/* Rooms behind the last used one are no segments. */
static uint32_t used_count(const struct nx_capn_builder *b)
{
    uint32_t count = b->room_count;

    while (count > 1 && b->rooms[count - 1].word_count == 0)
        count--;
    return count;
}

bool nx_capn_builder_spilled(const struct nx_capn_builder *b)
{
    return used_count(b) > 1;
}

uint32_t nx_capn_builder_segments(const struct nx_capn_builder *b, struct nx_capn_segment *segments)
{
    uint32_t count = used_count(b);

    for (uint32_t i = 0; i < count; i++)
        segments[i] = (struct nx_capn_segment){b->rooms[i].ptr, b->rooms[i].word_count};
    return count;
}

size_t nx_capn_builder_frame_len(const struct nx_capn_builder *b)
{
    uint32_t count = used_count(b);
    size_t len = nx_capn_frame_head_len(count);

    for (uint32_t i = 0; i < count; i++)
        len += (size_t)b->rooms[i].word_count * NX_CAPN_WORD_LEN;
    return len;
}

enum nx_status nx_capn_builder_encode(const struct nx_capn_builder *b, struct nx_writer *out)
{
    if (b->status != NX_OK)
        return b->status;
    if (nx_writer_room(out) < nx_capn_builder_frame_len(b))
        return NX_E_NO_SPACE;

    uint32_t count = used_count(b);
    nx_write_u32le(out, count - 1);
    for (uint32_t i = 0; i < count; i++)
        nx_write_u32le(out, b->rooms[i].word_count);
    if (count % 2 == 0)
        nx_write_u32le(out, 0);
    for (uint32_t i = 0; i < count; i++) {
        nx_write_bytes(
            out, nx_bytes_of(b->rooms[i].ptr, (size_t)b->rooms[i].word_count * NX_CAPN_WORD_LEN));
    }
    return NX_OK;
}

/* ---- objects ------------------------------------------------------------------------------- */

struct nx_capn_struct_builder nx_capn_new_struct(struct nx_capn_slot slot, uint16_t data_words,
                                                 uint16_t pointer_count)
{
    struct nx_capn_struct_builder s = {.builder = slot.builder};
    uint32_t words = (uint32_t)data_words + pointer_count;

    /* An empty struct has no words to point at; -1 tells it from a null pointer. */
    if (words == 0) {
        if (slot.at != NULL && slot.builder->status == NX_OK)
            nx_capn_store64(slot.at, nx_capn_struct_word(-1, 0, 0));
        return s;
    }

    uint8_t *at =
        place_zeroed(slot, words, nx_capn_struct_word(0, data_words, pointer_count), &s.room);
    if (at == NULL)
        return s;
    s.data = at;
    s.pointers = at + (size_t)data_words * NX_CAPN_WORD_LEN;
    s.data_len = data_words * NX_CAPN_WORD_LEN;
    s.pointer_count = pointer_count;
    return s;
}

struct nx_capn_list_builder nx_capn_new_list(struct nx_capn_slot slot, enum nx_capn_element element,
                                             uint32_t count)
{
    struct nx_capn_list_builder list = {.builder = slot.builder};

    NX_CHECK(element < NX_CAPN_COMPOSITE);
    if (count > NX_CAPN_LIST_COUNT_MAX) {
        nx_capn_builder_fail(slot.builder, NX_E_LIMIT);
        return list;
    }

    uint64_t words = nx_capn_list_words(element, count);
    uint64_t word = nx_capn_list_word(0, element, count);
    uint8_t *at = place_zeroed(slot, (uint32_t)words, word, &list.room);
    if (at == NULL)
        return list;
    list.elements = at;
    list.count = count;
    list.step_bits = element == NX_CAPN_POINTER ? 64 : nx_capn_element_bits(element);
    list.data_len = nx_capn_element_bits(element) / 8;
    list.pointer_count = element == NX_CAPN_POINTER;
    return list;
}

struct nx_capn_list_builder nx_capn_new_struct_list(struct nx_capn_slot slot, uint32_t count,
                                                    uint16_t data_words, uint16_t pointer_count)
{
    struct nx_capn_list_builder list = {.builder = slot.builder};
    uint32_t step_words = (uint32_t)data_words + pointer_count;
    uint64_t words = (uint64_t)count * step_words;

    if (count > NX_CAPN_LIST_COUNT_MAX || words > NX_CAPN_LIST_COUNT_MAX) {
        nx_capn_builder_fail(slot.builder, NX_E_LIMIT);
        return list;
    }

    uint64_t word = nx_capn_list_word(0, NX_CAPN_COMPOSITE, (uint32_t)words);
    uint8_t *at = place_zeroed(slot, (uint32_t)words + 1, word, &list.room);
    if (at == NULL)
        return list;
    nx_capn_store64(at, nx_capn_struct_word(count, data_words, pointer_count));
    list.elements = at + NX_CAPN_WORD_LEN;
    list.count = count;
    list.step_bits = step_words * 64;
    list.data_len = data_words * NX_CAPN_WORD_LEN;
    list.pointer_count = pointer_count;
    return list;
}

uint8_t *nx_capn_place_bytes(struct nx_capn_builder *b, struct nx_capn_room *room, uint8_t *at,
                             const uint8_t *from, size_t len, uint32_t extra)
{
    struct nx_capn_room *home;

    if (len > NX_CAPN_LIST_COUNT_MAX - extra) {
        nx_capn_builder_fail(b, NX_E_LIMIT);
        return NULL;
    }

    uint32_t count = (uint32_t)len + extra;
    uint32_t words = nx_capn_data_words(count);
    uint8_t *bytes = place(b, room, at, words, nx_capn_list_word(0, NX_CAPN_BYTE, count), &home);
    if (bytes == NULL || words == 0)
        return bytes;
    if (from == NULL) {
        memset(bytes, 0, (size_t)words * NX_CAPN_WORD_LEN);
        return bytes;
    }
    nx_capn_store64(bytes + (size_t)(words - 1) * NX_CAPN_WORD_LEN, 0); /* what the copy leaves */
    memcpy(bytes, from, len);
    return bytes;
}

void nx_capn_clear(struct nx_capn_slot slot)
{
    if (slot.at != NULL)
        nx_capn_store64(slot.at, 0);
}
