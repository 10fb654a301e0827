#include "detect/heading.h"

#include <math.h>

#include "geom/box3d.h"

static const double two_pi = 6.28318530717958647692;

void mkd_heading_encode(int *out_bin, double *out_residual_rad, double angle_rad) {
    double width = two_pi / MKD_HEADING_BINS;
    double turned = fmod(angle_rad, two_pi);
    turned = turned < 0 ? turned + two_pi : turned;
    double shifted = fmod(turned + width / 2, two_pi);
    int bin = (int)(shifted / width);
    // just below 2 pi the quotient can round up to 12: this is the upper border of the last bin
    *out_bin = bin < MKD_HEADING_BINS ? bin : MKD_HEADING_BINS - 1;
    *out_residual_rad = shifted - (*out_bin * width + width / 2);
}

double mkd_heading_decode(int bin, double residual_rad) {
    return mkd_wrap_angle(bin * (two_pi / MKD_HEADING_BINS) + residual_rad);
}
