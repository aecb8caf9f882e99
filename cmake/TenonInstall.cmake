# The installed tree can be moved: nothing in it holds the prefix.
#
#   bin/tenon  bin/tenon-bench  lib/libtenon.*  lib/tenon/*.so  lib/tenon/plugins.d/*.conf  include/tenon/*.h
#   lib/pkgconfig/tenon.pc  lib/cmake/tenon/  share/doc/tenon/
#
# In components, of which TenonPackages.cmake makes packages: runtime, development, tools, manual, zmq,
# zmq_development, and module_NAME for each module that needs a library of its own.

include(CMakePackageConfigHelpers)

set(libraries tenon_static)
if(TENON_BUILD_SHARED)
    list(APPEND libraries tenon)
endif()
install(TARGETS tenon_api ${libraries} EXPORT tenonTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY include/tenon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
    FILES_MATCHING PATTERN *.h)
install(FILES README.md LICENSE plugins.d/60-policy.conf.example DESTINATION ${CMAKE_INSTALL_DOCDIR}
    COMPONENT runtime)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
install(EXPORT tenonTargets NAMESPACE tenon:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(cmake/tenonConfig.cmake.in ${CMAKE_BINARY_DIR}/tenonConfig.cmake
    INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR
    CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tenonConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tenonConfig.cmake ${CMAKE_BINARY_DIR}/tenonConfigVersion.cmake
    cmake/TenonSdk.cmake cmake/TenonSharedModule.cmake cmake/TenonAskModule.cmake
    DESTINATION ${package_dir} COMPONENT development)

set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir} OUTPUT_VARIABLE pkgconfig_to_prefix)
list(TRANSFORM TENON_STATIC_NEEDS PREPEND -l OUTPUT_VARIABLE private_libraries)
list(JOIN private_libraries " " private_libraries)
configure_file(cmake/tenon.pc.in ${CMAKE_BINARY_DIR}/tenon.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/tenon.pc DESTINATION ${pkgconfig_dir} COMPONENT development)
