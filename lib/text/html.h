/* html.h: text into HTML and XML, escaped. */
#ifndef MLP_TEXT_HTML_H
#define MLP_TEXT_HTML_H

#include "base/buf.h"

/* Appends s with & < > " ' as entities and control bytes (but tab, LF, CR) as U+FFFD: safe as
 * text and inside quoted attributes, in HTML and in XML 1.0. Bytes that are not UTF-8 become
 * U+FFFD. */
void mlp_html_add(struct mlp_buf *b, struct mlp_str s);

#endif
