/* The main job in localSim: two nodes in this process find each other, pair with six digits, talk,
 * and send a file; then everything is stopped and the registry is shown to have lasted.
 *
 * Markers go to standard output as they become true. Virtual time: it advances only when nothing
 * moves, so that the same seed and the same file print the same markers. */
#ifndef NX_CLI_LOCALSIM_JOB_H
#define NX_CLI_LOCALSIM_JOB_H

#include "core/base/status.h"

struct localsim_job {
    uint64_t seed;
    const char *file;  /* what is sent */
    const char *into;  /* the folder that it is received in, made when it is not there; NULL: a new
                          * one in $TMPDIR, which stays with the file */
    const char *state; /* the folder of self's registry; NULL: one that is removed in the end */
    bool is_json;      /* the summary as one JSON value */
    bool shows_progress; /* on standard error, for what takes longer than a second */
};

/* What went wrong, as one line fit for a terminal; empty when nothing did. */
struct localsim_problem {
    char text[4096 + 256]; /* a path, and a sentence */
    bool is_input;         /* an argument or a file that was given */
};

/* Runs it to the end. NX_OK, or the failure that `problem` explains. */
NX_MUST_CHECK enum nx_status localsim_job_run(const struct localsim_job *job,
                                              struct localsim_problem *problem);

#endif
