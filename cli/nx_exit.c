#include "cli/nx_exit.h"

#include "cli/nx_show.h"

const struct cli_exit_row cli_exit_rows[CLI_EXIT_ROWS] = {
    {CLI_DONE, "done", "it was done"},
    {CLI_FAILED, "failed",
     "it failed in a way that has no code of its own: a file, a disk, a body"},
    {CLI_USAGE, "usage", "what was typed is wrong; nothing was asked and nothing changed"},
    {CLI_NO_DAEMON, "no-daemon",
     "no dsoftbusd serves that state folder, or it was stopped meanwhile"},
    {CLI_NOT_FOUND, "not-found",
     "no such device, or more than one of that name, or nobody listens"},
    {CLI_DENIED, "denied", "not paired, wrong digits, another key, another user's daemon"},
    {CLI_LATE, "timeout", "it did not happen in time, or nobody was reached"},
    {CLI_BUSY, "busy", "one at a time and one is under way, or a limit is reached: later"},
    {CLI_THERE, "exists",
     "that name is taken: a file that is there, a channel another program has"},
    {CLI_ENDED, "ended", "the other side, or the session, ended it before all was confirmed"},
    {CLI_OTHER_VERSION, "version",
     "nx and dsoftbusd, or the two devices, do not understand each other"},
    {CLI_STOPPED, "stopped", "a signal stopped it, and what was begun was taken back"},
    {CLI_RUNG_INTERFACE, "rung-interface",
     "doctor: an interface of --iface is not there, not up, or has no address"},
    {CLI_RUNG_MULTICAST, "rung-multicast", "doctor: no beacon of this device comes back to it"},
    {CLI_RUNG_BEACON, "rung-beacon",
     "doctor: the device is not heard, or what it says does not hold"},
    {CLI_RUNG_ADDRESS, "rung-address", "doctor: nobody is at the address where the device was"},
    {CLI_RUNG_TCP, "rung-tcp", "doctor: that address takes no connection"},
    {CLI_RUNG_HANDSHAKE, "rung-handshake", "doctor: whoever is there makes no handshake"},
    {CLI_RUNG_IDENTITY, "rung-identity", "doctor: it is another device, by the key that is pinned"},
    {CLI_RUNG_VERSION, "rung-version", "doctor: it is of another version"},
    {CLI_RUNG_PAIRED, "rung-paired",
     "doctor: it is not paired with this device, or this one not with it"},
    {CLI_RUNG_SERVICE, "rung-service",
     "doctor: it does not let this device in, or no answer comes by the session"},
};

enum cli_exit cli_exit_of(enum nx_status status)
{
    switch (status) {
    case NX_OK:
    case NX_END:
        return CLI_DONE;
    case NX_E_NOT_FOUND:
        return CLI_NOT_FOUND;
    case NX_E_DENIED:
    case NX_E_IDENTITY:
    case NX_E_CRYPTO:
        return CLI_DENIED;
    case NX_E_TIMEOUT:
        return CLI_LATE;
    case NX_E_BUSY:
    case NX_E_LIMIT:
    case NX_E_NO_MEMORY:
        return CLI_BUSY;
    case NX_E_EXISTS:
        return CLI_THERE;
    case NX_E_CLOSED:
    case NX_E_ABORTED:
        return CLI_ENDED;
    case NX_E_VERSION:
    case NX_E_UNSUPPORTED:
    case NX_E_MALFORMED:
        return CLI_OTHER_VERSION;
    case NX_WOULD_BLOCK:
    case NX_E_INVALID:
    case NX_E_STATE:
    case NX_E_NO_SPACE:
    case NX_E_IO:
        break;
    }
    return CLI_FAILED;
}

const char *cli_exit_word(enum cli_exit code)
{
    for (size_t i = 0; i < CLI_EXIT_ROWS; i++) {
        if (cli_exit_rows[i].code == code)
            return cli_exit_rows[i].word;
    }
    return "failed"; /* a code that one command has for itself */
}

void cli_exit_tell(bool is_json, enum cli_exit code, const char *shown)
{
    if (is_json) {
        cli_json_print(stdout, cli_json_failure((int)code, shown));
        return;
    }
    fflush(stdout); /* what was said before comes before */
    fprintf(stderr, "%snx:%s %s\n", cli_style(stderr, CLI_STYLE_BAD),
            cli_style(stderr, CLI_STYLE_NONE), shown);
}
