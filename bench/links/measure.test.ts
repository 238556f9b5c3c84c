import { describe, expect, it } from "vitest";
import { Link } from "../matrix/link.ts";
import { echoWords, measured, notFelt, trainOf } from "./measure.ts";

const link = (more: object) => Link.parse({ name: "a", ...more });

describe("a link's measurement", () => {
  it("is the round trips of echoes, those that are missing, and the pace of a train's second half", () => {
    const echoes = ["rtt 20.5", "rtt 21", "rtt 30.25"];
    // 100 packets of 1500 bytes in 12 ms.
    const found = measured(echoes, ["train 50 1732770000.100000 150 1732770000.112000"], 1500);
    expect(found).toMatchObject({ rttMs: { min: 20.5, median: 21, max: 30.25 }, echoes: 20, lost: 17 });
    expect("unread" in found ? NaN : found.mbit).toBeCloseTo(100, 1);
    expect(measured(echoes, [], 0)).toMatchObject({ mbit: null });
  });

  it("says why it is none, whatever a machine prints", () => {
    expect(measured(["failed ping: not found"], [], 0)).toEqual({ unread: "ping: not found" });
    expect(measured([], [], 0)).toEqual({ unread: "no echo came back" });
    expect(measured(["rtt -1", "rtt 1e999", "rtt x"], [], 0)).toEqual({ unread: "no echo came back" });
    for (const train of ["train 9 1.0 1 2.0", "train 1 5.0 9 5.0", "train 1 5.0 9 4.0", "train 1 x 9 y"])
      expect(measured(["rtt 1"], [train], 1500), train).toMatchObject({ mbit: null });
    expect(measured([`failed ${"x".repeat(5000)}`], [], 0)).toSatisfy(
      (m: { unread: string }) => m.unread.length <= 200,
    );
  });

  it("takes a train that the link's buffer holds", () => {
    const millis = (mbit: number) => {
      const train = trainOf(link({ mbit }), "forwarder");
      const count = Number(/-c (\d+)/.exec(train?.words ?? "")?.[1]);
      return ((train?.bytes ?? 0) * 8 * count) / mbit / 1000;
    };
    for (const mbit of [0.1, 0.5, 1.9, 2, 10, 200, 1000]) {
      expect(millis(mbit), `${mbit}`).toBeLessThan(190);
      expect(millis(mbit), `${mbit}`).toBeGreaterThan(80);
    }
    expect(trainOf(link({ rttMs: 5 }), "netem")).toBeUndefined();
    expect(trainOf(link({ mbit: 10 }), "forwarder")?.words).toBe("-l 83 -c 83 -s 1472 -W 3");
    // What the sender's own kernel holds back must fit into the sender's socket buffer.
    expect(trainOf(link({ mbit: 10 }), "tbf")?.words).toBe("-S 212992 -l 83 -c 83 -s 1472 -W 3");
    expect(trainOf(link({ mbit: 1000, rttMs: 5 }), "netem")?.words).toBe("-S 212992 -l 160 -c 160 -s 1472 -W 3");
    expect(echoWords()).toBe("-c 20 -i 0.02 -W 3");
  });

  it("tells a link that packets do not go over from one that they do", () => {
    const at = (median: number) => ({ rttMs: { min: median, median, max: median }, echoes: 20, lost: 0, mbit: null });
    const far = link({ rttMs: 20, jitterMs: 2 });
    expect(notFelt(far, at(20.3))).toBeUndefined();
    expect(notFelt(far, at(0.2))).toMatch(/a round trip takes 0.2 ms, but the link adds 20 ms/);
    // One way alone.
    expect(notFelt(far, at(10.2))).toBeDefined();
    expect(notFelt(link({}), at(0.2))).toBeUndefined();
    expect(notFelt(link({ mbit: 10 }), at(0.2))).toBeUndefined();
    expect(notFelt(far, { unread: "no ping" })).toBeUndefined();
  });
});
