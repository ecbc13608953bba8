/* format_idn.h: names of hosts in any script: RFC 5890 to 5893 (IDNA 2008). */
#ifndef MLP_RULE_FORMAT_IDN_H
#define MLP_RULE_FORMAT_IDN_H

#include "base/str.h"

/* Whether a text is a host name (RFC 1123). Labels that begin with xn-- are decoded and held to
 * RFC 5892 (contextual rules, leading marks) and to the Bidi rule of RFC 5893 for its scripts.
 * unicode: labels may be written in their script, with any of the four full stops between. The
 * tables are those of scripts in common use, not all of Unicode's: a label of rare characters that
 * IDNA 2008 disallows may pass. */
bool mlp_idn_hostname(struct mlp_str s, bool unicode);

/* The domain of an address of mail (RFC 6531): labels of letters of any script, as written. */
bool mlp_idn_domain(struct mlp_str s);

#endif
