import { describe, expect, test } from "vitest";
import type { HostFirewall } from "../hosts/firewall.ts";
import { planGuard, type GuardSources } from "./guard.ts";

const CHAIN = "LATHE-0123ABCD";
const LED = "iptables -A FORWARD -j DOCKER-USER";
const RULES = [
  `iptables -N ${CHAIN}`,
  `iptables -A DOCKER-USER -o lathe-0123abcd ! -i lathe-0123abcd -j ${CHAIN}`,
  `iptables -A ${CHAIN} -j DROP`,
];
const NOTED = { [CHAIN]: ["3 b/1", ...RULES] };

const firewall = (changes: Partial<HostFirewall> = {}): HostFirewall => ({
  may: "yes",
  now: [],
  noted: {},
  ...changes,
});
const plan = (changes: Partial<GuardSources> = {}) =>
  planGuard({
    config: { expose: "tunnel", allowFrom: [] },
    bind: ["127.0.0.1"],
    engine: "20.10.24+dfsg1",
    firewall: firewall(),
    boot: "b/1",
    container: "server",
    chain: CHAIN,
    ...changes,
  });
const none = { setting: null, warnings: [] };

describe("a server on loopback alone", () => {
  test("is guarded where it is to be reached by SSH alone and the engine is older than 28, or not known", () => {
    for (const engine of ["20.10.24+dfsg1", "27.5.1", "27.5.1-ce", "master-dockerproject-2024", "none", ""])
      expect(plan({ engine }), engine).toEqual({ setting: 1, warnings: [] });
    for (const engine of ["28.0.0", "29.1.2", "100.0.0"]) expect(plan({ engine }), engine).toEqual(none);
  });

  test("is guarded where only some are to be let in, too; and not where nobody asked for it", () => {
    expect(plan({ config: { expose: "address", allowFrom: ["192.0.2.10"] } }).setting).toBe(1);
    expect(plan({ config: { expose: "address", allowFrom: [] } })).toEqual(none);
  });

  test("cannot be guarded without root or iptables: it is as it was, and a warning says what is open and what to do", () => {
    for (const [may, way] of [
      ["no-root", "sudo without a password for that user"],
      ["no-iptables", "iptables (sudo apt-get install iptables)"],
    ] as const) {
      const { setting, warnings } = plan({ firewall: firewall({ may }) });
      expect(setting).toBeNull();
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain("lathe:expose tunnel does not keep neighbours out of container server");
      expect(warnings[0]).toContain("Docker 20.10.24+dfsg1 (before 28)");
      expect(warnings[0]).toContain(`Docker 28 or newer there, or ${way}`);
      expect(plan({ firewall: firewall({ may }), engine: "28.0.1" })).toEqual(none);
    }
    // An engine that is still to be installed brings both.
    expect(plan({ firewall: firewall({ may: "no-iptables" }), engine: "none" })).toEqual({ setting: 1, warnings: [] });
  });

  test("of an engine without root has no network that a neighbour could route to", () => {
    expect(plan({ firewall: firewall({ may: "rootless" }) })).toEqual(none);
  });
});

test("a server with ports outside is guarded where the config names whom it lets in, whatever the engine", () => {
  const bind = ["127.0.0.1", "192.0.2.7"];
  for (const engine of ["20.10.24", "28.0.1"]) {
    expect(plan({ bind, engine, config: { expose: "address", allowFrom: ["192.0.2.10"] } }).setting).toBe(1);
    expect(plan({ bind, engine, config: { expose: "address", allowFrom: [] } })).toEqual(none);
  }
});

describe("rules", () => {
  test("that are as they were set are not set again, in whatever order they are printed", () => {
    expect(plan({ firewall: firewall({ now: [LED, ...RULES], noted: NOTED }) })).toEqual({ setting: 3, warnings: [] });
    const others = ["iptables -A INPUT -j LATHE-FFFFFFFF", ...[...RULES].reverse(), LED];
    expect(plan({ firewall: firewall({ now: others, noted: NOTED }) }).setting).toBe(3);
  });

  test.each([
    ["all of them are gone", []],
    ["the way into their chain is gone", [LED, ...RULES.filter((rule) => !rule.includes("DOCKER-USER"))]],
    ["one in their chain is gone", [LED, ...RULES.slice(0, 2)]],
    ["one more was added", [LED, ...RULES, `iptables -A ${CHAIN} -j RETURN`]],
    ["nothing leads into Docker's chain any more", RULES],
  ])("are set again, and a warning says that it was open: %s", (_, now) => {
    const found = plan({ firewall: firewall({ now, noted: NOTED }) });
    expect([found.setting, found.warnings]).toEqual([4, [expect.stringContaining("were gone or changed")]]);
    // A reboot takes them as well, but the server does not run then.
    expect(plan({ boot: "b/2", firewall: firewall({ now, noted: NOTED }) })).toEqual({ setting: 4, warnings: [] });
  });

  test("that had to lead there without Docker's chain stay so until Docker leads into it again", () => {
    const forward = `iptables -A FORWARD -o lathe-0123abcd ! -i lathe-0123abcd -j ${CHAIN}`;
    const alone = [...RULES.filter((rule) => !rule.includes("DOCKER-USER")), forward];
    const noted = { [CHAIN]: ["1 b/1", ...alone] };
    expect(plan({ firewall: firewall({ now: alone, noted }) }).setting).toBe(1);
    expect(plan({ firewall: firewall({ now: [LED, ...alone], noted }) }).setting).toBe(2);
    const both = { [CHAIN]: ["2 b/1", ...RULES, forward] };
    for (const lead of [[], [LED]])
      expect(plan({ firewall: firewall({ now: [...lead, ...RULES, forward], noted: both }) }).setting).toBe(2);
  });

  test("that nobody may look at are taken to be as they were", () => {
    const config = { expose: "address", allowFrom: ["192.0.2.10"] } as const;
    const sources = { config, bind: ["192.0.2.7"], firewall: firewall({ may: "no-root", noted: NOTED }) };
    expect(plan(sources)).toEqual({ setting: 3, warnings: [] });
  });
});
