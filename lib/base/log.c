#include "base/log.h"

#include "base/buf.h"
#include "base/os.h"
#include "base/time.h"

#include <math.h>

#define LINE_MAX_BYTES 16384

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static void add_number(struct mlp_buf *b, double v)
{
    if (!isfinite(v))
        mlp_buf_adds(b, "null");
    else
        mlp_buf_addf(b, "%.15g", v);
}

static void add_ndjson(struct mlp_buf *b, const struct mlp_log *l, enum mlp_level level,
                       const char *event, const struct mlp_log_field *f)
{
    char time[32];
    mlp_time_format_ms(mlp_os_now_ns(), time);
    mlp_buf_addf(b, "{\"time\":\"%s\",\"level\":\"%s\",\"tool\":\"%s\",\"event\":\"%s\"", time,
                 level_names[level], l->tool, event);
    for (; f && f->key; f++) {
        mlp_buf_addf(b, ",\"%s\":", f->key);
        if (f->text)
            mlp_buf_addquoted(b, mlp_str_from(f->text));
        else
            add_number(b, f->number);
    }
    mlp_buf_adds(b, "}\n");
}

static void add_words(struct mlp_buf *b, const struct mlp_log *l, const char *event,
                      const struct mlp_log_field *f)
{
    mlp_buf_addf(b, "%s: %s", l->tool, event);
    for (; f && f->key; f++) {
        if (f->text)
            mlp_buf_addf(b, " %s=%s", f->key, f->text);
        else
            mlp_buf_addf(b, " %s=%.15g", f->key, f->number);
    }
    mlp_buf_addc(b, '\n');
}

void mlp_log_line(const struct mlp_log *l, enum mlp_level level, const char *event,
                  const struct mlp_log_field *fields)
{
    if (!l || level < l->level)
        return;
    struct mlp_buf b;
    mlp_buf_init(&b, LINE_MAX_BYTES);
    if (l->ndjson)
        add_ndjson(&b, l, level, event, fields);
    else
        add_words(&b, l, event, fields);
    if (!b.failed)
        mlp_os_write(l->fd, b.p, b.n, NULL);
    mlp_buf_fini(&b);
}
