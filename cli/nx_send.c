#include "cli/nx_send.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void cli_source_over(struct cli_source *source, enum cli_framing framing, int fd, const char *name)
{
    source->framing = framing;
    source->fd = fd;
    source->name = name;
    source->rest = nx_bytes_of(NULL, 0);
    source->is_message_open = framing == CLI_FRAMING_WHOLE; /* an empty one is a message, too */
    source->progress = NULL;
    source->message_count = 0;
    source->byte_count = 0;
    source->returned = 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_more(struct cli_stream *s, struct cli_source *source)
{
    ssize_t len = read(source->fd, source->buffer, sizeof(source->buffer));

    if (len < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (len < 0) {
        int error = errno;

        if (source->progress != NULL)
            cli_progress_end(source->progress);
        cli_fail(s->cli, CLI_FAILED, "%s: %s", source->name, strerror(error));
        s->has_failed = true;
        cli_stream_abort(s, NX_CLIENT_ABORT_CANCELLED, "the sender could not read on");
    }
    if (len <= 0)
        source->fd = -1;
    source->rest = nx_bytes_of(source->buffer, len > 0 ? (size_t)len : 0);
}

/* ---- pushing ------------------------------------------------------------------------------- */

struct piece {
    struct nx_bytes bytes;
    size_t skip; /* of what is behind it: a line feed */
    bool ends_message;
};

/* The next one of what was read. At the end of the source what stands open is ended, by an empty piece
 * where nothing else is left. */
static struct piece next_piece(const struct cli_source *source)
{
    struct nx_bytes rest = source->rest;
    const uint8_t *feed = source->framing == CLI_FRAMING_LINES && rest.len > 0
                              ? memchr(rest.ptr, '\n', rest.len)
                              : NULL;
    struct piece piece = {.bytes = rest};

    if (piece.bytes.len > CLI_PIECE_LEN_MAX)
        piece.bytes.len = CLI_PIECE_LEN_MAX;
    if (feed != NULL && (size_t)(feed - rest.ptr) <= piece.bytes.len) {
        piece.bytes.len = (size_t)(feed - rest.ptr);
        piece.skip = 1;
        piece.ends_message = true;
    }
    if (source->framing != CLI_FRAMING_BYTES && source->fd < 0 && piece.bytes.len == rest.len)
        piece.ends_message = true;
    return piece;
}

static bool has_piece(const struct cli_source *source)
{
    return source->rest.len > 0 || (source->fd < 0 && source->is_message_open);
}

static enum nx_status push_piece(struct cli_stream *s, struct cli_source *source)
{
    struct piece piece = next_piece(source);
    enum nx_status status = cli_stream_push(s, piece.bytes, piece.ends_message);

    if (status != NX_OK)
        return status;
    if (source->progress != NULL)
        cli_progress_add(source->progress, piece.bytes);
    source->byte_count += piece.bytes.len;
    source->message_count += piece.ends_message;
    source->is_message_open = source->framing != CLI_FRAMING_BYTES && !piece.ends_message;
    source->rest = nx_bytes_skip(source->rest, piece.bytes.len + piece.skip);
    return NX_OK;
}

/* ---- both ---------------------------------------------------------------------------------- */

/* Whatever the peer says while it is being sent to is taken, so that it is not held up, and dropped. */
static void drop_what_comes(struct cli_stream *s, struct cli_source *source)
{
    struct nx_bytes piece;
    bool ends_message;
    enum nx_status status;

    while ((status = cli_stream_pull(s, &piece, &ends_message)) == NX_OK || status == NX_END)
        source->returned += status == NX_OK ? piece.len : 0;
}

enum cli_exit cli_send(struct cli_stream *s, struct cli_source *source)
{
    while (!s->stream.is_over) {
        bool wants_room = false;

        drop_what_comes(s, source);
        if (has_piece(source)) {
            enum nx_status status = push_piece(s, source);

            if (status == NX_OK)
                continue;
            wants_room = status == NX_WOULD_BLOCK;
        } else if (source->fd < 0 && !s->stream.wants_finish) {
            cli_stream_finish(s);
        }
        if (!s->stream.is_over &&
            cli_stream_wait(s, wants_room, has_piece(source) ? -1 : source->fd))
            read_more(s, source);
    }
    if (source->progress != NULL)
        cli_progress_end(source->progress);
    if (source->returned > 0)
        cli_note(s->cli, "the other side sent %s meanwhile, which was dropped",
                 cli_show_count(source->returned, "byte").text);
    return cli_stream_result(s);
}
