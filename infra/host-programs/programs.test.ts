import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compileCacheDir } from "../../lib/cache/compile-cache.ts";
import { repoRoot } from "../../lib/paths.ts";

/* Resources' programs as the engine runs them, on this machine, with tools in PATH that stand in for the host's own. */

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lathe-commands-"));
  mkdirSync(join(dir, "bin"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A tool of the host's, as a shell script; `$DIR` is this test's folder. */
function tool(name: string, body: string): void {
  writeFileSync(join(dir, "bin", name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(dir, "bin", name), 0o755);
}

function command(program: string, action: "create" | "delete", spec: object) {
  const path = `${join(dir, "bin")}${delimiter}${process.env["PATH"]}`;
  const ended = spawnSync(process.execPath, [join(repoRoot, "infra/host-programs/run.ts"), program, action], {
    input: JSON.stringify({ target: null, owner: "lathe/edge", ...spec }),
    env: { ...process.env, PATH: path, HOME: dir, DIR: dir, NODE_COMPILE_CACHE: compileCacheDir() },
    encoding: "utf8",
  });
  return { code: ended.status, said: ended.stderr };
}

describe("an image that another stack, which goes at the same time, has removed", () => {
  const reference = `registry.example/tfs@sha256:${"b".repeat(64)}`;
  const mark = () => join(dir, ".lathe", "images", "b".repeat(64));
  beforeEach(() => {
    mkdirSync(join(dir, ".lathe", "images"), { recursive: true });
    writeFileSync(mark(), `${reference}\n`);
  });
  const rmiSays = (words: string) =>
    tool("docker", `case $1 in rmi) echo "Error response from daemon: ${words}" >&2; exit 1 ;; esac`);

  test("is gone, and so is its mark", () => {
    rmiSays(`No such image: ${reference}`);
    expect(command("image", "delete", { reference, key: "image" })).toEqual({ code: 0, said: "" });
    expect(existsSync(mark())).toBe(false);
  });

  test("is told from one that cannot be removed", () => {
    rmiSays("disk I/O error");
    const { code, said } = command("image", "delete", { reference, key: "image" });
    expect([code, said]).toEqual([1, expect.stringContaining("disk I/O error")]);
    expect(existsSync(mark())).toBe(true);
  });

  test("stays with its mark while a container uses it", () => {
    rmiSays("conflict: unable to remove repository reference: container 1 is using its referenced image 2");
    expect(command("image", "delete", { reference, key: "image" }).code).toBe(0);
    expect(existsSync(mark())).toBe(true);
  });
});

describe("the firewall's rules of the same machine under another spelling of lathe:host", () => {
  const spec = (id: string) => ({
    ...{ owner: "lathe/edge", id, bridge: "lathe-0123abcd", boot: "b/1" },
    ...{ ports: [8500], bind: ["192.0.2.7"], allow: ["192.0.2.10"], note: join(dir, ".firewall-c"), setting: 2 },
  });
  const rules = () => readFileSync(join(dir, "iptables"), "utf8").split("\n").filter(Boolean);
  /** Ways into the chain, by whose they are, and what became of the chain. */
  const seen = () => ({
    ways: rules().map((rule) => /--comment "?([^" ]*)/.exec(rule)?.[1]),
    chain: existsSync(join(dir, "iptables.chain")),
  });
  beforeEach(() => {
    tool("sudo", '[ "$1" = -n ] && shift; exec "$@"');
    // What iptables does with rules, and how it prints them; the kernel has the table filter and no other.
    for (const name of ["iptables", "ip6tables"]) {
      writeFileSync(join(dir, name), "");
      tool(
        name,
        `list=$DIR/${name}; shift
        if [ "$1" = -t ]; then [ "$2" = filter ] || exit 1; shift 2; fi
        action=$1; shift
        line=$(printf '%s ' "$@" | sed -E 's/--comment ([^ ]+)/--comment "\\1"/; s/ $//')
        case $action in
          -S) [ $# -gt 0 ] || cat "$list" ;;
          -I) { printf -- '-A %s\\n' "$line"; cat "$list"; } > "$list.new"; mv "$list.new" "$list" ;;
          -D) grep -vxF -e "-A $line" "$list" > "$list.new"; mv "$list.new" "$list" ;;
          -F) [ -e "$list.chain" ] ;;
          -X) rm "$list.chain" ;;
        esac`,
      );
    }
    tool("iptables-restore", 'cat > "$DIR/iptables.chain"');
    tool("ip6tables-restore", "cat > /dev/null");
  });

  test("stay when the old spelling's go", () => {
    const run = (action: "create" | "delete", id: string) =>
      expect(command("firewall", action, spec(id)).said).toBe("");
    run("create", "provider-1");
    expect(seen()).toEqual({ ways: Array(2).fill("lathe:lathe/edge:provider-1"), chain: true });
    run("create", "provider-2");
    run("delete", "provider-1");
    expect(seen()).toEqual({ ways: Array(2).fill("lathe:lathe/edge:provider-2"), chain: true });
    run("delete", "provider-2");
    expect(seen()).toEqual({ ways: [], chain: false });
  });

  test("are noted as they are, so that the next up sees whether they still are; the note goes with them", () => {
    const note = () => readFileSync(join(dir, ".firewall-c"), "utf8").split("\n").filter(Boolean);
    expect(command("firewall", "create", spec("provider-1"))).toEqual({ code: 0, said: "" });
    expect(note()).toEqual(["2 b/1", ...rules().map((rule) => `iptables ${rule}`)]);
    command("firewall", "create", spec("provider-2"));
    command("firewall", "delete", spec("provider-1"));
    expect(note()).toEqual(["2 b/1", ...rules().map((rule) => `iptables ${rule}`)]);
    command("firewall", "delete", spec("provider-2"));
    expect(existsSync(join(dir, ".firewall-c"))).toBe(false);
  });

  test.each([
    ["Docker has no chain of its own (iptables: false)", "-S:DOCKER-USER -C:FORWARD", ["FORWARD"]],
    ["a flush has taken the way into Docker's chain", "-C:FORWARD", ["DOCKER-USER", "FORWARD"]],
    ["all is as Docker has it", "none", ["DOCKER-USER"]],
  ])("lead there from where Docker is asked first: %s", (_, failing, parents) => {
    const real = readFileSync(join(dir, "bin", "iptables"), "utf8");
    const fails = `case " ${failing} " in *" $4:\${5:-all} "*) exit 1 ;; esac\n`;
    writeFileSync(join(dir, "bin", "iptables"), real.replace("\n", `\n${fails}`));
    expect(command("firewall", "create", { ...spec("provider-1"), bind: ["127.0.0.1"], allow: [] }).said).toBe("");
    const found = rules().map((rule) => rule.split(" ").slice(1, 7).join(" "));
    expect(found.sort()).toEqual(parents.map((p) => `${p} -o lathe-0123abcd ! -i lathe-0123abcd`));
  });
});

describe("secrets", () => {
  test("stay where their folder is another deployment's by now, and go with their own", () => {
    const workspace = join(dir, "workspace");
    const files = [{ name: "server.pem", content: "key" }];
    const spec = { workspace, container: "server", id: "provider-1", user: "", files };
    mkdirSync(workspace);
    writeFileSync(join(workspace, ".lathe-owner"), "lathe/edge\nprovider-1\n");
    expect(command("secrets", "create", spec).code).toBe(0);
    const key = join(workspace, "secrets", "server", "server.pem");
    command("secrets", "delete", { ...spec, id: "provider-0" });
    expect(existsSync(key)).toBe(true);
    command("secrets", "delete", spec);
    expect(existsSync(key)).toBe(false);
  });
});

describe("a workspace", () => {
  test("of the same stack under another spelling of lathe:host is refused with that in words", () => {
    const workspace = join(dir, "workspace");
    const spec = { workspace, files: [] };
    expect(command("workspace", "create", { ...spec, id: "provider-1" }).code).toBe(0);
    const { code, said } = command("workspace", "create", { ...spec, id: "provider-2" });
    expect([code, said]).toEqual([1, expect.stringContaining("or to this stack under another spelling of lathe:host")]);
    expect(said).toContain("set it back and run npx lathe down");
    expect(execFileSync("sed", ["-n", "2p", join(workspace, ".lathe-owner")], { encoding: "utf8" })).toBe(
      "provider-1\n",
    );
  });

  test("has the files that it is to have, in folders of their own too, and none of an earlier time", () => {
    const workspace = join(dir, "workspace");
    const write = (...files: { name: string; content: string }[]) =>
      expect(command("workspace", "create", { workspace, id: "provider-1", files })).toMatchObject({ code: 0 });
    const models = () => readdirSync(join(workspace, "models"), { recursive: true }).sort();
    write(
      { name: "one/config", content: "a\nb\n" },
      { name: "two/config", content: "c\n" },
      { name: "flat", content: "" },
    );
    expect(models()).toEqual(["flat", "one", "one/config", "two", "two/config"]);
    writeFileSync(join(workspace, "models", "one", "not ours"), "");
    write({ name: "two/config", content: "d" });
    expect(models()).toEqual(["one", "one/not ours", "two", "two/config"]);
    expect(readFileSync(join(workspace, "models", "two", "config"), "utf8")).toBe("d\n");
  });
});
