/* Names: from the spelling of a schema to the one of this project.
 *
 *   dsoftbus.capnp:ConnectRequest   dsoftbus_connect_request
 *   invalidSig                      invalid_sig, INVALID_SIG
 *   RPCSystem                       rpc_system
 *
 * Two spellings can come out as one, Foo.Bar and FooBar; each emitted name is claimed once, and the
 * second claim is an error that names the schema's line. */
#ifndef NX_CAPNPC_NX_NAMES_H
#define NX_CAPNPC_NX_NAMES_H

#include "core/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define NAME_MAX_LEN 512

struct name {
    char text[NAME_MAX_LEN + 1];
};

/* The lower-case name of a display name, "dir/file.capnp:Outer.Inner": file's base name, then the
 * path. False: longer than NAME_MAX_LEN. */
bool name_of_display(struct nx_bytes display, struct name *out);

/* One identifier, camelCase to snake_case. False: too long. */
bool name_of_identifier(struct nx_bytes identifier, struct name *out);

/* The same letters in upper case. */
struct name name_upper(const struct name *name);

/* Names that were given away in one file. Grows on the heap. */
struct name_set {
    struct name *names;
    size_t count;
    size_t cap;
};

/* False: it was taken before. */
bool name_set_claim(struct name_set *set, const char *name);
void name_set_free(struct name_set *set);

#endif
