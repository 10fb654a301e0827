find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(SPNG REQUIRED IMPORTED_TARGET spng)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# oneDNN >= 3: the one below MKD_ONEDNN_ROOT (./dev unpacks PyPI's wheels there), else the system's
set(MKD_ONEDNN_ROOT ${CMAKE_SOURCE_DIR}/build/deps/onednn CACHE PATH "Folder with oneDNN's include/ and lib/")
unset(MKD_ONEDNN_INCLUDE CACHE)
unset(MKD_ONEDNN_LIBRARY CACHE)
if(EXISTS ${MKD_ONEDNN_ROOT}/include/oneapi/dnnl/dnnl.h)
    set(mkd_only NO_DEFAULT_PATH) # headers of one and library of the other would be found out late
endif()
find_path(MKD_ONEDNN_INCLUDE oneapi/dnnl/dnnl.h HINTS ${MKD_ONEDNN_ROOT}/include ${mkd_only})
find_library(MKD_ONEDNN_LIBRARY NAMES dnnl HINTS ${MKD_ONEDNN_ROOT}/lib ${mkd_only})
if(NOT MKD_ONEDNN_INCLUDE OR NOT MKD_ONEDNN_LIBRARY)
    message(FATAL_ERROR "found no oneDNN, expected 3 or later below MKD_ONEDNN_ROOT "
                        "(${MKD_ONEDNN_ROOT}) or in the system. ./dev build fetches one.")
endif()
file(STRINGS ${MKD_ONEDNN_INCLUDE}/oneapi/dnnl/dnnl_version.h mkd_onednn_major
     REGEX "^#define DNNL_VERSION_MAJOR")
string(REGEX MATCH "[0-9]+" mkd_onednn_major "${mkd_onednn_major}")
if(mkd_onednn_major LESS 3)
    message(FATAL_ERROR "found oneDNN ${mkd_onednn_major}.x at ${MKD_ONEDNN_INCLUDE}, expected 3 or "
                        "later: the bf16 convolutions of 2.x hang. ./dev build fetches a newer one.")
endif()
add_library(mkd_onednn INTERFACE)
target_include_directories(mkd_onednn SYSTEM INTERFACE ${MKD_ONEDNN_INCLUDE})
target_link_libraries(mkd_onednn INTERFACE ${MKD_ONEDNN_LIBRARY})

# Embree 3 (Debian 12) or 4
add_library(mkd_embree INTERFACE)
find_package(embree 4 QUIET)
if(NOT embree_FOUND)
    find_package(embree 3 REQUIRED)
endif()
target_link_libraries(mkd_embree INTERFACE embree)
target_compile_definitions(mkd_embree INTERFACE MKD_EMBREE_MAJOR=${embree_VERSION_MAJOR})
