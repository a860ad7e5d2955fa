#include "core/base/json_writer.h"

#include "core/base/limits.h"
#include "core/base/text.h"

_Static_assert(NX_JSON_DEPTH_MAX <= 32, "object_bits has a bit for each level");

struct nx_json_writer nx_json_writer_over(struct nx_writer *out)
{
    return (struct nx_json_writer){.out = out, .start_len = out->len};
}

static void fail(struct nx_json_writer *w, enum nx_status status)
{
    if (w->status == NX_OK)
        w->status = status;
}

static void put(struct nx_json_writer *w, const char *text)
{
    nx_write_bytes(w->out, nx_bytes_of_text(text));
}

static bool is_in_object(const struct nx_json_writer *w)
{
    return w->depth > 0 && (w->object_bits >> (w->depth - 1) & 1) != 0;
}

/* A value may stand here: behind a key, in an array, or as the whole. */
static bool takes_value(const struct nx_json_writer *w)
{
    if (is_in_object(w))
        return w->has_key;
    return w->depth > 0 || !w->has_items;
}

/* The comma that is due. False: nothing more may be written. */
static bool begin_value(struct nx_json_writer *w)
{
    if (!takes_value(w))
        fail(w, NX_E_STATE);
    if (w->status != NX_OK)
        return false;

    if (w->has_items && !w->has_key)
        nx_write_u8(w->out, ',');
    w->has_items = true;
    w->has_key = false;
    return true;
}

static void begin_container(struct nx_json_writer *w, bool is_object)
{
    if (w->depth == NX_JSON_DEPTH_MAX)
        fail(w, NX_E_LIMIT);
    if (!begin_value(w))
        return;

    uint32_t bit = (uint32_t)1 << w->depth;
    w->object_bits = is_object ? w->object_bits | bit : w->object_bits & ~bit;
    w->depth++;
    w->has_items = false;
    put(w, is_object ? "{" : "[");
}

static void end_container(struct nx_json_writer *w, bool is_object)
{
    if (w->depth == 0 || is_in_object(w) != is_object || w->has_key)
        fail(w, NX_E_STATE);
    if (w->status != NX_OK)
        return;

    w->depth--;
    w->has_items = true;
    put(w, is_object ? "}" : "]");
}

void nx_json_begin_object(struct nx_json_writer *w)
{
    begin_container(w, true);
}

void nx_json_end_object(struct nx_json_writer *w)
{
    end_container(w, true);
}

void nx_json_begin_array(struct nx_json_writer *w)
{
    begin_container(w, false);
}

void nx_json_end_array(struct nx_json_writer *w)
{
    end_container(w, false);
}

/* What RFC 8259 §7 does not let stand as it is. */
static void put_escape(struct nx_json_writer *w, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "\"\\bfnrt";
    static const char meanings[] = "\"\\\b\f\n\r\t";

    nx_write_u8(w->out, '\\');
    for (size_t i = 0; i < sizeof(meanings) - 1; i++) {
        if (c == (uint8_t)meanings[i]) {
            nx_write_u8(w->out, (uint8_t)letters[i]);
            return;
        }
    }
    put(w, "u00");
    nx_write_u8(w->out, (uint8_t)digits[c >> 4]);
    nx_write_u8(w->out, (uint8_t)digits[c & 15]);
}

static void put_quoted(struct nx_json_writer *w, struct nx_bytes utf8)
{
    nx_write_u8(w->out, '"');
    for (size_t i = 0; i < utf8.len; i++) {
        uint8_t c = utf8.ptr[i];

        if (c < 0x20 || c == '"' || c == '\\')
            put_escape(w, c);
        else
            nx_write_u8(w->out, c);
    }
    nx_write_u8(w->out, '"');
}

void nx_json_key(struct nx_json_writer *w, const char *key)
{
    struct nx_bytes utf8 = nx_bytes_of_text(key);

    if (!is_in_object(w) || w->has_key)
        fail(w, NX_E_STATE);
    if (!nx_utf8_is_valid(utf8))
        fail(w, NX_E_MALFORMED);
    if (w->status != NX_OK)
        return;

    if (w->has_items)
        nx_write_u8(w->out, ',');
    put_quoted(w, utf8);
    nx_write_u8(w->out, ':');
    w->has_key = true;
}

void nx_json_put_string(struct nx_json_writer *w, struct nx_bytes utf8)
{
    if (!nx_utf8_is_valid(utf8))
        fail(w, NX_E_MALFORMED);
    if (begin_value(w))
        put_quoted(w, utf8);
}

void nx_json_put_text(struct nx_json_writer *w, const char *text)
{
    nx_json_put_string(w, nx_bytes_of_text(text));
}

void nx_json_put_u64(struct nx_json_writer *w, uint64_t value)
{
    char digits[21]; /* 2^64 - 1 has twenty */
    struct nx_text t = nx_text_over(digits, sizeof(digits));

    if (!begin_value(w))
        return;
    nx_text_add_u64(&t, value);
    put(w, digits);
}

void nx_json_put_bool(struct nx_json_writer *w, bool value)
{
    if (begin_value(w))
        put(w, value ? "true" : "false");
}

void nx_json_put_null(struct nx_json_writer *w)
{
    if (begin_value(w))
        put(w, "null");
}

void nx_json_put_byte_array(struct nx_json_writer *w, struct nx_bytes bytes)
{
    nx_json_begin_array(w);
    for (size_t i = 0; i < bytes.len; i++)
        nx_json_put_u64(w, bytes.ptr[i]);
    nx_json_end_array(w);
}

enum nx_status nx_json_writer_finish(struct nx_json_writer *w)
{
    if (w->depth > 0 || !w->has_items)
        fail(w, NX_E_STATE);
    if (w->out->overflow)
        fail(w, NX_E_LIMIT);

    if (w->status != NX_OK)
        w->out->len = w->start_len;
    return w->status;
}
