/* What `mlp-validate model` is made of: reading predictions, its rules, its report. */
#ifndef MLP_VALIDATE_MODEL_H
#define MLP_VALIDATE_MODEL_H

#include "verbs.h"

#include "base/map.h"
#include "base/vec.h"
#include "stat/metrics.h"
#include "text/doc.h"

/* Distinct labels and predictions, as long as they are few: numbers by value, so that 1, 1.0 and
 * "1" are one class; true and false are 1 and 0. A name's value tells whether it is a label. */
#define MOST_CLASSES 1024
#define NO_CLASS UINT32_MAX
struct classes {
    struct mlp_map names;
    bool overflow;
};
void classes_init(struct classes *c);
void classes_fini(struct classes *c);
/* The number of a class, in order of appearance; NO_CLASS when absent. */
uint32_t classes_find(const struct classes *c, struct mlp_str text);
/* The same, added when it is new; NO_CLASS when there are too many. number is the text's. */
uint32_t classes_add(struct classes *c, struct mlp_str text, double number, bool label);
/* Whether a text is a word, in letters of either case. */
bool is_word(struct mlp_str s, const char *word);

/* Names of columns as typed; NULL: found by convention. */
struct columns {
    const char *label, *score, *scores, *prediction, *weight, *key, *positive;
    const struct mlp_doc *doc; /* that names facets, NULL: none */
    bool by_threshold; /* predictions come from scores, even when there is a prediction column */
};

/* label, score and pred are NaN when they are no number, or absent. */
struct row {
    double label, score, pred, weight;
    uint32_t label_class, pred_class;
    uint64_t line;
};

/* A column to group rows by: distinct texts in order of appearance (a value beyond the first 65536
 * is MANY), and numbers, NaN where a cell is none. */
#define MANY_VALUES UINT32_MAX
struct facet {
    struct mlp_str name;      /* borrowed from what asked for it, or the predictions' arena */
    const struct mlp_node *node; /* where it is asked for; NULL: on the command line */
    int column;
    bool optional;
    struct mlp_map values;
    struct mlp_vec codes, numbers;
    size_t texts;             /* cells that are neither numbers nor empty */
};
/* The facet of a name, or NULL. */
struct predictions;
struct facet *facet_find(const struct predictions *p, struct mlp_str name);

/* One file of predictions. scores: those of the classes, nscores doubles a row, from the columns
 * score_column, which are the classes score_class. */
struct predictions {
    const char *source;                        /* borrowed from the path */
    struct mlp_vec scores;
    size_t nscores;
    int score_column[MLP_METRIC_CLASSES];
    uint32_t score_class[MLP_METRIC_CLASSES];
    struct mlp_vec rows;                       /* struct row */
    struct mlp_map keys;                       /* entry i is the key of row i */
    struct mlp_vec facets;                     /* struct facet, added before reading */
    bool all_facets;                           /* every column that is nothing else is one, too */
    struct mlp_arena arena;
    int label, score, prediction, weight, key; /* columns, -1: none */
    size_t most;                               /* bytes of memory that it may take; 0: no limit */
};

/* Reads a file into p, which is initialised and finished by the caller. The classes are shared by
 * the files of a comparison. */
void predictions_init(struct predictions *p);
void predictions_fini(struct predictions *p);
/* Asks for a facet. */
enum mlp_code facet_add(struct predictions *p, struct mlp_str name, const struct mlp_node *node,
                        struct mlp_err *e);
enum mlp_code facets_find(struct predictions *p, const struct mlp_table *t,
                          const struct mlp_doc *d, struct mlp_err *e);
enum mlp_code facets_read(struct predictions *p, const struct mlp_batch *b, size_t row,
                          struct mlp_err *e);
void facets_fini(struct predictions *p);
/* "no column ..., the columns are ...". */
enum mlp_code no_column(const struct mlp_table *t, const char *what, struct mlp_err *e);
enum mlp_code predictions_read(struct predictions *p, const char *path,
                               const struct mlp_table_options *options,
                               const struct columns *want, struct classes *classes,
                               struct mlp_err *e);

/* model_join.c: predictions (a table, or the log of mlp-serve) and labels that come later, as one
 * table whose first column is "label"; the log's outputs have their own names in it. memory: what
 * the labels may take. */
struct join_from {
    const char *predictions, *labels, *key;
    const char *label;            /* the labels' column, or NULL */
    const struct mlp_table_options *options;
    size_t memory;
};
/* fd is that of the table, -1 for none, the caller's to close; path opens it. unlabelled: rows
 * without a label; unmatched: labels without a row; replaced: by a later one of the same id. */
struct joined {
    int fd;
    char path[32];
    uint64_t matched, unlabelled, unmatched, replaced;
};
enum mlp_code labels_join(const struct join_from *from, struct joined *out, struct mlp_err *e);

/* Rows ready for metrics. The arrays are in memory, which is owned; other is the champion, n = 0
 * without one. task 0, positive NULL: chosen from the data. */
struct evaluation {
    unsigned task;            /* enum mlp_task */
    const char *positive;
    double threshold;
    struct mlp_binary rows, other, baseline;
    struct mlp_metric_more more, other_more, baseline_more;
    double *memory;
    double *scores[3];        /* of classes, ours, the champion's, the baseline's, or NULL */
    size_t *order[3];
    double *cost;
    struct mlp_str names[MLP_METRIC_CLASSES]; /* of classes by number, in the classes' memory */
    double positives;         /* rows of class 1 of a binary task */
    size_t nclasses;
};

/* Chooses the task and turns rows (and the champion's, which may be NULL) into arrays. */
struct model_rules;
struct model_asked;
enum mlp_code evaluation_make(struct evaluation *v, const struct predictions *p,
                              const struct predictions *champion, const struct classes *classes,
                              struct mlp_err *e);
void evaluation_fini(struct evaluation *v);

/* A gate of the section `model:`; nodes are NULL where there is none. Of drop, margin and gap the
 * number may be a share of the champion's (or best slice's) figure: "1%". */
enum gate_bound { BOUND_VALUE, BOUND_LOWER, BOUND_UPPER };
enum gate_test { TEST_OWN, TEST_BOOTSTRAP, TEST_WILCOXON };
struct gate {
    const struct mlp_node *node, *min, *max, *drop, *margin, *alpha, *gain;
    const struct mlp_node *slices, *worst, *gap;
    enum gate_bound bound;
    enum gate_test test;
    enum mlp_severity severity;
};

/* The section. gates: one a metric of mlp_metric_table() in its order. */
#define MOST_METRICS 64
struct model_rules {
    const struct mlp_doc *doc;
    struct gate gates[MOST_METRICS];
    const struct mlp_node *cost, *fairness, *latency, *subgroups;
    size_t top, least;        /* top_k; min_slice */
    double quantile;
};
enum mlp_code gates_read(const struct mlp_doc *d, struct model_rules *rules, struct mlp_err *e);
/* Reads the gate of the metric `name` of a table, if map has one. */
enum mlp_code gate_read(const struct mlp_doc *d, const struct mlp_node *map, struct gate *g,
                        struct mlp_err *e);
/* The number of an optional member, NULL and otherwise when it is absent. */
enum mlp_code number_read(const struct mlp_doc *d, const struct mlp_node *map, const char *name,
                          const struct mlp_node **out, struct mlp_err *e);
/* Whether a map has none but the members of names that metrics of a table have. */
enum mlp_code names_known(const struct mlp_doc *d, const struct mlp_node *map,
                          const struct mlp_metric *table, struct mlp_err *e);

/* What is measured in one go: the metrics of a table over rows (and a champion's, n = 0: none, and
 * those of the baseline, which knows the labels' distribution alone). slice: empty for all rows. */
struct family {
    const struct mlp_metric *table;
    const struct gate *gates;
    struct mlp_binary rows, other, baseline;
    const struct evaluation *v;
    enum mlp_order order;
    struct mlp_str slice;
};

struct result {
    const struct mlp_metric *metric;
    const struct gate *gate;
    double value, lo, hi, champion, p, delta_lo, delta_hi, baseline;
    bool compared, based;
};

/* What everything that adds to a report needs. */
struct telling {
    struct mlp_report *r;
    const struct evaluation *v;
    const struct model_rules *rules;
    const struct predictions *p;
    const struct mlp_resample *plan;
    const struct model_asked *asked;
    size_t gates, held;
};

/* Measures the family's metrics into x[*n], and adds one check a metric. */
enum mlp_code family_measure(struct result *x, size_t n, const struct family *f,
                             const struct mlp_resample *plan, struct mlp_err *e);
enum mlp_code family_choose(const struct family *f, struct result x[MOST_METRICS], size_t *n,
                            const struct mlp_doc *d, struct mlp_err *e);
enum mlp_code family_tell(struct telling *t, const struct family *f, const struct result *x,
                          size_t n, struct mlp_err *e);
bool measurable(const struct mlp_metric *m, const struct mlp_binary *b, unsigned task, bool asked);
/* Four places where they tell something, else four digits. */
struct mlp_str figure(struct mlp_report *r, double v);
/* Adds a check to the report; gated ones count. */
struct mlp_check *tell(struct telling *t, const struct mlp_check *check, bool gated);

/* Figures of the tests of two models on the same rows, added to a metric's check. */
void compare_tests(struct mlp_report *r, struct mlp_check *c, const struct result *x,
                   const struct family *f);
enum mlp_code compare_p(struct result *x, const struct family *f, struct mlp_err *e);

/* A column's rows in groups: its values, or quarters of its numbers when they are many. Texts are
 * in the facet's memory. */
struct groups {
    struct mlp_vec names;     /* struct mlp_str */
    uint32_t *code;           /* of each row */
    size_t *rows;             /* of each group */
    size_t n;
    struct mlp_arena arena;
};
enum mlp_code groups_make(struct groups *g, const struct facet *f, struct mlp_err *e);
void groups_fini(struct groups *g);

/* Metrics by slices; fairness; the cost's best threshold; times; the worst groups; tables. */
enum mlp_code slices_tell(struct telling *t, const struct result *x, size_t n, struct mlp_err *e);
enum mlp_code fairness_tell(struct telling *t, struct mlp_err *e);
enum mlp_code cost_read(struct evaluation *v, const struct model_rules *rules,
                        const struct classes *classes, struct mlp_err *e);
enum mlp_code threshold_tell(struct telling *t, struct mlp_err *e);
enum mlp_code latency_tell(struct telling *t, struct mlp_err *e);
enum mlp_code subgroups_tell(struct telling *t, struct mlp_err *e);
enum mlp_code plots_tell(struct telling *t, struct mlp_err *e);

/* What the command line asks besides the rules. */
struct model_asked {
    const struct mlp_cmd *cmd;
    int slice, sensitive;     /* repeatable options */
    const char *latency;      /* a column, or NULL */
    const char *latency_file;
    bool subgroups;
};
/* The columns that rules and command line name, for predictions_read(). */
enum mlp_code facets_want(struct predictions *p, const struct model_rules *rules,
                          const struct model_asked *asked, struct mlp_err *e);

/* Measures every metric of the task and decides the gates. The plan gives rounds, level and
 * seed. */
enum mlp_code model_report(struct telling *t, struct mlp_err *e);

#endif
