#include "geom/affine.h"

#include <math.h>

#include "base/status.h"

mkd_affine mkd_affine_identity(void) {
    return (mkd_affine){{1, 0, 0, 0, 1, 0}};
}

mkd_affine mkd_affine_compose(const mkd_affine *second, const mkd_affine *first) {
    const double *b = second->at, *a = first->at;
    return (mkd_affine){{
        b[0] * a[0] + b[1] * a[3],
        b[0] * a[1] + b[1] * a[4],
        b[0] * a[2] + b[1] * a[5] + b[2],
        b[3] * a[0] + b[4] * a[3],
        b[3] * a[1] + b[4] * a[4],
        b[3] * a[2] + b[4] * a[5] + b[5],
    }};
}

int mkd_affine_invert(mkd_affine *out, const mkd_affine *a) {
    const double *p = a->at;
    double det = p[0] * p[4] - p[1] * p[3];
    if (!isnormal(det)) {
        MKD_FAIL(MKD_EINVAL, "affine map: found determinant %g, expected an invertible map", det);
    }
    *out = (mkd_affine){{
        p[4] / det,
        -p[1] / det,
        (p[1] * p[5] - p[2] * p[4]) / det,
        -p[3] / det,
        p[0] / det,
        (p[2] * p[3] - p[0] * p[5]) / det,
    }};
    return 0;
}

void mkd_affine_apply(double out_px[2], const mkd_affine *a, const double in_px[2]) {
    double x = in_px[0], y = in_px[1];
    out_px[0] = a->at[0] * x + a->at[1] * y + a->at[2];
    out_px[1] = a->at[3] * x + a->at[4] * y + a->at[5];
}

mkd_affine mkd_affine_scale_about(const double center_px[2], double scale, const double to_px[2]) {
    return (mkd_affine){{
        scale,
        0,
        to_px[0] - scale * center_px[0],
        0,
        scale,
        to_px[1] - scale * center_px[1],
    }};
}
