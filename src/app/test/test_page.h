/* The test page of a project. */
#pragma once

#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_TEST_PAGE (lk_test_page_get_type())
G_DECLARE_FINAL_TYPE(LkTestPage, lk_test_page, LK, TEST_PAGE, LkPage)

G_END_DECLS
