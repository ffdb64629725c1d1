#include "app/test/training_gate.h"

struct _LkTrainingGate {
    GObject parent_instance;
    LkTaskCenter *tasks;
    LkPictureMaker *maker;
    GSignalGroup *task_signals, *run_signals;
    LkGateState state;
    gboolean resuming; /* as soon as the device is free */
};

G_DEFINE_FINAL_TYPE(LkTrainingGate, lk_training_gate, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static LkRun *current_run(LkTrainingGate *self)
{
    LkTask *task = lk_task_center_get_current(self->tasks);
    return task ? lk_task_get_run(task) : NULL;
}

static LkGateState find_state(LkTrainingGate *self)
{
    LkRun *run = current_run(self);
    LkRunState now = run ? lk_run_get_state(run) : LK_RUN_IDLE;
    if (now == LK_RUN_PAUSED)
        return LK_GATE_PAUSED;
    if (now == LK_RUN_PAUSING)
        return LK_GATE_PAUSING;
    return run && lk_run_is_active(run) ? LK_GATE_TRAINING : LK_GATE_FREE;
}

static void update(LkTrainingGate *self)
{
    LkGateState state = find_state(self);
    if (self->state == state)
        return;
    self->state = state;
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

static void run_cb(LkTrainingGate *self)
{
    g_signal_group_set_target(self->run_signals, current_run(self));
    update(self);
}

static void current_cb(LkTrainingGate *self)
{
    g_signal_group_set_target(self->task_signals, lk_task_center_get_current(self->tasks));
    run_cb(self);
}

LkGateState lk_training_gate_get_state(LkTrainingGate *self)
{
    return self->state;
}

void lk_training_gate_pause(LkTrainingGate *self)
{
    self->resuming = FALSE;
    if (current_run(self))
        lk_run_pause(current_run(self));
}

static void resume_when_free(LkTrainingGate *self)
{
    gboolean loaded, busy;
    g_object_get(self->maker, "loaded", &loaded, "busy", &busy, NULL);
    if (!self->resuming || loaded || busy)
        return;
    self->resuming = FALSE;
    if (self->state == LK_GATE_PAUSED)
        lk_run_resume(current_run(self));
}

void lk_training_gate_resume(LkTrainingGate *self)
{
    self->resuming = TRUE;
    lk_picture_maker_cancel_all(self->maker);
    lk_picture_maker_release(self->maker);
    resume_when_free(self);
}

LkTrainingGate *lk_training_gate_new(LkTaskCenter *tasks, LkPictureMaker *maker)
{
    LkTrainingGate *self = g_object_new(LK_TYPE_TRAINING_GATE, NULL);
    self->tasks = g_object_ref(tasks);
    self->maker = g_object_ref(maker);
    g_signal_connect_object(tasks, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(maker, "notify::loaded", G_CALLBACK(resume_when_free), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(maker, "notify::busy", G_CALLBACK(resume_when_free), self, G_CONNECT_SWAPPED);
    current_cb(self);
    return self;
}

static void lk_training_gate_dispose(GObject *object)
{
    LkTrainingGate *self = LK_TRAINING_GATE(object);
    g_clear_object(&self->task_signals);
    g_clear_object(&self->run_signals);
    g_clear_object(&self->tasks);
    g_clear_object(&self->maker);
    G_OBJECT_CLASS(lk_training_gate_parent_class)->dispose(object);
}

static void lk_training_gate_class_init(LkTrainingGateClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_training_gate_dispose;
    signals[SIGNAL_CHANGED] =
        g_signal_new("changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_training_gate_init(LkTrainingGate *self)
{
    self->task_signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->task_signals, "notify::run", G_CALLBACK(run_cb), self);
    g_signal_group_connect_swapped(self->task_signals, "notify::state", G_CALLBACK(update), self);
    self->run_signals = g_signal_group_new(LK_TYPE_RUN);
    g_signal_group_connect_swapped(self->run_signals, "notify::state", G_CALLBACK(update), self);
}
