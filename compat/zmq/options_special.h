/*
 * options_special.h: options that are more than a number or text under another name. Functions return
 * an errno value, or 0.
 */
#ifndef TNZ_OPTIONS_SPECIAL_H
#define TNZ_OPTIONS_SPECIAL_H

#include "options.h"

int tnz_set_subscribe(struct tnz_socket *socket, const void *data, size_t size);
int tnz_set_unsubscribe(struct tnz_socket *socket, const void *data, size_t size);
int tnz_set_ipv4only(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_ipv4only(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_heartbeat_ttl(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_heartbeat_ttl(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_tcp_accept_filter(struct tnz_socket *socket, const void *data, size_t size);
int tnz_set_ipc_filter_pid(struct tnz_socket *socket, const void *data, size_t size);
int tnz_set_ipc_filter_uid(struct tnz_socket *socket, const void *data, size_t size);
int tnz_set_ipc_filter_gid(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_type(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_get_thread_safe(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_get_last_endpoint(struct tnz_socket *socket, void *data, size_t *io_size);

/* options_security.c */
int tnz_get_mechanism(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_plain_server(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_plain_server(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_plain_username(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_plain_username(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_plain_password(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_plain_password(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_curve_server(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_curve_server(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_curve_publickey(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_curve_publickey(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_curve_secretkey(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_curve_secretkey(struct tnz_socket *socket, void *data, size_t *io_size);
int tnz_set_curve_serverkey(struct tnz_socket *socket, const void *data, size_t size);
int tnz_get_curve_serverkey(struct tnz_socket *socket, void *data, size_t *io_size);

#endif
