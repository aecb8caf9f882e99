# GNU libltdl, which brings neither a CMake nor a pkg-config package: the target LTDL::LTDL.

find_path(LTDL_INCLUDE_DIR ltdl.h)
find_library(LTDL_LIBRARY ltdl)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LTDL REQUIRED_VARS LTDL_LIBRARY LTDL_INCLUDE_DIR)
mark_as_advanced(LTDL_INCLUDE_DIR LTDL_LIBRARY)

if(LTDL_FOUND AND NOT TARGET LTDL::LTDL)
    add_library(LTDL::LTDL UNKNOWN IMPORTED)
    set_target_properties(LTDL::LTDL PROPERTIES
        IMPORTED_LOCATION ${LTDL_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${LTDL_INCLUDE_DIR})
endif()
