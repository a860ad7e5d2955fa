#include "cli/nx_command.h"
#include "core/base/status.h"
#include "core/base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt answers for a long option, the first of them; letters are below. */
#define LONG 256

#define COMMON (CLI_BIT(CLI_STATE) | CLI_BIT(CLI_JSON) | CLI_BIT(CLI_HELP))

static const struct {
    const char *name;
    const char *value; /* NULL: it has none */
    const char *summary;
    uint32_t least; /* of a number; its most is above zero */
    uint32_t most;
} options[CLI_OPTIONS] = {
    [CLI_STATE] = {"state", "DIR", "the state folder of the daemon (else NEXUS_STATE)"},
    [CLI_JSON] = {"json", NULL, "JSON, for programs"},
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
};

/* ---- complaints ---------------------------------------------------------------------------- */

static enum cli_exit usage(const char *before, const char *what, const char *after,
                           const char *help_words)
{
    char shown[256]; /* one line, whatever was typed */

    nx_text_for_show(nx_bytes_of_text(what), shown, sizeof(shown));
    fprintf(stderr, "nx: %s'%s'%s; see nx%s%s --help\n", before, shown, after,
            help_words[0] == '\0' ? "" : " ", help_words);
    return CLI_USAGE;
}

/* ---- which command ------------------------------------------------------------------------- */

/* How many of the typed words the text begins with, all of the typed ones being `count`: all words of
 * a command, or some where they name a group. */
static int words_in_common(const char *text, char **words, int count)
{
    int common = 0;

    for (; common < count; common++) {
        size_t len = strcspn(text, " ");

        if (len == 0 || strlen(words[common]) != len || strncmp(text, words[common], len) != 0)
            break;
        text += len;
        text += text[0] == ' ';
    }
    return common;
}

static int words_of(const char *text)
{
    int count = 1;

    for (; *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

/* The command that was typed, or NULL; `*best` is how many words some command had in common. */
static const struct cli_command *find(char **words, int count, int *best)
{
    *best = 0;
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        int common = words_in_common(c->words, words, count);

        if (common == words_of(c->words)) {
            *best = common;
            return c;
        }
        *best = common > *best ? common : *best;
    }
    return NULL;
}

/* The first `count` words, joined: what a group is called. */
static void join(char *text, size_t cap, char **words, int count)
{
    struct nx_text t = nx_text_over(text, cap);

    for (int i = 0; i < count; i++) {
        nx_text_add(&t, i == 0 ? "" : " ");
        nx_text_add(&t, words[i]);
    }
}

/* ---- help ---------------------------------------------------------------------------------- */

static void print_options(unsigned which)
{
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        char shown[32];

        if ((which & CLI_BIT(i)) == 0)
            continue;
        snprintf(shown, sizeof(shown), "--%s%s%s", options[i].name,
                 options[i].value == NULL ? "" : " ",
                 options[i].value == NULL ? "" : options[i].value);
        printf("  %-19s %s\n", shown, options[i].summary);
    }
}

static void print_exit_codes(void)
{
    puts("\nExit status: 0 done, 1 it failed, 2 wrong usage, 3 no daemon serves that folder. What\n"
         "failed is a sentence on standard error, with the next thing to try.");
}

static void print_list(char **words, int count)
{
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        char shown[64];

        if (words_in_common(c->words, words, count) < count)
            continue;
        snprintf(shown, sizeof(shown), "%s %s", c->words, c->arguments);
        printf("  %s\n      %s\n", shown, c->summary);
    }
}

static void print_group_help(char **words, int count)
{
    char group[64];

    join(group, sizeof(group), words, count);
    if (count == 0)
        puts("nx: asks the dsoftbusd of this machine, and tells it what to do\n");
    printf("usage: nx [--state DIR] %s%sCOMMAND ...\n\n", group, count == 0 ? "" : " ");
    print_list(words, count);
    puts("\nPEER is a device's name as `nx bus discover` shows it, or the beginning of its id; it "
         "has\n"
         "to fit one device. A word that begins with - but is no option stands behind --.\n");
    print_options(COMMON);
    print_exit_codes();
}

static void print_command_help(const struct cli_command *c)
{
    printf("usage: nx [--state DIR] %s %s", c->words, c->arguments);
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if (((c->options | CLI_BIT(CLI_JSON)) & CLI_BIT(i)) != 0)
            printf(" [--%s%s%s]", options[i].name, options[i].value == NULL ? "" : " ",
                   options[i].value == NULL ? "" : options[i].value);
    }
    printf("\n\n%s.\n%s%s\n", c->summary, c->help, c->help[0] == '\0' ? "" : "\n");
    print_options(c->options | COMMON);
    print_exit_codes();
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
    if (options[option].value != NULL && value[0] == '\0') {
        snprintf(before, sizeof(before), "--%s ", options[option].name);
        return usage(before, "", " is empty", "");
    }
    if (options[option].most == 0 ||
        read_number(value, options[option].least, options[option].most, &a->numbers[option]))
        return CLI_DONE;
    snprintf(before, sizeof(before), "--%s takes a whole number from %u to %u, not ",
             options[option].name, options[option].least, options[option].most);
    return usage(before, value, "", "");
}

/* Of short ones, which may stand several in a word, getopt knows the letter. */
static enum cli_exit no_such_option(const char *word)
{
    const char letter[] = {'-', (char)optopt, '\0'};

    return usage("there is no option ", optopt != 0 && optopt < LONG ? letter : word, "", "");
}

static enum cli_exit read_options(struct cli_arguments *a, int argc, char **argv)
{
    struct option known[CLI_OPTIONS + 1] = {{0}};

    for (int i = 0; i < CLI_OPTIONS; i++)
        known[i] = (struct option){options[i].name,
                                   options[i].value == NULL ? no_argument : required_argument, NULL,
                                   LONG + i};

    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, ":ho:", known, NULL)) != -1;) {
        enum cli_exit code = CLI_DONE;

        if (found == ':')
            return usage("", argv[optind - 1], " needs a value", "");
        if (found == '?')
            return no_such_option(argv[optind - 1]);
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
        if (a->options[i] != NULL && ((c->options | COMMON) & CLI_BIT(i)) == 0) {
            snprintf(text, sizeof(text), "--%s is not for ", options[i].name);
            return usage(text, c->words, "", c->words);
        }
    }
    if (a->word_count >= c->least && (c->most < 0 || a->word_count <= c->most))
        return CLI_DONE;
    /* What stands too much is not repeated: it could be a code. */
    snprintf(text, sizeof(text), "too %s behind ", a->word_count < c->least ? "little" : "much");
    if (c->most == 0)
        return usage(text, c->words, ", which takes no arguments", c->words);
    char after[96];
    snprintf(after, sizeof(after), ", which takes %s", c->arguments);
    return usage(text, c->words, after, c->words);
}

enum cli_exit cli_arguments_read(struct cli_arguments *a, int argc, char **argv)
{
    int best;
    char group[64];

    *a = (struct cli_arguments){.command = NULL};
    enum cli_exit code = read_options(a, argc, argv);
    if (code != CLI_DONE)
        return code;

    char **words = argv + optind;
    int count = argc - optind;
    const struct cli_command *command = find(words, count, &best);
    join(group, sizeof(group), words, best);
    if (command == NULL && best < count)
        return usage("there is no ", words[best], best == 0 ? "" : " in this group", group);
    if (cli_is_given(a, CLI_HELP)) {
        if (command != NULL)
            print_command_help(command);
        else
            print_group_help(words, best);
        return CLI_DONE;
    }
    if (command == NULL)
        return usage("say what to do behind ", count == 0 ? "nx" : group, "", group);

    a->command = command;
    a->words = words + best;
    a->word_count = count - best;
    return check(a);
}
