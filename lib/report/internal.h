/* internal.h: the renderers, one file each, and what they share. */
#ifndef MLP_REPORT_INTERNAL_H
#define MLP_REPORT_INTERNAL_H

#include "report/report.h"

void mlp_render_text(const struct mlp_report *r, bool colour, struct mlp_buf *out);
void mlp_render_json(const struct mlp_report *r, struct mlp_buf *out);
void mlp_render_junit(const struct mlp_report *r, struct mlp_buf *out);
void mlp_render_sarif(const struct mlp_report *r, struct mlp_buf *out);
void mlp_render_github(const struct mlp_report *r, struct mlp_buf *out);
void mlp_render_html(const struct mlp_report *r, struct mlp_buf *out);
void mlp_render_prom(const struct mlp_report *r, struct mlp_buf *out);

/* Words for a check that did not pass: the message, or "observed X, expected Y". */
void mlp_check_words(const struct mlp_check *c, struct mlp_buf *out);

const char *mlp_severity_name(enum mlp_severity s);

/* Counts of checks by outcome, indexed by enum mlp_outcome. */
void mlp_report_counts(const struct mlp_report *r, size_t counts[3]);

/* The file that line numbers belong to, for tools that open it: the subject. */
struct mlp_str mlp_report_uri(const struct mlp_report *r);

#endif
