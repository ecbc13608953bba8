/* file.h: checks about a file as such: its size, its checksum, its age. */
#ifndef MLP_VALIDATE_FILE_H
#define MLP_VALIDATE_FILE_H

#include "verbs.h"

/* Adds checks file/bytes, file/hash and file/fresh for what the rule says. MLP_EUSAGE for a stream
 * and for a checksum that nobody knows. */
enum mlp_code file_check(const char *path, const struct mlp_file_rule *rule,
                         struct mlp_report *report, struct mlp_err *e);

#endif
