/* nx bugreport: what somebody who looks for a fault needs to know of this machine, and no more.
 *
 * No id stands in it whole, no name, no key, and no address unless the person asks for that. It is
 * printed before it is written, and sent nowhere. */
#include "cli/nx_commands.h"
#include "cli/nx_show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ID_KEPT 4 /* digits: enough to tell the devices of one report apart */

struct report {
    json_t *page;
    bool has_addresses;
};

static json_t *json_of_id(struct nx_bytes id)
{
    char text[ID_KEPT + sizeof("...")];

    snprintf(text, sizeof(text), "%.*s...", (int)(id.len < ID_KEPT ? id.len : ID_KEPT),
             cli_show(id).text);
    return json_string(text);
}

static json_t *json_of_addresses(const struct report *r, struct nx_capn_list addresses)
{
    json_t *array;

    if (!r->has_addresses)
        return json_integer(addresses.count);
    array = json_array();
    for (uint32_t i = 0; i < addresses.count; i++)
        json_array_append_new(array, cli_json_text(nx_capn_list_text(addresses, i)));
    return array;
}

static const char *word_of(int32_t status)
{
    return nx_status_is_known(status) ? nx_status_name((enum nx_status)status) : "unknown";
}

/* ---- what the daemon says ------------------------------------------------------------------ */

static enum cli_exit add_status(struct cli *cli, struct report *r)
{
    enum cli_exit code = cli_call(cli, DSOFTBUSD_OPERATION_STATUS, CLI_LOCAL_MS);

    if (code != CLI_DONE)
        return code;
    struct dsoftbusd_status_reader s = dsoftbusd_status_root(&cli->body);
    struct nx_capn_list counts = dsoftbusd_status_get_counts(s);
    json_t *o = json_object(), *counted = json_object();

    json_object_set_new(o, "version", cli_json_text(dsoftbusd_status_get_version(s)));
    json_object_set_new(o, "id", json_of_id(dsoftbusd_status_get_device_id(s)));
    json_object_set_new(o, "uptime_ms", cli_json_number(dsoftbusd_status_get_uptime_ms(s)));
    json_object_set_new(o, "listen", json_of_addresses(r, dsoftbusd_status_get_listen(s)));
    json_object_set_new(
        o, "discovery",
        json_string(dsoftbusd_discovery_mode_name(dsoftbusd_status_get_discovery(s))));
    json_object_set_new(
        o, "registry",
        json_string(dsoftbusd_registry_state_name(dsoftbusd_status_get_registry(s))));
    json_object_set_new(o, "failed_pairings",
                        cli_json_number(dsoftbusd_status_get_failed_pairings(s)));
    json_object_set_new(o, "devices", cli_json_number(dsoftbusd_status_get_device_count(s)));
    for (uint32_t i = 0; i < counts.count; i++) {
        struct dsoftbusd_count_reader c = dsoftbusd_count_at(counts, i);

        json_object_set_new(counted, cli_show(dsoftbusd_count_get_name(c)).text,
                            cli_json_number(dsoftbusd_count_get_value(c)));
    }
    json_object_set_new(o, "counts", counted);
    json_object_set_new(r->page, "daemon", o);
    return cli_check_body(cli);
}

/* A reason may hold an address, or what a peer chose to say: the status alone is told of an end. */
static json_t *json_of_peer(const struct report *r, struct dsoftbusd_peer_reader p)
{
    json_t *o = json_object();

    json_object_set_new(o, "id", json_of_id(dsoftbusd_peer_get_id(p)));
    json_object_set_new(o, "paired", json_boolean(dsoftbusd_peer_get_is_paired(p)));
    json_object_set_new(o, "present", json_boolean(dsoftbusd_peer_get_is_present(p)));
    json_object_set_new(o, "one_sided", json_boolean(dsoftbusd_peer_get_one_sided(p)));
    json_object_set_new(o, "addresses", json_of_addresses(r, dsoftbusd_peer_get_addresses(p)));
    json_object_set_new(o, "session",
                        json_string(dsoftbusd_session_state_name(dsoftbusd_peer_get_session(p))));
    json_object_set_new(o, "session_ms", cli_json_number(dsoftbusd_peer_get_session_ms(p)));
    if (dsoftbusd_peer_has_last_end(p)) {
        struct dsoftbusd_session_end_reader end = dsoftbusd_peer_get_last_end(p);

        json_object_set_new(o, "last_end",
                            json_string(word_of(dsoftbusd_session_end_get_status(end))));
        json_object_set_new(o, "last_end_ago_ms",
                            cli_json_number(dsoftbusd_session_end_get_ago_ms(end)));
    }
    return o;
}

static enum cli_exit add_peers(struct cli *cli, struct report *r)
{
    enum nx_ipc_kind kind;
    json_t *array = json_array();
    enum cli_exit code = cli_begin(cli, DSOFTBUSD_OPERATION_PEERS, CLI_LOCAL_MS);

    while (code == CLI_DONE && (code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS) {
        json_array_append_new(array, json_of_peer(r, dsoftbusd_peer_root(&cli->body)));
        code = cli_check_body(cli);
    }
    json_object_set_new(r->page, "peers", array);
    return code;
}

static enum cli_exit add_limits(struct cli *cli, struct report *r)
{
    enum cli_exit code = cli_call(cli, DSOFTBUSD_OPERATION_LIMITS, CLI_LOCAL_MS);

    if (code == CLI_DONE)
        json_object_set_new(
            r->page, "limits",
            cli_json_of_limits(dsoftbusd_limits_get_limits(dsoftbusd_limits_root(&cli->body))));
    return code == CLI_DONE ? cli_check_body(cli) : code;
}

/* ---- what the machine says ----------------------------------------------------------------- */

/* The name of the machine is left out. */
static void add_machine(struct report *r)
{
    struct utsname system;
    json_t *o = json_object();

    json_object_set_new(r->page, "nx", json_string(NX_VERSION));
    if (uname(&system) == 0) {
        json_object_set_new(o, "system", json_string(system.sysname));
        json_object_set_new(o, "release", json_string(system.release));
        json_object_set_new(o, "machine", json_string(system.machine));
    }
    json_object_set_new(o, "processors", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(r->page, "machine", o);
}

/* ---- printing and writing ------------------------------------------------------------------ */

static enum cli_exit write_report(struct cli *cli, const struct report *r, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return cli_fail(cli, errno == EEXIST ? CLI_THERE : CLI_FAILED, "%s: %s", path,
                        strerror(errno));
    bool is_written =
        json_dumpfd(r->page, fd, JSON_INDENT(2)) == 0 && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    int error = errno;
    close(fd);
    if (is_written)
        return CLI_DONE;
    (void)unlink(path);
    return cli_fail(cli, CLI_FAILED, "%s: %s", path, strerror(error));
}

static enum cli_exit tell(struct cli *cli, const struct report *r)
{
    const char *path = cli->arguments.options[CLI_WRITE];

    if (cli_is_given(&cli->arguments, CLI_JSON)) {
        enum cli_exit code = path == NULL ? CLI_DONE : write_report(cli, r, path);

        if (code == CLI_DONE)
            cli_json_print(stdout, json_incref(r->page));
        return code;
    }
    json_dumpf(r->page, stdout, JSON_INDENT(2));
    putchar('\n');
    fflush(stdout);
    if (path == NULL) {
        cli_note(cli, "nothing was written or sent; --write FILE puts this into a file");
        return CLI_DONE;
    }
    enum cli_exit code = write_report(cli, r, path);
    if (code == CLI_DONE)
        cli_note(cli, "written to %s", path);
    return code;
}

enum cli_exit cli_bugreport(struct cli *cli)
{
    struct report r = {
        .page = cli_json_page(),
        .has_addresses = cli_is_given(&cli->arguments, CLI_ADDRESSES),
    };
    enum cli_exit code = cli_open(cli);

    add_machine(&r);
    if (code == CLI_DONE)
        code = add_status(cli, &r);
    if (code == CLI_DONE)
        code = add_peers(cli, &r);
    if (code == CLI_DONE)
        code = add_limits(cli, &r);
    if (code == CLI_DONE)
        code = tell(cli, &r);
    json_decref(r.page);
    return code;
}
