/* The enumerations as GObject types. */
#include "worker/drawing.h"
#include "worker/run.h"

G_DEFINE_ENUM_TYPE(LkRunState, lk_run_state, G_DEFINE_ENUM_VALUE(LK_RUN_IDLE, "idle"),
                   G_DEFINE_ENUM_VALUE(LK_RUN_PREPARING, "preparing"), G_DEFINE_ENUM_VALUE(LK_RUN_RUNNING, "running"),
                   G_DEFINE_ENUM_VALUE(LK_RUN_PAUSING, "pausing"), G_DEFINE_ENUM_VALUE(LK_RUN_PAUSED, "paused"),
                   G_DEFINE_ENUM_VALUE(LK_RUN_STOPPING, "stopping"), G_DEFINE_ENUM_VALUE(LK_RUN_STOPPED, "stopped"),
                   G_DEFINE_ENUM_VALUE(LK_RUN_FINISHED, "finished"), G_DEFINE_ENUM_VALUE(LK_RUN_FAILED, "failed"))

G_DEFINE_ENUM_TYPE(LkLogLevel, lk_log_level, G_DEFINE_ENUM_VALUE(LK_LOG_INFO, "info"),
                   G_DEFINE_ENUM_VALUE(LK_LOG_WARNING, "warning"))

G_DEFINE_ENUM_TYPE(LkDrawingState, lk_drawing_state, G_DEFINE_ENUM_VALUE(LK_DRAWING_WAITING, "waiting"),
                   G_DEFINE_ENUM_VALUE(LK_DRAWING_LOADING, "loading"),
                   G_DEFINE_ENUM_VALUE(LK_DRAWING_DRAWING, "drawing"), G_DEFINE_ENUM_VALUE(LK_DRAWING_DONE, "done"),
                   G_DEFINE_ENUM_VALUE(LK_DRAWING_CANCELLED, "cancelled"),
                   G_DEFINE_ENUM_VALUE(LK_DRAWING_FAILED, "failed"))
