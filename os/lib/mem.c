/* The four functions that core takes from outside, for a machine without a C library.
 *
 * Words where both sides are aligned alike, bytes elsewhere: this processor may trap on a word that
 * is not aligned. The build keeps gcc from turning these loops into calls of themselves. */
#include "core/base/memory.h"

#include <stdbool.h>
#include <stdint.h>

/* A word that may lie over objects of any type. */
typedef uint64_t __attribute__((may_alias)) word;

static bool is_aligned(const void *at)
{
    return (uintptr_t)at % sizeof(word) == 0;
}

/* From the first byte to the last, so that `to` may overlap the part of `from` behind it. */
static void copy_upwards(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t i = 0;

    if (is_aligned(to) && is_aligned(from)) {
        for (; len - i >= sizeof(word); i += sizeof(word))
            *(word *)(void *)(to + i) = *(const word *)(const void *)(from + i);
    }
    for (; i < len; i++)
        to[i] = from[i];
}

/* From the last byte to the first. */
static void copy_downwards(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t i = len;

    if (is_aligned(to + len) && is_aligned(from + len)) {
        for (; i >= sizeof(word); i -= sizeof(word))
            *(word *)(void *)(to + i - sizeof(word)) =
                *(const word *)(const void *)(from + i - sizeof(word));
    }
    for (; i > 0; i--)
        to[i - 1] = from[i - 1];
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    copy_upwards(to, from, len);
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    if ((uintptr_t)to <= (uintptr_t)from)
        copy_upwards(to, from, len);
    else
        copy_downwards(to, from, len);
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    uint8_t *at = to;
    size_t i = 0;

    if (is_aligned(at)) {
        const word pattern = (uint8_t)byte * (UINT64_MAX / UINT8_MAX);

        for (; len - i >= sizeof(word); i += sizeof(word))
            *(word *)(void *)(at + i) = pattern;
    }
    for (; i < len; i++)
        at[i] = (uint8_t)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *left = a;
    const uint8_t *right = b;

    for (size_t i = 0; i < len; i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}
