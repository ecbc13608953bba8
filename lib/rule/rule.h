/* rule.h: expectations about a table (mlp-rules(5)), and the engine that checks them.
 *
 * A rules file is compiled once into a program a column: the type is parsed once for each cell,
 * then every rule of the column walks the batch. Rules on rows reject rows; rules on columns
 * (missing share, mean, ...) and on the table (row count, columns) are decided at the end. Most of
 * them run in one pass; only `unique`, `keys`, `distinct` and quantiles need memory that grows (see
 * mlp_checker_memory). Values are told apart by 64-bit hashes: that any two of n collide has a
 * chance below n * n / 2^65, less than 1e-6 for 5 million values. */
#ifndef MLP_RULE_RULE_H
#define MLP_RULE_RULE_H

#include "base/vec.h"
#include "report/report.h"
#include "table/table.h"
#include "text/doc.h"

/* NUMBER: a float, or true and false for 1 and 0. */
enum mlp_rule_type { MLP_TYPE_ANY, MLP_TYPE_STRING, MLP_TYPE_INT, MLP_TYPE_FLOAT, MLP_TYPE_NUMBER,
                     MLP_TYPE_BOOL, MLP_TYPE_DATE, MLP_TYPE_DATETIME };

struct mlp_rules;

/* Reads a rules file, YAML or JSON, or one of another format that import.h tells of, found by its
 * content. Unknown keys, wrong kinds and regexes that do not compile are MLP_EINPUT with their
 * line. */
enum mlp_code mlp_rules_load(const char *path, struct mlp_rules **rules, struct mlp_err *e);
/* The same from a document, which the rules take over: it is finished with them. */
enum mlp_code mlp_rules_parse(struct mlp_doc *d, struct mlp_rules **rules, struct mlp_err *e);

/* What is given besides: values of parameters, as "name=value", and the environment (NULL: all)
 * whose rules count. Both borrowed until the rules are made. */
struct mlp_rules_given {
    const char *const *params;
    size_t nparams;
    const char *env;
};
/* mlp_rules_parse with them; MLP_EUSAGE for a name that the file does not know. */
enum mlp_code mlp_rules_parse_given(struct mlp_doc *d, const struct mlp_rules_given *given,
                                    struct mlp_rules **rules, struct mlp_err *e);
void mlp_rules_free(struct mlp_rules *r);

/* The document, for the section `model:` that other tools read. */
const struct mlp_doc *mlp_rules_doc(const struct mlp_rules *r);

/* How the file wants the input read: `nulls` and `delimiter` are filled in, the rest is kept. The
 * texts belong to the rules. */
void mlp_rules_input(const struct mlp_rules *r, struct mlp_table_options *options);

/* What the file itself has to be (section `file`), which the caller looks at: its size in an
 * interval, NaN where that is open; its age in seconds, NaN for any; its checksum, as "md5 in hex"
 * or "algorithm:hex", empty for any. False when the rules say nothing of it. */
struct mlp_file_rule {
    double least_bytes, most_bytes, fresh;
    struct mlp_str hash, bytes_words, fresh_words;
};
bool mlp_rules_file(const struct mlp_rules *r, struct mlp_file_rule *out);

/* Number of rules, and one line about each: "age/min: >= 0 (row rule, one pass)". */
size_t mlp_rules_count(const struct mlp_rules *r);
void mlp_rules_describe(const struct mlp_rules *r, struct mlp_buf *out);

/* One reason to reject one row. column and rule belong to the rules, value to the batch. */
struct mlp_reject {
    uint64_t line, row;          /* physical line; record number from 1 */
    uint32_t batch_row;
    struct mlp_str column, rule, value;
};

struct mlp_checker;

/* A checker of one table. Rules about columns that the table lacks are MLP_EINPUT unless the
 * column may be absent (`optional: true`). */
enum mlp_code mlp_checker_new(const struct mlp_rules *rules, const struct mlp_table *t,
                              struct mlp_checker **c, struct mlp_err *e);
void mlp_checker_free(struct mlp_checker *c);

/* Lets up to that many threads, at most 64, check each batch, the caller's among them; once, before
 * the first batch. What is found is the same for any number. */
enum mlp_code mlp_checker_threads(struct mlp_checker *c, unsigned threads, struct mlp_err *e);

/* How much of memory the sets and lists may take that grow with the data: of `unique`, `keys`,
 * `distinct` (then they go on in files without a name under TMPDIR) and quantiles (then they are
 * those of a sample); shared evenly. Before the first batch; without it there is no limit. */
void mlp_checker_memory(struct mlp_checker *c, size_t bytes);

/* How many rules compare with a reference (sections drift and reference). */
size_t mlp_rules_compare(const struct mlp_rules *rules);
/* The profile that they compare with, which must outlive the checker; before the first batch.
 * Without it such rules are told, but not judged. */
struct mlp_profile;
enum mlp_code mlp_checker_reference(struct mlp_checker *c, const struct mlp_profile *reference,
                                    struct mlp_err *e);

/* Some rules (unique: all, zscore, ...) look at the data twice: when this is true, every batch goes
 * to mlp_checker_survey first, then the table is read again and its batches are checked. */
bool mlp_rules_look_twice(const struct mlp_rules *rules);
enum mlp_code mlp_checker_survey(struct mlp_checker *c, const struct mlp_batch *b,
                                 struct mlp_err *e);

/* The tables that rules compare with: the one of the run before, the one that a model is served
 * with, the version before. */
enum mlp_against { MLP_AGAINST_NONE, MLP_AGAINST_PREVIOUS, MLP_AGAINST_SERVING,
                   MLP_AGAINST_VERSION, MLP_AGAINSTS };
/* Reads such a table to its end. Rules that compare with one that was not given hold. */
enum mlp_code mlp_checker_against(struct mlp_checker *c, enum mlp_against which,
                                  struct mlp_table *t, struct mlp_err *e);

/* Keeps up to `most` failing rows of each rule with their values, for mlp_checker_gx; before the
 * first batch. */
void mlp_checker_keep(struct mlp_checker *c, size_t most);

/* Checks a batch: good[r] becomes 1 or 0; the reasons, ordered by row, stay until the next call. */
enum mlp_code mlp_checker_batch(struct mlp_checker *c, const struct mlp_batch *b, uint8_t *good,
                                struct mlp_err *e);
const struct mlp_reject *mlp_checker_rejects(const struct mlp_checker *c, size_t *n);

/* What a batch came to. rows, rejected and bytes (of input) are those so far. */
struct mlp_checked {
    const struct mlp_batch *batch;
    const uint8_t *good;         /* 1 or 0 for each row */
    const struct mlp_reject *rejects;
    size_t nrejects;
    uint64_t rows, rejected, bytes;
};
typedef enum mlp_code mlp_checked_fn(void *ctx, const struct mlp_checked *x, struct mlp_err *e);

/* Reads the table to its end, or until `stop_at` rows are rejected, checks its batches and gives
 * each to take, in order; an error of take ends it. With several threads the table, opened with
 * options.kept = MLP_AHEAD_KEPT, is read ahead, and take runs on any of them while the next batch
 * is checked, unless that has yet to come. */
enum mlp_code mlp_checker_table(struct mlp_checker *c, struct mlp_table *t, uint64_t stop_at,
                                mlp_checked_fn *take, void *ctx, struct mlp_err *e);

/* Rows seen and rows rejected so far. */
uint64_t mlp_checker_rows(const struct mlp_checker *c);
uint64_t mlp_checker_rejected(const struct mlp_checker *c);

/* Decides what is decided at the end and adds all checks to the report (kind "data"), with the
 * summary numbers rows, rejected, rejected_share. */
enum mlp_code mlp_checker_finish(struct mlp_checker *c, struct mlp_report *report,
                                 struct mlp_err *e);

/* Appends what was found in the shape of Great Expectations' validation result (1.x, result format
 * COMPLETE), after mlp_checker_finish and with mlp_checker_keep before. Lists that are longer than
 * was kept are cut, and the result says so ("unexpected_list_cut": true). */
enum mlp_code mlp_checker_gx(const struct mlp_checker *c, struct mlp_buf *out, struct mlp_err *e);

#endif
