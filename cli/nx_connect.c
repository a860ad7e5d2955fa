/* nx bus connect, ping: is that device there, and does it answer? */
#include "cli/nx_commands.h"
#include "cli/nx_peers.h"
#include "cli/nx_show.h"
#include "cli/nx_wait.h"
#include "core/base/hex.h"
#include "core/wire/address.h"
#include "host/clock.h"

#include <inttypes.h>
#include <string.h>

/* ---- connect ------------------------------------------------------------------------------- */

static bool is_key(const char *text)
{
    uint8_t bytes[32];

    return text != NULL && nx_hex_decode(nx_bytes_of_text(text), bytes, sizeof(bytes)) == NX_OK;
}

static enum cli_exit check_v1(struct cli *cli)
{
    const char *const *options = cli->arguments.options;
    struct nx_address address;
    struct nx_why why;

    if (cli->arguments.word_count != 0)
        return cli_fail(cli, CLI_USAGE, "connect takes either a PEER or --v1, not both");
    if (nx_address_parse(nx_bytes_of_text(options[CLI_V1]), 0, &address, &why) != NX_OK)
        return cli_fail(cli, CLI_USAGE, "--v1 takes ADDR:PORT, not '%s': %s", options[CLI_V1],
                        why.text);
    if (address.port == 0)
        return cli_fail(cli, CLI_USAGE, "--v1 takes ADDR:PORT, and '%s' names no port",
                        options[CLI_V1]);
    if (!is_key(options[CLI_DEVICE_ID]))
        return cli_fail(cli, CLI_USAGE,
                        "--v1 needs --device-id HEX: 64 lower-case digits, as that node shows it");
    if (!is_key(options[CLI_NOISE_STATIC]))
        return cli_fail(cli, CLI_USAGE,
                        "--v1 needs --noise-static HEX: 64 lower-case digits, as that node shows "
                        "it");
    return CLI_DONE;
}

static enum cli_exit check_connect(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;

    if (cli_is_given(a, CLI_V1))
        return check_v1(cli);
    if (cli_is_given(a, CLI_DEVICE_ID) || cli_is_given(a, CLI_NOISE_STATIC))
        return cli_fail(
            cli, CLI_USAGE,
            "--device-id and --noise-static are for --v1 ADDR:PORT; a PEER has its own");
    if (a->word_count == 0)
        return cli_fail(cli, CLI_USAGE, "connect takes a PEER, or --v1 ADDR:PORT and its keys");
    return cli_check_peer(cli, a->words[0]);
}

static enum cli_exit dial(struct cli *cli)
{
    const char *const *options = cli->arguments.options;

    if (!cli_is_given(&cli->arguments, CLI_V1)) {
        dsoftbusd_peer_name_set_peer(dsoftbusd_peer_name_new_root(cli_request(cli)),
                                     nx_bytes_of_text(cli->arguments.words[0]));
        return cli_call(cli, DSOFTBUSD_OPERATION_CONNECT, CLI_REMOTE_MS);
    }
    struct dsoftbusd_connect_v1_builder b = dsoftbusd_connect_v1_new_root(cli_request(cli));

    dsoftbusd_connect_v1_set_address(b, nx_bytes_of_text(options[CLI_V1]));
    dsoftbusd_connect_v1_set_device_id(b, nx_bytes_of_text(options[CLI_DEVICE_ID]));
    dsoftbusd_connect_v1_set_noise_static(b, nx_bytes_of_text(options[CLI_NOISE_STATIC]));
    return cli_call(cli, DSOFTBUSD_OPERATION_CONNECT_V1, CLI_REMOTE_MS);
}

static void print_connected(struct cli *cli, struct dsoftbusd_connected_reader c)
{
    const char *protocol = cli_protocol_name(dsoftbusd_connected_get_protocol(c));

    if (!cli_is_given(&cli->arguments, CLI_JSON)) {
        printf("connected: %s %s at %s (%s)\n", cli_show(dsoftbusd_connected_get_name(c)).text,
               cli_show(dsoftbusd_connected_get_id(c)).text,
               cli_show(dsoftbusd_connected_get_address(c)).text, protocol);
        return;
    }
    json_t *page = cli_json_page();

    json_object_set_new(page, "id", cli_json_text(dsoftbusd_connected_get_id(c)));
    json_object_set_new(page, "name", cli_json_text(dsoftbusd_connected_get_name(c)));
    json_object_set_new(page, "address", cli_json_text(dsoftbusd_connected_get_address(c)));
    json_object_set_new(page, "protocol", json_string(protocol));
    cli_json_print(stdout, page);
}

enum cli_exit cli_connect(struct cli *cli)
{
    enum cli_exit code = check_connect(cli);

    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = dial(cli);
    if (code != CLI_DONE)
        return code;
    print_connected(cli, dsoftbusd_connected_root(&cli->body));
    return cli_check_body(cli);
}

/* ---- ping ---------------------------------------------------------------------------------- */

/* Waits for the moment of the next one. False: a signal came. */
static bool pause_until(struct nx_instant next)
{
    while (!nx_instant_reached(next, nx_clock_now())) {
        if (cli_wait_signal() != 0)
            return false;
        cli_wait(NULL, 0, next);
    }
    return true;
}

static void print_pong(struct cli *cli, uint32_t number, uint64_t round_trip_ns)
{
    if (cli_is_given(&cli->arguments, CLI_JSON)) {
        json_t *event = cli_json_event("pong");

        json_object_set_new(event, "number", cli_json_number(number));
        json_object_set_new(event, "round_trip_ns", cli_json_number(round_trip_ns));
        cli_json_print(stdout, event);
        return;
    }
    printf("%" PRIu32 ": %" PRIu64 ".%03" PRIu64 " ms\n", number, round_trip_ns / 1000000,
           round_trip_ns / 1000 % 1000);
    fflush(stdout);
}

static enum cli_exit ping_once(struct cli *cli, uint32_t number)
{
    dsoftbusd_peer_name_set_peer(dsoftbusd_peer_name_new_root(cli_request(cli)),
                                 nx_bytes_of_text(cli->arguments.words[0]));
    enum cli_exit code = cli_call(cli, DSOFTBUSD_OPERATION_PING, CLI_REMOTE_MS);
    if (code != CLI_DONE)
        return code;

    uint64_t round_trip_ns = dsoftbusd_pong_get_round_trip_ns(dsoftbusd_pong_root(&cli->body));
    code = cli_check_body(cli);
    if (code == CLI_DONE)
        print_pong(cli, number, round_trip_ns);
    return code;
}

enum cli_exit cli_ping(struct cli *cli)
{
    uint32_t count = cli_number(&cli->arguments, CLI_COUNT, 1);
    uint32_t interval_ms = cli_number(&cli->arguments, CLI_INTERVAL, 1000);
    enum cli_exit code = cli_check_peer(cli, cli->arguments.words[0]);

    if (code == CLI_DONE)
        code = cli_open(cli);
    for (uint32_t number = 1; code == CLI_DONE && number <= count; number++) {
        struct nx_instant next = nx_instant_after(nx_clock_now(), nx_milliseconds(interval_ms));

        code = ping_once(cli, number);
        if (code == CLI_DONE && number < count && !pause_until(next))
            return cli_fail(cli, CLI_STOPPED, "stopped by a signal after %" PRIu32 " of %" PRIu32,
                            number, count);
    }
    return code;
}
