// One variant of a case, run through the graph and its autodiff on the program's backend: builders
// take inputs by name, make nodes, and name outputs and gradients. The first failure sticks.
#ifndef MKD_TESTS_PARITY_VARIANT_H
#define MKD_TESTS_PARITY_VARIANT_H

#include "nn/functions.h"
#include "nn/plan.h"
#include "parity.h"

// How the reference's axes relate to ours.
typedef enum parity_layout {
    PLAIN,
    CHANNELS_LAST // axis 1 there is the last one here: images, volumes, all convolution weights
} parity_layout;

#define VARIANT_VALUES 24

typedef struct named_value {
    char name[64];
    mkd_value value;
    mkd_tensor tensor; // inputs: what to write
    parity_layout layout;
    bool is_gradient;
} named_value;

typedef struct variant {
    parity_case *c;
    char prefix[32];       // "v3."
    const json_t *options; // of the variant; falls back to the case's
    mkd_graph *g;
    mkd_value loss;
    named_value inputs[VARIANT_VALUES], outputs[VARIANT_VALUES];
    int n_inputs, n_outputs;
    int status;
} variant;

typedef void (*variant_function)(variant *v);

// Runs `build` for every variant. Variants that answer EUNSUPPORTED do not stop the others.
int variant_run_graphs(parity_case *c, variant_function build);
// The same without a graph: `run` puts its results itself (variant_put).
int variant_run_all(parity_case *c, variant_function run);

void variant_fail(variant *v, int status);
bool variant_has(const variant *v, const char *name);
// An input that wants a gradient, in our layout.
mkd_value variant_input(variant *v, const char *name, parity_layout layout);
// An input without gradient.
mkd_value variant_given(variant *v, const char *name, parity_layout layout);
// A value made here; takes over `tensor`.
mkd_value variant_value(variant *v, const char *name, mkd_tensor *tensor);
// Host copy, owned by the caller, converted.
int variant_raw(mkd_tensor *out, const variant *v, const char *name); // as it is stored
int variant_tensor(mkd_tensor *out, variant *v, const char *name, mkd_dtype dtype);

void variant_output(variant *v, const char *name, mkd_value x, parity_layout layout);
// The gradient of the total loss by `x`; zeros if it does not depend on x.
void variant_gradient(variant *v, const char *name, mkd_value x, parity_layout layout);
// Adds sum(y * grad_y) to the total; nothing if the case has no such gradient.
void variant_loss(variant *v, mkd_value y, const char *grad_y, parity_layout layout);
// Result computed without a graph; takes over `tensor`.
void variant_put(variant *v, const char *name, mkd_tensor *tensor);

const json_t *variant_option(const variant *v, const char *key); // NULL: not there or null
double variant_number(const variant *v, const char *key, double otherwise);
bool variant_flag(const variant *v, const char *key, bool otherwise);
const char *variant_text(const variant *v, const char *key, const char *otherwise);
// One number for all axes, or a list of n.
void variant_extents(int64_t *out, const variant *v, const char *key, int n, int64_t otherwise);


#endif
