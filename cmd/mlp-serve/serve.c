/* mlp-serve [serve]: predictions over HTTP. */
#include "serve.h"

#include "platform.h"

#include "base/os.h"
#include "base/sandbox.h"

static const struct mlp_opt opts[] = {
    [OPT_DEPLOYMENT] = {"deployment", 'd', MLP_OPT_FILE, "FILE",
                        "serve the routes of a deployment file and follow its changes", NULL, NULL,
                        false},
    [OPT_LISTEN] = {"listen", 'l', MLP_OPT_TEXT, "ADDRESS",
                    "HOST:PORT, [HOST]:PORT, PORT, unix:PATH, or fd:N for a socket that was passed",
                    NULL, "127.0.0.1:8080", false},
    [OPT_REGISTRY] = {"registry", 'r', MLP_OPT_DIR, "DIR",
                      "registry of NAME@ALIAS and of the deployment's digests", NULL, NULL, false},
    [OPT_KEY] = {"key", 'k', MLP_OPT_FILE, "PUB",
                 "public key that must have signed every package", NULL, NULL, false},
    [OPT_THREADS] = {"threads", 't', MLP_OPT_INT, "N", "threads that answer (default: one a CPU)",
                     NULL, NULL, false},
    [OPT_LOG] = {"log", 0, MLP_OPT_FILE, "FILE", "append every prediction to FILE as NDJSON", NULL,
                 NULL, false},
    [OPT_LOG_SAMPLE] = {"log-sample", 0, MLP_OPT_NUMBER, "SHARE",
                        "of the requests, by their ids, that the log has: 0.01 is one in 100", NULL,
                        "1", false},
    [OPT_LOG_SIZE] = {"log-size", 0, MLP_OPT_SIZE, "SIZE",
                      "rotate the log, and the feedback, before they are larger: FILE becomes "
                      "FILE.1 (default: never)", NULL, NULL, false},
    [OPT_LOG_KEEP] = {"log-keep", 0, MLP_OPT_INT, "N", "older files that --log-size keeps", NULL,
                      "5", false},
    [OPT_FEEDBACK] = {"feedback", 0, MLP_OPT_FILE, "FILE",
                      "append the labels of POST /feedback to FILE as NDJSON", NULL, NULL, false},
    [OPT_PROFILE] = {"profile", 0, MLP_OPT_FILE, "FILE",
                     "compare what models are asked with this mlp-profile(5), where their package "
                     "has none", NULL, NULL, false},
    [OPT_LIVE_WINDOW] = {"live-window", 0, MLP_OPT_SECONDS, "TIME",
                         "that the drift in /metrics is about; 0s: keep no live profile", NULL,
                         "1h", false},
    [OPT_OTLP] = {"otlp", 0, MLP_OPT_TEXT, "URL",
                  "send traces to this OpenTelemetry collector, by OTLP over HTTP (default: "
                  "$OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere)", NULL, NULL, false},
    [OPT_TRACE_SAMPLE] = {"trace-sample", 0, MLP_OPT_NUMBER, "SHARE",
                          "of the requests without traceparent, that begin a trace", NULL, "1",
                          false},
    [OPT_ADMIN] = {"admin", 0, MLP_OPT_TEXT, "unix:PATH",
                   "take orders (reload, drain) on this socket, from its file's owner alone", NULL,
                   NULL, false},
    [OPT_SANDBOX] = {"sandbox", 0, MLP_OPT_CHOICE, "WHETHER",
                     "the server may write its logs alone and start nothing (see above)", "on|off",
                     "on", false},
    [OPT_EXTRA] = {"extra", 0, MLP_OPT_CHOICE, "WHAT", "what to do with unknown features",
                   "refuse|ignore", "refuse", false},
    [OPT_MAX_ROWS] = {"max-rows", 0, MLP_OPT_INT, "N", "rows of one request at most", NULL,
                      "100000", false},
    [OPT_MAX_BODY] = {"max-body", 0, MLP_OPT_SIZE, "SIZE", "bytes of a request's body at most",
                      NULL, "16M", false},
    [OPT_MAX_CONNECTIONS] = {"max-connections", 0, MLP_OPT_INT, "N",
                             "connections of one thread at most", NULL, "12000", false},
    [OPT_MAX_REQUESTS] = {"max-requests", 0, MLP_OPT_INT, "N",
                          "requests of one connection at most (default: no limit)", NULL, NULL,
                          false},
    [OPT_HEADER_TIMEOUT] = {"header-timeout", 0, MLP_OPT_SECONDS, "TIME",
                            "time for a request's head to arrive, and for a body that brings less "
                            "than 1 KiB a second", NULL, "10s", false},
    [OPT_BODY_TIMEOUT] = {"body-timeout", 0, MLP_OPT_SECONDS, "TIME",
                          "time for a body to arrive, and for an answer to be read", NULL, "30s",
                          false},
    [OPT_IDLE_TIMEOUT] = {"idle-timeout", 0, MLP_OPT_SECONDS, "TIME",
                          "time that an idle connection is kept", NULL, "60s", false},
    [OPT_DRAIN] = {"drain", 0, MLP_OPT_SECONDS, "TIME",
                   "time that requests get to end after SIGTERM", NULL, "10s", false},
    [OPT_READY_FD] = {"ready-fd", 0, MLP_OPT_INT, "N",
                      "write the address to descriptor N when ready, and close it", NULL, NULL,
                      false},
    [OPT_EVENTS] = {"events", 0, MLP_OPT_CHOICE, "FORM",
                    "form of the events on stderr (default: words on a terminal, else json)",
                    "words|json", NULL, false},
    [OPT_EXEC] = {"exec", 0, MLP_OPT_TEXT, "COMMAND",
                  "the model is this command: one line of JSON a row in, one out", NULL, NULL,
                  false},
    [OPT_ROW_TIMEOUT] = {"row-timeout", 0, MLP_OPT_SECONDS, "TIME",
                         "time that the command has for a row", NULL, "30s", false},
    [OPT_EXPLAIN] = {"explain", 0, MLP_OPT_FLAG, NULL,
                     "load what POST /explain needs, which takes more memory", NULL, NULL, false},
    [OPT_BATCH] = {"batch", 0, MLP_OPT_FLAG, NULL,
                   "predict a table from stdin instead, as the verb batch does", NULL, NULL, false},
    [OPT_RUNTIME] = {"runtime", 0, MLP_OPT_TEXT, "NAME",
                     "what runs ONNX models: built-in, onnxruntime or onnxruntime:LIBRARY", NULL,
                     "built-in", false},
    [OPT_TLS_CERT] = {"tls-cert", 0, MLP_OPT_FILE, "FILE",
                      "serve TLS with this certificate and its chain (PEM)", NULL, NULL, false},
    [OPT_TLS_KEY] = {"tls-key", 0, MLP_OPT_FILE, "FILE", "private key of the certificate (PEM)",
                     NULL, NULL, false},
    [OPT_TLS_CA] = {"tls-ca", 0, MLP_OPT_FILE, "FILE",
                    "authorities that sign certificates of clients (PEM)", NULL, NULL, false},
    [OPT_TLS_CLIENT] = {"tls-client", 0, MLP_OPT_CHOICE, "WHAT",
                        "whether clients must show a certificate (needs --tls-ca)",
                        "required|optional", "required", false},
    [OPT_AUTH] = {"auth", 0, MLP_OPT_FILE, "FILE",
                  "let in only who has a key or token by this mlp-auth(5) file", NULL, NULL, false},
    [OPT_RATE] = {"rate", 0, MLP_OPT_TEXT, "N/UNIT",
                  "requests of one client at most, such as 100/s, 6000/m (default: no limit)", NULL,
                  NULL, false},
    [OPT_BURST] = {"burst", 0, MLP_OPT_INT, "N",
                   "of these so many at once (default: the number of --rate)", NULL, NULL, false},
    [OPT_QUOTA] = {"quota", 0, MLP_OPT_TEXT, "N/UNIT",
                   "requests of one client in the long run, such as 100000/d", NULL, NULL, false},
    [OPT_MAX_INFLIGHT] = {"max-inflight", 0, MLP_OPT_INT, "N",
                          "requests that wait for an answer at most; more get 503", NULL, NULL,
                          false},
    [OPT_CORS] = {"cors", 0, MLP_OPT_TEXT, "ORIGIN",
                  "pages of this origin may ask, such as https://a.example; * is every page", NULL,
                  NULL, true},
    {0},
};

static unsigned milliseconds(const struct mlp_cmd *cmd, int opt)
{
    double ms = mlp_opt_number(cmd, opt, 0) * 1000;
    return ms < 1 ? 1 : ms > 2e9 ? 2000000000u : (unsigned)ms;
}

static unsigned count(const struct mlp_cmd *cmd, int opt)
{
    int64_t n = mlp_opt_int(cmd, opt, 0);
    return n > 1000000000 ? 1000000000u : (unsigned)n;
}

static struct mlp_serve_config configure(const struct mlp_cmd *cmd, const struct mlp_log *log)
{
    return (struct mlp_serve_config){
        .exec = mlp_opt_text(cmd, OPT_EXEC),
        .row_timeout_ms = milliseconds(cmd, OPT_ROW_TIMEOUT),
        .model = mlp_operand(cmd, 0, NULL),
        .deployment = mlp_opt_text(cmd, OPT_DEPLOYMENT),
        .registry = mlp_opt_text(cmd, OPT_REGISTRY),
        .log_path = mlp_opt_text(cmd, OPT_LOG),
        .log_share = mlp_opt_number(cmd, OPT_LOG_SAMPLE, 1),
        .log_bytes = (uint64_t)mlp_opt_number(cmd, OPT_LOG_SIZE, 0),
        .log_keep = count(cmd, OPT_LOG_KEEP),
        .feedback_path = mlp_opt_text(cmd, OPT_FEEDBACK),
        .reference = mlp_opt_text(cmd, OPT_PROFILE),
        .live_window_ns = (uint64_t)(mlp_opt_number(cmd, OPT_LIVE_WINDOW, 0) * 1e9),
        .otlp_url = mlp_opt_text(cmd, OPT_OTLP),
        .trace_share = mlp_opt_number(cmd, OPT_TRACE_SAMPLE, 1),
        .explain = mlp_opt_flag(cmd, OPT_EXPLAIN),
        .ignore_extra = strcmp(mlp_opt_text(cmd, OPT_EXTRA), "ignore") == 0,
        .max_rows = (uint64_t)mlp_opt_int(cmd, OPT_MAX_ROWS, 0),
        .address = mlp_opt_text(cmd, OPT_LISTEN),
        .admin = mlp_opt_text(cmd, OPT_ADMIN),
        .threads = count(cmd, OPT_THREADS),
        .limits = {
            .body_bytes = (size_t)mlp_opt_number(cmd, OPT_MAX_BODY, 0),
            .connections = count(cmd, OPT_MAX_CONNECTIONS),
            .header_timeout_ms = milliseconds(cmd, OPT_HEADER_TIMEOUT),
            .body_timeout_ms = milliseconds(cmd, OPT_BODY_TIMEOUT),
            .idle_timeout_ms = milliseconds(cmd, OPT_IDLE_TIMEOUT),
            .requests_per_connection = count(cmd, OPT_MAX_REQUESTS),
        },
        .tls = {
            .cert = mlp_opt_text(cmd, OPT_TLS_CERT),
            .key = mlp_opt_text(cmd, OPT_TLS_KEY),
            .ca = mlp_opt_text(cmd, OPT_TLS_CA),
            .client_required = strcmp(mlp_opt_text(cmd, OPT_TLS_CLIENT), "required") == 0,
        },
        .drain_ms = milliseconds(cmd, OPT_DRAIN),
        .log = log,
    };
}

/* Tells people, the log and whoever waits on the descriptor. */
static enum mlp_code announce(const struct mlp_cmd *cmd, const struct mlp_serve *s,
                              const struct mlp_log *log, struct mlp_err *e)
{
    char line[300];
    const char *address = mlp_serve_address(s);
    const struct mlp_log_field fields[] = {{"listen", address, 0}, {0}};
    mlp_log_line(log, MLP_INFO, "ready", fields);
    snprintf(line, sizeof line, "READY=1\nSTATUS=listens on %s", address);
    mlp_os_notify(line);
    if (!mlp_opt_given(cmd, OPT_READY_FD))
        return MLP_OK;
    int fd = (int)mlp_opt_int(cmd, OPT_READY_FD, 0);
    int n = snprintf(line, sizeof line, "%s\n", address);
    enum mlp_code code = mlp_os_write(fd, line, (size_t)n, e);
    if (code == MLP_OK && fd > 2)
        code = mlp_os_close(fd, e);
    return code == MLP_OK ? code : mlp_err_wrap(e, "--ready-fd %d", fd);
}

/* The path in "unix:PATH", or NULL. */
static const char *socket_path(const char *address)
{
    return address && strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

static enum mlp_code serve(struct mlp_cmd *cmd, const struct mlp_serve_config *config,
                           struct mlp_err *e)
{
    const char *written[] = {config->log_path, config->feedback_path, socket_path(config->address),
                             socket_path(config->admin)};
    bool sandbox = !config->exec && strcmp(mlp_opt_text(cmd, OPT_SANDBOX), "on") == 0, partial;
    struct mlp_serve *s = NULL;
    enum mlp_code code = MLP_OK;
    if (sandbox)
        code = mlp_sandbox_files(written, sizeof written / sizeof *written, &partial, e);
    if (code == MLP_OK)
        code = mlp_serve_new(config, &s, e);
    if (code == MLP_OK && sandbox)
        code = mlp_sandbox_serve(config->guard.auth || config->otlp_url, &partial, e);
    if (code == MLP_OK)
        code = announce(cmd, s, config->log, e);
    if (code == MLP_OK)
        code = mlp_serve_run(s, e);
    if (code == MLP_OK)
        mlp_log_line(config->log, MLP_INFO, "stopped", NULL);
    mlp_serve_free(s);
    return code;
}

static void warn_of_kernel(const struct mlp_log *log)
{
    const struct mlp_log_field fields[] = {
        {"reason", "this kernel lacks seccomp or Landlock: models are read without a full sandbox",
         0},
        {0}};
    if (!mlp_sandbox_complete())
        mlp_log_line(log, MLP_WARN, "sandbox", fields);
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    if (mlp_opt_flag(cmd, OPT_BATCH)) {
        struct mlp_cmd batch = {.program = cmd->program, .verb = &verb_batch,
                                .operands = cmd->operands, .noperands = cmd->noperands};
        return verb_batch.run(&batch, e);
    }
    const char *events = mlp_opt_text(cmd, OPT_EVENTS);
    const struct mlp_log log = {
        .fd = 2, .level = MLP_INFO, .tool = cmd->program->name,
        .ndjson = events ? strcmp(events, "json") == 0 : !mlp_os_isatty(2),
    };
    warn_of_kernel(&log);
    struct mlp_serve_config config = configure(cmd, &log);
    struct mlp_key *key = NULL;
    const char *path = mlp_opt_text(cmd, OPT_KEY);
    struct platform platform;
    const char *origins[SERVE_ORIGINS];
    if (!mlp_opt_given(cmd, OPT_LISTEN) && mlp_os_passed_sockets())
        config.address = "fd:3";
    enum mlp_code code = serve_operands(&config, e);
    if (code == MLP_OK)
        code = serve_guard(cmd, origins, &config.guard, e);
    if (code == MLP_OK)
        code = serve_platform(&config, mlp_opt_given(cmd, OPT_LISTEN), &platform, e);
    if (code == MLP_OK)
        code = serve_runtime(mlp_opt_text(cmd, OPT_RUNTIME), &config.onnxruntime, e);
    if (code == MLP_OK && path)
        code = mlp_key_load(path, NULL, &key, e);
    config.key = key;
    if (code == MLP_OK)
        code = serve(cmd, &config, e);
    mlp_key_free(key);
    return code;
}

static const struct mlp_example examples[] = {
    {"Serve a saved model, ask what it wants, and end it.",
     "mlp-serve model.joblib & sleep 1; curl -sS localhost:8080/model; kill $!"},
    {"Follow a deployment file, take signed packages only, and keep a log of the predictions.",
     "mlp-serve --deployment deployment.yaml --key ci.pub --log log.ndjson & sleep 1; kill $!"},
    {0},
};

const struct mlp_verb verb_serve = {
    .name = "serve",
    .summary = "answer predictions over HTTP",
    .operands = "[MODEL|PACKAGE.mlp|NAME@ALIAS]",
    .min_operands = 0,
    .max_operands = 1,
    .about =
        "POST /predict takes a JSON object of features, an array of objects or of arrays, or\n"
        "{\"instances\": [...]}; null is a missing value. GET /model tells the features, /docs is\n"
        "a page to try it, /healthz and /readyz the state, /metrics the counters. Protocols of\n"
        "KServe (V1, V2, gRPC), TensorFlow Serving, MLflow, SageMaker and Vertex AI are spoken\n"
        "beside. SIGTERM drains, SIGHUP reloads.",
    .details = serve_details,
    .help_opts = OPT_RUNTIME + 1,
    .opts = opts,
    .examples = examples,
    .run = run,
};
