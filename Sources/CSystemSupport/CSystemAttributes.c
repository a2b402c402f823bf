#define _GNU_SOURCE
#include "CSystemAttributes.h"

#include <errno.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

long csys_fsetxattr(int fd, const char *name, const void *value, size_t size) {
    return fsetxattr(fd, name, value, size, 0) == -1 ? -errno : 0;
}

long csys_fgetxattr(int fd, const char *name, void *value, size_t size) {
    ssize_t result = fgetxattr(fd, name, value, size);
    return result == -1 ? -errno : result;
}

long csys_filesystem_type(int fd) {
    struct statfs information;
    return fstatfs(fd, &information) == -1 ? -errno : (long)information.f_type;
}
