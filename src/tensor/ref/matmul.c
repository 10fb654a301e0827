// y[..,m,n] = alpha sum_k a[..,m,k] b[..,k,n], where a and b may be stored transposed.
#include "tensor/ref/ref.h"

// columns that are summed side by side
#define BLOCK 32

typedef struct product {
    int64_t batch, m, n, k;
    int64_t a_row, a_column, b_row, b_column; // strides
    double alpha;
} product;

static product product_of(const mkd_call *call) {
    const mkd_attributes *attributes = call->attributes;
    const mkd_shape *a = &call->in[0].shape;
    const mkd_shape *b = &call->in[1].shape;
    int rank = a->rank;
    bool ta = attributes->transpose_a;
    bool tb = attributes->transpose_b;
    return (product){
        .batch = mkd_ref__extent(a, 0, rank - 2),
        .m = a->at[rank - (ta ? 1 : 2)],
        .k = a->at[rank - (ta ? 2 : 1)],
        .n = b->at[rank - (tb ? 2 : 1)],
        .a_row = ta ? 1 : a->at[rank - 1],
        .a_column = ta ? a->at[rank - 1] : 1,
        .b_row = tb ? 1 : b->at[rank - 1],
        .b_column = tb ? b->at[rank - 1] : 1,
        .alpha = attributes->alpha < 0 || attributes->alpha > 0 ? attributes->alpha : 1,
    };
}

#define MKD_REF_SOURCE "tensor/ref/matmul.inc"
#include "tensor/ref/both.inc"
