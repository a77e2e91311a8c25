/* Sweeps: a request that is accepted makes as many children as it says, each a job, the same each
 * time, or one whose refusal can be told; what is refused says why. */
#include "fuzz.h"

#include "api_sweep.h"

enum { LOOK_AT = 20 };

static bool make(const api_sweep *s, size_t i, api_job *job, char **settings, api_problem *p)
{
    cJSON *o;
    bool ok = api_sweep_child(s, i, job, &o, p);
    RULE(o && cJSON_GetArraySize(o) == (int)s->fields_count);
    *settings = api_doc_take_text(o);
    RULE(*settings != NULL);
    return ok;
}

static void check_child(api_sweep *s, size_t i)
{
    api_job job, again;
    char *settings, *twice;
    api_problem p = {0}, q = {0};
    bool ok = make(s, i, &job, &settings, &p);
    RULE(ok == make(s, i, &again, &twice, &q) && same_problem(&p, &q));
    RULE(strcmp(settings, twice) == 0);
    ok = ok && api_sweep_admit(s, &job, 0, &p);
    if (!ok) {
        api_problem seen = {0}, told = {0};
        cJSON *o = cJSON_Parse(settings);
        check_problem(&p);
        api_sweep_blame(s, i, o, &p, &seen, &told);
        RULE(p.code != API_INVALID || told.errors_count == p.errors_count);
        if (p.code == API_INVALID)
            check_problem(&told);
        cJSON_Delete(o);
    }
    free(settings);
    free(twice);
    api_job_free(&job);
    api_job_free(&again);
}

static void check_sweep(api_sweep *s, size_t n)
{
    api_problem p = {0};
    RULE(s->count >= 1 && s->count <= API_MAX_CHILDREN && s->dataset_end <= n);
    RULE(s->base && (s->fields_count > 0 || s->finds));
    for (size_t i = 0; i < s->count && i < LOOK_AT; i++)
        check_child(s, s->count - 1 - i);
    if (s->admitted && !api_sweep_conclude(s, &p))
        check_problem(&p);
    char *spec = api_doc_take_text(api_sweep_encode_spec(s, "id")),
         *warnings = api_doc_take_text(api_sweep_warnings(s));
    RULE(spec && warnings);
    free(spec);
    free(warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n ? n : 1);
    if (n)
        memcpy(text, data, n);
    api_sweep s;
    api_problem p = {0};
    if (api_sweep_decode(text, n, &s, &p))
        check_sweep(&s, n);
    else
        check_problem(&p);
    api_sweep_free(&s);
    free(text);
    return 0;
}
