/* nx doctor: why a device is not found, or not connected: the first rung that fails (docs/doctor.md).
 *
 *     daemon > interface > multicast > beacon > … > service
 *     '-----'  '---------------------------------------'
 *      seen from here        examined by the daemon, from its own sockets */
#include "cli/nx_commands.h"
#include "cli/nx_show.h"
#include "core/base/text.h"

#include <string.h>

enum {
    EXIT_OF_RUNG = CLI_RUNG_INTERFACE - 1, /* and the number of the rung */
    STATUS_MS = 3000,                      /* a daemon that serves answers at once */
    DOCTOR_MS = 30000,                     /* the daemon takes 25 s at most */
};

/* What is shown: lines at once, or a page of JSON in the end. */
struct chart {
    json_t *page; /* NULL: for people */
    json_t *rungs;
    struct cli_shown why; /* what was seen of the first rung that failed */
};

static void begin_chart(struct chart *c, const struct cli *cli)
{
    *c = (struct chart){.page = NULL};
    if (!cli_is_given(&cli->arguments, CLI_JSON))
        return;
    c->page = cli_json_page();
    c->rungs = json_array();
    json_object_set_new(c->page, "rungs", c->rungs);
}

static void show_finding(struct chart *c, struct nx_bytes word, enum dsoftbusd_rung_state state,
                         struct nx_bytes evidence)
{
    static const char *const states[] = {"not-reached", "ok", "unknown", "failed"};
    const char *shown = states[(size_t)state < NX_COUNT_OF(states) ? (size_t)state : 0];

    if (state == DSOFTBUSD_RUNG_STATE_FAILED && c->why.text[0] == '\0')
        c->why = cli_show(evidence);

    if (c->page == NULL) {
        printf("%-10s %-11s %s\n", cli_show(word).text, shown, cli_show(evidence).text);
        return;
    }
    json_t *finding = json_object();
    json_object_set_new(finding, "rung", cli_json_text(word));
    json_object_set_new(finding, "state", json_string(shown));
    json_object_set_new(finding, "evidence", cli_json_text(evidence));
    json_array_append_new(c->rungs, finding);
}

/* The last word: the rung that failed with its cause, or that nothing is wrong (CLI_DONE). With JSON a
 * failure is one of nx/1, with the examination in it. */
static enum cli_exit show_verdict(struct chart *c, enum cli_exit code, struct nx_bytes rung,
                                  struct nx_bytes cause, const char *remedy)
{
    bool is_well = code == CLI_DONE;

    if (c->page == NULL && is_well) {
        puts("\nnothing is wrong");
    } else if (c->page == NULL) {
        printf("\n%s: %s\n%s\n", cli_show(rung).text, cli_show(cause).text, remedy);
    } else {
        json_object_set_new(c->page, "ok", json_boolean(is_well));
        json_object_set_new(c->page, "rung", is_well ? json_null() : cli_json_text(rung));
        json_object_set_new(c->page, "cause", is_well ? json_null() : cli_json_text(cause));
        json_object_set_new(c->page, "remedy", is_well ? json_null() : json_string(remedy));
        if (!is_well) {
            json_t *failure = cli_json_failure((int)code, c->why.text);

            json_object_update(failure, c->page);
            json_decref(c->page);
            c->page = failure;
        }
        cli_json_print(stdout, c->page);
    }
    return code;
}

/* ---- the daemon's rung ---------------------------------------------------------------------- */

struct trouble {
    const char *cause, *remedy;
};

static const struct trouble full_table = {
    "full-table", "as many programs speak to it as may at once, or it hangs: end some of them, or "
                  "restart it"};

static enum cli_exit fail_daemon(struct chart *c, const char *evidence, struct trouble trouble)
{
    const struct nx_bytes rung = nx_bytes_of_text("daemon");

    show_finding(c, rung, DSOFTBUSD_RUNG_STATE_FAILED, nx_bytes_of_text(evidence));
    return show_verdict(c, CLI_NO_DAEMON, rung, nx_bytes_of_text(trouble.cause), trouble.remedy);
}

static enum cli_exit fail_open(struct chart *c, const char *why, enum nx_status status)
{
    if (status == NX_E_NOT_FOUND)
        return fail_daemon(
            c, why,
            (struct trouble){"daemon-down",
                             "start it: dsoftbusd --state DIR, with the DIR that nx is given; its "
                             "own words on standard error say why it would not stay"});
    if (status == NX_E_BUSY)
        return fail_daemon(c, why, full_table);
    return fail_daemon(
        c, why,
        (struct trouble){"daemon-refuses",
                         "run nx as the user whose dsoftbusd it is, with that one's --state"});
}

/* It is there, and it answers. */
static enum cli_exit ask_daemon(struct cli *cli, struct chart *c)
{
    const char *folder = nx_client_state_folder(cli->arguments.options[CLI_STATE]);

    if (folder == NULL)
        return cli_fail(cli, CLI_USAGE,
                        "which dsoftbusd? name its state folder with --state DIR or NEXUS_STATE");
    enum nx_status status = nx_client_open(&cli->client, folder);
    if (status != NX_OK)
        return fail_open(c, nx_client_why(&cli->client), status);
    status = nx_client_call(&cli->client, DSOFTBUSD_OPERATION_STATUS, STATUS_MS);
    if (status != NX_OK)
        return fail_daemon(
            c, "it takes the connection and says nothing, or nothing that this nx understands",
            status == NX_E_TIMEOUT
                ? full_table
                : (struct trouble){"daemon-version",
                                   "nx and dsoftbusd are of two versions: restart dsoftbusd"});
    show_finding(c, nx_bytes_of_text("daemon"), DSOFTBUSD_RUNG_STATE_OK,
                 nx_bytes_of_text("it answers"));
    return CLI_DONE;
}

/* ---- the other ones ------------------------------------------------------------------------- */

/* Shows them; the exit code is that of the first that failed. A person who asked about nobody is not
 * shown the rungs of a device. */
static enum cli_exit show_diagnosis(struct cli *cli, struct chart *c)
{
    struct dsoftbusd_diagnosis_reader d = dsoftbusd_diagnosis_root(&cli->body);
    struct nx_capn_list rungs = dsoftbusd_diagnosis_get_rungs(d);
    struct nx_bytes failed = nx_bytes_of(NULL, 0);
    int code = CLI_DONE;

    for (uint32_t i = 0; i < rungs.count; i++) {
        struct dsoftbusd_finding_reader f = dsoftbusd_finding_at(rungs, i);
        enum dsoftbusd_rung_state state = dsoftbusd_finding_get_state(f);

        if (c->page != NULL || state != DSOFTBUSD_RUNG_STATE_NOT_REACHED || code != CLI_DONE)
            show_finding(c, dsoftbusd_finding_get_word(f), state,
                         dsoftbusd_finding_get_evidence(f));
        if (state != DSOFTBUSD_RUNG_STATE_FAILED || code != CLI_DONE)
            continue;
        failed = dsoftbusd_finding_get_word(f);
        code = EXIT_OF_RUNG + dsoftbusd_finding_get_rung(f);
    }
    if (c->page != NULL) {
        json_object_set_new(c->page, "id", cli_json_text(dsoftbusd_diagnosis_get_id(d)));
        json_object_set_new(c->page, "name", cli_json_text(dsoftbusd_diagnosis_get_name(d)));
    }
    struct nx_bytes remedy = dsoftbusd_diagnosis_get_remedy(d);
    char text[1024]; /* the daemon's own words: longer than what others may say of themselves */
    nx_text_for_show(remedy, text, sizeof(text));
    enum cli_exit checked = cli_check_body(cli);
    if (checked == CLI_DONE)
        return show_verdict(c, (enum cli_exit)code, failed, dsoftbusd_diagnosis_get_cause(d), text);
    json_decref(c->page);
    return checked;
}

enum cli_exit cli_doctor(struct cli *cli)
{
    const char *peer = cli->arguments.word_count > 0 ? cli->arguments.words[0] : "";
    struct chart chart;
    enum cli_exit code =
        peer[0] == '\0' && cli->arguments.word_count == 0 ? CLI_DONE : cli_check_peer(cli, peer);

    if (code != CLI_DONE)
        return code;
    begin_chart(&chart, cli);
    code = ask_daemon(cli, &chart);
    if (code != CLI_DONE)
        return code;
    dsoftbusd_doctor_set_peer(dsoftbusd_doctor_new_root(cli_request(cli)), nx_bytes_of_text(peer));
    code = cli_call(cli, DSOFTBUSD_OPERATION_DOCTOR, DOCTOR_MS);
    if (code == CLI_DONE)
        return show_diagnosis(cli, &chart);
    json_decref(chart.page);
    return code;
}
