/* "Open Example": a project of the pictures and the small base model that come with the program. */
#pragma once

#include "app/application.h"

/** Opens the example if it is in the list already, else makes it. The pictures are copied into the project's folder,
 * for their captions will be edited. */
void lk_example_open(LkApplication *application, GAsyncReadyCallback callback, gpointer user_data);
/** A new reference. */
LkProject *lk_example_open_finish(GAsyncResult *result, GError **error);
