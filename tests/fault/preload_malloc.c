/* For LD_PRELOAD: lets one allocation of the process fail. MLP_FAIL_AT=N makes the N-th call of
 * malloc, calloc, realloc, aligned_alloc or posix_memalign return nothing (counted from 1);
 * MLP_COUNT_FILE=F writes the number of calls there at the end. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong calls;
static unsigned long fail_at;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_aligned)(size_t, size_t);

/* dlsym itself may call calloc before it can be found. */
static char early[65536];
static size_t early_used;

static void *early_alloc(size_t n)
{
    size_t at = early_used;
    early_used += (n + 63) & ~(size_t)63;
    return early_used <= sizeof early ? early + at : NULL;
}

static void find(void *slot, const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    memcpy(slot, &p, sizeof p);
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("MLP_FAIL_AT");
    find(&next_calloc, "calloc");
    find(&next_realloc, "realloc");
    find(&next_aligned, "aligned_alloc");
    find(&next_malloc, "malloc");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    atomic_store(&calls, 0);
}

__attribute__((destructor)) static void stop(void)
{
    const char *path = getenv("MLP_COUNT_FILE");
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f)
        return;
    fprintf(f, "%lu\n", atomic_load(&calls));
    fclose(f);
}

static int fails(void)
{
    unsigned long n = atomic_fetch_add(&calls, 1) + 1;
    if (n != fail_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    if (!next_malloc)
        return early_alloc(n);
    return fails() ? NULL : next_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (!next_calloc)
        return early_alloc(n * size);
    return fails() ? NULL : next_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (!next_realloc)
        return early_alloc(n);
    return fails() ? NULL : next_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : next_aligned(align, n);
}

void free(void *p)
{
    static void (*next_free)(void *);
    uintptr_t at = (uintptr_t)p, low = (uintptr_t)early;
    if (!next_free)
        find(&next_free, "free");
    if (at < low || at >= low + sizeof early)
        next_free(p);
}
