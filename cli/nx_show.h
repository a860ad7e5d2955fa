/* Show: how nx writes what others said: for people without control characters, for programs as JSON.
 *
 * Names and reasons come from other devices. A person is shown them through nx_text_for_show. JSON has
 * them in the same form, so that a name can be compared with what a person sees. */
#ifndef NX_CLI_NX_SHOW_H
#define NX_CLI_NX_SHOW_H

#include "core/base/bytes.h"
#include "core/base/status.h"

#include <jansson.h>
#include <stdio.h>

#define CLI_NAME_COLUMN 16 /* characters */
#define CLI_ID_SHOWN    16 /* digits of an id where a person is shown it; enough to name the device */

/* Longer than any name, id, address or reason. */
struct cli_shown {
    char text[256];
};

/* A foreign text made fit to show. */
struct cli_shown cli_show(struct nx_bytes foreign);

/* The beginning of an id. */
struct cli_shown cli_show_id(struct nx_bytes id);

/* A duration as a person says it: "3 s", "12 min", "5 h", "9 days". */
struct cli_shown cli_show_ms(uint64_t ms);

/* The text, and blanks up to `width` characters. */
void cli_print_padded(FILE *file, struct nx_bytes foreign, size_t width);

/* ---- JSON ---------------------------------------------------------------------------------- */

json_t *cli_json_text(struct nx_bytes foreign);
json_t *cli_json_number(uint64_t number); /* as far as JSON readers go: 2^63 - 1 */

/* {"schema":1}; {"event":name}: to be added to. */
json_t *cli_json_page(void);
json_t *cli_json_event(const char *name);

/* One line; gives `value` back. Flushes: whoever reads it may be waiting. */
void cli_json_print(FILE *file, json_t *value);

#endif
