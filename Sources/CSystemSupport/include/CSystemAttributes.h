// Extended attributes and the type of a file system: calls that Swift's own C module does not show.
// Convention as in CSystemSupport.h: the result, or the negated errno.
#ifndef CSYSTEMATTRIBUTES_H
#define CSYSTEMATTRIBUTES_H

#include <stddef.h>

/// fsetxattr(2), creating or replacing.
long csys_fsetxattr(int fd, const char *name, const void *value, size_t size);

/// fgetxattr(2): the size of the value; -ERANGE where `size` is too small for it.
long csys_fgetxattr(int fd, const char *name, void *value, size_t size);

/// f_type of fstatfs(2): a *_SUPER_MAGIC number.
long csys_filesystem_type(int fd);

#endif
