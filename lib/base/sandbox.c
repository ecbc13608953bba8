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
#define DENY(name) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static enum mlp_code deny_calls(bool *partial, struct mlp_err *e)
{
#ifdef ARCH
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        DENY(execve), DENY(execveat), DENY(socket), DENY(connect), DENY(bind),
        DENY(process_vm_writev), DENY(mount), DENY(unshare), DENY(setns), DENY(io_uring_setup),
        DENY(bpf), DENY(open_by_handle_at),
#if !MAY_TRACE
        DENY(ptrace),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
        return MLP_OK;
    if (errno != EINVAL && errno != ENOSYS)
        return mlp_err_sys(e, errno, "cannot enter the sandbox");
#else
    (void)e;
#endif
    *partial = true;
    return MLP_OK;
}

#define MAKES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
               LANDLOCK_ACCESS_FS_MAKE_REG)

/* Lets files of out's folder be made, written and removed. */
static enum mlp_code allow_folder(int rules, const char *out, struct mlp_err *e)
{
    char folder[4096] = ".";
    const char *slash = strrchr(out, '/');
    if (slash && (size_t)(slash - out) + 2 > sizeof folder)
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", out);
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == out ? 1 : (int)(slash - out), out);
    struct landlock_path_beneath_attr rule = {.allowed_access = MAKES};
    rule.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return mlp_err_sys(e, errno, "cannot open %s", folder);
    long r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int number = errno;
    close(rule.parent_fd);
    return r == 0 ? MLP_OK : mlp_err_sys(e, number, "cannot restrict file access");
}

/* Every access named below is refused everywhere but in out's folder. */
static enum mlp_code deny_writes(const char *out, bool *partial, struct mlp_err *e)
{
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = MAKES | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
                             LANDLOCK_ACCESS_FS_MAKE_SOCK,
    };
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (fd < 0) {
        *partial = true;
        return MLP_OK;
    }
    enum mlp_code code = out && strcmp(out, "-") != 0 ? allow_folder(fd, out, e) : MLP_OK;
    if (!code && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        code = mlp_err_sys(e, errno, "cannot restrict file access");
    close(fd);
    return code;
}

enum mlp_code mlp_sandbox_enter_writing(const char *out, bool *partial, struct mlp_err *e)
{
    *partial = false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return mlp_err_sys(e, errno, "cannot give up privileges");
    enum mlp_code code = deny_writes(out, partial, e);
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
