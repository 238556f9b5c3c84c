import { expect, test } from "vitest";
import { pullFault } from "./pull.ts";

const REFERENCE = `registry.example/tfs@sha256:${"b".repeat(64)}`;

// As Docker 20.10 and 27 say it.
test.each([
  [
    "Error response from daemon: manifest for registry.example/tfs@sha256:b not found: manifest unknown",
    /no image .* \(.*manifest unknown/,
    /lathe:image/,
  ],
  [
    "Error response from daemon: pull access denied for tfs, repository does not exist or may require 'docker login'",
    /does not let this user/,
    /docker login/,
  ],
  [
    'Error response from daemon: Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
    /does not reach the registry/,
    /ssh edge docker pull/,
  ],
  [
    "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
    /no space is left on its disk/,
    /docker system df/,
  ],
  [
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    /engine does not answer/,
    /restart docker/,
  ],
])("%s", (stderr, what, fix) => {
  const fault = pullFault({ destination: "edge" }, REFERENCE, "image", { code: 1, stdout: "", stderr });
  expect(fault.what).toMatch(what);
  expect(fault.what).toContain("host edge");
  expect(fault.fix).toMatch(fix);
});

test("a proxy's image that is not there is mended in its own key", () => {
  const stderr = "Error response from daemon: manifest unknown: manifest unknown";
  const fault = pullFault({ destination: "edge" }, REFERENCE, "proxyImage", { code: 1, stdout: "", stderr });
  expect(fault.fix).toContain("lathe:proxyImage");
  expect(fault.fix).not.toContain("lathe:image");
});
