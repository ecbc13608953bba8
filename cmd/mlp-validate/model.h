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
/* A text as a number, NaN when it is none; whether it is a word, in letters of either case. */
double number_of(struct mlp_str text);
bool is_word(struct mlp_str s, const char *word);

/* Names of columns as typed; NULL: found by convention. */
struct columns {
    const char *label, *score, *scores, *prediction, *weight, *key, *positive;
    bool by_threshold; /* predictions come from scores, even when there is a prediction column */
};

/* label, score and pred are NaN when they are no number, or absent. */
struct row {
    double label, score, pred, weight;
    uint32_t label_class, pred_class;
    uint64_t line;
};

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
    int label, score, prediction, weight, key; /* columns, -1: none */
};

/* Reads a file into p, which is initialised and finished by the caller. The classes are shared by
 * the files of a comparison. */
void predictions_init(struct predictions *p);
void predictions_fini(struct predictions *p);
enum mlp_code predictions_read(struct predictions *p, const char *path,
                               const struct mlp_table_options *options,
                               const struct columns *want, struct classes *classes,
                               struct mlp_err *e);

/* Rows ready for metrics. The arrays are in memory, which is owned; other is the champion, n = 0
 * without one. task 0, positive NULL: chosen from the data. */
struct evaluation {
    unsigned task;            /* enum mlp_task */
    const char *positive;
    double threshold;
    struct mlp_binary rows, other;
    struct mlp_metric_more more, other_more;
    double *memory;
    double *scores[2];        /* of classes, ours and the champion's; NULL without them */
    size_t *order[2];
    double positives;         /* rows of class 1 of a binary task */
    size_t nclasses;
};

/* Chooses the task and turns rows (and the champion's, which may be NULL) into arrays. */
enum mlp_code evaluation_make(struct evaluation *v, const struct predictions *p,
                              const struct predictions *champion, const struct classes *classes,
                              struct mlp_err *e);
void evaluation_fini(struct evaluation *v);

/* A gate of the section `model:`; nodes are NULL where there is none. */
enum gate_bound { BOUND_VALUE, BOUND_LOWER, BOUND_UPPER };
struct gate {
    const struct mlp_node *node, *min, *max, *drop;
    enum gate_bound bound;
    enum mlp_severity severity;
};

/* Fills gates, one a metric of mlp_metric_table() in its order. */
#define MOST_METRICS 64
enum mlp_code gates_read(const struct mlp_doc *d, struct gate gates[MOST_METRICS],
                         struct mlp_err *e);

/* Measures every metric of the task and decides the gates. plan gives rounds, level and seed. d is
 * where gates come from, for errors. */
enum mlp_code model_report(struct mlp_report *r, const struct evaluation *v,
                           const struct gate gates[MOST_METRICS], const struct mlp_doc *d,
                           const struct mlp_resample *plan, struct mlp_err *e);

#endif
