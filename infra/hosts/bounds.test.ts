import { cpuUsage } from "node:process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { checkWords, fuzz, nearText } from "../../lib/testing/fuzz.ts";
import { explain } from "../../bench/targets/container-events.ts";
import { planGuard } from "../access/guard.ts";
import { parseExamination } from "../doctor/parse.ts";
import { parseInside } from "../gate/inside.ts";
import { readInspected } from "../gate/inspect.ts";
import { imageFault } from "../images/advice.ts";
import { loginFor, readAnswer } from "../images/registry.ts";
import { parseSeen } from "../ownership/conflicts.ts";
import { leftoversOf } from "../ownership/leftovers.ts";
import { parseCpuList } from "../../lib/cpulist.ts";
import { diagnoseCommand, diagnoseFacts, diagnoseSsh } from "./connection/diagnose.ts";
import { listening, publishedPorts } from "./connection/listening.ts";
import { HostFacts } from "./facts.ts";
import { parseMachine } from "./facts/parse-facts.ts";
import { parseFirewall } from "./firewall.ts";
import { parseLogin } from "./login.ts";
import { parseScore } from "./score.ts";

/*
 * Every reader of what a host says: whatever that is, its time grows as the text does, what it gives is bounded, and it refuses in
 * words. 16 MiB may come (connection/run.ts).
 */

vi.setConfig({ testTimeout: 300_000 });

const FACTS = readFileSync(join(import.meta.dirname, "facts/fixtures/two-clocks-a-kind.txt"), "utf8");
const target = { destination: "edge" };

/** What readers make of a text, as JSON where it goes into a state or a message; and a text that they are made for. */
const READERS: Readonly<Record<string, readonly [read: (text: string) => unknown, right: string]>> = {
  facts: [
    (text) => {
      const reading = parseMachine(text);
      if (!reading.ok) return diagnoseFacts(target, reading.problem);
      // What the state and the outputs are made of.
      HostFacts.parse(reading.facts);
      return reading.docker === undefined ? reading : [reading, diagnoseFacts(target, reading.docker)];
    },
    FACTS,
  ],
  examination: [
    parseExamination,
    "@@sudo\nfree\n@@disk-home\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 2 1 1 57% /\n@@mounts\n22 1 254:0 / / rw shared:1 - ext4 /dev/vda1 rw\n@@flags\nflags : avx\n@@listeners\n   0: 00000000:0016 00000000:0000 0A 0\n@@containers\na|b|0.0.0.0:8500-8501->8500-8501/tcp\n@@governor\n      6 powersave\n@@doctor-end\n",
  ],
  login: [
    parseLogin,
    'id 1000 1000\nreached 192.0.2.1 50000 192.0.2.7 22\naddresses 192.0.2.7 ::1\nboot b 1\npublished /a {"8500/tcp":[{"HostIp":"0.0.0.0","HostPort":"8500"}],"1/tcp":null}\n',
  ],
  firewall: [
    parseFirewall,
    "may yes\nnow iptables -A LATHE-1 -j DROP\nnoted LATHE-1 1 b/1\nnoted LATHE-1 iptables -A X\n",
  ],
  "firewall's note": [
    (text) => {
      const firewall = { may: "yes", now: [text], noted: { c: text.split("\n") } } as const;
      const config = { expose: "address", allowFrom: ["192.0.2.1"] } as const;
      const guard = planGuard({
        config,
        bind: ["192.0.2.7"],
        engine: "20.10",
        firewall,
        boot: "b",
        container: "s",
        chain: "c",
      });
      expect(Number.isSafeInteger(guard.setting)).toBe(true);
      return guard;
    },
    "1 b/1\niptables -A DOCKER-USER -j c",
  ],
  "a CPU list": [parseCpuList, "0-3,8,10-11"],
  "listening sockets": [listening, "   0: 0100007F:2134 00000000:0000 0A 00000000:00000000\n"],
  "published ports": [publishedPorts, "0.0.0.0:8500-8501->8500-8501/tcp, :::9000->80/tcp"],
  "names and ports": [
    parseSeen,
    "server c0ffee id lathe/edge s 0.0.0.0:8500->8500/tcp\n@@networks\nn e0 id lathe/edge s\n@@listening\n   0: 00000000:0016 00000000:0000 0A 0\n",
  ],
  leftovers: [
    (text) =>
      leftoversOf(text, { container: "server", proxy: true, access: { allowFrom: ["192.0.2.1"], expose: "address" } }),
    "server c0ffee running cafe\n@@networks\nn e0 running \n@@noted\nc0ffee\n@@beside\nproxy a\nnetwork b\n",
  ],
  inspect: [
    readInspected,
    '[{"Image":"sha256:1","RestartCount":0,"State":{"Status":"running","ExitCode":0,"OOMKilled":false,"Error":""},"Config":{"Env":["A=1"],"Labels":null},"HostConfig":{"CpusetCpus":"","CpusetMems":"","PidsLimit":null}}]',
  ],
  score: [parseScore, "OpenSSL 3.0.19 27 Jan 2026\ncpus 2\n+F:25:ChaCha20:263360633.66\n+F:25:ChaCha20:368443392.00\n"],
  inside: [
    parseInside,
    "Cpus_allowed_list: 0-3\nMems_allowed_list: 0\nmemory 1073741824\npids 4096\nquota max 100000\nenv A=b\n",
  ],
  "a registry's answer": [readAnswer, `HTTP/1.0 200 OK\r\n\r\n{"Descriptor":{"digest":"sha256:${"a".repeat(64)}"}}`],
  "docker's config": [(text) => loginFor(text, "r.example/a"), '{"auths":{"r.example":{"auth":"bWU6eA=="}}}'],
  events: [(text) => explain("server", 0, text, text), "running\ndie 137\nstart \n"],
  "ssh's words": [
    (text) => diagnoseSsh(target, text),
    "Host key for edge has changed and you have requested strict checking.\n",
  ],
  "a command's words": [
    (text) => diagnoseCommand(target, "look", { code: 1, stdout: "", stderr: text }),
    "permission denied while trying to connect to the Docker daemon socket\n",
  ],
  "a registry's words": [
    (text) => imageFault({ target, reference: "a:1", key: "image", said: text }),
    "Error response from daemon: manifest for a:1 not found: manifest unknown\n",
  ],
};

/** Reads; what is refused must be refused in words, and what is given must be data. */
function tryReading(read: (text: string) => unknown, text: string): string {
  try {
    return JSON.stringify(read(text) ?? null);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    checkWords(error.message, /./);
    return error.message;
  }
}

/** Pieces that, said over and over, made a reader slow, or its result large, in this project or in others like it. */
const PIECES = [
  ...[
    "\n",
    " ",
    "\t",
    "0,",
    "0-8191,",
    "1 ",
    "@@end\n",
    "@@lscpu\n0,0,0,0,Y\n",
    "9",
    ":1-65535->",
    ":1-30000000->1/tcp, ",
  ],
  ...[
    "Host key for ",
    "permission denied",
    "docker ",
    "noted __proto__ x\n",
    "noted constructor x\n",
    "now x\n",
    "[",
    "{",
    '{"a":',
  ],
  ...[
    "capacity 0 1\n",
    "performance 0-8191\n",
    "0 0-8191\n",
    "8191,1,1,1,Y\n",
    "Node 1 MemTotal: 1 kB\n",
    "die 1\n",
    "env A=b\n",
  ],
  ...[
    "0: 00000000:0016 00000000:0000 0A \n",
    "manifest for ",
    "a b c d e :1-65535->\n",
    "published /a null\n",
    "memory.max 1\n",
  ],
  ...[
    "22 1 254:0 / / rw \n",
    "      6 x\n",
    "ssh-keygen -f ",
    "a|b|:1-65535->\n",
    "exit 0\n",
    "-",
    "\u0000",
    "é",
    "\ud800",
  ],
];

describe.each(Object.entries(READERS))("the reader of %s", (_name, [read, right]) => {
  test("takes what it is made for", () => {
    expect(() => read(right)).not.toThrow();
  });

  test("takes near-valid text, or refuses it in words", () => {
    fuzz(0.06, nearText([right]), (text) => void tryReading(read, text));
  });

  test("takes numbers and names of any size in its places, or refuses them in words", () => {
    const odd = fc.constantFrom(
      "0",
      "-1",
      "1e999",
      "9".repeat(400),
      "4294967295",
      "9007199254740993",
      "NaN",
      "__proto__",
      "constructor",
      "x".repeat(5000),
      "",
      "\u0000",
      "💥",
    );
    const place = fc.record({ at: fc.nat(), with: odd });
    const words: readonly string[] = right.match(/[A-Za-z_]+|\d+|[^A-Za-z_\d]+/g) ?? [];
    fuzz(0.06, fc.array(place, { minLength: 1, maxLength: 3 }), (places) => {
      const text = places.reduce((all, { at, with: other }) => all.with(at % all.length, other), words).join("");
      tryReading(read, text);
    });
  });

  test("takes time and gives results in proportion to a text that repeats itself", () => {
    for (const piece of PIECES) {
      // In the middle of what it is made for, where lines begin, so that the reader comes to it.
      const at = right.indexOf("\n", right.length / 2) + 1;
      const long = (bytes: number) =>
        right.slice(0, at) + piece.repeat(Math.ceil(bytes / piece.length)) + right.slice(at);
      const [small, large] = [costOf(read, long(SMALL)), costOf(read, long(8 * SMALL))];
      // Linear is 8 times, and squares are 64; what is below some milliseconds is noise.
      expect(large.ms / Math.max(small.ms, 4), `time for ${JSON.stringify(piece)}`).toBeLessThan(32);
      expect(large.characters, `result for ${JSON.stringify(piece)}`).toBeLessThan(32 * 8 * SMALL);
    }
  });
});

const SMALL = 16 << 10;

/** Processor time of this process, which no busy neighbour adds to; the least of some tries. */
function costOf(read: (text: string) => unknown, text: string): { ms: number; characters: number } {
  let ms = Infinity;
  let characters = 0;
  for (let i = 0; i < 3; i++) {
    const before = cpuUsage();
    characters = tryReading(read, text).length;
    const { user, system } = cpuUsage(before);
    ms = Math.min(ms, (user + system) / 1000);
  }
  return { ms, characters };
}
