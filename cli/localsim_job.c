#include "cli/localsim_job.h"

#include "cli/localsim_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_marker(void *owner, struct nx_bytes line)
{
    FILE *file = owner;

    fwrite(line.ptr, 1, line.len, file);
    fputc('\n', file);
    fflush(file);
}

/* ---- what it begins with ------------------------------------------------------------------- */

/* What is to be sent. May wait: a pipe has a writer first. */
static enum nx_status open_source(struct localsim_run *run)
{
    struct stat about;

    run->source = open(run->options->file, O_RDONLY | O_CLOEXEC);
    enum nx_status status = localsim_check_signals(&run->drive);
    if (status != NX_OK)
        return status;

    bool is_there = run->source >= 0 && fstat(run->source, &about) == 0;
    if (!is_there || S_ISDIR(about.st_mode)) {
        run->drive.problem->is_input = true;
        return localsim_fail(&run->drive, NX_E_IO, "%s: %s", run->options->file,
                             strerror(is_there ? EISDIR : errno));
    }
    if (S_ISREG(about.st_mode))
        run->source_size = (uint64_t)about.st_size;
    return NX_OK;
}

static enum nx_status open_received(struct localsim_run *run)
{
    if (!received_file_begin(&run->received, run->options->into, run->options->file))
        return localsim_fail(&run->drive, NX_E_IO, "%s: %s", run->received.path, strerror(errno));
    if (received_file_replaces(&run->received, run->source))
        return localsim_fail(&run->drive, NX_E_EXISTS,
                             "%s is the very file that is sent; name another folder",
                             run->received.path);
    return NX_OK;
}

static enum nx_status open_state(struct localsim_run *run)
{
    struct nx_why why = {.text = ""};
    const char *path = run->options->state;

    if (path == NULL) {
        if (!received_file_temporary(run->drive.state_path, sizeof(run->drive.state_path),
                                     "nexusnet"))
            return localsim_fail(&run->drive, NX_E_IO, "%s: no folder can be made there: %s",
                                 run->drive.state_path, strerror(errno));
        run->state_is_ours = true;
        path = run->drive.state_path;
    } else {
        snprintf(run->drive.state_path, sizeof(run->drive.state_path), "%s", path);
    }

    enum nx_status status = nx_files_open(&run->drive.files, path, &why);
    return status == NX_OK ? NX_OK : localsim_fail(&run->drive, status, "%s: %s", path, why.text);
}

/* Whatever can be refused beforehand is, with nothing begun. */
static enum nx_status open_all(struct localsim_run *run)
{
    enum nx_status status = open_source(run);

    if (status == NX_OK)
        status = open_state(run);
    return status == NX_OK ? open_received(run) : status;
}

static void remove_state(struct localsim_run *run)
{
    nx_files_close(&run->drive.files);
    if (!run->state_is_ours)
        return;

    int folder = open(run->drive.state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        unlinkat(folder, DSB_REGISTRY_KEY, 0);
        close(folder);
    }
    rmdir(run->drive.state_path);
}

static enum nx_status take_steps(struct localsim_run *run)
{
    enum nx_status status = open_all(run);
    if (status == NX_OK)
        status = localsim_start(run);
    bool is_known = dsb_registry_count(&run->drive.sim.nodes[DSB_LOCALSIM_SELF].registry) > 0;
    if (status == NX_OK && is_known)
        return localsim_fail(
            &run->drive, NX_E_EXISTS,
            "%s holds the registry of an earlier run, and peer-sim-01 is new each time: "
            "name another folder with --state",
            run->drive.state_path);
    if (status == NX_OK)
        status = localsim_discover(run);
    if (status == NX_OK)
        status = localsim_pair(run);
    if (status == NX_OK)
        status = localsim_talk(run);
    if (status == NX_OK)
        status = localsim_call(run);
    if (status == NX_OK)
        status = localsim_send_file(run);
    localsim_summary_waters(run->summary.self, &run->drive.sim.nodes[DSB_LOCALSIM_SELF].pools);
    localsim_summary_waters(run->summary.peer, &run->drive.sim.nodes[DSB_LOCALSIM_PEER].pools);
    if (status == NX_OK)
        status = localsim_restart(run);
    if (status != NX_OK)
        return status;
    run->summary.seed = run->options->seed;
    run->summary.received_as = run->received.path;
    run->summary.registry_bytes = run->registry_len;
    if (run->options->is_json)
        localsim_summary_print_json(&run->summary);
    else
        localsim_summary_print(&run->summary);
    return NX_OK;
}

enum nx_status localsim_job_run(const struct localsim_job *options,
                                struct localsim_problem *problem)
{
    struct localsim_run *run = calloc(1, sizeof(*run));
    uint64_t size = dsb_localsim_memory_size(&dsb_profile_board);
    void *memory = aligned_alloc(16, (size_t)((size + 15) / 16 * 16));

    if (run == NULL || memory == NULL) {
        snprintf(problem->text, sizeof(problem->text), "not enough memory for two nodes");
        free(run);
        free(memory);
        return NX_E_NO_MEMORY;
    }

    run->options = options;
    run->drive.problem = problem;
    run->drive.memory = memory;
    run->drive.memory_size = size;
    run->drive.files.folder = -1;
    run->source = -1;
    run->received = (struct received_file){.folder = -1, .fd = -1};
    /* With --json, standard output has that one value and nothing else. */
    nx_markers_init(&run->drive.markers, print_marker, options->is_json ? stderr : stdout);
    nx_store_memory_init(&run->drive.peer_store, run->drive.peer_values, NX_STORE_VALUE_MAX,
                         LOCALSIM_PEER_VALUES);

    localsim_listen_for_signals();
    enum nx_status status = take_steps(run);
    if (status == NX_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
        status = localsim_fail(&run->drive, NX_E_IO, "standard output: %s", strerror(errno));
    received_file_drop(&run->received);
    if (run->source >= 0)
        close(run->source);
    remove_state(run);
    dsb_localsim_wipe(&run->drive.sim);
    free(memory);
    free(run);
    return status;
}
