// What the lowering passes share. A pass works on the graph before it becomes a program.
#ifndef MKD_NN_LOWER_PRIVATE_H
#define MKD_NN_LOWER_PRIVATE_H

#include "nn/graph_private.h"

// Folds inference batch norms into the convolutions before them, and bias, residual additions and
// ReLU into convolutions. Rewrites the graph; what it replaces is left dead.
void mkd_pass__fuse(mkd_graph *g);

// Chooses the precision of values: operands of convolutions become bf16, each value converted once;
// results, sums and everything else stay f32. Convolutions marked `exact` keep f32.
void mkd_pass__precision(mkd_graph *g);

// A block of memory that one or more values share, alive from node `first` to node `last`.
typedef struct memory_block {
    size_t bytes;
    int first, last;
    size_t offset; // result
} memory_block;

// Gives every block an offset (multiples of 64) such that blocks alive at the same time do not
// overlap; *total is the size of the whole, *lower_bound the largest sum of blocks alive at once.
int mkd_memory__plan(size_t *total, size_t *lower_bound, memory_block *blocks, int n, int n_nodes);

#endif
