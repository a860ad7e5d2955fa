/* gethostname, which c11 alone hides. */
#define _GNU_SOURCE

#include "daemons/dsoftbusd/options.h"

#include "core/base/hex.h"
#include "core/base/text.h"
#include "core/net/net.h"
#include "daemons/dsoftbusd/process.h"
#include "host/ipc/client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
static const char help[] =
    "usage: dsoftbusd --state DIR [options]\n"
    "\n"
    "Finds the devices around, pairs with them, and carries what programs of this machine say to\n"
    "them. It runs until a signal ends it; nx tells it what to do.\n"
    "\n"
    "  --state DIR         where identity, pairings and the socket for nx lie; made, for its\n"
    "                      owner alone, if it is not there (else NEXUS_STATE)\n"
    "  --listen ADDR[:PORT]\n"
    "                      take sessions there; up to 4 times. Port 0 is one that is free, shown\n"
    "                      by nx status; none is 34567. The first one's port is announced, over\n"
    "                      IPv4 and IPv6 as far as it is listened to there\n"
    "                      (default: 0.0.0.0:34567 and [::]:34567)\n"
    "  --discovery off|quiet|loopback|multicast\n"
    "                      off: nothing is sent or heard. quiet (default): hears, and announces\n"
    "                      only while a code is offered. loopback: among the processes of this\n"
    "                      machine. multicast: announces every 5 to 6 seconds\n"
    "  --iface NAME        quiet, multicast: an interface to announce on and to hear groups on;\n"
    "                      up to 16 times. Without any, only those that --peer names are told\n"
    "  --peer ADDR[:PORT]  send beacons there as well, where groups do not reach; up to 16 times.\n"
    "                      None is port 37020. It carries no key: to pair by it, the device where\n"
    "                      the code is typed has to be sent beacons by the one that shows it\n"
    "  --name TEXT         what this device is called, up to 32 bytes, in the clear (default: the\n"
    "                      name of this machine; '' for none)\n"
    "  --allow-v1 ID       serve this device, 64 hex digits, though it comes as version 1, which\n"
    "                      proves less; up to 16 times. Never one that was ever paired\n"
    "  --markers           print what happens as markers on standard output, one a line, and\n"
    "                      nothing else there\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM and SIGINT end it in good order, within five seconds; a second one ends it at once.\n"
    "SIGHUP looks at the interfaces again, opens the sockets of discovery anew, and announces; it\n"
    "reads no option again.\n"
    "\n"
    "Under a service manager it tells NOTIFY_SOCKET when it serves and when it ends, pats the\n"
    "watchdog of WATCHDOG_USEC, and serves at the sockets of LISTEN_FDS: one of sequenced packets\n"
    "for nx, TCP ones for sessions, in place of the default of --listen.\n"
    "\n"
    "Exit status: 0 it was asked to end, 1 it could not start, 2 wrong usage. What went wrong is\n"
    "a sentence on standard error, where it also says a few things about how it goes on.\n";
/* clang-format on */

/* ---- complaints ---------------------------------------------------------------------------- */

static bool wrong(const char *before, const char *what, const char *after)
{
    dsoftbusd_process_log("%s'%.200s'%s; see dsoftbusd --help", before, what, after);
    return false;
}

static bool too_many(const char *option, unsigned most)
{
    dsoftbusd_process_log("--%s may be given %u times; leave one out", option, most);
    return false;
}

/* ---- values -------------------------------------------------------------------------------- */

static bool read_address(const char *option, const char *text, uint16_t port,
                         struct nx_address *address)
{
    struct nx_why why;
    char before[32], after[NX_WHY_MAX + 64];

    if (nx_address_parse(nx_bytes_of_text(text), port, address, &why) == NX_OK)
        return true;
    (void)snprintf(before, sizeof(before), "--%s ", option);
    (void)snprintf(after, sizeof(after),
                   ": %s; an address is 192.0.2.7:34567 or [2001:db8::7]:34567", why.text);
    return wrong(before, text, after);
}

static bool add_listen(struct dsoftbusd_options *o, const char *text)
{
    struct nx_address address;

    if (!read_address("listen", text, DSOFTBUSD_PORT, &address))
        return false;
    if (o->listen_count == DSB_LISTENERS_MAX)
        return too_many("listen", DSB_LISTENERS_MAX);
    if (nx_net_is_group(&address))
        return wrong("--listen ", text, ": nobody can listen at a group; name an address of here");
    o->listen[o->listen_count++] = address;
    return true;
}

static bool add_peer(struct dsoftbusd_options *o, const char *text)
{
    struct nx_address address;

    if (!read_address("peer", text, DSB_DISCOVERY_PORT, &address))
        return false;
    if (o->peer_count == DSB_DISCOVERY_UNICAST_MAX)
        return too_many("peer", DSB_DISCOVERY_UNICAST_MAX);
    if (address.port == 0)
        return wrong("--peer ", text, ": nobody hears at port 0; name another, or none for 37020");
    if (nx_net_is_group(&address))
        return wrong("--peer ", text, " is a group; it takes the address of one device");
    o->peers[o->peer_count++] = address;
    return true;
}

static bool set_discovery(struct dsoftbusd_options *o, const char *text)
{
    static const char *const modes[] = {
        [DSB_DISCOVERY_OFF] = "off",
        [DSB_DISCOVERY_QUIET] = "quiet",
        [DSB_DISCOVERY_LOOPBACK] = "loopback",
        [DSB_DISCOVERY_MULTICAST] = "multicast",
    };

    for (size_t i = 0; i < NX_COUNT_OF(modes); i++) {
        if (strcmp(text, modes[i]) == 0) {
            o->discovery = (enum dsb_discovery_mode)i;
            return true;
        }
    }
    return wrong("--discovery takes off, quiet, loopback or multicast, not ", text, "");
}

static bool set_name(struct dsoftbusd_options *o, const char *text)
{
    size_t len = strlen(text);

    if (len > DSB_BEACON_NAME_MAX || !nx_utf8_is_valid(nx_bytes_of_text(text)))
        return wrong("--name takes up to 32 bytes of UTF-8, not ", text, "");
    memcpy(o->name, text, len + 1);
    return true;
}

/* It may be plugged in later; a name that was mistyped never is. */
static void tell_if_missing(const char *name)
{
    uint32_t index;
    char there[256];

    if (nx_interface_find(name, &index) == NX_OK)
        return;
    if (nx_interface_list(there, sizeof(there)) == 0)
        there[0] = '\0';
    dsoftbusd_process_log("--iface %s: there is no such interface now (there are: %s); it is used "
                          "when it appears",
                          name, there);
}

static bool add_interface(struct dsoftbusd_options *o, const char *text)
{
    enum nx_status status = nx_interface_watch_add(&o->interfaces, text);

    if (status == NX_E_LIMIT)
        return too_many("iface", DSB_BEACONS_INTERFACES_MAX);
    return status == NX_OK || wrong("--iface ", text, ": no interface can have that name");
}

static bool add_v1(struct dsoftbusd_options *o, const char *text)
{
    uint8_t id[DSB_ID_LEN];

    if (nx_hex_decode(nx_bytes_of_text(text), id, sizeof(id)) != NX_OK)
        return wrong("--allow-v1 takes a device id, 64 lower-case hex digits, not ", text, "");
    if (o->v1_count == DSB_V1_ALLOWED_MAX)
        return too_many("allow-v1", DSB_V1_ALLOWED_MAX);
    o->v1[o->v1_count++] = text;
    return true;
}

/* ---- what nobody chose --------------------------------------------------------------------- */

static void set_defaults(struct dsoftbusd_options *o)
{
    char host[256] = "";

    *o = (struct dsoftbusd_options){.discovery = DSB_DISCOVERY_QUIET};
    nx_interface_watch_init(&o->interfaces);
    if (gethostname(host, sizeof(host) - 1) == 0)
        (void)nx_text_for_show(nx_bytes_of_text(host), o->name, sizeof(o->name));
}

static void listen_everywhere(struct dsoftbusd_options *o)
{
    static const uint8_t any[16] = {0};

    o->is_listen_default = true;
    o->listen[o->listen_count++] = nx_address_ipv4(any, DSOFTBUSD_PORT);
    o->listen[o->listen_count++] = nx_address_ipv6(any, DSOFTBUSD_PORT, 0);
}

/* ---- reading ------------------------------------------------------------------------------- */

enum {
    STATE = 256, /* above the letters */
    LISTEN,
    DISCOVERY,
    NAME,
    IFACE,
    PEER,
    ALLOW_V1,
    MARKERS,
    VERSION,
};

static const struct option known[] = {
    {"state", required_argument, NULL, STATE},
    {"listen", required_argument, NULL, LISTEN},
    {"discovery", required_argument, NULL, DISCOVERY},
    {"name", required_argument, NULL, NAME},
    {"iface", required_argument, NULL, IFACE},
    {"peer", required_argument, NULL, PEER},
    {"allow-v1", required_argument, NULL, ALLOW_V1},
    {"markers", no_argument, NULL, MARKERS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static bool keep(struct dsoftbusd_options *o, int option, const char *value)
{
    switch (option) {
    case LISTEN:
        return add_listen(o, value);
    case DISCOVERY:
        return set_discovery(o, value);
    case NAME:
        return set_name(o, value);
    case IFACE:
        return add_interface(o, value);
    case PEER:
        return add_peer(o, value);
    case ALLOW_V1:
        return add_v1(o, value);
    case MARKERS:
        o->prints_markers = true;
        return true;
    default:
        o->state = value;
        return value[0] != '\0' || wrong("--state ", "", " names no folder");
    }
}

/* Before the folder is made: it would be of no use. */
static bool has_room_for_socket(const char *state)
{
    char path[NX_IPC_PATH_MAX + 1];
    struct nx_why why;

    if (nx_ipc_path(state, "dsoftbusd", path, &why) == NX_OK)
        return true;
    dsoftbusd_process_log("--state %.200s: %s", state, why.text);
    return false;
}

bool dsoftbusd_options_read(struct dsoftbusd_options *o, int argc, char **argv,
                            enum dsoftbusd_exit *code)
{
    set_defaults(o);
    *code = DSOFTBUSD_EXIT_USAGE;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
        if (option == 'h' || option == VERSION) {
            (void)fputs(option == 'h' ? help : "dsoftbusd " DSOFTBUSD_VERSION "\n", stdout);
            *code = fflush(stdout) == 0 ? DSOFTBUSD_EXIT_DONE : DSOFTBUSD_EXIT_FAILED;
            return false;
        }
        if (option == ':')
            return wrong("", argv[optind - 1], " needs a value");
        if (option == '?')
            return wrong("there is no option ", argv[optind - 1], "");
        if (!keep(o, option, optarg))
            return false;
    }
    if (optind < argc)
        return wrong("what is ", argv[optind], " for? It takes options alone");
    o->state = nx_ipc_state_folder(o->state);
    if (o->state == NULL)
        return wrong("", "--state DIR", " is missing: name a folder for what it has to keep");
    if (!has_room_for_socket(o->state))
        return false;
    for (uint32_t i = 0; i < o->interfaces.name_count; i++)
        tell_if_missing(o->interfaces.names[i]);
    if (o->listen_count == 0)
        listen_everywhere(o);
    return true;
}
