# What makes a shared object a module, for this build (TenonModule.cmake) and, installed, for the
# modules of others (TenonSdk.cmake).

# One data symbol leaves a module. Its undefined functions are found when it is linked or opened, not
# when they are called, and it stays mapped until the process ends.
function(_tenon_seal_module target)
    set_target_properties(${target} PROPERTIES
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON PREFIX "" SUFFIX .so)
    set(map ${CMAKE_BINARY_DIR}/generated/tenon_module.map)
    file(CONFIGURE OUTPUT ${map} CONTENT
        "{\n    global: *_LTX_tenon_module_v*;\n    local: *;\n};\n" @ONLY)
    target_link_options(${target} PRIVATE ${TENON_LINK_CLOSED}
        LINKER:-z,now LINKER:-z,nodelete LINKER:--gc-sections LINKER:--as-needed
        LINKER:--version-script=${map})
endfunction()

# The manifest of a module, in the variable `out`. `module` is its stem, or the absolute path.
function(_tenon_manifest_text out module provides requires priority)
    list(JOIN provides " " provides)
    list(JOIN requires " " requires)
    set(text "module = ${module}\nprovides = ${provides}\n")
    if(requires)
        string(APPEND text "requires = ${requires}\n")
    endif()
    if(NOT priority STREQUAL "")
        string(APPEND text "priority = ${priority}\n")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
endfunction()
