/* Reader: a Cap'n Proto message where it lies, in bytes that may come from anybody.
 *
 *     struct nx_capn_segment table[4];
 *     struct nx_capn_message m;
 *     enum nx_status status = nx_capn_message_open(&m, &nx_capn_limits_default, in, table, 4);
 *     if (status != NX_OK)
 *         return status;
 *
 *     struct samgr_resolve_response_reader response = samgr_resolve_response_root(&m);
 *     bool found = samgr_resolve_response_get_found(response);
 *     uint32_t endpoint = samgr_resolve_response_get_endpoint(response);
 *     if (m.status != NX_OK)
 *         return m.status;
 *
 * A pointer is looked at when it is followed, never before. The message remembers the first thing
 * that was wrong in `status`, with a sentence in `why`, and from then on every pointer reads like
 * one that is not there; so a decoder reads all it wants and asks once. What it has read by then
 * is inside the message whatever the status is: lengths and positions can always be trusted,
 * values only after asking.
 *
 * Three bounds hold for one message. Words in all: at open. Depth: a pointer too deep is not
 * followed. Traversal: each pointer that is followed costs the words it leads to, at least one,
 * and an element without a size counts as a word; so the work that bytes can cause is bounded by
 * the limit, whatever they say (docs/capnp.md).
 *
 * Everything here borrows the bytes, the table and the message; nothing is copied or kept. */
#ifndef NX_CORE_CAPN_READER_H
#define NX_CORE_CAPN_READER_H

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/capn/frame.h"
#include "core/capn/wire.h"

struct nx_capn_limits {
    uint64_t words_max;           /* in all segments together */
    uint64_t traversal_words_max; /* charged while reading */
    uint32_t depth_max;           /* pointers from the root down; at most NX_CAPN_DEPTH_MAX */
    bool utf8;                    /* text that is not UTF-8 is malformed */
};

/* NX_CAPN_WORDS_MAX, NX_CAPN_TRAVERSAL_WORDS_MAX, NX_CAPN_DEPTH_DEFAULT of limits.h, UTF-8 asked for. */
extern const struct nx_capn_limits nx_capn_limits_default;

struct nx_capn_message {
    const struct nx_capn_segment *segments;
    uint32_t segment_count;
    uint32_t depth_max;
    uint64_t words_left; /* of the traversal limit */
    uint64_t words_to_read_max;
    bool utf8;
    enum nx_status status; /* NX_OK, or the first failure for good */
    const char *why;       /* a constant sentence beside it; NULL while NX_OK */
    uint64_t limit;        /* of NX_E_LIMIT: its value, and what was asked */
    uint64_t asked;
};

/* A pointer that has not been followed: a field, an element, the root. `at` is NULL for one that
 * is not there, which reads as a null pointer. */
struct nx_capn_ref {
    struct nx_capn_message *message;
    const struct nx_capn_segment *segment;
    const uint8_t *at;
    uint32_t depth; /* pointers that may still be followed below */
};

/* A struct. What lies beyond its sections reads as zero: an older sender had fewer fields. */
struct nx_capn_struct {
    struct nx_capn_message *message;
    const struct nx_capn_segment *segment;
    const uint8_t *data;
    const uint8_t *pointers;
    uint32_t data_len; /* bytes */
    uint32_t pointer_count;
    uint32_t depth;
};

/* A list, however its elements are encoded: a list of structs is also a list of their first
 * fields, and a list of numbers also one of structs that have only that field. */
struct nx_capn_list {
    struct nx_capn_message *message;
    const struct nx_capn_segment *segment;
    const uint8_t *elements;
    uint32_t count;
    uint32_t step_bits; /* from one element to the next */
    uint32_t data_len;  /* bytes of data in an element */
    uint32_t pointer_count;
    uint32_t depth;
    enum nx_capn_element element;
};

/* What a pointer leads to, from its word alone. */
enum nx_capn_ref_kind {
    NX_CAPN_REF_NULL,
    NX_CAPN_REF_STRUCT,
    NX_CAPN_REF_LIST,
    NX_CAPN_REF_CAPABILITY,
    NX_CAPN_REF_BROKEN, /* cannot be followed; the message's status says why */
};

/* ---- opening ------------------------------------------------------------------------------- */

/* Exactly one framed message in `in`. `table` lends room for `table_cap` segments, and is kept as
 * long as the message is read.
 * NX_OK; NX_E_MALFORMED: cut short, bytes after its end, or no root; NX_E_LIMIT: more segments or
 * words than allowed. The message carries the same status. */
NX_MUST_CHECK enum nx_status nx_capn_message_open(struct nx_capn_message *m,
                                                  const struct nx_capn_limits *limits,
                                                  struct nx_bytes in, struct nx_capn_segment *table,
                                                  uint32_t table_cap);

/* The same over segments that are already apart, from nx_capn_frame_decode, a builder or a
 * constant of a schema; no `ptr` is NULL. NX_OK; NX_E_MALFORMED: no root; NX_E_LIMIT: too many words. */
NX_MUST_CHECK enum nx_status nx_capn_message_over(struct nx_capn_message *m,
                                                  const struct nx_capn_limits *limits,
                                                  const struct nx_capn_segment *segments,
                                                  uint32_t segment_count);

/* The root of a constant that a schema brings, opened in `m`; it is our own and has no limits. */
struct nx_capn_ref nx_capn_constant(struct nx_capn_message *m,
                                    const struct nx_capn_segment *segment);

/* The sentence for a person: why, and for NX_E_LIMIT which limit, its value and what was asked. Empty
 * while NX_OK. */
void nx_capn_message_explain(const struct nx_capn_message *m, struct nx_why *why);

/* Note a failure that the schema's user found (a value that may not be). The first one stays. */
void nx_capn_message_fail(struct nx_capn_message *m, enum nx_status status, const char *why);
void nx_capn_message_fail_depth(struct nx_capn_message *m);

/* ---- pointers ------------------------------------------------------------------------------ */

struct nx_capn_ref nx_capn_root(struct nx_capn_message *m);

static inline struct nx_capn_ref nx_capn_struct_ref(struct nx_capn_struct s, uint32_t index)
{
    bool there = index < s.pointer_count;

    return (struct nx_capn_ref){s.message, s.segment,
                                there ? s.pointers + (size_t)index * NX_CAPN_WORD_LEN : NULL,
                                s.depth};
}

/* A member of a union: the struct when `value` is what the tag at `offset` says, else an empty one,
 * so that nobody reads one member's bits as another. */
static inline struct nx_capn_struct nx_capn_union_member(struct nx_capn_struct s, uint32_t offset,
                                                         uint16_t value)
{
    uint16_t tag = offset + 2 <= s.data_len ? nx_capn_load16(s.data + offset) : 0;

    return tag == value ? s : (struct nx_capn_struct){.message = s.message, .depth = s.depth};
}

/* In a list of structs the first pointer lies behind the data, not where the element begins. */
static inline struct nx_capn_ref nx_capn_list_ref(struct nx_capn_list list, uint32_t index)
{
    bool there = index < list.count && list.pointer_count > 0;
    const uint8_t *at =
        there ? list.elements + (size_t)index * (list.step_bits / 8) + list.data_len : NULL;

    return (struct nx_capn_ref){list.message, list.segment, at, list.depth};
}

static inline bool nx_capn_ref_is_null(struct nx_capn_ref ref)
{
    return ref.at == NULL || nx_capn_load64(ref.at) == 0;
}

/* The pointer, or when it is null the one that a constant of our own begins with. */
static inline struct nx_capn_ref nx_capn_ref_or(struct nx_capn_ref ref,
                                                const struct nx_capn_segment *value)
{
    if (!nx_capn_ref_is_null(ref))
        return ref;
    return (struct nx_capn_ref){ref.message, value, value == NULL ? NULL : value->ptr, ref.depth};
}

enum nx_capn_ref_kind nx_capn_ref_kind(struct nx_capn_ref ref);

/* What follows a pointer, below, with its parts in registers: a ref that is passed in memory takes
 * longer to write and read than to follow. NULL or false: null, or one that cannot be followed. */
bool nx_capn_follow_struct(struct nx_capn_message *m, const struct nx_capn_segment *segment,
                           const uint8_t *at, uint32_t depth, struct nx_capn_struct *out);
bool nx_capn_follow_list(struct nx_capn_message *m, const struct nx_capn_segment *segment,
                         const uint8_t *at, uint32_t depth, enum nx_capn_element element,
                         struct nx_capn_list *out);
struct nx_bytes nx_capn_follow_text(struct nx_capn_message *m,
                                    const struct nx_capn_segment *segment, const uint8_t *at);
struct nx_bytes nx_capn_follow_data(struct nx_capn_message *m,
                                    const struct nx_capn_segment *segment, const uint8_t *at);

/* Follow the pointer. Null, or one that cannot be followed: the empty struct, list or bytes. Each
 * costs traversal. */
static inline struct nx_capn_struct nx_capn_read_struct(struct nx_capn_ref ref)
{
    struct nx_capn_struct s;

    if (nx_capn_follow_struct(ref.message, ref.segment, ref.at, ref.depth, &s))
        return s;
    return (struct nx_capn_struct){
        .message = ref.message,
        .depth = ref.depth == 0 ? 0 : ref.depth - 1, /* for defaults of what is not there */
    };
}

/* `element` is what the schema says. Elements that are larger or structs are fine where the format
 * says so; too small ones are malformed. */
static inline struct nx_capn_list nx_capn_read_list(struct nx_capn_ref ref,
                                                    enum nx_capn_element element)
{
    struct nx_capn_list list;

    if (nx_capn_follow_list(ref.message, ref.segment, ref.at, ref.depth, element, &list))
        return list;
    return (struct nx_capn_list){.message = ref.message, .depth = ref.depth, .element = element};
}

/* A list as it is encoded, whatever its elements are; voids when it cannot be followed. */
static inline struct nx_capn_list nx_capn_read_any_list(struct nx_capn_ref ref)
{
    struct nx_capn_list list = nx_capn_read_list(ref, NX_CAPN_ANY_ELEMENT);

    if (list.element == NX_CAPN_ANY_ELEMENT)
        list.element = NX_CAPN_VOID;
    return list;
}

/* Text without its NUL, which is there behind the last byte. `value` stands for a pointer that is
 * null or cannot be followed. */
static inline struct nx_bytes nx_capn_read_text(struct nx_capn_ref ref, struct nx_bytes value)
{
    struct nx_bytes text = nx_capn_follow_text(ref.message, ref.segment, ref.at);

    return text.ptr != NULL ? text : value;
}

static inline struct nx_bytes nx_capn_read_data(struct nx_capn_ref ref, struct nx_bytes value)
{
    struct nx_bytes data = nx_capn_follow_data(ref.message, ref.segment, ref.at);

    return data.ptr != NULL ? data : value;
}

/* ---- elements; one behind the end reads as zero --------------------------------------------- */

/* A struct is one level below its list. */
static inline struct nx_capn_struct nx_capn_list_struct(struct nx_capn_list list, uint32_t index)
{
    if (index >= list.count || list.depth == 0) {
        if (index < list.count)
            nx_capn_message_fail_depth(list.message);
        return (struct nx_capn_struct){
            .message = list.message,
            .depth = list.depth == 0 ? 0 : list.depth - 1,
        };
    }

    const uint8_t *at = list.elements + (size_t)index * (list.step_bits / 8);
    return (struct nx_capn_struct){
        .message = list.message,
        .segment = list.segment,
        .data = at,
        .pointers = at + list.data_len,
        .data_len = list.data_len,
        .pointer_count = list.pointer_count,
        .depth = list.depth - 1,
    };
}

static inline const uint8_t *nx_capn_list_at(struct nx_capn_list list, uint32_t index, uint32_t len)
{
    if (index >= list.count || len > list.data_len)
        return NULL;
    return list.elements + (size_t)index * (list.step_bits / 8);
}

/* Bits lie side by side, also in a list of larger elements: the reference reads it so. */
static inline bool nx_capn_list_bool(struct nx_capn_list list, uint32_t index)
{
    return index < list.count && list.step_bits != 0 && (list.elements[index / 8] >> index % 8 & 1);
}

static inline uint8_t nx_capn_list_u8(struct nx_capn_list list, uint32_t index)
{
    const uint8_t *at = nx_capn_list_at(list, index, 1);

    return at == NULL ? 0 : *at;
}

static inline uint16_t nx_capn_list_u16(struct nx_capn_list list, uint32_t index)
{
    const uint8_t *at = nx_capn_list_at(list, index, 2);

    return at == NULL ? 0 : nx_capn_load16(at);
}

static inline uint32_t nx_capn_list_u32(struct nx_capn_list list, uint32_t index)
{
    const uint8_t *at = nx_capn_list_at(list, index, 4);

    return at == NULL ? 0 : nx_capn_load32(at);
}

static inline uint64_t nx_capn_list_u64(struct nx_capn_list list, uint32_t index)
{
    const uint8_t *at = nx_capn_list_at(list, index, 8);

    return at == NULL ? 0 : nx_capn_load64(at);
}

static inline struct nx_bytes nx_capn_list_text(struct nx_capn_list list, uint32_t index)
{
    return nx_capn_read_text(nx_capn_list_ref(list, index), nx_bytes_of("", 0));
}

static inline struct nx_bytes nx_capn_list_data(struct nx_capn_list list, uint32_t index)
{
    return nx_capn_read_data(nx_capn_list_ref(list, index), nx_bytes_of(NULL, 0));
}

/* A list of lists: the list at `index`, whose elements are `element`. */
static inline struct nx_capn_list nx_capn_list_list(struct nx_capn_list list, uint32_t index,
                                                    enum nx_capn_element element)
{
    return nx_capn_read_list(nx_capn_list_ref(list, index), element);
}

/* ---- fields, for generated accessors: byte or bit offsets into the data section ---------------- */

static inline bool nx_capn_get_bool(struct nx_capn_struct s, uint32_t bit)
{
    return bit / 8 < s.data_len && (s.data[bit / 8] >> bit % 8 & 1);
}

static inline uint8_t nx_capn_get_u8(struct nx_capn_struct s, uint32_t offset)
{
    return offset < s.data_len ? s.data[offset] : 0;
}

static inline uint16_t nx_capn_get_u16(struct nx_capn_struct s, uint32_t offset)
{
    return offset + 2 <= s.data_len ? nx_capn_load16(s.data + offset) : 0;
}

static inline uint32_t nx_capn_get_u32(struct nx_capn_struct s, uint32_t offset)
{
    return offset + 4 <= s.data_len ? nx_capn_load32(s.data + offset) : 0;
}

static inline uint64_t nx_capn_get_u64(struct nx_capn_struct s, uint32_t offset)
{
    return offset + 8 <= s.data_len ? nx_capn_load64(s.data + offset) : 0;
}

#endif
