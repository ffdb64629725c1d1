/* What this computer can train with, and what stands in the way. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_SYSTEM_PAGE (lk_system_page_get_type())
G_DECLARE_FINAL_TYPE(LkSystemPage, lk_system_page, LK, SYSTEM_PAGE, AdwNavigationPage)

LkSystemPage *lk_system_page_new(void);

G_END_DECLS
