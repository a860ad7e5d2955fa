/* Progress: how far a transfer is, for the person at a terminal, and how it went in the end. */
#ifndef NX_CLI_NX_PROGRESS_H
#define NX_CLI_NX_PROGRESS_H

#include "cli/nx_stream.h"
#include "core/crypto/crypto.h"

struct cli_progress {
    bool is_shown;     /* standard error is a terminal */
    bool is_line_open; /* a line stands there that has to go before another is written */
    uint64_t total;    /* 0: not known */
    uint64_t bytes;
    struct nx_instant begin, shown;
    struct nx_sha256 hash;
};

/* `total`: bytes there will be, 0 when nobody knows. Nothing is shown to who `is_quiet`. */
void cli_progress_begin(struct cli_progress *p, uint64_t total, bool is_quiet);

/* These bytes went, or came. */
void cli_progress_add(struct cli_progress *p, struct nx_bytes bytes);

/* Takes the line away, and stops the clock; before anything else is written. */
void cli_progress_end(struct cli_progress *p);

/* The summary: what ("sent", "received") and with whom; `path` of the file, or NULL. To standard
 * output, or to standard error where the data itself went to the former. */
void cli_progress_summary(struct cli_progress *p, const char *what, const struct cli_stream *s,
                          const char *path, bool is_output_taken);

#endif
