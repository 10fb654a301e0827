/// Round numbers for the axis of a plot.
#ifndef MKD_REPORT_TICKS_H
#define MKD_REPORT_TICKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_TICKS_MAX       24
#define MKD_TICK_TEXT_BYTES 32

/// The places of an axis' marks, rising, and the range that the axis shows.
typedef struct mkd_ticks {
    size_t n;
    double at[MKD_TICKS_MAX];
    double minimum, maximum; ///< the axis' range; ticks lie inside
    double step;             ///< distance of two ticks; 0 on a logarithmic axis
    bool log;
} mkd_ticks;

/// About `target` (at least 2) ticks at 1, 2 or 5 times a power of ten over [low, high]. The range
/// is widened to whole steps unless `tight`, which keeps it and drops the ticks outside. An empty
/// range is widened first (by half of the value, or by 1 about 0).
/// Errors: EINVAL for a bound that is not finite or low > high.
int mkd_ticks_linear(mkd_ticks *out, double low, double high, int target, bool tight) MKD_NODISCARD;

/// Powers of ten over [low, high], 0 < low; where there is room, 2 and 5 times them too. The range
/// is widened to the nearest such number.
/// Errors: EINVAL for a bound that is not finite and positive, or low > high.
int mkd_ticks_log(mkd_ticks *out, double low, double high, int target) MKD_NODISCARD;

/// Where `value` lies on the axis: 0 at its minimum, 1 at its maximum.
double mkd_ticks_place(const mkd_ticks *ticks, double value);

/// The text of a tick: as many decimals as the step asks for; from 10000 on with k or M; very small
/// ones as 1e-5.
void mkd_tick_text(char out[MKD_TICK_TEXT_BYTES], const mkd_ticks *ticks, double value);

#ifdef __cplusplus
}
#endif

#endif
