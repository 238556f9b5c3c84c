import { expect, it } from "vitest";
import { random } from "../../../bench/stats/math/random.ts";
import { objective } from "../capacity/scenarios.ts";
import type { SimulatedServer } from "../capacity/servers.ts";
import { openBed } from "./bed.ts";

it("a search calls a real server, and knows what its calls took", async () => {
  const server: SimulatedServer = { name: "fixed", workers: 2, service: () => 2 };
  const options = { slo: objective("p95 < 20 ms"), precision: 0.5, busyConnections: 4 };
  const bed = await openBed(server, random(1), options);
  try {
    const search = await bed.search();
    // On a busy machine the client may be the limit; it is a search all the same.
    expect(["found", "client"]).toContain(search.capacity.outcome);
    expect(search.steps).toBeGreaterThan(2);
    // 2 of 4 calls at a time, 2 ms each: real time, not simulated.
    expect(search.capacity.throughputPerSecond ?? Infinity).toBeLessThan(1000);
    expect(search.seconds).toBeGreaterThan(0.2);
  } finally {
    await bed.close();
  }
});
