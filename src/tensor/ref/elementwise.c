// Elementwise functions. All arithmetic is in double, whatever the element type.
#include "tensor/ref/ref.h"

#include <math.h>

#define SQRT_HALF    0.70710678118654752440 // 1 / sqrt 2
#define SQRT_2_BY_PI 0.79788456080286535588
#define GELU_CUBIC   0.044715

static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

// log(1 + e^x) without overflow
static double softplus(double x) {
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static double smooth_l1(double x, double beta) {
    double a = fabs(x);
    return a < beta ? 0.5 * x * x / beta : a - 0.5 * beta;
}

static double sign(double x) {
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

// NaN passes through every piecewise function, so that a diverged value stays visible
static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static double unary_value(mkd_unary kind, double x, double alpha, double beta) {
    switch (kind) {
    case MKD_UNARY_RELU:
        return x < 0 ? 0 : x;
    case MKD_UNARY_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case MKD_UNARY_SIGMOID:
        return sigmoid(x);
    case MKD_UNARY_TANH:
        return tanh(x);
    case MKD_UNARY_SOFTPLUS:
        return softplus(x);
    case MKD_UNARY_ELU:
        return x < 0 ? alpha * expm1(x) : x;
    case MKD_UNARY_SILU:
        return x * sigmoid(x);
    case MKD_UNARY_RELU6:
        return clamp(x, 0, 6);
    case MKD_UNARY_HARDSWISH:
        return x * clamp(x + 3, 0, 6) / 6;
    case MKD_UNARY_LOG_SIGMOID:
        return -softplus(-x);
    case MKD_UNARY_GELU:
        return 0.5 * x * erfc(-x * SQRT_HALF);
    case MKD_UNARY_GELU_TANH:
        return 0.5 * x * (1 + tanh(SQRT_2_BY_PI * (x + GELU_CUBIC * x * x * x)));
    case MKD_UNARY_EXP:
        return exp(x);
    case MKD_UNARY_LOG:
        return log(x);
    case MKD_UNARY_SQRT:
        return sqrt(x);
    case MKD_UNARY_ABS:
        return fabs(x);
    case MKD_UNARY_NEG:
        return -x;
    case MKD_UNARY_SQUARE:
        return x * x;
    case MKD_UNARY_RECIPROCAL:
        return 1 / x;
    case MKD_UNARY_SIN:
        return sin(x);
    case MKD_UNARY_COS:
        return cos(x);
    case MKD_UNARY_LINEAR:
        return alpha * x + beta;
    case MKD_UNARY_POWER:
        return pow(x, alpha);
    case MKD_UNARY_CLAMP:
        return clamp(x, alpha, beta);
    case MKD_UNARY_SMOOTH_L1:
        return smooth_l1(x, alpha);
    case MKD_UNARY_HUBER:
        return alpha * smooth_l1(x, alpha);
    case MKD_N_UNARY:
        break;
    }
    return NAN;
}

// d gelu / dx = Phi(x) + x phi(x)
static double gelu_slope(double x) {
    return 0.5 * erfc(-x * SQRT_HALF) + x * exp(-0.5 * x * x) * 0.5 * SQRT_2_BY_PI;
}

static double gelu_tanh_slope(double x) {
    double t = tanh(SQRT_2_BY_PI * (x + GELU_CUBIC * x * x * x));
    double inner = SQRT_2_BY_PI * (1 + 3 * GELU_CUBIC * x * x);
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner;
}

// dy/dx. ReLU and leaky ReLU ask only the sign of y, which x and y share, and the functions whose
// slope is short in y use it, so that y may lie over x; for all others x must be alive.
static double unary_slope(mkd_unary kind, double x, double y, double alpha, double beta) {
    switch (kind) {
    case MKD_UNARY_RELU:
        return y > 0 ? 1 : 0;
    case MKD_UNARY_LEAKY_RELU:
        return x > 0 ? 1 : alpha;
    case MKD_UNARY_SIGMOID:
        return y * (1 - y);
    case MKD_UNARY_TANH:
        return 1 - y * y;
    case MKD_UNARY_SOFTPLUS:
        return sigmoid(x);
    case MKD_UNARY_ELU:
        return x > 0 ? 1 : alpha * exp(x);
    case MKD_UNARY_SILU:
        return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    case MKD_UNARY_RELU6:
        return x > 0 && x < 6 ? 1 : 0;
    case MKD_UNARY_HARDSWISH:
        return x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1;
    case MKD_UNARY_LOG_SIGMOID:
        return sigmoid(-x);
    case MKD_UNARY_GELU:
        return gelu_slope(x);
    case MKD_UNARY_GELU_TANH:
        return gelu_tanh_slope(x);
    case MKD_UNARY_EXP:
        return y;
    case MKD_UNARY_LOG:
        return 1 / x;
    case MKD_UNARY_SQRT:
        return 0.5 / y;
    case MKD_UNARY_ABS:
        return sign(x);
    case MKD_UNARY_NEG:
        return -1;
    case MKD_UNARY_SQUARE:
        return 2 * x;
    case MKD_UNARY_RECIPROCAL:
        return -y * y;
    case MKD_UNARY_SIN:
        return cos(x);
    case MKD_UNARY_COS:
        return -sin(x);
    case MKD_UNARY_LINEAR:
        return alpha;
    case MKD_UNARY_POWER: // alpha 0: a constant, also at x = 0
        return fabs(alpha) > 0 ? alpha * pow(x, alpha - 1) : 0;
    case MKD_UNARY_CLAMP:
        return x >= alpha && x <= beta ? 1 : 0;
    case MKD_UNARY_SMOOTH_L1:
        return fabs(x) < alpha ? x / alpha : sign(x);
    case MKD_UNARY_HUBER:
        return fabs(x) < alpha ? x : alpha * sign(x);
    case MKD_N_UNARY:
        break;
    }
    return NAN;
}

static double binary_value(mkd_binary kind, double a, double b) {
    switch (kind) {
    case MKD_BINARY_ADD:
        return a + b;
    case MKD_BINARY_SUB:
        return a - b;
    case MKD_BINARY_MUL:
        return a * b;
    case MKD_BINARY_DIV:
        return a / b;
    case MKD_BINARY_MAX:
        return a > b || isnan(a) ? a : b;
    case MKD_BINARY_MIN:
        return a < b || isnan(a) ? a : b;
    case MKD_BINARY_EQUAL:
        return a >= b && a <= b ? 1 : 0;
    case MKD_BINARY_GREATER:
        return a > b ? 1 : 0;
    case MKD_N_BINARY:
        break;
    }
    return NAN;
}

#define MKD_REF_SOURCE "tensor/ref/elementwise.inc"
#include "tensor/ref/both.inc"
