/* gd_model: models for several tasks, seen as one for the task at hand. */
#include "gd_model.h"

const char *const gd_task_choices[] = {"auto", "regression", "binary", "multiclass", NULL};

bool gd_model_several(const gd_model *m)
{
    unsigned tasks = m->task;
    return (tasks & (tasks - 1)) != 0;
}

gd_task gd_shape_task(const gd_model *m, const gd_shape *s)
{
    unsigned tasks = m->task;
    return s->task ? s->task : (gd_task)(tasks & (~tasks + 1));
}

gd_link gd_shape_link(const gd_model *m, const gd_shape *s)
{
    if (!gd_model_several(m))
        return m->link;
    switch (gd_shape_task(m, s)) {
    case GD_BINARY:
        return GD_LOGIT;
    case GD_MULTICLASS:
        return GD_SOFTMAX;
    case GD_COUNT:
        return GD_LOG;
    case GD_REGRESSION:
        break;
    }
    return GD_IDENTITY;
}

size_t gd_shape_work(const gd_model *m, const gd_shape *s)
{
    return m->work_len ? m->work_len(s) : 0;
}

size_t gd_shape_tile(const gd_model *m, const gd_shape *s)
{
    size_t work = gd_shape_work(m, s), rows = GD_TILE_VALUES / (work > s->cols ? work : s->cols);
    if (work && rows < GD_TILE_MIN_ROWS)
        rows = GD_TILE_MIN_ROWS;
    return rows > GD_TILE_MAX_ROWS ? GD_TILE_MAX_ROWS : rows;
}
