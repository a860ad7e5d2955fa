/* Any bytes as a message, read through generated accessors, copied, and brought into canonical form;
 * beside the C++ library of the distribution where that is installed (fuzz/capn_reference.c++).
 *
 * The first byte chooses a type of schemas/test/zoo.capnp, and whether the rest is packed. What must
 * hold:
 *
 *   - nothing is read outside of the message, no work goes past the limits (the sanitizers' part)
 *   - what we accept the library accepts, with the same values and the same canonical bytes
 *   - what the library accepts we accept, but for what is in `stricter`
 *   - the canonical form has the same values, is its own canonical form, and had its size known
 *   - what packs, unpacks to the same */
#include "core/capn/copy.h"
#include "core/capn/packed.h"
#include "fuzz/capn_reference.h"
#include "fuzz/fuzz.h"
#include "tests/capn/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX   (1u << 15)
#define SEGMENT_MAX 511u /* the library takes fewer than 512 */

extern const struct walk_schema walk_zoo;

/* The library's nesting limit is 64 as well; its traversal limit is far above ours. */
static const struct nx_capn_limits limits = {
    .words_max = WORDS_MAX, .traversal_words_max = WORDS_MAX, .depth_max = 64, .utf8 = false};

/* What is malformed here and not looked at there: that a double far pointer's pad begins with a far
 * pointer, and the highest of the 30 bits in which a tag counts its elements. The library masks that
 * bit away, as no list has 2^29 elements, and reads the list of as many as the others say. */
static const char *const stricter[] = {
    "the pad of a double far pointer does not begin with a far pointer",
    "a list of structs has more elements than a list can have",
};

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/* ---- our side -------------------------------------------------------------------------------- */

struct result {
    enum nx_status status;
    const char *why;
    char *text;
    size_t text_len;
};

static struct result print(const struct walk_type *type, struct nx_capn_message *m)
{
    struct result result = {0};
    FILE *out = open_memstream(&result.text, &result.text_len);

    need(out != NULL, "out of memory");
    type->print(out, m);
    fclose(out);
    result.status = m->status;
    result.why = m->why;
    return result;
}

/* The canonical message; NULL when the source does not allow one. */
static uint8_t *canonicalize(struct nx_capn_message *m, size_t *len)
{
    struct nx_capn_struct root = nx_capn_read_struct(nx_capn_root(m));
    uint64_t words = nx_capn_canonical_words(root);

    if (m->status != NX_OK)
        return NULL;
    need(words <= WORDS_MAX, "a canonical form larger than what may be read");

    struct nx_capn_room room = {.ptr = malloc((size_t)words * 8), .word_cap = (uint32_t)words};
    struct nx_capn_builder b;
    need(room.ptr != NULL, "out of memory");
    nx_capn_builder_init(&b, &room, 1);
    m->words_left = WORDS_MAX;
    need(nx_capn_canonicalize(&b, root) == NX_OK, "what was measured cannot be copied");
    need(room.word_count == words, "the size was not known before writing");
    *len = (size_t)words * 8;
    return room.ptr;
}

/* A copy of whatever there is, without measuring first, into segments that are too small for much:
 * it ends with a status. */
static void check_copy(struct nx_capn_message *m)
{
    static uint8_t memory[3][64 * 8];
    struct nx_capn_room rooms[] = {{.ptr = memory[0], .word_cap = 8},
                                   {.ptr = memory[1], .word_cap = 32},
                                   {.ptr = memory[2], .word_cap = 64}};
    struct nx_capn_builder b;

    nx_capn_builder_init(&b, rooms, NX_COUNT_OF(rooms));
    nx_capn_copy(nx_capn_builder_root(&b), nx_capn_root(m));
    need(b.status != NX_OK || m->status == NX_OK, "the copy of what cannot be read is good");
}

/* ---- properties ------------------------------------------------------------------------------ */

static void check_packing(struct nx_bytes words)
{
    struct nx_writer packed = nx_writer_over(malloc(nx_capn_packed_len_max(words.len / 8) + 1),
                                             nx_capn_packed_len_max(words.len / 8));
    struct nx_writer back = nx_writer_over(malloc(words.len + 1), words.len);

    need(packed.ptr != NULL && back.ptr != NULL, "out of memory");
    need(nx_capn_pack(words, &packed) == NX_OK, "packed, words are longer than they can be");
    need(nx_capn_unpack(nx_writer_bytes(&packed), &back) == NX_OK &&
             nx_bytes_equal(nx_writer_bytes(&back), words),
         "packed words do not come back");
    free(packed.ptr);
    free(back.ptr);
}

static void check_canonical(const struct walk_type *type, const uint8_t *words, size_t len)
{
    struct nx_capn_segment segment = {words, (uint32_t)(len / 8)};
    struct nx_capn_message m;
    size_t again_len = 0;

    need(nx_capn_message_over(&m, &limits, &segment, 1) == NX_OK, "a canonical form without root");
    uint8_t *again = canonicalize(&m, &again_len);
    need(again != NULL && again_len == len && memcmp(again, words, len) == 0,
         "a canonical form is not its own");
    free(again);

    need(nx_capn_message_over(&m, &limits, &segment, 1) == NX_OK, "a canonical form without root");
    free(print(type, &m).text);
}

static bool is_stricter(const char *why)
{
    for (size_t i = 0; i < NX_COUNT_OF(stricter); i++) {
        if (strcmp(why, stricter[i]) == 0)
            return true;
    }
    return false;
}

/* Is there something to compare with? The library's limits are far above ours, and it copies
 * capabilities. Where we are the stricter side it is not asked either: it reads on, and its own
 * limits let a small message hold it up for minutes. */
static bool is_comparable(enum nx_status status, const char *why)
{
    return status == NX_OK || (status == NX_E_MALFORMED && !is_stricter(why));
}

static void show_difference(const char *ours, size_t ours_len, const char *theirs,
                            size_t theirs_len)
{
    size_t at = 0;

    while (at < ours_len && at < theirs_len && ours[at] == theirs[at])
        at++;
    size_t from = at < 100 ? 0 : at - 100;
    fprintf(stderr, "at byte %zu of %zu and %zu:\nours   %.200s\ntheirs %.200s\n", at, ours_len,
            theirs_len, ours + from, theirs + from);
}

static void compare(const struct result *ours, enum reference_answer answer, const char *text,
                    size_t text_len)
{
    if (answer == REFERENCE_ABSENT)
        return;
    if (ours->status == NX_OK) {
        if (answer == REFERENCE_REFUSED)
            fprintf(stderr, "%.*s\n", (int)text_len, text);
        need(answer == REFERENCE_ACCEPTED, "the library refuses what we accept");
        if (text_len != ours->text_len || memcmp(text, ours->text, text_len) != 0) {
            show_difference(ours->text, ours->text_len, text, text_len);
            need(false, "the library reads something else");
        }
    } else if (answer == REFERENCE_ACCEPTED) {
        fprintf(stderr, "%s\n", ours->why);
        need(false, "the library accepts what we refuse");
    }
}

static void check_message(unsigned type_index, struct nx_bytes in)
{
    const struct walk_type *type = &walk_zoo.types[type_index];
    struct nx_capn_segment table[SEGMENT_MAX];
    struct nx_capn_message m;
    struct reference_text theirs = {0};
    uint32_t count = 0;
    size_t used = 0;
    size_t len = 0;

    if (nx_capn_frame_decode(in, WORDS_MAX, table, SEGMENT_MAX, &count, &used) != NX_OK)
        return;

    enum nx_status opened = nx_capn_message_over(&m, &limits, table, count);
    struct result ours = print(type, &m);
    need(opened == NX_OK || ours.status == opened, "a message that did not open reads");
    enum reference_answer answer = REFERENCE_ABSENT;
    if (is_comparable(ours.status, ours.why))
        answer = reference_print(type->name, in.ptr, used, &theirs);
    compare(&ours, answer, theirs.text, theirs.len);
    free(ours.text);
    reference_free(&theirs);

    if (nx_capn_message_over(&m, &limits, table, count) != NX_OK)
        return;
    check_copy(&m);
    need(nx_capn_message_over(&m, &limits, table, count) == NX_OK, "it opened before");
    uint8_t *canonical = canonicalize(&m, &len);
    struct result copied = {
        .status = m.status, .why = m.why, .text = (char *)canonical, .text_len = len};
    answer = REFERENCE_ABSENT;
    if (is_comparable(m.status, m.why))
        answer = reference_canonicalize(in.ptr, used, &theirs);
    compare(&copied, answer, theirs.text, theirs.len);
    reference_free(&theirs);
    if (canonical != NULL) {
        check_canonical(type, canonical, len);
        check_packing(nx_bytes_of(canonical, len));
    }
    free(canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;

    unsigned type_index = (data[0] & 0x7fu) % (unsigned)walk_zoo.type_count;
    struct nx_bytes in = nx_bytes_of(data + 1, size - 1);
    uint8_t *words = NULL;
    size_t words_len = in.len;

    if ((data[0] & 0x80) != 0 && nx_capn_unpacked_len(in, WORDS_MAX * 8, &words_len) != NX_OK)
        return 0;
    /* A place of its own, so that a byte behind it is seen. */
    words = malloc(words_len == 0 ? 1 : words_len);
    need(words != NULL, "out of memory");
    if ((data[0] & 0x80) != 0) {
        struct nx_writer out = nx_writer_over(words, words_len);

        need(nx_capn_unpack(in, &out) == NX_OK && out.len == words_len,
             "unpacking changed its mind");
    } else if (in.len > 0) {
        memcpy(words, in.ptr, in.len);
    }
    check_message(type_index, nx_bytes_of(words, words_len));
    free(words);
    return 0;
}
