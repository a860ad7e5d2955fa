#include "core/base/hex.h"

void nx_hex_encode(struct nx_bytes in, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < in.len; i++) {
        *text++ = digits[in.ptr[i] >> 4];
        *text++ = digits[in.ptr[i] & 15];
    }
    *text = '\0';
}

#define NO_DIGIT 16u

/* 0..15, or NO_DIGIT for what is no lower-case digit. */
static unsigned digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0';
    if (c >= 'a' && c <= 'f')
        return c - (unsigned)'a' + 10;
    return NO_DIGIT;
}

enum nx_status nx_hex_decode(struct nx_bytes text, uint8_t *out, size_t len)
{
    if (text.len / 2 != len || text.len % 2 != 0)
        return NX_E_MALFORMED;
    for (size_t i = 0; i < text.len; i++) {
        if (digit_value(text.ptr[i]) == NO_DIGIT)
            return NX_E_MALFORMED;
    }

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(digit_value(text.ptr[2 * i]) << 4 | digit_value(text.ptr[2 * i + 1]));
    return NX_OK;
}
