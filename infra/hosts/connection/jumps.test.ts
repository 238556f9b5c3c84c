import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answeringOptions } from "./jumps.ts";
import { sshArgs } from "./ssh.ts";

/* Real OpenSSH, between which and the network stands a program that notes what each ssh is started with. */

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-jumps-"))));
afterEach(() => rmSync(dir, { recursive: true }));

const real = spawnSync("sh", ["-c", "command -v ssh"]).stdout.toString().trim();

/** Every ssh that is started to reach a host, the first first, with an ssh config whose user takes any host key. */
function started(destination: string, config: string): { args: string[]; seen: string }[] {
  const configFile = join(dir, "config %h");
  writeFileSync(
    configFile,
    `${config}\nHost *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  Port 9\n`,
  );
  // Each notes its arguments, and what OpenSSH makes of them, and goes on as itself.
  const note = `printf '%s\\n' "$@" > "$DIR/args.$$"; ${real} -G "$@" < /dev/null > "$DIR/seen.$$"; echo $$ >> "$DIR/order"; exec ${real} "$@"`;
  writeFileSync(join(dir, "ssh"), `#!/bin/sh\n${note}\n`);
  chmodSync(join(dir, "ssh"), 0o755);
  const env = { ...process.env, DIR: dir, PATH: `${dir}${delimiter}${process.env["PATH"]}` };
  spawnSync("ssh", [...ALONE, ...sshArgs({ destination, configFile }, dir)], { env, input: "", timeout: 20_000 });
  const order = readFileSync(join(dir, "order"), "utf8").trim().split("\n");
  return order.map((pid) => ({
    args: readFileSync(join(dir, `args.${pid}`), "utf8")
      .trim()
      .split("\n"),
    seen: readFileSync(join(dir, `seen.${pid}`), "utf8"),
  }));
}
const ALONE = ["-o", "ControlMaster=no", "-o", "ControlPath=none"];

/** Where each goes, with its own jump left out. */
const hosts = (all: ReturnType<typeof started>) =>
  all.map(({ seen }) =>
    ["user", "hostname", "port"].map((key) => new RegExp(`^${key} (.*)$`, "m").exec(seen)?.[1]).join(" "),
  );

test("each ssh of a chain of jump hosts is strict about host keys, whatever the user's config says", () => {
  const chain = "Host edge\n  HostName 127.0.0.4\n  ProxyJump a@127.0.0.1,ssh://b@127.0.0.2:10,c@[::1]:11\n  User u";
  const all = started("edge", chain);
  expect(hosts(all)).toEqual(["u 127.0.0.4 9", "c ::1 11", "b 127.0.0.2 10", "a 127.0.0.1 9"]);
  for (const { args, seen } of all) {
    expect(args.join(" ")).toContain("StrictHostKeyChecking=yes");
    expect(seen).toMatch(/^stricthostkeychecking true$/m);
    expect(seen).toMatch(/^batchmode yes$/m);
  }
  // What is asked of each jump is the next host.
  expect(all.slice(1).map(({ args }) => args[args.indexOf("-W") + 1])).toEqual([
    "[127.0.0.4]:9",
    "[::1]:11",
    "[127.0.0.2]:10",
  ]);
});

test("a jump host that is reached by one of its own is followed there; one with a command of the user's keeps it", () => {
  const inner = "Host edge\n  ProxyJump middle\nHost middle\n  HostName 127.0.0.2\n  ProxyJump outer";
  expect(hosts(started("edge", `${inner}\nHost outer\n  HostName 127.0.0.1\n`)).map((h) => h.split(" ")[1])).toEqual([
    "edge",
    "127.0.0.2",
    "127.0.0.1",
  ]);
  rmSync(join(dir, "order"));
  const own = started("other", "Host other\n  ProxyJump door\nHost door\n  ProxyCommand echo own %h >&2\n");
  expect(own.at(-1)?.seen).toMatch(/^proxycommand echo own %h >&2$/m);
});

test("a host without jump hosts gets no option for them, and a config that leads in a circle ends", () => {
  const configFile = join(dir, "config");
  writeFileSync(configFile, "Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n");
  expect(answeringOptions({ destination: "edge", configFile })).toEqual([]);
  expect(answeringOptions({ destination: "a", configFile })[1]).toMatch(/^ProxyCommand=ssh /);
});
