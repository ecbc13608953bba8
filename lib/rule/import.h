/* import.h: rules files of others, read into native rules documents (mlp-rules(5)).
 *
 * There is one hub: a reader turns a foreign document into a native one, which compile.c compiles
 * as ever; a writer turns a native document into a foreign one. So checking a foreign file is a
 * reader and the engine, and converting is a reader and a writer. A reader knows nothing of the
 * engine, the engine nothing of foreign formats: what the native language cannot say yet is added
 * to it, as a key that mlp-rules(5) tells of, and never as a hidden mode.
 *
 * Nothing is dropped silently: what a format says and the other side cannot (or what is read and
 * has no meaning here) is a note with its place. A rule that cannot be evaluated at all, so that
 * leaving it out would pass data that it rejects, is an error instead: MLP_EINPUT. */
#ifndef MLP_RULE_IMPORT_H
#define MLP_RULE_IMPORT_H

#include "text/doc.h"

/* One thing that was left out or is said otherwise: where it stands in the foreign file (0, 0 when
 * unknown), and words such as "kwargs.batch_id is not used here". */
struct mlp_import_note {
    uint32_t line, column;
    struct mlp_str words;        /* in the arena of the notes */
    struct mlp_import_note *next;
};

/* Notes in order. Embedded; after 1,000 only `more` counts. */
struct mlp_import_notes {
    struct mlp_arena arena;
    struct mlp_import_note *first, *last;
    size_t n, more;
};
void mlp_import_notes_init(struct mlp_import_notes *notes);
void mlp_import_notes_fini(struct mlp_import_notes *notes);

/* Adds a note at a node's place. notes and at may be NULL. Without memory it counts as `more`. */
void mlp_import_note(struct mlp_import_notes *notes, const struct mlp_node *at, const char *fmt,
                     ...) MLP_PRINTF(3, 4);

/* Fills *out, which the caller has initialised with the name of the source, with a native document.
 * What it puts there should have the place of what it was made from (mlp_import_put), so that a
 * fault that compile.c finds has a line. `in` is read only and may go away afterwards: texts are
 * copied. A fault in the document is MLP_EINPUT with its place (mlp_node_error). */
typedef enum mlp_code mlp_import_fn(const struct mlp_doc *in, struct mlp_doc *out,
                                    struct mlp_import_notes *notes, struct mlp_err *e);

/* Appends the text of a foreign document that says what a native one says. */
typedef enum mlp_code mlp_export_fn(const struct mlp_doc *native, struct mlp_buf *out,
                                    struct mlp_import_notes *notes, struct mlp_err *e);

/* One format. Only name and what are always there. */
struct mlp_rules_format {
    const char *name;             /* of --schema-format: "gx" */
    const char *what;             /* for people: "Great Expectations suite" */
    bool (*sniff)(struct mlp_str text); /* is it that, by its bytes; for formats that are neither
                                     JSON nor YAML, which are asked first */
    enum mlp_code (*parse)(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e);
                                  /* into a tree; NULL: JSON or YAML */
    bool (*detect)(const struct mlp_node *root); /* is it that, by its tree */
    mlp_import_fn *read;          /* NULL: cannot be read */
    mlp_export_fn *write;         /* NULL: cannot be written */
};

/* All formats, native last (it takes what nobody else knows), ends with a NULL name. A reader is
 * added to the table in import.c by one line. */
extern const struct mlp_rules_format mlp_rules_formats[];
/* By name; NULL for an unknown one. Names in a row, for messages: readers or writers. */
const struct mlp_rules_format *mlp_rules_format_find(struct mlp_str name);
void mlp_rules_format_names(bool writers, struct mlp_buf *out);
/* MLP_EUSAGE with those names. */
enum mlp_code mlp_rules_format_unknown(const char *name, bool writers, struct mlp_err *e);

/* Reads a rules file of any format ("-" is stdin) into a native document, which is initialised
 * here and the caller's to finish, after a failure too. format NULL: found by content, and told in
 * *found (which may be NULL). notes may be NULL. */
enum mlp_code mlp_rules_import(const char *path, const struct mlp_rules_format *format,
                               struct mlp_doc *native, const struct mlp_rules_format **found,
                               struct mlp_import_notes *notes, struct mlp_err *e);
/* The same from memory. */
enum mlp_code mlp_rules_import_text(struct mlp_str text, const char *source,
                                    const struct mlp_rules_format *format,
                                    struct mlp_doc *native, struct mlp_import_notes *notes,
                                    struct mlp_err *e);

struct mlp_rules;
/* The same, compiled: mlp_rules_load (rule.h) with a format by its name (NULL: found by content;
 * an unknown one is MLP_EUSAGE) and with notes. */
enum mlp_code mlp_rules_load_as(const char *path, const char *format,
                                struct mlp_import_notes *notes, struct mlp_rules **rules,
                                struct mlp_err *e);
/* The same with what rule.h's mlp_rules_parse_given takes; given may be NULL. */
struct mlp_rules_given;
struct mlp_rules_source {
    const char *path, *format;
    const struct mlp_rules_given *given;
};
enum mlp_code mlp_rules_load_given(const struct mlp_rules_source *from,
                                   struct mlp_import_notes *notes, struct mlp_rules **rules,
                                   struct mlp_err *e);

/* ---- for readers: building native nodes that remember where they come from. All take NULL and
 * then return NULL; a failure takes the document's root away, so that one check at the end
 * (mlp_import_done) is enough. */

/* Gives a node a place: that of `from`, which may be NULL. Returns the node. */
struct mlp_node *mlp_import_place(struct mlp_node *n, const struct mlp_node *from);
/* A copy of a tree, its places too, without its key. */
struct mlp_node *mlp_import_copy(struct mlp_doc *d, const struct mlp_node *n);
/* A number that has a text as well, which compile.c looks at (mlp_doc_new_num gives none). */
struct mlp_node *mlp_import_num(struct mlp_doc *d, double v);
/* Puts a value under a key, with the place of `from`. */
struct mlp_node *mlp_import_put(struct mlp_doc *d, struct mlp_node *map, const char *key,
                                struct mlp_node *value, const struct mlp_node *from);
/* The same for a name that is no literal. */
struct mlp_node *mlp_import_put_str(struct mlp_doc *d, struct mlp_node *map, struct mlp_str key,
                                    struct mlp_node *value, const struct mlp_node *from);
/* Appends to a list. */
struct mlp_node *mlp_import_push(struct mlp_doc *d, struct mlp_node *list, struct mlp_node *value);
/* Starts a native document: {version: 1}. */
struct mlp_node *mlp_import_start(struct mlp_doc *out);
/* The map or list under a key, made when absent: ("columns", MLP_DOC_MAP), ("checks",
 * MLP_DOC_LIST). */
struct mlp_node *mlp_import_section(struct mlp_doc *d, struct mlp_node *map, const char *key,
                                    enum mlp_doc_type type);
/* A column's map under "columns", made when absent, with the place of `from`. */
struct mlp_node *mlp_import_column(struct mlp_doc *d, struct mlp_str name,
                                   const struct mlp_node *from);
/* Appends an empty map to "checks" with the place of `from`. */
struct mlp_node *mlp_import_check(struct mlp_doc *d, const struct mlp_node *from);
/* Limits a check about columns to rows that have all of them: none of the texts other than the
 * empty one that mean missing there. */
void mlp_import_when_there(struct mlp_doc *d, struct mlp_node *check, const struct mlp_node *from);
/* MLP_OK, or the error that a document without root or a failed builder means. */
enum mlp_code mlp_import_done(const struct mlp_doc *d, struct mlp_err *e);

#endif
