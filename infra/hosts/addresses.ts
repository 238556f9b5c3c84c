import { isIP } from "node:net";

/** The address at which a machine reaches itself. */
export const LOOPBACK = "127.0.0.1";

/** Whether an address is one of the machine itself. Pure. */
export function isLoopback(ip: string): boolean {
  return /^127\./.test(ip) || ip === "::1";
}

/** Whether a text is an address, or a network in CIDR form. Pure. */
export function isNetwork(text: string): boolean {
  const [ip = "", bits, ...rest] = text.split("/");
  const family = isIP(ip);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
