#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* The leak checker of sanitizer builds traces its own process. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAY_TRACE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAY_TRACE 1
#endif
#endif
#ifndef MAY_TRACE
#define MAY_TRACE 0
#endif

/* Calls of the x32 kind have numbers of their own from here on. */
#define X32_CALLS 0x40000000u

/* A system call that gets EPERM: a jump over the return when it is another. */
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define DENY(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), REFUSE

/* What every filter begins with: calls of this machine's kind only. */
#define BEGIN \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), \
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1), REFUSE

#if MAY_TRACE
#define DENY_TRACING DENY(process_vm_writev)
#else
#define DENY_TRACING DENY(process_vm_writev), DENY(ptrace)
#endif

/* What neither a parser nor a server has any use for. */
#define DENY_ALWAYS \
    DENY(execve), DENY(execveat), DENY_TRACING, DENY(mount), DENY(unshare), DENY(setns), \
    DENY(io_uring_setup), DENY(bpf), DENY(open_by_handle_at)

#ifdef ARCH
/* flags as of seccomp(2). A kernel without filters makes it partial. */
static enum mlp_code apply(struct sock_filter *filter, size_t n, unsigned flags, bool *partial,
                           struct mlp_err *e)
{
    struct sock_fprog program = {(unsigned short)n, filter};
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (r == 0)
        return MLP_OK;
    if (r > 0 || (errno != EINVAL && errno != ENOSYS)) /* r: a thread that has another filter */
        return mlp_err_sys(e, r > 0 ? EBUSY : errno, "cannot enter the sandbox");
    *partial = true;
    return MLP_OK;
}
#endif

static enum mlp_code deny_calls(bool *partial, struct mlp_err *e)
{
#ifdef ARCH
    struct sock_filter filter[] = {
        BEGIN, DENY_ALWAYS, DENY(socket), DENY(connect), DENY(bind),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return apply(filter, sizeof filter / sizeof filter[0], 0, partial, e);
#else
    (void)e;
    *partial = true;
    return MLP_OK;
#endif
}

enum mlp_code mlp_sandbox_serve(bool outgoing, bool *partial, struct mlp_err *e)
{
#ifdef ARCH
    /* The first argument of socket is loaded where it is asked for; nothing after it looks at the
     * number of the call. */
    struct sock_filter filter[] = {
        BEGIN, DENY_ALWAYS, DENY(process_vm_readv), DENY(umount2), DENY(pivot_root), DENY(chroot),
        DENY(init_module), DENY(finit_module), DENY(delete_module), DENY(kexec_load),
        DENY(perf_event_open), DENY(userfaultfd), DENY(add_key), DENY(request_key), DENY(keyctl),
        DENY(personality), DENY(setuid), DENY(setgid), DENY(setreuid), DENY(setregid),
        DENY(setresuid), DENY(setresgid), DENY(setgroups), DENY(reboot), DENY(swapon),
        DENY(swapoff), DENY(sethostname), DENY(settimeofday), DENY(clock_settime), DENY(acct),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K,
                 outgoing ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    *partial = false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return mlp_err_sys(e, errno, "cannot give up privileges");
    return apply(filter, sizeof filter / sizeof filter[0], SECCOMP_FILTER_FLAG_TSYNC, partial, e);
#else
    (void)outgoing, (void)e;
    *partial = true;
    return MLP_OK;
#endif
}

#define MAKES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
               LANDLOCK_ACCESS_FS_MAKE_REG)

/* Lets this be done with files of out's folder. */
static enum mlp_code allow_folder(int rules, const char *out, uint64_t access, struct mlp_err *e)
{
    char folder[4096] = ".";
    const char *slash = strrchr(out, '/');
    if (slash && (size_t)(slash - out) + 2 > sizeof folder)
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", out);
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == out ? 1 : (int)(slash - out), out);
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    rule.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return mlp_err_sys(e, errno, "cannot open %s", folder);
    long r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int number = errno;
    close(rule.parent_fd);
    return r == 0 ? MLP_OK : mlp_err_sys(e, number, "cannot restrict file access");
}

/* Every access named below is refused everywhere but in the folders of n paths, where `access` is
 * granted. */
static enum mlp_code deny_writes(const char *const *paths, size_t n, uint64_t access, bool *partial,
                                 struct mlp_err *e)
{
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = MAKES | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
                             LANDLOCK_ACCESS_FS_MAKE_SOCK,
    };
    enum mlp_code code = MLP_OK;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return mlp_err_sys(e, errno, "cannot give up privileges");
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (fd < 0) {
        *partial = true;
        return MLP_OK;
    }
    for (size_t i = 0; i < n && code == MLP_OK; i++)
        if (paths[i] && strcmp(paths[i], "-") != 0)
            code = allow_folder(fd, paths[i], access, e);
    if (!code && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        code = mlp_err_sys(e, errno, "cannot restrict file access");
    close(fd);
    return code;
}

enum mlp_code mlp_sandbox_files(const char *const *paths, size_t n, bool *partial,
                                struct mlp_err *e)
{
    *partial = false;
    return deny_writes(paths, n, MAKES | LANDLOCK_ACCESS_FS_MAKE_SOCK, partial, e);
}

enum mlp_code mlp_sandbox_enter_writing(const char *out, bool *partial, struct mlp_err *e)
{
    *partial = false;
    enum mlp_code code = deny_writes(&out, 1, MAKES, partial, e);
    return code == MLP_OK ? deny_calls(partial, e) : code;
}

enum mlp_code mlp_sandbox_enter(bool *partial, struct mlp_err *e)
{
    return mlp_sandbox_enter_writing(NULL, partial, e);
}

bool mlp_sandbox_complete(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 &&
           syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}
