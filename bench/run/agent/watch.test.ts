import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { disturbances } from "../../stats/disturbance.ts";
import { processWatch } from "./watch.ts";

const CALL_MS = 20;
const about = { callMs: CALL_MS, overlap: false, beside: false };

/** A visit of calls that only wait, watched; `meanwhile` runs every few milliseconds beside it. */
async function watched(meanwhile: () => void, calls = 10) {
  const watch = processWatch();
  const timer = setInterval(meanwhile, 10);
  watch.start();
  for (let i = 0; i < calls; i++) await sleep(CALL_MS);
  const seen = await watch.stop(0);
  clearInterval(timer);
  return seen;
}

describe("a watch over this very process", () => {
  it("sees a loop that something blocks", async () => {
    const block = () => {
      const until = performance.now() + 25;
      while (performance.now() < until);
    };
    const seen = await watched(block);
    expect(seen.loopMaxMs).toBeGreaterThan(10);
    expect(disturbances(seen, about).join()).toMatch(/event loop was \d+ ms late/);
  });

  it("sees a collector that is at work all the time", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const kept = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    const seen = await watched(collect, 4);
    expect(kept).toHaveLength(300_000);
    expect(seen.gcPauses).toBeGreaterThan(0);
    expect(disturbances(seen, about).join()).toMatch(/garbage collection took \d+ % of the time/);
  });

  it("sees nothing where nothing is to be seen", async ({ skip }) => {
    // The kernel is the witness: of visits in which this process waited for no processor, the first counts.
    for (let i = 0; i < 20; i++) {
      const seen = await watched(() => {}, 5);
      if (seen.cpuWaitMs !== undefined && seen.cpuWaitMs > 2) continue;
      return expect(disturbances(seen, about), JSON.stringify(seen)).toEqual([]);
    }
    skip("the machine is busy: no visit was left alone");
  });
});
