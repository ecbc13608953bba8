/* os_library.c: shared libraries that are loaded while running (os.h). */
#include "base/os.h"

#include <dlfcn.h>
#include <string.h>

enum mlp_code mlp_os_library(const char *path, const char *name, void (**fn)(void),
                             struct mlp_err *e)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return mlp_err_set(e, MLP_ENOTFOUND, "cannot load a library: %.300s", dlerror());
    void *symbol = dlsym(library, name);
    if (!symbol)
        mlp_err_set(e, MLP_EINPUT, "%.300s is a library without %s", path, name);
    _Static_assert(sizeof *fn == sizeof symbol, "POSIX: a function's address is a pointer");
    memcpy(fn, &symbol, sizeof symbol);
    dlclose(library);
    return symbol ? MLP_OK : MLP_EINPUT;
}
