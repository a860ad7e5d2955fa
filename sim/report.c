#include "sim/report.h"

#include "sim/options.h"

/* ---- lines ----------------------------------------------------------------------------------- */

struct line {
    const struct sim_report *report;
    struct nx_text text;
    char chars[SIM_REPORT_LINE_MAX];
};

static struct nx_text *begin(struct line *l, const struct sim_report *r)
{
    l->report = r;
    l->text = nx_text_over(l->chars, sizeof(l->chars));
    nx_text_add(&l->text, r->before);
    return &l->text;
}

static void end(const struct line *l)
{
    l->report->say(l->report->owner, nx_bytes_of(l->text.ptr, l->text.len));
}

static void say(const struct sim_report *r, const char *what, const char *more)
{
    struct line l;
    struct nx_text *t = begin(&l, r);

    nx_text_add(t, what);
    nx_text_add(t, more);
    end(&l);
}

static void add(struct nx_text *t, const char *what, uint64_t value)
{
    nx_text_add(t, what);
    nx_text_add_u64(t, value);
}

/* ---- a failure ------------------------------------------------------------------------------- */

static void say_again(const struct sim_report *r, const struct sim_config *c)
{
    struct line l;
    struct nx_text *t = begin(&l, r);

    nx_text_add(t, "nxsim --scenario ");
    nx_text_add(t, c->scenario->name);
    add(t, " --seed ", c->seed);
    add(t, " --nodes ", c->device_count);
    add(t, " --minutes ", c->minutes);
    nx_text_add(t, " --faults ");
    sim_plan_say(t, c->faults);
    end(&l);
}

void sim_report_failure(const struct sim_report *r, const struct sim_world *w)
{
    say(r, "failed: ", w->failure);
    say_again(r, &w->config);
    for (uint64_t back = SIM_TRACE_LAST; back-- > 0;) {
        if (sim_trace_line(&w->trace, back) != NULL)
            say(r, "  ", sim_trace_line(&w->trace, back));
    }
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void say_plan(const struct sim_report *r, const struct sim_world *w)
{
    struct line l;
    struct nx_text *t = begin(&l, r);

    nx_text_add(t, "faults ");
    sim_plan_say(t, w->faults.plan);
    end(&l);
}

static void say_oracle(const struct sim_report *r, const struct sim_oracle *seen)
{
    struct line l;
    struct nx_text *t = begin(&l, r);

    add(t, "paired ", seen->paired_count);
    add(t, " failed ", seen->failed_count);
    add(t, " unpaired ", seen->unpaired_count);
    add(t, " sessions ", seen->up_count);
    add(t, " one-sided ", seen->one_sided_count);
    end(&l);
}

static void say_flows(const struct sim_report *r, const struct sim_world *w)
{
    struct line l;
    struct nx_text *t = begin(&l, r);

    add(t, "streams ", w->flows.count);
    add(t, " whole ", w->flows.whole_count);
    add(t, " cut ", w->flows.cut_count);
    add(t, "; bytes pushed ", w->flows.pushed.bytes);
    add(t, " pulled ", w->flows.pulled.bytes);
    add(t, " unconfirmed ", w->flows.unconfirmed.bytes);
    add(t, "; datagrams lost ", w->net.lost_count);
    end(&l);
}

static void say_trace(const struct sim_report *r, const struct sim_world *w)
{
    uint8_t hash[8];
    struct nx_writer bytes = nx_writer_over(hash, sizeof(hash));
    struct line l;
    struct nx_text *t = begin(&l, r);

    nx_write_u64be(&bytes, w->trace.hash);
    nx_text_add(t, "trace ");
    nx_text_add_hex(t, nx_writer_bytes(&bytes));
    add(t, " events ", w->trace.count);
    add(t, " simulated ", w->now.ns / 1000000000u);
    end(&l);
}

void sim_report_run(const struct sim_report *r, const struct sim_world *w)
{
    say_plan(r, w);
    say_oracle(r, &w->oracle);
    say_flows(r, w);
    say_trace(r, w);
}
