/* Bytes: borrowed spans, and cursors that read and write them without ever leaving them.
 *
 * Both cursors are total. A reader that runs out remembers it in `short_read` and gives zeros from
 * then on; a writer that runs out remembers it in `overflow` and writes nothing further. A decoder
 * reads a whole head and asks once. */
#ifndef NX_CORE_BASE_BYTES_H
#define NX_CORE_BASE_BYTES_H

#include "core/base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `len` bytes at `ptr`, which belong to somebody else. {NULL, 0} is the empty span. */
struct nx_bytes {
    const uint8_t *ptr;
    size_t len;
};

static inline struct nx_bytes nx_bytes_of(const void *ptr, size_t len)
{
    return (struct nx_bytes){(const uint8_t *)ptr, len};
}

/* The characters of a terminated string, without its end. */
struct nx_bytes nx_bytes_of_text(const char *text);

/* Same length and same content. Not for secrets: it takes as long as the common part. */
bool nx_bytes_equal(struct nx_bytes a, struct nx_bytes b);

/* Below, at or above zero as `a` sorts before, with or after `b`: by bytes, the shorter first. */
int nx_bytes_compare(struct nx_bytes a, struct nx_bytes b);

/* Without the first `count` bytes; `count` may not exceed the length. */
static inline struct nx_bytes nx_bytes_skip(struct nx_bytes bytes, size_t count)
{
    NX_CHECK(count <= bytes.len);
    return count == 0 ? bytes : nx_bytes_of(bytes.ptr + count, bytes.len - count);
}

/* Reads from the front of a span that it borrows. */
struct nx_reader {
    struct nx_bytes rest;
    bool short_read; /* something was asked for that was not there */
};

static inline struct nx_reader nx_reader_over(struct nx_bytes bytes)
{
    return (struct nx_reader){.rest = bytes};
}

/* The next bytes, lent from the span; the empty span, and `short_read`, when there are fewer. */
struct nx_bytes nx_read_bytes(struct nx_reader *r, size_t len);

uint8_t nx_read_u8(struct nx_reader *r);
uint16_t nx_read_u16le(struct nx_reader *r);
uint16_t nx_read_u16be(struct nx_reader *r);
uint32_t nx_read_u32le(struct nx_reader *r);
uint32_t nx_read_u32be(struct nx_reader *r);
uint64_t nx_read_u64le(struct nx_reader *r);
uint64_t nx_read_u64be(struct nx_reader *r);

/* Appends to memory that its owner lends. */
struct nx_writer {
    uint8_t *ptr;
    size_t cap;
    size_t len;    /* bytes written; ptr[0..len) is good */
    bool overflow; /* something did not fit, and from then on nothing was written */
};

static inline struct nx_writer nx_writer_over(void *ptr, size_t cap)
{
    return (struct nx_writer){.ptr = (uint8_t *)ptr, .cap = cap};
}

static inline size_t nx_writer_room(const struct nx_writer *w)
{
    return w->overflow ? 0 : w->cap - w->len;
}

static inline struct nx_bytes nx_writer_bytes(const struct nx_writer *w)
{
    return nx_bytes_of(w->ptr, w->len);
}

/* Makes room for `len` bytes and lends it to the caller, who fills all of it; NULL, and `overflow`,
 * when there is none. */
uint8_t *nx_write_space(struct nx_writer *w, size_t len);

void nx_write_bytes(struct nx_writer *w, struct nx_bytes bytes);
void nx_write_u8(struct nx_writer *w, uint8_t value);
void nx_write_u16le(struct nx_writer *w, uint16_t value);
void nx_write_u16be(struct nx_writer *w, uint16_t value);
void nx_write_u32le(struct nx_writer *w, uint32_t value);
void nx_write_u32be(struct nx_writer *w, uint32_t value);
void nx_write_u64le(struct nx_writer *w, uint64_t value);
void nx_write_u64be(struct nx_writer *w, uint64_t value);

#endif
