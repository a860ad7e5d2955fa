#include "cli/nx_show.h"

#include "cli/nx_exit.h"
#include "core/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cli_shown cli_show(struct nx_bytes foreign)
{
    struct cli_shown shown = {.text = ""};

    nx_text_for_show(foreign, shown.text, sizeof(shown.text));
    return shown;
}

struct cli_shown cli_show_id(struct nx_bytes id)
{
    return cli_show(nx_bytes_of(id.ptr, id.len < CLI_ID_SHOWN ? id.len : CLI_ID_SHOWN));
}

struct cli_shown cli_show_ms(uint64_t ms)
{
    struct cli_shown shown;
    uint64_t s = ms / 1000;

    if (s < 120)
        snprintf(shown.text, sizeof(shown.text), "%" PRIu64 " s", s);
    else if (s < 7200)
        snprintf(shown.text, sizeof(shown.text), "%" PRIu64 " min", s / 60);
    else if (s < 172800)
        snprintf(shown.text, sizeof(shown.text), "%" PRIu64 " h", s / 3600);
    else
        snprintf(shown.text, sizeof(shown.text), "%" PRIu64 " days", s / 86400);
    return shown;
}

void cli_print_padded(FILE *file, struct nx_bytes foreign, size_t width)
{
    struct cli_shown shown = cli_show(foreign);
    struct nx_bytes rest = nx_bytes_of_text(shown.text);
    size_t count = 0;

    for (; rest.len > 0 && nx_utf8_next(&rest) != UINT32_MAX; count++)
        ;
    fprintf(file, "%s%*s", shown.text, count < width ? (int)(width - count) : 0, "");
}

struct cli_shown cli_show_count(uint64_t count, const char *what)
{
    struct cli_shown shown;

    snprintf(shown.text, sizeof(shown.text), "%" PRIu64 " %s%s", count, what,
             count == 1 ? "" : "s");
    return shown;
}

struct cli_shown cli_show_rate(uint64_t bytes, double seconds)
{
    struct cli_shown shown;
    double rate = seconds > 0 ? (double)bytes / seconds : 0;

    if (rate >= 1e6)
        snprintf(shown.text, sizeof(shown.text), "%.0f MB/s", rate / 1e6);
    else
        snprintf(shown.text, sizeof(shown.text), "%.0f kB/s", rate / 1e3);
    return shown;
}

const char *cli_style(FILE *file, enum cli_style style)
{
    static const char *const codes[] = {
        [CLI_STYLE_NONE] = "\033[0m",
        [CLI_STYLE_STRONG] = "\033[1m",
        [CLI_STYLE_GOOD] = "\033[32m",
        [CLI_STYLE_BAD] = "\033[31m",
    };
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if ((none != NULL && none[0] != '\0') || (terminal != NULL && strcmp(terminal, "dumb") == 0) ||
        isatty(fileno(file)) == 0)
        return "";
    return codes[style];
}

/* ---- JSON ---------------------------------------------------------------------------------- */

json_t *cli_json_text(struct nx_bytes foreign)
{
    return json_string(cli_show(foreign).text);
}

json_t *cli_json_number(uint64_t number)
{
    return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
}

json_t *cli_json_page(void)
{
    return json_pack("{s:s}", "schema", CLI_SCHEMA);
}

json_t *cli_json_event(const char *name)
{
    return json_pack("{s:s, s:s}", "schema", CLI_SCHEMA, "event", name);
}

json_t *cli_json_failure(int code, const char *why)
{
    json_t *event = cli_json_event("failed");

    json_object_set_new(event, "exit", json_integer(code));
    json_object_set_new(event, "error", json_string(cli_exit_word((enum cli_exit)code)));
    json_object_set_new(event, "why", json_string(why));
    return event;
}

void cli_json_print(FILE *file, json_t *value)
{
    json_dumpf(value, file, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', file);
    fflush(file);
    json_decref(value);
}
