#include "base/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

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
        DENY(execve), DENY(execveat), DENY(socket), DENY(connect), DENY(bind), DENY(ptrace),
        DENY(process_vm_writev), DENY(mount), DENY(unshare), DENY(setns),
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

/* No rule is added, so that every access named below is refused everywhere. */
static enum mlp_code deny_writes(bool *partial, struct mlp_err *e)
{
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_SOCK,
    };
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (fd < 0) {
        *partial = true;
        return MLP_OK;
    }
    long r = syscall(SYS_landlock_restrict_self, fd, 0);
    int number = errno;
    close(fd);
    return r == 0 ? MLP_OK : mlp_err_sys(e, number, "cannot restrict file access");
}

enum mlp_code mlp_sandbox_enter(bool *partial, struct mlp_err *e)
{
    *partial = false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return mlp_err_sys(e, errno, "cannot give up privileges");
    enum mlp_code code = deny_writes(partial, e);
    return code == MLP_OK ? deny_calls(partial, e) : code;
}
