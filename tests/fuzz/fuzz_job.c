/* Jobs: our reader sees the same events in any pieces, cJSON reads all that it lets through,
 * the inline dataset is a value of its own, and what is stored of a job is that job again. */
#include "fuzz.h"

#include "api_job.h"
#include "api_json.h"

static bool write_event(void *ctx, const api_json_event *e, api_problem *p)
{
    (void)p;
    bool text = e->type == API_JSON_KEY || e->type == API_JSON_STRING || e->type == API_JSON_NUMBER;
    api_text_printf(ctx, "%d %zu %d %llu-%llu ", e->type, e->depth, e->overflow,
                    (unsigned long long)e->start, (unsigned long long)e->end);
    api_text_add(ctx, text ? e->text : "", text ? e->len : 0);
    return true;
}

static bool events(const char *text, size_t n, size_t cut, api_text *log, api_problem *p)
{
    api_json *j = api_json_new(write_event, log);
    bool ok = api_json_feed(j, text, cut, p) && api_json_feed(j, text + cut, n - cut, p) &&
              api_json_finish(j, p);
    api_json_free(j);
    return ok;
}

static void check_events(const char *text, size_t n, size_t cut)
{
    api_text whole = {0}, pieces = {0};
    api_problem p = {0}, q = {0};
    RULE(events(text, n, n, &whole, &p) == events(text, n, cut, &pieces, &q));
    RULE(same_problem(&p, &q) && same_text(&whole, &pieces));
    api_text_free(&whole);
    api_text_free(&pieces);
}

static void check_job(const char *text, size_t n, const api_job *job)
{
    api_job again;
    api_problem p = {0};
    size_t span = job->dataset_end - job->dataset_start;
    RULE(job->dataset_end <= n && (span > 0) == !job->dataset_id);
    if (span) {
        api_text log = {0};
        RULE(events(text + job->dataset_start, span, span, &log, &p));
        api_text_free(&log);
    }
    char *stored = api_doc_take_text(api_job_encode_spec(job, "id")), *twice;
    RULE(stored && api_job_decode(stored, strlen(stored), &again, &p));
    twice = api_doc_take_text(api_job_encode_spec(&again, "id"));
    RULE(strcmp(stored, twice) == 0 && strcmp(job->name, again.name) == 0);
    for (size_t cols = 1; cols < 4; cols++) {
        double *theta;
        p = (api_problem){0};
        if (api_job_initial(job, cols, cols % 4, &theta, &p))
            RULE((theta != NULL) == (job->initial != NULL));
        else
            check_problem(&p);
        free(theta);
    }
    free(stored);
    free(twice);
    api_job_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n ? n : 1);
    if (n)
        memcpy(text, data, n);
    check_events(text, n, cut_of(data, n));
    api_job job;
    api_problem p = {0};
    if (api_job_decode(text, n, &job, &p))
        check_job(text, n, &job);
    else
        check_problem(&p);
    api_job_free(&job);
    free(text);
    return 0;
}
