/* kafka.h: the parts of `mlp-serve kafka`: what the options say (kafka.c), messages to answers
 * (kafka_run.c). */
#ifndef MLP_SERVE_KAFKA_H
#define MLP_SERVE_KAFKA_H

#include "verbs.h"

#include "serve/predict.h"
#include "stream/kafka.h"

/* The rows of the option table. */
enum { KAFKA_BROKERS, KAFKA_FROM, KAFKA_TO, KAFKA_GROUP, KAFKA_DEAD, KAFKA_INSTANCE, KAFKA_SET,
       KAFKA_SETTINGS, KAFKA_EXTRA, KAFKA_MAX, KAFKA_WAIT, KAFKA_REGISTRY, KAFKA_KEY,
       KAFKA_RUNTIME, KAFKA_LIBRARY, KAFKA_SANDBOX, KAFKA_EVENTS };

/* Answers messages until somebody asks to stop. k is open, served is loaded for one thread; dead:
 * messages that cannot be answered have a topic of their own. */
struct kafka_run {
    struct mlp_kafka *k;
    struct mlp_served *served;
    bool ignore_extra, dead;
    const struct mlp_log *log;
};
enum mlp_code kafka_run(const struct kafka_run *r, struct mlp_err *e);

#endif
