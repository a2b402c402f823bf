// Subcommands that are no attacks themselves.
#ifndef HELPERS_H
#define HELPERS_H

// Exits 0 where it has no more rights than whoever executed it: for binaries with set-user-ID or capabilities.
int helper_identity(void);
// Outside of a sandbox: lives until its stdin is closed. What an attack must not be able to end.
int helper_canary(void);
// In a sandbox: plants everything that another task must not see, named after its argument, says `ready` and waits.
int helper_hold(char **args);

#endif
