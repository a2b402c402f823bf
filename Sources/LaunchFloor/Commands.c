#define _GNU_SOURCE
#include "Commands.h"
#include "Samples.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_OPENED 4

extern char **environ;

struct command {
    const char *name, *what;
    struct {
        int descriptor;
        const char *path;
    } opened[MOST_OPENED];
    size_t opened_count;
    char **arguments;  ///< with NULL at the end
    struct samples samples;
    uint64_t total;
    long peak_rss_kib;
    char reason[512];  ///< why it did not run
};

/// Cuts the words at ";;" in place. The number of commands, or 0 on wrong usage.
static size_t parse(char **words, struct command **commands) {
    size_t count = 1;
    for (char **word = words; *word; word++) count += strcmp(*word, ";;") == 0;
    *commands = calloc(count, sizeof **commands);
    if (*commands == NULL) return 0;
    for (size_t i = 0; i < count; i++) {
        struct command *command = &(*commands)[i];
        char **end = words;
        while (*end && strcmp(*end, ";;") != 0) end++;
        *end = NULL;
        if (end - words < 3) return 0;
        command->name = *words++;
        command->what = *words++;
        while (words + 3 < end && strcmp(*words, "--open") == 0 && command->opened_count < MOST_OPENED) {
            command->opened[command->opened_count].descriptor = atoi(words[1]);
            command->opened[command->opened_count++].path = words[2];
            words += 3;
        }
        command->arguments = words;
        words = end + 1;
    }
    return count;
}

/// The arguments with `{n}` replaced; the caller frees the array, and the one block behind it goes with it.
static char **numbered(char **arguments, unsigned long long number) {
    size_t count = 0, bytes = 0;
    for (; arguments[count]; count++) bytes += strlen(arguments[count]) + 32;
    char **result = malloc((count + 1) * sizeof *result + bytes);
    if (result == NULL) abort();
    char *next = (char *)(result + count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *mark = strstr(arguments[i], "{n}");
        result[i] = next;
        if (mark)
            next += sprintf(next, "%.*s%llu%s", (int)(mark - arguments[i]), arguments[i], number, mark + 3) + 1;
        else
            next = stpcpy(next, arguments[i]) + 1;
    }
    result[count] = NULL;
    return result;
}

/// Runs it once. The wait status, or -1 with errno when it could not be started.
static int run_once(struct command *command, int errors, uint64_t *nanoseconds) {
    static unsigned long long number;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    for (size_t i = 0; i < command->opened_count; i++)
        posix_spawn_file_actions_addopen(&actions, command->opened[i].descriptor, command->opened[i].path, O_RDONLY, 0);
    char **arguments = numbered(command->arguments, ++number);
    pid_t pid;
    int status = -1;
    struct rusage usage;
    uint64_t begin = monotonic_now();
    int error = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
    if (error == 0) {
        while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
        }
        *nanoseconds = monotonic_now() - begin;
        if (usage.ru_maxrss > command->peak_rss_kib) command->peak_rss_kib = usage.ru_maxrss;
    }
    free(arguments);
    posix_spawn_file_actions_destroy(&actions);
    errno = error;
    return error ? -1 : status;
}

/// One run whose stderr is kept: the reason when it fails.
static bool works(struct command *command) {
    int errors = memfd_create("errors", MFD_CLOEXEC);
    if (errors < 0) abort();
    uint64_t ignored;
    int status = run_once(command, errors, &ignored);
    if (status == -1) {
        snprintf(command->reason, sizeof command->reason, "%s: %s", command->arguments[0], strerror(errno));
    } else if (status != 0) {
        char text[4096];
        ssize_t count = pread(errors, text, sizeof text - 1, 0);
        while (count > 0 && text[count - 1] == '\n') count--;
        text[count > 0 ? count : 0] = 0;
        const char *last = strrchr(text, '\n');
        last = last ? last + 1 : text;
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        snprintf(command->reason, sizeof command->reason, "status %d: %.400s", code, last);
    }
    close(errors);
    return status == 0;
}

static void print_row(struct command *command) {
    double seconds = (double)command->total / 1e9;
    if (command->reason[0]) {
        fputs("{\"name\":", stdout);
        json_string(stdout, command->name);
        fputs(",\"what\":", stdout);
        json_string(stdout, command->what);
        fputs(",\"did_not_run\":", stdout);
        json_string(stdout, command->reason);
    } else {
        row_begin(stdout, command->name, command->what, &command->samples,
                  seconds > 0 ? (double)command->samples.count / seconds : 0);
        printf(",\"peak_rss_bytes\":%lld", (long long)command->peak_rss_kib * 1024);
    }
    row_end(stdout);
}

int commands_time(char **words, size_t count, size_t warm_up) {
    struct command *commands;
    size_t command_count = parse(words, &commands);
    if (command_count == 0) {
        fprintf(stderr, "launch-floor: time: each command is NAME WHAT [--open FD PATH] PROGRAM ARGUMENT…\n");
        return 64;
    }
    int errors = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < command_count; i++) {
        commands[i].samples = samples_make(count);
        works(&commands[i]);
    }
    for (size_t round = 0; round < count + warm_up; round++) {
        for (size_t i = 0; i < command_count; i++) {
            struct command *command = &commands[i];
            if (command->reason[0]) continue;
            uint64_t nanoseconds = 0;
            int status = run_once(command, errors, &nanoseconds);
            if (status != 0) {
                snprintf(command->reason, sizeof command->reason, "run %zu failed with wait status %d", round, status);
            } else if (round >= warm_up) {
                samples_add(&command->samples, nanoseconds);
                command->total += nanoseconds;
            }
        }
    }
    for (size_t i = 0; i < command_count; i++) {
        print_row(&commands[i]);
        samples_free(&commands[i].samples);
    }
    free(commands);
    close(errors);
    return 0;
}
