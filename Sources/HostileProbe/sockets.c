// Sockets that reach past the network namespace, or into parts of the kernel that nobody looks after.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"

static void open_socket(struct tries *tries, const char *what, int family, int type, int protocol) {
    int fd = socket(family, type, protocol);
    try_result(tries, what, fd);
    if (fd >= 0) close(fd);
}

static bool has_family(int family, int type) {
    int fd = socket(family, type, 0);
    if (fd >= 0) close(fd);
    return fd >= 0 || errno != EAFNOSUPPORT;
}

static int raw_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_socket(&tries, "icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP);
    open_socket(&tries, "raw", AF_INET, SOCK_RAW, IPPROTO_RAW);
    open_socket(&tries, "raw6", AF_INET6, SOCK_RAW, IPPROTO_RAW);
    return tries_end(&tries);
}

static int packet_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_socket(&tries, "raw", AF_PACKET, SOCK_RAW, 0x0300);
    open_socket(&tries, "dgram", AF_PACKET, SOCK_DGRAM, 0x0300);
    return tries_end(&tries);
}

static bool has_packet(void) { return has_family(AF_PACKET, SOCK_RAW); }

static int netlink_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    // ROUTE, SOCK_DIAG, NETFILTER, KOBJECT_UEVENT, AUDIT of <linux/netlink.h>.
    open_socket(&tries, "route", AF_NETLINK, SOCK_RAW, 0);
    open_socket(&tries, "diag", AF_NETLINK, SOCK_RAW, 4);
    open_socket(&tries, "netfilter", AF_NETLINK, SOCK_RAW, 12);
    open_socket(&tries, "uevent", AF_NETLINK, SOCK_RAW, 15);
    open_socket(&tries, "audit", AF_NETLINK, SOCK_RAW, 9);
    return tries_end(&tries);
}

static bool has_netlink(void) { return has_family(AF_NETLINK, SOCK_RAW); }

static int vsock_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_socket(&tries, "stream", AF_VSOCK, SOCK_STREAM, 0);
    open_socket(&tries, "dgram", AF_VSOCK, SOCK_DGRAM, 0);
    return tries_end(&tries);
}

static bool has_vsock(void) { return has_family(AF_VSOCK, SOCK_STREAM); }

static int odd_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_socket(&tries, "alg", AF_ALG, SOCK_SEQPACKET, 0);
    open_socket(&tries, "xdp", AF_XDP, SOCK_RAW, 0);
    open_socket(&tries, "key", AF_KEY, SOCK_RAW, 2);
    open_socket(&tries, "tipc", AF_TIPC, SOCK_RDM, 0);
    open_socket(&tries, "can", AF_CAN, SOCK_RAW, 1);
    open_socket(&tries, "bluetooth", AF_BLUETOOTH, SOCK_RAW, 1);
    open_socket(&tries, "rds", AF_RDS, SOCK_SEQPACKET, 0);
    int pair[2];
    try_result(&tries, "tipc-pair", socketpair(AF_TIPC, SOCK_SEQPACKET, 0, pair));
    return tries_end(&tries);
}

static int inet_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_socket(&tries, "tcp", AF_INET, SOCK_STREAM, 0);
    open_socket(&tries, "udp", AF_INET, SOCK_DGRAM, 0);
    open_socket(&tries, "tcp6", AF_INET6, SOCK_STREAM, 0);
    open_socket(&tries, "udp6", AF_INET6, SOCK_DGRAM, 0);
    return tries_end(&tries);
}

static int pair_control(char **args) {
    (void)args;
    int ends[2];
    return control_result("unix-pair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

const struct probe_case socket_cases[] = {
    {"inet-socket", inet_attack, pair_control, NULL},
    {"raw-socket", raw_attack, pair_control, NULL},
    {"packet-socket", packet_attack, pair_control, has_packet},
    {"netlink-socket", netlink_attack, pair_control, has_netlink},
    {"vsock", vsock_attack, pair_control, has_vsock},
    {"odd-sockets", odd_attack, pair_control, NULL},
    {NULL, NULL, NULL, NULL},
};
