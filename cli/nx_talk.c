#include "cli/nx_talk.h"

#include "cli/nx_show.h"
#include "cli/nx_wait.h"
#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what a person is told ----------------------------------------------------------------- */

static bool is_json(const struct cli *cli)
{
    return cli_is_given(&cli->arguments, CLI_JSON);
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
    if (!is_json(cli) || !cli->has_told)
        cli_exit_tell(is_json(cli), code, shown);
    cli->has_told = true;
    return code;
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    char text[1024], shown[1024];
    va_list args;

    if (is_json(cli))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    nx_text_for_show(nx_bytes_of_text(text), shown, sizeof(shown));
    fflush(stdout);
    fprintf(stderr, "nx: %s\n", shown);
}

enum cli_exit cli_fail_stopped(struct cli *cli, int signal)
{
    return cli_fail(cli, CLI_STOPPED, "stopped by a signal (%s)", strsignal(signal));
}

static enum cli_exit read_body(struct cli *cli);

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
        uint64_t seen_ms = dsoftbusd_candidate_get_last_seen_ms(c);

        fputs("nx:   ", stderr);
        cli_print_padded(stderr, dsoftbusd_candidate_get_name(c), CLI_NAME_COLUMN);
        fprintf(stderr, "  %s", cli_show(dsoftbusd_candidate_get_id(c)).text);
        if (seen_ms != UINT64_MAX)
            fprintf(stderr, "  heard %s ago", cli_show_ms(seen_ms).text);
        fputc('\n', stderr);
    }
    fputs("nx: name one of these by the beginning of its id\n", stderr);
}

static json_t *json_of_candidates(struct nx_capn_list candidates)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < candidates.count; i++) {
        struct dsoftbusd_candidate_reader c = dsoftbusd_candidate_at(candidates, i);
        json_t *one = json_object();

        json_object_set_new(one, "id", cli_json_text(dsoftbusd_candidate_get_id(c)));
        json_object_set_new(one, "name", cli_json_text(dsoftbusd_candidate_get_name(c)));
        json_array_append_new(array, one);
    }
    return array;
}

/* What the daemon refused, with what it knows about it. */
static enum cli_exit tell_failure(struct cli *cli, enum cli_exit code, const char *why,
                                  struct nx_capn_list candidates, bool is_code_spent)
{
    if (!is_json(cli)) {
        cli_fail(cli, code, "%s", why);
        if (candidates.count > 0)
            show_candidates(candidates);
        return code;
    }
    if (cli->has_told)
        return code;
    json_t *failure = cli_json_failure((int)code, why);
    if (candidates.count > 0)
        json_object_set_new(failure, "candidates", json_of_candidates(candidates));
    if (is_code_spent)
        json_object_set_new(failure, "code_spent", json_true());
    cli_json_print(stdout, failure);
    cli->has_told = true;
    return code;
}

static enum cli_exit show_failure(struct cli *cli)
{
    enum nx_status status = cli->client.heard.head.status;
    char why[NX_WHY_MAX + 200];
    enum cli_exit code;

    if (cli->signal != 0 && cli->signal_is_end)
        return CLI_DONE;
    if (cli->signal != 0)
        return cli_fail_stopped(cli, cli->signal);
    code = read_body(cli);
    if (code != CLI_DONE)
        return code;

    struct dsoftbusd_failure_reader failure = dsoftbusd_failure_root(&cli->body);
    struct cli_shown said = cli_show(dsoftbusd_failure_get_why(failure));
    bool is_spent = dsoftbusd_failure_get_code_spent(failure);

    if (said.text[0] != '\0')
        snprintf(why, sizeof(why), "%s", said.text);
    else
        snprintf(why, sizeof(why), "%s%s%s", nx_status_text(status), next_step(status),
                 is_spent ? "; these digits are used up: offer new ones" : "");
    code = cli_exit_of(status);
    return tell_failure(cli, code == CLI_DONE ? CLI_FAILED : code, why,
                        dsoftbusd_failure_get_candidates(failure), is_spent);
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
    const char *folder = nx_client_state_folder(cli->arguments.options[CLI_STATE]);

    if (folder == NULL)
        return cli_fail(cli, CLI_USAGE,
                        "which dsoftbusd? name its state folder with --state DIR or NEXUS_STATE");
    enum nx_status status = nx_client_open(&cli->client, folder);
    if (status == NX_OK)
        return CLI_DONE;
    enum cli_exit code = cli_exit_of(status);
    if (status == NX_E_NOT_FOUND)
        code = CLI_NO_DAEMON;
    if (status == NX_E_LIMIT)
        code = CLI_USAGE;
    return cli_fail(cli, code, "%s", nx_client_why(&cli->client));
}

void cli_close(struct cli *cli)
{
    nx_client_close(&cli->client);
}

enum cli_exit cli_connection_failed(struct cli *cli, enum nx_status status)
{
    enum cli_exit code = cli_exit_of(status);

    if (status == NX_E_CLOSED) {
        nx_client_look_why(&cli->client);
        code = CLI_NO_DAEMON;
    }
    return cli_fail(cli, code, "%s%s", nx_client_why(&cli->client),
                    status == NX_E_TIMEOUT ? next_step(status) : "");
}

/* ---- calls --------------------------------------------------------------------------------- */

struct nx_capn_builder *cli_request(struct cli *cli)
{
    return nx_client_request(&cli->client);
}

enum cli_exit cli_begin(struct cli *cli, uint16_t operation, uint32_t wait_ms)
{
    enum nx_status status = nx_client_begin(&cli->client, operation, wait_ms);

    cli->signal = 0;
    if (status == NX_E_LIMIT)
        return cli_fail(cli, CLI_USAGE, "the request has no room: its texts are too long");
    return status == NX_OK ? CLI_DONE : cli_connection_failed(cli, status);
}

void cli_cancel(struct cli *cli)
{
    nx_client_cancel(&cli->client, 0);
}

static enum cli_exit no_answer(struct cli *cli)
{
    if (cli->signal == 0)
        return cli_connection_failed(cli, NX_E_TIMEOUT);
    return cli->signal_is_end ? CLI_DONE : cli_fail_stopped(cli, cli->signal);
}

static void wait_for_more(struct cli *cli)
{
    struct pollfd descriptor = {.fd = nx_client_descriptor(&cli->client), .events = POLLIN};
    int signal = cli_wait_signal();

    if (signal != 0 && cli->signal == 0) {
        cli->signal = signal;
        nx_client_cancel(&cli->client, CLI_STOP_MS);
    }
    cli_wait(&descriptor, 1, nx_client_deadline(&cli->client));
}

static enum cli_exit take(struct cli *cli)
{
    const struct nx_ipc_head *head = &cli->client.heard.head;

    if (head->kind == NX_IPC_REPLY && head->status != NX_OK)
        return show_failure(cli);
    if (head->kind == NX_IPC_STREAM && head->operation == DSOFTBUSD_OPERATION_DATA)
        return CLI_DONE;
    return read_body(cli);
}

enum cli_exit cli_next(struct cli *cli, enum nx_ipc_kind *kind)
{
    enum nx_status status;

    while ((status = nx_client_next(&cli->client, kind)) == NX_WOULD_BLOCK)
        wait_for_more(cli);
    if (status == NX_OK)
        return take(cli);
    *kind = NX_IPC_REPLY;
    return status == NX_E_TIMEOUT ? no_answer(cli) : cli_connection_failed(cli, status);
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
    return cli_fail(cli, CLI_OTHER_VERSION,
                    "dsoftbusd of %s said what this nx does not understand (%s); are both of one "
                    "version?",
                    cli->client.connection.state_folder, why.text);
}

enum cli_exit cli_check_body(struct cli *cli)
{
    return cli->body.status == NX_OK ? CLI_DONE : no_such_body(cli);
}

static enum cli_exit read_body(struct cli *cli)
{
    return nx_client_body(&cli->client, &cli->body) == NX_OK ? CLI_DONE : no_such_body(cli);
}
