import { spawn } from "node:child_process";
import { mkdir, readFile, readdir, readlink } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { debianBase } from "../../lab/base.ts";
import type { ImageSource } from "../../lab/index.ts";
import type { Lab } from "../../lab/state.ts";
import { run, tryRun } from "../../lab/run.ts";
import { cached } from "../../lib/cache/cached.ts";
import { latheProgram } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { quoteAll } from "../../lib/quote.ts";

/** Runs a line in a host's shell over ssh and returns what it printed. */
export async function on(lab: Lab, host: string, line: string): Promise<string> {
  return (await run(["ssh", "-F", lab.sshConfig, host, "--", line])).trim();
}

/** Like `on`; a failure is a value. */
export async function tryOn(lab: Lab, host: string, line: string) {
  return tryRun(["ssh", "-F", lab.sshConfig, host, "--", line]);
}

/** Programs of the small image, with the libraries that they load. */
const PROGRAMS = ["dash", "cat", "grep", "nproc", "perl", "sleep", "touch"];

/** A small image: a shell, a few programs, and perl as a web server that answers every request with its argument. */
export async function smallImage(): Promise<ImageSource> {
  const key = "small-3";
  const dir = await cached("test", key, async (folder) => {
    const base = await debianBase(progress());
    const needed = new Set<string>();
    for (const program of PROGRAMS) {
      needed.add(`usr/bin/${program}`);
      for (const match of (await run(["chroot", base, "ldd", `/usr/bin/${program}`])).matchAll(/(\/lib\S+)/g)) {
        const library = match[1] ?? "";
        // The loader is a link into another folder: both are needed.
        for (const path of [`/usr${library}`, await run(["chroot", base, "readlink", "-f", library])]) {
          needed.add(path.trim().replace(/^\//, ""));
        }
      }
    }
    const perl = (await run(["chroot", base, "perl", "-e", "print join ' ', grep { /perl-base/ } @INC"])).trim();
    const files = [...needed, perl.replace(/^\//, ""), "lib", "lib64", "bin"];
    const tar = join(folder, "../small.tar");
    await mkdir(join(folder, "tmp"));
    await run(["tar", "-C", base, "-cf", tar, "--hard-dereference", ...files]);
    await run(["tar", "-C", folder, "-xf", tar]);
    await run(["rm", tar]);
  });
  const serve = `use IO::Socket::INET; $|=1; my $s=IO::Socket::INET->new(LocalPort=>8080,Listen=>5,ReuseAddr=>1) or die $!;
while(my $c=$s->accept){ while(<$c>){ last if /^\\r?\\n$/ } my $b=$ARGV[0]; print $c "HTTP/1.0 200 OK\\r\\nContent-Length: ".length($b)."\\r\\n\\r\\n$b"; close $c }`;
  return {
    name: "lathe/small",
    tag: "1",
    layers: [{ key, dir }],
    config: {
      entrypoint: ["/usr/bin/perl", "-e", serve],
      cmd: ["small"],
      env: { COST: '5$ "net"' },
      labels: { purpose: "test" },
    },
  };
}

/** A web server's answer as one host sees it (there is no HTTP client in a stock Debian, but bash can open a socket). */
export async function fetchFrom(lab: Lab, host: string, address: string, port: number): Promise<string> {
  const line = `exec 3<>/dev/tcp/${address}/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && timeout 5 cat <&3`;
  return (await on(lab, host, quoteAll(["bash", "-c", line]))).split("\r\n\r\n")[1] ?? "";
}

/** Time to open a TCP connection, the best of a few: a round trip and little else. */
export async function connectMs(address: string, port: number, times = 5): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
      const socket = createConnection(port, address, () => (socket.destroy(), resolve()));
      socket.on("error", reject);
    });
    all.push(performance.now() - start);
  }
  return Math.min(...all);
}

/** The namespaces that processes are in, by kind and number. */
export async function namespacesOf(pids: readonly number[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const pid of pids) {
    for (const kind of ["cgroup", "ipc", "mnt", "net", "pid", "uts"]) {
      const name = await readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined);
      if (name !== undefined) found.add(name);
    }
  }
  return found;
}

/** Which of these processes are still there. */
export async function present(pids: readonly number[]): Promise<number[]> {
  const all = new Set(await readdir("/proc"));
  return pids.filter((pid) => all.has(String(pid)));
}

/** Starts `lab up` as a user does and kills it outright after a while. */
export async function killedUp(lab: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [latheProgram, "lab", "up", "--name", lab], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await sleep(afterMs);
  child.kill("SIGKILL");
  await ended;
}

/** The processes that are in one of these namespaces, wherever their cgroups are. */
export async function processesIn(namespaces: ReadonlySet<string>): Promise<number[]> {
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const inside = await Promise.all(
    all.map(async (pid) => [...(await namespacesOf([pid]))].some((n) => namespaces.has(n))),
  );
  return all.filter((_, i) => inside[i]);
}

/**
 * What of the machine a lab could leave something in, to be compared before and after. Others may be at work meanwhile,
 * so what carries the names of other labs is left out.
 */
export async function machineState(lab: string) {
  const foreign = (text: string) => /lathe/.test(text) && !text.includes(lab);
  const lines = (text: string) =>
    text
      .split("\n")
      .filter((l) => l !== "" && !l.startsWith("#") && !foreign(l))
      .sort();
  const links = JSON.parse(await run(["ip", "-j", "link"])) as { ifname: string }[];
  return {
    mounts: lines(await readFile("/proc/self/mounts", "utf8")),
    links: links.map((l) => l.ifname).filter((name) => !foreign(name)),
    groups: lines(await run(["find", "/sys/fs/cgroup", "-type", "d", "-name", `*${lab}*`])),
    files: lines(await run(["find", "/run", "/tmp", "/var/lib", "/etc", "-maxdepth", "2", "-name", `*${lab}*`])),
    rules: lines((await tryRun(["iptables-save"])).stdout),
    hosts: await readFile("/etc/hosts", "utf8"),
  };
}
