/* srv_log: a line is built whole and written with one call, so lines never mix. */
#include "srv_log.h"

#include "api_text.h"
#include "srv_clock.h"

#include <string.h>
#include <unistd.h>

/* Written once before threads exist, read by all of them. */
static bool as_json;

void srv_log_format(bool json)
{
    as_json = json;
}

static void quoted(api_text *t, const char *s)
{
    api_text_puts(t, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            api_text_printf(t, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            api_text_printf(t, "\\u%04x", c);
        else
            api_text_add(t, s, 1);
    }
    api_text_puts(t, "\"");
}

/* Text that could be taken for something else, or would do something to a terminal, is quoted. */
static void plain(api_text *t, const char *s)
{
    bool safe = *s != '\0';
    for (const char *c = s; *c; c++)
        safe = safe && (unsigned char)*c > 0x20 && *c != 0x7f && !strchr("\"\\=", *c);
    if (safe)
        api_text_puts(t, s);
    else
        quoted(t, s);
}

void srv_log_fields(const char *event, const srv_field *fields)
{
    api_text t = {0};
    char now[SRV_TIME_SIZE];
    srv_time_text(now);
    if (as_json) {
        api_text_printf(&t, "{\"time\":\"%s\",\"event\":", now);
        quoted(&t, event);
    } else {
        api_text_printf(&t, "%s %s", now, event);
    }
    for (; fields->key; fields++) {
        api_text_printf(&t, as_json ? ",\"%s\":" : " %s=", fields->key);
        if (!fields->text)
            api_text_number(&t, fields->number);
        else if (as_json)
            quoted(&t, fields->text);
        else
            plain(&t, fields->text);
    }
    api_text_puts(&t, as_json ? "}\n" : "\n");
    api_utf8_clean(t.data ? t.data : (char[]){0});
    if (!t.failed && write(STDERR_FILENO, t.data, t.len) < 0) {
        /* nobody listens any more; there is nowhere left to say so */
    }
    api_text_free(&t);
}
