// Abstract Unix sockets, which have names but no place: unix(7).
#ifndef UNIX_H
#define UNIX_H

// A descriptor, or -1 with errno.
int unix_listen(const char *name);
int unix_connect(const char *name);

#endif
