/// The synthetic data set: rendered street scenes with LiDAR and exact labels, in KITTI's layout.
///
/// What is rendered and how labels are defined: docs/synthetic-data.md.
#ifndef MKD_DATA_SYNTH_H
#define MKD_DATA_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "data/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_synth_options {
    int64_t frames, seed;
    int64_t width_px, height_px;
    double validation_share;         ///< the last frames form the split "val"
    double min_depth_m, max_depth_m; ///< z of the objects' box centers
    int64_t min_cars, max_cars;      ///< a frame, vans and trucks among them
    int64_t min_pedestrians, max_pedestrians;
    int64_t min_cyclists, max_cyclists;
    double van_share, truck_share; ///< of the cars
    bool slope;                    ///< hills and a pitched camera
    bool noise;                    ///< of the image sensor
    int64_t samples_per_pixel;
    bool lidar, full_turn;  ///< full turn: not only what the camera sees
    int64_t beams, columns; ///< rays a full turn: beams x columns
    int64_t threads;        ///< 0: all CPUs; the files do not depend on it
} mkd_synth_options;

/// The options with their defaults, ranges and help.
extern const mkd_option mkd_synth_option_table[];
/// The schema of `monokd data synth`: one section, "synth".
extern const mkd_section mkd_synth_schema[];

/// A rendered frame in memory.
typedef struct mkd_synth_frame {
    mkd_frame frame;    ///< one view with image and true depth; objects; points
    int16_t *object_id; ///< [height, width]: index into `boxes` of what the pixel's center shows,
                        ///< -1 for the street or the sky; owned
    mkd_box3d *boxes;   ///< of all objects of the scene, labeled or not; owned
    size_t n_boxes;
    int *label_of_box; ///< index into frame.objects, -1 if nothing of it is seen; owned
} mkd_synth_frame;

/// Renders one frame: the same for the same options and index. The caller frees, also after
/// failure.
int mkd_synth_render(mkd_synth_frame *out, const mkd_synth_options *options,
                     uint64_t index) MKD_NODISCARD;
void mkd_synth_frame_free(mkd_synth_frame *frame);

/// Writes the whole data set to `root`:
/// training/{image_2/*.png,velodyne/*.bin,calib/*.txt,label_2/*.txt}, ImageSets/{train,val,
/// trainval}.txt and first synth.json with the options. Each file is written atomically, the image
/// sets last. Where `root` holds a part of the same data set, only missing frames are rendered;
/// where it holds another one, MKD_EINVAL names the option that differs. MKD_EINTERRUPTED on
/// request.
int mkd_synth_write(const char *root, const mkd_synth_options *options) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
