# What we stand on: libevent's core under the I/O threads, libltdl under the loader.

find_package(PkgConfig REQUIRED)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent_core)
if(TENON_DLOPEN)
    find_package(LTDL REQUIRED)
endif()
