import { describe, expect, it } from "vitest";
import { Link } from "../matrix/link.ts";
import { takesNetem, tcCommands } from "./tc.ts";

const link = (more: object) => Link.parse({ name: "a", ...more });

describe("what tc is told", () => {
  it("sorts packets to the other end out, and lays half of the link on each end", () => {
    const all = link({ rttMs: 20, jitterMs: 2, mbit: 50, loss: 0.001 });
    expect(tcCommands(all, 7)).toEqual([
      "qdisc replace dev @dev root handle 1a7e: htb default 0",
      "class add dev @dev parent 1a7e: classid 1a7e:2 htb rate 100gbit quantum 200000",
      "filter add dev @dev parent 1a7e: protocol ip prio 1 u32 match ip dst @peer/32 flowid 1a7e:2",
      "qdisc add dev @dev parent 1a7e:2 handle 1a7f: netem limit 100000 delay 10000us 1000us rate 100gbit loss 0.1% seed 7",
      "qdisc add dev @dev parent 1a7f:1 handle 1a80: tbf rate 50000kbit burst 6250 latency 200ms",
    ]);
  });

  it("takes netem only for time and loss, tbf only for bandwidth, and a seed only for loss", () => {
    const kinds = (more: object) =>
      tcCommands(link(more), 7)
        .slice(3)
        .map((words) => / (netem|tbf) .*/.exec(words)?.[0]);
    expect(kinds({ rttMs: 0.5 })).toEqual([" netem limit 100000 delay 250us"]);
    expect(kinds({ mbit: 1 })).toEqual([" tbf rate 1000kbit burst 3200 latency 200ms"]);
    expect(tcCommands(link({ mbit: 1 }), 7).at(-1)).toContain("parent 1a7e:2 ");
    expect(kinds({ loss: 0.02 })).toEqual([" netem limit 100000 loss 2% seed 7"]);
    expect(tcCommands(link({ loss: 0.02 }), undefined).at(-1)).toMatch(/loss 2%$/);
    expect([takesNetem(link({ mbit: 1 })), takesNetem(link({ loss: 0.1 })), takesNetem(link({ rttMs: 1 }))]).toEqual([
      ...[false, true, true],
    ]);
  });
});
