/* All modules, linked in. */
#include "module/builtin.h"

extern const tn_module_t inproc_LTX_tenon_module_v1, ipc_LTX_tenon_module_v1,
    tcp_LTX_tenon_module_v1, pair_LTX_tenon_module_v1, pipeline_LTX_tenon_module_v1,
    pubsub_LTX_tenon_module_v1, reqrep_LTX_tenon_module_v1, plain_LTX_tenon_module_v1;

const tn_module_t *const tni_builtin_modules[] = {
    &inproc_LTX_tenon_module_v1, &ipc_LTX_tenon_module_v1,      &tcp_LTX_tenon_module_v1,
    &pair_LTX_tenon_module_v1,   &pipeline_LTX_tenon_module_v1, &pubsub_LTX_tenon_module_v1,
    &reqrep_LTX_tenon_module_v1, &plain_LTX_tenon_module_v1,    NULL};
