import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examine } from "../../infra/doctor/examine.ts";
import { wantedServer } from "../../infra/doctor/wanted.ts";
import { bootstrap } from "../../infra/hosts/bootstrap/bootstrap.ts";
import { mustRunOn } from "../../infra/hosts/connection/remote.ts";
import { openReverseTunnel, openTunnel } from "../../infra/hosts/connection/tunnel.ts";
import { readFacts } from "../../infra/hosts/facts/read-facts.ts";
import type { SshTarget } from "../../infra/hosts/target.ts";
import { deliver } from "../../infra/models/deliver.ts";
import { destroy, tryUp, up } from "../../infra/pulumi/testing/stack.ts";
import { debianBase } from "../../lab/base.ts";
import { packageFolder } from "../../lab/debian/packages.ts";
import { initOf } from "../../lab/hosts/boot.ts";
import { run } from "../../lab/run.ts";
import { sshTo } from "../../lab/ssh.ts";
import { latheProgram, repoRoot } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { TEST_LAB } from "../lab/setup.ts";
import { on, tryOn } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

/* Users of a host by the login shells that Debian has, and by what their start files do. */

const HOST = "edge";
const SHELLS = ["tcsh", "fish", "zsh", "ksh"];

/** Users whose start files print, by their shell, their start file and what stands in it. */
const NOISY = [
  ["noisybash", "bash", ".bashrc", "echo Welcome; echo to the machine; printf no-line-end"],
  ["noisyzsh", "zsh", ".zshenv", "echo Welcome"],
  ["noisytcsh", "tcsh", ".tcshrc", "echo Welcome"],
  ["noisyfish", "fish", ".config/fish/config.fish", "echo Welcome"],
] as const;

/** Users that no command of ours comes through to, with what their login shell prints. */
const SHUT = [
  ["reader", "bash", ".bashrc", "read -r answer", "it printed nothing"],
  ["leaver", "bash", ".bashrc", "exit 0", "it printed nothing"],
  ["nologin", "nologin", ".bashrc", "", "This account is currently not available."],
] as const;

/** A user of a directory service, as such services name them. */
const DOMAIN_USER = "CORP\\alice";
const homeOf = (user: string) => user.replace(/^.*\\/, "");

let bed: Bed;
let dir: string;
beforeAll(async () => {
  bed = await makeBed();
  dir = await mkdtemp(join(tmpdir(), "lathe-shells-"));
  const packages = await packageFolder(await debianBase(progress()), SHELLS, progress());
  await cp(packages, `/proc/${await initOf(TEST_LAB, HOST)}/root/srv/shells`, { recursive: true });
  const plain = SHELLS.map((shell) => [shell, shell, ".profile", ""] as const);
  const made = [...plain, [DOMAIN_USER, "tcsh", ".profile", ""] as const, ...NOISY, ...SHUT].map(
    ([name, shell, file, text]) =>
      `useradd --badname -m -d /home/${homeOf(name)} -G docker -s "$(command -v ${shell})" '${name}'; ` +
      `cd /home/${homeOf(name)}; cp -r /root/.ssh .; ` +
      `mkdir -p "$(dirname ${file})"; echo '${text}' > ${file}; chown -R '${name}:' .`,
  );
  await on(bed.lab, HOST, ["dpkg -i /srv/shells/*.deb > /dev/null", ...made].join("\n"));
}, 900_000);
afterAll(async () => {
  await bed?.down();
  await rm(dir, { recursive: true, force: true });
});

const targetOf = (user: string): SshTarget => ({ destination: `${user}@${HOST}`, configFile: bed.lab.sshConfig });
const facts = (user: string) => readFacts(targetOf(user), { bootstrap: "false", preview: false, say: () => {} });
const doctor = (user: string) => examine(targetOf(user), { ...wantedServer(), workspace: ".lathe/lathe-edge" });

/** Delivers a model of 5 MB to a user's home; gives what lies there then. */
async function delivered(user: string): Promise<[said: string, sha256: string, own: string]> {
  const content = Buffer.alloc(5 << 20, `model of ${user}`);
  const archive = join(dir, `${user}.tar`);
  await writeFile(join(dir, "saved_model.pb"), content);
  await run(["tar", "-cf", archive, "-C", dir, "saved_model.pb"]);
  const sha256 = createHash("sha256")
    .update(await readFile(archive))
    .digest("hex");
  const workspace = `/home/${user}/work`;
  await mustRunOn(targetOf(user), ["mkdir", "-p", `${workspace}/models`], "make a folder");
  const said = await deliver(
    {
      ...{ target: targetOf(user), owner: "lathe/test", id: "1", workspace, model: "null", version: 1, sha256 },
      ...{ source: "null", form: "saved-model", path: "null/1", container: "none", kind: "tf-serving" },
    },
    archive,
  );
  const there = await on(bed.lab, HOST, `sha256sum < ${workspace}/models/null/1/saved_model.pb`);
  return [said, there.split(" ")[0] ?? "", createHash("sha256").update(content).digest("hex")];
}

/** The first that a server says at a port of this machine. */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return data.toString();
}

describe.each(SHELLS)("a user whose login shell is %s", (shell) => {
  test("has the shell, and the facts and the doctor's answers of any other", async () => {
    expect(await on(bed.lab, HOST, `getent passwd ${shell}`)).toContain(`bin/${shell}`);
    expect(await facts(shell)).toMatchObject({ home: `/home/${shell}`, facts: { hostname: HOST } });
    const checks = await doctor(shell);
    expect(checks.filter((c) => c.verdict === "stop")).toEqual([]);
    expect(checks.find((c) => c.check === "shell")?.verdict).toBe("ok");
    // A script of many lines, with words of its own for what it lacks.
    await expect(bootstrap(targetOf(shell), "true")).rejects.toThrow("without a password (there is no sudo)");
  });

  test("gets a model of 5 MB whole, and tunnels both ways", async () => {
    const [said, there, sent] = await delivered(shell);
    expect([said, there]).toEqual(["new", sent]);
    const out = await openTunnel(targetOf(shell), [22]);
    const back = await openReverseTunnel(targetOf(shell), out.ports);
    expect(await greeting(out.ports[0] ?? 0)).toContain("SSH-2.0");
    const line = `timeout 5 bash -c 'head -n 1 < /dev/tcp/127.0.0.1/${back.ports[0]}'`;
    expect(await on(bed.lab, HOST, line)).toContain("SSH-2.0");
    await Promise.all([out.close(), back.close()]);
  });
});

describe.each(NOISY)("%s, whose start file prints before any command", (user) => {
  test("is refused by up and doctor with the reason, because Docker's own connection would read that text", async () => {
    const raw = await run(sshTo(bed.lab.sshConfig, `${user}@${HOST}`, "docker", "system", "dial-stdio"));
    expect(raw).toMatch(/^Welcome/);
    await expect(facts(user)).rejects.toThrow(
      /its login shell prints text before any command: "Welcome[^]*until this prints ok/,
    );
    const checks = await doctor(user);
    expect(checks.filter((c) => c.verdict === "stop").map((c) => c.check)).toEqual(["shell"]);
    expect(checks.find((c) => c.check === "Docker")?.verdict).toBe("note");
  });

  test("gets a model of 5 MB whole all the same", async () => {
    const [said, there, sent] = await delivered(user);
    expect([said, there]).toEqual(["new", sent]);
  });
});

describe.each(SHUT)("%s, to whom no command comes through", (user, _shell, _file, _text, printed) => {
  test("is refused at first contact in words, and nothing is done", async () => {
    await expect(facts(user)).rejects.toThrow(
      /^host \S+: its login shell did not run Lathe's command \(exit code \d+, and /,
    );
    const [stop, ...others] = (await doctor(user)).filter((c) => c.verdict !== "ok");
    expect([stop?.check, others]).toEqual(["shell", []]);
    expect(stop?.found).toContain(printed);
    await expect(delivered(user)).rejects.toThrow("its login shell did not run Lathe's command");
    expect((await tryOn(bed.lab, HOST, `ls -d /home/${user}/work`)).exitCode).not.toBe(0);
  });
});

describe("a stack of a user whose login shell is tcsh and whose name has a backslash", () => {
  test("comes up, is measured by the agent there, and goes without a trace", async () => {
    const ref = await bed.stack("shells", { "lathe:host": `${DOMAIN_USER}@${HOST}`, "lathe:models": "null" });
    const { machine } = await up(ref);
    expect(machine.workspace).toBe("/home/alice/.lathe/lathe-shells");
    const what = "--models null --images 2 --requests 2 --client probe".split(" ");
    const args = ["--runs", join(dir, "runs"), "--json", ...what];
    const child = spawn(process.execPath, [latheProgram, "bench", "--stack", "shells", ...args], {
      cwd: repoRoot,
      env: { ...process.env, ...bed.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
    expect((await once(child, "close"))[0], said.err).toBe(0);
    const { cells } = JSON.parse(said.out) as { cells: { summary: { n: number } | null }[] };
    expect(cells.map((c) => c.summary?.n)).toEqual(cells.map(() => 2));
    await destroy(ref);
    expect(await on(bed.lab, HOST, "ls -A /home/alice | grep lathe || true; docker ps -aq")).toBe("");
  });

  test("is refused in words where the user's shell prints, before anything is made", async () => {
    const ref = await bed.stack("noisy", { "lathe:host": `noisybash@${HOST}`, "lathe:models": "null" });
    const { code, output, changes } = await tryUp(ref);
    expect([code === 0, Object.values(changes)]).toEqual([false, [1]]);
    expect(output).toContain("its login shell prints text before any command");
    expect(output).not.toMatch(/SyntaxError|\n\s+at /);
  });
});
