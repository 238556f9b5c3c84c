import { describe, expect, it } from "vitest";
import { parseScore } from "./score.ts";

const SAID = `OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)
cpus 2
+F:25:ChaCha20:263360633.66
+F:25:ChaCha20:368443392.00
`;

describe("a machine's score", () => {
  it("is what openssl says of one core and of all CPUs", () => {
    expect(parseScore(SAID)).toEqual({ single: 263.4, multi: 368.4, cpus: 2, program: "OpenSSL 3.0.19" });
  });

  it("of a machine with one CPU is the same for both", () => {
    const one = SAID.replace("cpus 2", "cpus 1").replace(/\+F:25:ChaCha20:368.*\n/, "");
    expect(parseScore(one)).toMatchObject({ single: 263.4, multi: 263.4, cpus: 1 });
  });

  it("is none where there is no openssl, or where it says what none can mean", () => {
    expect(parseScore("none\n")).toEqual({ unmeasured: expect.stringContaining("apt-get install openssl") as string });
    const unread = { unmeasured: "`openssl speed` said nothing that is a speed" };
    for (const said of [
      "",
      "@".repeat(1 << 20),
      SAID.replace("368443392.00", "0"),
      SAID.replace("368443392.00", "9".repeat(30)),
      SAID.replace("368443392.00", "NaN"),
      SAID.replace("cpus 2", "cpus 99999"),
      SAID.replace("cpus 2", "cpus -1"),
      SAID.replace(/^OpenSSL.*\n/, ""),
      SAID.split("\n").slice(0, 3).join("\n"),
      `${SAID}+F:25:ChaCha20:1.0\n`,
    ])
      expect(parseScore(said), said.slice(0, 80)).toEqual(unread);
  });

  it("has a bounded name of its program", () => {
    const long = parseScore(SAID.replace("3.0.19 ", `${"x".repeat(5000)} `));
    expect("program" in long && long.program.length).toBeLessThan(300);
  });
});
