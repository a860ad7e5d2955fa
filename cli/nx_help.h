/* Help: what nx says about itself, all of it from the table of commands. */
#ifndef NX_CLI_NX_HELP_H
#define NX_CLI_NX_HELP_H

#include "cli/nx_command.h"

/* How many of the typed words the text begins with, all of the typed ones being `count`: all words of a
 * command, or some where they name a group. */
int cli_words_in_common(const char *text, char **words, int count);
int cli_words_of(const char *text);

/* The first `count` words, joined: what a group is called. */
void cli_words_join(char *text, size_t cap, char **words, int count);

/* The page of `command`, or where it is NULL of the group that `count` words name. */
void cli_help_print(bool is_json, char **words, int count, const struct cli_command *command);

void cli_help_version(bool is_json);

#endif
