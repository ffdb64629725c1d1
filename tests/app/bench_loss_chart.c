/* The loss chart with 100,000 steps: what one drawing takes, into nodes and into pixels, and what more steps take. The
 * chart is 800 × 300, as in a window of 1280. Usage: bench_loss_chart [COUNT]. */
#include "app/training/loss_chart_private.h"
#include "training/verdict.h"

#include <adwaita.h>
#include <math.h>

enum { TIMES = 40, NEW_STEPS = 20 };

static double milliseconds(void)
{
    return (double)g_get_monotonic_time() / 1000;
}

static void print_figures(const char *what, GArray *times)
{
    double sum = 0, least = INFINITY, most = 0;
    for (guint i = 0; i < times->len; i++) {
        double time = g_array_index(times, double, i);
        sum += time;
        least = fmin(least, time);
        most = fmax(most, time);
    }
    g_print("%-44s ms: mean %6.2f  least %6.2f  most %6.2f\n", what, sum / times->len, least, most);
    g_array_set_size(times, 0);
}

static LkTaskMetric metric_at(guint i)
{
    double noise = (double)((i * 2654435761u) >> 8 & 0xffff) / 65536;
    return (LkTaskMetric){.step = i + 1,
                          .epoch = 1 + i / 1000,
                          .loss = 0.08 + 0.1 * exp(-(double)i / 20000) + 0.1 * noise * noise,
                          .lr = 1e-4 * (0.5 + 0.5 * cos(G_PI * i / 120000.0)),
                          .grad_norm = 0.3,
                          .seconds = 0.01};
}

static void run(LkLossChart *chart, guint count)
{
    g_autoptr(GArray) metrics = g_array_new(FALSE, FALSE, sizeof(LkTaskMetric));
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    for (guint i = 0; i < count + TIMES * NEW_STEPS; i++) {
        LkTaskMetric metric = metric_at(i);
        g_array_append_val(metrics, metric);
    }
    double begin = milliseconds();
    lk_loss_chart_update(chart, (const LkTaskMetric *)metrics->data, 0, count);
    g_print("%-44s ms: %6.2f\n", "taking all steps", milliseconds() - begin);
    GskRenderer *renderer = gsk_cairo_renderer_new();
    gsk_renderer_realize_for_display(renderer, gdk_display_get_default(), NULL);
    for (int log_scale = 0; log_scale < 2; log_scale++) {
        g_autoptr(GArray) pixels = g_array_new(FALSE, FALSE, sizeof(double));
        g_object_set(chart, "log-scale", log_scale == 1, NULL);
        for (int i = 0; i < TIMES; i++) {
            begin = milliseconds();
            GtkSnapshot *snapshot = gtk_snapshot_new();
            lk_loss_chart_draw(chart, snapshot);
            g_autoptr(GskRenderNode) node = gtk_snapshot_free_to_node(snapshot);
            double middle = milliseconds(), nodes = middle - begin;
            g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(renderer, node, NULL);
            double drawing = milliseconds() - middle;
            g_array_append_val(times, nodes);
            g_array_append_val(pixels, drawing);
        }
        print_figures(log_scale ? "drawing, log scale: nodes" : "drawing: nodes", times);
        print_figures(log_scale ? "drawing, log scale: pixels, by the processor" : "drawing: pixels, by the processor",
                      pixels);
    }
    for (guint i = 0; i < TIMES; i++) {
        begin = milliseconds();
        guint from = count + i * NEW_STEPS;
        lk_loss_chart_update(chart, (const LkTaskMetric *)metrics->data, from, from + NEW_STEPS);
        double took = milliseconds() - begin;
        g_array_append_val(times, took);
    }
    print_figures("20 more steps", times);
    for (guint i = 0; i < TIMES; i++) {
        gsize n;
        const double *losses = lk_loss_chart_get_losses(chart, &n);
        begin = milliseconds();
        lk_verdict_judge(losses, n);
        double took = milliseconds() - begin;
        g_array_append_val(times, took);
    }
    print_figures("the verdict", times);
    gsk_renderer_unrealize(renderer);
    g_object_unref(renderer);
}

int main(int argc, char **argv)
{
    guint count = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : 100000;
    adw_init();
    GtkWidget *window = gtk_window_new(), *chart = lk_loss_chart_new();
    gtk_window_set_child(GTK_WINDOW(window), chart);
    gtk_window_set_default_size(GTK_WINDOW(window), 800, 300);
    gtk_window_present(GTK_WINDOW(window));
    while (gtk_widget_get_width(chart) < 100)
        g_main_context_iteration(NULL, TRUE);
    lk_loss_chart_set_length(LK_LOSS_CHART(chart), count + count / 5, count / 1000);
    run(LK_LOSS_CHART(chart), count);
    gtk_window_destroy(GTK_WINDOW(window));
    return 0;
}
