/* What can be changed of a picture, as the texts that edits and the undo history have. */
#pragma once

#include "app/dataset/picture_list_private.h"

/** The text of a field now; NULL: no caption file, no mask. Free with g_free. */
char *lk_picture_field_value(LkPicture *picture, LkPictureField field);
/** A value as it will be in the file or row. Free with g_free. */
char *lk_picture_field_tidy(LkPictureField field, const char *value);
/** Whether a tidy value would change the picture. */
bool lk_picture_field_differs(LkPicture *picture, LkPictureField field, const char *value);

/** Changes the picture in memory; all fields but LK_PICTURE_FIELD_REMOVED. */
void lk_picture_list_apply(LkPictureList *list, LkPicture *picture, LkPictureField field, const char *value);
/** The same for a caption with another state. NULL: there is no file. */
void lk_picture_list_apply_caption(LkPictureList *list, LkPicture *picture, const char *value,
                                   LkPictureCaptionState state);

/** Pictures that leave the list or come back together. */
typedef struct LkPictureMoves {
    GPtrArray *out, *back;
} LkPictureMoves;

LkPictureMoves lk_picture_moves_new(void);
/** The value of LK_PICTURE_FIELD_REMOVED. */
void lk_picture_moves_add(LkPictureMoves *moves, LkPicture *picture, const char *value);
/** Moves them. */
void lk_picture_moves_end(LkPictureMoves *moves, LkPictureList *list);
