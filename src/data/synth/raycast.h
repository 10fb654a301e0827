/// Rays against one triangle mesh: the only file that knows Embree (3 or 4).
#ifndef MKD_DATA_SYNTH_RAYCAST_H
#define MKD_DATA_SYNTH_RAYCAST_H

#include <stdint.h>

#include "base/compiler.h"
#include "data/synth/mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_RAYS 16 ///< rays of a packet

/// A packet of rays and what they hit; rays from `n` on are ignored.
typedef struct mkd_ray_packet {
    unsigned n;
    float org_x[MKD_RAYS], org_y[MKD_RAYS], org_z[MKD_RAYS];
    float dir_x[MKD_RAYS], dir_y[MKD_RAYS], dir_z[MKD_RAYS];
    float near_t[MKD_RAYS], far_t[MKD_RAYS]; ///< in lengths of the direction
    // results
    float t[MKD_RAYS];              ///< where the ray hit, in lengths of the direction
    float u[MKD_RAYS], v[MKD_RAYS]; ///< barycentric weights of the face's vertices 1 and 2
    uint32_t face[MKD_RAYS];        ///< index into the mesh's faces, MKD_RAY_MISS for none
} mkd_ray_packet;

#define MKD_RAY_MISS 0xffffffffU

/// A device and the mesh that was given last. Not shared between threads; it starts no threads.
typedef struct mkd_raycaster mkd_raycaster;

int mkd_raycaster_new(mkd_raycaster **out) MKD_NODISCARD;
void mkd_raycaster_free(mkd_raycaster *caster);

/// "Embree 3.12.2", as the library itself says.
void mkd_raycaster_version(char *out, size_t bytes, const mkd_raycaster *caster);

/// Takes the mesh for the following rays; it must not change or be freed before the next call.
int mkd_raycaster_set_mesh(mkd_raycaster *caster, const mkd_mesh *mesh) MKD_NODISCARD;
/// Nearest hits. `coherent`: the rays go nearly the same way.
void mkd_raycaster_hit(mkd_ray_packet *rays, const mkd_raycaster *caster, int coherent);
/// Whether anything is hit: `face` becomes 0 for a blocked ray and MKD_RAY_MISS for a free one.
void mkd_raycaster_blocked(mkd_ray_packet *rays, const mkd_raycaster *caster);

#ifdef __cplusplus
}
#endif

#endif
