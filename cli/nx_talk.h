/* Talk: what nx and the dsoftbusd of this machine say to each other, and what a person is told when
 * that fails.
 *
 *     code = cli_open(cli);                                      the daemon of --state
 *     dsoftbusd_offer_set_peer(dsoftbusd_offer_new_root(cli_request(cli)), peer);
 *     code = cli_begin(cli, DSOFTBUSD_OPERATION_OFFER, 0);       or cli_call, where there is no news
 *     while ((code = cli_next(cli, &kind)) == CLI_DONE && kind == NX_IPC_NEWS)
 *         …  dsoftbusd_pairing_begun_root(&cli->body)
 *
 * A call that failed has told why by the time its code comes back: the code is all that is left to
 * do with it. A signal cancels the call; its answer is then waited for a little, because both may have
 * crossed. */
#ifndef NX_CLI_NX_TALK_H
#define NX_CLI_NX_TALK_H

#include "cli/nx_exit.h"
#include "sdk/client/client.h"

/* Longest name of a device, or id, that is worth asking for; and longest channel (dsoftbusd.capnp). */
#define CLI_PEER_LEN_MAX    64
#define CLI_CHANNEL_LEN_MAX 59

/* How long the daemon has for what takes no peer, and for what takes one. */
#define CLI_LOCAL_MS  5000
#define CLI_REMOTE_MS 30000

/* After a signal, the daemon has so long to say what became of it. */
#define CLI_STOP_MS 2000

struct cli {
    struct cli_arguments arguments;
    struct nx_client client;

    /* The call that is under way. */
    int signal;         /* that cancelled it; 0: none */
    bool signal_is_end; /* it has no other end than a signal, which is then no failure */
    bool has_told;      /* a failure, which with --json is one value */

    struct nx_capn_message body; /* of what was heard last, open for reading */
};

/* Says what went wrong, as one line without control characters; answers `code`. With --json it is a value
 * on standard output, and only the first failure is told. */
__attribute__((format(printf, 3, 4))) enum cli_exit cli_fail(struct cli *cli, enum cli_exit code,
                                                             const char *format, ...);

/* Says on standard error what helps a person and no program: with --json nothing is said. */
__attribute__((format(printf, 2, 3))) void cli_note(const struct cli *cli, const char *format, ...);

/* A signal was the end of it: CLI_STOPPED. */
enum cli_exit cli_fail_stopped(struct cli *cli, int signal);

/* A PEER and a CHANNEL as arguments: CLI_DONE, or CLI_USAGE and told. */
enum cli_exit cli_check_peer(struct cli *cli, const char *peer);
enum cli_exit cli_check_channel(struct cli *cli, const char *channel);

/* Connects to the daemon of --state or NEXUS_STATE. CLI_DONE, CLI_USAGE: neither was given,
 * CLI_NO_DAEMON, CLI_FAILED. */
enum cli_exit cli_open(struct cli *cli);

/* Closes the connection, and wipes what was said and heard last. */
void cli_close(struct cli *cli);

/* The connection answered this and serves no more: tells why. CLI_NO_DAEMON when the daemon went. */
enum cli_exit cli_connection_failed(struct cli *cli, enum nx_status status);

/* A new request, to be filled with the body of the call that is begun next. */
struct nx_capn_builder *cli_request(struct cli *cli);

/* Begin a call with the request, or without a body where none was made since the last one. `wait_ms`
 * is how long its answer is waited for; 0: until a signal. */
enum cli_exit cli_begin(struct cli *cli, uint16_t operation, uint32_t wait_ms);

/* Wait for what is said next about the call: news, its reply, or of a stream; `body` is open but for
 * stream data. A reply that is a failure, and an answer that does not come, are told, and the code is
 * theirs.
 * With `signal_is_end`, a reply after a signal is CLI_DONE, whatever it says. */
enum cli_exit cli_next(struct cli *cli, enum nx_ipc_kind *kind);

/* Both, for a call without news. */
enum cli_exit cli_call(struct cli *cli, uint16_t operation, uint32_t wait_ms);

/* Give the call up and forget it; what still comes of it is passed over. */
void cli_cancel(struct cli *cli);

/* To be asked when all of a body was read: told, and CLI_OTHER_VERSION, when it was not what it should be. */
enum cli_exit cli_check_body(struct cli *cli);

#endif
