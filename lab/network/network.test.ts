import { describe, expect, test } from "vitest";
import { chooseMeans, qdisc } from "./link.ts";
import { addressIn, address6In, freeSubnet, hardwareAddress } from "./subnet.ts";

describe("a lab's subnet", () => {
  test("is the first that nothing on the machine leads to", () => {
    expect(freeSubnet(["default", "192.0.2.0/24"])).toBe("10.213.7.0/24");
    expect(freeSubnet(["0.0.0.0/0", "10.213.7.0/24", "10.213.8.129"])).toBe("10.213.9.0/24");
    expect(freeSubnet(["10.213.0.0/19"])).toBe("10.213.32.0/24");
    expect(freeSubnet(["10.0.0.0/8"])).toBeUndefined();
  });

  test("gives each number an address, and each address one card", () => {
    expect(addressIn("10.213.7.0/24", 11)).toBe("10.213.7.11");
    expect(address6In("10.213.12.0/24", 11)).toBe("fd6c:6174:6865:c::b");
    expect(hardwareAddress("10.213.7.11")).toBe("02:00:0a:d5:07:0b");
  });
});

describe("slowing a link down", () => {
  const none = { delayMs: 0, bandwidthMbit: null };
  const both = { delayMs: 20, bandwidthMbit: 50 };
  const rate = { delayMs: 0, bandwidthMbit: 50 };

  test("is left to the kernel where it can, else to the forwarder", () => {
    const all = { netem: true, tbf: true };
    const tbf = { netem: false, tbf: true };
    const nothing = { netem: false, tbf: false };
    expect([all, tbf, nothing].map((k) => chooseMeans(none, k))).toEqual([undefined, undefined, undefined]);
    expect([all, tbf, nothing].map((k) => chooseMeans(both, k))).toEqual(["netem", "forwarder", "forwarder"]);
    expect([all, tbf, nothing].map((k) => chooseMeans(rate, k))).toEqual(["netem", "tbf", "forwarder"]);
  });

  test("is told to tc with a buffer that holds what a fast link has under way", () => {
    expect(qdisc("netem", both).join(" ")).toBe("netem limit 20000 delay 20ms rate 50000kbit");
    expect(qdisc("netem", rate).join(" ")).toBe("netem limit 20000 rate 50000kbit");
    expect(qdisc("tbf", rate).join(" ")).toBe("tbf rate 50000kbit burst 62500 latency 200ms");
    expect(qdisc("tbf", { delayMs: 0, bandwidthMbit: 0.5 })).toContain("16000");
  });
});
