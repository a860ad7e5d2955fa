#include "cli/nx_exit.h"
#include "cli/nx_help.h"
#include "core/base/status.h"
#include "core/base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt answers for a long option, the first of them; letters are below. */
#define LONG 256

const struct cli_option_row cli_options[CLI_OPTIONS] = {
    [CLI_STATE] = {"state", "DIR", "the state folder of the daemon (else NEXUS_STATE)"},
    [CLI_JSON] = {"json", NULL, "JSON for programs, and nothing on standard error"},
    [CLI_HELP] = {"help", NULL, "this page"},
    [CLI_WATCH] = {"watch", NULL, "go on and tell what changes, until a signal"},
    [CLI_V1] = {"v1", "ADDR:PORT", "dial a v1 node there, instead of a device by its name"},
    [CLI_DEVICE_ID] = {"device-id", "HEX", "the device id it has to prove, 64 digits"},
    [CLI_NOISE_STATIC] = {"noise-static", "HEX", "its Noise static, 64 digits"},
    [CLI_PEER] = {"peer", "PEER", "from this device only (else from any that is paired)"},
    [CLI_COUNT] = {"count", "N", "end after so many", 1, 1000000000},
    [CLI_INTERVAL] = {"interval", "MS", "from one to the next (default 1000)", 0, 3600000},
    [CLI_LINES] = {"lines", NULL, "each line of standard input is a message"},
    [CLI_RAW] = {"raw", NULL, "the bytes of the messages and nothing between them"},
    [CLI_FORCE] = {"force", NULL, "replace FILE if it is there already"},
    [CLI_OUTPUT] = {"output", "FILE", "the bytes go there; also -o FILE"},
    [CLI_WRITE] = {"write", "FILE", "and put it into this file, which must not be there"},
    [CLI_ADDRESSES] = {"addresses", NULL, "leave the addresses in it"},
    [CLI_SHOW_VERSION] = {"version", NULL, "which version this nx is"},
};

/* ---- complaints ---------------------------------------------------------------------------- */

static enum cli_exit usage(const struct cli_arguments *a, const char *before, const char *what,
                           const char *after, const char *help_words)
{
    char quoted[256], text[1024]; /* one line, whatever was typed */

    nx_text_for_show(nx_bytes_of_text(what), quoted, sizeof(quoted));
    snprintf(text, sizeof(text), "%s'%s'%s; see nx%s%s --help", before, quoted, after,
             help_words[0] == '\0' ? "" : " ", help_words);
    cli_exit_tell(a->is_json, CLI_USAGE, text);
    return CLI_USAGE;
}

/* ---- which command ------------------------------------------------------------------------- */

/* The command that was typed, or NULL; `*best` is how many words some command had in common. */
static const struct cli_command *find(char **words, int count, int *best)
{
    *best = 0;
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        int common = cli_words_in_common(c->words, words, count);

        if (common == cli_words_of(c->words)) {
            *best = common;
            return c;
        }
        *best = common > *best ? common : *best;
    }
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    char *end;

    errno = 0;
    if (text[0] < '0' || text[0] > '9') /* strtoul would take blanks and signs */
        return false;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < least || value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

static enum cli_exit keep_option(struct cli_arguments *a, enum cli_option option, const char *value)
{
    char before[96];

    a->options[option] = value;
    if (cli_options[option].value != NULL && value[0] == '\0') {
        snprintf(before, sizeof(before), "--%s ", cli_options[option].name);
        return usage(a, before, "", " is empty", "");
    }
    if (cli_options[option].most == 0 || read_number(value, cli_options[option].least,
                                                     cli_options[option].most, &a->numbers[option]))
        return CLI_DONE;
    snprintf(before, sizeof(before), "--%s takes a whole number from %u to %u, not ",
             cli_options[option].name, cli_options[option].least, cli_options[option].most);
    return usage(a, before, value, "", "");
}

/* Of short ones, which may stand several in a word, getopt knows the letter. */
static enum cli_exit no_such_option(const struct cli_arguments *a, const char *word)
{
    const char letter[] = {'-', (char)optopt, '\0'};

    return usage(a, "there is no option ", optopt != 0 && optopt < LONG ? letter : word, "", "");
}

static enum cli_exit read_options(struct cli_arguments *a, int argc, char **argv)
{
    struct option known[CLI_OPTIONS + 1] = {{0}};

    for (int i = 0; i < CLI_OPTIONS; i++)
        known[i] = (struct option){cli_options[i].name,
                                   cli_options[i].value == NULL ? no_argument : required_argument,
                                   NULL, LONG + i};

    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, ":ho:", known, NULL)) != -1;) {
        enum cli_exit code = CLI_DONE;

        if (found == ':')
            return usage(a, "", argv[optind - 1], " needs a value", "");
        if (found == '?')
            return no_such_option(a, argv[optind - 1]);
        if (found == 'h')
            a->options[CLI_HELP] = "";
        else if (found == 'o')
            code = keep_option(a, CLI_OUTPUT, optarg);
        else
            code = keep_option(a, (enum cli_option)(found - LONG), optarg == NULL ? "" : optarg);
        if (code != CLI_DONE)
            return code;
    }
    return CLI_DONE;
}

/* Not an option or an argument too many: the command has no use for it, so it was meant otherwise. */
static enum cli_exit check(const struct cli_arguments *a)
{
    const struct cli_command *c = a->command;
    char text[160];

    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if (a->options[i] != NULL && ((c->options | CLI_COMMON) & CLI_BIT(i)) == 0) {
            snprintf(text, sizeof(text), "--%s is not for ", cli_options[i].name);
            return usage(a, text, c->words, "", c->words);
        }
    }
    if (a->word_count >= c->least && (c->most < 0 || a->word_count <= c->most))
        return CLI_DONE;
    /* What stands too much is not repeated: it could be a code. */
    snprintf(text, sizeof(text), "too %s behind ", a->word_count < c->least ? "little" : "much");
    if (c->most == 0)
        return usage(a, text, c->words, ", which takes no arguments", c->words);
    char after[96];
    snprintf(after, sizeof(after), ", which takes %s", c->arguments);
    return usage(a, text, c->words, after, c->words);
}

/* Also where what was typed cannot be read: whoever asked for JSON gets no other answer. */
static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

/* NULL: say what is missing or wrong instead. */
static const struct cli_command *find_or_help(struct cli_arguments *a, char **words, int count,
                                              int *best, enum cli_exit *code)
{
    const struct cli_command *command = find(words, count, best);
    char group[64];

    cli_words_join(group, sizeof(group), words, *best);
    *code = CLI_DONE;
    if (command == NULL && *best < count)
        *code = usage(a, "there is no ", words[*best], *best == 0 ? "" : " in this group", group);
    else if (cli_is_given(a, CLI_HELP))
        cli_help_print(a->is_json, words, *best, command);
    else if (command == NULL)
        *code = usage(a, "say what to do behind ", count == 0 ? "nx" : group, "", group);
    else
        return command;
    return NULL;
}

enum cli_exit cli_arguments_read(struct cli_arguments *a, int argc, char **argv)
{
    enum cli_exit code;
    int best;

    *a = (struct cli_arguments){.is_json = asks_for_json(argc, argv)};
    code = read_options(a, argc, argv);
    if (code != CLI_DONE)
        return code;
    if (cli_is_given(a, CLI_SHOW_VERSION)) {
        cli_help_version(a->is_json);
        return CLI_DONE;
    }

    char **words = argv + optind;
    int count = argc - optind;
    const struct cli_command *command = find_or_help(a, words, count, &best, &code);
    if (command == NULL)
        return code;
    a->words = words + best;
    a->word_count = count - best;
    a->command = command;
    return check(a);
}
