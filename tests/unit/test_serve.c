/* The serve module: bodies, sets that are swapped, the prediction log, the server as a whole. */
#include "suites.h"

#include "base/file.h"
#include "base/thread.h"
#include "serve/inside.h"
#include "serve/serve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIXTURES "tests/fixtures/serve/"

static char folder[32];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/mlp-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    mlp_os_ignore_sigpipe();
}

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_msg(mlp_file_write(path, mlp_str_from(text), 0, &e) == MLP_OK, "%s", e.message);
}

static void remove_folder(void)
{
    struct mlp_list names;
    if (mlp_os_list(folder, &names, NULL) == MLP_OK) {
        for (size_t i = 0; i < names.n; i++)
            unlink(in_folder(names.names[i]));
        mlp_os_list_free(&names);
    }
    rmdir(folder);
}

static struct mlp_served *load(const char *path, unsigned threads)
{
    struct mlp_err e;
    struct mlp_served *s;
    mlp_err_init(&e);
    const struct mlp_origin from = {.path = path};
    ck_assert_msg(mlp_served_load(&from, threads, &s, &e) == MLP_OK, "%s", e.message);
    return s;
}

/* --- bodies --- */

#define ROW1 "{\"a\":0.25,\"b\":1.0,\"c\":\"red\"}"
#define ROW2 "{\"a\":-1.5,\"b\":2.25,\"c\":\"blue\"}"
#define ROW3 "{\"a\":3.0,\"b\":0.5,\"c\":\"violet\"}"
#define P1 "{\"False\":0.6323512787589871,\"True\":0.3676487212410129}"
#define P3 "{\"False\":0.0003372370278240666,\"True\":0.9996627629721759}"
#define ONE "{\"prediction\":false,\"probabilities\":" P1 "}\n"
#define THREE "{\"predictions\":[false,false,true]}\n"

static const struct {
    const char *body, *answer;
} answered[] = {
    {ROW1, ONE},
    {" \n" ROW1 "\t", ONE},
    {"{\"c\":\"red\",\"b\":1,\"a\":25e-2}", ONE},
    {"{\"\\u0061\":0.25,\"b\":1,\"c\":\"r\\u0065d\"}", ONE},
    {"{\"parameters\":{\"x\":[1,{}]},\"a\":0.25,\"b\":1,\"c\":\"red\"}", ONE},
    {"[" ROW1 "," ROW2 "," ROW3 "]", THREE},
    {"[[0.25,1,\"red\"],[-1.5,2.25,\"blue\"],[3,0.5,\"violet\"]]", THREE},
    {"{\"instances\":[" ROW1 "," ROW2 "," ROW3 "]}", THREE},
    {"{\"signature_name\":\"x\",\"instances\":[" ROW1 "," ROW2 "," ROW3 "],\"parameters\":{}}",
     THREE},
    {"[]", "{\"predictions\":[]}\n"},
    {"{\"a\":true,\"b\":false,\"c\":null}", "{\"prediction\":true,\"probabilities\":"},
};

static enum mlp_code predict(struct mlp_predict *p, const char *body, struct mlp_buf *out,
                             struct mlp_err *e)
{
    static struct mlp_buf spare;
    uint64_t rows;
    mlp_buf_init(&spare, 1u << 24);
    mlp_buf_reset(out);
    mlp_err_init(e);
    enum mlp_code code = mlp_predict_body(p, mlp_str_from(body), out, &spare, &rows, e);
    mlp_buf_fini(&spare);
    return code;
}

START_TEST(bodies_are_answered_as_scikit_learn_does)
{
    struct mlp_predict p = {.served = load(FIXTURES "stable.joblib", 1)};
    struct mlp_buf out;
    struct mlp_err e;
    mlp_buf_init(&out, 1u << 24);
    for (int round = 0; round < 2; round++) { /* the second with the order of keys learned */
        for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) {
            ck_assert_msg(predict(&p, answered[i].body, &out, &e) == MLP_OK, "%s: %s",
                          answered[i].body, e.message);
            ck_assert_msg(strncmp(out.p, answered[i].answer, strlen(answered[i].answer)) == 0,
                          "%s: %s", answered[i].body, out.p);
        }
    }
    p.probabilities = MLP_WISH_YES;
    ck_assert_int_eq(predict(&p, "[" ROW1 "," ROW3 "]", &out, &e), MLP_OK);
    ck_assert_str_eq(out.p, "{\"predictions\":[false,true],\"probabilities\":[" P1 "," P3 "]}\n");
    p.probabilities = MLP_WISH_NO;
    ck_assert_int_eq(predict(&p, ROW1, &out, &e), MLP_OK);
    ck_assert_str_eq(out.p, "{\"prediction\":false}\n");
    mlp_served_drop(p.served);
    p = (struct mlp_predict){.served = load(FIXTURES "value.joblib", 1)};
    ck_assert_int_eq(predict(&p, "{\"a\":2,\"b\":1}", &out, &e), MLP_OK);
    ck_assert_msg(strncmp(out.p, "{\"prediction\":3.", 16) == 0 && !strstr(out.p, "prob"), "%s",
                  out.p);
    mlp_served_drop(p.served);
    mlp_buf_fini(&out);
}
END_TEST

static const struct {
    const char *body, *message, *hint;
} refused[] = {
    {"", "the body is empty", "GET /model"},
    {" \n", "the body is empty", ""},
    {"5", "the body is a number", "JSON object of features"},
    {"null", "the body is null", ""},
    {"{\"a\":1", "the text ends here", ""},
    {ROW1 "x", "expected nothing after", ""},
    {"{\"a\":1,\"b\":NaN,\"c\":\"red\"}", "expected a value", ""},
    {"{}", "feature \"a\" and 2 more are missing", "null"},
    {"{\"a\":1,\"c\":\"red\"}", "feature \"b\" is missing", "null"},
    {"{\"a\":1,\"b\":1,\"c\":\"red\",\"a\":1}", "feature \"a\" is given twice", ""},
    {"{\"a\":1,\"b\":1,\"c\":\"red\",\"\\u0061\":1}", "feature \"a\" is given twice", ""},
    {"{\"a\":1,\"b\":1,\"c\":\"red\",\"colour\":1}", "unknown feature \"colour\"", "GET /model"},
    {"{\"a\":\"1\",\"b\":1,\"c\":\"red\"}", "feature \"a\" is a string, expected a number", ""},
    {"{\"a\":[1],\"b\":1,\"c\":\"red\"}", "feature \"a\" is an array, expected a number", ""},
    {"{\"a\":1,\"b\":1,\"c\":7}", "feature \"c\" is a number, expected a string", ""},
    {"{\"a\":1,\"b\":1,\"c\":{}}", "feature \"c\" is an object", ""},
    {"{\"a\":1e999,\"b\":1,\"c\":\"red\"}", "beyond the range", ""},
    {"[" ROW1 ",{\"a\":1}]", "row 2: feature \"b\" and 1 more are missing", ""},
    {"[" ROW1 ",7]", "row 2: a row is a number", ""},
    {"[[1,2]]", "row 1: the model has 3 features, the row has fewer", ""},
    {"[[1,2,\"red\",4]]", "row 1: the model has 3 features, the row has more", ""},
    {"[" ROW1 ",[1,\"x\",\"red\"]]", "row 2: feature \"b\" is a string", ""},
    {"[" ROW1 ",{\"a\":1,\"b\":null,\"c\":\"red\"}]", "row 2: ", ""},
    {"{\"instances\":7}", "\"instances\" is a number, expected an array", ""},
    {"{\"instances\":[]} 1", "expected nothing after", ""},
    {"[" ROW1 "," ROW1 "," ROW1 "," ROW1 "]", "more than 3 rows", "--max-rows"},
};

START_TEST(bodies_are_refused_with_the_feature_named)
{
    struct mlp_predict p = {.served = load(FIXTURES "stable.joblib", 1), .max_rows = 3};
    struct mlp_buf out;
    struct mlp_err e;
    mlp_buf_init(&out, 1u << 24);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ck_assert_msg(predict(&p, refused[i].body, &out, &e) == MLP_EINPUT, "%s", refused[i].body);
        ck_assert_msg(strstr(e.message, refused[i].message) != NULL, "%s: %s", refused[i].body,
                      e.message);
        ck_assert_msg(strstr(e.hint, refused[i].hint) != NULL, "%s: %s", refused[i].body, e.hint);
        ck_assert_int_eq(predict(&p, ROW1, &out, &e), MLP_OK); /* nothing is left behind */
        ck_assert_str_eq(out.p, ONE);
    }
    p.ignore_extra = true;
    ck_assert_int_eq(predict(&p, "{\"z\":[{}],\"a\":0.25,\"b\":1,\"x\":null,\"c\":\"red\"}", &out,
                             &e), MLP_OK);
    ck_assert_str_eq(out.p, ONE);
    mlp_served_drop(p.served);
    mlp_buf_fini(&out);
}
END_TEST

START_TEST(long_lists_go_in_chunks)
{
    struct mlp_predict p = {.served = load(FIXTURES "stable.joblib", 1)};
    struct mlp_vec outcomes;
    struct mlp_buf body, out;
    struct mlp_err e;
    mlp_vec_init(&outcomes, sizeof(double));
    mlp_buf_init(&body, 1u << 24);
    mlp_buf_init(&out, 1u << 24);
    p.outcomes = &outcomes;
    mlp_buf_addc(&body, '[');
    for (int i = 0; i < 1000; i++)
        mlp_buf_adds(&body, i == 0 ? ROW1 : i % 3 == 2 ? "," ROW3 : ",[-1.5,2.25,\"bl\\u0075e\"]");
    mlp_buf_addc(&body, ']');
    ck_assert_int_eq(predict(&p, body.p, &out, &e), MLP_OK);
    size_t yes = 0, no = 0;
    for (const char *c = out.p; *c; c++) {
        yes += strncmp(c, "true", 4) == 0;
        no += strncmp(c, "false", 5) == 0;
    }
    ck_assert_uint_eq(yes, 333);
    ck_assert_uint_eq(no, 667);
    ck_assert_uint_eq(outcomes.n, 1000);
    const double *o = outcomes.p;
    ck_assert(mlp_predict_agree(o[0], o[1]) && !mlp_predict_agree(o[0], o[2]));
    ck_assert_uint_eq(p.served->tally[0].rows[MLP_ARM_STABLE], 1000);
    body.n--;
    mlp_buf_adds(&body, ",{\"a\":1}]");
    ck_assert_int_eq(predict(&p, body.p, &out, &e), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "row 1001: "));
    mlp_served_drop(p.served);
    mlp_vec_fini(&outcomes);
    mlp_buf_fini(&body);
    mlp_buf_fini(&out);
}
END_TEST

/* --- golden rows --- */

static const struct {
    const char *table, *message; /* NULL: it holds */
} golden[] = {
    {"a,b,c,prediction,probability_False,probability_True\n"
     "0.25,1,red,False,0.6323512787589871,0.3676487212410129\n3,0.5,violet,True,"
     "0.0003372370278240666,0.9996627629721759\n", NULL},
    {"c,b,a\nred,1,0.25\n", NULL},
    {"a,b,c,prediction\n0.25,1,red,True\n", "line 2: the prediction is not True"},
    {"a,b,c,probability_True\n0.25,1,red,0.3676487212410129\n3,0.5,red,0.5\n",
     "line 3: the probability of True"},
    {"a,b\n1,2\n", "\"c\""},
    {"a,b,c\nx,2,red\n", "\"x\""},
};

START_TEST(golden_rows_must_come_out_again)
{
    struct mlp_served *s = load(FIXTURES "stable.joblib", 1);
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct mlp_err e;
        uint64_t rows;
        mlp_err_init(&e);
        enum mlp_code code = mlp_golden_check(s, mlp_str_from(golden[i].table), &rows, &e);
        if (golden[i].message) {
            ck_assert_int_ne(code, MLP_OK);
            ck_assert_msg(strstr(e.message, golden[i].message) != NULL, "%s", e.message);
        } else {
            ck_assert_msg(code == MLP_OK, "%s", e.message);
            ck_assert_uint_ge(rows, 1);
        }
    }
    mlp_served_drop(s);
}
END_TEST

START_TEST(a_model_file_must_be_what_was_asked_for)
{
    struct mlp_err e;
    struct mlp_served *s;
    mlp_err_init(&e);
    struct mlp_origin from = {.path = FIXTURES "stable.joblib",
                              .digest = MLP_STR("sha256:00000000000000000000000000000000"
                                                "00000000000000000000000000000000")};
    ck_assert_int_eq(mlp_served_load(&from, 1, &s, &e), MLP_ETRUST);
    ck_assert_ptr_null(s);
    mlp_err_init(&e);
    from = (struct mlp_origin){.path = "/nonexistent.mlp"};
    ck_assert_int_eq(mlp_served_load(&from, 1, &s, &e), MLP_ENOTFOUND);
    mlp_err_init(&e);
    from = (struct mlp_origin){.path = FIXTURES "make.py"};
    ck_assert_int_eq(mlp_served_load(&from, 1, &s, &e), MLP_EINPUT);
}
END_TEST

/* --- sets --- */

START_TEST(arms_get_their_shares)
{
    const struct mlp_lanes r = {.n = 3, .lane = {{.role = MLP_ARM_STABLE, .weight = 93},
                                                 {.role = MLP_ARM_SHADOW},
                                                 {.role = MLP_ARM_CANARY, .weight = 7}}};
    unsigned canary = 0, longest = 0, run = 0, sticky = 0;
    for (uint64_t turn = 1000; turn < 1100; turn++) {
        bool hit = mlp_lanes_pick(&r, (struct mlp_str){0}, turn)->role == MLP_ARM_CANARY;
        canary += hit;
        run = hit ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    ck_assert_uint_eq(canary, 7);
    ck_assert_uint_le(longest, 2);
    for (int i = 0; i < 20000; i++) {
        char key[32];
        struct mlp_str k = {key, (size_t)snprintf(key, sizeof key, "customer-%d", i)};
        const struct mlp_lane *lane = mlp_lanes_pick(&r, k, 0);
        ck_assert_ptr_eq(lane, mlp_lanes_pick(&r, k, 17));
        sticky += lane->role == MLP_ARM_CANARY;
    }
    ck_assert_uint_ge(sticky, 1200); /* 1,400 expected, sd 36 */
    ck_assert_uint_le(sticky, 1600);
}
END_TEST

/* A set without models, whose route's name tells which it is. */
static struct mlp_set *numbered_set(unsigned n)
{
    struct mlp_set *s = calloc(1, sizeof *s);
    s->routes = calloc(1, sizeof *s->routes);
    s->nroutes = 1;
    snprintf(s->routes[0].name, sizeof s->routes[0].name, "%u %u", n, n);
    return s;
}

struct reader {
    struct mlp_sets *sets;
    unsigned thread;
    atomic_bool *stop;
    unsigned torn, seen;
};

static void read_on(void *ctx)
{
    struct reader *r = ctx;
    while (!atomic_load(r->stop)) {
        const struct mlp_set *s = mlp_sets_enter(r->sets, r->thread);
        const char *name = s->routes[0].name, *second = strchr(name, ' ') + 1;
        r->torn += strncmp(name, second, strlen(second)) != 0;
        r->seen++;
        mlp_sets_leave(r->sets, r->thread);
    }
}

START_TEST(sets_are_swapped_under_readers)
{
    struct mlp_err e;
    struct mlp_sets *sets;
    struct mlp_thread *threads[2];
    atomic_bool done = false;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_sets_new(2, &sets, &e), MLP_OK);
    ck_assert_ptr_null(mlp_sets_enter(sets, 0));
    mlp_sets_leave(sets, 0);
    mlp_sets_swap(sets, numbered_set(0));
    struct reader readers[2] = {{sets, 0, &done, 0, 0}, {sets, 1, &done, 0, 0}};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(mlp_thread_start(&threads[i], read_on, &readers[i], &e), MLP_OK);
    for (unsigned i = 1; i < 2000; i++)
        mlp_sets_swap(sets, numbered_set(i));
    atomic_store(&done, true);
    for (int i = 0; i < 2; i++) {
        mlp_thread_join(threads[i]);
        ck_assert_uint_eq(readers[i].torn, 0);
    }
    mlp_sets_free(sets);
}
END_TEST

/* --- the prediction log --- */

static size_t lines_of(const char *path)
{
    struct mlp_buf b;
    size_t n = 0;
    mlp_buf_init(&b, 1u << 26);
    ck_assert_int_eq(mlp_file_read(path, &b, NULL), MLP_OK);
    for (size_t i = 0; i < b.n; i++)
        n += b.p[i] == '\n';
    mlp_buf_fini(&b);
    return n;
}

static enum mlp_code open_log(const char *path, unsigned threads, struct mlp_predlog **p,
                              struct mlp_err *e)
{
    const struct mlp_predlog_config config = {path, 0, 0};
    return mlp_predlog_open(&config, threads, NULL, p, e);
}

START_TEST(log_lines_are_written_or_counted)
{
    struct mlp_err e;
    struct mlp_predlog *p;
    const char *path = in_folder("log.ndjson"), *old = in_folder("old.ndjson");
    uint64_t written, dropped;
    mlp_err_init(&e);
    ck_assert_int_eq(open_log(path, 2, &p, &e), MLP_OK);
    char line[1000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (unsigned i = 0; i < 20000; i++) /* 20 MB as fast as can be: the rings hold 4 MB each */
        mlp_predlog_add(p, i % 2, (struct mlp_str){line, sizeof line}, 1);
    mlp_os_sleep_ms(200);
    mlp_predlog_counts(p, &written, &dropped);
    ck_assert_uint_eq(written + dropped, 20000);
    ck_assert_uint_ge(written, 8000);
    ck_assert_uint_eq(lines_of(path), written);
    ck_assert_int_eq(mlp_os_rename(path, old, &e), MLP_OK);
    mlp_predlog_reopen(p);
    mlp_predlog_add(p, 0, MLP_STR("a\nb\n"), 2);
    mlp_predlog_close(p);
    ck_assert_uint_eq(lines_of(path), 2);
    ck_assert_uint_eq(lines_of(old), written);
}
END_TEST

START_TEST(a_full_disk_costs_lines_not_answers)
{
    struct mlp_err e;
    struct mlp_predlog *p;
    uint64_t written, dropped;
    mlp_err_init(&e);
    ck_assert_int_eq(open_log("/dev/full", 1, &p, &e), MLP_OK);
    mlp_predlog_add(p, 0, MLP_STR("a\nb\n"), 2);
    for (int i = 0; i < 200; i++) {
        mlp_os_sleep_ms(5);
        mlp_predlog_counts(p, &written, &dropped);
        if (dropped)
            break;
    }
    ck_assert_uint_eq(written, 0);
    ck_assert_uint_eq(dropped, 2);
    mlp_predlog_close(p);
    ck_assert_int_ne(open_log("/nonexistent/log", 1, &p, &e), MLP_OK);
    ck_assert_ptr_null(p);
}
END_TEST

/* --- the server --- */

struct server {
    struct mlp_serve *serve;
    struct mlp_thread *thread;
    struct mlp_err err;
    int fd;
};

static void run(void *ctx)
{
    struct server *s = ctx;
    mlp_serve_run(s->serve, &s->err);
}

static int dial(const struct server *s)
{
    const char *colon = strrchr(mlp_serve_address(s->serve), ':');
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void start(struct server *s, struct mlp_serve_config config)
{
    *s = (struct server){0};
    config.address = "127.0.0.1:0";
    config.threads = config.threads ? config.threads : 1;
    ck_assert_msg(mlp_serve_new(&config, &s->serve, &s->err) == MLP_OK, "%s", s->err.message);
    ck_assert_int_eq(mlp_thread_start(&s->thread, run, s, &s->err), MLP_OK);
    s->fd = dial(s);
}

static void stop(struct server *s)
{
    close(s->fd);
    mlp_serve_stop(s->serve);
    mlp_thread_join(s->thread);
    mlp_serve_free(s->serve);
}

/* Sends one request over the kept connection and returns the whole answer. */
static const char *ask(struct server *s, const char *head, const char *body)
{
    static char text[262144];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "%s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s", head,
                                strlen(body), body);
    ck_assert_int_eq(send(s->fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
    size_t have = 0, want = SIZE_MAX;
    while (have < want) {
        struct pollfd poll_fd = {.fd = s->fd, .events = POLLIN};
        ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
        ssize_t got = recv(s->fd, text + have, sizeof text - 1 - have, 0);
        ck_assert_int_gt(got, 0);
        have += (size_t)got;
        text[have] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end && length)
            want = (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10);
    }
    return text;
}

#define HAS(text, part) \
    ck_assert_msg(strstr(text, part) != NULL, "%.600s lacks %s", text, part)

START_TEST(routes_answer_and_refuse)
{
    struct server s;
    start(&s, (struct mlp_serve_config){.model = FIXTURES "stable.joblib", .threads = 2});
    HAS(ask(&s, "POST /predict", ROW1), "\r\n\r\n" ONE);
    HAS(ask(&s, "POST /predict/stable", ROW1), "\r\n\r\n" ONE);
    HAS(ask(&s, "POST /predict?x&probabilities=true", "[" ROW1 "]"), "\"probabilities\":[" P1 "]");
    const char *text = ask(&s, "POST /predict", "{\"a\":1,\n\"b\"}");
    HAS(text, "HTTP/1.1 400 ");
    HAS(text, "{\"error\":\"line 2, column ");
    text = ask(&s, "POST /predict/other", ROW1);
    HAS(text, "HTTP/1.1 404 ");
    HAS(text, "\"hint\":\"routes: /predict/stable\"");
    text = ask(&s, "PUT /predict", ROW1);
    HAS(text, "HTTP/1.1 405 ");
    HAS(text, "Allow: POST\r\n");
    HAS(ask(&s, "GET /nowhere", ""), "HTTP/1.1 404 ");
    HAS(ask(&s, "GET /predict/", ""), "HTTP/1.1 404 ");
    HAS(ask(&s, "GET /healthz", ""), "{\"status\":\"alive\"}");
    HAS(ask(&s, "GET /readyz", ""), "{\"ready\":true}");
    HAS(ask(&s, "GET /model", ""), "\"signature\":{\"inputs\":[{\"name\":\"a\"");
    HAS(ask(&s, "GET /", ""), "\"route\":\"stable\"");
    HAS(ask(&s, "GET /model/x", ""), "HTTP/1.1 404 ");
    text = ask(&s, "GET /metrics", "");
    HAS(text, "mlp_requests_total{route=\"/predict\",code=\"200\"} 3\n");
    HAS(text, "mlp_requests_total{route=\"/predict\",code=\"400\"} 1\n");
    HAS(text, "mlp_request_duration_seconds_count 6\n");
    HAS(text, "mlp_predictions_total{route=\"stable\",arm=\"stable\",model=\"stable\"");
    stop(&s);
}
END_TEST

#define TARGETS "version: 1\nroutes:\n  - name: r\n    targets:\n"
#define PATH_OF(name) FIXTURES name ".joblib"

/* A deployment over the fixtures, whose paths are made absolute. */
static const char *deploy(const char *canary, const char *shadow)
{
    char here[2048], text[8192];
    const char *path = in_folder("deployment.yaml");
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    int n = snprintf(text, sizeof text,
                     TARGETS "      - {role: stable, path: \"%s/%s\", weight: %d}\n", here,
                     PATH_OF("stable"), canary ? 75 : 100);
    if (canary)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "      - {role: canary, path: \"%s/%s\", weight: 25}\n", here, canary);
    if (shadow)
        snprintf(text + n, sizeof text - (size_t)n, "      - {role: shadow, path: \"%s/%s\"}\n",
                 here, shadow);
    write_file(path, text);
    return path;
}

START_TEST(canary_and_shadow_do_their_part)
{
    struct server s;
    const char *log = in_folder("p.ndjson");
    start(&s, (struct mlp_serve_config){.deployment = deploy(PATH_OF("canary"), PATH_OF("canary")),
                                        .log_path = log});
    unsigned canary = 0;
    for (int i = 0; i < 100; i++) {
        const char *text = ask(&s, "POST /predict", ROW1);
        bool is_canary = strstr(text, "X-Mlp-Arm: canary\r\n") != NULL;
        HAS(text, is_canary ? "\"prediction\":true" : "\"prediction\":false");
        canary += is_canary;
    }
    ck_assert_uint_eq(canary, 25);
    HAS(ask(&s, "POST /predict", "{\"a\":1}"), "HTTP/1.1 400 ");
    HAS(ask(&s, "POST /predict", "[" ROW1 "," ROW2 "]"), "X-Request-Id: ");
    const char *text = ask(&s, "GET /metrics", "");
    HAS(text, "outcome=\"same\"} 2"); /* 25, and the list's rows if the canary answered them */
    HAS(text, "outcome=\"different\"} 7");
    HAS(text, "outcome=\"failed\"} 0\n");
    HAS(text, "mlp_shadow_dropped_total 0\n");
    stop(&s);
    ck_assert_uint_eq(lines_of(log), 204);
}
END_TEST

static bool reload(struct server *s, enum mlp_code want)
{
    struct mlp_err e;
    bool changed;
    mlp_err_init(&e);
    ck_assert_msg(mlp_serve_reload(s->serve, &changed, &e) == want, "%s", e.message);
    return changed;
}

START_TEST(a_refused_set_leaves_the_old_one)
{
    struct server s = {0};
    struct mlp_serve_config config = {.address = "127.0.0.1:0", .threads = 1,
                                      .deployment = deploy(NULL, NULL)};
    ck_assert_int_eq(mlp_serve_new(&config, &s.serve, &s.err), MLP_OK);
    ck_assert(!reload(&s, MLP_OK));
    const struct mlp_served *stable = mlp_sets_now(s.serve->sets)->routes[0].lane[0].served;
    deploy(PATH_OF("canary"), NULL);
    ck_assert(reload(&s, MLP_OK));
    const struct mlp_set *set = mlp_sets_now(s.serve->sets);
    ck_assert_uint_eq(set->routes[0].n, 2);
    deploy(FIXTURES "nothing", NULL);
    ck_assert(!reload(&s, MLP_ENOTFOUND));
    deploy(FIXTURES "make.py", NULL);
    ck_assert(!reload(&s, MLP_EINPUT));
    write_file(config.deployment, "version: 1\n");
    ck_assert(!reload(&s, MLP_EINPUT));
    ck_assert_ptr_eq(mlp_sets_now(s.serve->sets), set);
    ck_assert_uint_eq(s.serve->refusals, 3);
    ck_assert_uint_eq(s.serve->reloads, 1);
    ck_assert_ptr_nonnull(stable);
    mlp_serve_free(s.serve);
}
END_TEST

START_TEST(what_cannot_be_served_is_told_at_the_start)
{
    static const struct {
        struct mlp_serve_config config;
        enum mlp_code code;
    } cases[] = {
        {{.model = "/nonexistent.joblib"}, MLP_ENOTFOUND},
        {{.model = FIXTURES "make.py"}, MLP_EINPUT},
        {{.model = "x@y", .registry = "/nonexistent"}, MLP_ENOTFOUND},
        {{.deployment = "/nonexistent.yaml"}, MLP_ENOTFOUND},
        {{.model = PATH_OF("stable"), .log_path = "/nonexistent/log"}, MLP_ENOTFOUND},
        {{.model = PATH_OF("stable"), .address = "nowhere"}, MLP_EUSAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mlp_serve_config config = cases[i].config;
        struct mlp_serve *s;
        struct mlp_err e;
        mlp_err_init(&e);
        config.address = config.address ? config.address : "127.0.0.1:0";
        config.threads = 1;
        ck_assert_msg(mlp_serve_new(&config, &s, &e) == cases[i].code, "%zu: %d %s", i, e.code,
                      e.message);
        ck_assert_ptr_null(s);
    }
}
END_TEST

Suite *suite_serve(void);
Suite *suite_serve(void)
{
    Suite *suite = suite_create("serve");
    TCase *bodies = tcase_create("bodies");
    tcase_add_test(bodies, bodies_are_answered_as_scikit_learn_does);
    tcase_add_test(bodies, bodies_are_refused_with_the_feature_named);
    tcase_add_test(bodies, long_lists_go_in_chunks);
    tcase_add_test(bodies, golden_rows_must_come_out_again);
    tcase_add_test(bodies, a_model_file_must_be_what_was_asked_for);
    suite_add_tcase(suite, bodies);
    TCase *server = tcase_create("server");
    tcase_set_timeout(server, 30);
    tcase_add_checked_fixture(server, make_folder, remove_folder);
    tcase_add_test(server, arms_get_their_shares);
    tcase_add_test(server, sets_are_swapped_under_readers);
    tcase_add_test(server, log_lines_are_written_or_counted);
    tcase_add_test(server, a_full_disk_costs_lines_not_answers);
    tcase_add_test(server, routes_answer_and_refuse);
    tcase_add_test(server, canary_and_shadow_do_their_part);
    tcase_add_test(server, a_refused_set_leaves_the_old_one);
    tcase_add_test(server, what_cannot_be_served_is_told_at_the_start);
    suite_add_tcase(suite, server);
    return suite;
}
