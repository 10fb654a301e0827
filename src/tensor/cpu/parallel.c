#include <omp.h>

#include "tensor/cpu/cpu.h"

int mkd_cpu__threads(void) {
    return omp_get_max_threads();
}

void mkd_cpu__parallel(mkd_cpu_body body, const void *task, int64_t n, int64_t grain) {
    int64_t pieces = grain > 0 ? n / grain : n;
    pieces = mkd_cpu__larger(1, mkd_cpu__smaller(pieces, mkd_cpu__threads()));
    if (pieces == 1) {
        if (n > 0) {
            body(task, 0, n, 0);
        }
        return;
    }
#pragma omp parallel for schedule(static, 1)
    for (int64_t i = 0; i < pieces; i++) {
        body(task, n * i / pieces, n * (i + 1) / pieces, (int)i);
    }
}

enum { WIDTH = 512, PART_ELEMENTS = 16384, MAX_PARTS = 64 };

mkd_cpu_columns mkd_cpu__columns(int64_t rows, int64_t channels) {
    int64_t fold = mkd_cpu__smaller(WIDTH / mkd_cpu__larger(1, channels), rows);
    fold = mkd_cpu__larger(1, fold);
    mkd_cpu_columns c = {.rows = rows,
                         .channels = channels,
                         .width = fold * channels,
                         .n_wide = mkd_cpu__divide_up(rows, fold),
                         .n_elements = rows * channels};
    int64_t parts = mkd_cpu__smaller(MAX_PARTS, mkd_cpu__divide_up(c.n_elements, PART_ELEMENTS));
    c.part = mkd_cpu__larger(1, mkd_cpu__divide_up(c.n_wide, mkd_cpu__larger(1, parts)));
    c.n_parts = mkd_cpu__larger(1, mkd_cpu__divide_up(c.n_wide, c.part));
    return c;
}

void mkd_cpu__columns_part(int64_t *begin, int64_t *end, const mkd_cpu_columns *c, int64_t at) {
    *begin = mkd_cpu__smaller(at * c->part * c->width, c->n_elements);
    *end = mkd_cpu__smaller((at + 1) * c->part * c->width, c->n_elements);
}

void mkd_cpu__columns_fold(double *out, const mkd_cpu_columns *c, const double *part_sums,
                           int64_t stride) {
    for (int64_t k = 0; k < c->channels; k++) {
        out[k] = 0;
    }
    for (int64_t part = 0; part < c->n_parts; part++) {
        const double *sums = part_sums + part * stride;
        for (int64_t at = 0; at < c->width; at += c->channels) {
            for (int64_t k = 0; k < c->channels; k++) {
                out[k] += sums[at + k];
            }
        }
    }
}
