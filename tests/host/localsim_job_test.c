/* The main job, each of its requests for memory refused in turn. */
#define _XOPEN_SOURCE 700

#include "cli/localsim_job.h"

#include "core/base/check.h"
#include "core/crypto/crypto.h"
#include "tests/host/failing_malloc.h"
#include "tests/host/scratch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    REQUESTS = 2, /* the run, and the memory of both nodes */
};

static struct scratch scratch;

/* The markers are for a person; here they would stand among the rows. */
static enum nx_status run_quietly(const struct localsim_job *job, struct localsim_problem *problem)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    NX_CHECK(null >= 0 && kept >= 0 && dup2(null, STDOUT_FILENO) == STDOUT_FILENO);

    enum nx_status status = localsim_job_run(job, problem);

    fflush(stdout);
    NX_CHECK(dup2(kept, STDOUT_FILENO) == STDOUT_FILENO);
    close(kept);
    close(null);
    return status;
}

UNIT_SUITE(localsim_job_test)
{
    char source[SCRATCH_PATH_MAX], into[SCRATCH_PATH_MAX], state[SCRATCH_PATH_MAX];
    struct localsim_job job = {.seed = 1, .file = source, .into = into, .state = state};
    struct localsim_problem problem = {.text = ""};
    enum nx_status status = NX_OK;
    size_t nth = 0;

    scratch_make(&scratch);
    scratch_path(&scratch, "source", source);
    scratch_path(&scratch, "into", into);
    scratch_path(&scratch, "state", state);
    scratch_write(source, "bytes", 5, 0600);

    for (;;) {
        nth++;
        problem = (struct localsim_problem){.text = ""};
        failing_malloc_begin(nth);
        status = run_quietly(&job, &problem);
        if (!failing_malloc_end())
            break;
        unit_row_number(
            "without memory it is a status and one sentence, with nothing begun: request", nth);
        EXPECT_STATUS(status, NX_E_NO_MEMORY);
        EXPECT_TEXT(problem.text, "not enough memory for two nodes");
        EXPECT_EQ(scratch_name_count(scratch.path), 1);
    }

    unit_row("with all of it the job runs, and asks for no more");
    EXPECT_STATUS(status, NX_OK);
    EXPECT_TEXT(problem.text, "");
    EXPECT_EQ(nth, REQUESTS + 1);
    EXPECT_EQ(failing_malloc_count(), REQUESTS);
    EXPECT_EQ(scratch_name_count(into), 1);
    EXPECT_EQ(scratch_name_count(state), 1);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_suite suites[] = {{"host/localsim_job", localsim_job_test}};

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
