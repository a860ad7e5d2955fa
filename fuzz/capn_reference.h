/* What the C++ library says to the same bytes: fuzz/capn_reference.c++, or fuzz/capn_absent.c where
 * it is not installed. */
#ifndef NX_FUZZ_CAPN_REFERENCE_H
#define NX_FUZZ_CAPN_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum reference_answer {
    REFERENCE_ABSENT,
    REFERENCE_ACCEPTED,
    REFERENCE_REFUSED,
};

struct reference_text {
    char *text; /* on the heap */
    size_t len;
};

/* The framed message printed as this type of zoo.capnp, like `capnp decode --short`; why not. */
enum reference_answer reference_print(const char *type, const uint8_t *framed, size_t len,
                                      struct reference_text *out);

/* The words of its canonical form. */
enum reference_answer reference_canonicalize(const uint8_t *framed, size_t len,
                                             struct reference_text *out);

void reference_free(struct reference_text *text);

#ifdef __cplusplus
}
#endif

#endif
