/* The checks of rows: in two files, twice in one, of one entity, out of order. */
#include "leakage.h"

bool leak_skipped(const struct leak_limits *limits, const char *name)
{
    for (size_t i = 0; i < limits->nskip; i++)
        if (strcmp(limits->skip[i], name) == 0)
            return true;
    return false;
}

static struct mlp_str place(struct leak *l, const struct leak_hit *hit)
{
    if (hit->before_line == 0)
        return mlp_report_text(&l->report, "not after what came before");
    return mlp_report_text(&l->report, "line %llu of %s%s", (unsigned long long)hit->before_line,
                           l->files[hit->before].source,
                           hit->other_label ? ", with another label" : "");
}

/* What one check counts in one file, and the share of rows that it allows. */
struct count {
    const char *name, *words;
    uint64_t n;
    const struct leak_hit *hits;
    double allowed;
    enum mlp_severity severity;
};

static enum mlp_code tell_count(struct leak *l, size_t f, const struct count *k,
                                struct mlp_err *e)
{
    struct mlp_report *r = &l->report;
    const struct leak_file *file = &l->files[f];
    double share = (double)k->n / (double)file->rows;
    struct mlp_check check = {
        .id = mlp_report_text(r, "%s/%s", file->source, k->name), .type = mlp_str_from(k->name),
        .slice = mlp_str_from(file->source), .severity = k->severity,
        .outcome = share <= k->allowed ? MLP_PASS : MLP_FAIL,
        .failed = k->n, .total = file->rows,
        .observed = mlp_report_text(r, "%llu of %llu rows %s", (unsigned long long)k->n,
                                    (unsigned long long)file->rows, k->words),
        .expected = k->allowed > 0 ? mlp_report_text(r, "<= %g %%", 100 * k->allowed)
                                   : MLP_STR("none"),
    };
    struct mlp_check *c = mlp_report_add(r, &check);
    if (!c)
        return mlp_err_nomem(e);
    for (uint64_t i = 0; i < k->n && i < MLP_REPORT_EXAMPLES; i++)
        mlp_report_example(r, c, k->hits[i].line, 0, place(l, &k->hits[i]));
    mlp_report_measure(r, c, "value", share);
    mlp_report_measure(r, c, "rows", (double)k->n);
    return MLP_OK;
}

enum mlp_code leak_tell_rows(struct leak *l, const struct leak_limits *limits, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t f = 0; f < l->nfiles && code == MLP_OK; f++) {
        const struct leak_file *file = &l->files[f];
        const struct count counts[] = {
            {"overlap", "are in an earlier file too", file->overlap, file->overlap_hits,
             limits->overlap, MLP_SEV_ERROR},
            {"keys", "have a key of an earlier file", file->keys, file->key_hits, 0,
             MLP_SEV_ERROR},
            {"order", "are not after all earlier files", file->early, file->early_hits, 0,
             MLP_SEV_ERROR},
            {"duplicates", "repeat an earlier row", file->duplicates, file->duplicate_hits, 0,
             MLP_SEV_WARN},
        };
        const bool asked[] = {f > 0, f > 0 && l->key >= 0, f > 0 && l->time >= 0, true};
        for (size_t i = 0; i < 4 && code == MLP_OK; i++)
            if (asked[i] && !leak_skipped(limits, counts[i].name))
                code = tell_count(l, f, &counts[i], e);
    }
    return code;
}
