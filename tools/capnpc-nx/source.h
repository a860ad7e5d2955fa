/* Source: where in a schema file something is declared.
 *
 * The compiler's request has no positions, so the file is read again. It is found through the
 * compiler, our parent: a plugin runs in the output folder, and knows the file only by the name
 * that the output shall have. */
#ifndef NX_CAPNPC_NX_SOURCE_H
#define NX_CAPNPC_NX_SOURCE_H

#include "core/base/bytes.h"

/* The line of `member` (empty: of the type itself) of the type at `path` ("Outer.Inner") in the
 * file that the request calls `filename`; 0 when the file or the place cannot be found. */
unsigned source_line(const char *filename, struct nx_bytes path, struct nx_bytes member);

#endif
