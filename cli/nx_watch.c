/* nx bus watch: devices that come and go, pairings, sessions, one line for each as it happens. */
#include "cli/nx_commands.h"
#include "cli/nx_show.h"

#include <time.h>

/* By enum dsoftbusd_happening_what: for programs, and for people. */
static const struct {
    const char *event, *text;
    bool has_status;
} words[] = {
    [DSOFTBUSD_HAPPENING_WHAT_WATCHING] = {"watching", "watching; Ctrl-C ends it", false},
    [DSOFTBUSD_HAPPENING_WHAT_SEEN] = {"seen", "is here", false},
    [DSOFTBUSD_HAPPENING_WHAT_CHANGED] = {"changed", "announces something else now", false},
    [DSOFTBUSD_HAPPENING_WHAT_GONE] = {"gone", "is not heard any more", false},
    [DSOFTBUSD_HAPPENING_WHAT_KEY_CONFLICT] = {"key-conflict", "HAS NOT THE KEY IT WAS PAIRED WITH",
                                               false},
    [DSOFTBUSD_HAPPENING_WHAT_PAIRED] = {"paired", "is paired", false},
    [DSOFTBUSD_HAPPENING_WHAT_PAIRING_FAILED] = {"pairing-failed", "was not paired", true},
    [DSOFTBUSD_HAPPENING_WHAT_UNPAIRED] = {"unpaired", "is not paired any more", false},
    [DSOFTBUSD_HAPPENING_WHAT_ONE_SIDED] = {"one-sided", "is paired on one side only", true},
    [DSOFTBUSD_HAPPENING_WHAT_SESSION_UP] = {"session-up", "has a session", false},
    [DSOFTBUSD_HAPPENING_WHAT_SESSION_ENDED] = {"session-ended", "has no session any more", true},
    [DSOFTBUSD_HAPPENING_WHAT_DIAL_FAILED] = {"dial-failed", "was not reached", true},
    [DSOFTBUSD_HAPPENING_WHAT_MISSED] = {"missed", "more happened than was read", false},
};

static void print_json(struct dsoftbusd_happening_reader h, uint32_t what)
{
    json_t *event = cli_json_event(words[what].event);
    int32_t status = dsoftbusd_happening_get_status(h);

    json_object_set_new(event, "at", cli_json_number((uint64_t)time(NULL)));
    if (dsoftbusd_happening_get_id(h).len > 0) {
        json_object_set_new(event, "id", cli_json_text(dsoftbusd_happening_get_id(h)));
        json_object_set_new(event, "name", cli_json_text(dsoftbusd_happening_get_name(h)));
    }
    if (words[what].has_status) {
        json_object_set_new(event, "status",
                            json_string(nx_status_is_known(status)
                                            ? nx_status_name((enum nx_status)status)
                                            : "unknown"));
        json_object_set_new(event, "why", cli_json_text(dsoftbusd_happening_get_why(h)));
    }
    cli_json_print(stdout, event);
}

static void print_line(struct dsoftbusd_happening_reader h, uint32_t what)
{
    struct cli_shown why = cli_show(dsoftbusd_happening_get_why(h));
    time_t now = time(NULL);
    char clock[16] = "";
    struct tm local;

    if (localtime_r(&now, &local) != NULL)
        (void)strftime(clock, sizeof(clock), "%H:%M:%S", &local);
    printf("%s  ", clock);
    if (dsoftbusd_happening_get_id(h).len > 0) {
        cli_print_padded(stdout, dsoftbusd_happening_get_name(h), CLI_NAME_COLUMN);
        printf("  %s  ", cli_show_id(dsoftbusd_happening_get_id(h)).text);
    }
    printf("%s%s%s\n", words[what].text, why.text[0] == '\0' ? "" : ": ", why.text);
    fflush(stdout);
}

enum cli_exit cli_watch_bus(struct cli *cli)
{
    enum nx_ipc_kind kind;
    enum cli_exit code = cli_open(cli);

    cli->signal_is_end = true;
    if (code == CLI_DONE)
        code = cli_begin(cli, DSOFTBUSD_OPERATION_WATCH, 0);
    while (code == CLI_DONE && (code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS) {
        struct dsoftbusd_happening_reader h = dsoftbusd_happening_root(&cli->body);
        uint32_t what = (uint32_t)dsoftbusd_happening_get_what(h);

        if (what < sizeof(words) / sizeof(words[0])) { /* a later daemon may tell more */
            if (cli_is_given(&cli->arguments, CLI_JSON))
                print_json(h, what);
            else
                print_line(h, what);
        }
        code = cli_check_body(cli);
        if (ferror(stdout) != 0)
            break; /* nobody reads on; main says so */
    }
    return code;
}
