/* Text in lines of a terminal. */
#pragma once

#include <glib.h>

/** Columns of text on a terminal: East Asian characters take two. */
int lk_text_columns(const char *text);

/** Appends `text`, broken so that no line goes beyond `columns`: at spaces, and between East Asian characters, which
 * have none. The first line goes on in column `column`, and the others begin there. A line feed begins a new line. No
 * line feed is put at the end. */
void lk_text_wrap(GString *out, const char *text, int column, int columns);
