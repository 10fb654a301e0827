// Judging by the rules of the golden cases' README ("Comparing"). With e expected, o ours and rms
// the root mean square of the whole expected tensor:
//   limit(e) = atol + rtol |e| + atol_rms rms       hard(e): outlier_atol, outlier_atol_rms instead
//   |o - e| <= limit everywhere, or, with outlier_fraction, for all but a share, and <= hard for
//   all |o - e|_2 <= rel_l2 |e|_2; the median of that ratio over a rule's outputs <= median_rel_l2
// Every check gives the share of its tolerance that was used; above 1 is off.
#include "parity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

typedef struct rule {
    const json_t *json;
    bool has_limit, has_outliers, has_hard, pooled;
} rule;

// one expected output
typedef struct output {
    char *name;
    rule rule;
    mkd_tensor values;  // f64: whole, sampled or picked
    mkd_tensor stats;   // f64[5] of a sampled one, else empty
    mkd_tensor indices; // i64, of a picked one, else empty
    bool has_shape, is_integer, is_sampled;
    mkd_shape shape;
    double rms;
} output;

// what is judged over all outputs of one rule together
typedef struct pool {
    const json_t *rule;
    double *l2;
    size_t n;
    double beyond, size;
} pool;

typedef struct judge {
    const parity_case *c;
    parity_verdict *verdict;
    pool *pools;
    size_t n_pools, n_expected;
} judge;

static double number(const rule *r, const char *key, double otherwise) {
    const json_t *value = json_object_get(r->json, key);
    return value ? json_number_value(value) : otherwise;
}

static bool has(const rule *r, const char *key) {
    return json_object_get(r->json, key) != NULL;
}

// the last entry of tolerance_by that fits the name, else tolerance
static rule rule_of(const parity_case *c, const char *name) {
    rule r = {.json = json_object_get(c->json, "tolerance")};
    const json_t *list = json_object_get(c->json, "tolerance_by");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *pattern = json_string_value(json_object_get(entry, "match"));
        if (pattern && mkd_glob_match(pattern, name)) {
            r.json = entry;
        }
    }
    r.has_limit = has(&r, "rtol") || has(&r, "atol") || has(&r, "atol_rms");
    r.has_outliers = has(&r, "outlier_fraction");
    r.has_hard = has(&r, "outlier_atol") || has(&r, "outlier_atol_rms");
    r.pooled = json_is_true(json_object_get(r.json, "pooled"));
    return r;
}

static double limit_of(const output *o, double e) {
    const rule *r = &o->rule;
    if (!r->has_limit) {
        return INFINITY;
    }
    return number(r, "atol", 0) + number(r, "rtol", 0) * fabs(e) +
           number(r, "atol_rms", 0) * o->rms;
}

static double hard_of(const output *o, double e) {
    const rule *r = &o->rule;
    if (!r->has_limit || (r->has_outliers && !r->has_hard)) {
        return INFINITY;
    }
    return number(r, "outlier_atol", number(r, "atol", 0)) + number(r, "rtol", 0) * fabs(e) +
           number(r, "outlier_atol_rms", number(r, "atol_rms", 0)) * o->rms;
}

// what stat i (mean, std, L2, min, max) of a sampled tensor may differ by
static double stats_limit_of(const output *o, int i, double e) {
    const rule *r = &o->rule;
    if (!r->has_limit) {
        return i == 2 ? number(r, "rel_l2", INFINITY) * e : INFINITY;
    }
    if (has(r, "stats_rtol") && i == 0) {
        return limit_of(o, e);
    }
    if (has(r, "stats_rtol") && i < 3) {
        return number(r, "atol", 0) + number(r, "stats_rtol", 0) * fabs(e);
    }
    return hard_of(o, e);
}

// |ours - e| as a share of what is allowed
static double excess(double ours, double e, double allowed) {
    double d = fabs(ours - e);
    if (d <= 0) {
        return 0;
    }
    return isfinite(ours) ? d / allowed : INFINITY;
}

static void note(judge *j, double used, const char *name, const char *what) {
    parity_verdict *v = j->verdict;
    v->ok = v->ok && used <= 1;
    if (used > v->worst || !v->where[0]) {
        v->worst = used;
        // a long name is cut
        int n = snprintf(v->where, sizeof v->where, "%s%s%s", name, *what ? " " : "", what);
        v->where[n > 0 ? sizeof v->where - 1 : 0] = '\0';
    }
}

static pool *pool_of(judge *j, const rule *r) {
    for (size_t i = 0; i < j->n_pools; i++) {
        if (j->pools[i].rule == r->json) {
            return &j->pools[i];
        }
    }
    pool *p = &j->pools[j->n_pools];
    p->rule = r->json;
    p->l2 = mkd_alloc_array(j->n_expected, sizeof *p->l2);
    if (!p->l2) {
        return NULL;
    }
    j->n_pools++;
    return p;
}

static void compare_integers(judge *j, const output *o, const double *ours) {
    const double *e = o->values.data;
    double used = 0;
    for (int64_t i = 0; i < mkd_tensor_count(&o->values); i++) {
        used = excess(ours[i], e[i], 0) > 0 ? INFINITY : used;
    }
    note(j, used, o->name, "");
}

static int compare_reals(judge *j, const output *o, const double *ours) {
    const double *e = o->values.data;
    const rule *r = &o->rule;
    size_t n = (size_t)mkd_tensor_count(&o->values);
    double worst = 0, worst_hard = 0, beyond = 0, square = 0, square_e = 0;
    for (size_t i = 0; i < n; i++) {
        double used = excess(ours[i], e[i], limit_of(o, e[i]));
        worst = fmax(worst, used);
        beyond += used > 1;
        worst_hard = fmax(worst_hard, excess(ours[i], e[i], hard_of(o, e[i])));
        square += (ours[i] - e[i]) * (ours[i] - e[i]);
        square_e += e[i] * e[i];
    }
    double l2 = excess(sqrt(square), 0, sqrt(square_e));
    double allowed =
        fmax(number(r, "outlier_min", 0), number(r, "outlier_fraction", 0) * (double)n);
    note(j, worst_hard, o->name, "");
    if (!r->pooled && allowed > 0) {
        note(j, beyond / allowed, o->name, "(outliers)");
    } else if (!r->pooled) {
        note(j, worst, o->name, "");
    }
    if (has(r, "rel_l2")) {
        note(j, excess(l2, 0, number(r, "rel_l2", 0)), o->name, "(rel_l2)");
    }
    pool *p = pool_of(j, r);
    if (!p) {
        return MKD_ENOMEM;
    }
    p->l2[p->n++] = l2;
    p->beyond += beyond;
    p->size += (double)n;
    return 0;
}

void parity_statistics(double out[5], const double *values, size_t n) {
    double sum = 0, square = 0, least = INFINITY, most = -INFINITY, spread = 0;
    bool is_nan = false;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        square += values[i] * values[i];
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
        is_nan = is_nan || isnan(values[i]);
    }
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        spread += (values[i] - mean) * (values[i] - mean);
    }
    out[0] = mean;
    out[1] = sqrt(spread / (double)n);
    out[2] = sqrt(square);
    out[3] = is_nan ? NAN : least;
    out[4] = is_nan ? NAN : most;
}

static void compare_stats(judge *j, const output *o, const mkd_tensor *whole) {
    static const char *const what[5] = {"(stats.mean)", "(stats.std)", "(stats.l2)", "(stats.min)",
                                        "(stats.max)"};
    double stats[5];
    const double *e = o->stats.data;
    parity_statistics(stats, whole->data, (size_t)mkd_tensor_count(whole));
    for (int i = 0; i < 5; i++) {
        note(j, excess(stats[i], e[i], stats_limit_of(o, i, e[i])), o->name, what[i]);
    }
}

// where value i of the expected ones lies in our whole array; -1: outside
static int64_t place_of(const output *o, uint64_t hash, int64_t i, int64_t n) {
    if (o->is_sampled) {
        return n > 0 ? parity_sample_index(hash, (uint64_t)i, n) : -1;
    }
    int64_t at = i;
    if (o->indices.data) {
        at = ((const int64_t *)o->indices.data)[i];
        at = at < 0 ? at + n : at; // as numpy counts
    }
    return at >= 0 && at < n ? at : -1;
}

static bool same_shape(const output *o, const mkd_tensor *ours) {
    return !o->has_shape || mkd_shape_equal(&o->shape, &ours->shape) ||
           (mkd_tensor_count(ours) == 1 && mkd_shape_count(&o->shape) == 1);
}

static int compare(judge *j, const output *o, const mkd_tensor *ours) {
    if (!same_shape(o, ours)) {
        char found[MKD_SHAPE_TEXT_BYTES], what[2 * MKD_SHAPE_TEXT_BYTES];
        snprintf(what, sizeof what, "(shape %s)", mkd_shape_text(found, &ours->shape));
        note(j, INFINITY, o->name, what);
        return 0;
    }
    int status = 0;
    mkd_tensor whole = {0};
    int64_t n = mkd_tensor_count(ours);
    int64_t n_values = mkd_tensor_count(&o->values);
    double *values = mkd_alloc_array((size_t)n_values, sizeof *values);
    if (!values) {
        status = MKD_ENOMEM;
        goto done;
    }
    MKD_GOTO(mkd_tensor_convert(&whole, ours, MKD_F64));
    uint64_t hash = parity_sample_hash(o->name);
    for (int64_t i = 0; i < n_values; i++) {
        int64_t at = place_of(o, hash, i, n);
        values[i] = at >= 0 ? ((const double *)whole.data)[at] : NAN;
    }
    if (o->is_integer) {
        compare_integers(j, o, values);
    } else {
        MKD_GOTO(compare_reals(j, o, values));
        if (o->stats.data) {
            compare_stats(j, o, &whole);
        }
    }
done:
    mkd_free(values);
    mkd_tensor_free(&whole);
    return status;
}

static int read_as(mkd_tensor *out, const parity_case *c, const char *name, mkd_dtype dtype) {
    *out = (mkd_tensor){0};
    long at = mkd_npz_find(c->expected, name);
    if (at < 0) {
        return 0;
    }
    mkd_tensor raw = {0};
    MKD_TRY(mkd_npz_read(&raw, c->expected, (size_t)at));
    int status = mkd_tensor_convert(out, &raw, dtype);
    mkd_tensor_free(&raw);
    return status;
}

static int read_part(mkd_tensor *out, const parity_case *c, const char *name, const char *part,
                     mkd_dtype dtype) {
    mkd_str key = {0};
    mkd_str_printf(&key, "%s%s", name, part);
    int status = mkd_str_status(&key);
    if (status == 0) {
        status = read_as(out, c, key.text, dtype);
    }
    mkd_str_free(&key);
    return status;
}

static void output_free(output *o) {
    mkd_free(o->name);
    mkd_tensor_free(&o->values);
    mkd_tensor_free(&o->stats);
    mkd_tensor_free(&o->indices);
}

// indices of a picked output: the last key of `picked` that its name begins with counts
static int read_picked(output *o, const parity_case *c) {
    const char *start;
    json_t *other;
    json_object_foreach(json_object_get(c->json, "picked"), start, other) {
        if (strncmp(o->name, start, strlen(start)) == 0) {
            mkd_tensor_free(&o->indices);
            MKD_TRY(read_part(&o->indices, c, json_string_value(other), o->name + strlen(start),
                              MKD_I64));
            o->has_shape = false;
        }
    }
    return 0;
}

static int read_output(output *o, const parity_case *c, const char *key) {
    mkd_tensor raw = {0}, shape = {0};
    long at = mkd_npz_find(c->expected, key);
    MKD_TRY(mkd_npz_read(&raw, c->expected, (size_t)at));
    o->rule = rule_of(c, o->name);
    o->is_integer = raw.dtype >= MKD_I8;
    o->shape = raw.shape;
    o->has_shape = true;
    int status = 0;
    double stats[5] = {0};
    MKD_GOTO(mkd_tensor_convert(&o->values, &raw, MKD_F64));
    if (o->is_sampled) {
        MKD_GOTO(read_part(&o->stats, c, o->name, ".stats", MKD_F64));
        MKD_GOTO(read_part(&shape, c, o->name, ".shape", MKD_I64));
        o->has_shape = shape.data != NULL;
        o->shape = (mkd_shape){.rank = (int)(shape.data ? mkd_tensor_count(&shape) : 0)};
        for (int i = 0; i < o->shape.rank && i < MKD_MAX_RANK; i++) {
            o->shape.at[i] = ((const int64_t *)shape.data)[i];
        }
        if (o->stats.data) {
            memcpy(stats, o->stats.data, sizeof stats);
        }
    } else if (mkd_tensor_count(&o->values) > 0) {
        parity_statistics(stats, o->values.data, (size_t)mkd_tensor_count(&o->values));
    }
    o->rms = hypot(stats[0], stats[1]);
    MKD_GOTO(read_picked(o, c));
done:
    mkd_tensor_free(&raw);
    mkd_tensor_free(&shape);
    return status;
}

// "a.b.sample" belongs to the sampled output "a.b"; returns the length of the output's name
static size_t name_length(bool *is_sampled, const parity_case *c, const char *key) {
    *is_sampled = false;
    const char *dot = strrchr(key, '.');
    if (dot &&
        (strcmp(dot, ".sample") == 0 || strcmp(dot, ".stats") == 0 || strcmp(dot, ".shape") == 0)) {
        char sample[1024];
        snprintf(sample, sizeof sample, "%.*s.sample", (int)(dot - key), key);
        *is_sampled = mkd_npz_find(c->expected, sample) >= 0;
    }
    return *is_sampled ? (size_t)(dot - key) : strlen(key);
}

static bool is_left_out(const parity_case *c, const char *key, const char *name) {
    const char *start;
    json_t *other;
    json_object_foreach(json_object_get(c->json, "picked"), start, other) {
        const char *index = json_string_value(other);
        if (index && strncmp(key, index, strlen(index)) == 0) {
            return true;
        }
    }
    const json_t *skip = json_object_get(c->json, "skip");
    for (size_t i = 0; i < json_array_size(skip); i++) {
        const char *pattern = json_string_value(json_array_get(skip, i));
        if (pattern && mkd_glob_match(pattern, name)) {
            return true;
        }
    }
    return false;
}

static const mkd_tensor *ours_of(const parity_case *c, const char *name) {
    const mkd_tensor *ours = parity_result(c, name);
    size_t n = strlen(name);
    if (!ours && n > 8 && strcmp(name + n - 8, "_float64") == 0) {
        char shorter[1024];
        snprintf(shorter, sizeof shorter, "%.*s", (int)(n - 8), name);
        ours = parity_result(c, shorter);
    }
    return ours;
}

static int judge_key(judge *j, const char *key, bool partial) {
    output o = {0};
    size_t n = name_length(&o.is_sampled, j->c, key);
    o.name = mkd_strdup(key);
    if (!o.name) {
        return MKD_ENOMEM;
    }
    o.name[n] = '\0';
    int status = 0;
    bool is_part = o.is_sampled && strcmp(key + n, ".sample") != 0;
    if (is_part || is_left_out(j->c, key, o.name)) {
        goto done;
    }
    const mkd_tensor *ours = ours_of(j->c, o.name);
    if (!ours) {
        if (!partial) {
            note(j, INFINITY, o.name, "(missing)");
        }
        goto done;
    }
    j->verdict->n_compared++;
    MKD_GOTO(read_output(&o, j->c, key));
    MKD_GOTO(compare(j, &o, ours));
done:
    output_free(&o);
    return status;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void judge_pool(judge *j, pool *p) {
    rule r = {.json = p->rule};
    const char *match = json_string_value(json_object_get(p->rule, "match"));
    match = match ? match : "*";
    if (has(&r, "median_rel_l2") && p->n > 0) {
        qsort(p->l2, p->n, sizeof *p->l2, ascending);
        double median = p->n % 2 ? p->l2[p->n / 2] : (p->l2[p->n / 2 - 1] + p->l2[p->n / 2]) / 2;
        note(j, excess(median, 0, number(&r, "median_rel_l2", 0)), match, "(median_rel_l2)");
    }
    if (json_is_true(json_object_get(p->rule, "pooled")) && has(&r, "outlier_fraction")) {
        double share = p->beyond / fmax(p->size, 1);
        note(j, excess(share, 0, number(&r, "outlier_fraction", 0)), match, "(pooled outliers)");
    }
}

int parity_judge(parity_verdict *out, const parity_case *c, bool partial) {
    *out = (parity_verdict){.ok = true};
    size_t n = mkd_npz_count(c->expected);
    size_t n_rules = json_array_size(json_object_get(c->json, "tolerance_by")) + 1;
    judge j = {.c = c, .verdict = out, .n_expected = n};
    int status = 0;
    j.pools = mkd_alloc_array(n_rules, sizeof *j.pools);
    if (!j.pools) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        MKD_GOTO(judge_key(&j, mkd_npz_name(c->expected, i), partial));
    }
    for (size_t i = 0; i < j.n_pools; i++) {
        judge_pool(&j, &j.pools[i]);
    }
done:
    for (size_t i = 0; i < j.n_pools; i++) {
        mkd_free(j.pools[i].l2);
    }
    mkd_free(j.pools);
    return status;
}
