#include "cli/nx_talk.h"

#include "cli/nx_show.h"
#include "cli/nx_wait.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "host/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char daemon_name[] = "dsoftbusd";

/* ---- what a person is told ----------------------------------------------------------------- */

/* A program that reads events reads the failure among them. */
static void tell_failure_event(const struct cli *cli, const char *why)
{
    if (cli->arguments.command == NULL || !cli->arguments.command->tells_events ||
        !cli_is_given(&cli->arguments, CLI_JSON))
        return;
    json_t *event = cli_json_event("failed");
    json_object_set_new(event, "why", json_string(why));
    cli_json_print(stdout, event);
}

enum cli_exit cli_fail(struct cli *cli, enum cli_exit code, const char *format, ...)
{
    char text[1024], shown[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    /* Names in it may hold whatever a terminal obeys. */
    nx_text_for_show(nx_bytes_of_text(text), shown, sizeof(shown));
    fflush(stdout); /* what was said before comes before */
    fprintf(stderr, "nx: %s\n", shown);
    if (code != CLI_USAGE)
        tell_failure_event(cli, shown);
    return code;
}

/* What may help where the daemon itself said nothing. */
static const char *next_step(enum nx_status status)
{
    if (status == NX_E_NOT_FOUND)
        return "; nx bus discover and nx bus peers show which devices there are";
    if (status == NX_E_TIMEOUT)
        return "; is the other device there? nx bus discover shows it then";
    if (status == NX_E_UNSUPPORTED)
        return "; the dsoftbusd that runs is older than this nx: restart it";
    if (status == NX_E_BUSY)
        return "; try again when that has ended";
    if (status == NX_E_EXISTS)
        return "; another program has it: stop that one first";
    return "";
}

static void show_candidates(struct nx_capn_list candidates)
{
    for (uint32_t i = 0; i < candidates.count; i++) {
        struct dsoftbusd_candidate_reader c = dsoftbusd_candidate_at(candidates, i);

        fputs("nx:   ", stderr);
        cli_print_padded(stderr, dsoftbusd_candidate_get_name(c), CLI_NAME_COLUMN);
        fprintf(stderr, "  %s\n", cli_show(dsoftbusd_candidate_get_id(c)).text);
    }
}

static enum cli_exit show_failure(struct cli *cli)
{
    enum nx_status status = cli->heard.head.status;

    if (cli->signal != 0 && cli->signal_is_end)
        return CLI_DONE;
    if (cli->signal != 0)
        return cli_fail(cli, CLI_FAILED, "stopped by a signal (%s)", strsignal(cli->signal));
    if (cli_read_body(cli, cli->heard.body) != CLI_DONE)
        return CLI_FAILED;

    struct dsoftbusd_failure_reader failure = dsoftbusd_failure_root(&cli->body);
    struct cli_shown why = cli_show(dsoftbusd_failure_get_why(failure));
    struct nx_capn_list candidates = dsoftbusd_failure_get_candidates(failure);
    const char *spent = dsoftbusd_failure_get_code_spent(failure)
                            ? " (these digits are used up: to try again, offer new ones)"
                            : "";

    if (why.text[0] != '\0')
        cli_fail(cli, CLI_FAILED, "%s%s", why.text, spent);
    else
        cli_fail(cli, CLI_FAILED, "%s%s%s", nx_status_text(status), next_step(status), spent);
    if (candidates.count > 0) {
        show_candidates(candidates);
        fputs("nx: name one of these by the beginning of its id\n", stderr);
    }
    return CLI_FAILED;
}

/* ---- arguments ----------------------------------------------------------------------------- */

enum cli_exit cli_check_peer(struct cli *cli, const char *peer)
{
    size_t len = strlen(peer);

    if (len > 0 && len <= CLI_PEER_LEN_MAX && nx_utf8_is_valid(nx_bytes_of_text(peer)))
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE,
                    "a PEER is 1 to %d bytes of UTF-8: a device's name, or the beginning of its id",
                    CLI_PEER_LEN_MAX);
}

enum cli_exit cli_check_channel(struct cli *cli, const char *channel)
{
    size_t len = strlen(channel);

    if (len > 0 && len <= CLI_CHANNEL_LEN_MAX && nx_utf8_is_valid(nx_bytes_of_text(channel)))
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE, "a CHANNEL is 1 to %d bytes of UTF-8, such as talk",
                    CLI_CHANNEL_LEN_MAX);
}

/* ---- the connection ------------------------------------------------------------------------ */

enum cli_exit cli_open(struct cli *cli)
{
    const char *folder = nx_ipc_state_folder(cli->arguments.options[CLI_STATE]);

    if (folder == NULL)
        return cli_fail(cli, CLI_USAGE,
                        "which dsoftbusd? name its state folder with --state DIR or NEXUS_STATE");
    enum nx_status status = nx_ipc_client_open(&cli->client, folder, daemon_name);
    if (status == NX_OK)
        return CLI_DONE;
    return cli_fail(cli, status == NX_E_NOT_FOUND ? CLI_NO_DAEMON : CLI_FAILED, "%s",
                    cli->client.why);
}

void cli_close(struct cli *cli)
{
    nx_ipc_client_close(&cli->client);
    nx_crypto_wipe(cli->request_bytes, sizeof(cli->request_bytes));
}

/* ---- calls --------------------------------------------------------------------------------- */

struct nx_capn_builder *cli_request(struct cli *cli)
{
    nx_capn_builder_init_frame(&cli->request, cli->request_bytes, sizeof(cli->request_bytes));
    return &cli->request;
}

static enum cli_exit connection_failed(struct cli *cli)
{
    return cli_fail(cli, CLI_FAILED, "%s", cli->client.why);
}

enum cli_exit cli_begin(struct cli *cli, uint16_t operation, uint32_t wait_ms)
{
    struct nx_instant now = nx_clock_now();
    struct nx_bytes body = nx_bytes_of(NULL, 0);

    if (cli->request.rooms != NULL && nx_capn_builder_finish(&cli->request, &body) != NX_OK)
        return cli_fail(cli, CLI_FAILED, "the request has no room: its texts are too long");
    cli->operation = operation;
    cli->signal = 0;
    cli->until = wait_ms == 0 ? NX_NEVER : nx_instant_after(now, nx_milliseconds(wait_ms));
    enum nx_status status =
        nx_ipc_client_begin(&cli->client, nx_instant_after(now, nx_milliseconds(CLI_LOCAL_MS)),
                            operation, body, wait_ms, &cli->call_id);
    nx_crypto_wipe(cli->request_bytes, sizeof(cli->request_bytes));
    cli->request = (struct nx_capn_builder){.rooms = NULL};
    return status == NX_OK ? CLI_DONE : connection_failed(cli);
}

static void send_cancel(struct cli *cli)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_CANCEL,
        .operation = cli->operation,
        .call_id = cli->call_id,
    };

    /* One that finds no room is made up for by the end of the connection. */
    (void)!nx_ipc_client_send(&cli->client, (struct nx_instant){0}, &head, nx_bytes_of(NULL, 0));
}

void cli_cancel(struct cli *cli)
{
    send_cancel(cli);
    cli->call_id = 0;
}

/* A little longer than the daemon was told, which then has the better sentence. */
static bool is_late(const struct cli *cli)
{
    return nx_instant_reached(nx_instant_after(cli->until, nx_milliseconds(1000)), nx_clock_now());
}

static enum cli_exit no_answer(struct cli *cli)
{
    if (cli->signal == 0)
        send_cancel(cli);
    else if (cli->signal_is_end)
        return CLI_DONE;
    return cli->signal != 0
               ? cli_fail(cli, CLI_FAILED, "stopped by a signal (%s)", strsignal(cli->signal))
               : cli_fail(cli, CLI_FAILED, "dsoftbusd of %s did not answer in time%s",
                          cli->client.state_folder, next_step(NX_E_TIMEOUT));
}

static enum cli_exit wait_for_more(struct cli *cli)
{
    struct pollfd descriptor = {.fd = nx_ipc_client_descriptor(&cli->client), .events = POLLIN};
    int signal = cli_wait_signal();

    if (signal != 0 && cli->signal == 0) {
        cli->signal = signal;
        cli->until = nx_instant_after(nx_clock_now(), nx_milliseconds(CLI_STOP_MS));
        send_cancel(cli);
    }
    cli_wait(&descriptor, 1, nx_instant_after(cli->until, nx_milliseconds(1000)));
    return CLI_DONE;
}

static enum cli_exit take(struct cli *cli, enum nx_ipc_kind *kind)
{
    const struct nx_ipc_head *head = &cli->heard.head;

    *kind = head->kind;
    if (head->kind == NX_IPC_REPLY && head->status != NX_OK)
        return show_failure(cli);
    if (head->kind == NX_IPC_STREAM && head->operation == DSOFTBUSD_OPERATION_DATA)
        return CLI_DONE;
    return cli_read_body(cli, cli->heard.body);
}

enum cli_exit cli_next(struct cli *cli, enum nx_ipc_kind *kind)
{
    for (;;) {
        enum nx_status status =
            nx_ipc_client_receive(&cli->client, (struct nx_instant){0}, &cli->heard);

        if (status == NX_OK && cli->heard.head.call_id == cli->call_id)
            return take(cli, kind);
        if (status != NX_OK && status != NX_WOULD_BLOCK)
            return connection_failed(cli);
        if (status == NX_WOULD_BLOCK && is_late(cli)) {
            *kind = NX_IPC_REPLY;
            return no_answer(cli);
        }
        if (status == NX_WOULD_BLOCK)
            wait_for_more(cli);
    }
}

enum cli_exit cli_call(struct cli *cli, uint16_t operation, uint32_t wait_ms)
{
    enum nx_ipc_kind kind = NX_IPC_NEWS;
    enum cli_exit code = cli_begin(cli, operation, wait_ms);

    while (code == CLI_DONE && kind != NX_IPC_REPLY)
        code = cli_next(cli, &kind);
    return code;
}

/* ---- bodies -------------------------------------------------------------------------------- */

static enum cli_exit no_such_body(struct cli *cli)
{
    struct nx_why why;

    nx_capn_message_explain(&cli->body, &why);
    return cli_fail(cli, CLI_FAILED,
                    "dsoftbusd of %s said what this nx does not understand (%s); are both of one "
                    "version?",
                    cli->client.state_folder, why.text);
}

enum cli_exit cli_check_body(struct cli *cli)
{
    return cli->body.status == NX_OK ? CLI_DONE : no_such_body(cli);
}

enum cli_exit cli_read_body(struct cli *cli, struct nx_bytes bytes)
{
    /* One segment of one word, a root that is null. */
    static const uint8_t nothing[16] = {0, 0, 0, 0, 1};

    if (bytes.len == 0)
        bytes = nx_bytes_of(nothing, sizeof(nothing));
    enum nx_status status = nx_capn_message_open(&cli->body, &nx_capn_limits_default, bytes,
                                                 cli->segments, CLI_SEGMENTS_MAX);
    return status == NX_OK ? CLI_DONE : no_such_body(cli);
}
