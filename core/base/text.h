/* Text: bounded, terminated, UTF-8; built without a printf.
 *
 *     char line[80];
 *     struct nx_text t = nx_text_over(line, sizeof(line));
 *     nx_text_add(&t, "dsoftbus: discovered n=");
 *     nx_text_add_u64(&t, count);
 *
 * What does not fit is cut at a character's border and remembered in `cut`. */
#ifndef NX_CORE_BASE_TEXT_H
#define NX_CORE_BASE_TEXT_H

#include "core/base/bytes.h"

struct nx_text {
    char *ptr;  /* terminated after each call */
    size_t cap; /* with the terminator; at least 1 */
    size_t len; /* without it */
    bool cut;
};

/* Over `cap` characters at `ptr`, which it borrows; the text is empty. */
struct nx_text nx_text_over(char *ptr, size_t cap);

void nx_text_add(struct nx_text *t, const char *text);
void nx_text_add_bytes(struct nx_text *t, struct nx_bytes utf8);
void nx_text_add_u64(struct nx_text *t, uint64_t value);
void nx_text_add_hex(struct nx_text *t, struct nx_bytes bytes);

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
bool nx_utf8_is_valid(struct nx_bytes text);

/* One character from the front of `*rest`, which moves past it: its code point, or UINT32_MAX when
 * the bytes there are not well-formed (`*rest` then stays). `rest` may not be empty. */
uint32_t nx_utf8_next(struct nx_bytes *rest);

/* May be put before a person: not a control character, not one that changes the direction of the
 * text around it, not a line or paragraph separator, not one that stands there and is not seen, by
 * which two names that look alike would differ. */
bool nx_char_is_shown(uint32_t code_point);

/* A foreign text made fit to show: what is not well-formed or not shown is left out, and at most
 * `cap` - 1 bytes come back, terminated. Answers the length. */
size_t nx_text_for_show(struct nx_bytes foreign, char *out, size_t cap);

#endif
