/*
 * templates.h: the files that `tenon new` writes, from tools/templates/KIND/, made part of the command
 * by cmake/TenonEmbed.cmake. In names and contents the word "widget" stands for the module's name.
 */
#ifndef TENON_TOOLS_TEMPLATES_H
#define TENON_TOOLS_TEMPLATES_H

struct tool_template {
    const char *kind; /* "transport"; NULL ends the array */
    const char *name; /* "test_widget.c" */
    const char *body;
};

extern const struct tool_template tool_templates[];

#endif
