/* One picture of the dataset, large, with its caption below; pushed over the grid. */
#pragma once

#include "app/core/picture_loader.h"
#include "app/core/thumbnails.h"
#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_VIEWER_PAGE (lk_viewer_page_get_type())
G_DECLARE_FINAL_TYPE(LkViewerPage, lk_viewer_page, LK, VIEWER_PAGE, AdwNavigationPage)

/** Shows the view's current picture, whichever that is. */
LkViewerPage *lk_viewer_page_new(LkDatasetView *view, LkThumbnails *thumbnails, LkPictureLoader *loader);

/** The place below the picture, for an editor of the current picture's caption. */
AdwBin *lk_viewer_page_get_caption(LkViewerPage *self);
/** Where messages appear: over the picture, so that the caption can be written meanwhile. */
AdwToastOverlay *lk_viewer_page_get_toasts(LkViewerPage *self);

G_END_DECLS
