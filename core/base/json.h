/* JSON, read strictly: RFC 8259 and nothing beside it.
 *
 * One pass turns a text into nodes, in memory that the caller lends. A node is a place in the text,
 * nothing is copied out of it, so a secret in a file is not spread by reading it. Nodes come in the
 * order of the text; the first is the whole value, and a member's value follows its key:
 *
 *     {"id": "ab", "n": [1, 2]}      0 OBJECT   of 2
 *                                    1   KEY id     next 3
 *                                    2   STRING ab
 *                                    3   KEY n      next none
 *                                    4   ARRAY  of 2
 *                                    5     NUMBER 1   next 6
 *                                    6     NUMBER 2   next none
 *
 * What RFC 8259 leaves open is decided here: the text is UTF-8 without a byte order mark, surrogate
 * escapes come in pairs, nothing but white space follows the value, a number is kept as it is
 * spelled and read as an exact integer, and a key may not come twice in an object. The work is
 * proportional to the length of the text, times at most `member_count_max` for keys. */
#ifndef NX_CORE_BASE_JSON_H
#define NX_CORE_BASE_JSON_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* No node: what is looked for is not there. */
#define NX_JSON_NONE UINT32_MAX

enum nx_json_type {
    NX_JSON_ABSENT, /* what NX_JSON_NONE is of; no node has it */
    NX_JSON_NULL,
    NX_JSON_BOOL,
    NX_JSON_NUMBER,
    NX_JSON_STRING,
    NX_JSON_ARRAY,
    NX_JSON_OBJECT,
    NX_JSON_KEY, /* of a member; the node behind it is the value */
};

struct nx_json_node {
    uint32_t at;   /* where in the text; a string begins behind its quote */
    uint32_t len;  /* bytes from there, as they are spelled */
    uint32_t next; /* the following element, or key, of the same container */
    uint32_t size; /* elements; members; bytes of a string unescaped; 1 for true */
    enum nx_json_type type;
};

/* What a text may cost. The number of values and keys is bounded by the nodes lent for them. */
struct nx_json_limits {
    uint32_t length_max;       /* bytes of the text */
    uint32_t depth_max;        /* containers inside one another: 1 allows [] and refuses [[]] */
    uint32_t string_max;       /* bytes of a string or key, unescaped */
    uint32_t member_count_max; /* of one object */

    /* Keys are the same when they are the same unescaped. Never set where identity or state is
     * read: two readers would see two different values. */
    bool allow_duplicate_keys;
};

struct nx_json {
    struct nx_bytes text;       /* borrowed: it stays, unchanged, as long as this is asked */
    struct nx_json_node *nodes; /* lent, likewise; nodes[0] is the whole value */
    uint32_t count;
};

/* Read all of `text` into `nodes`. Borrows both; `limits` and `why` (which may be NULL) until it
 * returns. The reason names a place, never what stands there.
 * NX_OK; NX_E_MALFORMED: not JSON, or a key that comes twice; NX_E_LIMIT: over one of `limits`, or
 * more values and keys than `node_cap`. On a failure `json` is untouched, `nodes` unspecified. */
NX_MUST_CHECK enum nx_status nx_json_parse(struct nx_json *json, struct nx_bytes text,
                                           struct nx_json_node *nodes, uint32_t node_cap,
                                           const struct nx_json_limits *limits, struct nx_why *why);

/* ---- finding: NX_JSON_NONE goes in and comes out, so that steps can be put together ---------- */

enum nx_json_type nx_json_type_of(const struct nx_json *json, uint32_t node);

/* Elements of an array, members of an object; 0 for anything else. */
uint32_t nx_json_count(const struct nx_json *json, uint32_t node);

/* The first element of an array, the first key of an object. */
uint32_t nx_json_first(const struct nx_json *json, uint32_t node);

/* The element, or key, after this one. */
uint32_t nx_json_next(const struct nx_json *json, uint32_t node);

/* The value of the member whose key this is. */
uint32_t nx_json_value(const struct nx_json *json, uint32_t key);

/* The value of the member called `key` (UTF-8, compared unescaped); where duplicates are allowed,
 * of the first. NX_JSON_NONE when `object` has none such, or is no object. */
uint32_t nx_json_find(const struct nx_json *json, uint32_t object, const char *key);

/* ---- values: each answers NX_E_NOT_FOUND for NX_JSON_NONE and NX_E_MALFORMED for a node of another
 * type; on every failure the output is untouched ---------------------------------------------- */

NX_MUST_CHECK enum nx_status nx_json_get_bool(const struct nx_json *json, uint32_t node, bool *out);

/* An integer of 0 .. 2^64 - 1, exactly: no sign, fraction or exponent, whatever its value.
 * NX_OK; NX_E_MALFORMED: a number that is no such integer. */
NX_MUST_CHECK enum nx_status nx_json_get_u64(const struct nx_json *json, uint32_t node,
                                             uint64_t *out);

/* A string or key, unescaped: UTF-8, not terminated, and U+0000 may be among it.
 * NX_OK; NX_E_LIMIT: longer than `cap` bytes. */
NX_MUST_CHECK enum nx_status nx_json_get_string(const struct nx_json *json, uint32_t node,
                                                uint8_t *out, size_t cap, size_t *len);

/* A string or key, unescaped and terminated: `cap` counts the terminator.
 * NX_OK; NX_E_LIMIT: longer than `cap` - 1 bytes; NX_E_MALFORMED: U+0000 is in it, which would end
 * it early. */
NX_MUST_CHECK enum nx_status nx_json_get_text(const struct nx_json *json, uint32_t node, char *out,
                                              size_t cap);

/* An array of exactly `len` integers of 0..255: how keys and signatures are written in a proof.
 * NX_OK; NX_E_MALFORMED: another count, or an element that is no byte. */
NX_MUST_CHECK enum nx_status nx_json_get_byte_array(const struct nx_json *json, uint32_t node,
                                                    uint8_t *out, size_t len);

#endif
