/* top_canvas.h: the lines that `mlp-serve top` paints. */
#ifndef MLP_SERVE_CMD_TOP_CANVAS_H
#define MLP_SERVE_CMD_TOP_CANVAS_H

#include "top.h"

/* Lines are made in `line` and cut to the columns there are; lines beyond the last row are dropped,
 * and so nothing scrolls. */
struct top_canvas {
    const struct top_style *style;
    struct mlp_buf *out;
    struct mlp_buf line;
    unsigned used;               /* rows */
};

#define TOP_BOLD "\x1b[1m"
#define TOP_RED "\x1b[31m"

/* Texts of a server are shown, not obeyed: no control character reaches the terminal. */
void canvas_add_safe(struct mlp_buf *b, struct mlp_str s);
/* Text in a column of so many characters, cut when it is longer, and two blanks. */
void canvas_add_column(struct mlp_buf *b, struct mlp_str s, size_t width);
/* "1.5 MB" of bytes; "  p50 0.03 ms" of seconds, "-" for NaN; "1 d 02:03:04" of seconds. */
void canvas_add_bytes(struct mlp_buf *b, double n);
void canvas_add_ms(struct mlp_buf *b, const char *name, double seconds);
void canvas_add_time(struct mlp_buf *b, double seconds);

/* Ends the line and puts it out, in a colour (NULL: none) when there are colours. */
void canvas_put(struct top_canvas *c, const char *colour);

#endif
