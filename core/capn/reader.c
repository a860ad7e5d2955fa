#include "core/capn/reader.h"

#include "core/base/limits.h"
#include "core/base/text.h"

const struct nx_capn_limits nx_capn_limits_default = {
    .words_max = NX_CAPN_WORDS_MAX,
    .traversal_words_max = NX_CAPN_TRAVERSAL_WORDS_MAX,
    .depth_max = NX_CAPN_DEPTH_DEFAULT,
    .utf8 = true,
};

void nx_capn_message_fail(struct nx_capn_message *m, enum nx_status status, const char *why)
{
    if (m->status != NX_OK)
        return;
    m->status = status;
    m->why = why;
}

static void fail_limit(struct nx_capn_message *m, const char *what, uint64_t limit, uint64_t asked)
{
    if (m->status != NX_OK)
        return;
    nx_capn_message_fail(m, NX_E_LIMIT, what);
    m->limit = limit;
    m->asked = asked;
}

void nx_capn_message_fail_depth(struct nx_capn_message *m)
{
    fail_limit(m, "pointers one below another", m->depth_max, (uint64_t)m->depth_max + 1);
}

void nx_capn_message_explain(const struct nx_capn_message *m, struct nx_why *why)
{
    if (m->status == NX_E_LIMIT)
        nx_why_limit(why, m->why, m->limit, m->asked);
    else
        nx_why_set(why, m->why == NULL ? "" : m->why);
}

static bool malformed(struct nx_capn_message *m, const char *why)
{
    nx_capn_message_fail(m, NX_E_MALFORMED, why);
    return false;
}

static bool charge(struct nx_capn_message *m, uint64_t words)
{
    uint64_t cost = words == 0 ? 1 : words;

    if (cost > m->words_left) {
        fail_limit(m, "words to read of one message", m->words_to_read_max,
                   m->words_to_read_max - m->words_left + cost);
        m->words_left = 0;
        return false;
    }
    m->words_left -= cost;
    return true;
}

/* ---- opening ------------------------------------------------------------------------------- */

enum nx_status nx_capn_message_over(struct nx_capn_message *m, const struct nx_capn_limits *limits,
                                    const struct nx_capn_segment *segments, uint32_t segment_count)
{
    NX_CHECK(limits->depth_max <= NX_CAPN_DEPTH_MAX);
    *m = (struct nx_capn_message){
        .segments = segments,
        .segment_count = segment_count,
        .depth_max = limits->depth_max,
        .words_left = limits->traversal_words_max,
        .words_to_read_max = limits->traversal_words_max,
        .utf8 = limits->utf8,
    };

    uint64_t words = 0;
    for (uint32_t i = 0; i < segment_count; i++) {
        NX_CHECK(segments[i].ptr != NULL);
        words += segments[i].word_count;
    }
    if (words > limits->words_max)
        fail_limit(m, "words of a message", limits->words_max, words);
    else if (segment_count == 0 || segments[0].word_count == 0)
        malformed(m, "a message without a root");
    return m->status;
}

/* Which of the frame's two limits it was, from its head alone: segments, or words in all of them. */
static void fail_frame(struct nx_capn_message *m, const struct nx_capn_limits *limits,
                       struct nx_bytes in, uint32_t table_cap)
{
    struct nx_reader r = nx_reader_over(in);
    uint64_t segment_count = (uint64_t)nx_read_u32le(&r) + 1;
    uint64_t words = 0;

    if (segment_count > table_cap) {
        fail_limit(m, "segments of a message", table_cap, segment_count);
        return;
    }
    for (uint64_t i = 0; i < segment_count; i++)
        words += nx_read_u32le(&r);
    fail_limit(m, "words of a message", limits->words_max, words);
}

enum nx_status nx_capn_message_open(struct nx_capn_message *m, const struct nx_capn_limits *limits,
                                    struct nx_bytes in, struct nx_capn_segment *table,
                                    uint32_t table_cap)
{
    uint32_t segment_count = 0;
    size_t used = 0;
    enum nx_status status =
        nx_capn_frame_decode(in, limits->words_max, table, table_cap, &segment_count, &used);

    *m = (struct nx_capn_message){0};
    if (status == NX_E_LIMIT)
        fail_frame(m, limits, in, table_cap);
    else if (status == NX_WOULD_BLOCK)
        malformed(m, "the message is cut short");
    else if (used != in.len)
        malformed(m, "there are bytes behind the message");
    else
        return nx_capn_message_over(m, limits, table, segment_count);
    return m->status;
}

/* ---- following ----------------------------------------------------------------------------- */

/* Where a pointer leads: an object's description, and the word at which it begins. */
struct target {
    const struct nx_capn_segment *segment;
    uint64_t word;  /* a struct or list pointer; its offset has been used up */
    uint32_t start; /* within the segment, its end included */
};

static const uint8_t *word_at(const struct nx_capn_segment *segment, uint32_t index)
{
    return segment->ptr + (size_t)index * NX_CAPN_WORD_LEN;
}

/* What leads out of a segment leads to its end, where only an object without words can be: the
 * reference implementation reads it so. */
static uint32_t start_at(const struct nx_capn_segment *segment, int64_t start)
{
    return start < 0 || start > segment->word_count ? segment->word_count : (uint32_t)start;
}

static void follow_near(const struct nx_capn_segment *segment, uint32_t index, struct target *t)
{
    uint64_t word = nx_capn_load64(word_at(segment, index));
    int64_t start = (int64_t)index + 1 + nx_capn_word_offset(word);

    *t = (struct target){segment, word, start_at(segment, start)};
}

/* The pad of a far pointer: one word that is the pointer itself, seen from over there, or two: a
 * far pointer to the object, and its tag. There is no third step, so no loop. */
static bool follow_far(struct nx_capn_message *m, uint64_t far, struct target *t)
{
    uint32_t pad_words = nx_capn_word_is_double_far(far) ? 2 : 1;
    uint32_t pad = nx_capn_word_far_index(far);

    if (nx_capn_word_far_segment(far) >= m->segment_count)
        return malformed(m, "a far pointer leads to a segment that is not there");

    const struct nx_capn_segment *segment = &m->segments[nx_capn_word_far_segment(far)];
    if ((uint64_t)pad + pad_words > segment->word_count)
        return malformed(m, "a far pointer's pad is outside of its segment");
    if (!charge(m, pad_words))
        return false;
    if (pad_words == 1) {
        follow_near(segment, pad, t);
        return true;
    }

    uint64_t second = nx_capn_load64(word_at(segment, pad));
    uint64_t tag = nx_capn_load64(word_at(segment, pad + 1));
    if (nx_capn_word_kind(second) != NX_CAPN_POINTER_FAR || nx_capn_word_is_double_far(second))
        return malformed(m, "the pad of a double far pointer does not begin with a far pointer");
    if (nx_capn_word_far_segment(second) >= m->segment_count)
        return malformed(m, "a far pointer leads to a segment that is not there");

    const struct nx_capn_segment *home = &m->segments[nx_capn_word_far_segment(second)];
    *t = (struct target){home, tag, start_at(home, nx_capn_word_far_index(second))};
    return true;
}

static bool is_null(const uint8_t *at)
{
    return at == NULL || nx_capn_load64(at) == 0;
}

static bool follow(struct nx_capn_message *m, const struct nx_capn_segment *segment,
                   const uint8_t *at, struct target *t)
{
    if (m->status != NX_OK)
        return false;

    uint64_t word = nx_capn_load64(at);
    if (nx_capn_word_kind(word) == NX_CAPN_POINTER_FAR)
        return follow_far(m, word, t);
    follow_near(segment, (uint32_t)((size_t)(at - segment->ptr) / NX_CAPN_WORD_LEN), t);
    return true;
}

/* The object's words are there and paid for; its first byte, or NULL. */
static const uint8_t *take(struct nx_capn_message *m, const struct target *t, uint64_t words)
{
    if (words > t->segment->word_count - t->start) {
        malformed(m, "an object runs past the end of its segment");
        return NULL;
    }
    return charge(m, words) ? word_at(t->segment, t->start) : NULL;
}

static bool may_descend(struct nx_capn_message *m, uint32_t depth)
{
    if (depth == 0)
        nx_capn_message_fail_depth(m);
    return depth > 0;
}

struct nx_capn_ref nx_capn_root(struct nx_capn_message *m)
{
    bool there = m->status == NX_OK;

    return (struct nx_capn_ref){m, m->segments, there ? m->segments[0].ptr : NULL, m->depth_max};
}

struct nx_capn_ref nx_capn_constant(struct nx_capn_message *m,
                                    const struct nx_capn_segment *segment)
{
    *m = (struct nx_capn_message){
        .segments = segment,
        .segment_count = 1,
        .depth_max = NX_CAPN_DEPTH_MAX,
        .words_left = UINT64_MAX,
    };
    return nx_capn_root(m);
}

enum nx_capn_ref_kind nx_capn_ref_kind(struct nx_capn_ref ref)
{
    struct target t;

    if (nx_capn_ref_is_null(ref))
        return NX_CAPN_REF_NULL;
    if ((uint32_t)nx_capn_load64(ref.at) == NX_CAPN_POINTER_OTHER)
        return NX_CAPN_REF_CAPABILITY;
    if (!follow(ref.message, ref.segment, ref.at, &t))
        return NX_CAPN_REF_BROKEN;
    if (nx_capn_word_kind(t.word) == NX_CAPN_POINTER_STRUCT)
        return NX_CAPN_REF_STRUCT;
    if (nx_capn_word_kind(t.word) == NX_CAPN_POINTER_LIST)
        return NX_CAPN_REF_LIST;
    malformed(ref.message, "a pointer that is of no kind, or leads far to no object");
    return NX_CAPN_REF_BROKEN;
}

/* ---- structs ------------------------------------------------------------------------------- */

bool nx_capn_follow_struct(struct nx_capn_message *m, const struct nx_capn_segment *segment,
                           const uint8_t *at, uint32_t depth, struct nx_capn_struct *out)
{
    struct target t;

    if (is_null(at) || !may_descend(m, depth) || !follow(m, segment, at, &t))
        return false;
    if (nx_capn_word_kind(t.word) != NX_CAPN_POINTER_STRUCT)
        return malformed(m, "a pointer does not lead to a struct");

    uint32_t data_words = nx_capn_word_data_words(t.word);
    uint32_t pointer_count = nx_capn_word_pointer_count(t.word);
    const uint8_t *data = take(m, &t, (uint64_t)data_words + pointer_count);
    if (data == NULL)
        return false;

    *out = (struct nx_capn_struct){
        .message = m,
        .segment = t.segment,
        .data = data,
        .pointers = data + (size_t)data_words * NX_CAPN_WORD_LEN,
        .data_len = data_words * NX_CAPN_WORD_LEN,
        .pointer_count = pointer_count,
        .depth = depth - 1,
    };
    return true;
}

/* ---- lists --------------------------------------------------------------------------------- */

/* What the schema expects against what the elements have. The rules are those of the reference
 * implementation: data may be longer than expected, a bit is a bit. */
static bool element_fits(const struct nx_capn_list *list, enum nx_capn_element expected)
{
    if (expected == NX_CAPN_ANY_ELEMENT || expected == list->element)
        return true;
    if (expected == NX_CAPN_VOID)
        return list->element != NX_CAPN_BIT;
    if (expected == NX_CAPN_BIT)
        return list->element != NX_CAPN_COMPOSITE && list->step_bits != 0 &&
               list->element != NX_CAPN_POINTER;
    if (expected == NX_CAPN_COMPOSITE)
        return list->element != NX_CAPN_BIT;
    if (expected == NX_CAPN_POINTER)
        return list->pointer_count > 0;
    return list->data_len * 8 >= nx_capn_element_bits(expected);
}

static bool follow_composite(struct nx_capn_message *m, const struct target *t,
                             struct nx_capn_list *list)
{
    uint32_t words = nx_capn_word_list_count(t->word);
    const uint8_t *at = take(m, t, (uint64_t)words + 1);
    if (at == NULL)
        return false;

    uint64_t tag = nx_capn_load64(at);
    if (nx_capn_word_kind(tag) != NX_CAPN_POINTER_STRUCT)
        return malformed(m, "a list of structs does not begin with their size");

    uint32_t data_words = nx_capn_word_data_words(tag);
    uint32_t step_words = data_words + nx_capn_word_pointer_count(tag);
    list->count = nx_capn_tag_count(tag);
    if (list->count > NX_CAPN_LIST_COUNT_MAX)
        return malformed(m, "a list of structs has more elements than a list can have");
    if ((uint64_t)list->count * step_words > words)
        return malformed(m, "a list of structs has more elements than words");
    if (step_words == 0 && list->count > 0 && !charge(m, list->count))
        return false;

    list->elements = at + NX_CAPN_WORD_LEN;
    list->step_bits = step_words * 64;
    list->data_len = data_words * NX_CAPN_WORD_LEN;
    list->pointer_count = nx_capn_word_pointer_count(tag);
    return true;
}

static bool follow_simple(struct nx_capn_message *m, const struct target *t,
                          struct nx_capn_list *list)
{
    list->count = nx_capn_word_list_count(t->word);
    list->pointer_count = list->element == NX_CAPN_POINTER;
    list->step_bits = list->element == NX_CAPN_POINTER ? 64 : nx_capn_element_bits(list->element);
    list->data_len = nx_capn_element_bits(list->element) / 8;
    list->elements = take(m, t, nx_capn_words_of_bits(list->count, list->step_bits));
    if (list->elements == NULL)
        return false;
    return list->step_bits != 0 || list->count == 0 || charge(m, list->count);
}

bool nx_capn_follow_list(struct nx_capn_message *m, const struct nx_capn_segment *segment,
                         const uint8_t *at, uint32_t depth, enum nx_capn_element element,
                         struct nx_capn_list *out)
{
    struct target t;

    if (is_null(at) || !may_descend(m, depth) || !follow(m, segment, at, &t))
        return false;
    if (nx_capn_word_kind(t.word) != NX_CAPN_POINTER_LIST)
        return malformed(m, "a pointer does not lead to a list");

    struct nx_capn_list list = {
        .message = m,
        .segment = t.segment,
        .depth = depth - 1,
        .element = nx_capn_word_element(t.word),
    };
    bool good = list.element == NX_CAPN_COMPOSITE ? follow_composite(m, &t, &list)
                                                  : follow_simple(m, &t, &list);
    if (!good)
        return false;
    if (!element_fits(&list, element))
        return malformed(m, "a list's elements are not what the schema expects");
    *out = list;
    return true;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static bool follow_bytes(struct nx_capn_message *m, const struct nx_capn_segment *segment,
                         const uint8_t *at, struct nx_bytes *out)
{
    struct target t;

    if (is_null(at) || !follow(m, segment, at, &t))
        return false;
    if (nx_capn_word_kind(t.word) != NX_CAPN_POINTER_LIST ||
        nx_capn_word_element(t.word) != NX_CAPN_BYTE)
        return malformed(m, "a pointer does not lead to bytes");

    uint32_t len = nx_capn_word_list_count(t.word);
    const uint8_t *bytes = take(m, &t, nx_capn_words_of_bits(len, 8));
    if (bytes == NULL)
        return false;
    *out = nx_bytes_of(bytes, len);
    return true;
}

struct nx_bytes nx_capn_follow_data(struct nx_capn_message *m,
                                    const struct nx_capn_segment *segment, const uint8_t *at)
{
    struct nx_bytes data = nx_bytes_of(NULL, 0);

    follow_bytes(m, segment, at, &data);
    return data;
}

/* Most texts are ASCII, which is UTF-8 without a look at each character. */
static bool is_utf8(struct nx_bytes text)
{
    size_t ascii_len = 0;

    while (text.len - ascii_len >= 8 &&
           (nx_capn_load64(text.ptr + ascii_len) & 0x8080808080808080u) == 0)
        ascii_len += 8;
    while (ascii_len < text.len && text.ptr[ascii_len] < 0x80)
        ascii_len++;
    return nx_utf8_is_valid(nx_bytes_skip(text, ascii_len));
}

struct nx_bytes nx_capn_follow_text(struct nx_capn_message *m,
                                    const struct nx_capn_segment *segment, const uint8_t *at)
{
    struct nx_bytes text;

    if (!follow_bytes(m, segment, at, &text))
        return nx_bytes_of(NULL, 0);
    if (text.len == 0 || text.ptr[text.len - 1] != 0) {
        malformed(m, "a text does not end in NUL");
        return nx_bytes_of(NULL, 0);
    }
    text.len--;
    if (m->utf8 && !is_utf8(text)) {
        malformed(m, "a text is not UTF-8");
        return nx_bytes_of(NULL, 0);
    }
    return text;
}
