#include "cli/nx_peers.h"

#include "cli/nx_commands.h"
#include "host/clock.h"

const char *cli_protocol_name(uint16_t protocol)
{
    return protocol == 0 ? "v1" : "native";
}

json_t *cli_json_texts(struct nx_capn_list texts)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < texts.count; i++)
        json_array_append_new(array, cli_json_text(nx_capn_list_text(texts, i)));
    return array;
}

/* The word of a status that came over a border. */
static const char *status_word(int32_t number)
{
    return nx_status_is_known(number) ? nx_status_name((enum nx_status)number) : "unknown";
}

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *json_of_end(struct dsoftbusd_session_end_reader end)
{
    json_t *o = json_object();

    json_object_set_new(o, "status",
                        json_string(status_word(dsoftbusd_session_end_get_status(end))));
    json_object_set_new(o, "by_peer", json_boolean(dsoftbusd_session_end_get_by_peer(end)));
    json_object_set_new(o, "code", json_integer(dsoftbusd_session_end_get_code(end)));
    json_object_set_new(o, "why", cli_json_text(dsoftbusd_session_end_get_why(end)));
    json_object_set_new(o, "ago_ms", cli_json_number(dsoftbusd_session_end_get_ago_ms(end)));
    json_object_set_new(o, "unconfirmed_messages",
                        cli_json_number(dsoftbusd_session_end_get_unconfirmed_messages(end)));
    json_object_set_new(o, "unconfirmed_bytes",
                        cli_json_number(dsoftbusd_session_end_get_unconfirmed_bytes(end)));
    return o;
}

static json_t *json_of_session(struct dsoftbusd_peer_reader p)
{
    json_t *o = json_object();
    uint64_t up_ms = dsoftbusd_peer_get_session_ms(p);
    uint64_t now_s = nx_clock_wall_s();

    json_object_set_new(o, "id", cli_json_text(dsoftbusd_peer_get_id(p)));
    json_object_set_new(o, "name", cli_json_text(dsoftbusd_peer_get_name(p)));
    json_object_set_new(o, "address", cli_json_text(dsoftbusd_peer_get_session_address(p)));
    json_object_set_new(o, "protocol",
                        json_string(cli_protocol_name(dsoftbusd_peer_get_protocol(p))));
    json_object_set_new(o, "since", cli_json_number(now_s - up_ms / 1000));
    json_object_set_new(o, "up_ms", cli_json_number(up_ms));
    return o;
}

static json_t *json_of_peer(struct dsoftbusd_peer_reader p)
{
    json_t *o = json_object();
    const char *session = dsoftbusd_session_state_name(dsoftbusd_peer_get_session(p));

    json_object_set_new(o, "id", cli_json_text(dsoftbusd_peer_get_id(p)));
    json_object_set_new(o, "name", cli_json_text(dsoftbusd_peer_get_name(p)));
    json_object_set_new(o, "noise_static", cli_json_text(dsoftbusd_peer_get_noise_static(p)));
    json_object_set_new(o, "paired", json_boolean(dsoftbusd_peer_get_is_paired(p)));
    json_object_set_new(o, "paired_at", cli_json_number(dsoftbusd_peer_get_paired_at_s(p)));
    json_object_set_new(o, "present", json_boolean(dsoftbusd_peer_get_is_present(p)));
    json_object_set_new(o, "addresses", cli_json_texts(dsoftbusd_peer_get_addresses(p)));
    json_object_set_new(o, "one_sided", json_boolean(dsoftbusd_peer_get_one_sided(p)));
    json_object_set_new(o, "session", json_string(session));
    json_object_set_new(o, "last_end",
                        dsoftbusd_peer_has_last_end(p) ? json_of_end(dsoftbusd_peer_get_last_end(p))
                                                       : json_null());
    return o;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_session(struct dsoftbusd_peer_reader p)
{
    switch (dsoftbusd_peer_get_session(p)) {
    case DSOFTBUSD_SESSION_STATE_UP:
        printf(", in session with %s (%s) for %s",
               cli_show(dsoftbusd_peer_get_session_address(p)).text,
               cli_protocol_name(dsoftbusd_peer_get_protocol(p)),
               cli_show_ms(dsoftbusd_peer_get_session_ms(p)).text);
        return;
    case DSOFTBUSD_SESSION_STATE_DIALLING:
        printf(", being dialled");
        return;
    case DSOFTBUSD_SESSION_STATE_ENDING:
        printf(", its session is ending");
        return;
    case DSOFTBUSD_SESSION_STATE_NONE:
        break;
    }
    if (!dsoftbusd_peer_get_is_present(p))
        printf(", not heard of");
    else if (dsoftbusd_peer_get_addresses(p).count > 0)
        printf(", at %s", cli_show(nx_capn_list_text(dsoftbusd_peer_get_addresses(p), 0)).text);
    else
        printf(", here");
}

static void print_last_end(struct dsoftbusd_session_end_reader end)
{
    int32_t status = dsoftbusd_session_end_get_status(end);
    struct cli_shown why = cli_show(dsoftbusd_session_end_get_why(end));
    uint64_t lost = dsoftbusd_session_end_get_unconfirmed_bytes(end);

    printf("; the last session ended %s ago: %s%s%s%s",
           cli_show_ms(dsoftbusd_session_end_get_ago_ms(end)).text,
           dsoftbusd_session_end_get_by_peer(end) ? "by the peer, " : "", status_word(status),
           why.text[0] == '\0' ? "" : ", ", why.text);
    if (lost > 0 || dsoftbusd_session_end_get_unconfirmed_messages(end) > 0)
        printf(", with %s and %s unconfirmed",
               cli_show_count(dsoftbusd_session_end_get_unconfirmed_messages(end), "message").text,
               cli_show_count(lost, "byte").text);
}

static const char *standing_of(struct dsoftbusd_peer_reader p)
{
    if (dsoftbusd_peer_get_is_paired(p))
        return "paired";
    return dsoftbusd_peer_get_one_sided(p) ? "not paired" : "a v1 node";
}

static void print_peer(struct dsoftbusd_peer_reader p)
{
    cli_print_padded(stdout, dsoftbusd_peer_get_name(p), CLI_NAME_COLUMN);
    printf("  %s  %s", cli_show_id(dsoftbusd_peer_get_id(p)).text, standing_of(p));
    print_session(p);
    if (dsoftbusd_peer_get_one_sided(p))
        printf(dsoftbusd_peer_get_is_paired(p)
                   ? "; it has forgotten this device: pair again, or unpair it"
                   : "; it takes this device for paired: pair again, or unpair it there");
    if (dsoftbusd_peer_has_last_end(p) &&
        dsoftbusd_peer_get_session(p) != DSOFTBUSD_SESSION_STATE_UP)
        print_last_end(dsoftbusd_peer_get_last_end(p));
    putchar('\n');
}

/* ---- asking -------------------------------------------------------------------------------- */

static void take_peer(struct dsoftbusd_peer_reader p, json_t *peers, json_t *sessions)
{
    if (peers == NULL) {
        print_peer(p);
        return;
    }
    json_array_append_new(peers, json_of_peer(p));
    if (sessions != NULL && dsoftbusd_peer_get_session(p) == DSOFTBUSD_SESSION_STATE_UP)
        json_array_append_new(sessions, json_of_session(p));
}

enum cli_exit cli_list_peers(struct cli *cli, bool only_paired, json_t *peers, json_t *sessions,
                             uint32_t *count)
{
    enum nx_ipc_kind kind;
    enum cli_exit code = cli_begin(cli, DSOFTBUSD_OPERATION_PEERS, CLI_LOCAL_MS);

    *count = 0;
    while (code == CLI_DONE && (code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS) {
        struct dsoftbusd_peer_reader p = dsoftbusd_peer_root(&cli->body);

        if (!only_paired || dsoftbusd_peer_get_is_paired(p)) {
            take_peer(p, peers, sessions);
            (*count)++;
        }
        code = cli_check_body(cli);
    }
    return code;
}

static enum cli_exit list(struct cli *cli, bool only_paired)
{
    json_t *peers = cli_is_given(&cli->arguments, CLI_JSON) ? json_array() : NULL;
    uint32_t count;
    enum cli_exit code = cli_open(cli);

    if (code == CLI_DONE)
        code = cli_list_peers(cli, only_paired, peers, NULL, &count);
    if (code == CLI_DONE && peers != NULL) {
        json_t *page = cli_json_page();

        json_object_set(page, "peers", peers);
        cli_json_print(stdout, page);
    } else if (code == CLI_DONE && count == 0) {
        cli_note(cli, "none yet; nx bus discover shows which devices could be paired");
    }
    json_decref(peers);
    return code;
}

enum cli_exit cli_peers(struct cli *cli)
{
    return list(cli, false);
}

enum cli_exit cli_paired(struct cli *cli)
{
    return list(cli, true);
}
