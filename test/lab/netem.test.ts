import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LinkHost, linkHost } from "../../bench/links/host.ts";
import { type Laid, layLink } from "../../bench/links/lay.ts";
import { Link } from "../../bench/matrix/link.ts";
import type { LinkMeasure } from "../../bench/records/link-facts.ts";
import type { Machine } from "../../infra/outputs.ts";
import { type Guests, startGuests } from "./guests.ts";
import { TEST_LAB } from "./setup.ts";

const SEED = 7;
const NAMES = ["near", "far"] as const;

/** Times and numbers of echoes, in the order in which they came back. */
function echoesIn(said: string) {
  return [...said.matchAll(/icmp_seq=(\d+) .*time=([\d.]+)/g)].map(([, number, ms]) => ({
    number: Number(number),
    ms: Number(ms),
  }));
}

describe("a link between two machines whose kernels have netem", { timeout: 300_000 }, () => {
  let guests: Guests;
  beforeAll(async () => {
    guests = await startGuests(`${TEST_LAB}-nm`, NAMES);
  }, 900_000);
  afterAll(() => guests?.remove(), 60_000);

  const disciplines = async () => (await Promise.all(NAMES.map((name) => guests.on(name, "tc qdisc show")))).join("\n");
  const ping = (words: string) => {
    const [, far] = guests.machines as readonly [Machine, Machine];
    return guests.on("near", `ping -n ${words} ${far.address} || true`);
  };

  /** Lays a link, and undoes it after `body`. */
  async function over(of: object, body: (laid: Laid, near: LinkHost, link: Link) => Promise<void>): Promise<void> {
    const link = Link.parse({ name: "test", ...of });
    const [near, far] = guests.machines as readonly [Machine, Machine];
    const hosts = [await linkHost(near, far.address, []), await linkHost(far, near.address, [])] as const;
    try {
      const ends = { client: near, server: far, hosts };
      const laid = await layLink(ends, link, SEED, () => {}, () => Promise.resolve(undefined)); // prettier-ignore
      expect(laid.means).toBe("netem");
      expect((await disciplines()).match(/netem/g)).toHaveLength(2);
      await body(laid, hosts[0], link);
      await laid.undo();
      expect(await disciplines()).not.toMatch(/netem|tbf|htb/);
    } finally {
      for (const host of hosts) await host.close();
    }
  }

  const known = (measure: LinkMeasure) => {
    if ("unread" in measure) throw new Error(measure.unread);
    return measure;
  };

  it("takes as long and is as narrow as it was told, and leaves nothing when it is undone", async () => {
    const before = echoesIn(await ping("-c 10 -i 0.05"));
    // Without a link, echoes of guests take a millisecond; on a busy machine some take longer.
    expect(Math.min(...before.map((e) => e.ms))).toBeLessThan(30);
    await over({ rttMs: 60, mbit: 20 }, async (laid, near, link) => {
      const { rttMs, mbit, lost } = known(await near.measure(link, laid.means));
      expect([rttMs.min >= 60, rttMs.min < 90, lost], JSON.stringify(rttMs)).toEqual([true, true, 0]);
      // A busy machine's guest sees the train arrive later.
      expect(mbit).toBeGreaterThan(5);
      expect(mbit).toBeLessThan(23);
    });
    expect(Math.min(...echoesIn(await ping("-c 10 -i 0.05")).map((e) => e.ms))).toBeLessThan(30);
  });

  it("loses the share that it was told, each way", async () => {
    const sent = 400;
    await over({ rttMs: 0, loss: 0.1 }, async (laid) => {
      const lost = 1 - echoesIn(await ping(`-c ${sent} -i 0.01 -W 2`)).length / sent;
      // 19 % of the round trips; five standard errors of 400 are ten points.
      expect(lost).toBeGreaterThan(0.09);
      expect(lost).toBeLessThan(0.29);
      // Before Linux 6.6 netem takes no seed, and Lathe says so.
      const kernel = /^(\d+)\.(\d+)/.exec(await guests.on("near", "uname -r")) ?? [];
      const seeded = Number(kernel[1]) * 100 + Number(kernel[2]) >= 606;
      expect(laid.seed).toBe(seeded ? SEED : undefined);
    });
  });

  it("varies round trips by its jitter, and keeps packets in their order", async () => {
    await over({ rttMs: 60, jitterMs: 40 }, async () => {
      const close = echoesIn(await ping("-c 100 -i 0.005 -W 2"));
      expect(close).toHaveLength(100);
      const numbers = close.map((e) => e.number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      // Far apart, no echo waits for the one before.
      const times = echoesIn(await ping("-c 60 -i 0.1 -W 2"))
        .map((e) => e.ms)
        .sort((a, b) => a - b);
      expect(times[0]).toBeGreaterThanOrEqual(20);
      // A busy machine makes echoes slower, never quicker than 60 ms: that, jitter alone does.
      expect(times[0]).toBeLessThan(55);
    });
  });

  it("is undone by each machine when its connection ends", async () => {
    const link = Link.parse({ name: "test", rttMs: 60 });
    const [near, far] = guests.machines as readonly [Machine, Machine];
    const hosts = [await linkHost(near, far.address, []), await linkHost(far, near.address, [])] as const;
    await layLink({ client: near, server: far, hosts }, link, SEED, () => {}, () => Promise.resolve(undefined)); // prettier-ignore
    expect((await disciplines()).match(/netem/g)).toHaveLength(2);
    for (const host of hosts) await host.close();
    await expect.poll(disciplines, { timeout: 60_000 }).not.toMatch(/netem|tbf|htb/);
  });
});
