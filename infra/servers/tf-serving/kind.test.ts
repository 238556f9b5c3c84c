import { expect, test } from "vitest";
import type { Credentials } from "../../access/certificates.ts";
import { accessConfig } from "../../config/access.ts";
import type { GateRun } from "../../gate/spec.ts";
import { tfServing } from "./kind.ts";

const settings = { omp: 4, intraOp: 2, interOp: 3, pin: "none" } as const;
const models = [{ name: "ssd", version: 3, canary: { version: 2 } }];
const open = accessConfig({}, []);
const container = (access = open) => tfServing.container(models, settings, access);

test("the container has the paper's variables, and its metrics by REST in the clear", () => {
  expect(container()).toMatchObject({
    env: { MODEL_NAME: "ssd", OMP_NUM_THREADS: "4", TENSORFLOW_INTRA_OP_PARALLELISM: "2" },
    metrics: { api: "tf-serving", protocol: "rest", path: "/monitoring/prometheus/metrics" },
  });
  expect(container({ ...open, rest: "token" }).metrics).toBeUndefined();
});

test("a protected server reads its keys from its secrets, and with REST off neither listens there nor is asked there", () => {
  const access = { ...open, tls: "mutual", rest: "off" } as const;
  const { command, healthTest } = container(access);
  expect(command.slice(-2)).toEqual(["--ssl_config_file=/run/lathe/ssl.config", "--rest_api_port=0"]);
  expect(healthTest.at(-1)).toBe("exec 3<>/dev/tcp/127.0.0.1/8500");
  const [file] = tfServing.secretFiles(access, { serverKey: "K", serverCert: "C", ca: "A" } as Credentials);
  expect(file?.content).toContain("client_verify: true");
  expect(tfServing.secretFiles(open, {} as Credentials)).toEqual([]);
});

test("its first config file is not proven, and one that the gate has written is", () => {
  const { state } = tfServing.gate;
  const { files, serving } = container();
  const first = files.find(({ name }) => name === state?.file);
  const proven = state?.text({ serving } as GateRun) ?? "";
  expect([state?.isProven(first?.content ?? ""), state?.isProven(proven)]).toEqual([false, true]);
  expect(proven.startsWith(first?.keepWhere ?? "-")).toBe(true);
  expect([3, 2, 1].map((version) => state?.serves(proven, "ssd", version))).toEqual([true, true, false]);
});

test("its build is Intel's by its image, or of a stand-in, which obeys the same variables", () => {
  expect(tfServing.build(`${tfServing.defaultImage}@sha256:0`, false)).toBe("intel");
  expect(tfServing.build("tensorflow/serving@sha256:0", false)).toBe("stock");
  expect(tfServing.build("lab/tfs@sha256:0", true)).toBe("intel");
});
