#include "data/synth/raycast.h"

#include <stdio.h>
#include <string.h>

#if MKD_EMBREE_MAJOR >= 4
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include "base/alloc.h"
#include "base/status.h"

struct mkd_raycaster {
    RTCDevice device;
    RTCScene scene; // NULL before the first mesh
};

int mkd_raycaster_new(mkd_raycaster **out) {
    *out = NULL;
    mkd_raycaster *caster = mkd_alloc(sizeof *caster);
    if (!caster) {
        return MKD_ENOMEM;
    }
    // one thread: frames are rendered side by side, and a tree built alone is always the same tree
    caster->device = rtcNewDevice("threads=1,set_affinity=0");
    if (!caster->device) {
        mkd_free(caster);
        MKD_FAIL(MKD_EUNSUPPORTED, "synth: Embree gives no device (error %d)",
                 (int)rtcGetDeviceError(NULL));
    }
    *out = caster;
    return MKD_OK;
}

void mkd_raycaster_free(mkd_raycaster *caster) {
    if (!caster) {
        return;
    }
    if (caster->scene) {
        rtcReleaseScene(caster->scene);
    }
    rtcReleaseDevice(caster->device);
    mkd_free(caster);
}

void mkd_raycaster_version(char *out, size_t bytes, const mkd_raycaster *caster) {
    const int version = (int)rtcGetDeviceProperty(caster->device, RTC_DEVICE_PROPERTY_VERSION);
    snprintf(out, bytes, "Embree %d.%d.%d", version / 10000, version / 100 % 100, version % 100);
}

int mkd_raycaster_set_mesh(mkd_raycaster *caster, const mkd_mesh *mesh) {
    if (caster->scene) {
        rtcReleaseScene(caster->scene);
    }
    caster->scene = rtcNewScene(caster->device);
    RTCGeometry geometry = rtcNewGeometry(caster->device, RTC_GEOMETRY_TYPE_TRIANGLE);
    // watertight edges: no ray may slip between two faces of a car
    rtcSetSceneFlags(caster->scene, RTC_SCENE_FLAG_ROBUST);
    rtcSetSharedGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3,
                               mesh->vertices, 0, sizeof *mesh->vertices, mesh->n_vertices);
    rtcSetSharedGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3, mesh->faces, 0,
                               sizeof *mesh->faces, mesh->n_faces);
    rtcCommitGeometry(geometry);
    rtcAttachGeometry(caster->scene, geometry);
    rtcReleaseGeometry(geometry);
    rtcCommitScene(caster->scene);
    const enum RTCError error = rtcGetDeviceError(caster->device);
    if (error == RTC_ERROR_OUT_OF_MEMORY) {
        MKD_FAIL(MKD_ENOMEM, "synth: Embree has no memory for %zu faces", mesh->n_faces);
    }
    if (error != RTC_ERROR_NONE) {
        MKD_FAIL(MKD_EUNSUPPORTED, "synth: Embree failed on a mesh of %zu faces (error %d)",
                 mesh->n_faces, (int)error);
    }
    return MKD_OK;
}

// where the CPU has no 16-wide packets, Embree takes the lanes as a stream and looks at all of
// them: a lane without a ray must be an empty one, not whatever is in memory
static void fill(struct RTCRay16 *ray, int valid[MKD_RAYS], const mkd_ray_packet *rays) {
    memset(ray, 0, sizeof *ray);
    for (unsigned i = 0; i < MKD_RAYS; i++) {
        valid[i] = i < rays->n ? -1 : 0;
        ray->dir_z[i] = 1.0f;
        ray->tfar[i] = -1.0f;
        ray->mask[i] = 0xffffffffU;
    }
    const size_t bytes = rays->n * sizeof rays->org_x[0];
    memcpy(ray->org_x, rays->org_x, bytes);
    memcpy(ray->org_y, rays->org_y, bytes);
    memcpy(ray->org_z, rays->org_z, bytes);
    memcpy(ray->dir_x, rays->dir_x, bytes);
    memcpy(ray->dir_y, rays->dir_y, bytes);
    memcpy(ray->dir_z, rays->dir_z, bytes);
    memcpy(ray->tnear, rays->near_t, bytes);
    memcpy(ray->tfar, rays->far_t, bytes);
}

void mkd_raycaster_hit(mkd_ray_packet *rays, const mkd_raycaster *caster, int coherent) {
    RTC_ALIGN(64) int valid[MKD_RAYS];
    struct RTCRayHit16 hits;
    fill(&hits.ray, valid, rays);
    memset(hits.hit.geomID, 0xff, sizeof hits.hit.geomID);
#if MKD_EMBREE_MAJOR >= 4
    struct RTCIntersectArguments arguments;
    rtcInitIntersectArguments(&arguments);
    arguments.flags = coherent ? RTC_RAY_QUERY_FLAG_COHERENT : RTC_RAY_QUERY_FLAG_INCOHERENT;
    rtcIntersect16(valid, caster->scene, &hits, &arguments);
#else
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    context.flags =
        coherent ? RTC_INTERSECT_CONTEXT_FLAG_COHERENT : RTC_INTERSECT_CONTEXT_FLAG_INCOHERENT;
    rtcIntersect16(valid, caster->scene, &context, &hits);
#endif
    for (unsigned i = 0; i < rays->n; i++) {
        const int missed = hits.hit.geomID[i] == RTC_INVALID_GEOMETRY_ID;
        rays->face[i] = missed ? MKD_RAY_MISS : hits.hit.primID[i];
        rays->t[i] = hits.ray.tfar[i];
        rays->u[i] = hits.hit.u[i];
        rays->v[i] = hits.hit.v[i];
    }
}

void mkd_raycaster_blocked(mkd_ray_packet *rays, const mkd_raycaster *caster) {
    RTC_ALIGN(64) int valid[MKD_RAYS];
    struct RTCRay16 ray;
    fill(&ray, valid, rays);
#if MKD_EMBREE_MAJOR >= 4
    struct RTCOccludedArguments arguments;
    rtcInitOccludedArguments(&arguments);
    rtcOccluded16(valid, caster->scene, &ray, &arguments);
#else
    struct RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    rtcOccluded16(valid, caster->scene, &context, &ray);
#endif
    for (unsigned i = 0; i < rays->n; i++) {
        // Embree marks a blocked ray by tfar = -inf
        rays->face[i] = ray.tfar[i] < 0.0f ? 0U : MKD_RAY_MISS;
    }
}
