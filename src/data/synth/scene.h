/// A synthetic street scene: what stands where, what it is made of, and the light.
///
/// All positions are in the rectified camera frame (x right, y down, z forward, metres).
#ifndef MKD_DATA_SYNTH_SCENE_H
#define MKD_DATA_SYNTH_SCENE_H

#include "base/rng.h"
#include "data/kitti.h"

#include "data/synth.h"
#include "data/synth/mesh.h"
#include "geom/iou.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How a face is coloured; the parameters are those of mkd_material.
typedef enum mkd_surface {
    MKD_SURFACE_MATTE,  ///< one colour
    MKD_SURFACE_GROUND, ///< road, sidewalk and grass; uv = (lateral, along the road) in m
    MKD_SURFACE_FACADE, ///< param: window width, floor height (m), window share of each
    MKD_SURFACE_ROOF,   ///< rows of tiles
    MKD_SURFACE_BARK,
    MKD_SURFACE_LEAVES,
    MKD_SURFACE_PAINT, ///< glossy
    MKD_SURFACE_GLASS,
    MKD_SURFACE_PANES, ///< glass in painted frames; param: number of panes, frame share u, v
    MKD_SURFACE_RIM,   ///< spokes in the disc's coordinates
    MKD_SURFACE_PLATE, ///< licence plate
    MKD_SURFACE_LAMP,  ///< shines by itself
    MKD_SURFACE_SIGN   ///< disc with a rim
} mkd_surface;

typedef struct mkd_material {
    mkd_surface surface;
    float rgb[3]; ///< linear reflectance 0..1
    float param[4];
    float lidar; ///< reflectance to the LiDAR, 0..1
    uint32_t seed;
} mkd_material;

/// Materials that every scene has, at these indices.
enum {
    MKD_MATERIAL_GROUND,
    MKD_MATERIAL_RUBBER,
    MKD_MATERIAL_DARK,
    MKD_MATERIAL_GLASS,
    MKD_MATERIAL_CHROME,
    MKD_MATERIAL_RIM,
    MKD_MATERIAL_PLATE,
    MKD_MATERIAL_HEADLAMP,
    MKD_MATERIAL_TAILLAMP,
    MKD_MATERIAL_BARK,
    MKD_MATERIAL_POLE,
    MKD_MATERIAL_N_FIXED
};

#define MKD_SCENE_MATERIALS_MAX  512
#define MKD_SCENE_OBJECTS_MAX    64
#define MKD_SCENE_FOOTPRINTS_MAX 384

typedef enum mkd_synth_class {
    MKD_SYNTH_CAR,
    MKD_SYNTH_VAN,
    MKD_SYNTH_TRUCK,
    MKD_SYNTH_PEDESTRIAN,
    MKD_SYNTH_CYCLIST,
    MKD_SYNTH_N_CLASSES
} mkd_synth_class;

extern const char *const mkd_synth_class_names[MKD_SYNTH_N_CLASSES];

typedef struct mkd_scene_object {
    mkd_synth_class class_id;
    mkd_box3d box;
    float cos_yaw, sin_yaw;
    size_t first_vertex, n_vertices; ///< its part of the mesh
    size_t first_face, n_faces;
} mkd_scene_object;

/// The street. A point of it has coordinates (lateral t, along s); the center line is
/// x = offset + tan(yaw) s + curvature s^2 / 2, z = s, and the surface
/// y = height - slope s - bend s^2 / 2 (positive slope: uphill).
typedef struct mkd_road {
    double offset_m, yaw_rad, curvature_per_m;
    double height_m, slope, bend_per_m;
    double lane_m;                          ///< width of a lane; one each way
    double parking_left_m, parking_right_m; ///< width of the strips for parked cars, may be 0
    double left_m, right_m;                 ///< lateral of the kerbs, left_m < 0 < right_m
    double sidewalk_m, kerb_m;              ///< width and height of the sidewalks
    double crossing_m, crossing_half_m;     ///< where a side street crosses; half width 0: none
    bool dashed;                            ///< center line
    float wear;                             ///< 0..1, patches and cracks
} mkd_road;

typedef struct mkd_light {
    mkd_vec3 to_sun;
    float sun[3], ambient_up[3], ambient_down[3]; ///< radiance
    float zenith[3], horizon[3], cloud;
    float haze_per_m;
    float exposure, noise, tint[3];
    uint32_t seed;
} mkd_light;

typedef struct mkd_scene {
    mkd_camera camera;
    mkd_kitti_calib calib;
    mkd_road road;
    mkd_light light;
    mkd_mesh mesh;
    mkd_material materials[MKD_SCENE_MATERIALS_MAX];
    size_t n_materials;
    mkd_scene_object objects[MKD_SCENE_OBJECTS_MAX];
    size_t n_objects;
    mkd_box3d
        footprints[MKD_SCENE_FOOTPRINTS_MAX]; ///< what stands in the way, street furniture too
    size_t n_footprints;
} mkd_scene;

/// Builds frame `frame` of the data set. The scene is large: allocate it.
int mkd_scene_make(mkd_scene *out, const mkd_synth_options *options, uint64_t frame) MKD_NODISCARD;
void mkd_scene_free(mkd_scene *scene);

/// Camera and calibration of a data set, as written to the calib files.
void mkd_scene_calibrate(mkd_camera *camera, mkd_kitti_calib *calib,
                         const mkd_synth_options *options);

// ---- parts of mkd_scene_make, one file each ----

/// Adds a material; a full table gives the last entry.
uint16_t mkd_scene_material(mkd_scene *scene, mkd_surface surface, double red, double green,
                            double blue, double lidar);

void mkd_road_draw(mkd_road *out, mkd_rng *rng);
/// Position on the street's surface (kerb included).
mkd_vec3 mkd_road_point(const mkd_road *road, double lateral_m, double along_m);
/// yaw of something that faces along the road at `along_m`.
double mkd_road_yaw(const mkd_road *road, double along_m);
void mkd_road_coordinates(double *lateral_m, double *along_m, const mkd_road *road, double x_m,
                          double z_m);
/// The ground alone.
void mkd_scene_add_ground(mkd_scene *scene);
/// Ground, buildings, trees, poles; reserves their footprints.
void mkd_scene_add_street(mkd_scene *scene, mkd_rng *rng);
/// Draws the objects' boxes, free of each other and of the street's furniture, and builds them.
void mkd_scene_add_objects(mkd_scene *scene, mkd_rng *rng, const mkd_synth_options *options);
/// True if the box, grown by `margin_m`, overlaps no footprint.
bool mkd_scene_is_free(const mkd_scene *scene, const mkd_box3d *box, double margin_m);

/// Meshes in the box's own frame, to be fitted to it by mkd_mesh_fit.
void mkd_scene_model_vehicle(mkd_scene *scene, mkd_rng *rng, mkd_synth_class class_id,
                             const mkd_box3d *box);
void mkd_scene_model_person(mkd_scene *scene, mkd_rng *rng, mkd_synth_class class_id);

#ifdef __cplusplus
}
#endif

#endif
