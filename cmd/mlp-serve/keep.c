/* mlp-serve keep: holds the sockets, and keeps a server running on them. */
#include "keep.h"

#include "base/os.h"
#include "http/http.h"

static const struct mlp_opt opts[] = {
    [KEEP_LISTEN] = {"listen", 'l', MLP_OPT_TEXT, "ADDRESS",
                    "HOST:PORT, [HOST]:PORT, PORT or unix:PATH", NULL, "127.0.0.1:8080", false},
    [KEEP_ADMIN] = {"admin", 0, MLP_OPT_TEXT, "unix:PATH", "the server's socket for orders", NULL,
                   NULL, false},
    [KEEP_START] = {"start", 0, MLP_OPT_SECONDS, "TIME",
                   "time that a new server has to be ready, else the old one stays", NULL, "5m",
                   false},
    [KEEP_READY_FD] = {"ready-fd", 0, MLP_OPT_INT, "N",
                      "write the address to descriptor N when ready, and close it", NULL, NULL,
                      false},
    [KEEP_EVENTS] = {"events", 0, MLP_OPT_CHOICE, "FORM",
                    "form of the events on stderr (default: words on a terminal, else json)",
                    "words|json", NULL, false},
    {0},
};

/* --- what is started --- */

static bool add(struct keep *k, const char *word)
{
    const char **to = mlp_vec_push(&k->argv);
    if (to)
        *to = word;
    return to != NULL;
}

static enum mlp_code make_words(struct keep *k, struct mlp_err *e)
{
    static const char *const first[] = {"mlp-serve", "serve", "--listen", "fd:3", "--ready-fd",
                                        "4", "--admin", "fd:5"};
    bool fine = true;
    for (size_t i = 0; i < (k->sockets[1] < 0 ? 6 : 8); i++)
        fine = fine && add(k, first[i]);
    for (int i = 0; i < k->cmd->noperands; i++)
        fine = fine && add(k, k->cmd->operands[i]);
    return fine && add(k, NULL) ? MLP_OK : mlp_err_nomem(e);
}

static void remove_socket(const char *address)
{
    if (address && strncmp(address, "unix:", 5) == 0)
        mlp_os_unlink(address + 5, NULL);
}

static enum mlp_code open_sockets(struct keep *k, struct mlp_err *e)
{
    const char *admin = mlp_opt_text(k->cmd, KEEP_ADMIN);
    enum mlp_code code = mlp_http_bind(mlp_opt_text(k->cmd, KEEP_LISTEN), false, &k->sockets[0], e);
    if (code == MLP_OK && admin && strncmp(admin, "unix:", 5) != 0)
        code = mlp_err_set(e, MLP_EUSAGE, "--admin %s: write unix:PATH", admin);
    return code == MLP_OK && admin ? mlp_http_bind(admin, true, &k->sockets[1], e) : code;
}

static void close_sockets(struct keep *k)
{
    if (k->sockets[0] >= 0) {
        mlp_os_close(k->sockets[0], NULL);
        remove_socket(mlp_opt_text(k->cmd, KEEP_LISTEN));
    }
    if (k->sockets[1] >= 0) {
        mlp_os_close(k->sockets[1], NULL);
        remove_socket(mlp_opt_text(k->cmd, KEEP_ADMIN));
    }
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *events = mlp_opt_text(cmd, KEEP_EVENTS);
    struct keep k = {.cmd = cmd, .sockets = {-1, -1}, .now = {.ready_fd = -1},
                     .next = {.ready_fd = -1},
                     .log = {.fd = 2, .level = MLP_INFO, .tool = "mlp-serve-keep",
                             .ndjson = events ? strcmp(events, "json") == 0 : !mlp_os_isatty(2)}};
    mlp_vec_init(&k.argv, sizeof(char *));
    enum mlp_code code = mlp_os_program_path(k.path, sizeof k.path, e);
    if (code == MLP_OK)
        code = open_sockets(&k, e);
    if (code == MLP_OK)
        code = make_words(&k, e);
    mlp_os_cues_hold();
    if (code == MLP_OK)
        code = keep_run(&k, e);
    close_sockets(&k);
    mlp_vec_fini(&k.argv);
    if (code != MLP_OK || k.status == 0)
        return code;
    return mlp_err_set(e, k.begun ? MLP_EREMOTE : (enum mlp_code)k.status,
                       "the server ended with status %d", k.status);
}

static const char *const details[] = {
    "SIGUSR2 upgrades: the program that is now at this one's path is started with the same\n"
    "words on the same sockets; when it is ready, the old server answers what it has and\n"
    "ends. No connection is refused or lost between. One that does not become ready within\n"
    "--start is given up, and the old one stays. SIGHUP is passed on: models, keys and logs\n"
    "are opened anew.",

    "A server that dies is started again, later each time (0.1 s to 10 s), while connections\n"
    "wait at the socket. One that was never ready ends this program with its status, for\n"
    "wrong words do not become right. SIGTERM and SIGINT are passed on, and end it when the\n"
    "server has drained. Under systemd socket activation does the same: examples/systemd.",
    NULL,
};

static const struct mlp_example examples[] = {
    {"Keep a server running; after `install` of a new version, change to it.",
     "mlp-serve keep --listen 127.0.0.1:8081 -- model.joblib --threads 2 & sleep 1; "
     "kill -USR2 $!; sleep 1; kill $!"},
    {0},
};

const struct mlp_verb verb_keep = {
    .name = "keep",
    .summary = "keep a server running, and upgrade it without losing a request",
    .operands = "-- [SERVE-OPTION...] [MODEL]",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "Holds the sockets and runs `mlp-serve serve` on them with the words after --, where\n"
        "--listen, --admin and --ready-fd are not to be.",
    .details = details,
    .opts = opts,
    .examples = examples,
    .run = run,
};
