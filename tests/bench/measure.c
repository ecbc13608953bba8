/* measure FILE COMMAND...: runs a command and appends "wall cpu rss" to FILE: seconds, seconds of
 * user and system, MB (10^6 bytes) of the largest resident set, the command's children included.
 *
 * In C, because a child's largest resident set is at least that of the process which started it. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: measure FILE COMMAND...\n", stderr);
        return 2;
    }
    FILE *out = fopen(argv[1], "ae");
    if (!out) {
        perror(argv[1]);
        return 4;
    }
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        perror("measure");
        return 4;
    }
    double cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
    fprintf(out, "%.4f %.4f %.1f\n", now() - start, cpu, (double)used.ru_maxrss * 1024e-6);
    if (fclose(out) != 0)
        return 4;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
