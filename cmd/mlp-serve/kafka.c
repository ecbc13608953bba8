/* mlp-serve kafka: predictions of the messages of a topic, in another topic. */
#include "kafka.h"

#include "base/file.h"
#include "base/sandbox.h"
#include "base/vec.h"
#include "serve/set.h"

#include <stdlib.h>

static const struct mlp_opt options[] = {
    [KAFKA_BROKERS] = {.name = "brokers", .letter = 'b', .kind = MLP_OPT_TEXT,
                       .value = "HOST:PORT,...", .fallback = "localhost:9092",
                       .help = "brokers to begin with"},
    [KAFKA_FROM] = {.name = "from", .letter = 'f', .kind = MLP_OPT_TEXT, .value = "TOPIC",
                    .help = "topic that is read"},
    [KAFKA_TO] = {.name = "to", .letter = 't', .kind = MLP_OPT_TEXT, .value = "TOPIC",
                  .help = "topic that gets the answers"},
    [KAFKA_GROUP] = {.name = "group", .letter = 'G', .kind = MLP_OPT_TEXT, .value = "GROUP",
                     .fallback = "mlp-serve",
                     .help = "consumer group: its members share the partitions"},
    [KAFKA_DEAD] = {.name = "dead-letter", .kind = MLP_OPT_TEXT, .value = "TOPIC",
                    .help = "topic of messages that cannot be answered (default: the answer is "
                            "{\"error\": ...})"},
    [KAFKA_INSTANCE] = {.name = "instance", .kind = MLP_OPT_TEXT, .value = "NAME",
                        .help = "a name that this process alone has and keeps over restarts, which "
                                "then go on at once"},
    [KAFKA_SET] = {.name = "set", .letter = 'X', .kind = MLP_OPT_TEXT, .value = "NAME=VALUE",
                   .many = true, .help = "a setting of librdkafka, such as linger.ms=1"},
    [KAFKA_SETTINGS] = {.name = "settings", .letter = 'F', .kind = MLP_OPT_FILE, .value = "FILE",
                        .help = "settings of librdkafka, a line each: for passwords"},
    [KAFKA_EXTRA] = {.name = "extra", .kind = MLP_OPT_CHOICE, .value = "WHAT",
                     .choices = "refuse|ignore", .fallback = "refuse",
                     .help = "what to do with unknown features"},
    [KAFKA_MAX] = {.name = "max-messages", .kind = MLP_OPT_INT, .value = "N", .fallback = "10000",
                   .help = "messages of one transaction at most"},
    [KAFKA_WAIT] = {.name = "wait", .kind = MLP_OPT_SECONDS, .value = "TIME", .fallback = "30s",
                    .help = "for brokers, when starting and after SIGTERM"},
    [KAFKA_REGISTRY] = {.name = "registry", .letter = 'r', .kind = MLP_OPT_DIR, .value = "DIR",
                        .help = "registry of NAME@ALIAS"},
    [KAFKA_KEY] = {.name = "key", .letter = 'k', .kind = MLP_OPT_FILE, .value = "PUB",
                   .help = "public key that must have signed the package"},
    [KAFKA_RUNTIME] = {.name = "runtime", .kind = MLP_OPT_TEXT, .value = "NAME",
                       .fallback = "built-in",
                       .help = "what runs ONNX models: built-in, onnxruntime or "
                               "onnxruntime:LIBRARY"},
    [KAFKA_LIBRARY] = {.name = "library", .kind = MLP_OPT_FILE, .value = "FILE",
                       .help = "librdkafka, 1.6 or later (default: the system's)"},
    [KAFKA_SANDBOX] = {.name = "sandbox", .kind = MLP_OPT_CHOICE, .value = "WHETHER",
                       .choices = "on|off", .fallback = "on",
                       .help = "the process may write no file and start nothing"},
    [KAFKA_EVENTS] = {.name = "events", .kind = MLP_OPT_CHOICE, .value = "FORM",
                      .choices = "words|json",
                      .help = "form of the events on stderr (default: words on a terminal, else "
                              "json)"},
    {0},
};

/* Everything that a run owns. */
struct kafka {
    struct mlp_cmd *cmd;
    struct mlp_log log;
    struct mlp_kafka *k;
    struct mlp_set *set;
    struct mlp_key *key;
    struct mlp_buf text;         /* of the settings */
    struct mlp_vec settings;     /* of struct mlp_kafka_setting */
};

/* --- settings --- */

/* line is NAME=VALUE, and cut at the "=". */
static enum mlp_code add_setting(struct kafka *x, char *line, struct mlp_err *e)
{
    char *equals = strchr(line, '=');
    if (!equals || equals == line)
        return mlp_err_set(e, MLP_EUSAGE, "a setting is NAME=VALUE, not \"%.100s\"", line);
    struct mlp_kafka_setting *s = mlp_vec_push(&x->settings);
    if (!s)
        return mlp_err_nomem(e);
    *equals = '\0';
    *s = (struct mlp_kafka_setting){line, equals + 1};
    return MLP_OK;
}

/* The texts of all settings, each ended by a NUL, in one buffer that then stays where it is. */
static enum mlp_code collect(struct kafka *x, struct mlp_err *e)
{
    const char *file = mlp_opt_text(x->cmd, KAFKA_SETTINGS), *one;
    struct mlp_str rest, line;
    struct mlp_buf whole;
    mlp_buf_init(&whole, 1u << 20);
    enum mlp_code code = file ? mlp_file_read(file, &whole, e) : MLP_OK;
    rest = mlp_buf_str(&whole);
    while (!code && mlp_str_split(&rest, '\n', &line)) {
        line = mlp_str_trim(line);
        if (line.n && line.p[0] != '#') {
            mlp_buf_addstr(&x->text, line);
            mlp_buf_addc(&x->text, '\0');
        }
    }
    for (size_t i = 0; !code && (one = mlp_opt_nth(x->cmd, KAFKA_SET, i)); i++)
        mlp_buf_add(&x->text, one, strlen(one) + 1);
    mlp_buf_fini(&whole);
    return code ? code : mlp_buf_check(&x->text, e);
}

static enum mlp_code read_settings(struct kafka *x, struct mlp_err *e)
{
    enum mlp_code code = collect(x, e);
    for (size_t i = 0; !code && i < x->text.n;) {
        char *line = x->text.p + i;
        i += strlen(line) + 1;
        code = add_setting(x, line, e);
    }
    return code;
}

/* --- the parts of a run --- */

static enum mlp_code load(struct kafka *x, struct mlp_err *e)
{
    const char *path = mlp_opt_text(x->cmd, KAFKA_KEY);
    struct mlp_serve_config config = {.model = mlp_operand(x->cmd, 0, NULL),
                                      .registry = mlp_opt_text(x->cmd, KAFKA_REGISTRY),
                                      .log = &x->log};
    enum mlp_code code = serve_runtime(mlp_opt_text(x->cmd, KAFKA_RUNTIME), &config.onnxruntime, e);
    if (!code && path)
        code = mlp_key_load(path, NULL, &x->key, e);
    config.key = x->key;
    return code ? code : mlp_set_load(&config, 1, NULL, &x->set, e);
}

static bool stopped(void *ctx)
{
    (void)ctx;
    return mlp_os_stop_asked();
}

static enum mlp_code connect_brokers(struct kafka *x, struct mlp_err *e)
{
    const struct mlp_kafka_config config = {
        .brokers = mlp_opt_text(x->cmd, KAFKA_BROKERS),
        .from = mlp_opt_text(x->cmd, KAFKA_FROM),
        .to = mlp_opt_text(x->cmd, KAFKA_TO),
        .dead = mlp_opt_text(x->cmd, KAFKA_DEAD),
        .group = mlp_opt_text(x->cmd, KAFKA_GROUP),
        .instance = mlp_opt_text(x->cmd, KAFKA_INSTANCE),
        .settings = x->settings.p,
        .nsettings = x->settings.n,
        .max_messages = (size_t)mlp_opt_int(x->cmd, KAFKA_MAX, 0),
        .wait_ms = (unsigned)(mlp_opt_number(x->cmd, KAFKA_WAIT, 30) * 1000),
        .stopped = stopped,
        .log = &x->log,
    };
    mlp_os_hold_stop();
    return mlp_kafka_open(x->k, &config, e);
}

/* The library is loaded before the sandbox, as its initialisers are; threads start after. */
static enum mlp_code prepare(struct kafka *x, struct mlp_err *e)
{
    bool partial, sandbox = strcmp(mlp_opt_text(x->cmd, KAFKA_SANDBOX), "on") == 0;
    enum mlp_code code = mlp_kafka_new(mlp_opt_text(x->cmd, KAFKA_LIBRARY), &x->k, e);
    if (!code)
        code = read_settings(x, e);
    if (!code && sandbox)
        code = mlp_sandbox_files(NULL, 0, &partial, e);
    if (!code)
        code = load(x, e);
    if (!code && sandbox)
        code = mlp_sandbox_serve(true, &partial, e);
    if (!code)
        code = connect_brokers(x, e);
    return code;
}

static enum mlp_code check(const struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *from = mlp_opt_text(cmd, KAFKA_FROM), *to = mlp_opt_text(cmd, KAFKA_TO);
    int64_t most = mlp_opt_int(cmd, KAFKA_MAX, 1);
    if (!from || !to)
        return mlp_err_set(e, MLP_EUSAGE, "give the topics: --from TOPIC and --to TOPIC");
    if (strcmp(from, to) == 0)
        return mlp_err_set(e, MLP_EUSAGE, "the answers would be read again: --from and --to are "
                                          "the same topic");
    if (most < 1 || most > 50000)
        return mlp_err_set(e, MLP_EUSAGE, "--max-messages is 1 to 50000");
    return MLP_OK;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *events = mlp_opt_text(cmd, KAFKA_EVENTS);
    struct kafka x = {.cmd = cmd, .log = {
        .fd = 2, .level = MLP_INFO, .tool = cmd->program->name,
        .ndjson = events ? strcmp(events, "json") == 0 : !mlp_os_isatty(2)}};
    mlp_buf_init(&x.text, 2u << 20);
    mlp_vec_init(&x.settings, sizeof(struct mlp_kafka_setting));
    enum mlp_code code = check(cmd, e);
    if (!code)
        code = prepare(&x, e);
    if (!code) {
        const struct kafka_run r = {
            .k = x.k, .served = x.set->routes[0].lane[0].served, .log = &x.log,
            .ignore_extra = strcmp(mlp_opt_text(cmd, KAFKA_EXTRA), "ignore") == 0,
            .dead = mlp_opt_given(cmd, KAFKA_DEAD)};
        mlp_log_line(&x.log, MLP_INFO, "ready", NULL);
        mlp_os_notify("READY=1");
        code = kafka_run(&r, e);
    }
    mlp_kafka_close(x.k);
    mlp_set_free(x.set);
    mlp_key_free(x.key);
    mlp_buf_fini(&x.text);
    mlp_vec_fini(&x.settings);
    return code;
}

static const char *const details[] = {
    "Each transaction holds the answers to what was waiting and the offsets behind it: who\n"
    "reads the answers with isolation.level=read_committed sees those of every message\n"
    "exactly once, whatever process, machine or broker fails meanwhile. Nothing waits for a\n"
    "batch to fill: one message is answered at once, and under load transactions grow.\n"
    "Messages that no transaction can hold end the run after ten attempts.",

    "Members of a group share its partitions. One that dies is missed when its session ends\n"
    "(session.timeout.ms, 45 s), and what it had not committed is seen after\n"
    "transaction.timeout.ms (60 s). With --instance the same name, started again, goes on at\n"
    "once instead, and its partitions wait for it: give each replica a name of its own, as\n"
    "the pods of a StatefulSet have. A second process with the name ends the first.",

    "Keys and headers go with the answers, which are in the partition that Java's default\n"
    "partitioner chooses. A message without value (a tombstone) is answered by one. Those\n"
    "in the topic of --dead-letter are as they came, with the headers mlp-error, mlp-topic,\n"
    "mlp-partition and mlp-offset.",

    "SIGTERM ends the process after the transaction in hand. The exit status is 7 when\n"
    "Kafka does not let this member go on: start it again, as systemd and Kubernetes do.\n"
    "librdkafka is loaded while running; nothing else of this program needs it.",
    NULL,
};

static const struct mlp_example examples[] = {
    {"Answer the messages of one topic in another one.",
     "mlp-serve kafka model.joblib -b kafka.example:9092 --from flights --to late --wait 1s || "
     "test $? = 7 -o $? = 5"},
    {0},
};

const struct mlp_verb verb_kafka = {
    .name = "kafka",
    .summary = "answer the messages of a Kafka topic in another, exactly once",
    .operands = "MODEL|PACKAGE.mlp|NAME@ALIAS",
    .min_operands = 1,
    .max_operands = 1,
    .about =
        "Reads messages that are bodies of POST /predict, usually a JSON object of features,\n"
        "and sends what that answers: {\"prediction\": X, \"probabilities\": {...}}. The offsets\n"
        "are committed in the transaction of the answers.",
    .details = details,
    .opts = options,
    .examples = examples,
    .run = run,
};
