import { expect, test } from "vitest";
import { pullFault } from "../host-programs/pull.ts";

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

/** As Docker 20.10 to 29 say it of registries, and of the way to them. */
const SAID: readonly (readonly [said: string, what: RegExp, fix: RegExp])[] = [
  [
    "Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries",
    /no build for its processor/,
    /deploy to a machine that the image is built for/,
  ],
  [
    "Error response from daemon: image with reference r.example/tfs was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64",
    /no build for its processor/,
    /lathe:image/,
  ],
  [
    "Error response from daemon: no match for platform in manifest: not found",
    /no build for its processor/,
    /lathe:image/,
  ],
  [
    "Error response from daemon: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating",
    /pull no more for now/,
    /docker login there .*wait/,
  ],
  ["Error response from daemon: received unexpected HTTP status: 429 Too Many Requests", /no more for now/, /wait/],
  [
    'Error response from daemon: Get "https://r.example/v2/": unauthorized: authentication required',
    /does not let this user/,
    /docker login/,
  ],
  [
    'Error response from daemon: Head "https://ghcr.example/v2/x/manifests/1": denied',
    /does not let this user/,
    /docker login/,
  ],
  ["Error response from daemon: no basic auth credentials", /does not let this user/, /docker login/],
  [
    "Error response from daemon: pull access denied for tfs, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    /or has no such image/,
    /docker login/,
  ],
  ["Error response from daemon: manifest unknown: manifest unknown", /has no image/, /npx lathe images --move/],
  ["Error response from daemon: name unknown: repository name not known to registry", /has no image/, /lathe:image/],
  [
    'Error response from daemon: Get "https://r.example/v2/": x509: certificate signed by unknown authority',
    /does not trust the certificate/,
    /\/etc\/docker\/certs\.d/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate is valid for a, not r.example',
    /does not trust the certificate/,
    /certs\.d/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": x509: certificate has expired or is not yet valid: current time 1970-01-01T00:01:00Z is before 2026-01-01T00:00:00Z',
    /has expired or does not hold yet/,
    /timedatectl set-ntp true/,
  ],
  [
    'Error response from daemon: Get "https://r.example:5000/v2/": http: server gave HTTP response to HTTPS client',
    /speaks plain HTTP/,
    /insecure-registries/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": dial tcp: lookup r.example on 127.0.0.53:53: server misbehaving',
    /its name is not known there/,
    /resolv/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": dial tcp: lookup r.example: Temporary failure in name resolution',
    /its name is not known there/,
    /resolv/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused',
    /nobody answers at its port/,
    /docker pull/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": dial tcp 192.0.2.1:443: i/o timeout',
    /does not reach the registry .* in time/,
    /firewall/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": net/http: TLS handshake timeout',
    /in time/,
    /HTTPS_PROXY/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    /in time/,
    /HTTPS_PROXY/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": dial tcp 192.0.2.1:443: connect: no route to host',
    /in time/,
    /docker pull/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": proxyconnect tcp: dial tcp 192.0.2.9:3128: connect: connection refused',
    /through the proxy/,
    /proxy\.conf/,
  ],
  [
    'Error response from daemon: Get "https://r.example/v2/": Proxy Authentication Required',
    /through the proxy/,
    /proxy/,
  ],
  ["Error response from daemon: received unexpected HTTP status: 503 Service Unavailable", /in trouble itself/, /wait/],
  ["failed to register layer: write /usr/lib/x.so: no space left on device", /no space is left on its disk/, /df -i/],
  ["failed to register layer: mkdir /x: read-only file system", /can only be read/, /dmesg/],
  [
    "failed to register layer: ApplyLayer exit status 1 stdout: stderr: lchown /etc/shadow: invalid argument",
    /which runs without root/,
    /subuid/,
  ],
  ["filesystem layer verification failed for digest sha256:abc", /changed or cut short on the way/, /proxy or mirror/],
  [
    "Error response from daemon: mediaType in manifest should be 'application/vnd.docker.distribution.manifest.v2+json' not 'application/vnd.oci.image.manifest.v1+json'",
    /does not read the form/,
    /docker\.io/,
  ],
  ["Error response from daemon: invalid reference format", /a name that no image can have/, /lathe:image/],
  [
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    /may not talk to its Docker engine/,
    /usermod/,
  ],
];

test.each(SAID)("each reason has advice of its own: %s", (stderr, what, fix) => {
  const fault = pullFault({ destination: "edge" }, REFERENCE, "image", { code: 1, stdout: "", stderr });
  expect(fault.what).toMatch(what);
  expect(fault.what).toContain("host edge");
  expect(fault.fix).toMatch(fix);
});

test("what nobody has seen yet is told as it is, and not longer than a screen", () => {
  const stderr = `something new ${"x".repeat(1e6)}`;
  const fault = pullFault({ destination: "edge" }, REFERENCE, "image", { code: 1, stdout: "", stderr });
  expect(fault.what.length).toBeLessThan(10_000);
  expect(fault.fix).toBeUndefined();
});

test("a proxy's image that is not there is mended in its own key", () => {
  const stderr = "Error response from daemon: manifest unknown: manifest unknown";
  const fault = pullFault({ destination: "edge" }, REFERENCE, "proxyImage", { code: 1, stdout: "", stderr });
  expect(fault.fix).toContain("lathe:proxyImage");
  expect(fault.fix).not.toContain("lathe:image");
});
