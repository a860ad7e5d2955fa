/* Command: what can be typed behind `nx`, as a table, and what was typed, as a struct.
 *
 *     nx --state DIR bus msg send PEER CHANNEL TEXT... --json
 *        '---------' '----------' '------------------' '----'
 *          options    the command  its arguments        options, which may stand anywhere
 *
 * Every command is a row with its own help; a group of them, such as `bus pair`, is what rows begin
 * with. */
#ifndef NX_CLI_NX_COMMAND_H
#define NX_CLI_NX_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

/* The table of them, with what each means, is in nx_exit.c; docs/nx.md repeats it. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,     /* what was typed is wrong, whatever the machine's state */
    CLI_NO_DAEMON = 3, /* none serves that state folder, or it went away meanwhile */
    CLI_NOT_FOUND = 4,
    CLI_DENIED = 5,
    CLI_LATE = 6,
    CLI_BUSY = 7,
    CLI_THERE = 8,
    CLI_ENDED = 9,
    CLI_OTHER_VERSION = 10,
    CLI_STOPPED = 11,

    /* doctor: 20 and the number of the first rung that fails (core/node/diagnosis.h). */
    CLI_RUNG_INTERFACE = 21,
    CLI_RUNG_MULTICAST = 22,
    CLI_RUNG_BEACON = 23,
    CLI_RUNG_ADDRESS = 24,
    CLI_RUNG_TCP = 25,
    CLI_RUNG_HANDSHAKE = 26,
    CLI_RUNG_IDENTITY = 27,
    CLI_RUNG_VERSION = 28,
    CLI_RUNG_PAIRED = 29,
    CLI_RUNG_SERVICE = 31,
};

enum cli_option {
    CLI_STATE,
    CLI_JSON,
    CLI_HELP,
    CLI_WATCH,
    CLI_V1,
    CLI_DEVICE_ID,
    CLI_NOISE_STATIC,
    CLI_PEER,
    CLI_COUNT,
    CLI_INTERVAL,
    CLI_LINES,
    CLI_RAW,
    CLI_FORCE,
    CLI_OUTPUT,
    CLI_WRITE,
    CLI_ADDRESSES,
    CLI_SHOW_VERSION,
};
#define CLI_OPTIONS 17

/* A set of them. */
#define CLI_BIT(option) (1u << (option))

struct cli_command {
    const char *words;     /* "bus pair offer" */
    const char *arguments; /* for people: "PEER" */
    int least, most;       /* how many arguments; most -1: any number */
    unsigned options;      /* which ones it takes, besides --state, --json and --help */
    const char *summary;   /* its line in a list */
    const char *help;      /* what --help says further */
    const char *examples;  /* lines of --help, each begins with "nx " or continues one */
    bool tells_events;     /* --json may be several values, one on each line, a failure the last */
    enum cli_exit (*run)(struct cli *cli);
};

struct cli_option_row {
    const char *name;
    const char *value; /* NULL: it has none */
    const char *summary;
    uint32_t least; /* of a number; its most is above zero */
    uint32_t most;
};

/* By enum cli_option. */
extern const struct cli_option_row cli_options[CLI_OPTIONS];

/* What every command takes. */
#define CLI_COMMON \
    (CLI_BIT(CLI_STATE) | CLI_BIT(CLI_JSON) | CLI_BIT(CLI_HELP) | CLI_BIT(CLI_SHOW_VERSION))

/* In the order in which help lists them; the last row has no words. */
extern const struct cli_command cli_commands[];

/* What was typed. Everything is borrowed from argv. */
struct cli_arguments {
    const struct cli_command *command;
    bool is_json;                     /* --json stands there, whatever else was wrong */
    const char *options[CLI_OPTIONS]; /* the value, "" where an option has none; NULL: not given */
    uint32_t numbers[CLI_OPTIONS];    /* of options that are numbers */
    char **words;                     /* behind the command */
    int word_count;
};

static inline bool cli_is_given(const struct cli_arguments *arguments, enum cli_option option)
{
    return arguments->options[option] != NULL;
}

/* The number, or `otherwise` when the option was not given. */
static inline uint32_t cli_number(const struct cli_arguments *arguments, enum cli_option option,
                                  uint32_t otherwise)
{
    return cli_is_given(arguments, option) ? arguments->numbers[option] : otherwise;
}

/* Reads what was typed; permutes argv. CLI_DONE: `command` is to be run, or is NULL where help was asked
 * for and has been printed. CLI_USAGE: one line on standard error said what is wrong. */
enum cli_exit cli_arguments_read(struct cli_arguments *arguments, int argc, char **argv);

#endif
