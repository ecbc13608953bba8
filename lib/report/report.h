/* report.h: the outcome of any check by any tool, and its renderers (mlp-report(5)).
 *
 * A data check, a model test, a drift test, a self-test and a gate decision are all reports: a
 * subject, a list of checks, a summary, and one outcome. Reports are built in memory (an arena of
 * their own, with a maximum), written as JSON, read back, and rendered for people and machines. */
#ifndef MLP_REPORT_REPORT_H
#define MLP_REPORT_REPORT_H

#include "base/arena.h"
#include "base/buf.h"

enum mlp_outcome { MLP_PASS, MLP_WARNED, MLP_FAIL };          /* "pass" "warn" "fail" */
enum mlp_severity { MLP_SEV_ERROR, MLP_SEV_WARN, MLP_SEV_INFO };

/* One offending place. line and row are 0 when unknown; value may be empty. */
struct mlp_example_row {
    uint64_t line, row;
    struct mlp_str value;
    struct mlp_example_row *next;
};

/* A number with a name, for the renderers and for policies: {"p_value": 0.01}. */
struct mlp_measure {
    struct mlp_str name;
    double value;
    struct mlp_measure *next;
};

/* One check. Texts are copied into the report. observed and expected are words for people;
 * measures are numbers for machines. */
struct mlp_check {
    struct mlp_str id;        /* stable: "age/min", "roc_auc", "distance/ks" */
    struct mlp_str type;      /* "min", "not_null", "ks", "metric", "golden", "gate" ... */
    struct mlp_str column;    /* or metric; may be empty */
    struct mlp_str slice;     /* "carrier=AA"; may be empty */
    enum mlp_severity severity;
    enum mlp_outcome outcome;
    struct mlp_str observed;  /* "12 of 1000 rows" */
    struct mlp_str expected;  /* ">= 0" */
    struct mlp_str message;   /* a sentence; may be empty */
    uint64_t failed, total;   /* rows; 0, 0 when it does not count rows */
    struct mlp_example_row *examples; /* at most MLP_REPORT_EXAMPLES */
    struct mlp_measure *measures;
    struct mlp_check *next;
};

#define MLP_REPORT_EXAMPLES 20

struct mlp_report {
    struct mlp_arena arena;
    struct mlp_str tool;           /* "mlp-validate" */
    struct mlp_str kind;           /* "data", "model", "drift", "self-test", "gate", "verify" */
    struct mlp_str subject;        /* name of what was checked */
    struct mlp_str digest;         /* "sha256:..." of it; may be empty */
    struct mlp_str title;          /* one sentence verdict for people; may be empty */
    int64_t created;               /* seconds since 1970; 0 is left out */
    struct mlp_measure *summary;   /* "rows", "rejected", ... */
    struct mlp_check *checks, *last;
    size_t nchecks;
    enum mlp_outcome outcome;      /* worst of the checks by severity; kept by add */
    bool failed;                   /* something was lost for lack of memory: rendering fails */
    struct mlp_str extra_json;     /* a JSON value kept under "detail"; may be empty */
    struct mlp_str extra_html;     /* put before the table in html (SVG plots); may be empty */
};

void mlp_report_init(struct mlp_report *r, const char *tool, const char *kind);
void mlp_report_fini(struct mlp_report *r);

/* Adds a check: the struct and its texts are copied (examples and measures are added after, to
 * what is returned). A failing check of severity error makes the report fail, of severity warn
 * makes it warn. NULL without memory or over 100,000 checks. */
struct mlp_check *mlp_report_add(struct mlp_report *r, const struct mlp_check *check);
void mlp_report_example(struct mlp_report *r, struct mlp_check *c, uint64_t line, uint64_t row,
                        struct mlp_str value);
void mlp_report_measure(struct mlp_report *r, struct mlp_check *c, const char *name, double value);
/* Adds all checks of another report with what belongs to them, in a slice: that of a part. */
void mlp_report_add_all(struct mlp_report *r, const struct mlp_report *part, struct mlp_str slice);
void mlp_report_summary(struct mlp_report *r, const char *name, double value);
/* printf into the report's arena; empty on failure. */
struct mlp_str mlp_report_text(struct mlp_report *r, const char *fmt, ...) MLP_PRINTF(2, 3);

enum mlp_report_format {
    MLP_REPORT_TEXT, MLP_REPORT_JSON, MLP_REPORT_JUNIT, MLP_REPORT_SARIF, MLP_REPORT_GITHUB,
    MLP_REPORT_HTML, MLP_REPORT_PROM
};
#define MLP_REPORT_CHOICES "text|json|junit|sarif|github|html|prom"

/* False when name is none of the choices. */
bool mlp_report_format_parse(struct mlp_str name, enum mlp_report_format *format);

/* Renders: text is a table (coloured when asked), json is mlp-report(5), junit XML, SARIF 2.1.0
 * (one result a check, at most 100 locations), github workflow commands, html one self-contained
 * page without scripts, prom text exposition. uri is the file that line numbers belong to. */
void mlp_report_render(const struct mlp_report *r, enum mlp_report_format format, bool colour,
                       struct mlp_buf *out);

/* Renders and writes: spec is "FILE" or "FORMAT:FILE"; without a format the ending tells (.json
 * .xml .sarif .html .prom .txt), else text. FILE "-" is stdout. */
enum mlp_code mlp_report_save(const struct mlp_report *r, const char *spec, struct mlp_err *e);

/* Reads report JSON (mlp-report(5)) into an initialised report. */
enum mlp_code mlp_report_load(struct mlp_report *r, const char *path, struct mlp_err *e);
enum mlp_code mlp_report_parse(struct mlp_report *r, struct mlp_str json, const char *source,
                               struct mlp_err *e);

const char *mlp_outcome_name(enum mlp_outcome o);

#endif
