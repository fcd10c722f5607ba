/* test-watchdog SOCKET RECORD: a watchdog's hardware. A connection is an open device. Each byte 'K' feeds it; a byte N from 1 to 64
 * sets its time to N seconds; 'V' means that its end may be closed. Closed without, or not fed for its time, it appends the
 * machine's name to RECORD and ends the machine. */
#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec;
}

static void fire(const char *record, const char *why) {
    char host[65] = "", line[256];
    gethostname(host, sizeof(host) - 1);
    int length = snprintf(line, sizeof(line), "%s %ld %s\n", host, (long)time(NULL), why);
    int file = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || write(file, line, length) != length)
        perror(record);
    reboot(LINUX_REBOOT_CMD_POWER_OFF);
    perror("reboot");
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s SOCKET RECORD\n", argv[0]);
        return 2;
    }
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    strncpy(place.sun_path, argv[1], sizeof(place.sun_path) - 1);
    unlink(argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&place, sizeof(place)) != 0 || listen(listener, 1) != 0) {
        perror(argv[1]);
        return 1;
    }
    int device = -1, may_close = 0, seconds = 60;
    time_t end = 0;
    for (;;) {
        /* One at a time, as the kernel has it. */
        struct pollfd look = {.fd = device < 0 ? listener : device, .events = POLLIN};
        int ready = poll(&look, 1, 500);
        if (end && now() >= end)
            fire(argv[2], device < 0 ? "closed without V" : "not fed");
        if (ready <= 0)
            continue;
        if (device < 0) {
            device = accept(listener, NULL, NULL);
            may_close = 0;
            end = now() + seconds;
            continue;
        }
        unsigned char bytes[64];
        ssize_t length = read(device, bytes, sizeof(bytes));
        if (length <= 0) {
            close(device);
            device = -1;
            if (may_close)
                end = 0;
            continue;
        }
        for (ssize_t i = 0; i < length; i++) {
            may_close = bytes[i] == 'V';
            if (bytes[i] <= 64)
                seconds = bytes[i];
            end = now() + seconds;
        }
    }
}
