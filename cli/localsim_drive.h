/* Driving two nodes in localSim: whatever moves is moved, and time passes only while nothing does.
 *
 * What the loop of a daemon is to one node and its sockets, this is to both nodes: it answers their
 * stores, takes their news, and accepts every stream that one opens to the other. */
#ifndef NX_CLI_LOCALSIM_DRIVE_H
#define NX_CLI_LOCALSIM_DRIVE_H

#include "cli/localsim_job.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/localsim/localsim.h"
#include "core/store/memory.h"
#include "host/files/files.h"

enum {
    LOCALSIM_PATIENCE_S = 60, /* simulated; nothing here takes a tenth of it */
    LOCALSIM_PEER_VALUES = 4, /* keys that peer-sim-01's store can hold */
};

/* What one node's owner sees. */
struct localsim_end {
    bool is_paired;
    bool has_session;
    bool has_failed; /* a pairing or a session ended that should not have */
    struct nx_why why;
    struct dsb_msg_stream talk;
    struct dsb_byte_stream file;
    bool talk_is_open, file_is_open;
    struct dsb_mux *calls_mux; /* the other node calls services of this one */
    struct dsb_stream_handle calls;
    bool calls_are_open;
};

struct localsim_drive {
    struct localsim_problem *problem;

    struct dsb_localsim sim;
    void *memory;
    uint64_t memory_size;
    struct nx_instant now;
    struct nx_markers markers;

    char state_path[4096];
    struct nx_files files; /* self's store, in that folder */
    struct nx_store_memory peer_store;
    uint8_t peer_values[LOCALSIM_PEER_VALUES * NX_STORE_VALUE_MAX];

    struct localsim_end ends[DSB_LOCALSIM_SIDES];
};

/* Says what went wrong, once: the first reason is the real one. Answers `status`. */
__attribute__((format(printf, 3, 4))) enum nx_status localsim_fail(struct localsim_drive *d,
                                                                   enum nx_status status,
                                                                   const char *format, ...);

/* A person may stop it at any moment; what was begun is then taken back as after a failure.
 * NX_OK; NX_E_ABORTED: a signal came, and the problem names it. */
void localsim_listen_for_signals(void);
enum nx_status localsim_check_signals(struct localsim_drive *d);

/* Do what the stores were asked to. False: nothing was. */
bool localsim_drive_stores(struct localsim_drive *d);

/* One step of both nodes. NX_OK, or what went wrong, which the problem explains. */
enum nx_status localsim_drive(struct localsim_drive *d);

/* Step by step until this holds. NX_OK; NX_E_TIMEOUT: `what` did not happen within
 * LOCALSIM_PATIENCE_S; or what went wrong. */
enum nx_status localsim_drive_until(struct localsim_drive *d,
                                    bool (*holds)(const struct localsim_drive *d),
                                    const char *what);

#endif
