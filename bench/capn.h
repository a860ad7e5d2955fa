/* The work of bench/capn.c done by the C++ library of the distribution: capn_reference.c++ where it
 * is installed, capn_absent.c where it is not. */
#ifndef NX_BENCH_CAPN_H
#define NX_BENCH_CAPN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct reference;

/* NULL: the library is not there. */
struct reference *reference_new(void);
void reference_free(struct reference *reference);

void reference_make_request(void *reference);
void reference_read_request(void *reference);
void reference_make_frame(void *reference);
void reference_read_frame(void *reference);
void reference_make_apps(void *reference);
void reference_read_apps(void *reference);

/* The framed message that was made last, borrowed; the sum of what was read last. */
const void *reference_message(const struct reference *reference, size_t *len);
uint64_t reference_sum(const struct reference *reference);

#ifdef __cplusplus
}
#endif

#endif
