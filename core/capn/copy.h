/* Copy: objects carried from a message that is read into one that is built; and the canonical form.
 *
 * A copy is deep and keeps what the schema here does not know: sections keep their sizes, lists
 * their encoding. The canonical form (the encoding specification, "Canonicalization") gives equal
 * values equal bytes: one segment, objects in preorder, and structs without trailing zeros.
 *
 * Whatever is wrong in the source becomes the status of both messages; a capability cannot be
 * copied and is NX_E_UNSUPPORTED. Reading is charged to the source's traversal limit, so a source
 * that points at one object many times cannot make the copy larger than that. */
#ifndef NX_CORE_CAPN_COPY_H
#define NX_CORE_CAPN_COPY_H

#include "core/capn/builder.h"
#include "core/capn/reader.h"

void nx_capn_copy(struct nx_capn_slot slot, struct nx_capn_ref from);
void nx_capn_copy_struct(struct nx_capn_slot slot, struct nx_capn_struct from);
void nx_capn_copy_list(struct nx_capn_slot slot, struct nx_capn_list from);

/* Words that a copy of the struct will take, without the pointer to it; charged like the copy.
 * What cannot be copied counts nothing and shows in the message's status. */
uint64_t nx_capn_copy_words(struct nx_capn_struct from);

/* Words of the canonical message with this root, the root's pointer included. */
uint64_t nx_capn_canonical_words(struct nx_capn_struct root);

/* Make `to`, fresh and with a first segment large enough, the canonical message with this root.
 * The builder's status, also in it: NX_OK; NX_E_NO_MEMORY: the segment was too small;
 * NX_E_UNSUPPORTED: a capability; or what was wrong in the source. */
NX_MUST_CHECK enum nx_status nx_capn_canonicalize(struct nx_capn_builder *to,
                                                  struct nx_capn_struct root);

#endif
