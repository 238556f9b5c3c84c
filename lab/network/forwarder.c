/*
 * Joins two TAP devices and holds every frame back on its way: a link's delay and bandwidth, for kernels without netem.
 * Frames and not connections are delayed, so a connection's set-up, its slow start and a ping all see the distance.
 *
 *   forwarder TAP TAP DELAY_US BITS_PER_SECOND        (0 bits per second: no limit)
 *
 * Each direction is a line of its own: a frame leaves when the frames before it have left (bandwidth) and arrives DELAY_US
 * later. What does not fit into the line's buffer is dropped, as a router drops it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, SLOTS = 32768 };

/* How long a frame may wait for those before it: a router's buffer, in time. */
static const int64_t QUEUE_NS = 200 * 1000 * 1000;

struct frame {
    int64_t due_ns;
    uint16_t length;
    unsigned char bytes[FRAME_MAX];
};

/* One direction: a ring of frames, in the order in which they arrive. */
struct line {
    int from, to;
    struct frame *ring;
    unsigned head, count;
    int64_t free_ns; /* when the frames before have left */
};

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_tap(const char *name) {
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) fail("/dev/net/tun");
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) < 0) fail(name);
    return fd;
}

/* Takes in what has come: stamps each frame with the time at which it is to arrive. */
static void take(struct line *line, int64_t delay_ns, int64_t bits_per_second) {
    static unsigned char lost[FRAME_MAX];
    for (int i = 0; i < 64; i++) {
        int full = line->count == SLOTS;
        struct frame *slot = &line->ring[(line->head + line->count) % SLOTS];
        ssize_t length = read(line->from, full ? lost : slot->bytes, FRAME_MAX);
        if (length < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            fail("read");
        }
        int64_t now = now_ns();
        if (line->free_ns < now) line->free_ns = now;
        if (full || line->free_ns - now > QUEUE_NS) continue;
        if (bits_per_second > 0) line->free_ns += (int64_t)length * 8 * 1000000000 / bits_per_second;
        slot->due_ns = line->free_ns + delay_ns;
        slot->length = (uint16_t)length;
        line->count++;
    }
}

/* Hands on what is due. Returns when the next frame is, or -1. */
static int64_t give(struct line *line) {
    while (line->count > 0) {
        struct frame *first = &line->ring[line->head];
        if (first->due_ns > now_ns()) return first->due_ns;
        /* A frame that the other side does not take is lost, as on a wire. */
        if (write(line->to, first->bytes, first->length) < 0 && errno == EBADFD) fail("write");
        line->head = (line->head + 1) % SLOTS;
        line->count--;
    }
    return -1;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: forwarder TAP TAP DELAY_US BITS_PER_SECOND\n");
        return 2;
    }
    int a = open_tap(argv[1]), b = open_tap(argv[2]);
    int64_t delay_ns = atoll(argv[3]) * 1000, bits_per_second = atoll(argv[4]);
    struct line lines[2] = {{.from = a, .to = b}, {.from = b, .to = a}};
    for (int i = 0; i < 2; i++) {
        /* Untouched memory costs nothing: only what is in flight is ever there. */
        lines[i].ring = malloc(sizeof(struct frame) * SLOTS);
        if (lines[i].ring == NULL) fail("malloc");
    }
    /* Timers are late by 50 us otherwise. */
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int64_t next = -1;
        for (int i = 0; i < 2; i++) {
            int64_t due = give(&lines[i]);
            if (due >= 0 && (next < 0 || due < next)) next = due;
        }
        struct pollfd polled[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
        int64_t wait = next < 0 ? 0 : next - now_ns();
        if (wait < 0) wait = 0;
        struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        if (ppoll(polled, 2, next < 0 ? NULL : &timeout, NULL) < 0 && errno != EINTR) fail("ppoll");
        for (int i = 0; i < 2; i++)
            if (polled[i].revents & POLLIN) take(&lines[i], delay_ns, bits_per_second);
    }
}
