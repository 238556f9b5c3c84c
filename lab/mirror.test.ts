import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { dockerHubReachable, splitReference } from "./mirror.ts";

describe("an image reference", () => {
  it("is split into repository and tag, whatever its registry", () => {
    expect(splitReference("intel/tf:2.14")).toEqual({ name: "intel/tf", tag: "2.14" });
    expect(splitReference("ubuntu")).toEqual({ name: "ubuntu", tag: "latest" });
    expect(splitReference("registry.example:5000/a/b:c")).toEqual({ name: "a/b", tag: "c" });
    expect(splitReference("localhost/a")).toEqual({ name: "a", tag: "latest" });
    expect(splitReference("intel/tf@sha256:00ff")).toEqual({ name: "intel/tf", tag: "sha256-00ff" });
  });
});

describe("looking for Docker Hub", () => {
  it("takes any answer for a yes, and silence or a refusal for a no", async () => {
    const server = createServer((_request, response) => response.writeHead(401).end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await dockerHubReachable(`http://127.0.0.1:${port}/v2/`)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await dockerHubReachable(`http://127.0.0.1:${port}/v2/`)).toBe(false);
  });
});
