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

/* Of every JSON value that nx prints: members may come to it, and none goes or changes its meaning. */
#define CLI_SCHEMA "nx/1"

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

/* A count and what it counts: "1 message", "2 messages". */
struct cli_shown cli_show_count(uint64_t count, const char *what);

/* So many bytes a second: "12 MB/s", "340 kB/s". */
struct cli_shown cli_show_rate(uint64_t bytes, double seconds);

enum cli_style {
    CLI_STYLE_NONE, /* back to what it was */
    CLI_STYLE_STRONG,
    CLI_STYLE_GOOD,
    CLI_STYLE_BAD,
};

/* What makes a terminal show it so; nothing where it is none, or NO_COLOR is set (no-color.org), or
 * TERM=dumb. */
const char *cli_style(FILE *file, enum cli_style style);

/* ---- JSON ---------------------------------------------------------------------------------- */

json_t *cli_json_text(struct nx_bytes foreign);
json_t *cli_json_number(uint64_t number); /* as far as JSON readers go: 2^63 - 1 */

/* {"schema":"nx/1"}, and with an "event", and the failure of an exit code: to be added to. */
json_t *cli_json_page(void);
json_t *cli_json_event(const char *name);
json_t *cli_json_failure(int code, const char *why);

/* One line; gives `value` back. Flushes: whoever reads it may be waiting. */
void cli_json_print(FILE *file, json_t *value);

#endif
