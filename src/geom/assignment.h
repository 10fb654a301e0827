/// Linear assignment: pairs rows with columns at the least total cost.
#ifndef MKD_GEOM_ASSIGNMENT_H
#define MKD_GEOM_ASSIGNMENT_H

#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Pairs min(n_rows, n_columns) rows with as many different columns so that the sum of their costs
/// is least. Exact, O(n^2 m) for n = min, m = max. Deterministic; which of several best solutions
/// is found depends on the costs alone. Negative costs are fine.
/// @param[out] column_of_row  [n_rows]; -1 for rows that stay alone
/// @param[out] total_cost     Nullable: sum over the pairs
/// @param cost                [n_rows, n_columns] row-major, all finite
/// Errors: EINVAL (a cost that is not finite; the message names it), ENOMEM.
int mkd_assignment_solve(long *column_of_row, double *total_cost, const double *cost, size_t n_rows,
                         size_t n_columns) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
