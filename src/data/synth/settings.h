/// The options of a synthetic data set: their check and their text.
#ifndef MKD_DATA_SYNTH_SETTINGS_H
#define MKD_DATA_SYNTH_SETTINGS_H

#include "base/str.h"
#include "data/synth.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Raised when the same options give other files.
#define MKD_SYNTH_VERSION 1

/// Errors: EINVAL names the option, what was found and what was expected.
int mkd_synth__check(const mkd_synth_options *options) MKD_NODISCARD;
/// Appends synth.json: one option a line, all but the number of threads.
int mkd_synth__manifest(mkd_str *out, const mkd_synth_options *options) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
