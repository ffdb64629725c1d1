/* Inside of the editors: one table of functions for each kind. */
#pragma once

#include "app/parameters/editor.h"

typedef struct LkEditorKind {
    const char *row_class;
    GtkWidget *(*make)(LkParameterEditor *editor, const LkParameter *parameter);
    void (*show)(GtkWidget *widget, const LkParameter *parameter, const char *text);
    char *(*read)(GtkWidget *widget, const LkParameter *parameter);
    void (*placeholder)(GtkWidget *widget, const char *text);
    GtkWidget *(*focus)(GtkWidget *widget); /* what the row's title belongs to; NULL: the widget itself */
} LkEditorKind;

/** For the kinds: the value was changed by the person. */
void lk_parameter_editor_edited(LkParameterEditor *self);
/** A dialog is wanted. */
void lk_parameter_editor_choose(LkParameterEditor *self);

/* editor.c: switch, numbers, texts; editor_choice.c: lists to choose from. */
extern const LkEditorKind lk_editor_choice, lk_editor_size;

/** A text field at the end of a row. */
GtkWidget *lk_editor_make_entry(LkParameterEditor *editor, int least, int most);
