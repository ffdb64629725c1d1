/* Queues of work and marks. */
#include "queue.h"

#include <stdlib.h>

FakeMark *fake_mark_ref(FakeMark *mark)
{
    mark->refs++;
    return mark;
}

void fake_mark_unref(FakeMark *mark)
{
    if (mark && --mark->refs == 0)
        free(mark);
}

FakeWork *fake_work_new(const char *name, size_t bytes, void (*run)(const void *data))
{
    FakeWork *work = calloc(1, sizeof *work + bytes);
    if (!work)
        abort();
    work->refs = 1;
    work->run = run;
    work->name = name;
    return work;
}

void fake_work_unref(FakeWork *work)
{
    if (work && --work->refs == 0) {
        if (work->drop)
            work->drop(work->data);
        free(work);
    }
}

void fake_push(FakeQueue *queue, FakeItem item)
{
    if (queue->count == queue->room) {
        queue->room = queue->room ? 2 * queue->room : 64;
        queue->items = realloc(queue->items, (size_t)queue->room * sizeof *queue->items);
        if (!queue->items)
            abort();
    }
    queue->items[queue->count++] = item;
}

void fake_item_free(FakeItem *item)
{
    fake_work_unref(item->work);
    fake_mark_unref(item->mark);
}

void fake_queue_clear(FakeQueue *queue)
{
    for (int64_t i = queue->first; i < queue->count; i++)
        fake_item_free(&queue->items[i]);
    free(queue->items);
    *queue = (FakeQueue){0};
}
