/* What is in a model file: kind, family, sizes, trigger words, how it was trained. The window's lorikeet-cli inspect.
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_FACTS_DIALOG (lk_facts_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkFactsDialog, lk_facts_dialog, LK, FACTS_DIALOG, AdwDialog)

/** Reads the file's header on a thread, and shows meanwhile that it does. */
LkFactsDialog *lk_facts_dialog_new(const char *path);

G_END_DECLS
