# How our sources are compiled. `tenon_flags` is linked PRIVATE by each of our targets and is not
# installed; `tenon_api` is the public include directory.

include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
# A shared object may be made of anything that is not built for programs alone.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(TENON_FIXED AND NOT TENON_BUILD_SHARED)
    set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
endif()
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(tenon_flags INTERFACE)
target_compile_definitions(tenon_flags INTERFACE _GNU_SOURCE)
target_compile_options(tenon_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -ffunction-sections -fdata-sections)
target_link_libraries(tenon_flags INTERFACE Threads::Threads)

if(TENON_SANITIZE)
    target_compile_options(tenon_flags INTERFACE
        -fsanitize=${TENON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(tenon_flags INTERFACE -fsanitize=${TENON_SANITIZE})
endif()
if(TENON_COVERAGE)
    target_compile_options(tenon_flags INTERFACE --coverage)
    target_link_options(tenon_flags INTERFACE --coverage)
endif()
if(TENON_FUZZ)
    target_compile_options(tenon_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# clang leaves the sanitizers' functions to the program, so its shared objects cannot be closed.
set(TENON_LINK_CLOSED LINKER:-z,defs)
if(TENON_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES Clang)
    set(TENON_LINK_CLOSED "")
endif()

add_library(tenon_api INTERFACE)
set_target_properties(tenon_api PROPERTIES EXPORT_NAME api)
target_include_directories(tenon_api INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
