/* format.h: what a text must look like, by name or by a pattern of strftime.
 *
 * Names are those of JSON Schema (draft 2020-12, 7.3) and of Great Expectations. Patterns are
 * strptime's: %Y %m %d %H %M %S %f %y %b %B %a %A %p %I %j %z %Z %T %D %F %%, English names, with
 * the ranges and the number of digits that Python's datetime.strptime takes. No locale. */
#ifndef MLP_RULE_FORMAT_H
#define MLP_RULE_FORMAT_H

#include "base/buf.h"
#include "base/str.h"

/* Whether a text has a format; pattern is strftime's, unused by named formats. */
typedef bool mlp_format_fn(struct mlp_str text, struct mlp_str pattern);

/* format_dateutil.c: what Python's dateutil.parser.parse takes for a date. */
mlp_format_fn mlp_format_dateutil;

/* format_people.c: "phone", "card", "ssn", "currency", and "whole": not what is left of a text or
 * number that something has cut. */
mlp_format_fn mlp_format_phone, mlp_format_card, mlp_format_ssn, mlp_format_currency,
    mlp_format_whole;

/* The function of a format's name, or of a pattern that holds a percent sign; NULL for neither. */
mlp_format_fn *mlp_format_find(struct mlp_str name);

/* A time by a pattern of strptime: seconds since 1970, UTC where no zone is told; what the pattern
 * leaves out is that of 1900-01-01 00:00:00. False when the text has another form. */
bool mlp_format_time(struct mlp_str text, struct mlp_str pattern, double *seconds);

/* The function of a format of JSON Schema (draft 7 and 2020-12, all of them), which is stricter in
 * part: a time has a zone. NULL for others. */
mlp_format_fn *mlp_format_schema(struct mlp_str name);

/* Base64 (RFC 4648, 4) with its padding; out, which may be NULL, gets the bytes. */
bool mlp_format_base64(struct mlp_str text, struct mlp_buf *out);

/* All names in a row, for messages. */
const char *mlp_format_names(void);

#endif
