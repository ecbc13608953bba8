/* The sandbox of the verbs that load one model for one answer: they need no child. */
#include "verbs.h"

#include "base/os.h"
#include "base/sandbox.h"

enum mlp_code serve_confine(const char *out, struct mlp_err *e)
{
    static const char warning[] =
        "mlp-serve: warning: this kernel lacks seccomp or Landlock, so that the model is read "
        "without the full sandbox\n";
    bool partial;
    enum mlp_code code = mlp_sandbox_enter_writing(out, &partial, e);
    if (!code && partial)
        mlp_os_write(2, warning, sizeof warning - 1, NULL);
    return code;
}
