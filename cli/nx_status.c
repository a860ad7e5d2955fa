/* nx status: what this device is, and how its dsoftbusd fares. */
#include "cli/nx_commands.h"
#include "cli/nx_peers.h"
#include "cli/nx_show.h"

#include <inttypes.h>

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *json_of_counts(struct nx_capn_list counts)
{
    json_t *o = json_object();

    for (uint32_t i = 0; i < counts.count; i++) {
        struct dsoftbusd_count_reader c = dsoftbusd_count_at(counts, i);

        json_object_set_new(o, cli_show(dsoftbusd_count_get_name(c)).text,
                            cli_json_number(dsoftbusd_count_get_value(c)));
    }
    return o;
}

static json_t *json_of_status(struct dsoftbusd_status_reader s)
{
    json_t *o = cli_json_page();
    const char *offer = dsoftbusd_pairing_state_name(dsoftbusd_status_get_offer(s));
    const char *accept = dsoftbusd_pairing_state_name(dsoftbusd_status_get_accept(s));

    json_object_set_new(o, "version", cli_json_text(dsoftbusd_status_get_version(s)));
    json_object_set_new(o, "device_id", cli_json_text(dsoftbusd_status_get_device_id(s)));
    json_object_set_new(o, "noise_static", cli_json_text(dsoftbusd_status_get_noise_static(s)));
    json_object_set_new(o, "name", cli_json_text(dsoftbusd_status_get_name(s)));
    json_object_set_new(o, "listen", cli_json_texts(dsoftbusd_status_get_listen(s)));
    json_object_set_new(
        o, "discovery",
        json_string(dsoftbusd_discovery_mode_name(dsoftbusd_status_get_discovery(s))));
    json_object_set_new(o, "device_count", cli_json_number(dsoftbusd_status_get_device_count(s)));
    json_object_set_new(o, "stream_count", cli_json_number(dsoftbusd_status_get_stream_count(s)));
    json_object_set_new(o, "client_count", cli_json_number(dsoftbusd_status_get_client_count(s)));
    json_object_set_new(o, "offer", json_string(offer));
    json_object_set_new(o, "accept", json_string(accept));
    json_object_set_new(o, "failed_pairings",
                        cli_json_number(dsoftbusd_status_get_failed_pairings(s)));
    json_object_set_new(
        o, "registry",
        json_string(dsoftbusd_registry_state_name(dsoftbusd_status_get_registry(s))));
    json_object_set_new(o, "registry_why", cli_json_text(dsoftbusd_status_get_registry_why(s)));
    json_object_set_new(o, "uptime_ms", cli_json_number(dsoftbusd_status_get_uptime_ms(s)));
    json_object_set_new(o, "counts", json_of_counts(dsoftbusd_status_get_counts(s)));
    return o;
}

static enum cli_exit print_json(struct cli *cli)
{
    json_t *page = json_of_status(dsoftbusd_status_root(&cli->body));
    json_t *peers = json_array();
    json_t *sessions = json_array();
    uint32_t count;
    enum cli_exit code = cli_check_body(cli);

    json_object_set_new(page, "peers", peers);
    json_object_set_new(page, "sessions", sessions);
    if (code == CLI_DONE)
        code = cli_list_peers(cli, false, peers, sessions, &count);
    if (code != CLI_DONE) {
        json_decref(page);
        return code;
    }
    cli_json_print(stdout, page);
    return CLI_DONE;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_line(const char *what, struct nx_bytes value)
{
    printf("%-13s %s\n", what, cli_show(value).text);
}

static void print_listen(struct nx_capn_list listen)
{
    if (listen.count == 0)
        print_line("listen", nx_bytes_of_text("nowhere"));
    for (uint32_t i = 0; i < listen.count; i++)
        print_line("listen", nx_capn_list_text(listen, i));
}

static void print_pairing(struct dsoftbusd_status_reader s)
{
    printf("%-13s offer %s, accept %s, %" PRIu32 " failed\n", "pairing",
           dsoftbusd_pairing_state_name(dsoftbusd_status_get_offer(s)),
           dsoftbusd_pairing_state_name(dsoftbusd_status_get_accept(s)),
           dsoftbusd_status_get_failed_pairings(s));
}

/* A count of zero tells nobody anything. */
static void print_counts(struct nx_capn_list counts)
{
    for (uint32_t i = 0; i < counts.count; i++) {
        struct dsoftbusd_count_reader c = dsoftbusd_count_at(counts, i);

        if (dsoftbusd_count_get_value(c) != 0)
            printf("%-13s %s %" PRIu64 "\n", "count", cli_show(dsoftbusd_count_get_name(c)).text,
                   dsoftbusd_count_get_value(c));
    }
}

static void print_status(struct dsoftbusd_status_reader s)
{
    struct cli_shown why = cli_show(dsoftbusd_status_get_registry_why(s));

    print_line("name", dsoftbusd_status_get_name(s));
    print_line("device id", dsoftbusd_status_get_device_id(s));
    print_line("noise static", dsoftbusd_status_get_noise_static(s));
    print_line("version", dsoftbusd_status_get_version(s));
    printf("%-13s %s\n", "up for", cli_show_ms(dsoftbusd_status_get_uptime_ms(s)).text);
    print_listen(dsoftbusd_status_get_listen(s));
    printf("%-13s %s, %" PRIu32 " other devices heard\n", "discovery",
           dsoftbusd_discovery_mode_name(dsoftbusd_status_get_discovery(s)),
           dsoftbusd_status_get_device_count(s));
    printf("%-13s %s%s%s\n", "registry",
           dsoftbusd_registry_state_name(dsoftbusd_status_get_registry(s)),
           why.text[0] == '\0' ? "" : ": ", why.text);
    print_pairing(s);
    print_counts(dsoftbusd_status_get_counts(s));
    printf("%-13s %" PRIu32 " paired, %" PRIu32 " in session, %" PRIu32 " streams\n", "peers",
           dsoftbusd_status_get_peer_count(s), dsoftbusd_status_get_session_count(s),
           dsoftbusd_status_get_stream_count(s));
}

enum cli_exit cli_status(struct cli *cli)
{
    uint32_t count;
    enum cli_exit code = cli_open(cli);

    if (code == CLI_DONE)
        code = cli_call(cli, DSOFTBUSD_OPERATION_STATUS, CLI_LOCAL_MS);
    if (code != CLI_DONE)
        return code;
    if (cli_is_given(&cli->arguments, CLI_JSON))
        return print_json(cli);

    print_status(dsoftbusd_status_root(&cli->body));
    code = cli_check_body(cli);
    return code == CLI_DONE ? cli_list_peers(cli, false, NULL, NULL, &count) : code;
}
