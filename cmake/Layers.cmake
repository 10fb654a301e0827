# One static library per folder of src/, in the order of src/LAYERS; each may include and link only
# the layers before it. Unit tests of a layer link that layer and what lies below, so a call upward
# is an undefined symbol.

set(MKD_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla)
# a newer compiler has warnings that this code has not met; CI's is gcc 12
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION MATCHES "^12\\.")
    set(mkd_known_compiler ON)
endif()
option(MKD_WERROR "Warnings are errors" ${mkd_known_compiler})
if(MKD_WERROR)
    list(APPEND MKD_WARNINGS -Werror)
endif()

if(MKD_LIBFUZZER)
    set(MKD_WARNINGS -w) # judged by the other presets; clang has ones of its own
elseif(MKD_SANITIZE)
    # gcc's documentation: instrumented code makes this one guess wrong
    list(APPEND MKD_WARNINGS -Wno-maybe-uninitialized)
endif()

set(MKD_LIBS_base Threads::Threads m PkgConfig::YAML)
set(MKD_LIBS_tensor mkd_openmp mkd_onednn)
set(MKD_LIBS_io PkgConfig::SPNG PkgConfig::TURBOJPEG PkgConfig::LIBZIP PkgConfig::ZLIB PkgConfig::JANSSON
    PkgConfig::PROTOBUF_C)
set(MKD_LIBS_data mkd_embree)
set(MKD_LIBS_train PkgConfig::JANSSON)
set(MKD_LIBS_report PkgConfig::CAIRO)

file(STRINGS ${CMAKE_SOURCE_DIR}/src/LAYERS MKD_LAYERS)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/LAYERS)

# src/<layer>/<name>.proto -> "<layer>/<name>.pb-c.h" and its source, compiled without our warnings.
# Adds an object library to the variable `sources` of the caller.
set(MKD_PROTO_DIR ${CMAKE_BINARY_DIR}/proto)
function(mkd_layer_protos layer)
    file(GLOB protos RELATIVE ${CMAKE_SOURCE_DIR}/src CONFIGURE_DEPENDS
         ${CMAKE_SOURCE_DIR}/src/${layer}/*.proto)
    if(NOT protos)
        return()
    endif()
    file(MAKE_DIRECTORY ${MKD_PROTO_DIR})
    foreach(proto IN LISTS protos)
        string(REGEX REPLACE "\\.proto$" ".pb-c" base ${MKD_PROTO_DIR}/${proto})
        add_custom_command(
            OUTPUT ${base}.c ${base}.h
            COMMAND ${MKD_PROTOC_C} --proto_path=${CMAKE_SOURCE_DIR}/src --c_out=${MKD_PROTO_DIR}
                    ${CMAKE_SOURCE_DIR}/src/${proto}
            DEPENDS ${CMAKE_SOURCE_DIR}/src/${proto}
            VERBATIM)
        list(APPEND generated ${base}.c ${base}.h)
    endforeach()
    add_library(mkd_${layer}_proto OBJECT ${generated})
    target_compile_options(mkd_${layer}_proto PRIVATE -w)
    target_include_directories(mkd_${layer}_proto PRIVATE ${MKD_PROTO_DIR})
    target_link_libraries(mkd_${layer}_proto PRIVATE PkgConfig::PROTOBUF_C)
    set(sources ${sources} $<TARGET_OBJECTS:mkd_${layer}_proto> PARENT_SCOPE)
endfunction()

# kernels: these let loops be vectorized and multiply-adds be fused, and change no rule that ours need
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/tensor/cpu/*.c)
set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS
                            "-fno-math-errno;-fno-trapping-math;-ffp-contract=fast")

set(mkd_below "")
foreach(layer IN LISTS MKD_LAYERS)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*.c)
    if(layer STREQUAL "app")
        break()
    endif()
    if(NOT sources)
        continue()
    endif()
    mkd_layer_protos(${layer})
    add_library(mkd_${layer} STATIC ${sources})
    target_include_directories(mkd_${layer} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    if(TARGET mkd_${layer}_proto)
        add_dependencies(mkd_${layer} mkd_${layer}_proto)
        target_include_directories(mkd_${layer} SYSTEM PUBLIC ${MKD_PROTO_DIR})
    endif()
    target_compile_options(mkd_${layer} PRIVATE ${MKD_WARNINGS})
    target_compile_definitions(mkd_${layer} PUBLIC _POSIX_C_SOURCE=200809L)
    target_link_libraries(mkd_${layer} PUBLIC ${mkd_below} ${MKD_LIBS_${layer}})
    list(PREPEND mkd_below mkd_${layer})
endforeach()
set(MKD_ALL_LAYERS ${mkd_below})

if(sources)
    add_executable(monokd ${sources})
    target_compile_options(monokd PRIVATE ${MKD_WARNINGS})
    target_compile_definitions(monokd PRIVATE MKD_VERSION="${PROJECT_VERSION}")
    target_link_libraries(monokd PRIVATE ${MKD_ALL_LAYERS})
    set_target_properties(monokd PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endif()
