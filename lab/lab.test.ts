import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baseKey } from "./base.ts";
import { mountsBelow } from "./leftovers.ts";
import { LABS_DIR_MAX, checkName, labPaths, labsDir, uplinkName } from "./names.ts";
import { knownHostsText, sshConfigText } from "./ssh.ts";
import { formatStatus } from "./status.ts";

describe("names", () => {
  test("of interfaces fit into what Linux takes, and differ where the labs' names do", () => {
    expect(uplinkName("lathe")).toBe("lathe-sw");
    expect(uplinkName("lathe-test-number-one").length).toBe(15);
    expect(uplinkName("lathe-test-number-one")).not.toBe(uplinkName("lathe-test-number-two"));
  });

  test("that would not do are refused with what would", () => {
    expect(() => checkName("lab", "Lathe")).toThrow(/expected: a lower-case letter/);
    expect(() => checkName("host", "a-host-with-a-name")).toThrow(/12 characters/);
    expect(() => checkName("host", "switch.")).toThrow();
    expect(() => checkName("host", "edge")).not.toThrow();
  });

  test("of a base do not depend on the order of its packages", () => {
    const packages = fc.uniqueArray(fc.stringMatching(/^[a-z]{2,5}$/), { minLength: 1 });
    fc.assert(
      fc.property(packages, (list) => {
        expect(baseKey("bookworm", "x64", [...list].reverse())).toBe(baseKey("bookworm", "x64", list));
        expect(baseKey("bookworm", "x64", [...list, "one-more"])).not.toBe(baseKey("bookworm", "x64", list));
      }),
    );
    expect(baseKey("jammy", "arm64", [])).toMatch(/jammy-arm64-min$/);
  });
});

describe("the ssh files", () => {
  const hosts = [
    { name: "cloud", address: "10.213.7.12", user: "root", publicKey: "ssh-ed25519 AAAAC3 root@cloud\n" },
    { name: "edge", address: "10.213.7.13", user: "root", publicKey: "ssh-ed25519 AAAAD4 root@edge\n" },
  ];

  test("name each host by its role and with the lab's name, and trust the written host keys alone", () => {
    const text = sshConfigText("lathe", hosts);
    const { dir } = labPaths("lathe");
    const edge = text.slice(text.indexOf("Host edge lathe-edge\n"));
    for (const line of [
      "HostName 10.213.7.13",
      "User root",
      `IdentityFile ${dir}/id_ed25519`,
      "IdentitiesOnly yes",
      `UserKnownHostsFile ${dir}/known_hosts`,
      "StrictHostKeyChecking yes",
      "ControlMaster auto",
      "ControlPersist 60",
    ]) {
      expect(edge).toContain(`\n  ${line}\n`);
    }
    expect(knownHostsText(hosts)).toBe("10.213.7.12 ssh-ed25519 AAAAC3\n10.213.7.13 ssh-ed25519 AAAAD4\n");
  });

  test("lead to a host at a port of its own, over IPv6 and behind another one", () => {
    const behind = {
      ...{ name: "inner", address: "10.213.7.14", address6: "fd6c:6174:6865:7::e", user: "ubuntu", sshPort: 2222 },
      behind: { name: "cloud" },
      publicKey: "ssh-ed25519 AAAAD5 root@inner\n",
    };
    const text = sshConfigText("lathe", [...hosts, behind]);
    const inner = text.slice(text.indexOf("Host inner"));
    for (const line of ["User ubuntu", "Port 2222", "ProxyJump cloud"]) expect(inner).toContain(`\n  ${line}\n`);
    expect(text.slice(0, text.indexOf("Host inner"))).not.toMatch(/Port|ProxyJump/);
    expect(knownHostsText([behind])).toBe("[10.213.7.14]:2222,[fd6c:6174:6865:7::e]:2222 ssh-ed25519 AAAAD5\n");
  });

  test("keep sockets at paths that Linux can bind, with what ssh appends while it opens one", () => {
    const sockets = labPaths("a".repeat(24)).sockets.replace(labsDir(), "x".repeat(LABS_DIR_MAX));
    const opening = `${sockets}/255.255.255.255.0123456789abcdef`;
    expect(opening.length).toBeLessThanOrEqual(107);
    expect(sshConfigText("lathe", hosts)).toContain(`ControlPath ${labPaths("lathe").sockets}/%h\n`);
  });
});

describe("what a lab left", () => {
  test("is seen among the machine's mounts, spaces in paths and like-named labs told apart", () => {
    const mounts = `nsfs /var/lib/lathe-lab/lathe/net/edge nsfs rw 0 0
nsfs /var/lib/lathe-lab/lathe-test/net/edge nsfs rw 0 0
tmpfs /var/lib/lathe-lab/lathe/with\\040space tmpfs rw 0 0
`;
    expect(mountsBelow(mounts, "/var/lib/lathe-lab/lathe")).toEqual([
      "/var/lib/lathe-lab/lathe/net/edge",
      "/var/lib/lathe-lab/lathe/with space",
    ]);
  });
});

describe("the status", () => {
  test("lines its hosts up, tells their limits and links, and says what they stand for", () => {
    const host = {
      user: "root",
      docker: true,
      base: "/b",
      pid: 1,
      hostKey: "SHA256:abcdefghijklmnop",
      memoryBytes: null,
    } as const;
    const text = formatStatus({
      name: "lathe",
      subnet: "10.213.7.0/24",
      machine: "a processor, 2 CPUs, 4.0 GiB",
      sshConfig: "/c",
      standsFor: "They stand in.",
      registry: { address: "10.213.7.2:5000", answers: true },
      hosts: [
        {
          ...host,
          name: "cloud",
          address: "10.213.7.12",
          cpus: 2,
          cpuset: "0-1",
          quotaCpus: null,
          link: null,
          state: "up",
          dockerVersion: "20.10",
        },
        {
          ...host,
          name: "edge",
          address: "10.213.7.13",
          cpus: 1,
          cpuset: "1",
          quotaCpus: 0.7,
          link: { delayMs: 20, bandwidthMbit: 50, means: "forwarder" },
          state: "down",
          dockerVersion: null,
        },
      ],
    });
    expect(text).toMatch(/^cloud +10\.213\.7\.12 +up +2 \(CPU 0-1\) +all of them/m);
    expect(text).toMatch(
      /^edge +10\.213\.7\.13 +down +1 \(CPU 1\) +70 % of each +the machine's .* no answer +\+20 ms each way, 50 Mbit\/s \(forwarder\)$/m,
    );
    expect(text).toMatch(/They stand in\.$/);
  });
});
