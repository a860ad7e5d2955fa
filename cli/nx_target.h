/* Target: where nx puts what it receives: a file that is there when it is whole and not before, or
 * standard output.
 *
 *     struct cli_target target = cli_target_of(path, may_replace);
 *     cli_target_check …  cli_target_begin …  cli_target_write …  cli_target_keep
 *     cli_target_drop(&target);                                    in any case */
#ifndef NX_CLI_NX_TARGET_H
#define NX_CLI_NX_TARGET_H

#include "cli/nx_talk.h"
#include "cli/received_file.h"

struct cli_target {
    const char *path; /* borrowed; NULL: standard output */
    bool may_replace;
    struct received_file file;
};

/* "-" and NULL are standard output. */
bool cli_is_standard(const char *path);
struct cli_target cli_target_of(const char *path, bool may_replace);

/* What would be found out at the end only: CLI_DONE, or CLI_FAILED and told. */
enum cli_exit cli_target_check(struct cli *cli, const struct cli_target *target);

/* Makes the file under a name of its own. CLI_DONE, or CLI_FAILED and told. */
enum cli_exit cli_target_begin(struct cli *cli, struct cli_target *target);

/* Both answer false with errno set; EINTR: a signal came, and not all was written. */
bool cli_target_write(struct cli_target *target, struct nx_bytes bytes);
bool cli_target_keep(struct cli_target *target); /* it is whole */

/* Its name for people. */
const char *cli_target_name(const struct cli_target *target);

/* What was not kept is gone. */
void cli_target_drop(struct cli_target *target);

#endif
