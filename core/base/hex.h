/* Hex: lower-case digits at every border of the system. */
#ifndef NX_CORE_BASE_HEX_H
#define NX_CORE_BASE_HEX_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* Two lower-case digits per byte and a terminator: `text` lends 2 * in.len + 1 characters. */
void nx_hex_encode(struct nx_bytes in, char *text);

/* Exactly `len` bytes from exactly 2 * len lower-case digits.
 * NX_OK; NX_E_MALFORMED: another length, an upper-case or other character; `out` is untouched. */
NX_MUST_CHECK enum nx_status nx_hex_decode(struct nx_bytes text, uint8_t *out, size_t len);

#endif
