// Rows by index: x [N,R,C], index [N,K], y[n,k,:] = x[n,index[n,k],:]; an index outside [0, R)
// stands for a row of zeros that gets no gradient.
#include "tensor/ref/ref.h"

#define MKD_REF_SOURCE "tensor/ref/gather.inc"
#include "tensor/ref/both.inc"
