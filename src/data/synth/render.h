/// From a scene to an image, LiDAR points and labels.
#ifndef MKD_DATA_SYNTH_RENDER_H
#define MKD_DATA_SYNTH_RENDER_H

#include "data/synth/raycast.h"
#include "data/synth/scene.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A point that a ray sees.
typedef struct mkd_hit {
    mkd_vec3 at_m;
    mkd_vec3 view;   ///< unit, from the eye
    mkd_vec3 normal; ///< unit, towards the eye
    float uv[2];
    float distance_m;
    float footprint_m; ///< size of a pixel there, across the ray
    const mkd_material *material;
    int object;
} mkd_hit;

/// The point of lane `i` of a traced packet (not a miss); the direction may have any length.
void mkd_hit_make(mkd_hit *out, const mkd_scene *scene, const mkd_ray_packet *rays, unsigned i);

/// Smooth noise in [0, 1] with one bump a unit.
float mkd_noise2(float x, float y, uint32_t seed);
float mkd_noise3(mkd_vec3 p, uint32_t seed);

/// Reflectance of the ground at (lateral, along) = hit->uv.
void mkd_shade_ground(float rgb[3], const mkd_scene *scene, const mkd_hit *hit);
void mkd_shade_facade(float rgb[3], float *glass, const mkd_hit *hit);
/// Radiance of the sky in a unit direction.
void mkd_shade_sky(float rgb[3], const mkd_scene *scene, mkd_vec3 direction);
/// Radiance of a hit towards the eye; `sun` is 1 where the sun is seen, 0 in shadow.
void mkd_shade_hit(float rgb[3], const mkd_scene *scene, const mkd_hit *hit, float sun);

/// Fills view 0's image and depth map and the object ids of the pixels.
int mkd_render_image(mkd_synth_frame *out, const mkd_scene *scene, const mkd_raycaster *caster,
                     const mkd_synth_options *options, uint64_t frame) MKD_NODISCARD;
/// Casts the LiDAR; points in its own frame.
int mkd_render_points(mkd_points *out, const mkd_scene *scene, const mkd_raycaster *caster,
                      const mkd_synth_options *options, uint64_t frame) MKD_NODISCARD;
/// Labels of the scene's objects from their meshes and the object ids.
int mkd_render_labels(mkd_synth_frame *out, const mkd_scene *scene) MKD_NODISCARD;

/// The whole frame; `scene` is scratch memory that is reused between frames.
int mkd_render_frame(mkd_synth_frame *out, mkd_scene *scene, mkd_raycaster *caster,
                     const mkd_synth_options *options, uint64_t frame) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
