import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dockerHostUrl, sshArgs, sshControlDir, sshDestination, sshEnvironment, sshOptions } from "./ssh.ts";

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
      "RemoteCommand tmux attach\n RequestTTY force\n LogLevel QUIET\n StrictHostKeyChecking no\n BatchMode no\n";
    await writeFile(configFile, `Host *\n ${own}`);
    const seen = spawnSync("ssh", [
      "-G",
      ...sshOptions({ destination: "edge", configFile }, folder),
      "edge",
    ]).stdout.toString();
    for (const line of ["requesttty false", "loglevel INFO", "stricthostkeychecking true", "batchmode yes"])
      expect(seen.split("\n")).toContain(line);
    expect(seen).not.toContain("tmux");
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

test("the remote command is quoted once, after the destination", () => {
  const args = sshArgs(target, ["sh", "-c", "echo it's $HOME"], "/run/x");
  expect(args.slice(-3)).toEqual(["ubuntu@edge.example", "--", "sh -c 'echo it'\\''s $HOME'"]);
});

test("every form of destination becomes a URL for Docker", () => {
  expect(dockerHostUrl({ destination: "ubuntu@edge" })).toBe("ssh://ubuntu@edge");
  expect(dockerHostUrl({ destination: "ssh://ubuntu@edge:2222" })).toBe("ssh://ubuntu@edge:2222");
  for (const destination of ["root@2001:db8::7", "root@[2001:db8::7]", "ssh://root@[2001:db8::7]"]) {
    expect(dockerHostUrl({ destination })).toBe("ssh://root@[2001:db8::7]");
  }
});

test("an IPv6 destination is given to ssh without the brackets and the URL that some versions of it refuse", () => {
  const of = (destination: string) => sshDestination({ destination });
  expect(of("ssh://root@[2001:db8::7]:2222")).toEqual(["-p", "2222", "root@2001:db8::7"]);
  expect(of("[2001:db8::7]")).toEqual(["2001:db8::7"]);
  for (const plain of ["root@2001:db8::7", "edge", "ssh://ubuntu@edge:2222"]) expect(of(plain)).toEqual([plain]);
});

test("nothing is ever asked, not by the ssh of a jump host either", () => {
  expect(sshEnvironment()).toMatchObject({ SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" });
});

test("the sockets' folder leaves room for the connection's hash, and is this user's alone", () => {
  const dir = sshControlDir();
  expect(dir.length + 1 + 9 + 40 + 17).toBeLessThan(104);
  expect(statSync(dir).mode & 0o077).toBe(0);
});
