/* The log: reading with its chain checked, and appending under the lock. */
#include "registry/internal.h"

#include "base/file.h"
#include "base/time.h"
#include "text/json.h"

#define LOCK_WAIT_MS 30000
#define LINE_MAX_BYTES ((size_t)1 << 20)

enum mlp_code mlp_registry_file(const struct mlp_registry *r, const char *name, char *out,
                                size_t size, struct mlp_err *e)
{
    int n = snprintf(out, size, "%s/%s", r->dir, name);
    return n > 0 && (size_t)n < size ? MLP_OK
                                     : mlp_err_set(e, MLP_EINPUT, "registry path is too long");
}

/* ---- lines */

static const char hash_key[] = ",\"hash\":\"";
#define HASH_SUFFIX (sizeof hash_key - 1 + MLP_HASH_HEX + 2) /* with the closing quote and brace */

static void hash_of_body(struct mlp_registry *r, struct mlp_str body, char hex[MLP_HASH_HEX + 1])
{
    uint8_t digest[MLP_SHA256_BYTES];
    char text[MLP_DIGEST_TEXT];
    mlp_sha256_add(r->sha, body.p, body.n);
    mlp_sha256_add(r->sha, "}", 1);
    mlp_sha256_finish(r->sha, digest);
    mlp_digest_text(digest, text);
    memcpy(hex, text + strlen("sha256:"), MLP_HASH_HEX + 1);
}

/* True when the line ends in the hash of what stands before it. */
static bool hash_holds(struct mlp_registry *r, struct mlp_str line, char hex[MLP_HASH_HEX + 1])
{
    if (line.n < HASH_SUFFIX)
        return false;
    struct mlp_str body = {line.p, line.n - HASH_SUFFIX};
    const char *tail = body.p + body.n;
    if (memcmp(tail, hash_key, sizeof hash_key - 1) != 0 || memcmp(line.p + line.n - 2, "\"}", 2))
        return false;
    hash_of_body(r, body, hex);
    return memcmp(tail + sizeof hash_key - 1, hex, MLP_HASH_HEX) == 0;
}

/* Takes a member of the line into the event. */
static void take_member(struct mlp_registry *r, struct mlp_event *v, struct mlp_str key,
                        const struct mlp_json_token *t, struct mlp_str *prev)
{
    static const char *const names[] = {"time", "actor", "type", "model", "digest", "prev"};
    struct mlp_str *const to[] = {&v->time, &v->actor, &v->type, &v->model, &v->digest, prev};
    if (t->type == MLP_JSON_NUMBER && mlp_str_is(key, "seq"))
        mlp_str_u64(t->raw, &v->seq);
    else if (t->type == MLP_JSON_NUMBER && mlp_str_is(key, "version"))
        mlp_str_u64(t->raw, &v->version);
    for (size_t i = 0; t->type == MLP_JSON_STRING && i < sizeof names / sizeof *names; i++) {
        if (!mlp_str_is(key, names[i]))
            continue;
        *to[i] = t->raw;
        if (t->escaped) {
            struct mlp_buf b;
            mlp_buf_init(&b, LINE_MAX_BYTES);
            mlp_json_unescape(t->raw, &b);
            *to[i] = mlp_arena_str(&r->arena, mlp_buf_str(&b));
            mlp_buf_fini(&b);
        }
    }
}

static enum mlp_code parse_line(struct mlp_registry *r, struct mlp_event *v, struct mlp_str *prev,
                                struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token t, key = {0};
    mlp_json_init(&j, v->line, 32);
    enum mlp_code code = mlp_json_next(&j, &t, e);
    while (code == MLP_OK && (code = mlp_json_next(&j, &t, e)) == MLP_OK) {
        if (t.type == MLP_JSON_END || t.type == MLP_JSON_OBJECT_END)
            break;
        key = t;
        code = mlp_json_next(&j, &t, e);
        if (code == MLP_OK)
            take_member(r, v, key.raw, &t, prev);
        if (code == MLP_OK)
            code = mlp_json_skip(&j, &t, e);
    }
    return code;
}

/* Checks one line against the chain and applies it. */
static enum mlp_code take_line(struct mlp_registry *r, struct mlp_str line, struct mlp_err *e)
{
    char hex[MLP_HASH_HEX + 1];
    struct mlp_event v = {.line = line};
    struct mlp_str prev = {NULL, 0};
    if (!hash_holds(r, line, hex)) {
        mlp_err_set(e, MLP_ETRUST, "the line's hash does not hold: the log was changed");
        return mlp_err_hint(e, "restore log.ndjson from a copy; its events before this one hold");
    }
    enum mlp_code code = parse_line(r, &v, &prev, e);
    if (code != MLP_OK)
        return code;
    if (v.seq != r->events.n + 1 || !mlp_str_is(prev, r->head))
        return mlp_err_set(e, MLP_ETRUST, "the line does not follow the one before it");
    code = mlp_state_apply(r, &v, e);
    struct mlp_event *kept = code == MLP_OK ? mlp_vec_push(&r->events) : NULL;
    if (!kept)
        return code == MLP_OK ? mlp_err_nomem(e) : code;
    *kept = v;
    memcpy(r->head, hex, sizeof hex);
    r->log_bytes += line.n + 1;
    return MLP_OK;
}

/* Bytes after the last line feed: a write that was cut, unless they are a whole line whose line
 * feed was changed. */
static enum mlp_code take_tail(struct mlp_registry *r, struct mlp_str tail, struct mlp_err *e)
{
    char hex[MLP_HASH_HEX + 1];
    r->torn = tail.n > 0;
    if (tail.n > 1 && hash_holds(r, (struct mlp_str){tail.p, tail.n - 1}, hex))
        return mlp_err_set(e, MLP_ETRUST, "the log's last line feed was changed");
    return MLP_OK;
}

static enum mlp_code read_new_bytes(struct mlp_registry *r, struct mlp_str *bytes,
                                    struct mlp_err *e)
{
    char path[4200];
    struct mlp_stat st;
    int fd;
    *bytes = (struct mlp_str){NULL, 0};
    enum mlp_code code = mlp_registry_file(r, "log.ndjson", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_open(path, MLP_OPEN_READ, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_os_fstat(fd, &st, e);
    if (code == MLP_OK && st.size < r->log_bytes)
        code = mlp_err_set(e, MLP_ETRUST, "the log is shorter than it was");
    size_t want = code == MLP_OK ? (size_t)(st.size - r->log_bytes) : 0;
    char *p = want ? mlp_arena_array(&r->arena, want, 1) : NULL;
    if (want && !p)
        code = mlp_err_nomem(e);
    while (code == MLP_OK && bytes->n < want) {
        size_t got = 0;
        code = mlp_os_pread(fd, p + bytes->n, want - bytes->n, r->log_bytes + bytes->n, &got, e);
        if (got == 0)
            break;
        bytes->n += got;
    }
    bytes->p = p;
    mlp_os_close(fd, NULL);
    return code;
}

enum mlp_code mlp_log_replay(struct mlp_registry *r, struct mlp_err *e)
{
    struct mlp_str bytes;
    enum mlp_code code = read_new_bytes(r, &bytes, e);
    while (code == MLP_OK && bytes.n) {
        size_t n = mlp_str_find(bytes, '\n');
        if (n == bytes.n)
            break;
        code = take_line(r, (struct mlp_str){bytes.p, n}, e);
        bytes = (struct mlp_str){bytes.p + n + 1, bytes.n - n - 1};
    }
    if (code == MLP_OK)
        code = take_tail(r, bytes, e);
    if (code != MLP_OK) {
        char path[4200];
        if (mlp_registry_file(r, "log.ndjson", path, sizeof path, NULL) == MLP_OK)
            mlp_err_at(e, path, r->events.n + 1, 0);
    }
    return code;
}

/* ---- writing */

enum mlp_code mlp_log_begin(struct mlp_registry *r, struct mlp_err *e)
{
    char path[4200];
    enum mlp_code code = mlp_registry_file(r, "lock", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_open(path, MLP_OPEN_RDWR, &r->lock_fd, e);
    if (code == MLP_OK)
        code = mlp_os_lock(r->lock_fd, LOCK_WAIT_MS, e);
    if (code == MLP_OK)
        code = mlp_log_replay(r, e);
    if (code == MLP_OK)
        code = mlp_registry_file(r, "log.ndjson", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_open(path, MLP_OPEN_APPEND, &r->log_fd, e);
    if (code == MLP_OK && r->torn)
        code = mlp_os_truncate(r->log_fd, r->log_bytes, e);
    if (code == MLP_OK)
        r->torn = false;
    return code;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        mlp_os_close(*fd, NULL);
    *fd = -1;
}

void mlp_log_end(struct mlp_registry *r)
{
    /* A stale index is repaired by whoever comes next, so its failure does not undo an event. */
    if (r->log_fd >= 0 && mlp_index_look(r) != MLP_INDEX_CURRENT)
        mlp_index_write(r, NULL);
    close_fd(&r->log_fd);
    close_fd(&r->lock_fd);
}

static void add_text_member(struct mlp_buf *b, const char *name, struct mlp_str value)
{
    mlp_buf_addf(b, ",\"%s\":", name);
    mlp_buf_addquoted(b, value);
}

static enum mlp_code make_line(struct mlp_registry *r, const struct mlp_log_entry *entry,
                               struct mlp_buf *b, struct mlp_err *e)
{
    char time[32], hex[MLP_HASH_HEX + 1];
    int64_t now;
    enum mlp_code code = mlp_time_epoch(mlp_os_now_ns() / 1000000000, &now, e);
    if (code != MLP_OK)
        return code;
    mlp_time_format(now, time);
    mlp_buf_addf(b, "{\"seq\":%zu", r->events.n + 1);
    add_text_member(b, "time", mlp_str_from(time));
    add_text_member(b, "actor", mlp_str_from(r->actor));
    add_text_member(b, "type", mlp_str_from(entry->type));
    if (entry->model.n)
        add_text_member(b, "model", entry->model);
    if (entry->version)
        mlp_buf_addf(b, ",\"version\":%llu", (unsigned long long)entry->version);
    if (entry->digest.n)
        add_text_member(b, "digest", entry->digest);
    if (entry->members.n) {
        mlp_buf_addc(b, ',');
        mlp_buf_addstr(b, entry->members);
    }
    add_text_member(b, "prev", mlp_str_from(r->head));
    hash_of_body(r, mlp_buf_str(b), hex);
    mlp_buf_addf(b, "%s%s\"}\n", hash_key, hex);
    return mlp_buf_check(b, e);
}

enum mlp_code mlp_log_append(struct mlp_registry *r, const struct mlp_log_entry *entry,
                             struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, LINE_MAX_BYTES);
    enum mlp_code code = make_line(r, entry, &b, e);
    struct mlp_str line = {NULL, 0};
    if (code == MLP_OK) {
        line = mlp_arena_str(&r->arena, (struct mlp_str){b.p, b.n - 1});
        if (!line.p)
            code = mlp_err_nomem(e);
    }
    if (code == MLP_OK) {
        code = mlp_os_write(r->log_fd, b.p, b.n, e);
        if (code == MLP_OK)
            code = mlp_os_fsync(r->log_fd, e);
        /* Not acknowledged, so it must not be found later either. */
        if (code != MLP_OK)
            mlp_os_truncate(r->log_fd, r->log_bytes, NULL);
    }
    if (code == MLP_OK)
        code = take_line(r, line, e);
    mlp_buf_fini(&b);
    return code;
}

struct mlp_str mlp_registry_member(struct mlp_registry *r, const struct mlp_event *event,
                                   const char *name)
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_str found = {NULL, 0};
    mlp_json_init(&j, event->line, 32);
    bool good = mlp_json_next(&j, &t, NULL) == MLP_OK;
    while (good && !found.p && mlp_json_next(&j, &t, NULL) == MLP_OK && t.type == MLP_JSON_KEY) {
        bool wanted = mlp_str_is(t.raw, name);
        good = mlp_json_next(&j, &t, NULL) == MLP_OK;
        if (good && wanted) {
            struct mlp_buf b;
            mlp_buf_init(&b, LINE_MAX_BYTES);
            mlp_json_unescape(t.raw, &b);
            found = t.escaped ? mlp_arena_str(&r->arena, mlp_buf_str(&b)) : t.raw;
            mlp_buf_fini(&b);
        } else if (good) {
            good = mlp_json_skip(&j, &t, NULL) == MLP_OK;
        }
    }
    return found;
}
