/*
 * Holds packets back on their way, drops some of them, and hands them on: a link's delay, jitter, bandwidth and loss, for kernels
 * without netem. Packets and not connections are delayed, so a connection's set-up, its slow start and a ping all see the distance.
 *
 *   forwarder tap TAP TAP SHAPE
 *       joins two TAP devices, until it is killed
 *   forwarder pair NETWORK DEVICE CARD NETWORK DEVICE CARD SHAPE
 *       makes a TUN device in each of two network namespaces. An IPv4 packet that is routed into one leaves by that namespace's device
 *       for the other's card. Prints `ready TUN TUN`. At the end of standard input it prints for each way
 *       `way SENT LOST DROPPED LATE_P50_US LATE_P99_US LATE_MAX_US` and ends; its devices, and the routes to them, end with it.
 *
 *   SHAPE: DELAY_US JITTER_US BITS_PER_SECOND LOSS SEED     (0 bits per second: no limit; LOSS of 4294967296 are lost)
 *
 * Each way is a line of its own: a packet leaves when the packets before it have left (bandwidth), and arrives DELAY_US later, give or
 * take JITTER_US, but never before the packets before it. What does not fit into the line's buffer is dropped, as a router drops it.
 * Which packets are lost depends on SEED, the way (0, 1) and the packet's number alone: see `lost` in loss.ts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, SLOTS = 32768, LATE_MAX = 20000 };

/* How long a frame may wait for those before it: a router's buffer, in time. */
static const int64_t QUEUE_NS = 200 * 1000 * 1000;

/* An idle processor may take two tenths of a millisecond to wake. So the forwarder wakes so long before a frame is due, and turns until then,
   for at most one part in SHARE of the time between two frames of the busier way. */
static const int64_t EARLY_NS = 200 * 1000;
static const int64_t GAP_MOST_NS = 10 * 1000 * 1000;
enum { SHARE = 7, GAPS = 16 };

struct frame {
    int64_t due_ns;
    uint16_t length;
    unsigned char bytes[FRAME_MAX];
};

struct shape {
    int64_t delay_ns, jitter_ns, bits_per_second;
    uint64_t loss, seed;
};

/* One way: a ring of frames, in the order in which they arrive. */
struct line {
    int from, to;
    /* A pair's: what stands before each packet, and where it is sent. */
    unsigned char head[ETH_HLEN];
    size_t head_length;
    struct sockaddr_ll next;
    struct frame *ring;
    unsigned first, count;
    int64_t free_ns;     /* when the frames before have left */
    int64_t last_due_ns; /* when the last of them arrives */
    int64_t gap_ns;      /* between two of them, an average over about GAPS */
    uint64_t seed, number, sent, lost, dropped;
    /* How many frames were handed on so many microseconds too late. */
    uint64_t late_us[LATE_MAX + 1];
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

/* A device of this name, or of the pattern `lk%d`: then `name` gets what the kernel made of it. */
static int open_tun(char *name, int kind) {
    struct ifreq request = {.ifr_flags = (short)(kind | IFF_NO_PI)};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) fail("/dev/net/tun");
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) < 0) fail(name);
    snprintf(name, IFNAMSIZ, "%s", request.ifr_name);
    return fd;
}

/* Sebastiano Vigna's SplitMix64 at its n-th step: random access, so that a packet's fate depends on its number alone. */
static uint64_t draw(uint64_t seed, uint64_t n) {
    uint64_t z = seed + (n + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Takes in what has come: stamps each frame with the time at which it is to arrive. */
static void take(struct line *line, const struct shape *shape) {
    static unsigned char nowhere[FRAME_MAX];
    size_t head = line->head_length;
    for (int i = 0; i < 64; i++) {
        int full = line->count == SLOTS;
        struct frame *slot = &line->ring[(line->first + line->count) % SLOTS];
        unsigned char *into = full ? nowhere : slot->bytes + head;
        ssize_t length = read(line->from, into, FRAME_MAX - head);
        if (length < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            fail("read");
        }
        /* IPv6 on a device of packets is only the kernel's own talk. */
        if (head > 0 && (into[0] >> 4) != 4) continue;
        uint64_t luck = draw(line->seed, line->number++);
        int64_t now = now_ns();
        if (line->free_ns < now) line->free_ns = now;
        if (full || line->free_ns - now > QUEUE_NS) {
            line->dropped++;
            continue;
        }
        if (shape->bits_per_second > 0) line->free_ns += (int64_t)length * 8 * 1000000000 / shape->bits_per_second;
        /* It is lost on the way: it has taken its time on the line. */
        if ((luck >> 32) < shape->loss) {
            line->lost++;
            continue;
        }
        int64_t spread = (int64_t)((double)(luck & 0xffffffffu) / 4294967296.0 * 2 * (double)shape->jitter_ns);
        slot->due_ns = line->free_ns + shape->delay_ns - shape->jitter_ns + spread;
        if (slot->due_ns < line->last_due_ns) slot->due_ns = line->last_due_ns;
        int64_t gap = slot->due_ns - line->last_due_ns;
        line->gap_ns += ((gap < GAP_MOST_NS ? gap : GAP_MOST_NS) - line->gap_ns) / GAPS;
        line->last_due_ns = slot->due_ns;
        memcpy(slot->bytes, line->head, head);
        slot->length = (uint16_t)((size_t)length + head);
        line->count++;
    }
}

/* Hands on what is due. Returns when the next frame is, or -1. */
static int64_t give(struct line *line) {
    while (line->count > 0) {
        struct frame *first = &line->ring[line->first];
        int64_t late = now_ns() - first->due_ns;
        if (late < 0) return first->due_ns;
        ssize_t gone = line->head_length == 0
            ? write(line->to, first->bytes, first->length)
            : sendto(line->to, first->bytes, first->length, 0, (struct sockaddr *)&line->next, sizeof line->next);
        /* A frame that the other side does not take is lost, as on a wire. */
        if (gone < 0 && errno == EBADFD) fail("write");
        if (gone < 0) line->dropped++;
        else line->sent++;
        late /= 1000;
        line->late_us[late > LATE_MAX ? LATE_MAX : late]++;
        line->first = (line->first + 1) % SLOTS;
        line->count--;
    }
    return -1;
}

static uint64_t number_of(const char *text) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0') {
        fprintf(stderr, "%s: no whole number\n", text);
        exit(2);
    }
    return value;
}

static struct shape shape_of(char **words) {
    return (struct shape){
        .delay_ns = (int64_t)number_of(words[0]) * 1000,
        .jitter_ns = (int64_t)number_of(words[1]) * 1000,
        .bits_per_second = (int64_t)number_of(words[2]),
        .loss = number_of(words[3]),
        .seed = number_of(words[4]),
    };
}

static void card_of(unsigned char *bytes, const char *text) {
    unsigned value[ETH_ALEN];
    if (sscanf(text, "%x:%x:%x:%x:%x:%x", value, value + 1, value + 2, value + 3, value + 4, value + 5) != ETH_ALEN) {
        fprintf(stderr, "%s: no hardware address\n", text);
        exit(2);
    }
    for (int i = 0; i < ETH_ALEN; i++) bytes[i] = (unsigned char)value[i];
}

/* Enters one end's namespace: its TUN device is where the line begins, and its own device is where its packets leave. */
static void open_end(struct line *line, char **words, const char *other_card, char *tun) {
    int network = open(words[0], O_RDONLY | O_CLOEXEC);
    if (network < 0 || setns(network, CLONE_NEWNET) < 0) fail(words[0]);
    close(network);
    strcpy(tun, "lk%d");
    line->from = open_tun(tun, IFF_TUN);
    line->to = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (line->to < 0) fail("packet socket");
    line->next = (struct sockaddr_ll){
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex(words[1])};
    if (line->next.sll_ifindex == 0) fail(words[1]);
    card_of(line->head, other_card);
    card_of(line->head + ETH_ALEN, words[2]);
    line->head[12] = ETH_P_IP >> 8;
    line->head[13] = ETH_P_IP & 0xff;
    line->head_length = ETH_HLEN;
}

static unsigned late_at(const struct line *line, double share) {
    uint64_t all = 0, so_far = 0;
    for (unsigned i = 0; i <= LATE_MAX; i++) all += line->late_us[i];
    for (unsigned i = 0; i <= LATE_MAX; i++)
        if ((so_far += line->late_us[i]) > 0 && (double)so_far >= share * (double)all) return i;
    return 0;
}

static void report(const struct line *line) {
    printf("way %llu %llu %llu %u %u %u\n", (unsigned long long)line->sent, (unsigned long long)line->lost,
        (unsigned long long)line->dropped, late_at(line, 0.5), late_at(line, 0.99), late_at(line, 1));
}

/* A busy machine must not make a link longer. Control groups without a budget for it take in no process of real-time priority. */
static void go_first(int real_time) {
    struct sched_param first = {.sched_priority = 1};
    if (!real_time || sched_setscheduler(0, SCHED_FIFO, &first) < 0) setpriority(PRIO_PROCESS, 0, -20);
    /* Timers are late by 50 us otherwise. */
    prctl(PR_SET_TIMERSLACK, 1);
}

/* @param until a descriptor whose end ends the work; -1: none */
static void work(struct line *lines, const struct shape *shape, int until) {
    for (;;) {
        int64_t next = -1, early = EARLY_NS;
        for (int i = 0; i < 2; i++) {
            int64_t due = give(&lines[i]);
            if (due >= 0 && (next < 0 || due < next)) next = due;
            if (lines[i].gap_ns / SHARE < early) early = lines[i].gap_ns / SHARE;
        }
        struct pollfd polled[3] = {
            {.fd = lines[0].from, .events = POLLIN}, {.fd = lines[1].from, .events = POLLIN}, {.fd = until, .events = POLLIN}};
        int64_t wait = next < 0 ? 0 : next - early - now_ns();
        if (wait < 0) wait = 0;
        struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        if (ppoll(polled, 3, next < 0 ? NULL : &timeout, NULL) < 0) {
            if (errno != EINTR) fail("ppoll");
            continue;
        }
        for (int i = 0; i < 2; i++) {
            if (polled[i].revents & POLLIN) take(&lines[i], shape);
            else if (polled[i].revents != 0) {
                fprintf(stderr, "a device is gone\n");
                exit(1);
            }
        }
        char said[64];
        if (polled[2].revents != 0 && read(until, said, sizeof said) <= 0) return;
    }
}

int main(int argc, char **argv) {
    static struct line lines[2];
    int tap = argc == 9 && strcmp(argv[1], "tap") == 0, pair = argc == 13 && strcmp(argv[1], "pair") == 0;
    if (!tap && !pair) {
        fprintf(stderr, "usage: forwarder tap TAP TAP SHAPE, or forwarder pair NETWORK DEVICE CARD NETWORK DEVICE CARD SHAPE\n"
                        "SHAPE: DELAY_US JITTER_US BITS_PER_SECOND LOSS SEED\n");
        return 2;
    }
    struct shape shape = shape_of(argv + argc - 5);
    if (shape.jitter_ns > shape.delay_ns) {
        fprintf(stderr, "jitter above delay: no packet arrives before it was sent\n");
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        /* Untouched memory costs nothing: only what is in flight is ever there. */
        lines[i].ring = malloc(sizeof(struct frame) * SLOTS);
        if (lines[i].ring == NULL) fail("malloc");
        lines[i].seed = draw(shape.seed, (uint64_t)i);
    }
    go_first(pair);
    signal(SIGPIPE, SIG_IGN);
    if (tap) {
        char first[IFNAMSIZ], second[IFNAMSIZ];
        snprintf(first, sizeof first, "%s", argv[2]);
        snprintf(second, sizeof second, "%s", argv[3]);
        lines[0].from = lines[1].to = open_tun(first, IFF_TAP);
        lines[1].from = lines[0].to = open_tun(second, IFF_TAP);
        work(lines, &shape, -1);
    }
    char here[IFNAMSIZ], there[IFNAMSIZ];
    open_end(&lines[0], argv + 2, argv[7], here);
    open_end(&lines[1], argv + 5, argv[4], there);
    printf("ready %s %s\n", here, there);
    fflush(stdout);
    work(lines, &shape, STDIN_FILENO);
    for (int i = 0; i < 2; i++) report(&lines[i]);
    return 0;
}
