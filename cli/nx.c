/* nx: what a person types to the dsoftbusd of a machine. */
#include "cli/nx_commands.h"
#include "cli/nx_wait.h"
#include "core/crypto/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct cli_command cli_commands[] = {
    {.words = "status", .arguments = "",
     .summary = "What this device is, and how its dsoftbusd fares",
     .help = "JSON: one object with device_id and noise_static (64 digits each), name, version,\n"
             "listen (a list of ADDR:PORT), peers (as nx bus peers has them), sessions (objects\n"
             "with id, name, address, protocol, since in seconds since 1970, up_ms), discovery,\n"
             "offer, accept, registry, uptime_ms and counts of what was dropped and refused.\n",
     .examples = "nx status\nnx status --json | jq -r .device_id",
     .run = cli_status},
    {.words = "doctor", .arguments = "[PEER]", .most = 1,
     .summary = "Why a device is not found, or not connected, and what to do about it",
     .help = "Walks the rungs daemon, interface, multicast, beacon, address, tcp, handshake, identity,\n"
             "version, paired, service from the daemon's own sockets, and names the first that fails,\n"
             "its cause, and the remedy; without PEER the first four, for devices at all. It takes up\n"
             "to 25 s. What it looked at is its answer: a rung that fails is an exit code (3 the\n"
             "daemon, 21 to 31 the others: nx help exit-codes) and nothing on standard error.\n"
             "JSON: one object with rungs (rung, state, evidence), ok, rung, cause, remedy; where a\n"
             "rung fails it is the event failed, with exit, error and why besides.\n",
     .examples = "nx doctor\nnx doctor laptop\nnx doctor laptop --json | jq -r .cause",
     .run = cli_doctor},
    {.words = "limits", .arguments = "",
     .summary = "What dsoftbusd is bounded by, and how much of it is used",
     .help = "Each limit with its scope, how much of it is used now, the most that ever was since\n"
             "dsoftbusd started, and its option, where it has one. JSON: one object with limits.\n",
     .examples = "nx limits\nnx limits --json | jq '.limits[] | select(.used >= .limit)'",
     .run = cli_limits},
    {.words = "bugreport", .arguments = "", .options = CLI_BIT(CLI_WRITE) | CLI_BIT(CLI_ADDRESSES),
     .summary = "What somebody who looks for a fault needs to know",
     .help = "Versions, states, counts and limits; no names, no keys, of ids four digits, and no\n"
             "addresses but with --addresses. It is printed, for you to read first, and sent nowhere.\n",
     .examples = "nx bugreport\nnx bugreport --write report.json",
     .run = cli_bugreport},
    {.words = "bus discover", .arguments = "", .options = CLI_BIT(CLI_WATCH),
     .summary = "Which devices are there",
     .help = "JSON: one object with devices; with --watch an object on each line, whose event is\n"
             "here, listed (that was all of them), seen, changed, gone, key-conflict or missed\n"
             "(more happened than was read: all begins anew). A signal ends --watch: exit 0.\n",
     .examples = "nx bus discover\nnx bus discover --watch",
     .tells_events = true, .run = cli_discover},
    {.words = "bus watch", .arguments = "",
     .summary = "Tell what happens: devices, pairings, sessions",
     .help = "Goes on until a signal ends it: exit 0. JSON: an object on each line, whose event is\n"
             "watching (from here on everything is told), seen, changed, gone, key-conflict, paired,\n"
             "pairing-failed, unpaired, one-sided, session-up, session-ended, dial-failed or missed\n"
             "(more happened than was read), with at (seconds since 1970), id and name.\n",
     .examples = "nx bus watch\nnx bus watch --json | jq -c 'select(.event == \"session-ended\")'",
     .tells_events = true, .run = cli_watch_bus},
    {.words = "bus peers", .arguments = "",
     .summary = "The devices that are paired, or in a session as v1 nodes",
     .help = "JSON: one object with peers. unconfirmed_messages and unconfirmed_bytes of last_end\n"
             "were accepted here and not confirmed when that session ended: the peer may have\n"
             "them, or not. paired_at is in seconds since 1970; 0: it is not known.\n",
     .examples = "nx bus peers",
     .run = cli_peers},
    {.words = "bus paired", .arguments = "",
     .summary = "Of those, the paired ones",
     .help = "JSON: one object with peers.\n",
     .examples = "nx bus paired --json | jq -r '.peers[].name'",
     .run = cli_paired},
    {.words = "bus pair offer", .arguments = "PEER", .least = 1, .most = 1,
     .summary = "Show six digits, and pair with the device where they are typed",
     .help = "Prints what to type on the other device, and on a line of its own \"code: \" and the\n"
             "digits. Then it waits, and says \"paired: NAME ID\", or why not. A signal takes the\n"
             "offer back. PEER may also be the whole id of a device that is not discovered here.\n"
             "The digits are good for two minutes and one try. There are ten offers an hour, and one\n"
             "that was taken back counts; three codes that failed with a device make it wait.\n"
             "JSON: the events offered (with code, own_id and life_ms), then paired or failed.\n",
     .examples = "nx bus pair offer laptop        and there: nx bus pair accept kitchen",
     .tells_events = true, .run = cli_pair_offer},
    {.words = "bus pair accept", .arguments = "PEER", .least = 1, .most = 1,
     .summary = "Type the six digits that the other device shows, and pair with it",
     .help = "The digits are asked for on a terminal, and otherwise read from the first line of\n"
             "standard input; never from an argument, which others can see. Then it says\n"
             "\"paired: NAME ID\", or why not. There are ten of these an hour, and for two minutes\n"
             "after dsoftbusd was started again no digits are taken, since some may have been typed\n"
             "before. JSON: the events accepted, then paired or failed.\n",
     .examples = "nx bus pair accept kitchen\necho 012345 | nx bus pair accept kitchen",
     .tells_events = true, .run = cli_pair_accept},
    {.words = "bus unpair", .arguments = "PEER", .least = 1, .most = 1,
     .summary = "Forget a paired device, and end its session",
     .help = "JSON: the event unpaired.\n",
     .examples = "nx bus unpair laptop",
     .run = cli_unpair},
    {.words = "bus connect", .arguments = "PEER", .most = 1,
     .options = CLI_BIT(CLI_V1) | CLI_BIT(CLI_DEVICE_ID) | CLI_BIT(CLI_NOISE_STATIC),
     .summary = "Have a session with a paired device, or with a v1 node",
     .help = "Done as soon as there is a session, also when there was one before. --v1 takes the\n"
             "place of PEER and needs both keys; dsoftbusd has to be told to --allow-v1 that id.\n",
     .examples = "nx bus connect laptop\n"
                 "nx bus connect --v1 192.0.2.7:34567 --device-id HEX --noise-static HEX",
     .run = cli_connect},
    {.words = "bus ping", .arguments = "PEER", .least = 1, .most = 1,
     .options = CLI_BIT(CLI_COUNT) | CLI_BIT(CLI_INTERVAL),
     .summary = "How long a paired device takes to answer",
     .help = "Once, or --count times. JSON: the event pong for each, with round_trip_ns.\n",
     .examples = "nx bus ping laptop --count 5",
     .tells_events = true, .run = cli_ping},
    {.words = "bus call", .arguments = "PEER SERVICE METHOD [TEXT...]", .least = 3, .most = -1,
     .summary = "Call a service of a paired device",
     .help = "Every device answers the service node: its method echo gives TEXT back, and info\n"
             "says what that device is and how it fares. JSON: one object with id and name of the\n"
             "device, service, method and round_trip_ns, and with what was answered: text; or\n"
             "device_id, device_name, version, protocol, uptime_ms, sessions, streams, calls and\n"
             "limits (an object of numbers).\n",
     .examples = "nx bus call laptop node echo good morning\n"
                 "nx bus call laptop node info --json | jq .uptime_ms",
     .run = cli_bus_call},
    {.words = "bus msg send", .arguments = "PEER CHANNEL [TEXT...|-]", .least = 2, .most = -1,
     .options = CLI_BIT(CLI_LINES),
     .summary = "Send a message: TEXT, or all of standard input",
     .help = "Done when the other side received all of it and ended its side, too. It has to be\n"
             "listening: nx bus msg recv CHANNEL. JSON: the event sent or failed.\n",
     .examples = "nx bus msg send laptop talk good morning\ntail -f log | nx bus msg send laptop log --lines",
     .run = cli_msg_send},
    {.words = "bus msg recv", .arguments = "CHANNEL", .least = 1, .most = 1,
     .options = CLI_BIT(CLI_PEER) | CLI_BIT(CLI_COUNT) | CLI_BIT(CLI_RAW),
     .summary = "Receive the messages of one sender",
     .help = "Each is a line, without control characters (so without line feeds and tabs; --raw\n"
             "and --json keep all). Ends when the sender does, or after --count messages. JSON:\n"
             "the events listening, opened, message (text, or hex where it is no UTF-8), failed.\n",
     .examples = "nx bus msg recv talk\nnx bus msg recv talk --peer laptop --count 1",
     .tells_events = true, .run = cli_msg_recv},
    {.words = "bus byte send", .arguments = "PEER CHANNEL [FILE|-]", .least = 2, .most = 3,
     .summary = "Send a file, or standard input",
     .help = "Done when the other side kept all of it. Says bytes, time and SHA-256. It has to be\n"
             "listening: nx bus byte recv CHANNEL FILE. JSON: the event sent or failed.\n",
     .examples = "nx bus byte send laptop file photo.jpg\ntar c folder | nx bus byte send laptop file",
     .run = cli_byte_send},
    {.words = "bus byte recv", .arguments = "CHANNEL [FILE|-]", .least = 1, .most = 2,
     .options = CLI_BIT(CLI_PEER) | CLI_BIT(CLI_FORCE),
     .summary = "Receive bytes into a file, or to standard output",
     .help = "FILE is there when it is whole, and never a part of it. One that is there already is\n"
             "kept, unless --force. JSON: the events listening, then received or failed.\n",
     .examples = "nx bus byte recv file photo.jpg\nnx bus byte recv file | tar x",
     .tells_events = true, .run = cli_byte_recv},
    {.words = "bus frame send", .arguments = "PEER CHANNEL [FILE|-]", .least = 2, .most = 3,
     .summary = "Send a v1 node one frame: a file, or standard input",
     .help = "CHANNEL is a number. All of it is one frame of at most 65,464 bytes. Done when the\n"
             "session has taken it: a v1 node confirms nothing. JSON: the event sent or failed.\n",
     .examples = "printf hello | nx bus frame send sensor 7",
     .run = cli_frame_send},
    {.words = "bus frame recv", .arguments = "PEER CHANNEL", .least = 2, .most = 2,
     .options = CLI_BIT(CLI_COUNT) | CLI_BIT(CLI_RAW) | CLI_BIT(CLI_OUTPUT) | CLI_BIT(CLI_FORCE),
     .summary = "Receive the frames that a v1 node sends on a channel",
     .help = "What came before it says that it is listening was dropped. Each frame is a line,\n"
             "without control characters (--raw, --json and --output keep all). Ends after --count\n"
             "frames (with --output after one, unless it says more), or with the session: exit 9.\n"
             "JSON: the events listening, frame (bytes, and text, or hex where it is no UTF-8),\n"
             "failed.\n",
     .examples = "nx bus frame recv sensor 7\nnx bus frame recv sensor 7 -o reading.bin",
     .tells_events = true, .run = cli_frame_recv},
    {.words = "completion", .arguments = "bash|zsh|fish", .least = 1, .most = 1,
     .summary = "Print what a shell needs to complete the words of nx",
     .help = "",
     .examples = "source <(nx completion bash)\n"
                 "nx completion zsh > ~/.zfunc/_nx\n"
                 "nx completion fish > ~/.config/fish/completions/nx.fish",
     .run = cli_completion},
    {.words = "help", .arguments = "[COMMAND...|exit-codes]", .most = -1,
     .summary = "This page, that of a command, or the table of exit codes",
     .help = "JSON: one object with commands, or with exit_codes.\n",
     .examples = "nx help bus pair\nnx help exit-codes",
     .run = cli_help},
    {.words = NULL},
};
/* clang-format on */

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
    static struct cli cli;
    nx_client_init(&cli.client);
    enum cli_exit code = cli_arguments_read(&cli.arguments, argc, argv);

    if (code == CLI_DONE && cli.arguments.command != NULL)
        code = run(&cli);
    if (code == CLI_DONE && (fflush(stdout) != 0 || ferror(stdout) != 0))
        code = cli_fail(&cli, CLI_FAILED, "standard output: %s", strerror(errno));
    return (int)code;
}
