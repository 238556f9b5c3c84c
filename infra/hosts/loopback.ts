/** The address at which a machine reaches itself. */
export const LOOPBACK = "127.0.0.1";

/** Whether an address is one of the machine itself. Pure. */
export function isLoopback(ip: string): boolean {
  return /^127\./.test(ip) || ip === "::1";
}
