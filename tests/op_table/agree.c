// Mode agree: every row on every backend and element type against ref in f64 on the same (rounded)
// inputs: outputs, and gradients through the graph. An error e of a result with root mean square
// rms is allowed up to tolerance * (|value| + rms).
#include <math.h>
#include <stdio.h>

#include "base/status.h"
#include "nn/graph_private.h"
#include "run.h"

static double tolerance_of(mkd_dtype dtype) {
    return dtype == MKD_F64 ? 1e-12 : dtype == MKD_F32 ? 2e-6 : 0.01;
}

typedef struct totals {
    const settings *s;
    int n_rows, n_off;
    bool covered[MKD_N_OPS];
} totals;

// largest error as a share of what is allowed
static double compare(const mkd_tensor *ours, const mkd_tensor *exact, double tolerance) {
    const double *o = ours->data;
    const double *e = exact->data;
    int64_t n = mkd_tensor_count(exact);
    double square = 0, worst = 0;
    if (!mkd_shape_equal(&ours->shape, &exact->shape)) {
        return INFINITY;
    }
    for (int64_t i = 0; i < n; i++) {
        square += e[i] * e[i];
    }
    double rms = n > 0 ? sqrt(square / (double)n) : 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(o[i] - e[i]);
        double used = d <= 0 ? 0 : isfinite(o[i]) ? d / (tolerance * (fabs(e[i]) + rms)) : INFINITY;
        worst = fmax(worst, used);
    }
    return worst;
}

static int run_both(double *worst, int *where, runner *ours, runner *exact, const row *r,
                    mkd_dtype dtype) {
    MKD_TRY(runner_fill(ours, r, dtype));
    MKD_TRY(runner_fill(exact, r, dtype));
    MKD_TRY(mkd_plan_run(ours->plan));
    MKD_TRY(mkd_plan_run(exact->plan));
    double slack = r->slack > 0 ? r->slack : 1;
    for (int i = 0; i < exact->b.n_results; i++) {
        mkd_tensor a = {0}, b = {0};
        int status = 0;
        MKD_GOTO(runner_read(&a, ours, i));
        MKD_GOTO(runner_read(&b, exact, i));
        double used = compare(&a, &b, slack * tolerance_of(dtype));
        *where = used > *worst ? i : *where;
        *worst = fmax(*worst, used);
    done:
        mkd_tensor_free(&a);
        mkd_tensor_free(&b);
        MKD_TRY(status);
    }
    return 0;
}

static void check(totals *t, const row *r, const char *title, const char *backend,
                  mkd_dtype dtype) {
    runner ours = {0}, exact = {0};
    double worst = 0;
    int where = 0;
    bool with_gradient = row_has_gradient(r);
    int status = runner_open(&exact, r, "ref", MKD_F64, with_gradient);
    if (status == 0) {
        status = runner_open(&ours, r, backend, dtype, with_gradient);
    }
    if (status == 0) {
        status = run_both(&worst, &where, &ours, &exact, r, dtype);
    }
    for (int i = 0; exact.b.g && i < exact.b.g->n_nodes; i++) {
        t->covered[exact.b.g->nodes[i].op] = true;
    }
    t->n_rows++;
    if (status < 0 || !(worst <= 1)) {
        t->n_off++;
        printf("off  %s %s %s: %s", title, backend, mkd_dtype_name(dtype),
               status < 0 ? mkd_error_last() : "");
        if (status == 0) {
            printf("%s is %.3g times its tolerance off", exact.b.names[where], worst);
        }
        printf("\n");
    }
    runner_close(&ours);
    runner_close(&exact);
}

static int visit(void *payload, const row *r, const char *title) {
    totals *t = payload;
    if (r->flags & SPEED) {
        return 0;
    }
    const mkd_backend_driver *const *drivers = mkd_backend_drivers();
    for (int i = 0; drivers[i]; i++) {
        const char *name = drivers[i]->name;
        if (drivers[i]->score() <= 0 || (t->s->backend && !mkd_glob_match(t->s->backend, name))) {
            continue;
        }
        check(t, r, title, name, MKD_F32);
        if (r->flags & BF16) {
            check(t, r, title, name, MKD_BF16);
        }
    }
    return 0;
}

int mode_agree(const settings *s) {
    totals t = {.s = s};
    MKD_TRY(for_each_row(s->pattern, visit, &t));
    for (int op = 0; op < MKD_N_OPS && !s->pattern; op++) {
        if (!t.covered[op]) {
            printf("off  %s has no row\n", mkd_op_get_info((mkd_op)op)->name);
            t.n_off++;
        }
    }
    printf("agree: %d runs, %d off\n", t.n_rows, t.n_off);
    return t.n_off > 0;
}
