/*
 * An independent measure of a link: UDP datagrams that are echoed, with the kernel's own times of their arrival.
 *
 *   probe echo PORT                               answers until it is killed; prints `ready`
 *   probe ask ADDRESS PORT COUNT EVERY_US BYTES   BYTES: of each packet, headers of IP included
 *
 * `ask` prints a line for each datagram that came back: its number, its round trip in nanoseconds without the time in the other's hands,
 * and when the other had it (nanoseconds of the other's wall clock). It waits a second for the last one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADERS = 28, LARGEST = 2048, LAST_MS = 1000 };

struct note {
    uint64_t number;
    int64_t sent_ns, came_ns, back_ns;
};

/* What is kept of a datagram that came back. */
struct result {
    int64_t trip_ns, came_ns;
};

static int64_t wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_socket(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, room = 64 << 20;
    if (fd < 0) exit((perror("socket"), 1));
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    return fd;
}

/* One datagram with the time at which the kernel had it. */
static ssize_t receive(int fd, unsigned char *bytes, struct sockaddr_in *from, int64_t *at_ns) {
    char control[256];
    struct iovec into = {.iov_base = bytes, .iov_len = LARGEST};
    struct msghdr message = {.msg_name = from, .msg_namelen = sizeof *from, .msg_iov = &into, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
    if (length < (ssize_t)sizeof(struct note)) return -1;
    *at_ns = wall_ns();
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            *at_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
        }
    return length;
}

static void echo(uint16_t port) {
    static unsigned char bytes[LARGEST];
    int fd = open_socket();
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) exit((perror("bind"), 1));
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        poll(&polled, 1, -1);
        for (;;) {
            struct sockaddr_in from;
            struct note note;
            int64_t at;
            ssize_t length = receive(fd, bytes, &from, &at);
            if (length < 0) break;
            memcpy(&note, bytes, sizeof note);
            note.came_ns = at;
            note.back_ns = wall_ns();
            memcpy(bytes, &note, sizeof note);
            sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, sizeof from);
        }
    }
}

static void ask(struct sockaddr_in other, uint64_t count, int64_t every_ns, size_t size) {
    static unsigned char bytes[LARGEST];
    int fd = open_socket();
    if (connect(fd, (struct sockaddr *)&other, sizeof other) < 0) exit((perror("connect"), 1));
    struct result *results = calloc(count, sizeof *results);
    if (results == NULL) exit((perror("calloc"), 1));
    uint64_t sent = 0, came = 0;
    int64_t begun = wall_ns(), last = begun;
    while (came < count && (sent < count || wall_ns() - last < (int64_t)LAST_MS * 1000000)) {
        int64_t wait = sent < count ? begun + (int64_t)sent * every_ns - wall_ns() : (int64_t)LAST_MS * 1000000 - (wall_ns() - last);
        if (sent < count && wait <= 0) {
            struct note note = {.number = sent, .sent_ns = wall_ns()};
            memcpy(bytes, &note, sizeof note);
            if (send(fd, bytes, size, 0) < 0) usleep(100);
            else sent++, last = wall_ns();
        } else {
            struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
            struct pollfd polled = {.fd = fd, .events = POLLIN};
            if (wait > 0) ppoll(&polled, 1, &timeout, NULL);
        }
        struct sockaddr_in from;
        int64_t at;
        while (receive(fd, bytes, &from, &at) >= 0) {
            struct note note;
            memcpy(&note, bytes, sizeof note);
            if (note.number >= count || results[note.number].came_ns != 0) continue;
            /* The time in the other's hands is no part of the way. */
            results[note.number] = (struct result){at - note.sent_ns - (note.back_ns - note.came_ns), note.came_ns};
            came++;
            last = at;
        }
    }
    for (uint64_t i = 0; i < count; i++)
        if (results[i].came_ns != 0)
            printf("%llu %lld %lld\n", (unsigned long long)i, (long long)results[i].trip_ns, (long long)results[i].came_ns);
}

int main(int argc, char **argv) {
    /* It measures the link, not who else is busy on this machine. */
    struct sched_param first = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO, &first);
    prctl(PR_SET_TIMERSLACK, 1);
    if (argc == 3 && strcmp(argv[1], "echo") == 0) echo((uint16_t)atoi(argv[2]));
    struct sockaddr_in other = {.sin_family = AF_INET};
    size_t least = sizeof(struct note) + HEADERS;
    if (argc == 7 && strcmp(argv[1], "ask") == 0 && inet_pton(AF_INET, argv[2], &other.sin_addr) == 1 &&
        strtoul(argv[6], NULL, 10) >= least && strtoul(argv[6], NULL, 10) <= 1500) {
        other.sin_port = htons((uint16_t)atoi(argv[3]));
        ask(other, strtoull(argv[4], NULL, 10), atoll(argv[5]) * 1000, strtoul(argv[6], NULL, 10) - HEADERS);
        return 0;
    }
    fprintf(stderr, "usage: probe echo PORT, or probe ask ADDRESS PORT COUNT EVERY_US BYTES (60 to 1500)\n");
    return 2;
}
