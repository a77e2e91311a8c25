/* api_change: a job's own settings, three of them. */
#include "api_change.h"

#include "api_fields.h"
#include "api_limits.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"learning_rate", "tol", "epochs"};
enum { NAMES = sizeof names / sizeof names[0] };

static const gd_param *row(const char *name)
{
    size_t i = 0; /* it has one */
    while (i + 1 < gd_spec_params_count && strcmp(gd_spec_params[i].name, name) != 0)
        i++;
    return &gd_spec_params[i];
}

static void decode_member(const cJSON *item, api_change *out, api_problem *p)
{
    gd_spec spec = {0};
    size_t i = 0;
    while (i < NAMES && strcmp(names[i], item->string) != 0)
        i++;
    if (i == NAMES) {
        api_problem_unknown(p, item->string, names, NAMES);
        return;
    }
    gd_param param = *row(names[i]);
    if (param.word && cJSON_IsString(item) && strcmp(item->valuestring, param.word) == 0) {
        api_problem_field(p, param.name,
                          "must be a number greater than 0: \"auto\" is found before the first "
                          "epoch only");
        return;
    }
    param.word = NULL; /* which is not to be offered then */
    if (!api_field_set(&spec, &param, item, "", p))
        return;
    if (i == 0)
        out->learning_rate = spec.learning_rate;
    else if (i == 1)
        out->tol = spec.tol;
    else
        out->epochs = spec.epochs;
}

bool api_change_decode(const char *bytes, size_t n, api_change *out, api_problem *p)
{
    *out = (api_change){.learning_rate = NAN, .tol = NAN};
    cJSON *doc = api_doc_parse(bytes, n, p);
    if (!doc)
        return false;
    const cJSON *item;
    if (!cJSON_IsObject(doc))
        api_problem_set(p, API_INVALID,
                        "the body must be an object like {\"learning_rate\": 0.01}");
    else if (!doc->child)
        api_problem_set(p, API_INVALID, "nothing is changed: give learning_rate, tol or epochs");
    else
        cJSON_ArrayForEach (item, doc)
            decode_member(item, out, p);
    cJSON_Delete(doc);
    return p->code == API_NO_PROBLEM;
}

bool api_change_check(const api_change *c, const api_job *job, uint64_t epoch, api_problem *p)
{
    if (api_job_is_path(job) || job->cross_validation != API_NO_FOLDS || job->group_by)
        return api_problem_set(p, API_CONFLICT,
                               "a job of several runs (cross_validation, group_by, a path) trains "
                               "each by the same settings; cancel it and post another");
    if (!isnan(c->learning_rate) && job->spec.optimizer->descend)
        api_problem_field(p, "learning_rate",
                          "can't be set: \"%s\" finds the length of each step by a line search",
                          job->spec.optimizer->name);
    if (c->epochs > 0 && c->epochs <= epoch)
        api_problem_field(p, "epochs",
                          "must be more than the %llu that have run, got %llu; to end the job now, "
                          "stop it",
                          (unsigned long long)epoch, (unsigned long long)c->epochs);
    if (c->epochs > 0 && job->history_points == API_ALL_POINTS && c->epochs > API_MAX_POINTS)
        api_problem_field(p, "epochs", "must be at most %d with history_points \"all\", got %llu",
                          API_MAX_POINTS, (unsigned long long)c->epochs);
    return p->code == API_NO_PROBLEM;
}

void api_change_encode(cJSON *o, const api_change *c)
{
    if (!isnan(c->learning_rate))
        api_doc_number(o, names[0], c->learning_rate);
    if (!isnan(c->tol))
        api_doc_number(o, names[1], c->tol);
    if (c->epochs > 0)
        api_doc_number(o, names[2], (double)c->epochs);
}
