# What a build can be asked for.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo or MinSizeRel" FORCE)
endif()

set(TENON_STATIC_MODULES "" CACHE STRING "What to link into libtenon: modules, features, manifests, or \"all\"")
option(TENON_DLOPEN "Load modules at run time; OFF leaves libltdl out" ON)
option(TENON_MANIFESTS "Read policy and option defaults from plugins.d" ON)
option(TENON_LIBEVENT "Let I/O threads sleep in libevent; OFF: in poll()" ON)
option(TENON_CONTROL "Show a running process to `tenon stat`, if TENON_CONTROL is set" ON)
option(TENON_BUILD_SHARED "Build libtenon.so" ON)
option(TENON_BUILD_ZMQ "Build the drop-in for libzmq, with libtenon.so" ON)
option(TENON_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TENON_BUILD_TOOLS "Build the tenon command" ON)
option(TENON_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(TENON_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(TENON_FUZZ "Build the fuzz targets with libFuzzer; needs clang" OFF)
option(TENON_COVERAGE "Count which lines run" OFF)
set(TENON_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: \"address,undefined\", \"thread\"")

if(TENON_DLOPEN AND NOT TENON_MANIFESTS)
    message(FATAL_ERROR "TENON_MANIFESTS=OFF leaves nothing that could name a module to load: "
        "set TENON_DLOPEN=OFF as well.")
endif()

# Without a loader and without manifests the modules that are linked in are all there is: the registry
# is a small one, and the host table holds what they use.
set(TENON_FIXED OFF)
if(NOT TENON_DLOPEN AND NOT TENON_MANIFESTS)
    set(TENON_FIXED ON)
endif()
