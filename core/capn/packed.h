/* Packed: the encoding that leaves out zero bytes, for files and thin links.
 *
 *   tag byte, one bit for each byte of a word that is not zero, lowest first; then those bytes
 *   tag 00: one more byte, how many zero words follow the first
 *   tag ff: after its 8 bytes one more byte, how many words follow as they are
 *
 * It packs framed messages, table and all (docs/capnp.md). */
#ifndef NX_CORE_CAPN_PACKED_H
#define NX_CORE_CAPN_PACKED_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* The most that so many words can become: a word without a zero byte between others takes a tag,
 * itself and an empty count. */
static inline size_t nx_capn_packed_len_max(size_t word_count)
{
    return word_count * 10;
}

/* Append `words`, whose length is a multiple of 8, packed.
 * NX_OK; NX_E_INVALID: another length; NX_E_NO_SPACE: no room in `out`, which got nothing. */
NX_MUST_CHECK enum nx_status nx_capn_pack(struct nx_bytes words, struct nx_writer *out);

/* Bytes that `packed` unpacks to, without doing it: `*len`.
 * NX_OK; NX_E_MALFORMED: it ends within a word; NX_E_LIMIT: more than `len_max`. */
NX_MUST_CHECK enum nx_status nx_capn_unpacked_len(struct nx_bytes packed, size_t len_max,
                                                  size_t *len);

/* Append what `packed` stands for.
 * NX_OK; NX_E_MALFORMED: it ends within a word; NX_E_NO_SPACE: no room in `out`. On a failure
 * `out` got nothing. */
NX_MUST_CHECK enum nx_status nx_capn_unpack(struct nx_bytes packed, struct nx_writer *out);

#endif
