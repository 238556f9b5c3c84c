import { expect, test } from "vitest";
import { loginFor, readAnswer, requestFor } from "./registry.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const answer = (status: string, body: unknown) =>
  `HTTP/1.0 ${status}\r\nContent-Type: application/json\r\n\r\n${typeof body === "string" ? body : JSON.stringify(body)}\n`;

test("an engine is asked for an image by its whole name, which is nothing but a path", () => {
  expect(requestFor("10.0.0.1:5000/lathe/tfs:1.0")).toBe(
    "GET /distribution/10.0.0.1%3A5000/lathe/tfs%3A1.0/json HTTP/1.0\r\nHost: docker\r\n\r\n",
  );
  expect(requestFor("a?b#c%d", "me")).toContain(
    "/distribution/a%3Fb%23c%25d/json HTTP/1.0\r\nHost: docker\r\nX-Registry-Auth: me\r\n",
  );
});

test("its answer gives the digest and the builds, each once, without what is signed beside them", () => {
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64", variant: "v8" },
    { os: "unknown", architecture: "unknown" },
    { os: "linux", architecture: "arm64" },
    { os: "", architecture: "" },
  ];
  const body = { Descriptor: { mediaType: "x", digest: DIGEST, size: 1 }, Platforms: platforms };
  expect(readAnswer(answer("200 OK", body))).toEqual({
    ok: true,
    image: { digest: DIGEST, platforms: ["linux/amd64", "linux/arm64"] },
  });
  expect(readAnswer(answer("200 OK", { ...body, Platforms: null }))).toMatchObject({ image: { platforms: [] } });
});

test.each([
  [answer("404 Not Found", { message: "manifest unknown: manifest unknown" }), "manifest unknown: manifest unknown"],
  [answer("200 OK", { Descriptor: { digest: "latest" } }), "the engine answers: HTTP/1.0 200 OK"],
  [answer("500 Internal Server Error", "<html>"), "the engine answers: HTTP/1.0 500 Internal Server Error"],
  ["", "the engine answers: "],
  ["{}", "the engine answers: {}"],
  [answer("400 Bad Request", { message: ["a", "list"] }), "the engine answers: HTTP/1.0 400 Bad Request"],
])("an answer without an image is told in its own words: %j", (text, said) => {
  expect(readAnswer(text)).toEqual({ ok: false, said });
});

test("who has logged in with docker on the machine is shown to the registry that it was for, and to no other", () => {
  const auth = Buffer.from("me:a:secret").toString("base64");
  const config = JSON.stringify({
    auths: { "r.example": { auth }, "https://index.docker.io/v1/": { identitytoken: "t", auth: "" } },
  });
  const shown = (reference: string) => {
    const header = loginFor(config, reference);
    return header === undefined
      ? undefined
      : (JSON.parse(Buffer.from(header, "base64url").toString("utf8")) as unknown);
  };
  expect(shown("r.example/tfs:1")).toEqual({ username: "me", password: "a:secret", serveraddress: "r.example" });
  for (const ofHub of ["haproxy:2.8", "intel/tfs:latest"]) expect(shown(ofHub)).toMatchObject({ identitytoken: "t" });
  for (const other of ["other.example/tfs:1", "__proto__.x/tfs:1"]) expect(shown(other)).toBeUndefined();
  for (const none of [
    "",
    "{",
    '{"auths":[]}',
    '{"credsStore":"pass"}',
    '{"auths":{"r.example":{}},"credsStore":"pass"}',
  ])
    expect(loginFor(none, "r.example/a")).toBeUndefined();
});
