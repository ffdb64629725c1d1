/* Weights from 8-bit codes: every code, rows of every alignment, tiles. */
#include "tests/kernels/check.h"

/** What a code stands for, by its definition. */
static double value_of(LkDType codes, int code)
{
    int exponent = code >> 3 & 15, mantissa = code & 7;
    double size = exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
    return codes == LK_I8 ? (int8_t)code : code & 0x80 ? -size : size;
}

static void test_dequantise(LkDType t, LkDType type, int64_t rows, int64_t cols)
{
    Array codes = array_new(type, rows * cols), scales = array_random(LK_F32, rows, 2, 0.01, 0),
          y = array_new(t, rows * cols);
    double *truth = malloc(sizeof(double) * (size_t)(rows * cols));
    for (int64_t i = 0; i < rows * cols; i++) {
        int code = (int)(i * 7 % 255);
        code = type == LK_E4M3 && (code & 0x7f) == 0x7f ? 0 : code; /* NaN is no weight's code */
        codes.start[i] = (unsigned char)code;
        truth[i] = value_of(type, code) * at(scales, i / cols);
    }
    array_reset(codes);
    LkKernelId id = type == LK_I8 ? LK_KERNEL_DEQUANTISE_I8 : LK_KERNEL_DEQUANTISE_E4M3;
    LkDequantiseArgs args = {codes.data, (const float *)scales.data, y.data, rows, cols};
    check(&(Check){id, t, &args, {{y, truth, 2e-7}}, .same_for_all_lanes = true}, "%lldx%lld", (long long)rows,
          (long long)cols);
    array_free(codes);
    array_free(scales);
    array_free(y);
    free(truth);
}

int main(void)
{
    static const int64_t shapes[][2] = {{1, 1}, {3, 7}, {5, 64}, {40, 288}, {2, 2049}, {3, 5000}};
    EACH_TYPE(t)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        test_dequantise(t, LK_I8, shapes[i][0], shapes[i][1]);
        test_dequantise(t, LK_E4M3, shapes[i][0], shapes[i][1]);
    }
    return tap_done();
}
