#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

// One write(2): the lines of several processes must not mix, and nothing is left in a buffer that a fork copies.
static void say(const char *word, const char *format, va_list arguments) {
    char line[1536];
    int start = snprintf(line, sizeof line, "%s ", word);
    int length = vsnprintf(line + start, sizeof line - (size_t)start - 1, format, arguments);
    size_t total = (size_t)start + (size_t)(length < 0 ? 0 : length);
    if (total > sizeof line - 2) total = sizeof line - 2;
    line[total] = '\n';
    if (write(STDOUT_FILENO, line, total + 1) < 0) _exit(PROBE_UNTRIED);
}

#define SAY(word)                     \
    do {                              \
        va_list arguments;            \
        va_start(arguments, format);  \
        say(word, format, arguments); \
        va_end(arguments);            \
    } while (0)

int done(const char *format, ...) {
    SAY("done");
    return PROBE_HELD;
}

int succeeded(const char *format, ...) {
    SAY("succeeded");
    return PROBE_SUCCEEDED;
}

int allowed(const char *format, ...) {
    SAY("allowed");
    return PROBE_HELD;
}

int untried(const char *format, ...) {
    SAY("untried");
    return PROBE_UNTRIED;
}

__attribute__((format(printf, 2, 3))) static void say_word(const char *word, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(word, format, arguments);
    va_end(arguments);
}

static const char *error_name(int error) {
    const char *name = strerrorname_np(error);
    return name ? name : "UNKNOWN";
}

int denied(const char *what) {
    say_word("denied", "%s=%s", what, error_name(errno));
    return PROBE_SUCCEEDED;
}

bool try_result(struct tries *tries, const char *what, long result) {
    int error = errno;
    size_t room = sizeof tries->text - tries->length;
    if (result >= 0) tries->succeeded = true;
    int length = snprintf(tries->text + tries->length, room, "%s%s=%s", tries->length ? " " : "", what,
                          result >= 0 ? "SUCCESS" : error_name(error));
    if (length > 0 && (size_t)length < room) tries->length += (size_t)length;
    return result >= 0;
}

int tries_end(const struct tries *tries) {
    say_word(tries->succeeded ? "succeeded" : "refused", "%s", tries->text);
    return tries->succeeded ? PROBE_SUCCEEDED : PROBE_HELD;
}

int attack_result(const char *what, long result) {
    struct tries tries = {0};
    try_result(&tries, what, result);
    return tries_end(&tries);
}

int control_result(const char *what, long result) { return result >= 0 ? allowed("%s", what) : denied(what); }

const char *argument(char **args, int index) {
    int count = 0;
    while (args[count]) count++;
    if (index < count) return args[index];
    fprintf(stderr, "scan-probe: argument %d is missing\n", index + 1);
    exit(PROBE_USAGE);
}

long long number(char **args, int index) {
    const char *text = argument(args, index);
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == 0 && value >= 0) return value;
    fprintf(stderr, "scan-probe: %s is no number\n", text);
    exit(PROBE_USAGE);
}

int fork_or_end(void) {
    int pid = fork();
    if (pid < 0) exit(untried("fork=%s", error_name(errno)));
    return pid;
}

int wait_for(int pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void wait_forever(void) {
    for (;;) pause();
}

void ignore_signals(void) {
    // SIGKILL and SIGSTOP cannot be, which is what this is about.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_IGN);
    // Or nothing could be waited for.
    signal(SIGCHLD, SIG_DFL);
}
