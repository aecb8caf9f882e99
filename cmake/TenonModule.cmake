# tenon_module(NAME SOURCES file... PROVIDES kind:name... [REQUIRES kind:name...] [LIBS lib...]
#              [STATIC_NEEDS name...] [PRIORITY n])
#
# One module. It is compiled with include/ alone on its path, into the object library
# tenon_NAME_objects, and then either linked into libtenon (TENON_STATIC_MODULES names it, TenonStaticModules.cmake) or made
# into lib/tenon/NAME.so with the manifest lib/tenon/plugins.d/50-NAME.conf, in the build tree as in
# the installed one. LIBS are what it is linked with, STATIC_NEEDS the same for the linker's -l, for
# programs that link libtenon.a.
#
# tenon_write_builtin(FILE), once all modules are known, writes the list of those that are linked in;
# tenon_write_builtin_all(FILE) that of all, for tests in which the modules' own calls are to fail.
#
# Global properties: TENON_MODULE_OBJECTS and TENON_BUILTIN_OBJECTS, the object libraries of all and
# of the linked-in modules; TENON_MODULE_LIBS, TENON_BUILTIN_LIBS, TENON_BUILTIN_NEEDS, their LIBS and
# STATIC_NEEDS; TENON_HAS_NETWORK, whether one
# of them makes connections; TENON_HAS_DATAGRAMS, whether one moves datagrams; TENON_HEAVY_MODULES, those that have LIBS and are loaded at run time.

set(TENON_MODULE_SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR})

define_property(GLOBAL PROPERTY TENON_MODULE_NAMES)
define_property(GLOBAL PROPERTY TENON_MODULE_OBJECTS)
define_property(GLOBAL PROPERTY TENON_BUILTIN_NAMES)
define_property(GLOBAL PROPERTY TENON_BUILTIN_OBJECTS)
define_property(GLOBAL PROPERTY TENON_MODULE_LIBS)
define_property(GLOBAL PROPERTY TENON_BUILTIN_LIBS)
define_property(GLOBAL PROPERTY TENON_BUILTIN_NEEDS)
define_property(GLOBAL PROPERTY TENON_HAS_NETWORK)
define_property(GLOBAL PROPERTY TENON_HAS_DATAGRAMS)
define_property(GLOBAL PROPERTY TENON_HEAVY_MODULES)

# Sanitizers and coverage put constructors into every object: the loader then tolerates them.
if(TENON_SANITIZE OR TENON_COVERAGE OR TENON_FUZZ)
    add_compile_definitions(TENON_INSTRUMENTED)
endif()

include(TenonSharedModule)
include(TenonStaticModules)

function(tenon_module name)
    cmake_parse_arguments(arg "" "PRIORITY" "SOURCES;PROVIDES;REQUIRES;LIBS;STATIC_NEEDS" ${ARGN})
    if(NOT name MATCHES "^[a-z0-9_]+$")
        message(FATAL_ERROR "tenon_module: \"${name}\" must consist of a-z, 0-9 and _")
    endif()
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES OR NOT arg_PROVIDES)
        message(FATAL_ERROR "tenon_module(${name}): SOURCES and PROVIDES are needed; "
            "not understood: \"${arg_UNPARSED_ARGUMENTS}\"")
    endif()

    set(objects tenon_${name}_objects)
    add_library(${objects} OBJECT ${arg_SOURCES})
    set_target_properties(${objects} PROPERTIES C_VISIBILITY_PRESET hidden)
    target_link_libraries(${objects} PRIVATE tenon_api tenon_flags ${arg_LIBS})
    set_property(GLOBAL APPEND PROPERTY TENON_MODULE_NAMES ${name})
    set_property(GLOBAL APPEND PROPERTY TENON_MODULE_OBJECTS ${objects})
    set_property(GLOBAL APPEND PROPERTY TENON_MODULE_LIBS ${arg_LIBS})

    tenon_static_features(features ${name} ${arg_PROVIDES})
    if(features)
        _tenon_module_builtin(${name} ${objects} "${arg_SOURCES}" "${arg_LIBS}" "${arg_STATIC_NEEDS}")
        if(NOT features STREQUAL arg_PROVIDES)
            _tenon_module_only(${objects} ${features})
        endif()
    elseif(TENON_DLOPEN)
        # What brings a library along is a package of its own.
        set(component runtime)
        if(arg_LIBS)
            set(component module_${name})
            set_property(GLOBAL APPEND PROPERTY TENON_HEAVY_MODULES ${name})
        endif()
        _tenon_module_shared(${name} ${objects} "${arg_LIBS}")
        _tenon_module_manifest(${name} "${arg_PROVIDES}" "${arg_REQUIRES}" "${arg_PRIORITY}")
    endif()
endfunction()

# tenon_module_missing(KIND NAME LIBRARY PACKAGE): what this build goes without, for want of a library;
# the command says so, and which package gives it.
function(tenon_module_missing kind name library package)
    message(STATUS "${library} was not found: no ${kind} ${name} (install ${package})")
    set_property(GLOBAL APPEND_STRING PROPERTY TENON_MISSING_ROWS
        "{\"${kind}\", \"${name}\", \"${package}\"}, ")
endfunction()

# The module's table of features (descriptor.c) names those alone; what the others need is not linked.
function(_tenon_module_only objects)
    list(TRANSFORM ARGN REPLACE "^[a-z]+:" "&" OUTPUT_VARIABLE only)
    list(JOIN only "," only)
    target_compile_definitions(${objects} PRIVATE "TN_ONLY=${only}")
    target_compile_options(${objects} PRIVATE -Wno-unused-const-variable)
endfunction()

function(_tenon_module_builtin name objects sources libs needs)
    set_property(GLOBAL APPEND PROPERTY TENON_BUILTIN_NAMES ${name})
    set_property(GLOBAL APPEND PROPERTY TENON_BUILTIN_OBJECTS ${objects})
    set_property(GLOBAL APPEND PROPERTY TENON_BUILTIN_LIBS ${libs})
    set_property(GLOBAL APPEND PROPERTY TENON_BUILTIN_NEEDS ${needs})
    cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH room)
    file(GLOB headers ${CMAKE_CURRENT_SOURCE_DIR}/*.h ${room}/common/*.h)
    set_property(GLOBAL APPEND PROPERTY TENON_BUILTIN_FILES ${headers})
    # A transport says in its source whether it makes connections.
    foreach(source IN LISTS sources)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
        set_property(GLOBAL APPEND PROPERTY TENON_BUILTIN_FILES ${source})
        file(STRINGS ${source} shapes REGEX "TN_SHAPE_(STREAM|LAYER|DATAGRAM)")
        if(shapes)
            set_property(GLOBAL PROPERTY TENON_HAS_NETWORK ON)
        endif()
        if(shapes MATCHES "TN_SHAPE_DATAGRAM")
            set_property(GLOBAL PROPERTY TENON_HAS_DATAGRAMS ON)
        endif()
    endforeach()
endfunction()

function(_tenon_module_shared name objects libs)
    add_library(tenon_${name} MODULE $<TARGET_OBJECTS:${objects}>)
    set_target_properties(tenon_${name} PROPERTIES
        OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/tenon)
    target_link_libraries(tenon_${name} PRIVATE tenon_flags ${libs})
    _tenon_seal_module(tenon_${name})
    install(TARGETS tenon_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tenon
        COMPONENT ${component})
endfunction()

function(_tenon_module_manifest name provides requires priority)
    _tenon_manifest_text(text "${name}" "${provides}" "${requires}" "${priority}")
    set(manifest ${CMAKE_BINARY_DIR}/lib/tenon/plugins.d/50-${name}.conf)
    file(CONFIGURE OUTPUT ${manifest} CONTENT "${text}" @ONLY)
    set_property(GLOBAL APPEND PROPERTY TENON_MANIFEST_FILES ${manifest})
    install(FILES ${manifest} DESTINATION ${CMAKE_INSTALL_LIBDIR}/tenon/plugins.d
        COMPONENT ${component})
endfunction()

# What an earlier configuration of this build tree left must not be found.
function(_tenon_module_tidy)
    get_property(wanted GLOBAL PROPERTY TENON_MANIFEST_FILES)
    file(GLOB present ${CMAKE_BINARY_DIR}/lib/tenon/plugins.d/50-*.conf)
    foreach(manifest IN LISTS present)
        if(NOT manifest IN_LIST wanted)
            file(REMOVE ${manifest})
        endif()
    endforeach()
endfunction()

function(_tenon_list_builtin file names)
    set(TENON_BUILTIN_DECLARATIONS "")
    set(TENON_BUILTIN_LIST "")
    foreach(name IN LISTS names)
        string(APPEND TENON_BUILTIN_DECLARATIONS
            "extern const tn_module_t ${name}_LTX_tenon_module_v1;\n")
        string(APPEND TENON_BUILTIN_LIST "&${name}_LTX_tenon_module_v1, ")
    endforeach()
    configure_file(${TENON_MODULE_SOURCE_DIR}/../core/module/builtin.c.in ${file} @ONLY)
endfunction()

function(tenon_write_builtin file)
    get_property(builtin GLOBAL PROPERTY TENON_BUILTIN_NAMES)
    tenon_check_static_names()
    _tenon_list_builtin(${file} "${builtin}")
    _tenon_module_tidy()
endfunction()

function(tenon_write_builtin_all file)
    get_property(known GLOBAL PROPERTY TENON_MODULE_NAMES)
    _tenon_list_builtin(${file} "${known}")
endfunction()
