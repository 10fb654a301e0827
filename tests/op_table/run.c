#include "run.h"

#include "base/status.h"

int runner_open(runner *out, const row *r, const char *backend, mkd_dtype dtype,
                bool with_gradient) {
    *out = (runner){0};
    mkd_plan_options options = {.no_fusion = true};
    int status = 0;
    MKD_GOTO(mkd_backend_open(&out->backend, backend, NULL));
    MKD_GOTO(build(&out->b, r, dtype, with_gradient));
    MKD_GOTO(mkd_plan_create(&out->plan, out->b.g, out->backend, &options));
    mkd_plan_get_stats(&out->stats, out->plan);
done:
    if (status < 0) {
        runner_close(out);
    }
    return status;
}

void runner_close(runner *run) {
    mkd_plan_free(run->plan);
    if (run->b.g) {
        mkd_graph_free(run->b.g);
    }
    mkd_backend_close(run->backend);
    *run = (runner){0};
}

int runner_write(runner *run, int i, const mkd_tensor *values) {
    mkd_value to = i < run->b.n_in ? run->b.in[i] : run->b.weight;
    mkd_tensor converted;
    MKD_TRY(mkd_tensor_convert(&converted, values, mkd_value_dtype(run->b.g, to)));
    int status = mkd_plan_write(run->plan, to, &converted);
    mkd_tensor_free(&converted);
    return status;
}

int runner_fill(runner *run, const row *r, mkd_dtype rounded) {
    int n = run->b.n_in + (run->b.weight.id >= 0);
    for (int i = 0; i < n; i++) {
        mkd_tensor exact = {0}, narrow = {0};
        if (i < run->b.n_in && run->b.in[i].id < 0) {
            continue;
        }
        int status = 0;
        bool is_wide = i < run->b.n_in && ((r->in[i].traits & WIDE) || r->in[i].content == INDEX);
        MKD_GOTO(fill(&exact, &run->b, r, i));
        MKD_GOTO(mkd_tensor_convert(&narrow, &exact,
                                    is_wide && rounded == MKD_BF16 ? MKD_F32 : rounded));
        MKD_GOTO(runner_write(run, i, &narrow));
    done:
        mkd_tensor_free(&exact);
        mkd_tensor_free(&narrow);
        MKD_TRY(status);
    }
    return 0;
}

int runner_read(mkd_tensor *out, runner *run, int i) {
    mkd_tensor raw;
    MKD_TRY(mkd_plan_read(&raw, run->plan, run->b.results[i]));
    int status = mkd_tensor_convert(out, &raw, MKD_F64);
    mkd_tensor_free(&raw);
    return status;
}
