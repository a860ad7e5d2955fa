/* nx completion: what a shell has to know to complete what is typed, from the table of commands. */
#include "cli/nx_commands.h"
#include "cli/nx_help.h"
#include "cli/nx_show.h"

#include <string.h>

static const char shells[] = "bash, zsh or fish";

/* ---- bash and zsh ---------------------------------------------------------------------------- */

static void print_options(const struct cli_command *c)
{
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if (((c->options | CLI_COMMON) & CLI_BIT(i)) != 0)
            printf("--%s ", cli_options[i].name);
    }
}

/* Bytes of the first `count` words of a command with the blanks behind them; 0 where it has no further
 * one (but for none at all). */
static size_t way_len(const char *words, int count)
{
    size_t len = 0;

    if (cli_words_of(words) <= count)
        return 0;
    for (int i = 0; i < count; i++)
        len += strcspn(words + len, " ") + 1;
    return len;
}

/* Does this command go on from there? */
static bool goes_on(const struct cli_command *c, const char *way, size_t len, int count)
{
    return cli_words_of(c->words) > count && strncmp(c->words, way, len) == 0;
}

/* The words that may stand behind these first ones, each once: those of a group stand together. */
static void print_next_words(const char *way, size_t len, int count)
{
    const char *last = "";

    printf("    ' %.*s'*) echo '", (int)len, way);
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        size_t next_len = strcspn(c->words + (goes_on(c, way, len, count) ? len : 0), " ");

        if (!goes_on(c, way, len, count))
            continue;
        if (strcspn(last, " ") != next_len || strncmp(last, c->words + len, next_len) != 0)
            printf("%.*s ", (int)next_len, c->words + len);
        last = c->words + len;
    }
    puts("' ;;");
}

static void print_groups(int count)
{
    const struct cli_command *before = NULL;

    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        size_t len = way_len(c->words, count);

        if (cli_words_of(c->words) <= count ||
            (before != NULL && goes_on(before, c->words, len, count)))
            continue;
        print_next_words(c->words, len, count);
        before = c;
    }
}

/* One function for both shells: what may stand behind the words that were typed, options apart. */
static void print_words(void)
{
    puts("_nx_next() {\n"
         "    local typed='' word is_value=''\n"
         "    for word in \"$@\"; do\n"
         "        if [ -n \"$is_value\" ]; then is_value=''; continue; fi\n"
         "        case $word in");
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if (cli_options[i].value != NULL)
            printf("        --%s) is_value=1 ;;\n", cli_options[i].name);
    }
    puts("        -*) ;;\n"
         "        *) typed=\"$typed $word\" ;;\n"
         "        esac\n"
         "    done\n"
         "    case \"$typed \" in");
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        printf("    ' %s '*) echo '", c->words);
        print_options(c);
        puts("' ;;");
    }
    for (int count = 2; count >= 0; count--)
        print_groups(count);
    puts("    esac\n"
         "}");
}

static void print_bash(void)
{
    puts("# bash completion of nx; source it, or put it where bash-completion looks for nx");
    print_words();
    puts("_nx() {\n"
         "    local now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    case $before in --state) COMPREPLY=($(compgen -d -- \"$now\")); return ;; esac\n"
         "    local next; next=$(_nx_next \"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
         "    COMPREPLY=($(compgen -W \"$next\" -- \"$now\"))\n"
         "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$now\"))\n"
         "}\n"
         "complete -o filenames -F _nx nx");
}

static void print_zsh(void)
{
    puts("#compdef nx");
    print_words();
    puts("_nx() {\n"
         "    local -a next\n"
         "    next=(${=\"$(_nx_next \"${words[@]:1:$((CURRENT-2))}\")\"})\n"
         "    compadd -- $next || _files\n"
         "}\n"
         "compdef _nx nx");
}

/* ---- fish ------------------------------------------------------------------------------------- */

static void print_fish_text(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

/* A word that may stand behind the first `len` bytes of these. */
static void print_fish_word(const char *words, size_t len, const char *summary)
{
    const char *word = words + len;
    size_t word_len = strcspn(word, " ");

    printf("complete -c nx -f -n 'test \"$(__nx_typed)\" = \"");
    fwrite(words, 1, len == 0 ? 0 : len - 1, stdout);
    printf("\"' -a '%.*s' -d '", (int)word_len, word);
    print_fish_text(word[word_len] == '\0' ? summary : "commands");
    puts("'");
}

static void print_fish_options(const struct cli_command *c)
{
    for (unsigned i = 0; i < CLI_OPTIONS; i++) {
        if (((c->options | CLI_COMMON) & CLI_BIT(i)) == 0)
            continue;
        printf("complete -c nx -n 'string match -q -- \"%s*\" (__nx_typed)' -l %s%s -d '", c->words,
               cli_options[i].name, cli_options[i].value == NULL ? "" : " -r");
        print_fish_text(cli_options[i].summary);
        puts("'");
    }
}

static void print_fish(void)
{
    puts("# fish completion of nx\n"
         "function __nx_typed\n"
         "    set -l words (commandline -opc)\n"
         "    set -e words[1]\n"
         "    string join ' ' (string match -v -- '-*' $words)\n"
         "end");
    for (const struct cli_command *c = cli_commands; c->words != NULL; c++) {
        for (int count = 0; count < cli_words_of(c->words); count++)
            print_fish_word(c->words, way_len(c->words, count), c->summary);
        print_fish_options(c);
    }
}

enum cli_exit cli_completion(struct cli *cli)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } known[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    const char *shell = cli->arguments.words[0];

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, shell) != 0)
            continue;
        if (cli_is_given(&cli->arguments, CLI_JSON))
            return cli_fail(cli, CLI_USAGE, "completion is a script for a shell, and no JSON");
        known[i].print();
        return CLI_DONE;
    }
    return cli_fail(cli, CLI_USAGE, "completion is for %s, not '%s'", shells, shell);
}
