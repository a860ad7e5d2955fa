#include "core/capn/packed.h"

#include "core/base/memory.h"
#include "core/capn/wire.h"

#define RUN_MAX 255u /* what a count byte holds */

static uint32_t zero_bytes(const uint8_t *word)
{
    uint32_t count = 0;

    for (size_t i = 0; i < NX_CAPN_WORD_LEN; i++)
        count += word[i] == 0;
    return count;
}

/* How many of the words at the front, at most RUN_MAX, have between `min` and `max` zero bytes. */
static uint32_t run_of(struct nx_bytes words, uint32_t min, uint32_t max)
{
    uint32_t run = 0;

    while (run < RUN_MAX && (size_t)(run + 1) * NX_CAPN_WORD_LEN <= words.len) {
        uint32_t zeros = zero_bytes(words.ptr + (size_t)run * NX_CAPN_WORD_LEN);

        if (zeros < min || zeros > max)
            break;
        run++;
    }
    return run;
}

static void pack_word(const uint8_t *word, struct nx_writer *out)
{
    uint8_t bytes[1 + NX_CAPN_WORD_LEN] = {0};
    size_t len = 1;

    for (size_t i = 0; i < NX_CAPN_WORD_LEN; i++) {
        if (word[i] == 0)
            continue;
        bytes[0] |= (uint8_t)(1u << i);
        bytes[len++] = word[i];
    }
    nx_write_bytes(out, nx_bytes_of(bytes, len));
}

enum nx_status nx_capn_pack(struct nx_bytes words, struct nx_writer *out)
{
    size_t len_before = out->len;

    if (words.len % NX_CAPN_WORD_LEN != 0)
        return NX_E_INVALID;
    if (out->overflow)
        return NX_E_NO_SPACE;
    while (words.len > 0) {
        uint32_t zeros = zero_bytes(words.ptr);

        pack_word(words.ptr, out);
        words = nx_bytes_skip(words, NX_CAPN_WORD_LEN);
        if (zeros == NX_CAPN_WORD_LEN) {
            uint32_t run = run_of(words, NX_CAPN_WORD_LEN, NX_CAPN_WORD_LEN);

            nx_write_u8(out, (uint8_t)run);
            words = nx_bytes_skip(words, (size_t)run * NX_CAPN_WORD_LEN);
        } else if (zeros == 0) {
            /* As they are, while packing would not make them shorter: the reference's rule. */
            uint32_t run = run_of(words, 0, 1);
            size_t len = (size_t)run * NX_CAPN_WORD_LEN;

            nx_write_u8(out, (uint8_t)run);
            nx_write_bytes(out, nx_bytes_of(words.ptr, len));
            words = nx_bytes_skip(words, len);
        }
    }
    if (out->overflow) {
        out->overflow = false;
        out->len = len_before;
        return NX_E_NO_SPACE;
    }
    return NX_OK;
}

/* One tag with what belongs to it: a word, and how many zero or plain words follow it. */
struct token {
    uint8_t tag;
    struct nx_bytes bytes; /* the word's bytes that are not zero */
    uint8_t run;
    struct nx_bytes plain; /* the run's words for tag ff; empty for tag 00 */
};

static bool next_token(struct nx_reader *r, struct token *t)
{
    size_t count = 0;

    *t = (struct token){.tag = nx_read_u8(r)};
    for (uint32_t tag = t->tag; tag != 0; tag >>= 1)
        count += tag & 1;
    t->bytes = nx_read_bytes(r, count);
    if (t->tag == 0x00 || t->tag == 0xff)
        t->run = nx_read_u8(r);
    if (t->tag == 0xff)
        t->plain = nx_read_bytes(r, (size_t)t->run * NX_CAPN_WORD_LEN);
    return !r->short_read;
}

static size_t token_len(const struct token *t)
{
    return (1 + (size_t)t->run) * NX_CAPN_WORD_LEN;
}

enum nx_status nx_capn_unpacked_len(struct nx_bytes packed, size_t len_max, size_t *len)
{
    struct nx_reader r = nx_reader_over(packed);
    size_t total = 0;

    while (r.rest.len > 0) {
        struct token t;

        if (!next_token(&r, &t))
            return NX_E_MALFORMED;
        if (token_len(&t) > len_max - total)
            return NX_E_LIMIT;
        total += token_len(&t);
    }
    *len = total;
    return NX_OK;
}

enum nx_status nx_capn_unpack(struct nx_bytes packed, struct nx_writer *out)
{
    size_t len = 0;
    enum nx_status status = nx_capn_unpacked_len(packed, nx_writer_room(out), &len);

    if (status != NX_OK)
        return status == NX_E_LIMIT ? NX_E_NO_SPACE : status;

    struct nx_reader r = nx_reader_over(packed);
    struct token t;
    while (r.rest.len > 0) {
        bool whole = next_token(&r, &t); /* it was, when it was measured */
        uint8_t *word = nx_write_space(out, token_len(&t));
        size_t next = 0;

        NX_CHECK(whole && word != NULL);
        memset(word, 0, token_len(&t));
        for (size_t i = 0; i < NX_CAPN_WORD_LEN; i++) {
            if ((t.tag >> i & 1) == 0)
                continue;
            NX_CHECK(next < t.bytes.len);
            word[i] = t.bytes.ptr[next++];
        }
        if (t.plain.len > 0)
            memcpy(word + NX_CAPN_WORD_LEN, t.plain.ptr, t.plain.len);
    }
    return NX_OK;
}
