/* command.h: a command as a model of the server: requests wait in a bounded queue for a thread of
 * its own, which asks the command (child.h), so that no event loop ever waits for it. Rows of
 * several requests go to the command together. */
#ifndef MLP_SERVE_COMMAND_H
#define MLP_SERVE_COMMAND_H

#include "serve/child.h"

/* Rows that may wait; what is more is told 503. */
#define MLP_COMMAND_QUEUE 4096u

/* What a protocol wants to say of itself again in the answer. */
struct mlp_job_names {
    struct mlp_buf model, id;    /* owned */
    uint64_t version;
    bool wanted[2];              /* outputs: the predictions, the probabilities */
    bool raw;
};

/* One request. The rows are views into body, each without a line break. */
struct mlp_job {
    struct mlp_job *next;
    struct mlp_buf body;
    struct mlp_str *rows;
    size_t n;
    bool single;                 /* one object, not a list */
    bool probabilities;          /* wanted */
    bool plain;                  /* errors are text, not JSON */
    /* Writes good answers to all rows and returns the status; NULL: as /predict. */
    int (*write)(const struct mlp_job *job, const struct mlp_answer *answers, struct mlp_buf *out);
    /* Puts an answer, good or not, into the form that it leaves in; NULL: it leaves as it is. */
    int (*wrap)(const struct mlp_job *job, int status, struct mlp_buf *answer);
    struct mlp_job_names names;  /* for write and wrap */
    void *owner, *connection;    /* handed back */
};

/* Called on the thread of the command with the answer to a job: status, JSON (may be taken). The
 * job goes after. */
typedef void mlp_job_done(const struct mlp_job *job, int status, struct mlp_buf *body);

/* Reads a body as mlp_predict_body takes it: an object, a list of objects or arrays, {"instances":
 * list}, and the other forms of MLflow: "inputs" (a list, or columns), "dataframe_records" and
 * "dataframe_split", each as the first member. MLP_EINPUT: the client's fault. The caller frees
 * with mlp_job_free. */
enum mlp_code mlp_job_new(struct mlp_str body, struct mlp_job **job, struct mlp_err *e);
void mlp_job_free(struct mlp_job *job);

struct mlp_command;
enum mlp_code mlp_command_new(const struct mlp_child_config *config, mlp_job_done *done,
                              struct mlp_command **c, struct mlp_err *e);

/* Takes the job, or returns false when the queue is full. From any thread. */
bool mlp_command_push(struct mlp_command *c, struct mlp_job *job);

/* Answers what waits, ends the command and the thread. NULL is fine. */
void mlp_command_free(struct mlp_command *c);

#endif
