# tenon_embed(OUT DIRECTORY): a C file with what lies below DIRECTORY, for `tenon new`: an array
# `tool_templates` of struct tool_template (tools/templates.h), ended by an empty one.

function(tenon_embed out directory)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${directory} ${directory}/*)
    set(bodies "")
    set(rows "")
    set(index 0)
    foreach(file IN LISTS files)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${directory}/${file})
        file(READ ${directory}/${file} hex HEX)
        string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
        cmake_path(GET file PARENT_PATH kind)
        cmake_path(GET file FILENAME name)
        string(APPEND bodies "static const char body${index}[] = {${bytes}0};\n")
        string(APPEND rows "    {\"${kind}\", \"${name}\", body${index}},\n")
        math(EXPR index "${index} + 1")
    endforeach()
    file(CONFIGURE OUTPUT ${out} CONTENT
        "#include \"templates.h\"\n\n@bodies@\nconst struct tool_template tool_templates[] = {\n@rows@    {0, 0, 0},\n};\n"
        @ONLY)
endfunction()
