/* Send: everything that a source has, over a stream, and then its end.
 *
 * A source is read one buffer ahead of the stream, so that memory does not grow with it. */
#ifndef NX_CLI_NX_SEND_H
#define NX_CLI_NX_SEND_H

#include "cli/nx_progress.h"
#include "cli/nx_stream.h"

enum cli_framing {
    CLI_FRAMING_BYTES, /* no messages: a byte stream */
    CLI_FRAMING_WHOLE, /* all of it is one message */
    CLI_FRAMING_LINES, /* each line is a message, without its line feed */
};

struct cli_source {
    enum cli_framing framing;
    int fd;               /* -1: `rest` is all there is */
    const char *name;     /* for people */
    struct nx_bytes rest; /* read and not yet pushed */
    bool is_message_open; /* its last piece has not gone yet */
    struct cli_progress *progress;
    uint64_t message_count;
    uint64_t byte_count;
    uint64_t returned; /* bytes that the peer sent meanwhile, and that nobody wants */
    uint8_t buffer[CLI_PIECE_LEN_MAX];
};

/* What can be read from `fd`, which is borrowed. */
void cli_source_over(struct cli_source *source, enum cli_framing framing, int fd, const char *name);

/* Sends all of it and waits for the stream's last word. Answers as cli_stream_result, but for a source
 * that cannot be read. */
enum cli_exit cli_send(struct cli_stream *s, struct cli_source *source);

#endif
