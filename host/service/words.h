/* Words: numbers in an environment that a service manager made. */
#ifndef NX_HOST_SERVICE_WORDS_H
#define NX_HOST_SERVICE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits and nothing else, 1 to `most`. False: another text, or NULL; `value` stays. */
bool nx_service_number(const char *text, uint64_t most, uint64_t *value);

#endif
