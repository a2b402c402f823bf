#include "CSeccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>

// A kernel whose structure is longer than ours would write past its end; none is, and the ioctl's number carries the
// size, so such a kernel would refuse ours with EINVAL.
long csec_notification_receive(int listener, struct csec_notification *notification) {
    struct seccomp_notif request;
    // seccomp_unotify(2): the buffer must be zero, or newer kernels give EINVAL.
    memset(&request, 0, sizeof request);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == -1) return -errno;
    notification->id = request.id;
    notification->pid = request.pid;
    notification->syscall = request.data.nr;
    notification->arch = request.data.arch;
    notification->instruction_pointer = request.data.instruction_pointer;
    for (int index = 0; index < CSEC_ARGUMENTS; index++) notification->arguments[index] = request.data.args[index];
    return 0;
}

long csec_notification_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response;
    memset(&response, 0, sizeof response);
    response.id = id;
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == -1 ? -errno : 0;
}
