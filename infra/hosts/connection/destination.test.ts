import { expect, test } from "vitest";
import { dockerHostUrl, parseDestination, sshDestination } from "./destination.ts";

test("every form of destination becomes a URL for Docker", () => {
  for (const [destination, url] of [
    ["ubuntu@edge", "ssh://ubuntu@edge"],
    ["ssh://ubuntu@edge:2222", "ssh://ubuntu@edge:2222"],
    ["root@2001:db8::7", "ssh://root@[2001:db8::7]"],
    ["root@[2001:db8::7]", "ssh://root@[2001:db8::7]"],
    ["ssh://root@[2001:db8::7]", "ssh://root@[2001:db8::7]"],
    ["CORP\\alice@edge", "ssh://CORP%5Calice@edge"],
    ["ssh://CORP%5Calice@edge:22", "ssh://CORP%5Calice@edge:22"],
    ["alice@corp.example@edge", "ssh://alice%40corp.example@edge"],
    ["a%b@edge", "ssh://a%25b@edge"],
    ["a:b@edge", "ssh://a%3Ab@edge"],
    ["u@fe80::1%eth0", "ssh://u@[fe80::1%25eth0]"],
    ["edge", "ssh://edge"],
  ] as const) {
    expect([destination, dockerHostUrl({ destination })]).toEqual([destination, url]);
    // It is a URL, and says the same user.
    const { user } = parseDestination(destination);
    expect(/^ssh:\/\/(?:([^@/:[\]\\ ]*)@)?[^@/\\ ]+$/.test(url)).toBe(true);
    expect(decodeURIComponent(/\/\/(.*)@/.exec(url)?.[1] ?? "")).toBe(user);
  }
});

test("an IPv6 destination is given to ssh without the brackets and the URL that some versions of it refuse", () => {
  const of = (destination: string) => sshDestination({ destination });
  expect(of("ssh://root@[2001:db8::7]:2222")).toEqual(["-p", "2222", "root@2001:db8::7"]);
  expect(of("[2001:db8::7]")).toEqual(["2001:db8::7"]);
  expect(of("a@b@[2001:db8::7]")).toEqual(["a@b@2001:db8::7"]);
  expect(of("ssh://CORP%5Ca@[fe80::1%25eth0]")).toEqual(["CORP\\a@fe80::1%eth0"]);
  for (const plain of ["root@2001:db8::7", "edge", "ssh://ubuntu@edge:2222"]) expect(of(plain)).toEqual([plain]);
});
