#include "dataset/nearest.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LONGEST 64

/* Optimal string alignment distance; words beyond LONGEST letters are far from everything. */
static int distance(const char *a, const char *b)
{
    const int n = (int)strlen(a), m = (int)strlen(b);
    if (n > LONGEST || m > LONGEST)
        return G_MAXINT;
    int rows[3][LONGEST + 1];
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = rows[i % 3];
        const int *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            const char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
            now[j] = MIN(before[j - 1] + (x != y), MIN(before[j], now[j - 1]) + 1);
            const bool swapped = i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && y == g_ascii_tolower(a[i - 2]);
            if (swapped)
                now[j] = MIN(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *lk_nearest_name(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    int least = G_MAXINT;
    for (size_t i = 0; i < count; i++) {
        const int d = distance(word, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best && least <= MAX(2, (int)strlen(best) / 3) ? best : NULL;
}
