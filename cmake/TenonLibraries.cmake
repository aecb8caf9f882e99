# The modules, and the two libraries: libtenon.so (target tenon) and libtenon.a (tenon_static), made
# of the same objects.
#
# Which modules are linked in is told by tenon_module() (TenonModule.cmake), in global properties.

file(GLOB module_dirs CONFIGURE_DEPENDS
    transports/CMakeLists.txt transports/*/CMakeLists.txt
    patterns/CMakeLists.txt patterns/*/CMakeLists.txt
    mechanisms/CMakeLists.txt mechanisms/*/CMakeLists.txt
    authenticators/CMakeLists.txt authenticators/*/CMakeLists.txt)
foreach(list_file IN LISTS module_dirs)
    cmake_path(GET list_file PARENT_PATH module_dir)
    add_subdirectory(${module_dir})
endforeach()

get_property(builtin_objects GLOBAL PROPERTY TENON_BUILTIN_OBJECTS)
set(library_sources $<TARGET_OBJECTS:tenon_core>)
foreach(object IN LISTS builtin_objects)
    list(APPEND library_sources $<TARGET_OBJECTS:${object}>)
endforeach()
tenon_write_builtin(${CMAKE_BINARY_DIR}/generated/builtin.c)
list(APPEND library_sources ${CMAKE_BINARY_DIR}/generated/builtin.c)

# Reactors, sessions, ZMTP and libevent are linked only for transports that have connections.
get_property(has_network GLOBAL PROPERTY TENON_HAS_NETWORK)
if(TENON_DLOPEN OR has_network)
    set(has_network ON)
    set(network &tni_network_impl)
    set(datagrams NULL)
    get_property(has_datagrams GLOBAL PROPERTY TENON_HAS_DATAGRAMS)
    if(TENON_DLOPEN OR has_datagrams)
        set(datagrams &tni_datagram_kind)
    endif()
    set(control NULL)
    if(TENON_CONTROL)
        set(control &tni_control_impl)
    endif()
else()
    set(has_network OFF)
    set(network NULL)
    set(datagrams NULL)
    set(control NULL)
endif()
set(host tni_host_all)
if(TENON_FIXED)
    set(host tni_host_used)
    tenon_write_host_table(${CMAKE_BINARY_DIR}/generated/host_used.c)
    list(APPEND library_sources ${CMAKE_BINARY_DIR}/generated/host_used.c)
endif()
configure_file(cmake/network.c.in ${CMAKE_BINARY_DIR}/generated/network.c @ONLY)
list(APPEND library_sources ${CMAKE_BINARY_DIR}/generated/network.c)

# What a program needs besides libtenon.a.
get_property(TENON_STATIC_NEEDS GLOBAL PROPERTY TENON_BUILTIN_NEEDS)
get_property(library_needs GLOBAL PROPERTY TENON_BUILTIN_LIBS)
if(TENON_DLOPEN)
    list(APPEND TENON_STATIC_NEEDS ltdl)
    list(APPEND library_needs LTDL::LTDL)
endif()
if(has_network AND TENON_LIBEVENT)
    list(APPEND TENON_STATIC_NEEDS event_core)
    list(APPEND library_needs PkgConfig::EVENT)
endif()
list(APPEND TENON_STATIC_NEEDS pthread)

function(tenon_library target kind name)
    add_library(${target} ${kind} ${library_sources})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME tenon EXPORT_NAME ${name})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/core)
    target_link_libraries(${target} PUBLIC tenon_api
        PRIVATE $<BUILD_INTERFACE:tenon_flags>)
    add_library(tenon::${name} ALIAS ${target})
endfunction()

tenon_library(tenon_static STATIC static)
foreach(need IN LISTS library_needs)
    target_link_libraries(tenon_static PRIVATE $<BUILD_INTERFACE:${need}>)
endforeach()
target_link_libraries(tenon_static INTERFACE "$<INSTALL_INTERFACE:${TENON_STATIC_NEEDS}>")
if(TENON_BUILD_SHARED)
    tenon_library(tenon SHARED tenon)
    target_link_libraries(tenon PRIVATE ${library_needs})
    set_target_properties(tenon PROPERTIES
        VERSION ${PROJECT_VERSION} SOVERSION 0
        LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/tenon.map)
    target_link_options(tenon PRIVATE ${TENON_LINK_CLOSED}
        LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/tenon.map
        LINKER:-Bsymbolic-functions LINKER:-z,nodelete
        LINKER:--gc-sections LINKER:--as-needed)
endif()
