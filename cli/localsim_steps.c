#include "cli/localsim_steps.h"

#include "core/base/hex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char channel_talk[] = "talk";
static const char channel_file[] = "file";

/* ---- what a step waits for ----------------------------------------------------------------- */

static bool both_discovered(const struct localsim_drive *d)
{
    return dsb_discovery_count(&d->sim.nodes[0].discovery) == 2 &&
           dsb_discovery_count(&d->sim.nodes[1].discovery) == 2;
}

static bool both_paired(const struct localsim_drive *d)
{
    return d->ends[0].is_paired && d->ends[1].is_paired;
}

static bool both_in_session(const struct localsim_drive *d)
{
    return d->ends[0].has_session && d->ends[1].has_session;
}

static bool talk_is_open(const struct localsim_drive *d)
{
    return d->ends[DSB_LOCALSIM_PEER].talk_is_open;
}

static bool file_is_open(const struct localsim_drive *d)
{
    return d->ends[DSB_LOCALSIM_PEER].file_is_open;
}

/* ---- starting ------------------------------------------------------------------------------ */

/* `why` is of loading, and names the file; without one the registry itself was found wanting. */
static enum nx_status refuse_registry(struct localsim_run *run, enum nx_status loaded,
                                      enum nx_status status, const struct nx_why *why)
{
    bool is_new_damage = loaded == NX_OK && status == NX_E_MALFORMED;

    if (loaded != NX_OK)
        return localsim_fail(&run->drive, status, "%s/%s", run->drive.state_path, why->text);
    (void)localsim_drive_stores(&run->drive); /* what is damaged is set aside */
    return localsim_fail(&run->drive, status, "%s/%s: %s%s", run->drive.state_path,
                         DSB_REGISTRY_KEY,
                         dsb_node_registry_why(&run->drive.sim.nodes[DSB_LOCALSIM_SELF])->text,
                         is_new_damage ? " (kept as " DSB_REGISTRY_KEY ".bad)" : "");
}

enum nx_status localsim_start(struct localsim_run *run)
{
    static uint8_t bytes[NX_STORE_VALUE_MAX];

    enum nx_status status =
        dsb_localsim_init(&run->drive.sim, run->drive.now, run->options->seed, &dsb_profile_board,
                          &run->drive.markers, run->drive.memory, run->drive.memory_size);
    if (status != NX_OK)
        return localsim_fail(&run->drive, status, "the nodes did not start: %s",
                             nx_status_text(status));

    struct nx_why why = {.text = ""};
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
    enum nx_status loaded = nx_files_load(&run->drive.files, DSB_REGISTRY_KEY, &value, &why);
    status = dsb_node_start(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_SELF), run->drive.now,
                            loaded, nx_writer_bytes(&value));
    if (status != NX_OK)
        return refuse_registry(run, loaded, status, &why);
    memcpy(run->registry, bytes, value.len);
    run->registry_len = value.len;

    value = nx_writer_over(bytes, sizeof(bytes));
    loaded = nx_store_memory_load(&run->drive.peer_store, DSB_REGISTRY_KEY, &value);
    status = dsb_node_start(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_PEER), run->drive.now,
                            loaded, nx_writer_bytes(&value));
    return status == NX_OK ? NX_OK
                           : localsim_fail(&run->drive, status, "%s did not start: %s",
                                           DSB_LOCALSIM_PEER_ID, nx_status_text(status));
}

/* ---- pairing --------------------------------------------------------------------------------- */

enum nx_status localsim_discover(struct localsim_run *run)
{
    return localsim_drive_until(&run->drive, both_discovered, "discovery");
}

enum nx_status localsim_pair(struct localsim_run *run)
{
    char code[DSB_PAIRING_CODE_LEN + 1];
    enum nx_status status =
        dsb_node_pair_offer(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_SELF), run->drive.now,
                            DSB_LOCALSIM_PEER_ID, code);

    if (status != NX_OK)
        return localsim_fail(&run->drive, status, "no code could be offered: %s",
                             nx_status_text(status));
    status = dsb_node_pair_accept(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_PEER),
                                  run->drive.now, DSB_LOCALSIM_SELF_ID, nx_bytes_of_text(code));
    if (status != NX_OK)
        return localsim_fail(&run->drive, status, "the code was not taken: %s",
                             nx_status_text(status));

    status = localsim_drive_until(&run->drive, both_paired, "pairing");
    return status == NX_OK ? localsim_drive_until(&run->drive, both_in_session, "a session")
                           : status;
}

/* ---- messages -------------------------------------------------------------------------------- */

static enum nx_status expect_message(struct localsim_run *run, struct dsb_msg_stream *stream,
                                     const char *text)
{
    struct nx_instant deadline = nx_instant_after(run->drive.now, nx_seconds(LOCALSIM_PATIENCE_S));
    uint8_t bytes[256];
    size_t len = 0;
    bool is_whole = false;
    enum nx_status status;

    while ((status = dsb_msg_stream_pull(stream, bytes, sizeof(bytes), &len, &is_whole)) ==
           NX_WOULD_BLOCK) {
        if (localsim_drive(&run->drive) != NX_OK || nx_instant_reached(deadline, run->drive.now))
            return localsim_fail(&run->drive, NX_E_TIMEOUT, "a message did not arrive");
    }
    if (status != NX_OK || !is_whole ||
        !nx_bytes_equal(nx_bytes_of(bytes, len), nx_bytes_of_text(text)))
        return localsim_fail(&run->drive, NX_E_MALFORMED, "a message arrived changed");
    run->summary.message_bytes += len;
    run->summary.message_count++;
    return NX_OK;
}

enum nx_status localsim_talk(struct localsim_run *run)
{
    static const char *const words[] = {"hello from self", "hello from peer-sim-01", ""};
    struct localsim_end *self = &run->drive.ends[DSB_LOCALSIM_SELF];
    struct localsim_end *peer = &run->drive.ends[DSB_LOCALSIM_PEER];
    struct dsb_mux *mux = dsb_node_session(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_SELF),
                                           DSB_LOCALSIM_PEER_ID);

    enum nx_status status = dsb_msg_stream_open(&self->talk, mux, nx_bytes_of_text(channel_talk));
    if (status != NX_OK)
        return localsim_fail(&run->drive, status, "no message stream: %s", nx_status_text(status));
    status = localsim_drive_until(&run->drive, talk_is_open, "a message stream");

    for (size_t i = 0; i < NX_COUNT_OF(words) && status == NX_OK; i++) {
        struct dsb_msg_stream *from = i % 2 == 0 ? &self->talk : &peer->talk;
        struct dsb_msg_stream *to = i % 2 == 0 ? &peer->talk : &self->talk;

        status = dsb_msg_stream_push(from, run->drive.now, nx_bytes_of_text(words[i]));
        if (status == NX_OK)
            status = expect_message(run, to, words[i]);
    }
    if (status != NX_OK)
        return localsim_fail(&run->drive, status, "the messages did not get through: %s",
                             nx_status_text(status));
    return NX_OK;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static double real_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The time that the whole takes is told where its size is known, and was true. */
static void show_progress(const struct localsim_run *run, double since, double *shown)
{
    double now = real_seconds();
    double mb = (double)run->summary.file_bytes / 1e6;

    if (!run->options->shows_progress || now - *shown < 0.5 || now - since < 1)
        return;
    *shown = now;
    if (run->source_size > run->summary.file_bytes && mb > 0)
        fprintf(stderr, "\r%.1f of %.1f MB, %.0f MB/s, %.0f s to go\033[K", mb,
                (double)run->source_size / 1e6, mb / (now - since),
                ((double)run->source_size / 1e6 - mb) * (now - since) / mb);
    else
        fprintf(stderr, "\r%.1f MB, %.0f MB/s\033[K", mb, mb / (now - since));
}

/* Reads ahead of the stream by one chunk at most: memory does not grow with the file. */
struct sender {
    size_t begin, end; /* of what was read and not yet pushed */
    bool is_done;
    struct nx_sha256 hash;
};

static enum nx_status push_file(struct localsim_run *run, struct sender *sender)
{
    struct dsb_byte_stream *stream = &run->drive.ends[DSB_LOCALSIM_SELF].file;

    while (!sender->is_done) {
        if (sender->begin == sender->end) {
            ssize_t len = read(run->source, run->chunk, sizeof(run->chunk));

            if (len < 0 && errno == EINTR)
                return NX_OK; /* whoever drives sees the signal */
            if (len < 0)
                return localsim_fail(&run->drive, NX_E_IO, "%s: %s", run->options->file,
                                     strerror(errno));
            if (len == 0) {
                sender->is_done = true;
                return dsb_mux_finish(stream->mux, stream->stream);
            }
            sender->begin = 0;
            sender->end = (size_t)len;
            nx_crypto_sha256_add(&sender->hash, nx_bytes_of(run->chunk, sender->end));
        }

        size_t taken;
        enum nx_status status = dsb_byte_stream_push(
            stream, run->drive.now,
            nx_bytes_of(run->chunk + sender->begin, sender->end - sender->begin), &taken);
        if (status == NX_WOULD_BLOCK)
            return NX_OK;
        if (status != NX_OK)
            return localsim_fail(&run->drive, status, "sending stopped: %s",
                                 nx_status_text(status));
        sender->begin += taken;
    }
    return NX_OK;
}

/* Everything that has come. NX_END after the last byte. */
static enum nx_status pull_file(struct localsim_run *run, struct nx_sha256 *hash)
{
    struct dsb_byte_stream *stream = &run->drive.ends[DSB_LOCALSIM_PEER].file;
    enum nx_status status;
    size_t len;

    while ((status = dsb_byte_stream_pull(stream, run->arrived, sizeof(run->arrived), &len)) ==
           NX_OK) {
        struct nx_bytes bytes = nx_bytes_of(run->arrived, len);

        if (!received_file_write(&run->received, bytes))
            return localsim_fail(&run->drive, NX_E_IO, "%s: %s", run->received.path,
                                 strerror(errno));
        nx_crypto_sha256_add(hash, bytes);
        run->summary.file_bytes += len;
    }
    return status;
}

static enum nx_status move_bytes(struct localsim_run *run, struct sender *sender,
                                 struct nx_sha256 *received)
{
    double since = real_seconds();
    double shown = since;
    enum nx_status status = NX_OK;
    enum nx_status pulled = NX_WOULD_BLOCK;

    while (status == NX_OK && pulled != NX_END) {
        status = push_file(run, sender);
        if (status == NX_OK)
            status = localsim_drive(&run->drive);
        if (status == NX_OK)
            pulled = pull_file(run, received);
        if (pulled < 0)
            status =
                localsim_fail(&run->drive, pulled, "receiving stopped: %s", nx_status_text(pulled));
        show_progress(run, since, &shown);
    }
    run->summary.seconds = real_seconds() - since;
    if (shown > since)
        fputs("\r\033[K", stderr);
    return status;
}

static enum nx_status move_file(struct localsim_run *run)
{
    struct sender sender = {.is_done = false};
    struct nx_sha256 received;
    uint8_t digests[2][NX_SHA256_LEN];

    nx_crypto_sha256_init(&sender.hash);
    nx_crypto_sha256_init(&received);
    enum nx_status status = move_bytes(run, &sender, &received);
    if (status != NX_OK)
        return status;

    nx_crypto_sha256_end(&sender.hash, digests[0]);
    nx_crypto_sha256_end(&received, digests[1]);
    nx_hex_encode(nx_bytes_of(digests[1], NX_SHA256_LEN), run->summary.sha256);
    if (memcmp(digests[0], digests[1], NX_SHA256_LEN) != 0)
        return localsim_fail(&run->drive, NX_E_MALFORMED, "%s arrived with another SHA-256",
                             run->options->file);
    return NX_OK;
}

enum nx_status localsim_send_file(struct localsim_run *run)
{
    struct dsb_mux *mux = dsb_node_session(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_SELF),
                                           DSB_LOCALSIM_PEER_ID);
    struct dsb_byte_stream *stream = &run->drive.ends[DSB_LOCALSIM_SELF].file;

    enum nx_status status = dsb_byte_stream_open(stream, mux, nx_bytes_of_text(channel_file));
    if (status == NX_OK)
        status = localsim_drive_until(&run->drive, file_is_open, "a byte stream");
    if (status == NX_OK)
        status = move_file(run);
    if (status == NX_OK && !received_file_keep(&run->received))
        status = localsim_fail(&run->drive, NX_E_IO, "%s: %s", run->received.path, strerror(errno));
    return status == NX_OK
               ? NX_OK
               : localsim_fail(&run->drive, status, "no byte stream: %s", nx_status_text(status));
}

/* ---- once more ------------------------------------------------------------------------------- */

/* A node that knew its peer when it started needs no code. */
static enum nx_status connect_known(struct localsim_run *run)
{
    enum nx_status status = dsb_node_connect(dsb_localsim_node(&run->drive.sim, DSB_LOCALSIM_SELF),
                                             DSB_LOCALSIM_PEER_ID);

    if (status != NX_OK)
        return localsim_fail(&run->drive, status, "no session was asked for: %s",
                             nx_status_text(status));
    return localsim_drive_until(&run->drive, both_in_session, "a session with a known device");
}

enum nx_status localsim_restart(struct localsim_run *run)
{
    static uint8_t again[NX_STORE_VALUE_MAX];
    struct nx_writer out = nx_writer_over(again, sizeof(again));

    dsb_localsim_wipe(&run->drive.sim);
    memset(run->drive.ends, 0, sizeof(run->drive.ends));
    nx_store_memory_restart(&run->drive.peer_store);

    struct nx_markers said = run->drive.markers; /* a second life says nothing twice */
    nx_markers_init(&run->drive.markers, NULL, NULL);
    enum nx_status status = localsim_start(run);
    if (status != NX_OK)
        return status;

    const struct dsb_registry *registry = &run->drive.sim.nodes[DSB_LOCALSIM_SELF].registry;
    run->summary.devices_reloaded = dsb_registry_count(registry);
    status = dsb_registry_encode(DSB_WORLD_SIM, &registry->peers, &(struct dsb_peers_edit){0},
                                 dsb_registry_budgets(registry), &out);
    if (status != NX_OK || run->summary.devices_reloaded != 1 ||
        !nx_bytes_equal(nx_writer_bytes(&out), nx_bytes_of(run->registry, run->registry_len)))
        return localsim_fail(&run->drive, NX_E_MALFORMED, "the registry came back changed");
    status = connect_known(run);
    run->drive.markers = said;
    return status;
}
