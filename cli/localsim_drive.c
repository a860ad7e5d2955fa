#include "cli/localsim_drive.h"

#include "core/base/text.h"
#include "core/bus/stream_name.h"
#include "core/rpc/rpc_stream.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum nx_status localsim_fail(struct localsim_drive *d, enum nx_status status, const char *format,
                             ...)
{
    char text[sizeof(d->problem->text)];
    va_list args;

    if (d->problem->text[0] == '\0') {
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        /* The names in it may hold whatever a terminal obeys. */
        nx_text_for_show(nx_bytes_of_text(text), d->problem->text, sizeof(d->problem->text));
    }
    return status;
}

/* ---- signals ------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

void localsim_listen_for_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    interrupted = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that left is an error of writing */
}

enum nx_status localsim_check_signals(struct localsim_drive *d)
{
    if (interrupted == 0)
        return NX_OK;
    return localsim_fail(d, NX_E_ABORTED, "stopped by a signal (%s)", strsignal(interrupted));
}

/* ---- news and stores ----------------------------------------------------------------------- */

static void on_opened(struct localsim_drive *d, int side, const struct dsb_mux_event *event)
{
    struct dsb_node *node = dsb_localsim_node(&d->sim, (enum dsb_localsim_side)side);
    struct dsb_mux *mux = dsb_node_session(node, side == DSB_LOCALSIM_SELF ? DSB_LOCALSIM_PEER_ID
                                                                           : DSB_LOCALSIM_SELF_ID);
    struct localsim_end *end = &d->ends[side];
    struct nx_bytes channel;

    if (mux == NULL || dsb_node_accept(node, d->now, mux, event->stream) != NX_OK)
        return;
    if (dsb_stream_name_split(event->name, DSB_MSG_PREFIX, &channel)) {
        end->talk = (struct dsb_msg_stream){mux, event->stream};
        end->talk_is_open = true;
    } else if (dsb_stream_name_split(event->name, DSB_RPC_PREFIX, &channel)) {
        end->calls_mux = mux;
        end->calls = event->stream;
        end->calls_are_open = true;
    } else {
        end->file = (struct dsb_byte_stream){mux, event->stream};
        end->file_is_open = true;
    }
}

static void on_event(struct localsim_drive *d, int side, const struct dsb_node_event *event)
{
    struct localsim_end *end = &d->ends[side];

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
            (void)localsim_fail(d, event->status, "%s/%s", d->state_path, event->why.text);
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
            on_opened(d, side, &event->mux);
        break;
    case DSB_NODE_DISCOVERY:
    case DSB_NODE_PAIRING_BROKEN:
    case DSB_NODE_UNPAIRED:
        break;
    }
}

static bool take_events(struct localsim_drive *d)
{
    struct dsb_node_event event;
    bool moved = false;

    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        struct dsb_node *node = &d->sim.nodes[side];

        while (dsb_node_event(node, d->now, &event)) {
            on_event(d, side, &event);
            moved = true;
        }
    }
    return moved;
}

bool localsim_drive_stores(struct localsim_drive *d)
{
    struct dsb_node *self = dsb_localsim_node(&d->sim, DSB_LOCALSIM_SELF);
    struct dsb_node *peer = dsb_localsim_node(&d->sim, DSB_LOCALSIM_PEER);
    bool moved = false;

    while (nx_files_step(&d->files, dsb_node_store(self))) {
        dsb_node_stored(self, d->now);
        moved = true;
    }
    while (nx_store_memory_step(&d->peer_store, dsb_node_store(peer))) {
        dsb_node_stored(peer, d->now);
        moved = true;
    }
    return moved;
}

enum nx_status localsim_drive(struct localsim_drive *d)
{
    bool moved = dsb_localsim_step(&d->sim, d->now);

    moved = localsim_drive_stores(d) || moved;
    moved = take_events(d) || moved;
    enum nx_status status = localsim_check_signals(d);
    if (status != NX_OK)
        return status;
    if (!moved)
        d->now = nx_instant_after(d->now, nx_milliseconds(1));
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        if (d->ends[side].has_failed)
            return localsim_fail(d, NX_E_ABORTED, "%s: %s",
                                 side == DSB_LOCALSIM_SELF ? DSB_LOCALSIM_SELF_ID
                                                           : DSB_LOCALSIM_PEER_ID,
                                 d->ends[side].why.text);
    }
    return NX_OK;
}

enum nx_status localsim_drive_until(struct localsim_drive *d,
                                    bool (*holds)(const struct localsim_drive *d), const char *what)
{
    struct nx_instant deadline = nx_instant_after(d->now, nx_seconds(LOCALSIM_PATIENCE_S));

    while (!holds(d)) {
        enum nx_status status = localsim_drive(d);

        if (status != NX_OK)
            return status;
        if (nx_instant_reached(deadline, d->now))
            return localsim_fail(d, NX_E_TIMEOUT, "%s did not happen within %d simulated seconds",
                                 what, LOCALSIM_PATIENCE_S);
    }
    return NX_OK;
}
