import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { locate, userPulumiHome } from "./find.ts";
import { layOut } from "./home.ts";
import { programs } from "./programs.ts";

const all = programs({ pulumi: "3.259.0", docker: "5.2.0", command: "1.2.1" });
let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "lathe-find-")));
  vi.stubEnv("LATHE_CACHE", join(root, "cache"));
  vi.stubEnv("PULUMI_HOME", join(root, "home"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

/** A program that prints its version, whatever it is asked. */
async function put(path: string, version: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho ${version}\n`);
  await chmod(path, 0o755);
}
const find = (...dirs: string[]) =>
  locate(all, {
    PATH: [...dirs.map((d) => join(root, d)), "/usr/bin", "/bin"].join(":"),
    PULUMI_HOME: join(root, "home"),
  });
const cachedPlugin = (name: string, version: string) =>
  join(root, "home", "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);

test("on a machine with nothing all four are missing", async () => {
  expect((await find("empty")).map((p) => "missing" in p)).toEqual([true, true, true, true]);
});

test("pulumi from the PATH brings its language host, and plugins come from Pulumi's own cache", async () => {
  await put(join(root, "bin", "pulumi"), "v3.260.0");
  await put(join(root, "bin", "pulumi-language-nodejs"), "");
  await put(cachedPlugin("docker", "5.2.0"), "");
  await put(cachedPlugin("command", "1.2.1"), "");
  expect((await find("bin")).map((p) => ("missing" in p ? p : [p.version, p.from]))).toEqual([
    ["3.260.0", "PATH"],
    ["3.260.0", "PATH"],
    ["1.2.1", "plugin cache"],
    ["5.2.0", "plugin cache"],
  ]);
});

test("a pulumi that is a link is followed to where its language host is", async () => {
  await put(join(root, "opt", "pulumi"), "v3.260.0");
  await put(join(root, "opt", "pulumi-language-nodejs"), "");
  await mkdir(join(root, "bin"));
  await symlink(join(root, "opt", "pulumi"), join(root, "bin", "pulumi"));
  expect((await find("bin"))[1]).toMatchObject({ from: "PATH", path: join(root, "opt", "pulumi-language-nodejs") });
});

test("a pulumi that is too old is passed over for one further down the PATH", async () => {
  await put(join(root, "old", "pulumi"), "v3.66.0");
  await put(join(root, "new", "pulumi"), "v3.259.0");
  await put(join(root, "new", "pulumi-language-nodejs"), "");
  expect((await find("old", "new"))[0]).toMatchObject({ version: "3.259.0", path: join(root, "new", "pulumi") });
});

test("what was passed over is told with the reason", async () => {
  await put(join(root, "old", "pulumi"), "v3.66.0");
  await put(join(root, "alone", "pulumi"), "v3.259.0");
  await put(join(root, "old", "pulumi-resource-docker"), "4.5.0");
  const [pulumi, , , docker] = await find("old", "alone");
  expect(pulumi && "missing" in pulumi && pulumi.why).toMatch(/older than .*; .*alone.* beside it/);
  expect(docker && "missing" in docker && docker.why).toContain("is 4.5.0, the engine asks for exactly");
});

test("a plugin whose installation was not finished does not count", async () => {
  await put(cachedPlugin("docker", "5.2.0"), "");
  await writeFile(join(root, "home", "plugins", "resource-docker-v5.2.0.partial"), "");
  expect((await find("empty"))[3]).toMatchObject({ missing: true });
});

test("a plugin from the PATH is laid into a home of Lathe's own, and the user's gets no new plugin", async () => {
  await put(join(root, "bin", "pulumi"), "v3.259.0");
  await put(join(root, "bin", "pulumi-language-nodejs"), "");
  await put(join(root, "bin", "pulumi-resource-docker"), "5.2.0");
  await put(cachedPlugin("command", "1.2.1"), "");
  const found = (await find("bin")).filter((p) => "from" in p);
  const { ownHome, pulumiFolder } = await layOut(all, found);
  expect(pulumiFolder).toBe(join(root, "bin"));
  for (const plugin of ["docker-v5.2.0/pulumi-resource-docker", "command-v1.2.1/pulumi-resource-command"])
    await expect(realpath(join(ownHome ?? "", "plugins", `resource-${plugin}`))).resolves.toContain(root);
  await expect(realpath(join(ownHome ?? "", "workspaces"))).resolves.toBe(join(root, "home", "workspaces"));
  await expect(realpath(cachedPlugin("docker", "5.2.0"))).rejects.toThrow("ENOENT");
});

test("inside a pulumi that Lathe started, the user's home is still the user's", () => {
  const own = join(root, "cache", "toolchain", "home-1");
  expect(userPulumiHome({ PULUMI_HOME: own, LATHE_USER_PULUMI_HOME: "/home/u/.pulumi" })).toBe("/home/u/.pulumi");
  expect(userPulumiHome({ PULUMI_HOME: "/elsewhere", LATHE_USER_PULUMI_HOME: "/home/u/.pulumi" })).toBe("/elsewhere");
});
