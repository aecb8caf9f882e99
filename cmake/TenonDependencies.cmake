# What we stand on: libevent's core under the I/O threads, libltdl under the loader. Both can be left out.

find_package(PkgConfig REQUIRED)
if(TENON_LIBEVENT)
    pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent_core)
endif()
if(TENON_DLOPEN)
    find_package(LTDL REQUIRED)
endif()
