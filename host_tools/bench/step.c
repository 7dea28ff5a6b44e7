/* The step of firmware/rivulet/integers/decay.py as one would write it in C: what the assembler is
   measured against. Same buffers, same bits. With ROW_MAJOR weights are int8 rows instead.
   US_SCALE comes from integers/arithmetic.py, by the compiler's command line. */

#include <stdint.h>

enum {
    HIDDEN, INPUTS, OUTPUTS, FLAGS, COLUMNS, ROWS, FEATURES, OUT_ROWS, CONFIDENCE_AT, X_AT, MEAN_AT,
    ALPHA_AT, V_AT, FEATURE_AT, Y_AT, ACC_AT, GAIN_AT, BIAS_AT, MULTIPLIER_AT, OUT_BIAS_AT,
    OUT_MULTIPLIER_AT, ALPHA_TABLE_AT, DRIVE_TABLE_AT, RECIPROCAL_TABLE_AT, DECAY_TABLE_AT,
    OUT_WEIGHTS_AT
};

#define AT(entry) ((int32_t *)((char *)words + words[entry]))
#define LARGEST (12 << 26)

static inline int32_t mul_shift(int32_t acc, int32_t multiplier)
{
    int32_t m = multiplier & 0xFFFF;
    return ((acc >> 16) * m + (int32_t)((uint32_t)((acc & 0xFFFF) * m) >> 16)) >> (multiplier >> 16);
}

static inline int32_t look_up(const int32_t *table, int32_t z)
{
    z = z < -16384 ? -16384 : z > 16383 ? 16383 : z;
    table += (z >> 6) + 256;
    return table[0] + (((table[1] - table[0]) * (z & 63)) >> 6);
}

static inline int32_t gain(int32_t alpha, int32_t mantissa, int right, int left, const int32_t *decay)
{
    int32_t s = ((alpha >> 15) * mantissa + (((alpha & 0x7FFF) * mantissa) >> 15)) >> right;
    s = s > LARGEST >> left ? LARGEST : s << left;
    int32_t i = (s + (1 << 21)) >> 22;
    int32_t r = s - (i << 22);
    int32_t p = r - (((r >> 6) * (r >> 6)) >> 15);
    return i ? ((65536 - decay[i]) << 14) + ((decay[i] * (p >> 6)) >> 6) : p << 4;
}

static inline int32_t move(int32_t x, int32_t q, int32_t k)
{
    int32_t d = q - (x >> 15);
    return x + d * (k >> 15) + ((d * (k & 0x7FFF)) >> 15);
}

static inline void product(const uint8_t *weights, const int32_t *v, int columns, int rows,
    const int32_t *bias, const int32_t *multiplier, int32_t *out)
{
    for (int row = 0; row < rows; row++) {
        int32_t acc = bias[row];
#ifdef ROW_MAJOR
        for (int c = 0; c < columns; c++)
            acc += (int8_t)*weights++ * v[c];
#else
        const uint8_t *w = weights + (row >> 3) * columns * 8 + (row & 7);
        for (int c = 0; c < columns; c++, w += 8)
            acc += (*w - 128) * v[c];
#endif
        out[row] = mul_shift(acc, multiplier[row]);
    }
}

static void apply(int32_t *words, const int32_t *input_map)
{
    int count = input_map[0];
    const int32_t *p = input_map + 1 + count;
    for (int i = 0; i < count; i++, p += 4) {
        int32_t v = (input_map[1 + i] * p[1] + p[2]) >> p[3];
        *(int32_t *)((char *)words + p[0]) = v > 32767 ? 32767 : v < -32767 ? -32767 : v;
    }
}

int step(int32_t *words, const uint8_t *weights, int32_t dt, const int32_t *input_map)
{
    int n = words[HIDDEN], flags = words[FLAGS];
    if (flags & 4)
        apply(words, input_map);
    if (dt) {
        int e = 2;
        if (dt < 0) {
            dt = -dt;
            e += 10;
        }
        for (; dt < 0x8000; e--)
            dt <<= 1;
        for (; dt > 0xFFFF; e++)
            dt >>= 1;
        int32_t mantissa = (dt * US_SCALE) >> 15;
        int right = e < 0 ? -e : 0, left = e < 0 ? 0 : e;
        int32_t *z = AT(ACC_AT), *alpha = AT(ALPHA_AT), *x = AT(X_AT), *v = AT(V_AT);
        const int32_t *decay = AT(DECAY_TABLE_AT);
        product(weights, v, words[COLUMNS], 2 * n, AT(BIAS_AT), AT(MULTIPLIER_AT), z);
        for (int r = 0; r < n; r++) {
            int32_t a = look_up(AT(ALPHA_TABLE_AT), z[r]);
            int32_t q = look_up(AT(DRIVE_TABLE_AT), z[n + r]);
            if (flags & 2)
                q = (q * look_up(AT(RECIPROCAL_TABLE_AT), z[r])) >> 15;
            alpha[r] = a;
            x[r] = move(x[r], q, gain(a, mantissa, right, left, decay));
            v[r] = (x[r] + (1 << 17)) >> 18;
        }
        const int32_t *feature = v;
        if (flags & 1) {
            int32_t w = gain(alpha[n], mantissa, right, left, decay), one = 1 << 30;
            int32_t *c = AT(CONFIDENCE_AT), *mean = AT(MEAN_AT), *f = AT(FEATURE_AT);
            if (w && *c != one) {
                int32_t missing = one - *c;
                *c += (missing >> 15) * (w >> 15) + (((missing & 0x7FFF) * (w >> 15)) >> 15)
                    + (((missing >> 15) * (w & 0x7FFF)) >> 15);
                if (*c > one - 1024)
                    *c = one;
                if (w >= *c) {
                    w = one;
                } else {
                    uint32_t rest = w, quotient = 0;
                    for (int i = 0; i < 30; i++) {
                        rest <<= 1;
                        quotient <<= 1;
                        if (rest >= (uint32_t)*c) {
                            rest -= *c;
                            quotient++;
                        }
                    }
                    w = quotient;
                }
            }
            for (int r = 0; r < n; r++) {
                mean[r] = move(mean[r], x[r] >> 15, w);
                f[r] = (mean[r] + (1 << 17)) >> 18;
            }
            feature = f;
        }
        product(weights + words[OUT_WEIGHTS_AT], feature, words[FEATURES], words[OUTPUTS],
            AT(OUT_BIAS_AT), AT(OUT_MULTIPLIER_AT), AT(Y_AT));
    }
    if (!(flags & 4))
        apply(words, input_map);
    return 0;
}
