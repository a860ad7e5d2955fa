#include "cli/localsim_job.h"

#include "cli/localsim_summary.h"
#include "cli/received_file.h"
#include "core/base/hex.h"
#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/bus/stream_name.h"
#include "core/localsim/localsim.h"
#include "core/store/memory.h"
#include "host/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_LEN = 65536,
    PATIENCE_S = 60, /* simulated; nothing here takes a tenth of it */
    PEER_VALUES = 4, /* keys that peer-sim-01's store can hold */
};

static const char channel_talk[] = "talk";
static const char channel_file[] = "file";

/* What one node's owner sees. */
struct end {
    bool is_paired;
    bool has_session;
    bool has_failed; /* a pairing or a session ended that should not have */
    struct nx_why why;
    struct dsb_msg_stream talk;
    struct dsb_byte_stream file;
    bool talk_is_open, file_is_open;
};

struct job {
    const struct localsim_job *options;
    struct localsim_problem *problem;

    struct dsb_localsim sim;
    void *memory;
    uint64_t memory_size;
    struct nx_instant now;
    struct nx_markers markers;

    char state_path[4096];
    bool state_is_ours;    /* the folder is temporary */
    struct nx_files files; /* self's store */
    uint8_t registry[NX_STORE_VALUE_MAX];
    size_t registry_len;
    struct nx_store_memory peer_store;
    uint8_t peer_values[PEER_VALUES * NX_STORE_VALUE_MAX];

    struct end ends[DSB_LOCALSIM_SIDES];
    int source;           /* the file that is sent */
    uint64_t source_size; /* 0: not known before its end */
    struct received_file received;
    uint8_t chunk[CHUNK_LEN];   /* read and not yet pushed */
    uint8_t arrived[CHUNK_LEN]; /* pulled, to be written */
    struct localsim_summary summary;
};

/* Says what went wrong, once: the first reason is the real one. */
__attribute__((format(printf, 3, 4))) static enum nx_status fail(struct job *job,
                                                                 enum nx_status status,
                                                                 const char *format, ...)
{
    char text[sizeof(job->problem->text)];
    va_list args;

    if (job->problem->text[0] == '\0') {
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        /* The names in it may hold whatever a terminal obeys. */
        nx_text_for_show(nx_bytes_of_text(text), job->problem->text, sizeof(job->problem->text));
    }
    return status;
}

static void print_marker(void *owner, struct nx_bytes line)
{
    (void)owner;
    fwrite(line.ptr, 1, line.len, stdout);
    fputc('\n', stdout);
    fflush(stdout);
}

/* ---- driving ------------------------------------------------------------------------------- */

static void on_opened(struct job *job, int side, const struct dsb_mux_event *event)
{
    struct dsb_node *node = dsb_localsim_node(&job->sim, (enum dsb_localsim_side)side);
    struct dsb_mux *mux = dsb_node_session(node, side == DSB_LOCALSIM_SELF ? DSB_LOCALSIM_PEER_ID
                                                                           : DSB_LOCALSIM_SELF_ID);
    struct end *end = &job->ends[side];
    struct nx_bytes channel;

    if (mux == NULL || dsb_node_accept(node, job->now, mux, event->stream) != NX_OK)
        return;
    if (dsb_stream_name_split(event->name, DSB_MSG_PREFIX, &channel)) {
        end->talk = (struct dsb_msg_stream){mux, event->stream};
        end->talk_is_open = true;
    } else {
        end->file = (struct dsb_byte_stream){mux, event->stream};
        end->file_is_open = true;
    }
}

static void on_event(struct job *job, int side, const struct dsb_node_event *event)
{
    struct end *end = &job->ends[side];

    switch (event->kind) {
    case DSB_NODE_PAIRED:
        end->is_paired = true;
        break;
    case DSB_NODE_SESSION_UP:
        end->has_session = true;
        break;
    case DSB_NODE_STORE_FAILED: /* the store names the file, and not the folder that it is in */
        end->has_failed = true;
        end->why = event->why;
        if (side == DSB_LOCALSIM_SELF)
            (void)fail(job, event->status, "%s/%s", job->state_path, event->why.text);
        break;
    case DSB_NODE_PAIRING_FAILED:
        end->has_failed = true;
        nx_why_set(&end->why, nx_status_text(event->status));
        break;
    case DSB_NODE_SESSION_ENDED:
        end->has_session = false;
        end->has_failed = end->has_failed || event->status != NX_END;
        end->why = event->mux.why;
        break;
    case DSB_NODE_STREAM:
        if (event->mux.kind == DSB_MUX_OPENED)
            on_opened(job, side, &event->mux);
        break;
    case DSB_NODE_DISCOVERY:
    case DSB_NODE_PAIRING_BROKEN:
    case DSB_NODE_UNPAIRED:
        break;
    }
}

static bool take_events(struct job *job)
{
    struct dsb_node_event event;
    bool moved = false;

    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        struct dsb_node *node = &job->sim.nodes[side];

        while (dsb_node_event(node, job->now, &event)) {
            on_event(job, side, &event);
            moved = true;
        }
    }
    return moved;
}

static bool drive_stores(struct job *job)
{
    struct dsb_node *self = dsb_localsim_node(&job->sim, DSB_LOCALSIM_SELF);
    struct dsb_node *peer = dsb_localsim_node(&job->sim, DSB_LOCALSIM_PEER);
    bool moved = false;

    while (nx_files_step(&job->files, dsb_node_store(self))) {
        dsb_node_stored(self, job->now);
        moved = true;
    }
    while (nx_store_memory_step(&job->peer_store, dsb_node_store(peer))) {
        dsb_node_stored(peer, job->now);
        moved = true;
    }
    return moved;
}

/* A person may stop it at any moment; what was begun is then taken back as after a failure. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static void listen_for_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that left is an error of writing */
}

static enum nx_status stopped(struct job *job)
{
    return fail(job, NX_E_ABORTED, "stopped by a signal (%s)", strsignal(interrupted));
}

/* One step of the world. Time passes only while nothing moves. */
static enum nx_status drive(struct job *job)
{
    bool moved = dsb_localsim_step(&job->sim, job->now);

    moved = drive_stores(job) || moved;
    moved = take_events(job) || moved;
    if (interrupted != 0)
        return stopped(job);
    if (!moved)
        job->now = nx_instant_after(job->now, nx_milliseconds(1));
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        if (job->ends[side].has_failed)
            return fail(job, NX_E_ABORTED, "%s: %s",
                        side == DSB_LOCALSIM_SELF ? DSB_LOCALSIM_SELF_ID : DSB_LOCALSIM_PEER_ID,
                        job->ends[side].why.text);
    }
    return NX_OK;
}

static enum nx_status drive_until(struct job *job, bool (*holds)(const struct job *job),
                                  const char *what)
{
    struct nx_instant deadline = nx_instant_after(job->now, nx_seconds(PATIENCE_S));

    while (!holds(job)) {
        enum nx_status status = drive(job);

        if (status != NX_OK)
            return status;
        if (nx_instant_reached(deadline, job->now))
            return fail(job, NX_E_TIMEOUT, "%s did not happen within %d simulated seconds", what,
                        PATIENCE_S);
    }
    return NX_OK;
}

static bool both_discovered(const struct job *job)
{
    return dsb_discovery_count(&job->sim.nodes[0].discovery) == 2 &&
           dsb_discovery_count(&job->sim.nodes[1].discovery) == 2;
}

static bool both_paired(const struct job *job)
{
    return job->ends[0].is_paired && job->ends[1].is_paired;
}

static bool both_in_session(const struct job *job)
{
    return job->ends[0].has_session && job->ends[1].has_session;
}

static bool talk_is_open(const struct job *job)
{
    return job->ends[DSB_LOCALSIM_PEER].talk_is_open;
}

static bool file_is_open(const struct job *job)
{
    return job->ends[DSB_LOCALSIM_PEER].file_is_open;
}

/* ---- the steps of the job ------------------------------------------------------------------ */

/* `why` is of loading, and names the file; without one the registry itself was found wanting. */
static enum nx_status refuse_registry(struct job *job, enum nx_status loaded, enum nx_status status,
                                      const struct nx_why *why)
{
    bool is_new_damage = loaded == NX_OK && status == NX_E_MALFORMED;

    if (loaded != NX_OK)
        return fail(job, status, "%s/%s", job->state_path, why->text);
    (void)drive_stores(job); /* what is damaged is set aside */
    return fail(job, status, "%s/%s: %s%s", job->state_path, DSB_REGISTRY_KEY,
                dsb_node_registry_why(&job->sim.nodes[DSB_LOCALSIM_SELF])->text,
                is_new_damage ? " (kept as " DSB_REGISTRY_KEY ".bad)" : "");
}

static enum nx_status start_nodes(struct job *job)
{
    static uint8_t bytes[NX_STORE_VALUE_MAX];

    enum nx_status status =
        dsb_localsim_init(&job->sim, job->now, job->options->seed, &dsb_profile_board,
                          &job->markers, job->memory, job->memory_size);
    if (status != NX_OK)
        return fail(job, status, "the nodes did not start: %s", nx_status_text(status));

    struct nx_why why = {.text = ""};
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
    enum nx_status loaded = nx_files_load(&job->files, DSB_REGISTRY_KEY, &value, &why);
    status = dsb_node_start(dsb_localsim_node(&job->sim, DSB_LOCALSIM_SELF), job->now, loaded,
                            nx_writer_bytes(&value));
    if (status != NX_OK)
        return refuse_registry(job, loaded, status, &why);
    memcpy(job->registry, bytes, value.len);
    job->registry_len = value.len;

    value = nx_writer_over(bytes, sizeof(bytes));
    loaded = nx_store_memory_load(&job->peer_store, DSB_REGISTRY_KEY, &value);
    status = dsb_node_start(dsb_localsim_node(&job->sim, DSB_LOCALSIM_PEER), job->now, loaded,
                            nx_writer_bytes(&value));
    return status == NX_OK ? NX_OK
                           : fail(job, status, "%s did not start: %s", DSB_LOCALSIM_PEER_ID,
                                  nx_status_text(status));
}

/* Self shows a code, and the person at peer-sim-01 types it. */
static enum nx_status pair(struct job *job)
{
    char code[DSB_PAIRING_CODE_LEN + 1];
    enum nx_status status = dsb_node_pair_offer(dsb_localsim_node(&job->sim, DSB_LOCALSIM_SELF),
                                                job->now, DSB_LOCALSIM_PEER_ID, code);

    if (status != NX_OK)
        return fail(job, status, "no code could be offered: %s", nx_status_text(status));
    status = dsb_node_pair_accept(dsb_localsim_node(&job->sim, DSB_LOCALSIM_PEER), job->now,
                                  DSB_LOCALSIM_SELF_ID, nx_bytes_of_text(code));
    if (status != NX_OK)
        return fail(job, status, "the code was not taken: %s", nx_status_text(status));

    status = drive_until(job, both_paired, "pairing");
    return status == NX_OK ? drive_until(job, both_in_session, "a session") : status;
}

/* A node that knew its peer when it started needs no code. */
static enum nx_status connect_known(struct job *job)
{
    enum nx_status status =
        dsb_node_connect(dsb_localsim_node(&job->sim, DSB_LOCALSIM_SELF), DSB_LOCALSIM_PEER_ID);

    if (status != NX_OK)
        return fail(job, status, "no session was asked for: %s", nx_status_text(status));
    return drive_until(job, both_in_session, "a session with a known device");
}

static enum nx_status expect_message(struct job *job, struct dsb_msg_stream *stream,
                                     const char *text)
{
    struct nx_instant deadline = nx_instant_after(job->now, nx_seconds(PATIENCE_S));
    uint8_t bytes[256];
    size_t len = 0;
    bool is_whole = false;
    enum nx_status status;

    while ((status = dsb_msg_stream_pull(stream, bytes, sizeof(bytes), &len, &is_whole)) ==
           NX_WOULD_BLOCK) {
        if (drive(job) != NX_OK || nx_instant_reached(deadline, job->now))
            return fail(job, NX_E_TIMEOUT, "a message did not arrive");
    }
    if (status != NX_OK || !is_whole ||
        !nx_bytes_equal(nx_bytes_of(bytes, len), nx_bytes_of_text(text)))
        return fail(job, NX_E_MALFORMED, "a message arrived changed");
    job->summary.message_bytes += len;
    job->summary.message_count++;
    return NX_OK;
}

static enum nx_status talk(struct job *job)
{
    static const char *const words[] = {"hello from self", "hello from peer-sim-01", ""};
    struct end *self = &job->ends[DSB_LOCALSIM_SELF];
    struct end *peer = &job->ends[DSB_LOCALSIM_PEER];
    struct dsb_mux *mux =
        dsb_node_session(dsb_localsim_node(&job->sim, DSB_LOCALSIM_SELF), DSB_LOCALSIM_PEER_ID);

    enum nx_status status = dsb_msg_stream_open(&self->talk, mux, nx_bytes_of_text(channel_talk));
    if (status != NX_OK)
        return fail(job, status, "no message stream: %s", nx_status_text(status));
    status = drive_until(job, talk_is_open, "a message stream");

    for (size_t i = 0; i < NX_COUNT_OF(words) && status == NX_OK; i++) {
        struct dsb_msg_stream *from = i % 2 == 0 ? &self->talk : &peer->talk;
        struct dsb_msg_stream *to = i % 2 == 0 ? &peer->talk : &self->talk;

        status = dsb_msg_stream_push(from, job->now, nx_bytes_of_text(words[i]));
        if (status == NX_OK)
            status = expect_message(job, to, words[i]);
    }
    if (status != NX_OK)
        return fail(job, status, "the messages did not get through: %s", nx_status_text(status));
    return NX_OK;
}

static double real_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The time that the whole takes is told where its size is known, and was true. */
static void show_progress(const struct job *job, double since, double *shown)
{
    double now = real_seconds();
    double mb = (double)job->summary.file_bytes / 1e6;

    if (!job->options->shows_progress || now - *shown < 0.5 || now - since < 1)
        return;
    *shown = now;
    if (job->source_size > job->summary.file_bytes && mb > 0)
        fprintf(stderr, "\r%.1f of %.1f MB, %.0f MB/s, %.0f s to go\033[K", mb,
                (double)job->source_size / 1e6, mb / (now - since),
                ((double)job->source_size / 1e6 - mb) * (now - since) / mb);
    else
        fprintf(stderr, "\r%.1f MB, %.0f MB/s\033[K", mb, mb / (now - since));
}

/* Reads ahead of the stream by one chunk at most: memory does not grow with the file. */
struct sender {
    size_t begin, end; /* of what was read and not yet pushed */
    bool is_done;
    struct nx_sha256 hash;
};

static enum nx_status push_file(struct job *job, struct sender *sender)
{
    struct dsb_byte_stream *stream = &job->ends[DSB_LOCALSIM_SELF].file;

    while (!sender->is_done) {
        if (sender->begin == sender->end) {
            ssize_t len = read(job->source, job->chunk, sizeof(job->chunk));

            if (len < 0 && errno == EINTR)
                return NX_OK; /* whoever drives sees the signal */
            if (len < 0)
                return fail(job, NX_E_IO, "%s: %s", job->options->file, strerror(errno));
            if (len == 0) {
                sender->is_done = true;
                return dsb_mux_finish(stream->mux, stream->stream);
            }
            sender->begin = 0;
            sender->end = (size_t)len;
            nx_crypto_sha256_add(&sender->hash, nx_bytes_of(job->chunk, sender->end));
        }

        size_t taken;
        enum nx_status status = dsb_byte_stream_push(
            stream, job->now, nx_bytes_of(job->chunk + sender->begin, sender->end - sender->begin),
            &taken);
        if (status == NX_WOULD_BLOCK)
            return NX_OK;
        if (status != NX_OK)
            return fail(job, status, "sending stopped: %s", nx_status_text(status));
        sender->begin += taken;
    }
    return NX_OK;
}

/* Everything that has come. NX_END after the last byte. */
static enum nx_status pull_file(struct job *job, struct nx_sha256 *hash)
{
    struct dsb_byte_stream *stream = &job->ends[DSB_LOCALSIM_PEER].file;
    enum nx_status status;
    size_t len;

    while ((status = dsb_byte_stream_pull(stream, job->arrived, sizeof(job->arrived), &len)) ==
           NX_OK) {
        struct nx_bytes bytes = nx_bytes_of(job->arrived, len);

        if (!received_file_write(&job->received, bytes))
            return fail(job, NX_E_IO, "%s: %s", job->received.path, strerror(errno));
        nx_crypto_sha256_add(hash, bytes);
        job->summary.file_bytes += len;
    }
    return status;
}

static enum nx_status move_bytes(struct job *job, struct sender *sender, struct nx_sha256 *received)
{
    double since = real_seconds();
    double shown = since;
    enum nx_status status = NX_OK;
    enum nx_status pulled = NX_WOULD_BLOCK;

    while (status == NX_OK && pulled != NX_END) {
        status = push_file(job, sender);
        if (status == NX_OK)
            status = drive(job);
        if (status == NX_OK)
            pulled = pull_file(job, received);
        if (pulled < 0)
            status = fail(job, pulled, "receiving stopped: %s", nx_status_text(pulled));
        show_progress(job, since, &shown);
    }
    job->summary.seconds = real_seconds() - since;
    if (shown > since)
        fputs("\r\033[K", stderr);
    return status;
}

static enum nx_status move_file(struct job *job)
{
    struct sender sender = {.is_done = false};
    struct nx_sha256 received;
    uint8_t digests[2][NX_SHA256_LEN];

    nx_crypto_sha256_init(&sender.hash);
    nx_crypto_sha256_init(&received);
    enum nx_status status = move_bytes(job, &sender, &received);
    if (status != NX_OK)
        return status;

    nx_crypto_sha256_end(&sender.hash, digests[0]);
    nx_crypto_sha256_end(&received, digests[1]);
    nx_hex_encode(nx_bytes_of(digests[1], NX_SHA256_LEN), job->summary.sha256);
    if (memcmp(digests[0], digests[1], NX_SHA256_LEN) != 0)
        return fail(job, NX_E_MALFORMED, "%s arrived with another SHA-256", job->options->file);
    return NX_OK;
}

static enum nx_status send_file(struct job *job)
{
    struct dsb_mux *mux =
        dsb_node_session(dsb_localsim_node(&job->sim, DSB_LOCALSIM_SELF), DSB_LOCALSIM_PEER_ID);
    struct dsb_byte_stream *stream = &job->ends[DSB_LOCALSIM_SELF].file;

    enum nx_status status = dsb_byte_stream_open(stream, mux, nx_bytes_of_text(channel_file));
    if (status == NX_OK)
        status = drive_until(job, file_is_open, "a byte stream");
    if (status == NX_OK)
        status = move_file(job);
    if (status == NX_OK && !received_file_keep(&job->received))
        status = fail(job, NX_E_IO, "%s: %s", job->received.path, strerror(errno));
    return status == NX_OK ? NX_OK
                           : fail(job, status, "no byte stream: %s", nx_status_text(status));
}

/* Stop everything; start again from what lasted. */
static enum nx_status restart(struct job *job)
{
    static uint8_t again[NX_STORE_VALUE_MAX];
    struct nx_writer out = nx_writer_over(again, sizeof(again));

    dsb_localsim_wipe(&job->sim);
    memset(job->ends, 0, sizeof(job->ends));
    nx_store_memory_restart(&job->peer_store);

    struct nx_markers said = job->markers; /* a second life says nothing twice */
    nx_markers_init(&job->markers, NULL, NULL);
    enum nx_status status = start_nodes(job);
    if (status != NX_OK)
        return status;

    const struct dsb_registry *registry = &job->sim.nodes[DSB_LOCALSIM_SELF].registry;
    job->summary.devices_reloaded = dsb_registry_count(registry);
    status = dsb_registry_encode(DSB_WORLD_SIM, &registry->peers, &(struct dsb_peers_edit){0},
                                 dsb_registry_budgets(registry), &out);
    if (status != NX_OK || job->summary.devices_reloaded != 1 ||
        !nx_bytes_equal(nx_writer_bytes(&out), nx_bytes_of(job->registry, job->registry_len)))
        return fail(job, NX_E_MALFORMED, "the registry came back changed");
    status = connect_known(job);
    job->markers = said;
    return status;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* What is to be sent. May wait: a pipe has a writer first. */
static enum nx_status open_source(struct job *job)
{
    struct stat about;

    job->source = open(job->options->file, O_RDONLY | O_CLOEXEC);
    if (interrupted != 0)
        return stopped(job);

    bool is_there = job->source >= 0 && fstat(job->source, &about) == 0;
    if (!is_there || S_ISDIR(about.st_mode)) {
        job->problem->is_input = true;
        return fail(job, NX_E_IO, "%s: %s", job->options->file,
                    strerror(is_there ? EISDIR : errno));
    }
    if (S_ISREG(about.st_mode))
        job->source_size = (uint64_t)about.st_size;
    return NX_OK;
}

static enum nx_status open_received(struct job *job)
{
    if (!received_file_begin(&job->received, job->options->into, job->options->file))
        return fail(job, NX_E_IO, "%s: %s", job->received.path, strerror(errno));
    if (received_file_replaces(&job->received, job->source))
        return fail(job, NX_E_EXISTS, "%s is the very file that is sent; name another folder",
                    job->received.path);
    return NX_OK;
}

static enum nx_status open_state(struct job *job)
{
    struct nx_why why = {.text = ""};
    const char *path = job->options->state;

    if (path == NULL) {
        if (!received_file_temporary(job->state_path, sizeof(job->state_path), "nexusnet"))
            return fail(job, NX_E_IO, "%s: no folder can be made there: %s", job->state_path,
                        strerror(errno));
        job->state_is_ours = true;
        path = job->state_path;
    } else {
        snprintf(job->state_path, sizeof(job->state_path), "%s", path);
    }

    enum nx_status status = nx_files_open(&job->files, path, &why);
    return status == NX_OK ? NX_OK : fail(job, status, "%s: %s", path, why.text);
}

/* Whatever can be refused beforehand is, with nothing begun. */
static enum nx_status open_all(struct job *job)
{
    enum nx_status status = open_source(job);

    if (status == NX_OK)
        status = open_state(job);
    return status == NX_OK ? open_received(job) : status;
}

static void remove_state(struct job *job)
{
    nx_files_close(&job->files);
    if (!job->state_is_ours)
        return;

    int folder = open(job->state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        unlinkat(folder, DSB_REGISTRY_KEY, 0);
        close(folder);
    }
    rmdir(job->state_path);
}

static enum nx_status run(struct job *job)
{
    enum nx_status status = open_all(job);
    if (status == NX_OK)
        status = start_nodes(job);
    bool is_known = dsb_registry_count(&job->sim.nodes[DSB_LOCALSIM_SELF].registry) > 0;
    if (status == NX_OK && is_known)
        return fail(job, NX_E_EXISTS,
                    "%s holds the registry of an earlier run, and peer-sim-01 is new each time: "
                    "name another folder with --state",
                    job->state_path);
    if (status == NX_OK)
        status = drive_until(job, both_discovered, "discovery");
    if (status == NX_OK)
        status = pair(job);
    if (status == NX_OK)
        status = talk(job);
    if (status == NX_OK)
        status = send_file(job);
    localsim_summary_waters(job->summary.self, &job->sim.nodes[DSB_LOCALSIM_SELF].pools);
    localsim_summary_waters(job->summary.peer, &job->sim.nodes[DSB_LOCALSIM_PEER].pools);
    if (status == NX_OK)
        status = restart(job);
    if (status != NX_OK)
        return status;
    job->summary.seed = job->options->seed;
    job->summary.received_as = job->received.path;
    job->summary.registry_bytes = job->registry_len;
    if (job->options->is_json)
        localsim_summary_print_json(&job->summary);
    else
        localsim_summary_print(&job->summary);
    return NX_OK;
}

enum nx_status localsim_job_run(const struct localsim_job *options,
                                struct localsim_problem *problem)
{
    struct job *job = calloc(1, sizeof(*job));
    uint64_t size = dsb_localsim_memory_size(&dsb_profile_board);
    void *memory = aligned_alloc(16, (size_t)((size + 15) / 16 * 16));

    if (job == NULL || memory == NULL) {
        snprintf(problem->text, sizeof(problem->text), "not enough memory for two nodes");
        free(job);
        free(memory);
        return NX_E_NO_MEMORY;
    }

    job->options = options;
    job->problem = problem;
    job->memory = memory;
    job->memory_size = size;
    job->files.folder = -1;
    job->source = -1;
    job->received = (struct received_file){.folder = -1, .fd = -1};
    nx_markers_init(&job->markers, print_marker, NULL);
    nx_store_memory_init(&job->peer_store, job->peer_values, NX_STORE_VALUE_MAX, PEER_VALUES);

    listen_for_signals();
    enum nx_status status = run(job);
    if (status == NX_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
        status = fail(job, NX_E_IO, "standard output: %s", strerror(errno));
    received_file_drop(&job->received);
    if (job->source >= 0)
        close(job->source);
    remove_state(job);
    dsb_localsim_wipe(&job->sim);
    free(memory);
    free(job);
    return status;
}
