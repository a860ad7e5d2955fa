/* nx: what a person types to the dsoftbusd of a machine. */
#include "cli/nx_commands.h"
#include "cli/nx_wait.h"
#include "core/crypto/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct cli_command cli_commands[] = {
    {
        .words = "status",
        .arguments = "",
        .summary = "What this device is, and how its dsoftbusd fares",
        .help =
            "JSON: one object with device_id and noise_static (64 digits each), name, version,\n"
            "listen (a list of ADDR:PORT), peers (as nx bus peers has them), sessions (objects\n"
            "with id, name, address, protocol, since in seconds since 1970, up_ms), discovery,\n"
            "offer, accept, registry, uptime_ms and counts of what was dropped and refused.\n",
        .run = cli_status,
    },
    {
        .words = "doctor",
        .arguments = "[PEER]",
        .most = 1,
        .summary = "Why a device is not found, or not connected, and what to do about it",
        .help =
            "Walks the rungs daemon, interface, multicast, beacon, address, tcp, handshake,\n"
            "identity, version, paired, service from the daemon's own sockets, and names the\n"
            "first that fails, its cause, and the remedy; without PEER the first four, for\n"
            "devices at all. It takes up to 25 s. Exit status: 0 nothing is wrong, 3 the\n"
            "daemon, 21 interface, 22 multicast, 23 beacon, 24 address, 25 tcp, 26 handshake,\n"
            "27 identity, 28 version, 29 paired, 31 service. JSON: one object with rungs (rung,\n"
            "state, evidence), ok, rung, cause, remedy.\n",
        .run = cli_doctor,
    },
    {
        .words = "bus discover",
        .arguments = "",
        .options = CLI_BIT(CLI_WATCH),
        .summary = "Which devices are there",
        .help =
            "JSON: one object with devices; with --watch an object on each line, whose event is\n"
            "here, listed (that was all of them), seen, changed, gone, key-conflict or missed\n"
            "(more happened than was read: all begins anew). A signal ends --watch: exit 0.\n",
        .run = cli_discover,
    },
    {
        .words = "bus peers",
        .arguments = "",
        .summary = "The devices that are paired, or in a session as v1 nodes",
        .help =
            "JSON: one object with peers. unconfirmed_messages and unconfirmed_bytes of last_end\n"
            "were accepted here and not confirmed when that session ended: the peer may have\n"
            "them, or not.\n",
        .run = cli_peers,
    },
    {
        .words = "bus paired",
        .arguments = "",
        .summary = "Of those, the paired ones",
        .help = "JSON: one object with peers.\n",
        .run = cli_paired,
    },
    {
        .words = "bus pair offer",
        .arguments = "PEER",
        .least = 1,
        .most = 1,
        .summary = "Show six digits, and pair with the device where they are typed",
        .help =
            "Prints what to type on the other device, and on a line of its own \"code: \" and the\n"
            "digits. Then it waits, and says \"paired: NAME ID\", or why not. A signal takes the\n"
            "offer back. PEER may also be the whole id of a device that is not discovered here.\n"
            "JSON: the events offered (with code, own_id and life_ms), then paired or failed.\n",
        .tells_events = true,
        .run = cli_pair_offer,
    },
    {
        .words = "bus pair accept",
        .arguments = "PEER",
        .least = 1,
        .most = 1,
        .summary = "Type the six digits that the other device shows, and pair with it",
        .help =
            "The digits are asked for on a terminal, and otherwise read from the first line of\n"
            "standard input; never from an argument, which others can see. Then it says\n"
            "\"paired: NAME ID\", or why not. JSON: the events accepted, then paired or failed.\n",
        .tells_events = true,
        .run = cli_pair_accept,
    },
    {
        .words = "bus unpair",
        .arguments = "PEER",
        .least = 1,
        .most = 1,
        .summary = "Forget a paired device, and end its session",
        .help = "JSON: the event unpaired.\n",
        .tells_events = true,
        .run = cli_unpair,
    },
    {
        .words = "bus connect",
        .arguments = "PEER",
        .most = 1,
        .options = CLI_BIT(CLI_V1) | CLI_BIT(CLI_DEVICE_ID) | CLI_BIT(CLI_NOISE_STATIC),
        .summary = "Have a session with a paired device, or with a v1 node",
        .help =
            "Done as soon as there is a session, also when there was one before. --v1 takes the\n"
            "place of PEER and needs both keys; dsoftbusd has to be told to --allow-v1 that id.\n",
        .run = cli_connect,
    },
    {
        .words = "bus ping",
        .arguments = "PEER",
        .least = 1,
        .most = 1,
        .options = CLI_BIT(CLI_COUNT) | CLI_BIT(CLI_INTERVAL),
        .summary = "How long a paired device takes to answer",
        .help = "Once, or --count times. JSON: the event pong for each, with round_trip_ns.\n",
        .tells_events = true,
        .run = cli_ping,
    },
    {
        .words = "bus call",
        .arguments = "PEER SERVICE METHOD [TEXT...]",
        .least = 3,
        .most = -1,
        .summary = "Call a service of a paired device",
        .help =
            "Every device answers the service node: its method echo gives TEXT back, and info\n"
            "says what that device is and how it fares. JSON: one object with id and name of the\n"
            "device, service, method and round_trip_ns, and with what was answered: text; or\n"
            "device_id, device_name, version, protocol, uptime_ms, sessions, streams, calls and\n"
            "limits (an object of numbers).\n",
        .run = cli_bus_call,
    },
    {
        .words = "bus msg send",
        .arguments = "PEER CHANNEL [TEXT...|-]",
        .least = 2,
        .most = -1,
        .options = CLI_BIT(CLI_LINES),
        .summary = "Send a message: TEXT, or all of standard input",
        .help =
            "Done when the other side received all of it and ended its side, too. JSON: the event\n"
            "sent or failed.\n",
        .tells_events = true,
        .run = cli_msg_send,
    },
    {
        .words = "bus msg recv",
        .arguments = "CHANNEL",
        .least = 1,
        .most = 1,
        .options = CLI_BIT(CLI_PEER) | CLI_BIT(CLI_COUNT) | CLI_BIT(CLI_RAW),
        .summary = "Receive the messages of one sender",
        .help =
            "Each is a line, without control characters (so without line feeds and tabs; --raw\n"
            "and --json keep all). Ends when the sender does, or after --count messages. JSON:\n"
            "the events listening, opened, message (text, or hex where it is no UTF-8), failed.\n",
        .tells_events = true,
        .run = cli_msg_recv,
    },
    {
        .words = "bus byte send",
        .arguments = "PEER CHANNEL [FILE|-]",
        .least = 2,
        .most = 3,
        .summary = "Send a file, or standard input",
        .help = "Done when the other side kept all of it. Says bytes, time and SHA-256. JSON: the\n"
                "event sent or failed.\n",
        .tells_events = true,
        .run = cli_byte_send,
    },
    {
        .words = "bus byte recv",
        .arguments = "CHANNEL [FILE|-]",
        .least = 1,
        .most = 2,
        .options = CLI_BIT(CLI_PEER) | CLI_BIT(CLI_FORCE),
        .summary = "Receive bytes into a file, or to standard output",
        .help =
            "FILE is there when it is whole, and never a part of it. One that is there already is\n"
            "kept, unless --force. JSON: the events listening, then received or failed.\n",
        .tells_events = true,
        .run = cli_byte_recv,
    },
    {
        .words = "bus frame send",
        .arguments = "PEER CHANNEL [FILE|-]",
        .least = 2,
        .most = 3,
        .summary = "Send a v1 node one frame: a file, or standard input",
        .help =
            "CHANNEL is a number. All of it is one frame of at most 65,464 bytes. Done when the\n"
            "session has taken it: a v1 node confirms nothing. JSON: the event sent or failed.\n",
        .tells_events = true,
        .run = cli_frame_send,
    },
    {
        .words = "bus frame recv",
        .arguments = "PEER CHANNEL",
        .least = 2,
        .most = 2,
        .options = CLI_BIT(CLI_COUNT) | CLI_BIT(CLI_RAW) | CLI_BIT(CLI_OUTPUT) | CLI_BIT(CLI_FORCE),
        .summary = "Receive the frames that a v1 node sends on a channel",
        .help =
            "From when it says that it is listening; what came before was dropped. Each is a "
            "line,\n"
            "without control characters (--raw, --json and --output keep all). Ends after --count\n"
            "frames (--output: after one, if it does not say more), else with the session: exit "
            "1.\n"
            "JSON: the events listening, frame (bytes, and text, or hex where it is no UTF-8), "
            "failed.\n",
        .tells_events = true,
        .run = cli_frame_recv,
    },
    {.words = NULL},
};

static enum cli_exit run(struct cli *cli)
{
    if (nx_crypto_init() != NX_OK)
        return cli_fail(cli, CLI_FAILED, "the crypto libraries did not start");
    if (!cli_wait_begin())
        return cli_fail(cli, CLI_FAILED, "signals: %s", strerror(errno));
    enum cli_exit code = cli->arguments.command->run(cli);
    cli_close(cli);
    return code;
}

int main(int argc, char **argv)
{
    static struct cli cli = {.client = {.fd = -1}};
    enum cli_exit code = cli_arguments_read(&cli.arguments, argc, argv);

    if (code == CLI_DONE && cli.arguments.command != NULL)
        code = run(&cli);
    if (code == CLI_DONE && (fflush(stdout) != 0 || ferror(stdout) != 0))
        code = cli_fail(&cli, CLI_FAILED, "standard output: %s", strerror(errno));
    return (int)code;
}
