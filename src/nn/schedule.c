#include "nn/schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

double mkd_rate_cosine(double rate, double minimum, double i, double n) {
    return minimum + (rate - minimum) * (1 + cos(pi * i / n)) / 2;
}

double mkd_rate_linear_warmup(double rate, double start, double i, double n) {
    return start + (rate - start) * (i < n ? i / n : 1);
}

double mkd_rate_cosine_warmup(double rate, double start, double i, double n) {
    return i < n ? start + (rate - start) * (1 - cos(pi * i / n)) / 2 : rate;
}

double mkd_rate_multistep(double rate, double gamma, const int64_t *milestones, size_t n_milestones,
                          double i) {
    for (size_t k = 0; k < n_milestones; k++) {
        rate *= i >= (double)milestones[k] ? gamma : 1;
    }
    return rate;
}

// from `start` (share 0) to `end` (share 1) along half a cosine
static double anneal(double start, double end, double share) {
    return end + (start - end) / 2 * (cos(pi * share) + 1);
}

double mkd_rate_onecycle(double rate, double i, double total, double share_up, double div,
                         double final_div) {
    double low = rate / div;
    double peak = share_up * total - 1;
    double last = total - 1;
    return i <= peak ? anneal(low, rate, i / peak)
                     : anneal(rate, low / final_div, (i - peak) / (last - peak));
}

void mkd_onecycle_fastai(double *out_rate, double *out_momentum, double rate,
                         const double momenta[2], double i, int64_t total, double share_up,
                         double div, double final_rate) {
    double up = (double)(int64_t)(share_up * (double)total);
    if (i < up) {
        *out_rate = anneal(rate / div, rate, i / up);
        *out_momentum = anneal(momenta[0], momenta[1], i / up);
        return;
    }
    double share = (i - up) / ((double)total - up);
    *out_rate = anneal(rate, final_rate, share);
    *out_momentum = anneal(momenta[1], momenta[0], share);
}

double mkd_schedule_rate(const mkd_schedule *s, double epoch) {
    if (epoch < s->warmup_epochs) {
        return mkd_rate_cosine_warmup(s->rate, s->rate * s->warmup_factor, epoch, s->warmup_epochs);
    }
    switch (s->kind) {
    case MKD_SCHEDULE_STEP:
        return mkd_rate_multistep(s->rate, s->gamma, s->milestones, s->n_milestones, epoch);
    case MKD_SCHEDULE_COSINE: {
        double length = s->epochs - s->warmup_epochs;
        double at = epoch < s->epochs ? epoch - s->warmup_epochs : length;
        return length > 0 ? mkd_rate_cosine(s->rate, s->rate * s->minimum_factor, at, length)
                          : s->rate;
    }
    case MKD_SCHEDULE_CONSTANT:
        break;
    }
    return s->rate;
}
