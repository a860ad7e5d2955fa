#include "core/base/bytes.h"

#include "core/base/memory.h"

struct nx_bytes nx_bytes_of_text(const char *text)
{
    size_t len = 0;

    while (text[len] != '\0')
        len++;
    return nx_bytes_of(text, len);
}

bool nx_bytes_equal(struct nx_bytes a, struct nx_bytes b)
{
    return nx_bytes_compare(a, b) == 0;
}

int nx_bytes_compare(struct nx_bytes a, struct nx_bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

struct nx_bytes nx_read_bytes(struct nx_reader *r, size_t len)
{
    if (r->short_read || len > r->rest.len) {
        r->short_read = true;
        return nx_bytes_of(NULL, 0);
    }

    struct nx_bytes taken = nx_bytes_of(r->rest.ptr, len);
    r->rest = nx_bytes_skip(r->rest, len);
    return taken;
}

static uint64_t read_le(struct nx_reader *r, size_t width)
{
    struct nx_bytes in = nx_read_bytes(r, width);
    uint64_t value = 0;

    for (size_t i = in.len; i > 0; i--)
        value = value << 8 | in.ptr[i - 1];
    return value;
}

static uint64_t read_be(struct nx_reader *r, size_t width)
{
    struct nx_bytes in = nx_read_bytes(r, width);
    uint64_t value = 0;

    for (size_t i = 0; i < in.len; i++)
        value = value << 8 | in.ptr[i];
    return value;
}

uint8_t nx_read_u8(struct nx_reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t nx_read_u16le(struct nx_reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint16_t nx_read_u16be(struct nx_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t nx_read_u32le(struct nx_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint32_t nx_read_u32be(struct nx_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t nx_read_u64le(struct nx_reader *r)
{
    return read_le(r, 8);
}

uint64_t nx_read_u64be(struct nx_reader *r)
{
    return read_be(r, 8);
}

uint8_t *nx_write_space(struct nx_writer *w, size_t len)
{
    if (w->overflow || len > w->cap - w->len) {
        w->overflow = true;
        return NULL;
    }

    uint8_t *space = w->ptr + w->len;
    w->len += len;
    return space;
}

void nx_write_bytes(struct nx_writer *w, struct nx_bytes bytes)
{
    if (bytes.len == 0)
        return;

    uint8_t *space = nx_write_space(w, bytes.len);
    if (space != NULL)
        memcpy(space, bytes.ptr, bytes.len);
}

static void write_le(struct nx_writer *w, uint64_t value, size_t width)
{
    uint8_t *space = nx_write_space(w, width);

    for (size_t i = 0; space != NULL && i < width; i++)
        space[i] = (uint8_t)(value >> (8 * i));
}

static void write_be(struct nx_writer *w, uint64_t value, size_t width)
{
    uint8_t *space = nx_write_space(w, width);

    for (size_t i = 0; space != NULL && i < width; i++)
        space[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

void nx_write_u8(struct nx_writer *w, uint8_t value)
{
    write_le(w, value, 1);
}

void nx_write_u16le(struct nx_writer *w, uint16_t value)
{
    write_le(w, value, 2);
}

void nx_write_u16be(struct nx_writer *w, uint16_t value)
{
    write_be(w, value, 2);
}

void nx_write_u32le(struct nx_writer *w, uint32_t value)
{
    write_le(w, value, 4);
}

void nx_write_u32be(struct nx_writer *w, uint32_t value)
{
    write_be(w, value, 4);
}

void nx_write_u64le(struct nx_writer *w, uint64_t value)
{
    write_le(w, value, 8);
}

void nx_write_u64be(struct nx_writer *w, uint64_t value)
{
    write_be(w, value, 8);
}
