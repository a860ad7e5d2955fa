/* A JSON file, read as a whole by the reader of core: what json-check and the test of the parsing
 * suite share, so that the suite tests the program that people run. */
#ifndef NX_TESTS_VECTORS_JSON_FILE_H
#define NX_TESTS_VECTORS_JSON_FILE_H

#include "core/base/status.h"

#define JSON_FILE_LEN_MAX (16u * 1024 * 1024)

/* Is what the file holds JSON? Keys may come twice, containers lie at most NX_JSON_DEPTH_MAX deep.
 * NX_OK; NX_E_MALFORMED, NX_E_LIMIT: it is not, or too much, and `why` says where; NX_E_IO: the file
 * cannot be read, and `why` says how; NX_E_NO_MEMORY. */
NX_MUST_CHECK enum nx_status json_file_check(const char *path, struct nx_why *why);

#endif
