import { expect, test } from "vitest";
import { dockerHost, parseDestination, sshDestination } from "./destination.ts";

test("every form of destination becomes a URL for Docker, and a user whom it would quote an option of its ssh", () => {
  for (const [destination, url, ...options] of [
    ["ubuntu@edge", "ssh://ubuntu@edge"],
    ["ssh://ubuntu@edge:2222", "ssh://ubuntu@edge:2222"],
    ["root@2001:db8::7", "ssh://root@[2001:db8::7]"],
    ["root@[2001:db8::7]", "ssh://root@[2001:db8::7]"],
    ["ssh://root@[2001:db8::7]", "ssh://root@[2001:db8::7]"],
    ["u@fe80::1%eth0", "ssh://u@[fe80::1%25eth0]"],
    ["edge", "ssh://edge"],
    ["CORP\\alice@edge", "ssh://edge", "-l", "CORP\\alice"],
    ["ssh://CORP%5Calice@edge:22", "ssh://edge:22", "-l", "CORP\\alice"],
    ["alice@corp.example@[::1]", "ssh://[::1]", "-l", "alice@corp.example"],
    ["a%b@edge", "ssh://edge", "-l", "a%b"],
    ["a:b@edge", "ssh://edge", "-l", "a:b"],
    ["ssh://a%20b@edge", "ssh://edge", "-l", "a b"],
  ] as const) {
    expect([destination, dockerHost({ destination })]).toEqual([destination, { url, options }]);
    expect(new URL(url.replace("%25eth0", "")).username).toBe(
      options[1] === undefined ? parseDestination(destination).user : "",
    );
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
