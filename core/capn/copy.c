#include "core/capn/copy.h"

#include "core/base/memory.h"

/* Copying and measuring walk alike; recursion ends at the source's depth limit, at most
 * NX_CAPN_DEPTH_MAX. NOLINTBEGIN(misc-no-recursion) */

static void copy_ref(struct nx_capn_slot slot, struct nx_capn_ref from, bool trim);

/* ---- sizes --------------------------------------------------------------------------------- */

struct size {
    uint32_t data_words;
    uint32_t pointer_count;
};

static struct size size_of(struct nx_capn_struct s, bool trim)
{
    uint32_t data_len = s.data_len;
    uint32_t pointer_count = s.pointer_count;

    while (trim && data_len > 0 && s.data[data_len - 1] == 0)
        data_len--;
    while (trim && pointer_count > 0 &&
           nx_capn_ref_is_null(nx_capn_struct_ref(s, pointer_count - 1)))
        pointer_count--;
    return (struct size){nx_capn_data_words(data_len), pointer_count};
}

/* All elements of a list have one size: as long as the longest needs it. */
static struct size size_of_elements(struct nx_capn_list list, bool trim)
{
    struct size largest = {0, 0};

    if (!trim)
        return (struct size){list.data_len / NX_CAPN_WORD_LEN, list.pointer_count};
    for (uint32_t i = 0; i < list.count; i++) {
        struct size size = size_of(nx_capn_list_struct(list, i), true);

        if (size.data_words > largest.data_words)
            largest.data_words = size.data_words;
        if (size.pointer_count > largest.pointer_count)
            largest.pointer_count = size.pointer_count;
    }
    return largest;
}

/* ---- copying ------------------------------------------------------------------------------- */

static void fill_struct(struct nx_capn_struct_builder to, struct nx_capn_struct from, bool trim)
{
    uint32_t data_len = from.data_len < to.data_len ? from.data_len : to.data_len;

    if (data_len > 0)
        memcpy(to.data, from.data, data_len);
    for (uint32_t i = 0; i < to.pointer_count; i++)
        copy_ref(nx_capn_struct_slot(to, i), nx_capn_struct_ref(from, i), trim);
}

static void copy_struct(struct nx_capn_slot slot, struct nx_capn_struct from, bool trim)
{
    struct size size = size_of(from, trim);

    fill_struct(nx_capn_new_struct(slot, (uint16_t)size.data_words, (uint16_t)size.pointer_count),
                from, trim);
}

static void copy_struct_list(struct nx_capn_slot slot, struct nx_capn_list from, bool trim)
{
    struct size size = size_of_elements(from, trim);
    struct nx_capn_list_builder to = nx_capn_new_struct_list(
        slot, from.count, (uint16_t)size.data_words, (uint16_t)size.pointer_count);

    for (uint32_t i = 0; i < to.count; i++)
        fill_struct(nx_capn_list_struct_at(to, i), nx_capn_list_struct(from, i), trim);
}

static void copy_list(struct nx_capn_slot slot, struct nx_capn_list from, bool trim)
{
    if (from.element == NX_CAPN_COMPOSITE) {
        copy_struct_list(slot, from, trim);
        return;
    }

    struct nx_capn_list_builder to = nx_capn_new_list(slot, from.element, from.count);
    if (from.element == NX_CAPN_POINTER) {
        for (uint32_t i = 0; i < to.count; i++)
            copy_ref(nx_capn_list_slot(to, i), nx_capn_list_ref(from, i), trim);
        return;
    }

    uint64_t bits = (uint64_t)to.count * to.step_bits;
    if (bits > 0) {
        NX_CHECK(from.elements != NULL);
        memcpy(to.elements, from.elements, (size_t)((bits + 7) / 8));
    }
    if (bits % 8 != 0) /* the rest of the last byte is nobody's */
        to.elements[bits / 8] &= (uint8_t)((1u << bits % 8) - 1);
}

static void copy_ref(struct nx_capn_slot slot, struct nx_capn_ref from, bool trim)
{
    switch (nx_capn_ref_kind(from)) {
    case NX_CAPN_REF_NULL:
        nx_capn_clear(slot);
        return;
    case NX_CAPN_REF_STRUCT:
        copy_struct(slot, nx_capn_read_struct(from), trim);
        return;
    case NX_CAPN_REF_LIST:
        copy_list(slot, nx_capn_read_any_list(from), trim);
        return;
    case NX_CAPN_REF_CAPABILITY:
        nx_capn_message_fail(from.message, NX_E_UNSUPPORTED, "a capability cannot be copied");
        return;
    case NX_CAPN_REF_BROKEN:
        return;
    }
}

/* A failed source spoils the copy, whose builder says so. */
static void inherit_failure(struct nx_capn_builder *b, const struct nx_capn_message *m)
{
    if (m->status != NX_OK)
        nx_capn_builder_fail(b, m->status);
}

void nx_capn_copy(struct nx_capn_slot slot, struct nx_capn_ref from)
{
    copy_ref(slot, from, false);
    inherit_failure(slot.builder, from.message);
}

void nx_capn_copy_struct(struct nx_capn_slot slot, struct nx_capn_struct from)
{
    copy_struct(slot, from, false);
    inherit_failure(slot.builder, from.message);
}

void nx_capn_copy_list(struct nx_capn_slot slot, struct nx_capn_list from)
{
    copy_list(slot, from, false);
    inherit_failure(slot.builder, from.message);
}

/* ---- measuring ----------------------------------------------------------------------------- */

static uint64_t words_of_ref(struct nx_capn_ref from, bool trim);

static uint64_t words_of_pointers(struct nx_capn_struct s, bool trim)
{
    uint64_t words = 0;

    for (uint32_t i = 0; i < s.pointer_count; i++)
        words += words_of_ref(nx_capn_struct_ref(s, i), trim);
    return words;
}

static uint64_t words_of_struct(struct nx_capn_struct s, bool trim)
{
    struct size size = size_of(s, trim);

    return size.data_words + size.pointer_count + words_of_pointers(s, trim);
}

static uint64_t words_of_list(struct nx_capn_list list, bool trim)
{
    if (list.element != NX_CAPN_COMPOSITE && list.element != NX_CAPN_POINTER)
        return nx_capn_words_of_bits(list.count, list.step_bits);

    struct size size = size_of_elements(list, trim);
    uint64_t words =
        list.element == NX_CAPN_POINTER
            ? list.count
            : nx_capn_struct_list_words(list.count, size.data_words, size.pointer_count);
    for (uint32_t i = 0; i < list.count; i++) {
        words += list.element == NX_CAPN_POINTER
                     ? words_of_ref(nx_capn_list_ref(list, i), trim)
                     : words_of_pointers(nx_capn_list_struct(list, i), trim);
    }
    return words;
}

static uint64_t words_of_ref(struct nx_capn_ref from, bool trim)
{
    switch (nx_capn_ref_kind(from)) {
    case NX_CAPN_REF_STRUCT:
        return words_of_struct(nx_capn_read_struct(from), trim);
    case NX_CAPN_REF_LIST:
        return words_of_list(nx_capn_read_any_list(from), trim);
    case NX_CAPN_REF_CAPABILITY:
        nx_capn_message_fail(from.message, NX_E_UNSUPPORTED, "a capability cannot be copied");
        break;
    case NX_CAPN_REF_NULL:
    case NX_CAPN_REF_BROKEN:
        break;
    }
    return 0;
}

uint64_t nx_capn_copy_words(struct nx_capn_struct from)
{
    return words_of_struct(from, false);
}

uint64_t nx_capn_canonical_words(struct nx_capn_struct root)
{
    return 1 + words_of_struct(root, true);
}

/* NOLINTEND(misc-no-recursion) */

/* ---- canonical ----------------------------------------------------------------------------- */

enum nx_status nx_capn_canonicalize(struct nx_capn_builder *to, struct nx_capn_struct root)
{
    copy_struct(nx_capn_builder_root(to), root, true);
    inherit_failure(to, root.message);
    if (nx_capn_builder_spilled(to)) /* a second segment is not canonical */
        nx_capn_builder_fail(to, NX_E_NO_MEMORY);
    return to->status;
}
