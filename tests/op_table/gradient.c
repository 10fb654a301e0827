// Mode gradient: the graph's autodiff in f64 on ref against central differences,
//   dL/dx_i = (L(x + h e_i) - L(x - h e_i)) / 2h + O(h^2),  L = sum(output 0 * weight),
// for up to 48 elements of every input.
#include <math.h>
#include <stdio.h>

#include "base/status.h"
#include "run.h"

#define STEP     1e-5
#define ELEMENTS 48

typedef struct totals {
    int n_values, n_rows, n_off;
} totals;

// the result that is input i's gradient, or -1
static int gradient_result(const runner *run, int i) {
    char name[24];
    snprintf(name, sizeof name, "d_in%d", i);
    for (int k = 0; k < run->b.n_results; k++) {
        if (mkd_find_output(run->b.g, name).id == run->b.results[k].id) {
            return k;
        }
    }
    return -1;
}

static int loss_at(double *out, runner *run, int i, mkd_tensor *x, int64_t at, double step) {
    double *value = (double *)x->data + at;
    double kept = *value;
    *value += step;
    mkd_tensor loss = {0};
    int status = 0;
    MKD_GOTO(runner_write(run, i, x));
    MKD_GOTO(mkd_plan_run(run->plan));
    MKD_GOTO(mkd_plan_read(&loss, run->plan, run->b.loss));
    *out = *(double *)loss.data;
done:
    *value = kept;
    mkd_tensor_free(&loss);
    return status;
}

static int check_input(double *worst, totals *t, runner *run, const row *r, int i) {
    mkd_tensor x = {0}, dx = {0};
    int status = 0;
    MKD_GOTO(fill(&x, &run->b, r, i));
    MKD_GOTO(runner_write(run, i, &x));
    MKD_GOTO(mkd_plan_run(run->plan));
    int64_t n = mkd_tensor_count(&x);
    if (gradient_result(run, i) < 0) {
        status = mkd_error_set(MKD_EINVAL, "input %d has no gradient", i);
        goto done;
    }
    MKD_GOTO(runner_read(&dx, run, gradient_result(run, i)));
    double largest = 1;
    for (int64_t k = 0; k < n; k++) {
        largest = fmax(largest, fabs(((double *)dx.data)[k]));
    }
    int64_t stride = n > ELEMENTS ? n / ELEMENTS : 1;
    for (int64_t k = 0; k < n; k += stride) {
        double up, down;
        MKD_GOTO(loss_at(&up, run, i, &x, k, STEP));
        MKD_GOTO(loss_at(&down, run, i, &x, k, -STEP));
        double error = fabs((up - down) / (2 * STEP) - ((double *)dx.data)[k]);
        *worst = fmax(*worst, error <= 1 ? error / (2e-7 * largest) : INFINITY);
        t->n_values++;
    }
    MKD_GOTO(runner_write(run, i, &x));
done:
    mkd_tensor_free(&x);
    mkd_tensor_free(&dx);
    return status;
}

static int visit(void *payload, const row *r, const char *title) {
    totals *t = payload;
    if ((r->flags & (SPEED | KINK)) || !row_has_gradient(r)) {
        return 0;
    }
    runner run;
    double worst = 0;
    int status = runner_open(&run, r, "ref", MKD_F64, true);
    if (status == 0) {
        status = runner_fill(&run, r, MKD_F64);
    }
    for (int i = 0; i < row_n_inputs(r) && status == 0; i++) {
        if (input_is_trained(&r->in[i])) {
            status = check_input(&worst, t, &run, r, i);
        }
    }
    t->n_rows++;
    if (status < 0 || !(worst <= 1)) {
        t->n_off++;
        printf("off  %s: %s\n", title, status < 0 ? mkd_error_last() : "");
        printf("     worst error is %.3g times its tolerance\n", worst);
    }
    runner_close(&run);
    return 0;
}

int mode_gradient(const settings *s) {
    totals t = {0};
    MKD_TRY(for_each_row(s->pattern, visit, &t));
    printf("gradient: %d rows, %d derivatives, %d off\n", t.n_rows, t.n_values, t.n_off);
    return t.n_off > 0;
}
