// Rectangular linear assignment by shortest augmenting paths (Jonker and Volgenant 1987, in the
// rectangular form of Crouse, "On implementing 2D rectangular assignment algorithms", 2016).
//
// The shorter side's members ("workers") are added one by one. Each time Dijkstra's algorithm runs
// over the longer side's members ("jobs") on reduced costs c[w][j] - price_w[w] - price_j[j] >= 0,
// from the new worker to the nearest free job; the pairs along that path swap, and the prices move
// so that reduced costs stay non-negative and are 0 on pairs.
//
//   shortest[j]  length of the shortest path found to job j so far
//   via[j]       worker from which that path reaches j
//   worker_of[j] current pairing, -1 if free

#include "geom/assignment.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static const size_t NOBODY = SIZE_MAX;

typedef struct problem {
    const double *cost;
    size_t n_workers, n_jobs;
    size_t worker_stride, job_stride;
    double *worker_price, *job_price, *shortest;
    size_t *job_of, *worker_of, *via;
    bool *worker_done, *job_done;
} problem;

/// Finds the shortest path from `start` to a free job. @return that job; `*length` is the path's.
static size_t find_path(double *length, problem *p, size_t start) {
    memset(p->worker_done, 0, p->n_workers * sizeof *p->worker_done);
    memset(p->job_done, 0, p->n_jobs * sizeof *p->job_done);
    for (size_t j = 0; j < p->n_jobs; j++) {
        p->shortest[j] = INFINITY;
    }
    double reached = 0;
    size_t worker = start;
    for (;;) {
        p->worker_done[worker] = true;
        size_t nearest = NOBODY;
        for (size_t j = 0; j < p->n_jobs; j++) {
            if (p->job_done[j]) {
                continue;
            }
            double through = reached + p->cost[worker * p->worker_stride + j * p->job_stride] -
                             p->worker_price[worker] - p->job_price[j];
            if (through < p->shortest[j]) {
                p->shortest[j] = through;
                p->via[j] = worker;
            }
            // of equally near jobs a free one ends the search
            if (nearest == NOBODY || p->shortest[j] < p->shortest[nearest] ||
                (p->shortest[j] == p->shortest[nearest] && p->worker_of[j] == NOBODY &&
                 p->worker_of[nearest] != NOBODY)) {
                nearest = j;
            }
        }
        reached = p->shortest[nearest];
        p->job_done[nearest] = true;
        if (p->worker_of[nearest] == NOBODY) {
            *length = reached;
            return nearest;
        }
        worker = p->worker_of[nearest];
    }
}

static void add_worker(problem *p, size_t start) {
    double length;
    size_t job = find_path(&length, p, start);
    p->worker_price[start] += length;
    for (size_t w = 0; w < p->n_workers; w++) {
        if (p->worker_done[w] && w != start) {
            p->worker_price[w] += length - p->shortest[p->job_of[w]];
        }
    }
    for (size_t j = 0; j < p->n_jobs; j++) {
        if (p->job_done[j]) {
            p->job_price[j] -= length - p->shortest[j];
        }
    }
    size_t worker;
    do {
        worker = p->via[job];
        p->worker_of[job] = worker;
        size_t former = p->job_of[worker];
        p->job_of[worker] = job;
        job = former;
    } while (worker != start);
}

static int check_costs(const double *cost, size_t n_rows, size_t n_columns) {
    for (size_t i = 0; i < n_rows * n_columns; i++) {
        if (!isfinite(cost[i])) {
            MKD_FAIL(MKD_EINVAL,
                     "assignment: row %zu, column %zu: found cost %g, expected a finite one",
                     i / n_columns, i % n_columns, cost[i]);
        }
    }
    return 0;
}

static void write_result(long *column_of_row, double *total_cost, const problem *p, bool turned,
                         size_t n_rows) {
    double total = 0;
    for (size_t r = 0; r < n_rows; r++) {
        column_of_row[r] = -1;
    }
    for (size_t w = 0; w < p->n_workers; w++) {
        size_t job = p->job_of[w];
        column_of_row[turned ? job : w] = (long)(turned ? w : job);
        total += p->cost[w * p->worker_stride + job * p->job_stride];
    }
    if (total_cost) {
        *total_cost = total;
    }
}

int mkd_assignment_solve(long *column_of_row, double *total_cost, const double *cost, size_t n_rows,
                         size_t n_columns) {
    MKD_TRY(check_costs(cost, n_rows, n_columns));
    bool turned = n_rows > n_columns;
    problem p = {
        .cost = cost,
        .n_workers = turned ? n_columns : n_rows,
        .n_jobs = turned ? n_rows : n_columns,
        .worker_stride = turned ? 1 : n_columns,
        .job_stride = turned ? n_columns : 1,
    };
    int status = MKD_ENOMEM;
    p.worker_price = mkd_alloc_array(p.n_workers, sizeof *p.worker_price);
    p.job_price = mkd_alloc_array(p.n_jobs, sizeof *p.job_price);
    p.shortest = mkd_alloc_array(p.n_jobs, sizeof *p.shortest);
    p.job_of = mkd_alloc_array(p.n_workers, sizeof *p.job_of);
    p.worker_of = mkd_alloc_array(p.n_jobs, sizeof *p.worker_of);
    p.via = mkd_alloc_array(p.n_jobs, sizeof *p.via);
    p.worker_done = mkd_alloc_array(p.n_workers, sizeof *p.worker_done);
    p.job_done = mkd_alloc_array(p.n_jobs, sizeof *p.job_done);
    if (!p.worker_price || !p.job_price || !p.shortest || !p.job_of || !p.worker_of || !p.via ||
        !p.worker_done || !p.job_done) {
        goto done;
    }
    for (size_t j = 0; j < p.n_jobs; j++) {
        p.worker_of[j] = NOBODY;
    }
    for (size_t w = 0; w < p.n_workers; w++) {
        p.job_of[w] = NOBODY;
        add_worker(&p, w);
    }
    write_result(column_of_row, total_cost, &p, turned, n_rows);
    status = 0;
done:
    mkd_free(p.worker_price);
    mkd_free(p.job_price);
    mkd_free(p.shortest);
    mkd_free(p.job_of);
    mkd_free(p.worker_of);
    mkd_free(p.via);
    mkd_free(p.worker_done);
    mkd_free(p.job_done);
    return status;
}
