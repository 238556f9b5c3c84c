import { expect, test } from "vitest";
import { firewallRules, networkName, secondDoor } from "./firewall-rules.ts";

const spec = {
  owner: "lathe/edge",
  id: "provider-1",
  bridge: "lathe-0123abcd",
  ports: [8500, 8501],
  bind: ["127.0.0.1", "192.0.2.7"],
  allow: ["192.0.2.10", "198.51.100.0/24", "2001:db8::/64"],
};

test("all that goes into the server's bridge is asked, and loopback is not", () => {
  const [v4, v6] = firewallRules(spec);
  expect(v4?.jumps.map((jump) => jump.join(" "))).toEqual([
    "DOCKER-USER -o lathe-0123abcd ! -i lathe-0123abcd -m comment --comment lathe:lathe/edge:provider-1 -j LATHE-0123ABCD",
    "INPUT ! -i lo -d 192.0.2.7 -p tcp -m multiport --dports 8500,8501 -m comment --comment lathe:lathe/edge:provider-1 -j LATHE-0123ABCD",
  ]);
  expect(v6?.jumps).toEqual([]);
});

test("each family lets its own addresses in, answers on, and refuses the rest", () => {
  const [v4, v6] = firewallRules({ ...spec, bind: ["0.0.0.0", "::"] });
  const rules = (restore = "") => restore.split("\n").filter((line) => line.startsWith("-A"));
  expect(rules(v4?.restore)).toEqual([
    "-A LATHE-0123ABCD -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
    "-A LATHE-0123ABCD -s 192.0.2.10 -j RETURN",
    "-A LATHE-0123ABCD -s 198.51.100.0/24 -j RETURN",
    "-A LATHE-0123ABCD -p tcp -j REJECT --reject-with tcp-reset",
    "-A LATHE-0123ABCD -j DROP",
  ]);
  expect(rules(v6?.restore)).toContain("-A LATHE-0123ABCD -s 2001:db8::/64 -j RETURN");
  expect(rules(v6?.restore).filter((rule) => rule.includes("192.0.2"))).toEqual([]);
  expect(v6?.jumps.map((jump) => jump.slice(0, 6).join(" "))).toEqual(["INPUT ! -i lo -p tcp"]);
});

test("two servers of a host have networks of their own, and a bridge's name is not too long for Linux", () => {
  const names = [networkName("lathe/edge", "a"), networkName("lathe/edge", "b"), networkName("lathe/cloud", "a")];
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
});

test("the second door lets the same addresses in, and what was let in before, and drops the rest", () => {
  const { restore, jumps } = secondDoor(spec);
  expect(jumps.map((jump) => jump.join(" "))).toEqual([
    "FORWARD -o lathe-0123abcd ! -i lathe-0123abcd -m comment --comment lathe:lathe/edge:provider-1 -j LATHE-0123ABCD",
  ]);
  expect(restore.split("\n")).toEqual([
    "*security",
    ":LATHE-0123ABCD - [0:0]",
    "-A LATHE-0123ABCD -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
    "-A LATHE-0123ABCD -s 192.0.2.10 -j RETURN",
    "-A LATHE-0123ABCD -s 198.51.100.0/24 -j RETURN",
    "-A LATHE-0123ABCD -j DROP",
    "COMMIT",
    "",
  ]);
});
