# find_package(tenon COMPONENTS sdk): for modules that are built outside the source tree of Tenon.
#
# tenon_add_module(NAME SOURCES file... [PROVIDES kind:name...] [REQUIRES kind:name...] [LIBS lib...]
#                  [PRIORITY n])
#
# The target NAME, a module of that name, which is linked against nothing of Tenon. Without PROVIDES
# the built module itself is asked what it provides, by the `tenon` command; a cross build has to say.
#
#   in the build tree   NAME.so, and plugins.d/50-NAME.conf with its absolute path: a program sees the
#                       module with TENON_PLUGINS_D=BUILD/plugins.d in its environment
#   installed           LIBDIR/tenon/NAME.so and LIBDIR/tenon/plugins.d/50-NAME.conf, below the prefix
#                       of Tenon itself unless CMAKE_INSTALL_PREFIX was given
#
# Variables: tenon_MODULE_DIR, tenon_PLUGINS_DIR (absolute, of the Tenon that was found),
# tenon_MODULE_ABI ("1.0"), tenon_COMMAND (the `tenon` command, or tenon_COMMAND-NOTFOUND).

include(${CMAKE_CURRENT_LIST_DIR}/TenonSharedModule.cmake)
set(TENON_SDK_DIR ${CMAKE_CURRENT_LIST_DIR})

# clang leaves a sanitizer's functions to the program, so its shared objects cannot be closed.
if(NOT DEFINED TENON_LINK_CLOSED)
    set(TENON_LINK_CLOSED LINKER:-z,defs)
    if(CMAKE_C_COMPILER_ID MATCHES Clang AND CMAKE_C_FLAGS MATCHES "-fsanitize=")
        set(TENON_LINK_CLOSED "")
    endif()
endif()
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
    set(CMAKE_INSTALL_PREFIX ${tenon_PREFIX} CACHE PATH "Where the modules go" FORCE)
endif()

function(tenon_add_module name)
    cmake_parse_arguments(arg "" "PRIORITY" "SOURCES;PROVIDES;REQUIRES;LIBS" ${ARGN})
    if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
        message(FATAL_ERROR "tenon_add_module: the name \"${name}\" must begin with a letter and "
            "consist of a-z, 0-9 and _")
    endif()
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
        message(FATAL_ERROR "tenon_add_module(${name}): SOURCES are needed; not understood: "
            "\"${arg_UNPARSED_ARGUMENTS}\"")
    endif()
    add_library(${name} MODULE ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE tenon::api ${arg_LIBS})
    set_target_properties(${name} PROPERTIES
        OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    _tenon_seal_module(${name})

    set(here ${CMAKE_CURRENT_BINARY_DIR}/plugins.d/50-${name}.conf)
    set(there ${CMAKE_CURRENT_BINARY_DIR}/installed/50-${name}.conf)
    if(arg_PROVIDES)
        foreach(file IN ITEMS here there)
            set(module ${name})
            if(file STREQUAL "here")
                set(module ${CMAKE_CURRENT_BINARY_DIR}/${name}.so)
            endif()
            _tenon_manifest_text(text "${module}" "${arg_PROVIDES}" "${arg_REQUIRES}"
                "${arg_PRIORITY}")
            file(CONFIGURE OUTPUT ${${file}} CONTENT "${text}" @ONLY)
        endforeach()
    elseif(arg_REQUIRES OR NOT tenon_COMMAND)
        message(FATAL_ERROR "tenon_add_module(${name}): PROVIDES is needed beside REQUIRES, and "
            "where there is no tenon command: PROVIDES transport:${name}")
    else()
        add_custom_command(TARGET ${name} POST_BUILD COMMAND ${CMAKE_COMMAND}
            -D COMMAND=${tenon_COMMAND} -D MODULE=$<TARGET_FILE:${name}> -D HERE=${here}
            -D THERE=${there} -D PRIORITY=${arg_PRIORITY} -P ${TENON_SDK_DIR}/TenonAskModule.cmake)
    endif()

    install(TARGETS ${name} LIBRARY DESTINATION ${tenon_LIBDIR}/tenon)
    install(FILES ${there} DESTINATION ${tenon_LIBDIR}/tenon/plugins.d)
endfunction()
