#include "cli/nx_show.h"

#include "core/base/text.h"

#include <inttypes.h>
#include <string.h>

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
    return json_pack("{s:i}", "schema", 1);
}

json_t *cli_json_event(const char *name)
{
    return json_pack("{s:s}", "event", name);
}

void cli_json_print(FILE *file, json_t *value)
{
    json_dumpf(value, file, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', file);
    fflush(file);
    json_decref(value);
}
