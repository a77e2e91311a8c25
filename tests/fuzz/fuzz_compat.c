/* compat: whatever the object says, it is either translated, with finite numbers and an echo that
 * accounts for every field, or refused with the reasons. */
#include "fuzz.h"

#include "api_compat.h"

static const cJSON *field_at(const cJSON *fields, const char *path)
{
    char family[64];
    const char *dot = strchr(path, '.');
    if (!dot)
        return cJSON_GetObjectItemCaseSensitive(fields, path);
    snprintf(family, sizeof family, "%.*s", (int)(dot - path), path);
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(fields, family),
                                            dot + 1);
}

/* Is something in it that JSON has no number for? */
static bool has_no_value(const cJSON *doc)
{
    const cJSON *e;
    cJSON_ArrayForEach (e, doc)
        if (cJSON_IsNull(e) || (cJSON_IsNumber(e) && !isfinite(e->valuedouble)) || has_no_value(e))
            return true;
    return false;
}

static void check_translation(const cJSON *fields, const cJSON *echo)
{
    RULE(fields->child && !has_no_value(fields));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(echo, "translation"), *e;
    cJSON_ArrayForEach (e, list) {
        const cJSON *to = cJSON_GetObjectItemCaseSensitive(e, "to");
        const cJSON *becomes = cJSON_GetObjectItemCaseSensitive(e, "becomes");
        RULE(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(e, "because")));
        RULE(cJSON_IsNull(to) ? cJSON_IsNull(becomes) : field_at(fields, to->valuestring) != NULL);
        RULE(!cJSON_IsNumber(becomes) || isfinite(becomes->valuedouble));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n ? n : 1);
    if (n)
        memcpy(text, data, n);
    api_problem p = {0};
    cJSON *compat = api_doc_parse(text, n, &p);
    for (uint64_t rows = 0; compat && rows < 2000; rows = rows * 40 + 1) {
        cJSON *fields, *echo;
        p = (api_problem){0};
        if (api_compat_translate(compat, rows, &fields, &echo, &p)) {
            check_translation(fields, echo);
        } else {
            RULE(!fields && !echo);
            check_problem(&p);
        }
        cJSON_Delete(fields);
        cJSON_Delete(echo);
    }
    cJSON_Delete(compat);
    free(text);
    return 0;
}
