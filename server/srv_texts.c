/* srv_texts: see srv_texts.h. */
#include "srv_texts.h"

#include <stdlib.h>

cJSON *srv_texts_parse(const char *json)
{
    cJSON *array = json ? cJSON_Parse(json) : NULL;
    bool texts = cJSON_IsArray(array);
    const cJSON *item;
    if (texts)
        cJSON_ArrayForEach (item, array)
            texts = texts && cJSON_IsString(item);
    if (texts)
        return array;
    cJSON_Delete(array);
    return NULL;
}

const char **srv_texts_list(const cJSON *array)
{
    size_t count = (size_t)cJSON_GetArraySize(array), i = 0;
    const char **list = calloc(count ? count : 1, sizeof *list);
    const cJSON *item;
    if (list)
        cJSON_ArrayForEach (item, array)
            list[i++] = item->valuestring;
    return list;
}
