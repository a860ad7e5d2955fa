/* Hex in rows: vectors stand in a table as they stand in their RFC. */
#ifndef NX_TESTS_UNIT_HEX_ROW_H
#define NX_TESTS_UNIT_HEX_ROW_H

#include "core/base/hex.h"

/* The bytes that `text` spells, put into `memory`. Traps at a row that is no hex or does not fit:
 * a mistyped vector is our own mistake. */
static inline struct nx_bytes bytes_of_hex(const char *text, uint8_t *memory, size_t cap)
{
    struct nx_bytes digits = nx_bytes_of_text(text);

    NX_CHECK(digits.len / 2 <= cap);
    NX_CHECK(nx_hex_decode(digits, memory, digits.len / 2) == NX_OK);
    return nx_bytes_of(memory, digits.len / 2);
}

/* Exactly `len` bytes: a key, a nonce, a digest. */
static inline void fixed_of_hex(const char *text, uint8_t *out, size_t len)
{
    NX_CHECK(nx_hex_decode(nx_bytes_of_text(text), out, len) == NX_OK);
}

#endif
