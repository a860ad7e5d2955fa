/* nx bus pair, unpair: two people carry six digits from one device to the other.
 *
 *     this device                               the other device
 *     nx bus pair offer PEER
 *       code: 123456        -- a person -->     nx bus pair accept ID
 *                                                 code: _
 *       paired: …                               paired: …
 *
 * The digits are printed for whoever asked, and typed or read from standard input: they are in no
 * argument, where every user of the machine could see them. */
#include "cli/nx_commands.h"
#include "cli/nx_show.h"
#include "cli/nx_wait.h"
#include "core/bus/pairing_code.h"
#include "core/crypto/crypto.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_json(const struct cli *cli)
{
    return cli_is_given(&cli->arguments, CLI_JSON);
}

/* ---- what came of it ----------------------------------------------------------------------- */

static enum cli_exit print_paired(struct cli *cli, const char *what)
{
    struct dsoftbusd_paired_reader p = dsoftbusd_paired_root(&cli->body);

    enum cli_exit code = cli_check_body(cli);

    if (code != CLI_DONE)
        return code;
    if (!is_json(cli)) {
        printf("%s: %s %s\n", what, cli_show(dsoftbusd_paired_get_name(p)).text,
               cli_show(dsoftbusd_paired_get_id(p)).text);
        return CLI_DONE;
    }
    json_t *event = cli_json_event(what);

    json_object_set_new(event, "id", cli_json_text(dsoftbusd_paired_get_id(p)));
    json_object_set_new(event, "name", cli_json_text(dsoftbusd_paired_get_name(p)));
    cli_json_print(stdout, event);
    return CLI_DONE;
}

/* Who is at the other end, for a person to compare. */
static void print_begun(const struct cli *cli, struct dsoftbusd_pairing_begun_reader begun)
{
    struct cli_shown key = cli_show(dsoftbusd_pairing_begun_get_noise_static(begun));
    struct nx_capn_list addresses = dsoftbusd_pairing_begun_get_addresses(begun);

    cli_note(cli, "pairing with %s %s%s%s", cli_show(dsoftbusd_pairing_begun_get_name(begun)).text,
             cli_show(dsoftbusd_pairing_begun_get_id(begun)).text,
             addresses.count > 0 ? " at " : "",
             addresses.count > 0 ? cli_show(nx_capn_list_text(addresses, 0)).text : "");
    if (key.text[0] != '\0')
        cli_note(cli, "its key is %s", key.text);
}

static void print_begun_json(const char *what, struct dsoftbusd_pairing_begun_reader begun,
                             const char *own_id)
{
    json_t *event = cli_json_event(what);

    json_object_set_new(event, "id", cli_json_text(dsoftbusd_pairing_begun_get_id(begun)));
    json_object_set_new(event, "name", cli_json_text(dsoftbusd_pairing_begun_get_name(begun)));
    json_object_set_new(event, "noise_static",
                        cli_json_text(dsoftbusd_pairing_begun_get_noise_static(begun)));
    if (own_id != NULL) {
        json_object_set_new(event, "own_id", json_string(own_id));
        json_object_set_new(event, "code", cli_json_text(dsoftbusd_pairing_begun_get_code(begun)));
    }
    json_object_set_new(event, "life_ms",
                        cli_json_number(dsoftbusd_pairing_begun_get_life_ms(begun)));
    cli_json_print(stdout, event);
}

/* ---- offer --------------------------------------------------------------------------------- */

static void print_offer(const struct cli *cli, struct dsoftbusd_pairing_begun_reader begun,
                        const char *own_id)
{
    print_begun(cli, begun);
    printf("on the other device: nx bus pair accept %.*s\n", CLI_ID_SHOWN, own_id);
    printf("%scode: %s%s\n", cli_style(stdout, CLI_STYLE_STRONG),
           cli_show(dsoftbusd_pairing_begun_get_code(begun)).text,
           cli_style(stdout, CLI_STYLE_NONE));
    fflush(stdout);
    cli_note(cli, "waiting for it; the code is good for %s, and Ctrl-C takes it back",
             cli_show_ms(dsoftbusd_pairing_begun_get_life_ms(begun)).text);
}

/* How this device is named on the other one. */
static enum cli_exit ask_own_id(struct cli *cli, struct cli_shown *id)
{
    enum cli_exit code = cli_call(cli, DSOFTBUSD_OPERATION_STATUS, CLI_LOCAL_MS);

    if (code != CLI_DONE)
        return code;
    *id = cli_show(dsoftbusd_status_get_device_id(dsoftbusd_status_root(&cli->body)));
    return cli_check_body(cli);
}

static enum cli_exit offer(struct cli *cli, const char *own_id)
{
    enum nx_ipc_kind kind;

    dsoftbusd_offer_set_peer(dsoftbusd_offer_new_root(cli_request(cli)),
                             nx_bytes_of_text(cli->arguments.words[0]));
    enum cli_exit code = cli_begin(cli, DSOFTBUSD_OPERATION_OFFER, 0);
    while (code == CLI_DONE && (code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS) {
        struct dsoftbusd_pairing_begun_reader begun = dsoftbusd_pairing_begun_root(&cli->body);

        if (is_json(cli))
            print_begun_json("offered", begun, own_id);
        else
            print_offer(cli, begun, own_id);
        code = cli_check_body(cli);
    }
    return code == CLI_DONE ? print_paired(cli, "paired") : code;
}

enum cli_exit cli_pair_offer(struct cli *cli)
{
    struct cli_shown own_id;
    enum cli_exit code = cli_check_peer(cli, cli->arguments.words[0]);

    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = ask_own_id(cli, &own_id);
    return code == CLI_DONE ? offer(cli, own_id.text) : code;
}

/* ---- accept -------------------------------------------------------------------------------- */

#define TYPED_MAX 64 /* six digits, and whatever stands between them */

/* A line from standard input, whoever is there. */
static enum cli_exit read_typed(struct cli *cli, char *secret_typed, size_t *len)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    for (*len = 0; *len < TYPED_MAX;) {
        cli_wait(&input, 1, NX_NEVER);
        if (cli_wait_signal() != 0)
            return cli_fail(cli, CLI_STOPPED, "stopped by a signal; nothing was begun");
        if (input.revents == 0)
            continue;
        ssize_t got = read(STDIN_FILENO, secret_typed + *len, 1); /* what follows is another's */
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return cli_fail(cli, CLI_FAILED, "standard input: %s", strerror(errno));
        if (got == 0 || (got > 0 && secret_typed[*len] == '\n'))
            return CLI_DONE;
        *len += got > 0;
    }
    return CLI_DONE; /* too long for a code, and told as that */
}

static enum cli_exit read_code(struct cli *cli, uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    char secret_typed[TYPED_MAX];
    size_t len;

    if (isatty(STDIN_FILENO) != 0)
        fputs("the six digits that the other device shows\ncode: ", stderr);
    enum cli_exit code = read_typed(cli, secret_typed, &len);
    if (code == CLI_DONE && len > 0 && secret_typed[len - 1] == '\r')
        len--;
    if (code == CLI_DONE &&
        dsb_pairing_code_read(nx_bytes_of(secret_typed, len), secret_code) != NX_OK)
        code = cli_fail(cli, CLI_USAGE,
                        "a code is six digits, on the first line of standard input; nothing was "
                        "begun, and no digits are used up");
    nx_crypto_wipe(secret_typed, sizeof(secret_typed));
    return code;
}

static enum cli_exit accept_code(struct cli *cli, const uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    enum nx_ipc_kind kind;
    struct dsoftbusd_accept_builder b = dsoftbusd_accept_new_root(cli_request(cli));

    dsoftbusd_accept_set_peer(b, nx_bytes_of_text(cli->arguments.words[0]));
    dsoftbusd_accept_set_code(b, nx_bytes_of(secret_code, DSB_PAIRING_CODE_LEN));
    enum cli_exit code = cli_begin(cli, DSOFTBUSD_OPERATION_ACCEPT, 0);
    while (code == CLI_DONE && (code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS) {
        struct dsoftbusd_pairing_begun_reader begun = dsoftbusd_pairing_begun_root(&cli->body);

        if (is_json(cli))
            print_begun_json("accepted", begun, NULL);
        else
            print_begun(cli, begun);
        code = cli_check_body(cli);
    }
    return code == CLI_DONE ? print_paired(cli, "paired") : code;
}

enum cli_exit cli_pair_accept(struct cli *cli)
{
    uint8_t secret_code[DSB_PAIRING_CODE_LEN];
    enum cli_exit code = cli_check_peer(cli, cli->arguments.words[0]);

    if (code == CLI_DONE)
        code = cli_open(cli); /* nobody types digits for a daemon that is not there */
    if (code == CLI_DONE)
        code = read_code(cli, secret_code);
    if (code == CLI_DONE)
        code = accept_code(cli, secret_code);
    nx_crypto_wipe(secret_code, sizeof(secret_code));
    return code;
}

/* ---- unpair -------------------------------------------------------------------------------- */

enum cli_exit cli_unpair(struct cli *cli)
{
    enum cli_exit code = cli_check_peer(cli, cli->arguments.words[0]);

    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code != CLI_DONE)
        return code;
    dsoftbusd_peer_name_set_peer(dsoftbusd_peer_name_new_root(cli_request(cli)),
                                 nx_bytes_of_text(cli->arguments.words[0]));
    code = cli_call(cli, DSOFTBUSD_OPERATION_UNPAIR, CLI_REMOTE_MS);
    return code == CLI_DONE ? print_paired(cli, "unpaired") : code;
}
