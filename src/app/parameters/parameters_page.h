/* The parameters page of a project. */
#pragma once

#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_PARAMETERS_PAGE (lk_parameters_page_get_type())
G_DECLARE_FINAL_TYPE(LkParametersPage, lk_parameters_page, LK, PARAMETERS_PAGE, LkPage)

G_END_DECLS
