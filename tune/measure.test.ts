import { expect, test } from "vitest";
import type { CallOutcome, WorkerLink } from "../bench/run/agent/link.ts";
import type { VisitMessage } from "../bench/run/agent/protocol.ts";
import { Measurer } from "./measure.ts";

const phases = { encodeMs: 1, sendMs: 1, waitMs: 1, receiveMs: 1, decodeMs: 1, requestBytes: 1, responseBytes: 1 };
const plan = { blockMs: 1000, leadIn: 0, calls: 4, timeoutMs: 1000 };
const calls = { client: "probe", model: "m", image: "i", load: { mode: "closed-loop", concurrency: 4 } };

/** A measurer of a variant at these ports, whose first visits are answered so often. */
function measuring(otherPorts: readonly number[], answers: readonly number[]) {
  const visits: VisitMessage[] = [];
  const left = [...answers];
  const link = {
    visit(message: VisitMessage, onOutcome: (m: CallOutcome) => void) {
      visits.push(message);
      const answered = left.shift() ?? message.calls;
      const call = {
        type: "call",
        visit: message.visit,
        phase: "measure",
        at: "",
        ok: true,
        totalMs: 5,
        ...phases,
      } as const;
      for (let i = 0; i < answered; i++) onOutcome(call);
      const error = { code: "UNAVAILABLE", message: "refused", opening: true };
      return Promise.resolve(answered < message.calls ? { error } : {});
    },
  } as unknown as WorkerLink;
  const answered: string[] = [];
  const measurer = new Measurer(
    {
      run: () =>
        Promise.resolve({
          ...{
            route: { address: "127.0.0.1", port: 1, ...(otherPorts.length > 0 && { otherPorts: [...otherPorts] }) },
          },
          ...{ thawed: false, isNew: true, watch: () => Promise.reject(new Error("nobody asks")) },
        }),
      whyDown: () => Promise.resolve(undefined),
      remove: () => Promise.resolve(),
      answered: (arm) => Promise.resolve(void answered.push(arm)),
      link: () => Promise.resolve(link),
      now: () => performance.now(),
    },
    { ...calls, withCpu: false, startSeconds: 60 },
  );
  return { visits, answered, block: measurer.visit("arm", plan) };
}

test("a variant has started when each of its replicas has answered, and is measured over all of them", async () => {
  const { visits, answered, block } = measuring([2, 3], [2]);
  expect(await block).toMatchObject({ arm: "arm", latenciesMs: [5, 5, 5, 5], failures: 0 });
  expect(visits.map((v) => [v.calls, v.load["concurrency"], v.otherPorts])).toEqual([
    ...[
      [3, 3, [2, 3]],
      [3, 3, [2, 3]],
      [4, 4, [2, 3]],
    ],
  ]);
  expect(answered).toEqual(["arm"]);
});

test("a variant of one container has started with its first answer", async () => {
  const { visits, block } = measuring([], []);
  await block;
  expect(visits.map((v) => v.calls)).toEqual([1, 4]);
});
