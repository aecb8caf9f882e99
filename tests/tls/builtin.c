/* The modules that memory.c uses, linked in, so that their allocations count too. */
#include "module/builtin.h"

extern const tn_module_t tcp_LTX_tenon_module_v1, tls_LTX_tenon_module_v1,
    reqrep_LTX_tenon_module_v1;

const tn_module_t *const tni_builtin_modules[] = {
    &tcp_LTX_tenon_module_v1, &tls_LTX_tenon_module_v1, &reqrep_LTX_tenon_module_v1, NULL};
