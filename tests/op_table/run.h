// A built row on a backend.
#ifndef MKD_TESTS_OP_TABLE_RUN_H
#define MKD_TESTS_OP_TABLE_RUN_H

#include "table.h"

typedef struct runner {
    mkd_backend *backend;
    built b;
    mkd_plan *plan;
    mkd_plan_stats stats;
} runner;

int runner_open(runner *out, const row *r, const char *backend, mkd_dtype dtype,
                bool with_gradient);
void runner_close(runner *run);
// Writes input i (n_in: the loss's weight) from f64.
int runner_write(runner *run, int i, const mkd_tensor *values);
// Fills and writes all inputs, rounded to `rounded` first.
int runner_fill(runner *run, const row *r, mkd_dtype rounded);
// Result i as f64, owned.
int runner_read(mkd_tensor *out, runner *run, int i);

#endif
