/* The steps of the main job, in the order in which they are taken.
 *
 *     start, discover, pair, talk, call, send a file, restart
 *
 * Each answers NX_OK, or a failure that the run's problem explains. */
#ifndef NX_CLI_LOCALSIM_STEPS_H
#define NX_CLI_LOCALSIM_STEPS_H

#include "cli/localsim_drive.h"
#include "cli/localsim_summary.h"
#include "cli/received_file.h"
#include "core/rpc/answerer.h"
#include "core/rpc/caller.h"

enum {
    LOCALSIM_CHUNK_LEN = 65536,
};

/* Both ends of one typed call. */
struct localsim_exchange {
    struct dsb_rpc_caller caller;
    struct dsb_rpc_call calls[1];
    struct dsb_rpc_answerer answerer;
    struct dsb_rpc_served places[DSB_RPC_PLACES(1)];
    bool is_served;
    uint8_t asked[DSB_RPC_MESSAGE_MAX], answered[DSB_RPC_MESSAGE_MAX];
    uint8_t scratch[DSB_RPC_MESSAGE_MAX], body[DSB_RPC_BODY_MAX];
};

/* One run of the job. */
struct localsim_run {
    const struct localsim_job *options;
    struct localsim_drive drive;
    bool state_is_ours;                   /* the folder of self's registry is temporary */
    uint8_t registry[NX_STORE_VALUE_MAX]; /* as it was loaded last */
    size_t registry_len;

    int source;           /* the file that is sent */
    uint64_t source_size; /* 0: not known before its end */
    struct received_file received;
    struct localsim_exchange exchanges[DSB_LOCALSIM_SIDES];
    uint8_t chunk[LOCALSIM_CHUNK_LEN];   /* read and not yet pushed */
    uint8_t arrived[LOCALSIM_CHUNK_LEN]; /* pulled, to be written */
    struct localsim_summary summary;
};

/* Both nodes, each with what its store has. */
enum nx_status localsim_start(struct localsim_run *run);

enum nx_status localsim_discover(struct localsim_run *run);

/* Self shows a code, and the person at peer-sim-01 types it; a session follows. */
enum nx_status localsim_pair(struct localsim_run *run);

/* Messages both ways. */
enum nx_status localsim_talk(struct localsim_run *run);

/* A typed call both ways. */
enum nx_status localsim_call(struct localsim_run *run);

/* `source` into `received`, and both digests compared. */
enum nx_status localsim_send_file(struct localsim_run *run);

/* Stop everything; start again from what lasted: the registry is the same, and a session needs no
 * code. */
enum nx_status localsim_restart(struct localsim_run *run);

#endif
