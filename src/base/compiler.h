/// The only place for compiler extensions.
#ifndef MKD_BASE_COMPILER_H
#define MKD_BASE_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
#define MKD_NODISCARD         __attribute__((warn_unused_result))
#define MKD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MKD_THREAD_LOCAL      __thread
#define MKD_UNUSED            __attribute__((unused))
#else
#define MKD_NODISCARD
#define MKD_PRINTF(fmt, args)
#define MKD_THREAD_LOCAL _Thread_local
#define MKD_UNUSED
#endif

/// A function compiled once per generation of vector units and chosen when the program starts. It
/// must hold its loops itself: what OpenMP outlines from it would be compiled for the baseline
/// alone. Sanitizers' run times are not ready when the choice is made.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__cplusplus)
#define MKD_VECTOR_CLONES                                                                          \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MKD_VECTOR_CLONES
#endif

/// Number of elements of an array (not of a pointer).
#define MKD_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
