/* nx-localsim: the main job in the embedded reference backend, as a command. */
#include "cli/localsim_job.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_JOB_FAILED = 1,
    EXIT_USAGE = 2,
};

static const char help[] =
    "nx-localsim: two nodes in one process discover each other, pair, send messages, call each\n"
    "other, and send a file\n"
    "\n"
    "usage: nx-localsim [--seed N] [--into DIR] [--state DIR] [--json] FILE\n"
    "\n"
    "  FILE         what self sends to peer-sim-01; any size\n"
    "  --seed N     the seed of keys, code and jitter, 0 to 18446744073709551615 (default 1)\n"
    "  --into DIR   where the received copy goes, in place of an older one (default: a new folder\n"
    "               in $TMPDIR)\n"
    "  --state DIR  where self keeps its registry: a folder that holds none yet (default: one "
    "that\n"
    "               is removed in the end)\n"
    "  --json       the summary as one JSON value, instead of a table; it is all that standard "
    "output\n"
    "               has then, and the markers go to standard error\n"
    "\n"
    "Markers, one a line, and then the summary go to standard output. The same seed and the same\n"
    "FILE print the same markers. Exit status: 0 all of it happened, 1 it did not, 2 wrong "
    "usage.\n";

static bool parse_seed(const char *text, uint64_t *seed)
{
    char *end;

    errno = 0;
    if (text[0] < '0' || text[0] > '9') /* strtoull would take blanks and signs */
        return false;
    *seed = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static int usage(const char *before, const char *what, const char *after)
{
    char shown[256]; /* one line, whatever was typed */

    nx_text_for_show(nx_bytes_of_text(what), shown, sizeof(shown));
    fprintf(stderr, "nx-localsim: %s'%s'%s; see nx-localsim --help\n", before, shown, after);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},  {"into", required_argument, NULL, 'i'},
        {"state", required_argument, NULL, 'd'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    struct localsim_job job = {.seed = 1, .shows_progress = isatty(STDERR_FILENO) != 0};
    struct localsim_problem problem = {.text = ""};

    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (option) {
        case 's':
            if (!parse_seed(optarg, &job.seed))
                return usage("--seed takes a whole number from 0 to 18446744073709551615, not ",
                             optarg, "");
            break;
        case 'i':
        case 'd':
            if (optarg[0] == '\0')
                return usage(option == 'i' ? "--into " : "--state ", "", " names no folder");
            *(option == 'i' ? &job.into : &job.state) = optarg;
            break;
        case 'j':
            job.is_json = true;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        case ':':
            return usage("", argv[optind - 1], " needs a value");
        default:
            return usage("there is no option ", argv[optind - 1], "");
        }
    }
    if (optind == argc || argv[optind][0] == '\0')
        return usage("", "FILE", " is missing: name a file to send");
    if (optind + 1 < argc)
        return usage("one FILE at a time, and ", argv[optind + 1], " is a second one");
    job.file = argv[optind];

    if (nx_crypto_init() != NX_OK) {
        fputs("nx-localsim: the crypto libraries did not start\n", stderr);
        return EXIT_JOB_FAILED;
    }
    if (localsim_job_run(&job, &problem) == NX_OK)
        return 0;
    fprintf(stderr, "nx-localsim: %s\n", problem.text);
    return problem.is_input ? EXIT_USAGE : EXIT_JOB_FAILED;
}
