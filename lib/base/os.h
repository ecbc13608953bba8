/* os.h: the one seam between the suite and the operating system.
 *
 * Every file, clock, lock and process call goes through these few functions (sockets live in
 * libuv, in lib/http), so that tests can fail, reorder or drop each of them in one place. Names
 * follow POSIX; all retry on EINTR, none sets errno as an interface: they fill a struct mlp_err. */
#ifndef MLP_BASE_OS_H
#define MLP_BASE_OS_H

#include "base/err.h"
#include "base/str.h"

enum mlp_open { MLP_OPEN_READ, MLP_OPEN_APPEND, MLP_OPEN_CREATE_NEW, MLP_OPEN_DIR, MLP_OPEN_RDWR };

/* What mlp_os_stat tells. mtime is in seconds since 1970. */
struct mlp_stat {
    bool exists, is_dir, is_file, is_symlink, is_tty;
    uint64_t size;
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint64_t inode;
    uint32_t mode;
};

/* Opens with O_CLOEXEC; APPEND and RDWR create with mode 0644 less the umask, CREATE_NEW fails
 * when the file exists (MLP_ENOTFOUND: a conflict). The error names path. */
enum mlp_code mlp_os_open(const char *path, enum mlp_open how, int *fd, struct mlp_err *e);

/* Reads once; *got is 0 at the end of the file. */
enum mlp_code mlp_os_read(int fd, void *p, size_t n, size_t *got, struct mlp_err *e);

/* Reads once at a place, without moving the file's position. */
enum mlp_code mlp_os_pread(int fd, void *p, size_t n, uint64_t offset, size_t *got,
                           struct mlp_err *e);

/* Writes all n bytes or fails. A closed pipe is MLP_EIO with sys_errno EPIPE. */
enum mlp_code mlp_os_write(int fd, const void *p, size_t n, struct mlp_err *e);

enum mlp_code mlp_os_close(int fd, struct mlp_err *e);
enum mlp_code mlp_os_fsync(int fd, struct mlp_err *e);
enum mlp_code mlp_os_truncate(int fd, uint64_t size, struct mlp_err *e);
enum mlp_code mlp_os_rename(const char *from, const char *to, struct mlp_err *e);
enum mlp_code mlp_os_link(const char *from, const char *to, struct mlp_err *e);
enum mlp_code mlp_os_unlink(const char *path, struct mlp_err *e);

/* path as it is when absolute, else below the current folder. */
enum mlp_code mlp_os_absolute(const char *path, char *out, size_t size, struct mlp_err *e);

/* Makes a directory; one that exists is fine. The _all form makes parents too. */
enum mlp_code mlp_os_mkdir(const char *path, struct mlp_err *e);
enum mlp_code mlp_os_mkdir_all(const char *path, struct mlp_err *e);
enum mlp_code mlp_os_rmdir(const char *path, struct mlp_err *e);

/* fsync of the directory that holds path, which makes a rename durable. */
enum mlp_code mlp_os_fsync_parent(const char *path, struct mlp_err *e);

/* Facts about a path (symlinks followed unless nofollow) or descriptor. A missing path is no
 * error: exists is false. */
enum mlp_code mlp_os_stat(const char *path, bool nofollow, struct mlp_stat *st, struct mlp_err *e);
enum mlp_code mlp_os_fstat(int fd, struct mlp_stat *st, struct mlp_err *e);

/* Permission bits of a path, for keys (0600). */
enum mlp_code mlp_os_chmod(const char *path, uint32_t mode, struct mlp_err *e);

/* The names in a directory without "." and "..", in byte order, each NUL-terminated. The caller
 * frees with mlp_os_list_free. */
struct mlp_list {
    char **names;
    size_t n;
};
enum mlp_code mlp_os_list(const char *path, struct mlp_list *list, struct mlp_err *e);
void mlp_os_list_free(struct mlp_list *list);

/* Takes an exclusive fcntl lock on the whole file, waiting at most timeout_ms (MLP_ENOTFOUND
 * "locked by process N" after that). Closing the descriptor gives it back. */
enum mlp_code mlp_os_lock(int fd, unsigned timeout_ms, struct mlp_err *e);

/* Nanoseconds since 1970 (SOURCE_DATE_EPOCH is not looked at), and since an arbitrary start. */
int64_t mlp_os_now_ns(void);
uint64_t mlp_os_monotonic_ns(void);

/* CPU time of this process in nanoseconds, and its peak resident set in bytes. */
uint64_t mlp_os_cpu_ns(void);
uint64_t mlp_os_peak_rss(void);

/* Bytes from the kernel's random generator. */
enum mlp_code mlp_os_random(void *p, size_t n, struct mlp_err *e);

/* Environment variable or NULL; user (or "uid0") and host names for the audit log. */
const char *mlp_os_env(const char *name);
void mlp_os_user(char *out, size_t size);
void mlp_os_host(char *out, size_t size);

/* Raises this process's limit of open files as far as it may, for servers of many connections. */
void mlp_os_raise_files(void);

unsigned mlp_os_cpus(void);
int64_t mlp_os_pid(void);
bool mlp_os_isatty(int fd);
void mlp_os_sleep_ms(unsigned ms);
/* Until mlp_os_monotonic_ns reaches it. */
void mlp_os_sleep_until(uint64_t monotonic_ns);

/* Puts a descriptor that refuses all use on each of 0, 1 and 2 that the caller closed, so that no
 * file takes its number and writing to a closed stdout is an error. For programs, not for lib/. */
void mlp_os_hold_standard(void);

/* A unix socket for streams, bound and not yet listening. A file at path that nobody listens at any
 * more is replaced; owner_only: nobody else may connect. MLP_EUSAGE: path is too long for one. */
enum mlp_code mlp_os_bind_unix(const char *path, bool owner_only, int *fd, struct mlp_err *e);

/* Tells the service manager that started us how we are, as "READY=1" or "STOPPING=1", lines of the
 * protocol of sd_notify(3). Where there is none ($NOTIFY_SOCKET) or it does not listen: nothing. */
void mlp_os_notify(const char *state);
/* Connects to the unix socket at path, without waiting: *fd does not block, the caller closes it.
 * MLP_EREMOTE, also for a path that is too long for a socket. */
enum mlp_code mlp_os_dial(const char *path, int *fd, struct mlp_err *e);
/* How many sockets it passed to this process, as descriptors 3, 4, ... (sd_listen_fds(3)). */
unsigned mlp_os_passed_sockets(void);
/* Within how many microseconds it wants to hear "WATCHDOG=1"; 0: it does not. */
uint64_t mlp_os_watchdog_us(void);

/* Ignores SIGPIPE, so that a closed pipe is an error with a message. For programs, not for lib/. */
void mlp_os_ignore_sigpipe(void);

/* Keeps SIGTERM and SIGINT from ending this process, for who ends between two pieces of work; and
 * whether one came since. Before threads are started. For programs, not for lib/. */
void mlp_os_hold_stop(void);
bool mlp_os_stop_asked(void);

/* A running command: its process, which leads a group of its own, and our ends of its pipes, which
 * never block. err is -1 when stderr was left as it is. */
struct mlp_process {
    int64_t pid;
    int in, out, err;
};

/* Starts `/bin/sh -c command` with pipes for stdin and stdout, and for stderr when take_err. The
 * command is killed when the thread that called ends, so that none outlives us. */
enum mlp_code mlp_os_spawn(const char *command, bool take_err, struct mlp_process *p,
                           struct mlp_err *e);

/* Closes the pipes that are open (>= 0), gives the command grace_ms to end, kills what is left of
 * its group and waits. True when it ended by itself. *status as of mlp_os_fork_run; may be NULL. */
bool mlp_os_end(struct mlp_process *p, unsigned grace_ms, int *status);

/* Waits until a descriptor can be read (want_write: written) without blocking, or its other end is
 * closed, or for timeout_ms. fd -1 is passed over. */
struct mlp_ready {
    int fd;
    bool want_write, ready;
};
enum mlp_code mlp_os_poll(struct mlp_ready *r, size_t n, unsigned timeout_ms, struct mlp_err *e);

/* Reads or writes what goes at once: *done may be 0. *end: nothing more will come. */
enum mlp_code mlp_os_read_now(int fd, void *p, size_t n, size_t *done, bool *end,
                              struct mlp_err *e);
enum mlp_code mlp_os_write_now(int fd, const void *p, size_t n, size_t *done, struct mlp_err *e);

/* Starts the program at path with the n descriptors fds as its 3, 4, ... (8 at most); it is told to
 * stop when the thread that called ends. That it cannot be run is its exit status 127. */
enum mlp_code mlp_os_start(const char *path, char *const argv[], const int *fds, size_t n,
                           int64_t *pid, struct mlp_err *e);
/* A child that has ended, with its status as of mlp_os_fork_run; 0: none has. */
int64_t mlp_os_reap(int *status);

/* What a parent is told by signals: TERM and INT, HUP, USR2, CHLD. For programs, not for lib/. */
enum mlp_cue { MLP_CUE_NONE, MLP_CUE_STOP, MLP_CUE_RELOAD, MLP_CUE_UPGRADE,
                 MLP_CUE_CHILD };
/* From here on they wait until they are asked for; children start without that. */
void mlp_os_cues_hold(void);
/* The next one; NONE when none comes within timeout_ms. */
enum mlp_cue mlp_os_cue_wait(unsigned timeout_ms);
/* Sends TERM for STOP, HUP for RELOAD, KILL for all else; to nobody for a pid that is 0. */
void mlp_os_send(int64_t pid, enum mlp_cue cue);

/* The file that this program was started from. If another takes its name later, the path is that
 * one's. */
enum mlp_code mlp_os_program_path(char *out, size_t size, struct mlp_err *e);
/* fds[0] reads, without blocking, what is written to fds[1]. Neither goes to programs started. */
enum mlp_code mlp_os_pipe(int fds[2], struct mlp_err *e);

/* n zeroed bytes that a forked child shares with its parent; NULL without memory. */
void *mlp_os_shared_new(size_t n, struct mlp_err *e);
void mlp_os_shared_free(void *p, size_t n);

/* Closes every descriptor from `first` on: for a child that works in memory only. */
void mlp_os_close_from(int first);

/* Function `name` of a shared library, which is loaded (a path without "/": from the system's
 * folders) and stays so until the process ends. Its initialisers run: it must be one that the user
 * trusts. MLP_ENOTFOUND with the loader's words when there is none, MLP_EINPUT when it lacks the
 * name. */
enum mlp_code mlp_os_library(const char *path, const char *name, void (**fn)(void),
                             struct mlp_err *e);

/* Tells the kernel that the n bytes at p, when they are many, will all be used: it may map them in
 * large pages, which saves most of the faults of filling them. Their contents stay. */
void mlp_os_large_pages(void *p, size_t n);

/* mlp_os_fork_run in two steps, for who has work to do meanwhile. Every start wants its wait. */
enum mlp_code mlp_os_fork_start(int (*fn)(void *ctx), void *ctx, int64_t *pid, struct mlp_err *e);
enum mlp_code mlp_os_fork_wait(int64_t pid, unsigned timeout_ms, int *status, struct mlp_err *e);

/* Runs fn(ctx) in a forked child with the descriptors given and waits; its return value becomes
 * *status (128 + N when signal N ended it). For the sandboxed model check. */
enum mlp_code mlp_os_fork_run(int (*fn)(void *ctx), void *ctx, unsigned timeout_ms, int *status,
                              struct mlp_err *e);

#endif
