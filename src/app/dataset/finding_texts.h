/* The words for what the doctor finds, one row a kind. */
#pragma once

#include "dataset/finding.h"

/** "2 pictures have no caption." Free with g_free; NULL for kinds that are told in the doctor's own words. */
char *lk_finding_kind_text(LkFindingKind kind, guint count);
/** What to do about it, a sentence; "" for none. */
const char *lk_finding_kind_advice(LkFindingKind kind);
/** For the banner: "2 without caption". Free with g_free; NULL for kinds that are not told there. */
char *lk_finding_kind_short(LkFindingKind kind, guint count);
/** How serious it is in the window. */
LkSeverity lk_finding_kind_severity(LkFindingKind kind);
/** What the window can do about it, and the words on the button (free with g_free; NULL for LK_FIX_NONE). */
LkFixKind lk_finding_kind_fix(LkFindingKind kind);
char *lk_finding_fix_label(LkFixKind fix, guint count);
