import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LOGIN_TEXT } from "./login-shell.ts";
import { sshArgs, sshControlDir, sshEnvironment, sshOptions } from "./ssh.ts";

const target = { destination: "ubuntu@edge.example" };

test("every connection is strict about host keys, never asks, and is shared", () => {
  const options = sshOptions(target, "/run/x");
  for (const option of ["BatchMode=yes", "StrictHostKeyChecking=yes", "ControlMaster=auto", "ControlPath=/run/x/%C"]) {
    expect(options[options.indexOf(option) - 1]).toBe("-o");
  }
  expect(options).not.toContain("-F");
});

test("what a user's config says for shells of their own does not reach commands", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lathe-ssh-"));
  try {
    const configFile = join(folder, "config");
    const own =
      "SessionType none\n StdinNull yes\n ForkAfterAuthentication yes\n LocalForward 8080 localhost:80\n ExitOnForwardFailure yes\n RemoteCommand tmux attach\n RequestTTY force\n LogLevel QUIET\n StrictHostKeyChecking no\n BatchMode no\n";
    await writeFile(configFile, `Host *\n ${own}`);
    const seen = spawnSync("ssh", [
      "-G",
      ...sshOptions({ destination: "edge", configFile }, folder),
      "edge",
    ]).stdout.toString();
    for (const line of ["requesttty false", "loglevel INFO", "stricthostkeychecking true", "batchmode yes"])
      expect(seen.split("\n")).toContain(line);
    for (const line of ["sessiontype default", "stdinnull no", "forkafterauthentication no", "clearallforwardings yes"])
      expect(seen.split("\n")).toContain(line);
    expect(seen).not.toMatch(/tmux|localforward/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a config file of the stack is used instead of the user's own, and its connections are not shared with others", () => {
  const own = sshOptions(target, "/run/x").at(-1);
  expect(sshOptions({ ...target, configFile: "/lab/ssh_config" }, "/run/x").at(-1)).not.toBe(own);
  expect(sshOptions({ ...target, configFile: "/lab/ssh_config" }, "/run/x").slice(0, 2)).toEqual([
    "-F",
    "/lab/ssh_config",
  ]);
});

test("whatever is to be run, the login shell gets the same text, after the destination", () => {
  expect(sshArgs(target, "/run/x").slice(-3)).toEqual(["ubuntu@edge.example", "--", LOGIN_TEXT]);
});

test("nothing is ever asked, not by what a user's config starts either, and ssh speaks English", () => {
  expect(sshEnvironment()).toMatchObject({ SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force", LC_ALL: "C" });
});

test("the sockets' folder leaves room for the connection's hash, and is this user's alone", () => {
  const dir = sshControlDir();
  expect(dir.length + 1 + 9 + 40 + 17).toBeLessThan(104);
  expect(statSync(dir).mode & 0o077).toBe(0);
});
