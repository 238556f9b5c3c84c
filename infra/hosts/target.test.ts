import { describe, expect, it } from "vitest";
import { SshTarget, isDestination } from "./target.ts";

describe("an SSH destination", () => {
  it("is a host, a user at a host, or a URL, with IPv6 in brackets", () => {
    const good = [
      "edge",
      "ubuntu@edge.example",
      "ssh://root@[2001:db8::7]:2222",
      "[::1]",
      "a-b@c-d",
      "CORP\\alice@edge",
      "u@[fe80::1%eth0]",
      "alice@corp.example@edge",
      "a%b@edge",
      "ssh://a%20b@edge:22",
    ];
    for (const destination of good) expect(isDestination(destination), destination).toBe(true);
  });

  it("holds nothing that newer versions of ssh refuse", () => {
    const refused = [
      "a;b@edge",
      "a'b@edge",
      'a"b@edge',
      "a`b@edge",
      "a|b@edge",
      "a\\@edge",
      "u@a$b",
      "u@a\\b",
      "u@",
      "u@a;b",
    ];
    for (const destination of refused) expect(isDestination(destination), destination).toBe(false);
  });

  it("is no option in another dress", () => {
    const options = [
      "-oProxyCommand=x",
      "[-oProxyCommand=x]",
      "ssh://[-oProxyCommand=x]",
      "ssh://-oProxyCommand=x",
      "u@-oProxyCommand=x",
      "u@[-v]",
      "-l@edge",
      "ssh://-l@edge",
    ];
    for (const destination of [...options, "", "a b", "a\nb"]) {
      expect(isDestination(destination), destination).toBe(false);
      expect(SshTarget.safeParse({ destination }).success, destination).toBe(false);
    }
  });
});
