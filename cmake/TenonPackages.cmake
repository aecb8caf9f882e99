# Debian packages, made by `cpack` from the components of TenonInstall.cmake:
#
#   libtenon0      the library, and the modules that need nothing more
#   tenon-NAME     a module that brings a library along: tenon-tls, tenon-curve ...
#   libtenon-dev   headers, libtenon.a, CMake and pkg-config files, the SDK for modules
#   tenon          the commands
#   tenon-zmq      the drop-in for libzmq, tenon-zmq-dev what is needed to build with it
#   tenon-doc      the manual: man pages and HTML
#
# `scripts/packages` makes and tries them.

if(NOT PROJECT_IS_TOP_LEVEL OR NOT TENON_BUILD_SHARED)
    return()
endif()

get_property(heavy_modules GLOBAL PROPERTY TENON_HEAVY_MODULES)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tenon)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Tenon developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib)

# _tenon_package(COMPONENT NAME SUMMARY [DEPENDS text] [SECTION text] [RECOMMENDS text])
macro(_tenon_package component name summary)
    cmake_parse_arguments(arg "" "DEPENDS;SECTION;RECOMMENDS" "" ${ARGN})
    string(TOUPPER ${component} upper)
    list(APPEND CPACK_COMPONENTS_ALL ${component})
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
    set(CPACK_COMPONENT_${upper}_DESCRIPTION "${summary}")
    set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}")
    if(arg_DEPENDS)
        set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${arg_DEPENDS}")
    endif()
    if(arg_SECTION)
        set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${arg_SECTION})
    endif()
    if(arg_RECOMMENDS)
        set(CPACK_DEBIAN_${upper}_PACKAGE_RECOMMENDS "${arg_RECOMMENDS}")
    endif()
endmacro()

set(same "(= ${PROJECT_VERSION})")
set(CPACK_COMPONENTS_ALL "")
_tenon_package(runtime libtenon0 "messaging with loadable modules: library and light modules")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_LIST_DIR}/packages/triggers")
foreach(module IN LISTS heavy_modules)
    _tenon_package(module_${module} tenon-${module} "module ${module} of Tenon"
        DEPENDS "libtenon0 ${same}")
endforeach()
_tenon_package(development libtenon-dev "Tenon: headers, static library, SDK for modules"
    DEPENDS "libtenon0 ${same}" SECTION libdevel)
if(TENON_BUILD_TOOLS)
    _tenon_package(tools tenon "messaging peers for the shell, and what modules there are"
        DEPENDS "libtenon0 ${same}" SECTION net RECOMMENDS tenon-doc)
endif()
if(TARGET tenon_zmq)
    _tenon_package(zmq tenon-zmq "drop-in for libzmq.so.5, for those who point to it"
        DEPENDS "libtenon0 ${same}")
    _tenon_package(zmq_development tenon-zmq-dev "drop-in for libzmq: headers, CMake and pkg-config files"
        DEPENDS "tenon-zmq ${same}" SECTION libdevel)
endif()
if(TARGET tenon_manual)
    _tenon_package(manual tenon-doc "Tenon's manual: man pages and HTML" SECTION doc)
    set(CPACK_DEBIAN_MANUAL_PACKAGE_ARCHITECTURE all)
endif()

include(CPack)
