// One table of operator calls for all modes of the op table test: see rows_*.c.
#ifndef MKD_TESTS_OP_TABLE_H
#define MKD_TESTS_OP_TABLE_H

#include "nn/functions.h"
#include "nn/plan.h"

// What an input holds.
typedef enum content {
    NONE,     // absent
    UNIFORM,  // [-1, 1)
    POSITIVE, // [0.5, 2)
    SPREAD,   // distinct, at least 1/n apart and away from 0, shuffled, about [-3, 3)
    TIES,     // -1, 0, 1 or 2
    MASK,     // 0 or 1
    INDEX     // i32 in [-1, limit]: the ends are outside of [0, limit)
} content;

enum trait {
    WIDE = 1, // stays f32 where others are bf16
    FIXED = 3 // that, and no gradient is asked for
};

typedef struct input {
    content content;
    mkd_shape shape;
    int64_t limit; // INDEX
    int traits;
} input;

enum row_flag {
    BF16 = 1,        // also runs in bf16
    NO_GRADIENT = 2, // has none for these attributes (comparisons, casts)
    SPEED = 4,       // large: runs in mode speed alone
    KINK = 8         // inputs lie on a kink: gradients of backends agree, differences say nothing
};

typedef struct row {
    const char *name;
    mkd_op op;
    input in[MKD_MAX_INPUTS];
    mkd_attributes attributes;
    int flags;
    double slack; // factor on the tolerances; 0 counts as 1
} row;

// A shape in an initializer.
#define S(...)                                                                                     \
    {                                                                                              \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define SCALAR                                                                                     \
    {                                                                                              \
        0, {                                                                                       \
            0                                                                                      \
        }                                                                                          \
    }

typedef struct row_list {
    const row *rows;
    int n;
} row_list;

row_list rows_conv(void);
row_list rows_elementwise(void);
row_list rows_layout(void);
row_list rows_reduce(void);
row_list rows_norm(void);
row_list rows_pool(void);
row_list rows_index(void);

// Calls `visit` for every row whose name or operator matches `pattern`.
typedef int (*row_visitor)(void *payload, const row *r, const char *title);
int for_each_row(const char *pattern, row_visitor visit, void *payload);

// A row as a graph: inputs, the node, its outputs; with gradients the total sum(out 0 * weight) and
// the gradient of every input that can have one.
typedef struct built {
    mkd_graph *g;
    int n_in, n_results;
    mkd_value in[MKD_MAX_INPUTS];
    mkd_value weight, loss;
    mkd_value results[2 * MKD_MAX_INPUTS + MKD_MAX_OUTPUTS];
    char names[2 * MKD_MAX_INPUTS + MKD_MAX_OUTPUTS][24];
} built;

int row_n_inputs(const row *r);
bool input_is_trained(const input *in);
bool row_has_gradient(const row *r);
int build(built *out, const row *r, mkd_dtype dtype, bool with_gradient);
// Input i, or the loss's weight for i = n_in, as f64.
int fill(mkd_tensor *out, const built *b, const row *r, int i);

// modes
typedef struct settings {
    const char *pattern, *backend;
} settings;
int mode_agree(const settings *s);
int mode_gradient(const settings *s);
int mode_support(const settings *s);
int mode_speed(const settings *s);

#endif
