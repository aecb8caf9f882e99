# Builds whose modules are fixed (neither TENON_DLOPEN nor TENON_MANIFESTS).
#
# tenon_write_host_table(FILE): the host table with what the linked-in modules use, out of
# core/socket/host_table.c. An entry that no source of theirs names is left out, and with it all that
# stands behind it. What is used is told by tenon_module(), in the property TENON_BUILTIN_FILES.

define_property(GLOBAL PROPERTY TENON_BUILTIN_FILES)

# What the core itself takes from the table, for the features that it brings along.
set(_tenon_host_always size abi_major abi_minor log set_error alloc free clock_ms module_state
    last_error)

function(tenon_write_host_table file)
    get_property(files GLOBAL PROPERTY TENON_BUILTIN_FILES)
    list(REMOVE_DUPLICATES files)
    set(used ${_tenon_host_always})
    foreach(source IN LISTS files)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
        file(READ ${source} text)
        string(REGEX MATCHALL "(->|\\.)[a-z_]+" names "${text}")
        list(TRANSFORM names REPLACE "^(->|\\.)" "")
        list(APPEND used ${names})
    endforeach()
    list(REMOVE_DUPLICATES used)

    set(table ${PROJECT_SOURCE_DIR}/core/socket/host_table.c)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
    file(STRINGS ${table} lines)
    set(text "")
    foreach(line IN LISTS lines)
        if(line MATCHES "^    \\.([a-z_]+) = " AND NOT CMAKE_MATCH_1 IN_LIST used)
            continue()
        endif()
        string(APPEND text "${line}\n")
    endforeach()
    string(REPLACE "const tn_host_t tni_host_all =" "const tn_host_t tni_host_used =" text "${text}")
    string(REGEX REPLACE "^/\\*[^\n]*\n" "" text "${text}")
    string(APPEND text "
#include \"module/fixed.h\"

const struct tni_fixed_setting tni_fixed_settings[] = {
${TENON_STATIC_SETTINGS}    {0},
};
")
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
endfunction()
