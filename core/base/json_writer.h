/* JSON, written in one form only: no white space, members in the order they are put, every escape
 * as short as RFC 8259 has it (\n, \u001f) and only where it must be. The same calls give the same
 * bytes, so what was stored can be compared, hashed and signed.
 *
 *     struct nx_json_writer w = nx_json_writer_over(&out);
 *     nx_json_begin_object(&w);
 *     nx_json_key(&w, "device_id");
 *     nx_json_put_text(&w, device_id);
 *     nx_json_key(&w, "verifying_key");
 *     nx_json_put_byte_array(&w, key);
 *     nx_json_end_object(&w);
 *     status = nx_json_writer_finish(&w);
 *
 * Like the cursor below it, the writer remembers the first thing that went wrong and writes nothing
 * from then on; `finish` tells. That keys differ is the caller's care. */
#ifndef NX_CORE_BASE_JSON_WRITER_H
#define NX_CORE_BASE_JSON_WRITER_H

#include "core/base/bytes.h"
#include "core/base/status.h"

struct nx_json_writer {
    struct nx_writer *out;
    size_t start_len;
    enum nx_status status; /* the first failure */
    uint32_t object_bits;  /* bit n: the container at depth n + 1 is an object */
    uint32_t depth;
    bool has_items; /* the innermost container has some, so a comma comes first */
    bool has_key;   /* a key waits for its value */
};

/* A writer of one value, appended to `out`, which it borrows until `finish`. */
struct nx_json_writer nx_json_writer_over(struct nx_writer *out);

/* At most NX_JSON_DEPTH_MAX containers inside one another. */
void nx_json_begin_object(struct nx_json_writer *w);
void nx_json_end_object(struct nx_json_writer *w);
void nx_json_begin_array(struct nx_json_writer *w);
void nx_json_end_array(struct nx_json_writer *w);

/* The key of the next member; its value follows. UTF-8, terminated. */
void nx_json_key(struct nx_json_writer *w, const char *key);

/* One value each. Strings are UTF-8 and are escaped here; `put_text` takes a terminated one. */
void nx_json_put_string(struct nx_json_writer *w, struct nx_bytes utf8);
void nx_json_put_text(struct nx_json_writer *w, const char *text);
void nx_json_put_u64(struct nx_json_writer *w, uint64_t value);
void nx_json_put_bool(struct nx_json_writer *w, bool value);
void nx_json_put_null(struct nx_json_writer *w);

/* An array of numbers, one a byte. */
void nx_json_put_byte_array(struct nx_json_writer *w, struct nx_bytes bytes);

/* The end of the value.
 * NX_OK: `out` holds all of it. NX_E_STATE: the calls made no value (a member without a key, an end
 * without a beginning, nothing at all, two values); NX_E_MALFORMED: a string was not UTF-8;
 * NX_E_LIMIT: deeper than NX_JSON_DEPTH_MAX, or `out` is too small. On a failure `out` is as long as
 * it was before. */
NX_MUST_CHECK enum nx_status nx_json_writer_finish(struct nx_json_writer *w);

#endif
