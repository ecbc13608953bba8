#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGE_FROM ((size_t)8 << 20)

static const int open_flags[] = {
    [MLP_OPEN_READ] = O_RDONLY,
    [MLP_OPEN_APPEND] = O_RDWR | O_APPEND | O_CREAT,
    [MLP_OPEN_CREATE_NEW] = O_RDWR | O_CREAT | O_EXCL,
    [MLP_OPEN_DIR] = O_RDONLY | O_DIRECTORY,
    [MLP_OPEN_RDWR] = O_RDWR | O_CREAT,
};

enum mlp_code mlp_os_open(const char *path, enum mlp_open how, int *fd, struct mlp_err *e)
{
    do
        *fd = open(path, open_flags[how] | O_CLOEXEC, 0644);
    while (*fd < 0 && errno == EINTR);
    if (*fd >= 0)
        return MLP_OK;
    if (how == MLP_OPEN_CREATE_NEW && errno == EEXIST)
        return mlp_err_set(e, MLP_ENOTFOUND, "%s: already exists", path);
    return mlp_err_sys(e, errno, "cannot open %s", path);
}

enum mlp_code mlp_os_read(int fd, void *p, size_t n, size_t *got, struct mlp_err *e)
{
    ssize_t r;
    do
        r = read(fd, p, n);
    while (r < 0 && errno == EINTR);
    *got = r < 0 ? 0 : (size_t)r;
    return r < 0 ? mlp_err_sys(e, errno, "cannot read") : MLP_OK;
}

enum mlp_code mlp_os_pread(int fd, void *p, size_t n, uint64_t offset, size_t *got,
                           struct mlp_err *e)
{
    ssize_t r;
    do
        r = pread(fd, p, n, (off_t)offset);
    while (r < 0 && errno == EINTR);
    *got = r < 0 ? 0 : (size_t)r;
    return r < 0 ? mlp_err_sys(e, errno, "cannot read") : MLP_OK;
}

enum mlp_code mlp_os_write(int fd, const void *p, size_t n, struct mlp_err *e)
{
    const char *at = p;
    while (n) {
        ssize_t w = write(fd, at, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return mlp_err_sys(e, errno, "cannot write");
        at += w;
        n -= (size_t)w;
    }
    return MLP_OK;
}

enum mlp_code mlp_os_close(int fd, struct mlp_err *e)
{
    /* Linux closes the descriptor even when close says EINTR. */
    if (close(fd) == 0 || errno == EINTR)
        return MLP_OK;
    return mlp_err_sys(e, errno, "cannot close");
}

enum mlp_code mlp_os_fsync(int fd, struct mlp_err *e)
{
    int r;
    do
        r = fsync(fd);
    while (r < 0 && errno == EINTR);
    /* Pipes, terminals and some special files cannot be synced, and need not be. */
    if (r == 0 || errno == EINVAL || errno == EROFS)
        return MLP_OK;
    return mlp_err_sys(e, errno, "cannot sync to disk");
}

enum mlp_code mlp_os_truncate(int fd, uint64_t size, struct mlp_err *e)
{
    int r;
    do
        r = ftruncate(fd, (off_t)size);
    while (r < 0 && errno == EINTR);
    return r == 0 ? MLP_OK : mlp_err_sys(e, errno, "cannot truncate");
}

enum mlp_code mlp_os_rename(const char *from, const char *to, struct mlp_err *e)
{
    return rename(from, to) == 0 ? MLP_OK
                                 : mlp_err_sys(e, errno, "cannot rename %s to %s", from, to);
}

enum mlp_code mlp_os_link(const char *from, const char *to, struct mlp_err *e)
{
    return link(from, to) == 0 ? MLP_OK : mlp_err_sys(e, errno, "cannot link %s to %s", from, to);
}

enum mlp_code mlp_os_unlink(const char *path, struct mlp_err *e)
{
    return unlink(path) == 0 ? MLP_OK : mlp_err_sys(e, errno, "cannot remove %s", path);
}

enum mlp_code mlp_os_rmdir(const char *path, struct mlp_err *e)
{
    return rmdir(path) == 0 ? MLP_OK : mlp_err_sys(e, errno, "cannot remove folder %s", path);
}

enum mlp_code mlp_os_absolute(const char *path, char *out, size_t size, struct mlp_err *e)
{
    char here[4096] = "";
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return mlp_err_sys(e, errno, "cannot tell the current folder");
    int n = snprintf(out, size, "%s%s%s", here, here[0] ? "/" : "", path);
    return n > 0 && (size_t)n < size ? MLP_OK : mlp_err_set(e, MLP_EINPUT, "path is too long");
}

enum mlp_code mlp_os_mkdir(const char *path, struct mlp_err *e)
{
    struct stat st;
    if (mkdir(path, 0777) == 0)
        return MLP_OK;
    int number = errno;
    if (number == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return MLP_OK;
    return mlp_err_sys(e, number, "cannot make folder %s", path);
}

enum mlp_code mlp_os_mkdir_all(const char *path, struct mlp_err *e)
{
    char part[4096];
    if (!mlp_str_copy(mlp_str_from(path), part, sizeof part))
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", path);
    for (char *slash = part + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        enum mlp_code code = mlp_os_mkdir(part, e);
        if (code != MLP_OK)
            return code;
        *slash = '/';
    }
    return mlp_os_mkdir(part, e);
}

enum mlp_code mlp_os_fsync_parent(const char *path, struct mlp_err *e)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (!mlp_str_copy(n ? (struct mlp_str){path, n} : MLP_STR("."), dir, sizeof dir))
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", path);
    int fd;
    enum mlp_code code = mlp_os_open(dir, MLP_OPEN_DIR, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_os_fsync(fd, e);
    mlp_os_close(fd, NULL);
    return code;
}

static void fill_stat(struct mlp_stat *out, const struct stat *st)
{
    *out = (struct mlp_stat){
        .exists = true,
        .is_dir = S_ISDIR(st->st_mode),
        .is_file = S_ISREG(st->st_mode),
        .is_symlink = S_ISLNK(st->st_mode),
        .size = (uint64_t)st->st_size,
        .mtime_s = st->st_mtim.tv_sec,
        .mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
        .inode = st->st_ino,
        .mode = st->st_mode & 07777,
    };
}

enum mlp_code mlp_os_stat(const char *path, bool nofollow, struct mlp_stat *out, struct mlp_err *e)
{
    struct stat st;
    *out = (struct mlp_stat){0};
    if ((nofollow ? lstat(path, &st) : stat(path, &st)) == 0) {
        fill_stat(out, &st);
        return MLP_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR)
        return MLP_OK;
    return mlp_err_sys(e, errno, "cannot look at %s", path);
}

enum mlp_code mlp_os_fstat(int fd, struct mlp_stat *out, struct mlp_err *e)
{
    struct stat st;
    *out = (struct mlp_stat){0};
    if (fstat(fd, &st) != 0)
        return mlp_err_sys(e, errno, "cannot look at the open file");
    fill_stat(out, &st);
    out->is_tty = isatty(fd) == 1;
    return MLP_OK;
}

enum mlp_code mlp_os_chmod(const char *path, uint32_t mode, struct mlp_err *e)
{
    return chmod(path, (mode_t)mode) == 0
               ? MLP_OK
               : mlp_err_sys(e, errno, "cannot change the mode of %s", path);
}

void mlp_os_list_free(struct mlp_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct mlp_list){0};
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends a copy of name; *cap is the room in list->names. */
static bool list_push(struct mlp_list *list, size_t *cap, const char *name)
{
    if (list->n == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        char **names = realloc(list->names, more * sizeof *names);
        if (!names)
            return false;
        list->names = names;
        *cap = more;
    }
    char *copy = strdup(name);
    if (copy)
        list->names[list->n++] = copy;
    return copy != NULL;
}

enum mlp_code mlp_os_list(const char *path, struct mlp_list *list, struct mlp_err *e)
{
    *list = (struct mlp_list){0};
    DIR *dir = opendir(path);
    if (!dir)
        return mlp_err_sys(e, errno, "cannot list %s", path);
    enum mlp_code code = MLP_OK;
    size_t cap = 0;
    struct dirent *entry;
    while (code == MLP_OK && (errno = 0, entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!list_push(list, &cap, entry->d_name))
            code = mlp_err_nomem(e);
    }
    if (code == MLP_OK && errno != 0)
        code = mlp_err_sys(e, errno, "cannot list %s", path);
    closedir(dir);
    if (code != MLP_OK)
        mlp_os_list_free(list);
    else if (list->n)
        qsort(list->names, list->n, sizeof *list->names, by_bytes);
    return code;
}

enum mlp_code mlp_os_lock(int fd, unsigned timeout_ms, struct mlp_err *e)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    uint64_t end = mlp_os_monotonic_ns() + (uint64_t)timeout_ms * 1000000u;
    unsigned wait = 1;
    /* Polling with a short, growing pause: F_SETLKW has no time-out without signals. */
    while (fcntl(fd, F_SETLK, &lock) != 0) {
        if (errno != EACCES && errno != EAGAIN && errno != EINTR)
            return mlp_err_sys(e, errno, "cannot lock");
        if (mlp_os_monotonic_ns() >= end) {
            struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
            long pid = fcntl(fd, F_GETLK, &holder) == 0 ? (long)holder.l_pid : 0;
            mlp_err_set(e, MLP_ENOTFOUND, "locked by process %ld", pid);
            return mlp_err_hint(e, "wait until that process ends, then try again");
        }
        mlp_os_sleep_ms(wait);
        wait = wait < 4 ? wait + 1 : 4;
    }
    return MLP_OK;
}

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t mlp_os_now_ns(void)
{
    return (int64_t)clock_ns(CLOCK_REALTIME);
}

uint64_t mlp_os_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t mlp_os_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t mlp_os_peak_rss(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

enum mlp_code mlp_os_random(void *p, size_t n, struct mlp_err *e)
{
    char *at = p;
    while (n) {
        ssize_t r = getrandom(at, n, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return mlp_err_sys(e, errno, "cannot get random bytes");
        at += r;
        n -= (size_t)r;
    }
    return MLP_OK;
}

const char *mlp_os_env(const char *name)
{
    return getenv(name);
}

void mlp_os_user(char *out, size_t size)
{
    const char *name = getenv("USER");
    if (!name || !name[0])
        name = getenv("LOGNAME");
    /* Not getpwuid: it loads plug-ins, and aborts when memory is short. */
    if (name && name[0])
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "uid%u", (unsigned)geteuid());
}

void mlp_os_host(char *out, size_t size)
{
    if (gethostname(out, size) != 0)
        snprintf(out, size, "unknown");
    out[size - 1] = '\0';
}

void mlp_os_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* a refusal leaves what there was */
}

unsigned mlp_os_cpus(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

int64_t mlp_os_pid(void)
{
    return getpid();
}

bool mlp_os_isatty(int fd)
{
    return isatty(fd) == 1;
}

void mlp_os_sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

void mlp_os_sleep_until(uint64_t monotonic_ns)
{
    struct timespec at = {.tv_sec = (time_t)(monotonic_ns / 1000000000),
                          .tv_nsec = (long)(monotonic_ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

void mlp_os_hold_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            /* The lowest free number is fd; opened the wrong way round for its use. */
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

void mlp_os_ignore_sigpipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

/* Sleeps until the child ends, ms at most; without pidfd_open(2) (Linux 5.3) for all of them. */
static void wait_once(int pidfd, unsigned ms)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    if (pidfd < 0)
        mlp_os_sleep_ms(ms);
    else
        poll(&end, 1, (int)ms);
}

/* Waits for the child in short steps, so that a time-out needs no signal handler. */
static bool wait_child(pid_t pid, int pidfd, unsigned timeout_ms, int *raw)
{
    uint64_t end = mlp_os_monotonic_ns() + (uint64_t)timeout_ms * 1000000u;
    for (unsigned wait = 1;; wait = wait < 20 ? wait + 1 : 20) {
        pid_t r = waitpid(pid, raw, WNOHANG);
        if (r == pid)
            return true;
        if (r < 0 && errno != EINTR)
            return false;
        if (mlp_os_monotonic_ns() >= end) {
            kill(pid, SIGKILL);
            waitpid(pid, raw, 0);
            return false;
        }
        wait_once(pidfd, wait);
    }
}

void *mlp_os_shared_new(size_t n, struct mlp_err *e)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED)
        return p;
    mlp_err_nomem(e);
    return NULL;
}

void mlp_os_shared_free(void *p, size_t n)
{
    if (p)
        munmap(p, n);
}

/* Kernels before 5.9 lack the call; their descriptors stay, as they did before. */
void mlp_os_close_from(int first)
{
    syscall(SYS_close_range, (unsigned)first, ~0u, 0u);
}

enum mlp_code mlp_os_fork_start(int (*fn)(void *ctx), void *ctx, int64_t *pid, struct mlp_err *e)
{
    pid_t child = fork();
    if (child == 0)
        _exit(fn(ctx));
    *pid = child;
    return child < 0 ? mlp_err_sys(e, errno, "cannot start a process") : MLP_OK;
}

enum mlp_code mlp_os_fork_wait(int64_t pid, unsigned timeout_ms, int *status, struct mlp_err *e)
{
    int raw = 0, pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    bool ended = wait_child((pid_t)pid, pidfd, timeout_ms, &raw);
    if (pidfd >= 0)
        close(pidfd);
    if (!ended)
        return mlp_err_set(e, MLP_EREMOTE, "the child process did not end within %u ms",
                           timeout_ms);
    *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return MLP_OK;
}

enum mlp_code mlp_os_fork_run(int (*fn)(void *ctx), void *ctx, unsigned timeout_ms, int *status,
                              struct mlp_err *e)
{
    int64_t pid = 0;
    enum mlp_code code = mlp_os_fork_start(fn, ctx, &pid, e);
    return code ? code : mlp_os_fork_wait(pid, timeout_ms, status, e);
}

/* Only whole pages of the range: what lies beside them is somebody else's. */
void mlp_os_large_pages(void *p, size_t n)
{
    const uintptr_t page = 4096, at = (uintptr_t)p;
    uintptr_t start = (at + page - 1) & ~(page - 1), end = (at + n) & ~(page - 1);
    if (n >= LARGE_FROM && end > start)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
}
