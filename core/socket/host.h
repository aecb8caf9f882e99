/*
 * host.h: the functions that modules get.
 *
 * Each entry of the table leads to the file that does the work; what is declared here only takes a socket
 * or an option out of its argument. Streams and listeners lead into the network part, which may not be
 * linked. A build of fixed modules has a table of what these modules use alone (cmake/TenonFixed.cmake).
 */
#ifndef TNI_HOST_H
#define TNI_HOST_H

#include <tenon/module.h>

/** Everything that is not the network's. */
extern const tn_host_t tni_host_all;
/** What contexts begin with: that, or what the modules of a fixed build use of it. Generated. */
extern const tn_host_t *const tni_host_linked;

void tni_host_log(const tn_host_t *host, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int tni_host_set_error(const tn_host_t *host, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *tni_host_alloc(size_t size);
tn_module_state_t *tni_host_module_state(const tn_host_t *host, const tn_module_t *module);
uint32_t tni_host_random(void);
void *tni_host_pipe_state(tn_pipe_t *pipe);
const uint8_t *tni_host_pipe_routing_id(tn_pipe_t *pipe, size_t *out_size);
uint32_t tni_host_pipe_connections(tn_pipe_t *pipe);
int tni_host_pipe_is_outgoing(tn_pipe_t *pipe);
struct tn_peer_info *tni_host_pipe_peer(tn_pipe_t *pipe);
int tni_host_pipe_is_deaf(tn_pipe_t *pipe);
void tni_host_sock_deadline(tn_sock_t *sock, uint64_t at_ms);
int tni_host_pipe_is_alive(tn_pipe_t *pipe);
const char *tni_host_pipe_peer_pattern(tn_pipe_t *pipe);
void tni_host_pipe_next_routing_id(tn_pipe_t *pipe, const uint8_t **out_id, size_t *out_size);
void tni_host_fq_add(tn_pipe_t *pipe);
void tni_host_fq_remove(tn_pipe_t *pipe);
void tni_host_fq_ready(tn_pipe_t *pipe);
int tni_host_fq_recv(tn_sock_t *sock, tn_msg_t *out_msg, tn_pipe_t **out_pipe);
int tni_host_fq_can_recv(tn_sock_t *sock, tn_pipe_t **out_pipe);
void tni_host_lb_add(tn_pipe_t *pipe);
void tni_host_lb_remove(tn_pipe_t *pipe);
void tni_host_lb_ready(tn_pipe_t *pipe);
int tni_host_lb_send(tn_sock_t *sock, tn_msg_t *msg, tn_pipe_t **out_pipe);
int tni_host_lb_can_send(tn_sock_t *sock);
void tni_host_fan_add(tn_pipe_t *pipe);
void tni_host_fan_remove(tn_pipe_t *pipe);
void tni_host_fan_match(tn_pipe_t *pipe);
void tni_host_fan_match_all(tn_sock_t *sock);
void tni_host_fan_invert(tn_sock_t *sock);
int tni_host_fan_can_send(tn_sock_t *sock);
int tni_host_fan_send(tn_sock_t *sock, tn_msg_t *msg);
int tni_host_fan_repeat(tn_sock_t *sock);
void tni_host_sock_drop(tn_sock_t *sock, int reason, uint64_t messages);
int tni_host_sock_option(tn_sock_t *sock, const char *name, tn_value_t *out_value);
void tni_host_sock_raw(tn_sock_t *sock, int is_raw);
void tni_host_sock_subscriptions(tn_sock_t *sock, size_t count);

#endif
