/* srv_new_sweep: children made and checked one by one, stored together. */
#include "srv_new_sweep.h"

#include <stdlib.h>
#include <string.h>

/* What the rows of all children may take: each has a spec of its own, and the parameters that it
 * starts from. */
#define MAX_BYTES ((size_t)64 << 20)

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the sweep");
}

/* ---- one child ---- */

static char *trial_of(size_t i, const cJSON *settings)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_number(o, "number", (double)i + 1);
    api_doc_item(o, "settings", cJSON_Duplicate(settings, true));
    return api_doc_take_text(o);
}

/* Of an inline dataset the first child is given the data; the others, like the later ones of a
 * stored dataset, what the first one found. */
static bool find_data(srv_new_sweep *n, srv_new_job *child, api_problem *p)
{
    child->dataset = n->dataset;
    if (n->dataset.id || !*n->ingest.id)
        return true;
    child->ingest = &n->ingest;
    bool ok = srv_new_job_ingested(child, p);
    child->ingest = NULL; /* it is recorded with the sweep */
    n->dataset = child->dataset;
    return ok;
}

/* Makes child i in the next place of n->jobs. */
static bool make_child(srv_new_sweep *n, srv_app *app, size_t i, cJSON **settings, api_problem *p)
{
    srv_new_job *child = &n->jobs[n->jobs_count];
    child->tenant = n->tenant;
    bool ok = api_sweep_child(&n->sweep, i, &child->job, settings, p) && find_data(n, child, p) &&
              srv_new_job_check(child, app, p);
    if (child->dataset.id)
        n->dataset = child->dataset;
    ok = ok && api_sweep_admit(&n->sweep, &child->job, srv_dataset_labels(&n->dataset), p);
    n->trials[n->jobs_count] = ok ? trial_of(i, *settings) : NULL;
    return ok && (n->trials[n->jobs_count] || no_memory(p));
}

/* The dataset is the sweep's. */
static void drop_child(srv_new_job *child)
{
    child->dataset = (srv_dataset){0};
    srv_new_job_free(child);
}

/* ---- all of them ---- */

static bool skip(srv_new_sweep *n, size_t i, cJSON *settings, const api_problem *why,
                 api_problem *p)
{
    char text[768];
    cJSON *o = api_doc_append_object(n->skipped);
    api_doc_number(o, "number", (double)i + 1);
    api_doc_item(o, "settings", cJSON_Duplicate(settings, true));
    api_doc_string(o, "reason", api_problem_text(why, text, sizeof text));
    return o || no_memory(p);
}

static bool make_children(srv_new_sweep *n, srv_app *app, api_problem *p)
{
    api_problem seen = {0}, first = {0};
    size_t bytes = 0;
    for (size_t i = 0; i < n->sweep.count && p->errors_count < API_MAX_FIELD_ERRORS; i++) {
        srv_new_job *child = &n->jobs[n->jobs_count];
        api_problem own = {0};
        cJSON *settings = NULL;
        bool ok = make_child(n, app, i, &settings, &own), goes_on = ok;
        if (!ok && own.code == API_INVALID && n->sweep.skip_invalid) {
            if (first.code == API_NO_PROBLEM)
                api_sweep_blame(&n->sweep, i, settings, &own, &seen, &first);
            goes_on = skip(n, i, settings, &own, p);
        } else if (!ok && own.code == API_INVALID) {
            api_sweep_blame(&n->sweep, i, settings, &own, &seen, p);
            goes_on = p->code == API_INVALID;
        } else if (!ok) {
            *p = own;
        }
        if (ok)
            n->jobs_count++;
        else
            drop_child(child);
        cJSON_Delete(settings);
        bytes += ok ? strlen(child->spec) + child->initial_len * sizeof *child->initial : 0;
        if (!goes_on)
            return false;
        if (bytes > MAX_BYTES)
            return api_problem_field(p, n->sweep.random ? "random.n" : "grid",
                                     "makes children of more than %zu MiB in all: make fewer, or "
                                     "name a column as sample_weight, not an array",
                                     MAX_BYTES >> 20);
    }
    if (!n->jobs_count && first.code)
        *p = first; /* all were skipped */
    return p->code == API_NO_PROBLEM;
}

bool srv_new_sweep_read(srv_new_sweep *n, srv_app *app, const char *body, size_t len,
                        api_problem *p)
{
    api_sweep *s = &n->sweep;
    if (!api_sweep_decode(body, len, s, p))
        return false;
    n->jobs = calloc(s->count, sizeof *n->jobs);
    n->trials = calloc(s->count, sizeof *n->trials);
    n->skipped = cJSON_CreateArray();
    if (!n->jobs || !n->trials || !n->skipped)
        return no_memory(p);
    size_t start = s->dataset_start, end = s->dataset_end;
    if (end > start &&
        !srv_ingest_inline(&n->ingest, app, n->tenant, "job.dataset", body + start, end - start, p))
        return false;
    if (!make_children(n, app, p) || !api_sweep_conclude(s, p))
        return false;
    n->spec = api_doc_take_text(api_sweep_encode_spec(s, n->dataset.id));
    return n->spec || no_memory(p);
}

/* ---- storing ---- */

static bool record(srv_db *db, void *arg, api_problem *p)
{
    srv_new_sweep *n = arg;
    char now[SRV_TIME_SIZE];
    char *skipped = api_doc_text(n->skipped),
         *warnings = api_doc_take_text(api_sweep_warnings(&n->sweep));
    bool ok = (skipped && warnings) || no_memory(p);
    ok = ok && (!*n->ingest.id || srv_ingest_record(db, &n->ingest, p)) &&
         srv_db_run(db, SQL_SWEEP_INSERT, p, "ttttitttt", n->id, n->sweep.name, n->spec,
                    n->sweep.finds ? NULL : n->sweep.metric.text, (int64_t)n->jobs_count, skipped,
                    warnings, srv_time_text(now), srv_tenant_name(n->tenant));
    free(skipped);
    free(warnings);
    return ok;
}

bool srv_new_sweep_store(srv_new_sweep *n, srv_app *app, api_problem *p)
{
    srv_id_new(n->id, "swp_");
    for (size_t k = 0; k < n->jobs_count; k++) {
        n->jobs[k].sweep_id = n->id;
        n->jobs[k].trial = n->trials[k];
    }
    if (srv_new_jobs_store(n->jobs, n->jobs_count, record, n, app, p))
        return true;
    *n->id = '\0';
    return false;
}

void srv_new_sweep_start(srv_new_sweep *n, srv_app *app)
{
    srv_new_jobs_start(n->jobs, n->jobs_count, app);
}

void srv_new_sweep_free(srv_new_sweep *n)
{
    for (size_t k = 0; k < n->jobs_count; k++)
        drop_child(&n->jobs[k]);
    for (size_t k = 0; n->trials && k < n->sweep.count; k++)
        free(n->trials[k]);
    free(n->jobs);
    free(n->trials);
    free(n->spec);
    cJSON_Delete(n->skipped);
    srv_dataset_free(&n->dataset);
    srv_ingest_free(&n->ingest);
    api_sweep_free(&n->sweep);
    *n = (srv_new_sweep){0};
}
