/* Stream: the one stream that a connection to the daemon carries, after open or listen.
 *
 *     code = cli_stream_open(&s, cli, kind, peer, channel);          or cli_stream_listen
 *     while (!s.is_over) {
 *         …  push, pull, finish
 *         cli_stream_wait(&s, …);
 *     }
 *     return cli_stream_result(&s);
 *
 *             finish      the peer finished       the daemon's last word
 *     OPEN ----------- both in any order ---------------------------------> over
 *       `--- a signal or abort: the daemon gets CLI_STOP_MS for its last word --^
 *
 * It went well only if both sides finished and the peer's program took everything that was sent; all
 * else is told, with the count of what remained unconfirmed. */
#ifndef NX_CLI_NX_STREAM_H
#define NX_CLI_NX_STREAM_H

#include "cli/nx_show.h"
#include "cli/nx_talk.h"
#include "sdk/client/stream.h"

#define CLI_PIECE_LEN_MAX NX_CLIENT_PIECE_MAX

struct cli_stream {
    struct cli *cli;
    struct cli_shown peer_id, peer_name;
    struct nx_client_stream stream; /* what of it is no person's business */
    bool has_failed;                /* told already, before the end came */
    int signal;                     /* that ended it; 0: none */
};

/* Open one to `peer`. Answers as cli_call. */
enum cli_exit cli_stream_open(struct cli_stream *s, struct cli *cli,
                              enum dsoftbusd_stream_kind kind, const char *peer,
                              const char *channel);

/* Wait for one from `peer` (NULL: any). Says when it is listened for: as an event with --json, else on
 * standard error. */
enum cli_exit cli_stream_listen(struct cli_stream *s, struct cli *cli,
                                enum dsoftbusd_stream_kind kind, const char *peer,
                                const char *channel);

/* Send a piece of at most CLI_PIECE_LEN_MAX. NX_OK; NX_WOULD_BLOCK: no room, wait for it;
 * NX_E_CLOSED: the stream goes no further, its last word can be pulled. */
NX_MUST_CHECK enum nx_status cli_stream_push(struct cli_stream *s, struct nx_bytes piece,
                                             bool ends_message);

/* Nothing more will be pushed. */
void cli_stream_finish(struct cli_stream *s);

/* Give it up; the first reason counts. */
void cli_stream_abort(struct cli_stream *s, uint16_t code, const char *why);

/* The next piece, lent until the next call. NX_OK; NX_WOULD_BLOCK: none yet; NX_END: the peer finished
 * (told once), NX_E_CLOSED: the stream is over. */
NX_MUST_CHECK enum nx_status cli_stream_pull(struct cli_stream *s, struct nx_bytes *piece,
                                             bool *ends_message);

/* Wait until something can be pulled, or pushed where `wants_room`, or `input` (-1: none) can be read.
 * A signal aborts the stream, and a stream that stays without its last word is over in the end. True:
 * `input` can be read. */
bool cli_stream_wait(struct cli_stream *s, bool wants_room, int input);

/* CLI_DONE when all went well, else CLI_FAILED, and it is told why. */
enum cli_exit cli_stream_result(struct cli_stream *s);

#endif
