/* Whether a training has the device: pictures and training do not share its memory. */
#pragma once

#include "app/core/task_center.h"
#include "worker/picture_maker.h"

G_BEGIN_DECLS

typedef enum LkGateState {
    LK_GATE_FREE,
    LK_GATE_TRAINING,
    LK_GATE_PAUSING, /* after the present step */
    LK_GATE_PAUSED,  /* the device is free, the training can go on */
} LkGateState;

#define LK_TYPE_TRAINING_GATE (lk_training_gate_get_type())
G_DECLARE_FINAL_TYPE(LkTrainingGate, lk_training_gate, LK, TRAINING_GATE, GObject)

/* Signal `changed`: the state is another. */

/** `maker` gives its memory back before a training goes on. */
LkTrainingGate *lk_training_gate_new(LkTaskCenter *tasks, LkPictureMaker *maker);
LkGateState lk_training_gate_get_state(LkTrainingGate *self);

/** Asks the training to pause; paused follows. */
void lk_training_gate_pause(LkTrainingGate *self);
/** Lets it go on as soon as the maker has let go of the device. */
void lk_training_gate_resume(LkTrainingGate *self);

G_END_DECLS
