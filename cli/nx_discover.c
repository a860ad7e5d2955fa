/* nx bus discover: which devices are there, and with --watch what changes. */
#include "cli/nx_commands.h"
#include "cli/nx_peers.h"
#include "cli/nx_show.h"

#include <string.h>

struct view {
    bool is_watching;
    json_t *devices; /* of a list as JSON; NULL: a line for each */
    uint32_t count;
};

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *json_of_device(struct dsoftbusd_device_reader d)
{
    json_t *o = json_object();

    json_object_set_new(o, "id", cli_json_text(dsoftbusd_device_get_id(d)));
    json_object_set_new(o, "name", cli_json_text(dsoftbusd_device_get_name(d)));
    json_object_set_new(o, "noise_static", cli_json_text(dsoftbusd_device_get_noise_static(d)));
    json_object_set_new(o, "addresses", cli_json_texts(dsoftbusd_device_get_addresses(d)));
    json_object_set_new(o, "services", cli_json_texts(dsoftbusd_device_get_services(d)));
    json_object_set_new(o, "self", json_boolean(dsoftbusd_device_get_is_self(d)));
    json_object_set_new(o, "paired", json_boolean(dsoftbusd_device_get_is_paired(d)));
    json_object_set_new(o, "key_conflict", json_boolean(dsoftbusd_device_get_has_key_conflict(d)));
    json_object_set_new(o, "last_seen_ms", cli_json_number(dsoftbusd_device_get_last_seen_ms(d)));
    return o;
}

static const char *event_name(enum dsoftbusd_discovered_what what)
{
    return what == DSOFTBUSD_DISCOVERED_WHAT_KEY_CONFLICT ? "key-conflict"
                                                          : dsoftbusd_discovered_what_name(what);
}

static void print_event(struct dsoftbusd_discovered_reader news)
{
    enum dsoftbusd_discovered_what what = dsoftbusd_discovered_get_what(news);
    json_t *event = cli_json_event(event_name(what));

    if (what == DSOFTBUSD_DISCOVERED_WHAT_GONE)
        json_object_set_new(
            event, "id",
            cli_json_text(dsoftbusd_device_get_id(dsoftbusd_discovered_get_device(news))));
    else if (dsoftbusd_discovered_has_device(news))
        json_object_set_new(event, "device", json_of_device(dsoftbusd_discovered_get_device(news)));
    cli_json_print(stdout, event);
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_texts(const char *before, struct nx_capn_list texts)
{
    for (uint32_t i = 0; i < texts.count; i++)
        printf("%s%s", i == 0 ? before : ", ", cli_show(nx_capn_list_text(texts, i)).text);
}

static void print_device(struct dsoftbusd_device_reader d)
{
    const char *standing = dsoftbusd_device_get_is_self(d)     ? "this device"
                           : dsoftbusd_device_get_is_paired(d) ? "paired"
                                                               : "not paired";

    cli_print_padded(stdout, dsoftbusd_device_get_name(d), CLI_NAME_COLUMN);
    printf("  %s  %s", cli_show_id(dsoftbusd_device_get_id(d)).text, standing);
    print_texts(", at ", dsoftbusd_device_get_addresses(d));
    print_texts("; has ", dsoftbusd_device_get_services(d));
    if (dsoftbusd_device_get_has_key_conflict(d))
        printf("; ITS KEY IS NOT THE ONE IT WAS PAIRED WITH: compare before you pair it again");
    putchar('\n');
}

static void print_change(struct dsoftbusd_discovered_reader news)
{
    enum dsoftbusd_discovered_what what = dsoftbusd_discovered_get_what(news);
    struct dsoftbusd_device_reader device = dsoftbusd_discovered_get_device(news);

    if (what == DSOFTBUSD_DISCOVERED_WHAT_LISTED)
        return;
    if (what == DSOFTBUSD_DISCOVERED_WHAT_MISSED) {
        puts("missed        more than was read; from the beginning:");
        return;
    }
    printf("%-12s  ", event_name(what));
    if (what == DSOFTBUSD_DISCOVERED_WHAT_GONE)
        puts(cli_show_id(dsoftbusd_device_get_id(device)).text);
    else
        print_device(device);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void take(struct cli *cli, struct view *view)
{
    struct dsoftbusd_discovered_reader news = dsoftbusd_discovered_root(&cli->body);
    bool is_json = cli_is_given(&cli->arguments, CLI_JSON);

    if (dsoftbusd_discovered_get_what(news) == DSOFTBUSD_DISCOVERED_WHAT_HERE)
        view->count++;
    if (view->is_watching && is_json)
        print_event(news);
    else if (view->is_watching)
        print_change(news);
    else if (dsoftbusd_discovered_get_what(news) != DSOFTBUSD_DISCOVERED_WHAT_HERE)
        return;
    else if (is_json)
        json_array_append_new(view->devices, json_of_device(dsoftbusd_discovered_get_device(news)));
    else
        print_device(dsoftbusd_discovered_get_device(news));
    fflush(stdout);
}

static enum cli_exit begin(struct cli *cli, bool is_watching)
{
    dsoftbusd_discover_set_watch(dsoftbusd_discover_new_root(cli_request(cli)), is_watching);
    return cli_begin(cli, DSOFTBUSD_OPERATION_DISCOVER, is_watching ? 0 : CLI_LOCAL_MS);
}

static bool was_missed(struct cli *cli)
{
    return dsoftbusd_discovered_get_what(dsoftbusd_discovered_root(&cli->body)) ==
           DSOFTBUSD_DISCOVERED_WHAT_MISSED;
}

static enum cli_exit hear(struct cli *cli, struct view *view)
{
    enum nx_ipc_kind kind;
    enum cli_exit code = begin(cli, view->is_watching);

    cli->signal_is_end = view->is_watching;
    while (code == CLI_DONE && (code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS) {
        take(cli, view);
        code = cli_check_body(cli);
        if (code == CLI_DONE && was_missed(cli)) {
            cli_cancel(cli);
            code = begin(cli, view->is_watching);
        }
        if (ferror(stdout) != 0)
            break; /* nobody reads on; main says so */
    }
    return code;
}

enum cli_exit cli_discover(struct cli *cli)
{
    bool is_json = cli_is_given(&cli->arguments, CLI_JSON);
    struct view view = {.is_watching = cli_is_given(&cli->arguments, CLI_WATCH)};
    enum cli_exit code = cli_open(cli);

    if (code != CLI_DONE)
        return code;
    view.devices = json_array();
    code = hear(cli, &view);
    if (code == CLI_DONE && is_json && !view.is_watching) {
        json_t *page = cli_json_page();

        json_object_set(page, "devices", view.devices);
        cli_json_print(stdout, page);
    } else if (code == CLI_DONE && view.count == 0 && !view.is_watching) {
        cli_note(cli, "no device was heard yet; nx status says whether discovery is on");
    }
    json_decref(view.devices);
    return code;
}
