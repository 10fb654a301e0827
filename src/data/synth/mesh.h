/// A growing triangle mesh and the shapes that the synthetic scenes are made of.
///
/// Models are built in the frame of a box: x forward, y down (so "up" is -y), z to the side.
/// Winding has no meaning: a renderer turns a normal towards the viewer. Failure to grow is sticky
/// and reported by mkd_mesh_status, so that model code has no error check per line.
#ifndef MKD_DATA_SYNTH_MESH_H
#define MKD_DATA_SYNTH_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "data/synth/vec.h"
#include "geom/box3d.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_mesh_vertex {
    mkd_vec3 at_m;
    mkd_vec3 normal;
    float uv[2]; ///< texture coordinates; their meaning belongs to the material
} mkd_mesh_vertex;

typedef struct mkd_mesh_face {
    uint32_t vertex[3];
    uint16_t material;
    int16_t object; ///< index of the object that the face belongs to, -1 for the street
} mkd_mesh_face;

typedef struct mkd_mesh {
    mkd_mesh_vertex *vertices; ///< owned, mkd_mesh_free
    size_t n_vertices, vertex_capacity;
    mkd_mesh_face *faces; ///< owned
    size_t n_faces, face_capacity;
    bool failed;
} mkd_mesh;

void mkd_mesh_free(mkd_mesh *mesh);
/// 0, or MKD_ENOMEM if any shape could not be added.
int mkd_mesh_status(const mkd_mesh *mesh) MKD_NODISCARD;

/// A quad with given normals and texture coordinates.
void mkd_mesh_patch(mkd_mesh *mesh, uint16_t material, const mkd_mesh_vertex corners[4]);
/// One flat quad; its corners get the texture coordinates (0,0), (u,0), (u,v), (0,v).
void mkd_mesh_quad(mkd_mesh *mesh, uint16_t material, const mkd_vec3 corners[4], const float uv[2]);
/// Axis-aligned box; u runs along the horizontal edges and v upward, both in metres.
void mkd_mesh_box(mkd_mesh *mesh, uint16_t material, mkd_vec3 low, mkd_vec3 high);

/// Surface through a grid of points, [rows, columns] row-major, closed around the columns if asked.
/// Normals are smooth between faces whose normals differ by less than acos(crease).
typedef struct mkd_mesh_grid_options {
    size_t rows, columns;
    bool closed;  ///< the last column joins the first
    float crease; ///< cosine; -1 smooths everything
} mkd_mesh_grid_options;
void mkd_mesh_grid(mkd_mesh *mesh, uint16_t material, const mkd_vec3 *points,
                   const mkd_mesh_grid_options *options);

/// Cone or cylinder side from `a` to `b` (6 to 24 sides); v runs from 0 at `a` to 1 at `b`.
void mkd_mesh_tube(mkd_mesh *mesh, uint16_t material, mkd_vec3 a, mkd_vec3 b, float radius_a_m,
                   float radius_b_m, unsigned sides);
/// Cylinder with round ends; `flatten` scales its cross-section along z (1 = round).
void mkd_mesh_capsule(mkd_mesh *mesh, uint16_t material, mkd_vec3 a, mkd_vec3 b, float radius_m,
                      float flatten);
/// Sector of a disc in a plane of constant z; texture coordinates are the disc's own, -1..1.
void mkd_mesh_disc(mkd_mesh *mesh, uint16_t material, mkd_vec3 center, float radius_m,
                   float from_rad, float to_rad, unsigned sides);
/// Lumpy ellipsoid: radius times 1 + roughness * noise.
void mkd_mesh_blob(mkd_mesh *mesh, uint16_t material, mkd_vec3 center, mkd_vec3 radii_m,
                   float roughness, uint32_t seed);

/// `n` single leaves (triangles of about `size_m`) scattered near the surface of an ellipsoid.
void mkd_mesh_leaves(mkd_mesh *mesh, uint16_t material, mkd_vec3 center, mkd_vec3 radii_m,
                     unsigned n, float size_m, uint32_t seed);

/// Turns (as a box's yaw) and moves the vertices from `first` on.
void mkd_mesh_place(mkd_mesh *mesh, size_t first, mkd_vec3 at_m, double yaw_rad);
/// Scales the vertices from `first` on so that their bounds are exactly the box's sizes, and puts
/// them there (yaw and position); marks the faces from `first_face` on as `object`.
void mkd_mesh_fit(mkd_mesh *mesh, size_t first, size_t first_face, const mkd_box3d *box,
                  int16_t object);

#ifdef __cplusplus
}
#endif

#endif
