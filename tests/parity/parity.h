// The parity program: golden cases, how they are filled and judged, and how they are run.
//
// A case folder has case.json, inputs.npz and expected.npz (format: README of the golden cases).
// Each kind has one run function in kinds.c that puts what we compute into the case's results under
// the names of the expected outputs; judge.c compares.
#ifndef MKD_TESTS_PARITY_H
#define MKD_TESTS_PARITY_H

#include <jansson.h>

#include "base/str.h"
#include "io/npz.h"
#include "tensor/backend.h"

typedef struct parity_array {
    char *name;
    mkd_tensor tensor; // owned
} parity_array;

typedef struct parity_case {
    const char *path; // the folder
    json_t *json;     // all of case.json
    json_t *options;  // borrowed
    const char *kind; // borrowed
    mkd_npz *inputs;
    mkd_npz *expected;
    parity_array *results;
    size_t n_results, capacity;
    mkd_backend *backend;
} parity_case;

// case.c
int parity_case_open(parity_case *out, const char *path);
void parity_case_close(parity_case *c);
// Takes over `tensor`, also on failure.
int parity_put(parity_case *c, const char *name, mkd_tensor *tensor);
const mkd_tensor *parity_result(const parity_case *c, const char *name);
// Owned copy of an input by its full name ("v0.x"), from inputs.npz or filled (filled_inputs).
// ENOTFOUND: the case has none.
int parity_input(mkd_tensor *out, const parity_case *c, const char *name);
// The value of a parameter or buffer by its name in the reference's state_dict: param/<name> of the
// inputs, fill_alias, fill_overrides, then the rule by name and shape. ENOTFOUND for fill_keep: the
// value that the model itself gives stays.
int parity_parameter(mkd_tensor *out, const parity_case *c, const char *name, mkd_shape shape);
int parity_write_results(const parity_case *c, const char *path);

// fill.c: values from names
double parity_uniform(uint64_t hash, uint64_t i); // value i of the stream, [0, 1)
uint64_t parity_word(uint64_t hash, uint64_t i);
int64_t parity_sample_index(uint64_t hash, uint64_t i, int64_t n);
uint64_t parity_sample_hash(const char *name);
int parity_fill(mkd_tensor *out, const char *key, mkd_shape shape, double low, double high);
int parity_fill_parameter(mkd_tensor *out, const char *prefix, const char *name, mkd_shape shape);

// judge.c
typedef struct parity_verdict {
    bool ok;
    int n_compared;
    double worst;    // largest share of its tolerance that any output used; above 1 is off
    char where[192]; // the output, and what about it
} parity_verdict;
// Outputs without a result are off, unless `partial`.
int parity_judge(parity_verdict *out, const parity_case *c, bool partial);

// Statistics as the cases hold them: mean, population standard deviation, L2 norm, minimum,
// maximum.
void parity_statistics(double out[5], const double *values, size_t n);

// kinds.c
typedef int (*parity_function)(parity_case *c);
bool parity_knows_kind(const char *name);
// Puts the case's results. EUNSUPPORTED: some variants cannot be run, the others were.
int parity_run_kind(parity_case *c);
void parity_list_kinds(mkd_str *out);

#endif
