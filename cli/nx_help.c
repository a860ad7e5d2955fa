#include "cli/nx_help.h"

#include "cli/nx_commands.h"
#include "cli/nx_show.h"
#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- words --------------------------------------------------------------------------------- */

int cli_words_in_common(const char *text, char **words, int count)
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

int cli_words_of(const char *text)
{
    int count = 1;

    for (; *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

void cli_words_join(char *text, size_t cap, char **words, int count)
{
    struct nx_text t = nx_text_over(text, cap);

    for (int i = 0; i < count; i++) {
        nx_text_add(&t, i == 0 ? "" : " ");
        nx_text_add(&t, words[i]);
    }
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_head(const char *text)
{
    printf("%s%s%s\n", cli_style(stdout, CLI_STYLE_STRONG), text,
           cli_style(stdout, CLI_STYLE_NONE));
}

static void print_options(unsigned which)
{
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        char shown[32];

        if ((which & CLI_BIT(i)) == 0)
            continue;
        snprintf(shown, sizeof(shown), "--%s%s%s", cli_options[i].name,
                 cli_options[i].value == NULL ? "" : " ",
                 cli_options[i].value == NULL ? "" : cli_options[i].value);
        printf("  %-19s %s\n", shown, cli_options[i].summary);
    }
}

static void print_list(char **words, int count)
{
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        if (cli_words_in_common(c->words, words, count) < count)
            continue;
        printf("  %s%s%s\n      %s\n", c->words, c->arguments[0] == '\0' ? "" : " ", c->arguments,
               c->summary);
    }
}

static void print_exit_line(void)
{
    puts("\nExit status: 0 done, 2 wrong usage, 3 no daemon; nx help exit-codes lists them all. "
         "What\n"
         "failed is a sentence on standard error, with the next thing to try.");
}

static void print_group(char **words, int count)
{
    char group[64];

    cli_words_join(group, sizeof(group), words, count);
    if (count == 0)
        puts("nx: asks the dsoftbusd of this machine, and tells it what to do\n");
    printf("usage: nx [--state DIR] %s%sCOMMAND ...\n\n", group, count == 0 ? "" : " ");
    print_list(words, count);
    puts("\nPEER is a device's name as nx bus discover shows it, or the beginning of its id; it "
         "has to\n"
         "fit one device. A word that begins with - but is no option stands behind --.\n");
    print_options(CLI_COMMON);
    if (count == 0) {
        print_head("\nFirst steps, with two devices:");
        puts("  export NEXUS_STATE=~/.nexus            where the dsoftbusd of this machine keeps "
             "its state\n"
             "  nx bus discover                        who is there\n"
             "  nx bus pair offer laptop               shows six digits, and what to type there\n"
             "  nx bus byte send laptop file a.jpg     while nx bus byte recv file a.jpg waits "
             "there");
    }
    print_exit_line();
}

static void print_examples(const char *examples)
{
    print_head("\nExamples:");
    while (*examples != '\0') {
        size_t len = strcspn(examples, "\n");

        printf("  %.*s\n", (int)len, examples);
        examples += len;
        examples += *examples == '\n';
    }
}

static void print_command(const struct cli_command *c)
{
    printf("usage: nx [--state DIR] %s%s%s", c->words, c->arguments[0] == '\0' ? "" : " ",
           c->arguments);
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if (((c->options | CLI_BIT(CLI_JSON)) & CLI_BIT(i)) != 0)
            printf(" [--%s%s%s]", cli_options[i].name, cli_options[i].value == NULL ? "" : " ",
                   cli_options[i].value == NULL ? "" : cli_options[i].value);
    }
    printf("\n\n%s.\n%s%s", c->summary, c->help, c->help[0] == '\0' ? "" : "\n");
    print_options(c->options | CLI_COMMON);
    if (c->examples != NULL)
        print_examples(c->examples);
    print_exit_line();
}

static void print_exit_codes(void)
{
    puts("What nx exits with:\n");
    for (size_t i = 0; i < CLI_EXIT_ROWS; i++)
        printf("  %3d  %-14s %s\n", (int)cli_exit_rows[i].code, cli_exit_rows[i].word,
               cli_exit_rows[i].meaning);
    puts("\nThe word is \"error\" of what --json prints.");
}

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *json_of_options(unsigned which)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if ((which & CLI_BIT(i)) != 0)
            json_array_append_new(array, json_pack("{s:s, s:s?, s:s}", "name", cli_options[i].name,
                                                   "value", cli_options[i].value, "summary",
                                                   cli_options[i].summary));
    }
    return array;
}

static json_t *json_of_command(const struct cli_command *c)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "words", c->words, "arguments", c->arguments,
                     "summary", c->summary, "help", c->help, "tells_events", c->tells_events,
                     "options", json_of_options(c->options | CLI_COMMON));
}

static void print_json(char **words, int count)
{
    json_t *page = cli_json_page();
    json_t *array = json_array();

    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        if (cli_words_in_common(c->words, words, count) == count)
            json_array_append_new(array, json_of_command(c));
    }
    json_object_set_new(page, "commands", array);
    cli_json_print(stdout, page);
}

static void print_json_exit_codes(void)
{
    json_t *page = cli_json_page();
    json_t *array = json_array();

    for (size_t i = 0; i < CLI_EXIT_ROWS; i++)
        json_array_append_new(
            array, json_pack("{s:i, s:s, s:s}", "exit", (int)cli_exit_rows[i].code, "error",
                             cli_exit_rows[i].word, "meaning", cli_exit_rows[i].meaning));
    json_object_set_new(page, "exit_codes", array);
    cli_json_print(stdout, page);
}

/* ---- all of it ----------------------------------------------------------------------------- */

void cli_help_print(bool is_json, char **words, int count, const struct cli_command *command)
{
    if (is_json)
        print_json(words, count);
    else if (command != NULL)
        print_command(command);
    else
        print_group(words, count);
}

void cli_help_version(bool is_json)
{
    if (is_json) {
        json_t *page = cli_json_page();

        json_object_set_new(page, "version", json_string(NX_VERSION));
        cli_json_print(stdout, page);
    } else {
        puts("nx " NX_VERSION);
    }
}

enum cli_exit cli_help(struct cli *cli)
{
    bool is_json = cli_is_given(&cli->arguments, CLI_JSON);
    char **words = cli->arguments.words;
    int count = cli->arguments.word_count;

    if (count == 1 && strcmp(words[0], "exit-codes") == 0) {
        if (is_json)
            print_json_exit_codes();
        else
            print_exit_codes();
        return CLI_DONE;
    }
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        if (cli_words_in_common(c->words, words, count) < count)
            continue;
        cli_help_print(is_json, words, count, cli_words_of(c->words) == count ? c : NULL);
        return CLI_DONE;
    }
    char typed[200];
    cli_words_join(typed, sizeof(typed), words, count);
    return cli_fail(cli, CLI_USAGE, "there is no command '%s' to help with; see nx --help", typed);
}
