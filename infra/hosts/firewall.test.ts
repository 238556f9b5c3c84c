import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GUARD_SCRIPT, parseFirewall } from "./firewall.ts";

const CHAIN = "LATHE-0123ABCD";
const LED = "iptables -A FORWARD -j DOCKER-USER";

describe("what a host prints of its firewall", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-guard-"));
    mkdirSync(join(dir, "bin"));
    tool("sudo", 'echo asked >> "$DIR/sudo.log"; [ "$1" = -n ] && shift; exec "$@"');
    tool("id", "echo 1000");
    tool("docker", "echo '[name=seccomp,profile=default]'");
    tool(
      "iptables",
      `[ "$1" != -t ] || { echo '-A FORWARD -j ${CHAIN}'; exit; }
printf '%s\\n' '-P INPUT ACCEPT' '-A FORWARD -j DOCKER-USER' '-N ${CHAIN}' '-A ${CHAIN} -j DROP'`,
    );
    tool("ip6tables", `printf '%s\\n' '-A INPUT -p tcp -j ${CHAIN}'`);
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  function tool(name: string, body: string): void {
    writeFileSync(join(dir, "bin", name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(dir, "bin", name), 0o755);
  }
  const said = (...args: string[]) =>
    execFileSync("sh", ["-s", ...args], {
      input: `code=0 limit=\nfacts() {${GUARD_SCRIPT}}\nfacts "$@"`,
      env: { ...process.env, PATH: `${join(dir, "bin")}${delimiter}${process.env["PATH"]}`, DIR: dir },
      encoding: "utf8",
    });

  test("is its rules as they are and as they were noted, of the chains that it was asked for", () => {
    writeFileSync(join(dir, "a note"), `2 b/1\niptables -N ${CHAIN}\n`);
    expect(parseFirewall(said(CHAIN, join(dir, "a note"), "LATHE-1", join(dir, "none")))).toEqual({
      may: "yes",
      now: [
        ...[LED, `iptables -N ${CHAIN}`, `iptables -A ${CHAIN} -j DROP`, `ip6tables -A INPUT -p tcp -j ${CHAIN}`],
        `iptables -t security -A FORWARD -j ${CHAIN}`,
      ],
      noted: { [CHAIN]: ["2 b/1", `iptables -N ${CHAIN}`] },
    });
  });

  test("is nothing where it is asked for none, and nobody is asked for root", () => {
    tool("id", 'echo asked >> "$DIR/sudo.log"; echo 1000');
    expect(said()).toBe("");
    expect(() => execFileSync("cat", [join(dir, "sudo.log")], { stdio: "pipe" })).toThrow();
    expect(parseFirewall("")).toBeUndefined();
  });

  test("is why it has none to show: no root, or an engine without root", () => {
    tool("sudo", "exit 1");
    expect(parseFirewall(said(CHAIN, "none"))).toEqual({ may: "no-root", now: [], noted: {} });
    tool("docker", "echo '[name=seccomp,profile=builtin name=rootless]'");
    expect(parseFirewall(said(CHAIN, "none"))?.may).toBe("rootless");
  });
});
