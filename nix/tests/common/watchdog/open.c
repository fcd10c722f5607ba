/* For watchdog-mux by LD_PRELOAD: /dev/watchdog is there, and what is done to it goes to the socket $TEST_WATCHDOG (device.c). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char device_path[] = "/dev/watchdog";
static int device = -1;

static int open_device(void) {
    const char *socket_path = getenv("TEST_WATCHDOG");
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    if (!socket_path) {
        errno = ENOENT;
        return -1;
    }
    strncpy(place.sun_path, socket_path, sizeof(place.sun_path) - 1);
    device = socket(AF_UNIX, SOCK_STREAM, 0);
    if (device >= 0 && connect(device, (struct sockaddr *)&place, sizeof(place)) != 0) {
        close(device);
        device = -1;
    }
    return device;
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    if (strcmp(path, device_path) == 0)
        return open_device();
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened("open64", path, flags, mode);
}

static int looked(const char *name, const char *path, void *found) {
    int (*real)(const char *, void *) = dlsym(RTLD_NEXT, name);
    return real(strcmp(path, device_path) == 0 ? "/dev/null" : path, found);
}

int stat(const char *path, struct stat *found) { return looked("stat", path, found); }

int stat64(const char *path, struct stat64 *found) { return looked("stat64", path, found); }

static int send_byte(unsigned char byte) { return write(device, &byte, 1) == 1 ? 0 : -1; }

int ioctl(int file, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (file != device || device < 0) {
        int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
        return real(file, request, argument);
    }
    switch (request) {
    case WDIOC_SETTIMEOUT:
        return send_byte((unsigned char)*(int *)argument);
    case WDIOC_KEEPALIVE:
        return send_byte('K');
    case WDIOC_GETSUPPORT: {
        struct watchdog_info *info = argument;
        memset(info, 0, sizeof(*info));
        strcpy((char *)info->identity, "test");
        return 0;
    }
    }
    errno = ENOTTY;
    return -1;
}
