/* The caption of a picture: the text file beside it, as kohya sd-scripts 0.10.1 reads it (`read_caption` in
 * library/train_util.py), except that no file stops the training. */
#pragma once

#include "dataset/caption_text.h"
#include "dataset/finding.h"

#include <stdbool.h>

typedef enum LkCaptionSource {
    LK_CAPTION_FROM_FILE,  /* also an empty file: then the caption is empty */
    LK_CAPTION_FROM_CLASS, /* no usable file: the folder's class tokens */
    LK_CAPTION_NONE,       /* neither: empty */
} LkCaptionSource;

typedef struct LkCaption {
    LkCaptionSource source;
    char *path; /* the file, NULL without one */
    char *text; /* UTF-8, stripped; one line, or with wildcards all non-empty lines joined by \n; never NULL */
} LkCaption;

/** Finds and reads the caption of a picture: the picture's path with `extension` in place of its own (NULL: ".txt",
 * then
 * ".caption"). A name that ends in four numbers (`name_cx_cy_w_h.png`) may also use the caption of `name`. What is
 * wrong with the file becomes a finding and never stops anything. */
LkCaption lk_caption_read(const char *picture_path, const char *extension, const char *class_tokens, bool all_lines,
                          GPtrArray *findings);
void lk_caption_clear(LkCaption *caption);
