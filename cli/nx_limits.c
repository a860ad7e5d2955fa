/* nx limits: what dsoftbusd is bounded by, how much of it is used, and by which option it changes. */
#include "cli/nx_commands.h"
#include "cli/nx_show.h"

#include <inttypes.h>
#include <string.h>

json_t *cli_json_of_limits(struct nx_capn_list limits)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < limits.count; i++) {
        struct dsoftbusd_limit_reader l = dsoftbusd_limit_at(limits, i);
        json_t *one = json_object();

        json_object_set_new(one, "scope", cli_json_text(dsoftbusd_limit_get_scope(l)));
        json_object_set_new(one, "name", cli_json_text(dsoftbusd_limit_get_name(l)));
        json_object_set_new(one, "limit", cli_json_number(dsoftbusd_limit_get_limit(l)));
        json_object_set_new(one, "used", cli_json_number(dsoftbusd_limit_get_used(l)));
        json_object_set_new(one, "high_water",
                            dsoftbusd_limit_get_has_high_water(l)
                                ? cli_json_number(dsoftbusd_limit_get_high_water(l))
                                : json_null());
        json_object_set_new(one, "option", cli_json_text(dsoftbusd_limit_get_option(l)));
        json_array_append_new(array, one);
    }
    return array;
}

static void print_limit(struct dsoftbusd_limit_reader l)
{
    uint64_t limit = dsoftbusd_limit_get_limit(l), used = dsoftbusd_limit_get_used(l);
    struct cli_shown option = cli_show(dsoftbusd_limit_get_option(l));
    char most[24] = "-";

    if (dsoftbusd_limit_get_has_high_water(l))
        snprintf(most, sizeof(most), "%" PRIu64, dsoftbusd_limit_get_high_water(l));
    cli_print_padded(stdout, dsoftbusd_limit_get_scope(l), 9);
    cli_print_padded(stdout, dsoftbusd_limit_get_name(l), 28);
    printf("%12" PRIu64 " %s%12" PRIu64 "%s %12s  %s\n", limit,
           cli_style(stdout, used >= limit ? CLI_STYLE_BAD : CLI_STYLE_NONE), used,
           cli_style(stdout, CLI_STYLE_NONE), most,
           option.text[0] == '\0' ? "built in" : option.text);
}

enum cli_exit cli_limits(struct cli *cli)
{
    enum cli_exit code = cli_open(cli);

    if (code == CLI_DONE)
        code = cli_call(cli, DSOFTBUSD_OPERATION_LIMITS, CLI_LOCAL_MS);
    if (code != CLI_DONE)
        return code;
    struct nx_capn_list limits = dsoftbusd_limits_get_limits(dsoftbusd_limits_root(&cli->body));
    if (cli_is_given(&cli->arguments, CLI_JSON)) {
        json_t *page = cli_json_page();

        json_object_set_new(page, "limits", cli_json_of_limits(limits));
        code = cli_check_body(cli);
        if (code == CLI_DONE)
            cli_json_print(stdout, page);
        else
            json_decref(page);
        return code;
    }
    printf("%-9s%-28s%12s %12s %12s  %s\n", "scope", "what", "limit", "used", "most so far",
           "option");
    for (uint32_t i = 0; i < limits.count; i++)
        print_limit(dsoftbusd_limit_at(limits, i));
    return cli_check_body(cli);
}
