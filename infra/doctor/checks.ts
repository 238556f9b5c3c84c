import { protocolTitle } from "../../clients/registry.ts";
import { STACK } from "../config/places.ts";
import { letsNeighboursIn } from "../access/guard.ts";
import { diagnoseFacts } from "../hosts/connection/diagnose.ts";
import { hasPort } from "../hosts/connection/listening.ts";
import type { MachineScore } from "../hosts/score.ts";
import { UserError } from "../../lib/errors.ts";
import { note, ok, stop, type Check } from "./connection.ts";
import type { Findings, WantedPort } from "./findings.ts";
import { limits, processor, servers, workspace } from "./fits.ts";
import type { Examination } from "./parse.ts";

const GIB = 2 ** 30;

/** Bytes: with less than `stop`, `up` fails; with less than `note`, it may suffer. */
interface Room {
  readonly stop: number;
  readonly note: number;
}

/** Measured: the lab's image takes 0.7 GB unpacked, and its layers once more while it is pulled. A real one may take more. */
const IMAGE_ROOM: Room = { stop: 1.5 * GIB, note: 4 * GIB };
/** Measured: the largest model of the catalogue takes 0.2 GB, twice while it is delivered. */
const MODEL_ROOM: Room = { stop: 0.5 * GIB, note: 2 * GIB };

/** Measured: a server of the null model takes 57 MiB, and with a limit of 64 MiB none starts. The note is a choice. */
const MEMORY_ROOM: Room = { stop: 128 * 2 ** 20, note: GIB };

/** Certificates, logs and records are dated by two clocks: a second between them is where readers go wrong. */
const CLOCK_NOTE_MS = 1000;

/** Every check of a host that could be logged in to, in the order of the table. Pure. */
export function hostChecks(f: Findings): Check[] {
  return [
    login(f),
    system(f),
    docker(f),
    ...(f.docker === undefined ? [limits(f)] : []),
    processor(f),
    workspace(f),
    disk("disk (images)", f.examination.dockerFreeBytes, IMAGE_ROOM),
    disk("disk (models)", f.examination.homeFreeBytes, MODEL_ROOM),
    memory(f),
    cores(f),
    ...f.ports.map((wanted) => port(wanted, f.examination)),
    ...servers(f.examination),
    clock(f),
    load(f),
    governor(f.examination),
    turbo(f.examination),
    ...(f.score === undefined ? [] : [score(f.score)]),
  ];
}

function login({ user, examination: { sudo } }: Findings): Check {
  const can = {
    root: "root",
    free: `${user}, sudo without a password`,
    password: `${user}, sudo asks for a password`,
    none: `${user}, no sudo`,
  };
  return ok("user", can[sudo]);
}

function system({ facts }: Findings): Check {
  const found = `${facts.os}, Linux ${facts.kernel}, ${facts.arch}`;
  return /debian|ubuntu|mint|raspbian/i.test(facts.os)
    ? ok("system", found)
    : note("system", found, "Lathe is tried on Debian and Ubuntu; lathe:bootstrap knows their packages only");
}

function docker({ target, docker: problem, facts, user, examination }: Findings): Check {
  const able = examination.sudo === "root" || examination.sudo === "free";
  if (problem !== undefined) {
    const { what, fix = "" } = diagnoseFacts(target, problem, user);
    const hint =
      able || ["docker-old", "podman"].includes(problem.kind) ? "" : " (lathe:bootstrap needs sudo without a password)";
    return stop("Docker", what, `${fix}${hint}`);
  }
  const { version, apiVersion, storageDriver } = facts.docker;
  const found = `${version} (API ${apiVersion}, ${storageDriver})`;
  if (able || !letsNeighboursIn(version)) return ok("Docker", found);
  return note(
    "Docker",
    `${found}: before 28, it lets neighbours route to a container whose ports are on loopback (lathe:expose tunnel)`,
    "for lathe:expose tunnel: Docker 28 or newer there, or sudo without a password, with which Lathe sets a rule",
  );
}

function disk(check: string, bytes: number | undefined, room: Room): Check {
  if (bytes === undefined) return note(check, "unknown");
  const found = `${gib(bytes)} free`;
  const fix = "docker system prune there, or another disk";
  if (bytes < room.stop) return stop(check, `${found}, of ${gib(room.stop)} at least`, fix);
  return bytes < room.note ? note(check, found, fix) : ok(check, found);
}

function memory({ facts, examination: { availableBytes } }: Findings): Check {
  const found = `${gib(facts.memoryBytes)} usable${availableBytes === undefined ? "" : `, ${gib(availableBytes)} available now`}`;
  const least = Math.min(facts.memoryBytes, availableBytes ?? Infinity);
  const fix = "end what else runs there, take smaller models, or set lathe:memoryMiB";
  if (least < MEMORY_ROOM.stop) return stop("memory", found, fix);
  return least < MEMORY_ROOM.note ? note("memory", found, fix) : ok("memory", found);
}

/** What the server would make of them, where nothing is set. */
function cores({ facts, kind }: Findings): Check {
  const wanted = kind.settings.safeParse({});
  try {
    const reason = wanted.success
      ? `: ${kind.settingsFor(facts, wanted.data).placement.reason.replace(/\.$/, "")}`
      : "";
    return ok("cores", `${facts.cpu.model}${reason}`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [{ what, fix } = { what: error.message }] = error.faults;
    return stop("cores", what, fix);
  }
}

function port({ protocol, port: number }: WantedPort, { listening, containers }: Examination): Check {
  const check = `port ${number} (${protocolTitle(protocol)})`;
  const other = STACK.set(`ports.${protocol}`, "PORT");
  if (!listening.includes(number)) return ok(check, "free");
  const holder = containers.find((c) => hasPort(c.ports, number));
  if (holder !== undefined && holder.owner !== "")
    return note(
      check,
      `taken by Lathe's own container ${holder.name} of the stack ${holder.owner}`,
      `fine for that stack; for another one: ${other}`,
    );
  return stop(
    check,
    `taken by ${holder === undefined ? "another program" : `container ${holder.name}`}`,
    `see by which: sudo ss -ltnp 'sport = :${number}'; or ${other}`,
  );
}

function clock({ clock: measured }: Findings): Check {
  if (measured === undefined) return note("clock", "unknown");
  const { offsetMs, uncertaintyMs } = measured;
  const found = `${signed(offsetMs)} against this machine's, ±${Math.ceil(uncertaintyMs)} ms`;
  if (Math.abs(offsetMs) - uncertaintyMs <= CLOCK_NOTE_MS) return ok("clock", found);
  return note("clock", found, "sudo timedatectl set-ntp true, on both");
}

function load({ facts, examination: { load: average } }: Findings): Check {
  if (average === undefined) return note("load", "unknown");
  const cpus = facts.cpu.allowed.length;
  const found = `${average.toFixed(2)} over the last minute, on ${cpus} CPU${cpus === 1 ? "" : "s"}`;
  if (average < Math.max(0.5, cpus / 4)) return ok("load", found);
  return note("load", found, "what else runs there is measured too: end it before a bench");
}

/** How fast it is beside other machines. */
function score(measured: MachineScore): Check {
  if ("unmeasured" in measured) return note("score", `not measured: ${measured.unmeasured}`);
  const { single, multi, cpus, program } = measured;
  return ok(
    "score",
    `${single} MB/s on one core, ${multi} MB/s on ${cpus} CPU${cpus === 1 ? "" : "s"} (ChaCha20, ${program})`,
  );
}

/** Who sets the CPUs' clock. */
function governor({ governors }: Examination): Check {
  const check = "CPU governor";
  if (governors.length === 0) return ok(check, "none: a virtual machine, or a clock that the system does not set");
  const found = governors.map(({ governor: name, cpus }) => `${name} (${cpus} CPUs)`).join(", ");
  if (governors.every((g) => g.governor === "performance")) return ok(check, found);
  const fix = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor";
  return note(check, found, `for steady times: ${fix}`);
}

/** Whether the clock may rise above its nominal rate for a while. */
function turbo({ turbo: on }: Examination): Check {
  if (on === undefined) return ok("turbo", "unknown: a virtual machine, or a processor without it");
  if (!on) return ok("turbo", "off");
  return note(
    "turbo",
    "on: the clock depends on load and temperature",
    "for steady times: echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo (Intel), " +
      "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost (others)",
  );
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

function signed(ms: number): string {
  const text = Math.abs(ms) < 1000 ? `${Math.round(Math.abs(ms))} ms` : `${(Math.abs(ms) / 1000).toFixed(1)} s`;
  return `${ms < 0 ? "-" : "+"}${text}`;
}
