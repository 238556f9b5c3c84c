import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { repoRoot } from "../../lib/paths.ts";
import { fuzz, nearText, refusedInWords } from "../../lib/testing/fuzz.ts";
import { parseExamination } from "../doctor/parse.ts";
import { parseInside } from "../gate/inside.ts";
import { readInspected } from "../gate/inspect.ts";
import { listening, publishedPorts } from "./connection/listening.ts";
import { parseCpuList } from "./cpulist.ts";
import { parseMachine } from "./facts/parse-facts.ts";
import { parseFirewall } from "./firewall.ts";
import { parseLogin } from "./login.ts";

/*
 * What hosts say, with faults in it: each reader takes it, says in words what is wrong, or finds nothing in it. None ends in an
 * error that is Lathe's own, and none makes much of little.
 */

vi.setConfig({ testTimeout: 300_000 });

const fixtures = join(repoRoot, "infra/hosts/facts/fixtures");
const FACTS = readdirSync(fixtures).map((name) => readFileSync(join(fixtures, name), "utf8"));

const PORTS = '{"8500/tcp":[{"HostIp":"10.0.0.5","HostPort":"8500"}],"8501/tcp":null}';
const LOGIN = `id 1000 1001
reached 192.0.2.1 50000 10.0.0.5 22
addresses 10.0.0.5 fd00::1
boot abc 12
published /server ${PORTS}
`;
const GUARDS = `may yes
now iptables -N LATHE-1
noted LATHE-1 2 b/1
`;
const SOCKETS = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:2134 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 00000000000000000000000001000000:2134 00000000000000000000000000000000:0000 0A 00000000:00000000
`;
const CONTAINERS =
  "tf-serving|lathe/edge|0.0.0.0:8500-8501->8500-8501/tcp, :::9000->80/tcp\ndb||127.0.0.1:5432->5432/tcp\n";
const INSIDE = `Cpus_allowed_list: 0-3
Mems_allowed_list: 0
memory 1073741824
pids 4096
quota max 100000
env PATH=/usr/bin:/bin
`;
const INSPECTED = JSON.stringify([
  {
    ...{ Image: "sha256:1", RestartCount: 0, State: { Status: "running", ExitCode: 0, OOMKilled: false, Error: "" } },
    ...{
      Config: { Env: ["PATH=/bin"], Labels: null },
      HostConfig: { CpusetCpus: "0-3", CpusetMems: "", PidsLimit: 1 },
    },
  },
]);
const EXAMINED = `@@disk-docker\nx 1 2 109740000 57% /\n@@disk-home\nx 1 2 3 4% /\n@@available\nMemAvailable: 1 kB
@@load\n0.08 0.03 0.01 1/321 4242\n@@listeners\n${SOCKETS}@@containers\n${CONTAINERS}@@governor\n 6 powersave\n@@turbo\nno_turbo 0\n@@doctor-end\n`;

const READERS: Readonly<Record<string, [valid: readonly string[], read: (text: string) => unknown]>> = {
  "the facts of a machine": [FACTS, parseMachine],
  "a login": [[LOGIN], (text) => parseLogin(text)],
  "a firewall": [[GUARDS], parseFirewall],
  "listening sockets": [[SOCKETS], listening],
  "published ports": [[CONTAINERS], publishedPorts],
  "a list of CPUs": [["0-3,8,10-11", "0-63"], parseCpuList],
  "limits inside of a container": [[INSIDE], parseInside],
  "an inspected container": [[INSPECTED], readInspected],
  "a doctor's examination": [[EXAMINED], parseExamination],
};

test.each(Object.entries(READERS))("%s is read, or refused in words, whatever is wrong with it", (_, [valid, read]) => {
  fuzz(1 / 3, nearText(valid), (text) => {
    refusedInWords(() => expect((JSON.stringify(read(text)) ?? "").length).toBeLessThan(1_000_000), /./);
  });
});
