/* The server's sandbox, entered by each test's own process: what is denied, and what is not. */
#include "suites.h"

#include "base/os.h"
#include "base/sandbox.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* In the process that goes on: the tests, bound for good, could not tidy up. */
static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/mlp-sandbox.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    mkdir(in_folder("in"), 0700);
    mkdir(in_folder("out"), 0700);
    int fd = open(in_folder("out/kept"), O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_folder(void)
{
    unlink(in_folder("out/kept"));
    rmdir(in_folder("in"));
    rmdir(in_folder("out"));
    rmdir(folder);
}

static void enter(bool outgoing)
{
    struct mlp_err e;
    bool partial;
    char log[128];
    const char *const paths[] = {log, NULL, "-"};
    mlp_err_init(&e);
    if (!mlp_sandbox_complete())
        exit(0); /* a kernel without both has nothing to test */
    snprintf(log, sizeof log, "%s", in_folder("in/log"));
    ck_assert_int_eq(mlp_sandbox_files(paths, 3, &partial, &e), MLP_OK);
    ck_assert_int_eq(mlp_sandbox_serve(outgoing, &partial, &e), MLP_OK);
    ck_assert(!partial);
}

static void denied(const char *what, long result)
{
    ck_assert_msg(result == -1 && (errno == EPERM || errno == EACCES), "%s: %ld, %d", what, result,
                  errno);
}

START_TEST(calls_of_attackers_are_denied)
{
    char *const argv[] = {(char[]){"/bin/true"}, NULL};
    enter(false);
    denied("execve", execv(argv[0], argv));
    denied("internet socket", socket(AF_INET, SOCK_STREAM, 0));
    denied("internet socket", socket(AF_INET6, SOCK_DGRAM, 0));
    denied("raw socket", socket(AF_PACKET, SOCK_RAW, 0));
    denied("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
    denied("unshare", syscall(SYS_unshare, 0));
    denied("bpf", syscall(SYS_bpf, 0, NULL, 0));
    denied("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
    denied("setuid", syscall(SYS_setuid, 0));
    denied("keyctl", syscall(SYS_keyctl, 0, 0));
    denied("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
    denied("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
    denied("chroot", chroot("/"));
}
END_TEST

START_TEST(files_elsewhere_are_denied)
{
    enter(false);
    denied("make", open(in_folder("out/new"), O_CREAT | O_WRONLY, 0600));
    denied("write", open(in_folder("out/kept"), O_WRONLY));
    denied("remove", unlink(in_folder("out/kept")));
    denied("folder", mkdir(in_folder("in/sub"), 0700));
    denied("link", symlink("/etc/passwd", in_folder("in/link")));
    char from[128];
    snprintf(from, sizeof from, "%s", in_folder("out/kept"));
    ck_assert_int_eq(rename(from, in_folder("in/stolen")), -1);
}
END_TEST

static void note(void *ran)
{
    *(bool *)ran = true;
}

START_TEST(what_a_server_does_is_allowed)
{
    struct mlp_thread *t = NULL;
    struct mlp_err e;
    bool ran = false;
    int status;
    mlp_err_init(&e);
    enter(false);
    int fd = open(in_folder("in/log"), O_CREAT | O_APPEND | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    char older[128];
    snprintf(older, sizeof older, "%s", in_folder("in/log.1"));
    ck_assert_int_eq(rename(in_folder("in/log"), older), 0);
    ck_assert_int_eq(unlink(older), 0);
    ck_assert_int_ge(open("/etc/passwd", O_RDONLY), 0);
    ck_assert_int_ge(socket(AF_UNIX, SOCK_DGRAM, 0), 0);
    ck_assert_int_eq(mlp_thread_start(&t, note, &ran, &e), MLP_OK);
    mlp_thread_join(t);
    ck_assert(ran);
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(key_sets_may_be_fetched)
{
    enter(true);
    ck_assert_int_ge(socket(AF_INET, SOCK_STREAM, 0), 0);
}
END_TEST

/* The filter is for threads that ran before it, too. */
static void wait_and_try(void *result)
{
    for (int i = 0; i < 1000 && syscall(SYS_prctl, 21 /* PR_GET_SECCOMP */, 0, 0, 0, 0) == 0; i++)
        usleep(1000);
    *(long *)result = socket(AF_INET, SOCK_STREAM, 0);
}

START_TEST(threads_that_run_are_bound)
{
    struct mlp_thread *t = NULL;
    struct mlp_err e;
    long result = 0;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_thread_start(&t, wait_and_try, &result, &e), MLP_OK);
    enter(false);
    mlp_thread_join(t);
    ck_assert_int_eq(result, -1);
}
END_TEST

Suite *suite_sandbox(void)
{
    Suite *s = suite_create("sandbox");
    TCase *t = tcase_create("server");
    tcase_add_unchecked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, calls_of_attackers_are_denied);
    tcase_add_test(t, files_elsewhere_are_denied);
    tcase_add_test(t, what_a_server_does_is_allowed);
    tcase_add_test(t, key_sets_may_be_fetched);
    tcase_add_test(t, threads_that_run_are_bound);
    suite_add_tcase(s, t);
    return s;
}
