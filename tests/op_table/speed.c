// Mode speed: milliseconds of a run of each large row (or of the rows asked for), forward and with
// gradients, the best of several.
#include <stdio.h>

#include "base/status.h"
#include "base/thread.h"
#include "run.h"

#define BUDGET_S 0.5

static int measure(double *out_ms, const row *r, const char *backend, mkd_dtype dtype,
                   bool with_gradient) {
    runner run;
    int status = 0;
    double begin_s = mkd_time_s();
    *out_ms = -1;
    MKD_TRY(runner_open(&run, r, backend, dtype, with_gradient));
    MKD_GOTO(runner_fill(&run, r, dtype));
    MKD_GOTO(mkd_plan_run(run.plan)); // warm
    do {
        double start_s = mkd_time_s();
        MKD_GOTO(mkd_plan_run(run.plan));
        double ms = 1e3 * (mkd_time_s() - start_s);
        *out_ms = *out_ms < 0 || ms < *out_ms ? ms : *out_ms;
    } while (mkd_time_s() - begin_s < BUDGET_S);
done:
    runner_close(&run);
    return status;
}

static int visit(void *payload, const row *r, const char *title) {
    const settings *s = payload;
    if (!s->pattern && !(r->flags & SPEED)) {
        return 0;
    }
    const mkd_backend_driver *const *drivers = mkd_backend_drivers();
    for (int i = 0; drivers[i]; i++) {
        const char *name = drivers[i]->name;
        if (drivers[i]->score() <= 0 || (s->backend && !mkd_glob_match(s->backend, name))) {
            continue;
        }
        for (int k = 0; k < (r->flags & BF16 ? 2 : 1); k++) {
            mkd_dtype dtype = k ? MKD_BF16 : MKD_F32;
            double forward_ms, both_ms = -1;
            MKD_TRY(measure(&forward_ms, r, name, dtype, false));
            if (row_has_gradient(r)) {
                MKD_TRY(measure(&both_ms, r, name, dtype, true));
            }
            printf("%-60s %-5s %-5s %10.3f ms", title, name, mkd_dtype_name(dtype), forward_ms);
            if (both_ms >= 0) {
                printf("  with gradients %10.3f ms", both_ms);
            }
            printf("\n");
        }
    }
    return 0;
}

int mode_speed(const settings *s) {
    settings own = *s;
    return for_each_row(s->pattern, visit, &own);
}
