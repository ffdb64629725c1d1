/* The elementary functions of kernels/elementary.h against the C library in double, over their whole range. */
#include "kernels/elementary.h"
#include "kernels/lane.h"

#include "tests/tap.h"

#include <float.h>
#include <math.h>

/* Distance to the truth in units of the truth's last place. */
static double ulps(float x, double truth)
{
    float rounded = (float)truth;
    double place = fmax(fabs((double)nextafterf(rounded, INFINITY) - rounded), 1.4012984643e-45);
    return fabs(x - truth) / place;
}

static void test_exp(void)
{
    double worst = 0, worst_at = 0;
    for (double x = -87; x < 88.7; x += 1.7e-5) {
        float f = (float)x;
        double error = ulps(lk_exp(f), exp(f));
        if (error > worst) {
            worst = error;
            worst_at = x;
        }
    }
    tap_ok(worst < 1.2, "exp is within %.2f last places (worst at %g)", worst, worst_at);
    double tiny = 0;
    for (double x = -104; x < -87; x += 1e-4)
        tiny = fmax(tiny, fabs(lk_exp((float)x) - exp((float)x)));
    tap_ok(tiny < 3e-45, "exp of numbers below -87 ends in subnormals, off by %g", tiny);
    tap_ok(lk_exp(-INFINITY) == 0 && lk_exp(-1e30f) < 2e-45f, "exp of minus infinity is 0");
    tap_ok(isinf(lk_exp(INFINITY)) && isinf(lk_exp(89)) && isinf(lk_exp(FLT_MAX)), "exp of large numbers is infinity");
    tap_ok(isnan(lk_exp(NAN)), "exp of NaN is NaN");
    tap_ok(lk_exp(0) == 1, "exp(0) = 1");
}

static void test_normal(void)
{
    double worst = 0, worst_density = 0;
    for (double x = -6; x < 9; x += 1.3e-5) {
        float f = (float)x;
        LkNormal n = lk_normal(f);
        worst = fmax(worst, fabs(n.below / (erfc(-f / sqrt(2)) / 2) - 1));
        worst_density = fmax(worst_density, fabs(n.density / (exp(-0.5 * f * f) / sqrt(2 * M_PI)) - 1));
    }
    /* x^2 / 2 itself is rounded: at 6 that costs 18 * 6e-8. */
    tap_ok(worst < 2e-6, "normal distribution function: relative error %.2g on -6..9", worst);
    tap_ok(worst_density < 3e-6, "normal density: relative error %.2g", worst_density);
    double near = 0;
    for (double x = -3; x < 3; x += 1e-5)
        near = fmax(near, fabs(lk_normal((float)x).below / (erfc(-(float)x / sqrt(2)) / 2) - 1));
    tap_ok(near < 6e-7, "normal distribution function: relative error %.2g on -3..3", near);
    tap_ok(lk_gelu_erf(40) == 40 && lk_gelu_erf(-40) == 0, "gelu ends in x and in 0");
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void test_gates(void)
{
    double silu = 0, tanh_gelu = 0, quick = 0;
    for (double x = -20; x < 20; x += 1e-4) {
        float f = (float)x;
        double u = sqrt(2 / M_PI) * (f + 0.044715 * pow(f, 3)), scale = fmax(fabs(x), 1e-3);
        silu = fmax(silu, fabs(lk_silu(f) - f * sigmoid(f)) / scale);
        quick = fmax(quick, fabs(lk_quick_gelu(f) - f * sigmoid(1.702 * f)) / scale);
        tanh_gelu = fmax(tanh_gelu, fabs(lk_gelu_tanh(f) - 0.5 * f * (1 + tanh(u))) / scale);
    }
    tap_ok(silu < 2e-7 && quick < 3e-7 && tanh_gelu < 3e-7, "silu, quick gelu, tanh gelu: errors %.2g %.2g %.2g of x",
           silu, quick, tanh_gelu);
    tap_ok(lk_silu(-200) == 0 && lk_silu(200) == 200, "silu ends in 0 and in x");
}

/* Slopes against differences of the function in double. */
static void test_slopes(void)
{
    double worst = 0, h = 1e-5;
    for (double x = -8; x < 8; x += 1e-3) {
        double a = x + h, b = x - h;
        double quick = (a * sigmoid(1.702 * a) - b * sigmoid(1.702 * b)) / (2 * h);
        double silu = (a * sigmoid(a) - b * sigmoid(b)) / (2 * h);
        double gelu = (a * erfc(-a / sqrt(2)) - b * erfc(-b / sqrt(2))) / (4 * h);
        double ua = sqrt(2 / M_PI) * (a + 0.044715 * a * a * a), ub = sqrt(2 / M_PI) * (b + 0.044715 * b * b * b);
        double tanh_gelu = (a * (1 + tanh(ua)) - b * (1 + tanh(ub))) / (4 * h);
        float f = (float)x;
        worst = fmax(worst, fabs(lk_quick_gelu_slope(f) - quick));
        worst = fmax(worst, fabs(lk_silu_slope(f) - silu));
        worst = fmax(worst, fabs(lk_gelu_erf_slope(f) - gelu));
        worst = fmax(worst, fabs(lk_gelu_tanh_slope(f) - tanh_gelu));
    }
    tap_ok(worst < 2e-6, "slopes agree with differences to %.2g", worst);
}

static void test_types(void)
{
    int wrong = 0;
    for (uint32_t h = 0; h < 65536; h++) {
        LkBf16 b = {(uint16_t)h}, back;
        LkF16 f = {(uint16_t)h}, f_back;
        lk_store(&back, lk_load(&b));
        lk_store(&f_back, lk_load(&f));
        int bf16_nan = (h & 0x7fff) > 0x7f80, f16_nan = (h & 0x7fff) > 0x7c00;
        wrong += bf16_nan ? !isnan(lk_load(&back)) : back.bits != h;
        wrong += f16_nan ? !isnan(lk_load(&f_back)) : f_back.bits != h;
    }
    tap_ok(wrong == 0, "every bf16 and f16 survives the way through float");
    LkBf16 b;
    lk_store(&b, lk_from_bits(0x3f808000u));
    int even_down = b.bits == 0x3f80;
    lk_store(&b, lk_from_bits(0x3f818000u));
    int even_up = b.bits == 0x3f82;
    lk_store(&b, lk_from_bits(0x3f808001u));
    tap_ok(even_down && even_up && b.bits == 0x3f81, "ties go to the even bf16, the rest to the nearest");
    lk_store(&b, FLT_MAX);
    tap_ok(isinf(lk_load(&b)), "the largest float rounds to infinity in bf16");
}

int main(void)
{
    test_exp();
    test_normal();
    test_gates();
    test_slopes();
    test_types();
    return tap_done();
}
