import { describe, expect, it } from "vitest";
import type { Machine } from "../../infra/outputs.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import { localLink, type WorkerLink } from "./agent/link.ts";
import type { ImageMessage } from "./agent/protocol.ts";
import { clientMachines } from "./client-machines.ts";

const machines = ["client", "edge"].map((id) => ({ id, ssh: null }) as Machine);
const image: ImageMessage = { type: "image", name: "a", width: 1, height: 1, rgb: "AAAA", file: "" };

/** Workers that die when they are told to, and what each of them was sent. */
function mortal() {
  const born: { machine: string; images: number; dead: boolean }[] = [];
  const start = (machine: Machine): Promise<WorkerLink> => {
    const worker = { machine: machine.id, images: 0, dead: false };
    born.push(worker);
    if (machine.id === "edge") return Promise.reject(new Error("no route to the host"));
    return Promise.resolve({
      ...localLink(),
      sendImage: () => Promise.resolve(void (worker.images += 1)),
      gone: () => worker.dead,
    });
  };
  return { born, clients: clientMachines(machines, {} as AgentBundle, [image], [], start) };
}

describe("the workers on client machines", () => {
  it("are started once, and anew with all images where the last one is gone", async () => {
    const { born, clients } = mortal();
    const first = await clients.link("client");
    expect(await clients.link("client")).toBe(first);
    (born[0] as { dead: boolean }).dead = true;
    const second = await clients.link("client");
    expect(second).not.toBe(first);
    expect(await clients.link("client")).toBe(second);
    expect(born).toMatchObject([
      { machine: "client", images: 1, dead: true },
      { machine: "client", images: 1, dead: false },
    ]);
    await clients.close();
  });

  it("that could not be started are not tried again", async () => {
    const { born, clients } = mortal();
    for (let i = 0; i < 2; i++) await expect(clients.link("edge")).rejects.toThrow("no route to the host");
    expect(born).toHaveLength(1);
    await clients.close();
  });
});
