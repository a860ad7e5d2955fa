/* Exit: the codes that nx ends with, in one table, and how a failure is told with them. */
#ifndef NX_CLI_NX_EXIT_H
#define NX_CLI_NX_EXIT_H

#include "cli/nx_command.h"
#include "core/base/status.h"

struct cli_exit_row {
    enum cli_exit code;
    const char *word;    /* "error" of JSON */
    const char *meaning; /* for people, and docs/nx.md */
};

#define CLI_EXIT_ROWS 22
extern const struct cli_exit_row cli_exit_rows[CLI_EXIT_ROWS];

/* The code of what a daemon, or a stream, answered. */
enum cli_exit cli_exit_of(enum nx_status status);

const char *cli_exit_word(enum cli_exit code);

/* Tells a failure, as one line: on standard error, or with `is_json` as a value on standard output and
 * nothing else. `shown` has no control characters. */
void cli_exit_tell(bool is_json, enum cli_exit code, const char *shown);

#endif
