/// Multi-bin code of angles (Mousavian et al., CVPR 2017), with bins centered on multiples of 2
/// pi/n.
#ifndef MKD_DETECT_HEADING_H
#define MKD_DETECT_HEADING_H

#ifdef __cplusplus
extern "C" {
#endif

enum { MKD_HEADING_BINS = 12 };

/// angle = bin * p + residual, p = 2 pi / MKD_HEADING_BINS, |residual| <= p / 2.
void mkd_heading_encode(int *out_bin, double *out_residual_rad, double angle_rad);
/// In [-pi, pi).
double mkd_heading_decode(int bin, double residual_rad);

#ifdef __cplusplus
}
#endif

#endif
