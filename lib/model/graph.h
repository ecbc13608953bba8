/* graph.h: the typed graph that every loader lowers into, and the engine that runs it.
 *
 * A node is an operation over some columns of earlier nodes; it makes a matrix of rows x width,
 * of numbers (double) or texts. A column is named by (node, index), so that selecting, dropping,
 * reordering and joining columns costs nothing: those are lists, not operations. After
 * mlp_graph_finish() every matrix has its place in a work area: a node whose whole output is a
 * part of another node's input writes straight into it.
 *
 * The engine runs a block of rows through all nodes that the wanted outputs need. One row is a
 * block of one. Nothing is allocated while it runs. */
#ifndef MLP_MODEL_GRAPH_H
#define MLP_MODEL_GRAPH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

enum mlp_wire { MLP_WIRE_NUM, MLP_WIRE_TEXT };

/* Column `index` of node `node`. Node 0 is the inputs as numbers, node 1 the inputs as texts. */
struct mlp_col {
    uint32_t node, index;
};
struct mlp_cols {
    struct mlp_col *p;
    size_t n;
};
#define MLP_NODE_NUMBERS 0
#define MLP_NODE_TEXTS 1

struct mlp_area;
struct mlp_gnode;
struct mlp_graph;

/* What an operation gets for a block: its input matrix (x or t, by wire), where its output goes
 * (y or ty), both row-major with their own row stride in elements, and scratch of its own. On
 * failure it sets row and e. */
struct mlp_call {
    size_t rows;
    const double *x;
    const struct mlp_str *t;
    size_t ldx;
    double *y;
    struct mlp_str *ty;
    size_t ldy;
    void *scratch;
    size_t row;
    const struct mlp_graph *g;
    const struct mlp_gnode *node;
    struct mlp_area *area;       /* texts beside numbers (gnode.texts), and what a node keeps */
    struct mlp_err *e;
};

/* An operation. scratch (may be NULL) tells the bytes that run needs for a block of rows. */
struct mlp_op {
    const char *name;
    enum mlp_code (*run)(const struct mlp_gnode *n, struct mlp_call *c);
    size_t (*scratch)(const struct mlp_gnode *n, size_t rows);
};

/* Where a matrix lies in the work area: the area of its wire, the first element for a block of
 * `rows` is base * rows + column, the row stride is ld. */
struct mlp_place {
    size_t base, column, ld;
};

/* Columns to copy into a node's input before it runs: `count` from `from` to input column `to`. */
struct mlp_copy {
    struct mlp_col from;
    uint32_t to, count;
};

struct mlp_gnode {
    const struct mlp_op *op;
    const void *params;          /* of the op's own type, in the model's arena */
    enum mlp_wire in_wire, out_wire;
    struct mlp_cols in;
    struct mlp_cols texts;       /* inputs that are read as texts, beside `in` of numbers */
    uint32_t out_width;
    bool finite;                 /* refuse rows whose input holds NaN or infinity */
    uint32_t need;               /* bit i: output i needs this node */
    struct mlp_place in_place, out_place;
    struct mlp_copy *copies;
    size_t ncopies;
    size_t scratch_base;
    struct mlp_str maker;        /* class it was read from, when the graph is to be explained */
    uint32_t host;               /* node whose input holds this output, or UINT32_MAX */
    uint32_t host_column;
};

enum mlp_out_kind { MLP_OUT_F64, MLP_OUT_F32, MLP_OUT_INT, MLP_OUT_LABEL };

/* Class labels as the training data had them: text of each; number where it is one. */
struct mlp_labels {
    size_t n;
    struct mlp_str *text;
    double *number;
    bool is_text;
};

/* A named result: some columns and how they print. labels[i] belongs to column i of kind LABEL
 * (the column holds the class's index). */
struct mlp_goutput {
    struct mlp_str name;
    enum mlp_out_kind kind;
    struct mlp_cols cols;
    const struct mlp_labels **labels;
    struct mlp_str *suffix;      /* ".0" ... of each column; n empty for a single plain column */
};

#define MLP_MAX_OUTPUTS 16

struct mlp_graph {
    struct mlp_arena *arena;     /* borrowed: the model's */
    struct mlp_vec nodes;        /* of struct mlp_gnode */
    size_t ninputs;
    const struct mlp_str *names; /* of the inputs, for messages; may be NULL */
    uint8_t *used_num, *used_text; /* per input, after finish */
    struct mlp_goutput outputs[MLP_MAX_OUTPUTS];
    size_t noutputs;
    bool explain;                /* keep what contributions need (explain.h) */
    size_t num_width, text_width;  /* elements a row in the work areas */
};

/* A graph over ninputs input columns, whose nodes live in a. */
enum mlp_code mlp_graph_init(struct mlp_graph *g, struct mlp_arena *a, size_t ninputs,
                             struct mlp_err *e);
void mlp_graph_fini(struct mlp_graph *g);

/* Adds a node; *out are its columns. Columns of node 0 (inputs as numbers) become inputs as texts
 * where in_wire is TEXT; a column of the wrong wire is MLP_EINPUT. params is borrowed. */
struct mlp_node_spec {
    const struct mlp_op *op;
    const void *params;
    enum mlp_wire in_wire, out_wire;
    struct mlp_cols in;
    size_t out_width;
    bool finite;
};
enum mlp_code mlp_graph_add(struct mlp_graph *g, const struct mlp_node_spec *spec,
                            struct mlp_cols *out, struct mlp_err *e);

/* Lets the node added last, whose in_wire is NUM, read columns of MLP_NODE_TEXTS too (with
 * mlp_area_texts). p is borrowed for as long as the graph. */
void mlp_graph_texts(struct mlp_graph *g, struct mlp_cols texts);

/* The input columns 0..n-1 as numbers. */
enum mlp_code mlp_graph_inputs(struct mlp_graph *g, struct mlp_cols *out, struct mlp_err *e);

/* Columns one after another: appends b to a, and picks [start, start + n) of a; in g's arena. */
enum mlp_code mlp_cols_join(struct mlp_graph *g, struct mlp_cols *a, const struct mlp_cols *b,
                            struct mlp_err *e);
struct mlp_cols mlp_cols_slice(struct mlp_cols a, size_t start, size_t n);

/* Adds an output; its cols, labels and suffixes must live as long as the graph. */
enum mlp_code mlp_graph_output(struct mlp_graph *g, const struct mlp_goutput *o,
                               struct mlp_err *e);

/* Places every live node. MLP_EINPUT when an input is used both as number and as text. */
enum mlp_code mlp_graph_finish(struct mlp_graph *g, struct mlp_err *e);

/* A work area for blocks of up to `rows` rows. */
struct mlp_area {
    size_t rows;
    double *num;
    struct mlp_str *text;
    char *scratch;
    void *state;                 /* what an operation keeps from block to block, or NULL */
    void (*state_free)(void *state);
};
enum mlp_code mlp_area_init(struct mlp_area *w, const struct mlp_graph *g, size_t rows,
                            struct mlp_err *e);
void mlp_area_fini(struct mlp_area *w);

/* Runs a block of rows <= w->rows whose inputs lie in the area (mlp_area_input), for the outputs
 * in the bit mask. On failure *bad is the row of the block that could not be predicted. */
enum mlp_code mlp_graph_run(const struct mlp_graph *g, struct mlp_area *w, size_t rows,
                            uint32_t outputs, size_t *bad, struct mlp_err *e);

/* "column 'age'" for column i of n's input when it is an input of the model, else the operation's
 * name; for error messages. */
struct mlp_str mlp_graph_column_name(const struct mlp_graph *g, const struct mlp_gnode *n,
                                     size_t i);

/* Where the inputs of row r go: ninputs numbers, or ninputs texts. */
double *mlp_area_numbers(const struct mlp_graph *g, const struct mlp_area *w, size_t r);
struct mlp_str *mlp_area_texts(const struct mlp_graph *g, const struct mlp_area *w, size_t r);

/* The value of a column in row r after a run, and a pointer to walk it over rows. */
const double *mlp_area_column(const struct mlp_graph *g, const struct mlp_area *w,
                              struct mlp_col c, size_t *stride);

#endif
