/// 2D affine maps of image coordinates, row-major 2x3: [x'; y'] = A [x; y; 1].
#ifndef MKD_GEOM_AFFINE_H
#define MKD_GEOM_AFFINE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_affine {
    double at[6];
} mkd_affine;

mkd_affine mkd_affine_identity(void);
/// Applies `second` after `first`.
mkd_affine mkd_affine_compose(const mkd_affine *second, const mkd_affine *first);
/// Inverse; a singular map gives MKD_EINVAL.
int mkd_affine_invert(mkd_affine *out, const mkd_affine *a);
void mkd_affine_apply(double out_px[2], const mkd_affine *a, const double in_px[2]);
/// Scales about `center_px` by `scale` and moves the centre to `to_px`.
mkd_affine mkd_affine_scale_about(const double center_px[2], double scale, const double to_px[2]);

#ifdef __cplusplus
}
#endif

#endif
